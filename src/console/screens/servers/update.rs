//! What keys, answers and live events do to the screen.

use super::ask::{Ask, Purpose, Told};
use super::{GATHER_MS, One, Part, Servers, Shown, TOUCHED_MAX, act, dialog, view};
use crate::api::events::LiveEvent;
use crate::console::action::Action;
use crate::console::drafts::Draft;
use crate::console::effect::Effect;
use crate::console::model::{Model, ScreenName};
use crate::console::remote::Remote;
use crate::console::widgets::list::{ListState, Motion};

/// How often instances are looked at while they are shown: nothing tells that one fell silent but its silence.
pub const LOOK_AGAIN_MS: i64 = 60_000;

/// Shows the screen; what was never read is read now, and what changed meanwhile is read again.
pub fn show(model: &mut Model) -> Vec<Effect> {
    model.screen = ScreenName::Servers;
    let servers = &model.servers;
    let unread = matches!(servers.servers.state, Remote::Absent);
    if unread || servers.read_again_at.is_some() || servers.shown == Shown::Instances {
        return read_again(model);
    }
    Vec::new()
}

/// Reads what is shown again; it stays until the answer is here.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let servers = &mut model.servers;
    servers.read_again_at = None;
    servers.touched.clear();
    let mut effects = Vec::new();
    match servers.shown {
        Shown::Servers => {
            servers.servers.ask();
            let (generation, query) = (servers.servers.generation, servers.filter.clone());
            effects.push(Effect::Servers(Ask::Servers { generation, query, cursor: None }));
        }
        Shown::Instances => {
            servers.instances.ask();
            let generation = servers.instances.generation;
            effects.push(Effect::Servers(Ask::Instances { generation, cursor: None }));
        }
        Shown::One => {
            if let Some(one) = &mut servers.one {
                one.whole.ask();
                effects.push(Effect::Servers(Ask::One { id: one.id.clone() }));
                if !matches!(one.policy, Remote::Absent) {
                    let ask = Ask::Policy { id: one.id.clone(), purpose: Purpose::Show };
                    effects.push(Effect::Servers(ask));
                }
            }
        }
    }
    effects
}

/// Reads on where the cursor nears the end of a list.
pub fn read_on(model: &mut Model) -> Vec<Effect> {
    let servers = &mut model.servers;
    match servers.shown {
        Shown::Servers if servers.servers.wants_more() => {
            servers.servers.reading_on = true;
            let (generation, query) = (servers.servers.generation, servers.filter.clone());
            let cursor = servers.servers.next.clone();
            vec![Effect::Servers(Ask::Servers { generation, query, cursor })]
        }
        Shown::Instances if servers.instances.wants_more() => {
            servers.instances.reading_on = true;
            let (generation, cursor) = (servers.instances.generation, servers.instances.next.clone());
            vec![Effect::Servers(Ask::Instances { generation, cursor })]
        }
        _ => Vec::new(),
    }
}

/// Sets the filter and reads the list from its start.
pub fn filter(model: &mut Model, filter: String) -> Vec<Effect> {
    let servers = &mut model.servers;
    servers.filter = filter;
    servers.filter_fault = None;
    servers.servers.rows.clear();
    servers.servers.next = None;
    servers.servers.list = ListState::default();
    servers.servers.state = Remote::Loading;
    servers.shown = Shown::Servers;
    read_again(model)
}

/// Opens a server.
pub fn open(model: &mut Model, id: &str) -> Vec<Effect> {
    model.screen = ScreenName::Servers;
    model.servers.shown = Shown::One;
    if model.servers.one.as_ref().is_none_or(|one| one.id != id) {
        model.servers.one = Some(One::unread(id.to_owned()));
    }
    read_again(model)
}

/// Opens the server of a kept draft and the draft above it.
pub fn resume(model: &mut Model, draft: &Draft) -> Vec<Effect> {
    let Some((kind, id)) = draft.key.split_once('-') else { return Vec::new() };
    if kind == "override" {
        let mut effects = open(model, id);
        effects.push(Effect::Servers(Ask::Policy { id: id.to_owned(), purpose: Purpose::Write }));
        return effects;
    }
    let mut effects = show(model);
    effects.push(Effect::Servers(Ask::Config { id: id.to_owned() }));
    effects
}

