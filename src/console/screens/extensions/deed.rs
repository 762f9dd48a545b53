//! Deeds on a published extension: a reason is written, what will happen is said in numbers, and then it is done at once.

use std::collections::BTreeMap;

use super::ask::Ask;
use super::order::{Order, Verb, draft_key, read_key};
use super::update::{opened, read_open, read_part};
use super::{Detail, Facts, Part};
use crate::api::installations::{FlagSetting, VersionFlags};
use crate::console::action::Action;
use crate::console::drafts::Draft;
use crate::console::effect::Effect;
use crate::console::event::Answer;
use crate::console::model::Model;
use crate::console::overlay::{Choice, ChoiceOf, Entry, EntryOf, Overlay, ReasonOf};
use crate::console::reason;
use crate::console::screens::review::writing;
use crate::console::widgets::line_input::LineInput;
use crate::domain::text::visible;
use crate::domain::version::VersionNumber;

/// Does what a key of the open extension means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::SetFlag {
        return ask_flag(model);
    }
    let Some(open) = model.extensions.open.as_deref() else { return Vec::new() };
    let Some(facts) = open.facts.value() else { return Vec::new() };
    let verb = match action {
        Action::Yank if open.version().is_some_and(|version| version.yanked.is_some()) => Verb::Unyank,
        Action::PauseRollout if facts.rollout.as_ref().is_some_and(|rollout| rollout.paused.is_some()) => Verb::Resume,
        _ => match Verb::ALL.iter().copied().find(|verb| verb.action() == action) {
            Some(verb) => verb,
            None => return Vec::new(),
        },
    };
    begin(model, verb)
}

/// Opens the kept reason of a deed again once its extension is read; `None` where the draft is none of this screen's.
pub fn resume(model: &mut Model, draft: &Draft) -> Option<Vec<Effect>> {
    let (_, id) = read_key(&draft.key)?;
    let effects = super::update::open(model, id.to_owned());
    if let Some(open) = opened(model, id) {
        open.resume = Some(draft.clone());
    }
    Some(effects)
}

/// Opens the reason again, now that the extension is read.
pub fn go_on(model: &mut Model, draft: &Draft) {
    if let Some((verb, _)) = read_key(&draft.key) {
        drop(begin(model, verb));
    }
}

/// Asks whether it is meant, in numbers.
pub fn confirm(model: &mut Model, order: Order) {
    let Some(facts) = model.extensions.open.as_deref().and_then(|open| open.facts.value()) else { return };
    let text = numbers(facts, &order);
    let verb = capital(order.verb.name());
    let mut choices = match (order.verb, order.number.as_deref()) {
        (Verb::Quarantine | Verb::Block, Some(number)) => {
            vec![format!("{verb} all versions"), format!("{verb} {} alone", visible(number))]
        }
        _ => vec![verb],
    };
    choices.push(if order.verb.asks_why() { "Go on writing" } else { "Not now" }.to_owned());
    model.overlay = Overlay::Choice(Choice {
        title: format!("{} {}?", capital(order.verb.name()), order.subject()),
        text,
        choices,
        cursor: 0,
        of: ChoiceOf::Extension(Box::new(order)),
    });
}

/// Does it, writes on, or leaves it.
pub fn choose(model: &mut Model, mut order: Order, choice: usize) -> Vec<Effect> {
    let holds = matches!(order.verb, Verb::Quarantine | Verb::Block) && order.number.is_some();
    match (choice, holds) {
        (0, true) => order.number = None,
        (0, false) | (1, true) => {}
        _ if order.verb.asks_why() => return begin(model, order.verb),
        _ => return Vec::new(),
    }
    if !model.can_send() {
        return Vec::new();
    }
    vec![Effect::Extensions(Ask::Do(Box::new(order)))]
}

