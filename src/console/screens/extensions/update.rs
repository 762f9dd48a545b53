//! What keys, answers and live events do to this screen.

use super::ask::{Ask, Told};
use super::{Catalogue, Detail, ExtensionsScreen, FlagsOf, GATHER_MS, Part, Standing, deed, view};
use crate::api::events::LiveEvent;
use crate::api::extensions::Extension;
use crate::api::page::Page;
use crate::console::action::{Action, Contexts};
use crate::console::effect::Effect;
use crate::console::event::Answer;
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::Overlay;
use crate::console::remote::Remote;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::Motion;
use crate::domain::account::{Right, Role};

/// Reads the catalogue when the screen is shown for the first time.
pub fn shown(model: &mut Model) -> Vec<Effect> {
    match model.extensions.catalogue.pages.state {
        Remote::Absent => read_again(model),
        _ => Vec::new(),
    }
}

/// Does what a key of the screen means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::OpenExtension => match model.extensions.catalogue.pages.selected() {
            Some(row) => open(model, row.id.clone()),
            None => Vec::new(),
        },
        Action::Filter => {
            let catalogue = &model.extensions.catalogue;
            let input = LineInput::holding(&catalogue.filter);
            model.overlay = Overlay::Filter { input, fault: catalogue.filter_fault.clone() };
            Vec::new()
        }
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::Refresh => match &model.extensions.open {
            Some(_) => read_open(model),
            None => read_again(model),
        },
        Action::Back => {
            if model.extensions.open.take().is_some() || model.extensions.catalogue.filter.is_empty() {
                return Vec::new();
            }
            filter(model, String::new())
        }
        Action::Copy => copied(&model.extensions).map(Effect::Copy).into_iter().collect(),
        other => deed::act(model, other),
    }
}

/// Shows an extension in full; what is known of it already stays shown while it is read.
pub fn open(model: &mut Model, id: String) -> Vec<Effect> {
    model.screen = ScreenName::Extensions;
    if model.extensions.open.as_ref().is_none_or(|open| open.id != id) {
        model.extensions.open = Some(Box::new(Detail::of(id)));
    }
    read_open(model)
}

/// Sets the filter and reads the catalogue from its start.
pub fn filter(model: &mut Model, filter: String) -> Vec<Effect> {
    let generation = model.extensions.catalogue.generation;
    model.extensions.catalogue = Catalogue { filter, generation, ..Catalogue::default() };
    read_again(model)
}

/// Reads the first page again; what is shown stays until it is here.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let catalogue = &mut model.extensions.catalogue;
    catalogue.read_again_at = None;
    catalogue.generation += 1;
    catalogue.pages.reading_on = false;
    catalogue.pages.state.ask();
    let (generation, query) = (catalogue.generation, catalogue.filter.clone());
    vec![Effect::Extensions(Ask::Catalogue { generation, query, cursor: None })]
}

/// Reads again whatever was read before, as after a lost connection.
pub fn read_all_again(model: &mut Model) -> Vec<Effect> {
    let mut effects = match model.extensions.catalogue.pages.state {
        Remote::Absent => Vec::new(),
        _ => read_again(model),
    };
    effects.extend(read_open(model));
    effects
}

/// Reads on where the cursor nears the end of what was read.
pub fn read_on(model: &mut Model) -> Vec<Effect> {
    if model.screen != ScreenName::Extensions {
        return Vec::new();
    }
    let screen = &mut model.extensions;
    let ask = match &mut screen.open {
        Some(open) if open.part == Part::Installations && open.installed.wants_more() => {
            open.installed.reading_on = true;
            Ask::Installed { id: open.id.clone(), cursor: open.installed.next.clone() }
        }
        None if screen.catalogue.pages.wants_more() => {
            let catalogue = &mut screen.catalogue;
            catalogue.pages.reading_on = true;
            let (query, cursor) = (catalogue.filter.clone(), catalogue.pages.next.clone());
            Ask::Catalogue { generation: catalogue.generation, query, cursor }
        }
        _ => return Vec::new(),
    };
    vec![Effect::Extensions(ask)]
}

/// Reads again what live changes made old, when its time has come.
pub fn read_when_due(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let is_due = |at: Option<crate::domain::time::Timestamp>| at.is_some_and(|at| at <= now);
    let mut effects = Vec::new();
    if is_due(model.extensions.catalogue.read_again_at) {
        effects.extend(read_again(model));
    }
    if model.extensions.open.as_ref().is_some_and(|open| is_due(open.read_again_at)) {
        effects.extend(read_open(model));
    }
    effects
}