/// Moves the cursor, or scrolls a part without rows.
pub fn go(model: &mut Model, motion: Motion) -> Vec<Effect> {
    let area = crate::console::view::body(model);
    match model.servers.shown {
        Shown::Servers => {
            let height = view::list_rows(area);
            let len = model.servers.servers.rows.len();
            model.servers.servers.list.go(motion, len, height);
        }
        Shown::Instances => {
            let height = view::list_rows(area);
            let len = model.servers.instances.rows.len();
            model.servers.instances.list.go(motion, len, height);
        }
        Shown::One => {
            let (len, height) = view::extent(model, area);
            if let Some(one) = &mut model.servers.one {
                let part = one.part;
                let list = &mut one.lists[part as usize];
                if matches!(part, Part::Installations | Part::Consents) {
                    list.go(motion, len, height);
                } else {
                    let most = len.saturating_sub(usize::from(height));
                    let mut state = ListState { cursor: list.cursor.min(most), top: 0 };
                    state.go(motion, most + 1, height);
                    *list = state;
                }
            }
            return read_steps(model);
        }
    }
    Vec::new()
}

/// Goes to another part; what it shows is read when it is first opened.
pub fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    let Some(one) = model.servers.one.as_mut().filter(|_| model.servers.shown == Shown::One) else {
        return Vec::new();
    };
    one.part = Part::ALL[(one.part as usize + step) % Part::ALL.len()];
    if matches!(one.part, Part::Policy | Part::Tier) && matches!(one.policy, Remote::Absent) {
        one.policy = Remote::Loading;
        return vec![Effect::Servers(Ask::Policy { id: one.id.clone(), purpose: Purpose::Show })];
    }
    Vec::new()
}

/// Puts the cursor on the row that was clicked; a second click on it opens it.
pub fn click(model: &mut Model, row: u16) -> Vec<Effect> {
    let area = crate::console::view::body(model);
    let Some(at) = view::row_at(model, area, row) else { return Vec::new() };
    let list = match (model.servers.shown, &mut model.servers.one) {
        (Shown::Servers, _) => &mut model.servers.servers.list,
        (Shown::Instances, _) => &mut model.servers.instances.list,
        (Shown::One, Some(one)) => &mut one.lists[one.part as usize],
        (Shown::One, None) => return Vec::new(),
    };
    let again = list.cursor == at;
    list.cursor = at;
    if again { act::act(model, Action::ServerOpen) } else { read_steps(model) }
}

/// Reads the stages of the installation under the cursor where those of another one are shown.
pub fn read_steps(model: &mut Model) -> Vec<Effect> {
    let Some(one) = &mut model.servers.one else { return Vec::new() };
    let Some(id) = one.installation().map(|installation| installation.id.clone()) else { return Vec::new() };
    if one.steps.0 == id {
        return Vec::new();
    }
    one.steps = (id.clone(), Remote::Loading);
    vec![Effect::Servers(Ask::Steps { id })]
}

/// Reads again what live events changed, once for many.
pub fn read_when_due(model: &mut Model) -> Vec<Effect> {
    let due = model.servers.read_again_at.is_some_and(|at| at <= model.now);
    if !due || model.screen != ScreenName::Servers {
        return Vec::new();
    }
    let servers = &mut model.servers;
    let few = servers.shown == Shown::Servers && !servers.touched.is_empty() && servers.touched.len() <= TOUCHED_MAX;
    if !few {
        return read_again(model);
    }
    servers.read_again_at = None;
    let touched = std::mem::take(&mut servers.touched);
    touched.into_iter().map(|id| Effect::Servers(Ask::Row { id })).collect()
}