/// Takes what came of it. A refused one keeps its reason and says what changed.
pub fn take(model: &mut Model, order: Order, answer: Answer<()>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match answer {
        Ok(()) => {
            model.tell(done(&order));
            if !order.draft.is_empty() {
                effects.extend(writing::forget(model, &order.draft));
            }
        }
        Err(failure) if failure.status == Some(412) => {
            let what = format!("{} {}", order.verb.name(), order.title());
            model.overlay = Overlay::it_changed(&what, &failure.changed, "It is read again; your reason is kept.");
        }
        Err(failure) => {
            model.warn(format!("{} {} was not done: {}", order.verb.name(), order.title(), failure.text));
        }
    }
    if opened(model, &order.id).is_some() {
        effects.extend(read_open(model));
    }
    effects
}

/// Reads what was typed for a flag and asks whether it is meant; else says what is wrong.
pub fn set_flag(model: &mut Model, name: &str, typed: &str) -> Result<(), String> {
    let value = read_flag(typed)?;
    let open = model.extensions.open.as_deref();
    let (Some(open), Some(flags)) = (open, open.and_then(|open| open.flags.value())) else { return Ok(()) };
    let setting = flags.items.iter().find(|one| one.name == name);
    let (Some(setting), Some(facts)) = (setting, open.facts.value()) else { return Ok(()) };
    let has = facts.installations_of(&flags.number).unwrap_or(0);
    let new = value.as_ref().unwrap_or(&setting.default);
    let text = vec![
        format!(
            "{} of {} {}: {} instead of {}.",
            visible(name),
            visible(&facts.extension.slug),
            visible(&flags.number),
            shown(new),
            shown(setting.set.as_ref().unwrap_or(&setting.default))
        ),
        format!(
            "{has} servers have this version; {} of them have it set for themselves and stay as they are.",
            setting.servers_on + setting.servers_off
        ),
    ];
    let set = flags.items.iter().filter_map(|one| Some((one.name.clone(), one.set.clone()?)));
    let mut all: BTreeMap<String, serde_json::Value> = set.collect();
    match value {
        Some(value) => drop(all.insert(name.to_owned(), value)),
        None => drop(all.remove(name)),
    }
    let ask = Ask::SetFlags { id: open.id.clone(), number: flags.number.clone(), flags: VersionFlags { flags: all } };
    model.overlay = Overlay::Choice(Choice {
        title: format!("Set {}?", visible(name)),
        text,
        choices: vec!["Set".to_owned(), "Not now".to_owned()],
        cursor: 0,
        of: ChoiceOf::Flag(Box::new(ask)),
    });
    Ok(())
}

/// Sets the flag, or leaves it.
pub fn choose_flag(model: &mut Model, ask: Ask, choice: usize) -> Vec<Effect> {
    if choice != 0 || !model.can_send() {
        return Vec::new();
    }
    vec![Effect::Extensions(ask)]
}

/// A flag's value for people.
pub fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Bool(true) => "on".to_owned(),
        serde_json::Value::Bool(false) => "off".to_owned(),
        share => format!("{share} % of the servers"),
    }
}

/// Begins a deed: the reason is written first where one is asked.
fn begin(model: &mut Model, verb: Verb) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    let Some(open) = model.extensions.open.as_deref() else { return Vec::new() };
    let Some(facts) = open.facts.value() else { return Vec::new() };
    let order = match order(open, facts, verb) {
        Ok(order) => order,
        Err(why) => {
            model.tell(why);
            return Vec::new();
        }
    };
    if !verb.asks_why() {
        confirm(model, order);
        return Vec::new();
    }
    let (title, draft) = (format!("{} {}", verb.name(), order.subject()), order.draft.clone());
    let about = match verb {
        Verb::RollBack | Verb::Quarantine | Verb::Block => {
            "Why? It is kept, shown to everybody, and told to every instance."
        }
        _ => "Why? It is kept and shown with it.",
    };
    reason::open(model, title, about, draft, ReasonOf::Extension(Box::new(order)));
    Vec::new()
}