/// Moves in the open list.
pub fn go(model: &mut Model, motion: Motion) {
    let (len, height) = (view::len(model), view::list_area(model).height);
    let list = match &mut model.extensions.open {
        Some(open) => open.list_mut(),
        None => &mut model.extensions.catalogue.pages.list,
    };
    list.go(motion, len, height);
}

/// Puts the cursor on a row of the screen; on the row under the cursor it opens.
pub fn click(model: &mut Model, row: u16) -> Vec<Effect> {
    let (len, area) = (view::len(model), view::list_area(model));
    if row < area.top() || row >= area.bottom() {
        return Vec::new();
    }
    let is_catalogue = model.extensions.open.is_none();
    let list = match &mut model.extensions.open {
        Some(open) => open.list_mut(),
        None => &mut model.extensions.catalogue.pages.list,
    };
    let at = list.first(len, area.height) + usize::from(row - area.top());
    if at >= len {
        return Vec::new();
    }
    let again = std::mem::replace(&mut list.cursor, at) == at;
    if again && is_catalogue { act(model, Action::OpenExtension) } else { Vec::new() }
}

/// Takes an answer.
pub fn take(model: &mut Model, told: Told) -> Vec<Effect> {
    let now = model.now;
    match told {
        Told::Catalogue { generation, cursor, answer } => take_page(model, generation, cursor.as_deref(), answer),
        Told::Facts { id, answer } => {
            let Some(open) = opened(model, &id) else { return Vec::new() };
            open.facts.answer(answer.map_err(|failure| failure.text), now);
            let resume = open.resume.take();
            if let Some(draft) = resume.filter(|_| open.facts.error().is_none()) {
                deed::go_on(model, &draft);
            }
            read_part(model)
        }
        Told::Installed { id, cursor, answer } => {
            let Some(open) = opened(model, &id) else { return Vec::new() };
            match (cursor, answer) {
                (Some(_), answer) => open.installed.take_next(answer, now),
                (None, Ok(page)) => open.installed.take_first(page, now, |one| one.installation.id.as_str()),
                (None, Err(failure)) => open.installed.state.answer(Err(failure.text), now),
            }
            Vec::new()
        }
        Told::Flags { id, answer } => {
            let refused = answer.as_ref().err().map(|failure| failure.text.clone());
            let Some(open) = opened(model, &id) else { return Vec::new() };
            open.flags.answer(answer.map_err(|failure| failure.text), now);
            if let Some(text) = refused {
                model.warn(text);
            }
            Vec::new()
        }
        Told::Done { order, answer } => deed::take(model, *order, answer),
    }
}

/// Takes what happened elsewhere: confirmations count at once, everything else is read again a moment later.
pub fn take_live(model: &mut Model, event: &LiveEvent) {
    let text = |name: &str| event.body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let at = model.now.plus_ms(GATHER_MS);
    let everything = event.topic == "resync";
    if everything || event.topic == "extension" {
        let catalogue = &mut model.extensions.catalogue;
        if !matches!(catalogue.pages.state, Remote::Absent) {
            catalogue.read_again_at.get_or_insert(at);
        }
    }
    let Some(open) = &mut model.extensions.open else { return };
    if event.topic == "confirmation" {
        let count = |name: &str| event.body.get(name).and_then(serde_json::Value::as_i64);
        let notices = open.facts.value_mut().map(|facts| facts.notices.as_mut_slice()).unwrap_or_default();
        if let Some(notice) = notices.iter_mut().find(|notice| notice.id == text("notice_id")) {
            notice.confirmed = count("confirmed").or(notice.confirmed);
            notice.instances = count("instances").or(notice.instances);
            return;
        }
    }
    if everything || text("extension_id") == open.id {
        open.read_again_at.get_or_insert(at);
    }
}

/// What the caller may do with the open extension, as far as can be known here; the server has the last word.
pub fn standing(model: &Model) -> Standing {
    let facts = model.extensions.open.as_ref().and_then(|open| open.facts.value());
    let (Some(facts), Some(me)) = (facts, model.me.value()) else { return Standing::Looks };
    let role = Role::ALL.iter().copied().find(|role| role.name() == me.account.role).unwrap_or(Role::User);
    match role {
        Role::Administrator if has(model, Right::Administer) => Standing::Administers,
        Role::Administrator | Role::Maintainer => Standing::Maintains,
        Role::User if facts.extension.owner_id == me.account.id => Standing::Owns,
        Role::User => Standing::Looks,
    }
}