/// Takes what happened on the marketplace: the rows it concerns are read again a moment later.
pub fn take_live(model: &mut Model, event: &LiveEvent) {
    let now = model.now;
    let servers = &mut model.servers;
    let text = |name: &str| event.body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let id = text("server_id");
    let concerns = match (event.topic.as_str(), servers.shown) {
        ("resync", _) => true,
        ("server", Shown::Servers) if text("action") == "created" => true,
        ("server" | "installation", Shown::Servers) => {
            let is_shown = servers.servers.rows.iter().any(|row| row.id == id);
            if is_shown {
                servers.touched.insert(id.to_owned());
            }
            is_shown
        }
        ("server" | "installation", Shown::One) => servers.one.as_ref().is_some_and(|one| one.id == id),
        ("policy", Shown::One) => {
            servers.one.as_ref().is_some_and(|one| id.is_empty() || one.id == id) && policy_is_read(servers)
        }
        // Where the channel moves, another update is available.
        ("extension", Shown::One) => servers
            .whole()
            .is_some_and(|whole| whole.installations.iter().any(|row| row.extension_id == text("extension_id"))),
        _ => false,
    };
    if concerns {
        servers.read_again_at.get_or_insert(now.plus_ms(GATHER_MS));
    }
}

/// Takes an answer.
pub fn take(model: &mut Model, told: Told) -> Vec<Effect> {
    let now = model.now;
    match told {
        Told::Servers { generation, cursor, answer } => {
            let servers = &mut model.servers;
            if generation == servers.servers.generation {
                if let Err(failure) = &answer {
                    servers.filter_fault = (failure.status == Some(400)).then(|| failure.text.clone());
                }
                servers.servers.take(cursor.is_none(), answer, now, |row| &row.id);
            }
            Vec::new()
        }
        Told::Instances { generation, cursor, answer } => {
            let servers = &mut model.servers;
            if generation == servers.instances.generation {
                servers.instances.take(cursor.is_none(), answer, now, |row| &row.id);
                let live = servers.instances.rows.iter().any(|row| row.presence == "live");
                servers.read_again_at = live.then(|| now.plus_ms(LOOK_AGAIN_MS));
            }
            Vec::new()
        }
        Told::Row(Ok(server)) => {
            if let Some(row) = model.servers.servers.rows.iter_mut().find(|row| row.id == server.id) {
                *row = *server;
            }
            Vec::new()
        }
        Told::Row(Err(failure)) => {
            model.servers.servers.state.answer(Err(failure.text), now);
            Vec::new()
        }
        Told::One { id, answer } => {
            let Some(one) = model.servers.one.as_mut().filter(|one| one.id == id) else { return Vec::new() };
            let answer = answer.map(|whole| *whole).map_err(|failure| failure.text);
            one.whole.answer(answer, now);
            keep_cursors(one);
            // An attempt may have gone on; the stages that are shown stay until their answer is here.
            let again = one.installation().map(|row| row.id.clone()).filter(|id| *id == one.steps.0);
            match again {
                Some(id) => vec![Effect::Servers(Ask::Steps { id })],
                None => read_steps(model),
            }
        }
        Told::Policy { id, purpose, answer } => {
            let Some(one) = model.servers.one.as_mut().filter(|one| one.id == id) else { return Vec::new() };
            one.policy.answer(answer.map(|policy| *policy).map_err(|failure| failure.text), now);
            match purpose {
                Purpose::Show => {}
                Purpose::Write => dialog::write_override(model),
                Purpose::Tier => act::ask_tier(model),
            }
            Vec::new()
        }
        Told::Steps { id, answer } => {
            if let Some(one) = model.servers.one.as_mut().filter(|one| one.steps.0 == id) {
                one.steps.1.answer(answer.map_err(|failure| failure.text), now);
            }
            Vec::new()
        }
        told => act::take(model, told),
    }
}

fn policy_is_read(servers: &Servers) -> bool {
    servers.one.as_ref().is_some_and(|one| !matches!(one.policy, Remote::Absent))
}

fn keep_cursors(one: &mut One) {
    let Some(whole) = one.whole.value() else { return };
    let lens = [(Part::Installations, whole.installations.len()), (Part::Consents, whole.consents.len())];
    for (part, len) in lens {
        let list = &mut one.lists[part as usize];
        list.cursor = list.cursor.min(len.saturating_sub(1));
    }
}