/// The deed as it would be done for what is shown now, or why there can be none.
fn order(open: &Detail, facts: &Facts, verb: Verb) -> Result<Order, String> {
    let extension = &facts.extension;
    let mut order = Order {
        verb,
        id: extension.id.clone(),
        slug: extension.slug.clone(),
        number: None,
        ring: None,
        revision: extension.revision,
        reason: String::new(),
        draft: if verb.asks_why() { draft_key(verb, &extension.id) } else { String::new() },
    };
    match verb {
        Verb::RollBack => order.number = Some(target(open, facts)?),
        Verb::Quarantine if extension.listing == "blocked" => {
            return Err(format!("{} is blocked already", visible(&extension.slug)));
        }
        Verb::Quarantine | Verb::Block => order.number = open.number_here().map(str::to_owned),
        Verb::Release if !matches!(extension.listing.as_str(), "quarantined" | "blocked") => {
            return Err(format!("{} is not held back", visible(&extension.slug)));
        }
        Verb::Release => {}
        Verb::Yank | Verb::Unyank => {
            let version = open.version().ok_or("There is no version to yank")?;
            if version.published_at.is_none() {
                return Err(format!("{} is not published", visible(&version.number)));
            }
            order.number = Some(version.number.clone());
            order.revision = version.revision;
        }
        Verb::Pause | Verb::Resume | Verb::Widen => {
            let rollout = facts.rollout.as_ref().ok_or("Nothing is being brought to servers")?;
            order.revision = rollout.revision;
            if verb == Verb::Widen {
                let next = match rollout.ring.as_str() {
                    "canary" => "tenth",
                    "tenth" => "all",
                    _ => return Err("The update goes to all servers already".to_owned()),
                };
                order.ring = Some(next.to_owned());
            }
        }
    }
    Ok(order)
}

/// Which version the channel goes back to: the one under the cursor, else the newest older one that it pointed at.
fn target(open: &Detail, facts: &Facts) -> Result<String, String> {
    let head = facts.extension.head.as_deref().ok_or("Nothing is published")?;
    let is_older = |number: &str| {
        let read = |number: &str| number.parse::<VersionNumber>().ok();
        read(number) < read(head)
    };
    let fits = |number: &str| {
        let sound = |version: &super::VersionRow| version.published_at.is_some() && version.yanked.is_none();
        is_older(number) && facts.version(number).is_some_and(sound)
    };
    let here = open.number_here().filter(|number| is_older(number) && open.part != Part::Installations);
    match here {
        Some(number) if fits(number) => Ok(number.to_owned()),
        Some(number) => {
            Err(format!("The channel cannot go back to {}: it is not published, or yanked", visible(number)))
        }
        None => {
            let older = facts.channel.iter().map(|revision| revision.number.as_str()).find(|number| fits(number));
            older.map(str::to_owned).ok_or_else(|| "There is no older version to go back to".to_owned())
        }
    }
}