/// Which keys work on this screen now.
pub fn contexts(model: &Model) -> Contexts {
    if model.extensions.open.is_none() {
        return Contexts::EXTENSIONS.or(Contexts::CATALOGUE);
    }
    let standing = standing(model);
    // Steering is the author's right, whoever the author is.
    let steers = standing > Standing::Looks && has(model, Right::Author);
    let bits = [
        (steers, Contexts::STEERED),
        (standing >= Standing::Maintains && has(model, Right::Review), Contexts::MAINTAINED),
        (standing >= Standing::Administers, Contexts::ADMINISTERED),
    ];
    let shown = Contexts::EXTENSIONS.or(Contexts::EXTENSION);
    bits.into_iter().filter(|(may, _)| *may).fold(shown, |contexts, (_, bit)| contexts.or(bit))
}

/// Whether the caller's token has a right.
fn has(model: &Model, right: Right) -> bool {
    model.me.value().is_some_and(|me| me.rights.iter().any(|name| name == right.name()))
}

/// The open extension, where it is that one.
pub(super) fn opened<'m>(model: &'m mut Model, id: &str) -> Option<&'m mut Detail> {
    model.extensions.open.as_deref_mut().filter(|open| open.id == id)
}

/// Reads the open extension again; what is shown stays until it is here.
pub(super) fn read_open(model: &mut Model) -> Vec<Effect> {
    let Some(open) = &mut model.extensions.open else { return Vec::new() };
    open.read_again_at = None;
    open.facts.ask();
    vec![Effect::Extensions(Ask::Facts { id: open.id.clone() })]
}

/// Reads what the open part shows beside the facts.
pub(super) fn read_part(model: &mut Model) -> Vec<Effect> {
    let sees_servers = standing(model) >= Standing::Maintains;
    let Some(open) = &mut model.extensions.open else { return Vec::new() };
    let id = open.id.clone();
    let ask = match open.part {
        Part::Installations if sees_servers => {
            open.installed.reading_on = false;
            open.installed.state.ask();
            Ask::Installed { id, cursor: None }
        }
        Part::Flags => {
            let facts = open.facts.value();
            let sees_flags = facts.is_some_and(|facts| facts.spread.is_some());
            let here = open.version().filter(|version| version.published_at.is_some());
            let number = here.map(|version| version.number.clone()).or_else(|| facts?.extension.head.clone());
            let Some(number) = number.filter(|_| sees_flags) else { return Vec::new() };
            if open.flags.value().is_some_and(|flags: &FlagsOf| flags.number != number) {
                open.flags = Remote::Absent;
            }
            open.flags.ask();
            Ask::Flags { id, number }
        }
        _ => return Vec::new(),
    };
    vec![Effect::Extensions(ask)]
}

fn take_page(model: &mut Model, generation: u64, cursor: Option<&str>, answer: Answer<Page<Extension>>) -> Vec<Effect> {
    let now = model.now;
    let catalogue = &mut model.extensions.catalogue;
    if generation != catalogue.generation {
        return Vec::new();
    }
    match (cursor, answer) {
        (Some(_), answer) => catalogue.pages.take_next(answer, now),
        (None, Ok(page)) => {
            catalogue.filter_fault = None;
            catalogue.pages.take_first(page, now, |row| row.id.as_str());
        }
        (None, Err(failure)) => {
            if failure.status == Some(400) {
                catalogue.filter_fault = Some(failure.text.clone());
            }
            catalogue.pages.state.answer(Err(failure.text), now);
        }
    }
    Vec::new()
}

fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    let Some(open) = &mut model.extensions.open else { return Vec::new() };
    open.part = Part::ALL[(open.part as usize + step) % Part::ALL.len()];
    read_part(model)
}

/// What is put on the clipboard: the digest of a version, the id of a server, else the extension's id.
fn copied(screen: &ExtensionsScreen) -> Option<String> {
    match &screen.open {
        None => screen.catalogue.pages.selected().map(|row| row.id.clone()),
        Some(open) => match open.part {
            Part::Versions => open.version().map(|version| version.sha256.clone()),
            Part::Installations => open.installed.selected().map(|one| one.installation.id.clone()),
            Part::Channel | Part::Flags | Part::Rollout => Some(open.id.clone()),
        },
    }
}