/// What will happen, in numbers.
fn numbers(facts: &Facts, order: &Order) -> Vec<String> {
    let slug = visible(&facts.extension.slug);
    let number = order.number.as_deref().map(visible).unwrap_or_default();
    let have = |number: &str| facts.installations_of(number).unwrap_or(0);
    let mut lines = Vec::new();
    match order.verb {
        Verb::RollBack => {
            let head = facts.extension.head.as_deref().map(visible).unwrap_or_default();
            let revision = facts.extension.head_revision + 1;
            lines.push(format!("The channel goes back from {head} to {number} as its revision {revision}."));
            let newer = facts.installations_after(order.number.as_deref().unwrap_or_default()).unwrap_or(0);
            lines.push(format!("{newer} installations have a newer version; no ring holds this up."));
        }
        Verb::Quarantine => lines.push(format!("Nobody new gets {slug}; what is installed runs on.")),
        Verb::Block => {
            lines.push(format!("{slug} stops running everywhere, now."));
        }
        Verb::Release => lines.push(format!("{slug} is listed again; what was stopped may run.")),
        Verb::Yank => lines.push(format!("Nobody new gets {number}; {} installations keep it.", have(&number))),
        Verb::Unyank => lines.push(format!("{number} can be installed again.")),
        Verb::Pause => lines.push("No further server gets the update until it goes on.".to_owned()),
        Verb::Resume => lines.push("The update goes on in the ring it has.".to_owned()),
        Verb::Widen => {
            let ring = order.ring.as_deref().unwrap_or_default();
            let share = if ring == "all" { "all" } else { "a tenth of the" };
            lines.push(format!("The update goes to {share} servers now."));
        }
    }
    if let (Verb::Quarantine | Verb::Block, Some(_)) = (order.verb, &order.number) {
        lines.push(format!("{number} alone is on {} servers.", have(&number)));
    }
    if let Some(spread) = &facts.spread {
        lines.push(format!(
            "Reached: {} installations on {} servers, {} of them running; {} instances serve them, {} are listening.",
            spread.installations, spread.servers, spread.active, spread.instances, spread.listening
        ));
    }
    if order.verb.asks_why() {
        lines.push(format!("Reason: {}", visible(&order.reason.replace('\n', " "))));
    }
    lines
}

fn done(order: &Order) -> String {
    let title = order.title();
    match order.verb {
        Verb::RollBack => format!("{title}: done; every instance is being told"),
        Verb::Quarantine => format!("{title} is quarantined; every instance is being told"),
        Verb::Block => format!("{title} is blocked; every instance is being told"),
        Verb::Release => format!("{title} is listed again"),
        Verb::Yank => format!("{title} is yanked"),
        Verb::Unyank => format!("{title} can be installed again"),
        Verb::Pause => format!("The update of {title} stands still"),
        Verb::Resume => format!("The update of {title} goes on"),
        Verb::Widen => format!("The update of {title} goes on to ring {}", order.ring.as_deref().unwrap_or_default()),
    }
}

/// Asks for the value of the flag under the cursor.
fn ask_flag(model: &mut Model) -> Vec<Effect> {
    let Some(open) = model.extensions.open.as_deref_mut() else { return Vec::new() };
    if open.part != Part::Flags {
        open.part = Part::Flags;
        return read_part(model);
    }
    let at = open.lists[Part::Flags as usize].cursor;
    let flag: Option<FlagSetting> = open.flags.value().and_then(|flags| flags.items.get(at)).cloned();
    match flag {
        Some(flag) if model.can_send() => {
            model.overlay = Overlay::Entry(Box::new(Entry {
                title: format!("Set {}", visible(&flag.name)),
                hint: "on, off, a percentage of the servers such as 25, or default for what the manifest says"
                    .to_owned(),
                input: LineInput::default(),
                fault: None,
                of: EntryOf::Flag(flag.name),
            }));
        }
        Some(_) => {}
        None => model.tell("This version has no feature flags".to_owned()),
    }
    Vec::new()
}

/// `None` is what the manifest says.
fn read_flag(typed: &str) -> Result<Option<serde_json::Value>, String> {
    match typed.trim() {
        "on" => Ok(Some(true.into())),
        "off" => Ok(Some(false.into())),
        "default" => Ok(None),
        share => match share.trim_end_matches('%').trim().parse::<u8>() {
            Ok(share) if share <= 100 => Ok(Some(share.into())),
            _ => Err("Write on, off, default, or a percentage from 0 to 100.".to_owned()),
        },
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_a_switch_a_share_or_the_manifests() {
        assert_eq!(read_flag(" on "), Ok(Some(true.into())));
        assert_eq!(read_flag("100 %"), Ok(Some(100.into())));
        assert_eq!(read_flag("default"), Ok(None));
        for wrong in ["", "101", "-1", "yes", "2.5"] {
            assert!(read_flag(wrong).is_err(), "{wrong:?}");
        }
    }
}
