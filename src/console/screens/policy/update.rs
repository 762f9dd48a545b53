//! What keys and answers do to the screen of the policy.

use super::effect::{Effect as Ask, Reply};
use super::{Compared, InForce, Opened, Part, PolicyScreen, deed, draft, explained, lines, rows, view};
use crate::api::events::LiveEvent;
use crate::api::policy::{Plan, PolicyRevision};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::event::{Answer, Failure};
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::{Entry, EntryOf, Overlay};
use crate::console::screens::sales;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::{ListState, Motion};
use crate::domain::json::Json;
use crate::domain::policy::{Document, Format, Place};
use crate::domain::time::Timestamp;

/// How long after a change the screen is read again: many changes are read at once.
const READ_AGAIN_MS: i64 = 1_000;
/// So near the end of the revisions the next page is read.
const READ_ON_ROWS: usize = 15;

/// Does an action on this screen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::PolicyOpen => open(model),
        Action::PolicyFind => {
            let hint = "Part of a field's name, its value, “set”, “default” or “locked”; nothing shows every field.";
            let (title, hint) = ("Find fields of the policy".to_owned(), hint.to_owned());
            let input = LineInput::holding(&model.policy.find);
            model.policy.part = Part::Document;
            model.policy.opened = None;
            let entry = Entry { title, hint, input, fault: None, of: EntryOf::PolicyField };
            model.overlay = Overlay::Entry(Box::new(entry));
            Vec::new()
        }
        Action::PolicyEdit => {
            draft::open(model);
            Vec::new()
        }
        Action::PolicyApply => deed::ask_numbers(model),
        Action::PolicyRevert => deed::ask_revert_reason(model),
        Action::PolicyMark => mark(model),
        Action::PolicyCompare => compare(model),
        Action::Refresh => read_again(model),
        Action::Copy => {
            let id = model.policy.plan.as_ref().map(|plan| plan.id.clone());
            id.map(Effect::Copy).into_iter().collect()
        }
        Action::Back => back(model),
        _ => Vec::new(),
    }
}

/// Shows the screen; what is there is read again.
pub fn show(model: &mut Model) -> Vec<Effect> {
    read_again(model)
}

/// Reads what is in force and the revisions.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.policy;
    screen.generation += 1;
    screen.read_again_at = None;
    screen.reading_on = false;
    screen.in_force.ask();
    screen.revisions.ask();
    let generation = screen.generation;
    [Ask::InForce { generation }, Ask::Revisions { generation, cursor: None }].map(Effect::Policy).into()
}

/// Reads it again where it is shown and the policy changed meanwhile.
pub fn read_when_due(model: &mut Model) -> Vec<Effect> {
    let due = model.policy.read_again_at.is_some_and(|at| at <= model.now);
    if due && model.screen == ScreenName::Policy { read_again(model) } else { Vec::new() }
}

/// Reads on where the end of the revisions is near.
pub fn read_on(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.policy;
    let at_end = screen.lists[Part::Revisions as usize].cursor + READ_ON_ROWS >= screen.len();
    if screen.part != Part::Revisions || screen.opened.is_some() || screen.reading_on || !at_end {
        return Vec::new();
    }
    let next = screen.revisions.value().and_then(|pages| pages.next.clone());
    screen.reading_on = next.is_some();
    let generation = screen.generation;
    next.map(|cursor| Effect::Policy(Ask::Revisions { generation, cursor: Some(cursor) })).into_iter().collect()
}

/// Takes what was asked for.
pub fn take(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let now = model.now;
    match reply {
        Reply::InForce { generation, answer } if generation == model.policy.generation => {
            let read = answer.map_err(|failure| failure.text).and_then(|revision| in_force(*revision));
            model.policy.in_force.answer(read, now);
        }
        Reply::Revisions { generation, further, answer } if generation == model.policy.generation => {
            sales::update::take_page(&mut model.policy.revisions, further, answer, now);
            model.policy.reading_on = false;
        }
        Reply::Explained(Ok(explanation)) => {
            let lines = explained(&explanation, |at| sales::view::when(model, at));
            model.show_message(explanation.field.clone(), lines);
        }
        Reply::Explained(Err(failure)) => model.warn(format!("Not explained: {}", failure.text)),
        Reply::Planned { asked, answer } if asked == model.policy.plans_asked => {
            planned(model, answer.map(|plan| *plan));
        }
        Reply::Applied(Ok(applied)) => {
            model.policy.planning = false;
            model.policy.plan = None;
            model.policy.part = Part::Document;
            model.tell(format!("Revision {} is in force", applied.revision.number));
            let mut effects = draft::done(model);
            effects.extend(read_again(model));
            return effects;
        }
        Reply::Applied(Err(failure)) => {
            refused(model, &failure);
            return read_again(model);
        }
        Reply::Revisioned(Ok(both)) => show_compared(model, &both.0, &both.1),
        Reply::Revisioned(Err(failure)) => model.warn(format!("Not compared: {}", failure.text)),
        Reply::InForce { .. } | Reply::Revisions { .. } | Reply::Planned { .. } => {}
    }
    keep_cursors(model);
    Vec::new()
}

/// Notes that the policy changed.
pub fn take_live(model: &mut Model, event: &LiveEvent) {
    if matches!(event.topic.as_str(), "policy" | "resync") {
        let at = model.now.plus_ms(READ_AGAIN_MS);
        model.policy.read_again_at.get_or_insert(at);
    }
}

/// Moves in the list that has the keys.
pub fn go(model: &mut Model, motion: Motion) {
    let height = view::rows_area(model, crate::console::view::body(model)).height;
    let len = model.policy.len();
    let screen = &mut model.policy;
    let list = if screen.opened.is_some() { &mut screen.opened_list } else { &mut screen.lists[screen.part as usize] };
    list.go(motion, len, height);
}

/// Shows the fields in which a text is found.
pub fn find(model: &mut Model, text: &str) {
    text.trim().clone_into(&mut model.policy.find);
    model.policy.lists[Part::Document as usize] = ListState::default();
    if !text.trim().is_empty() && model.policy.is_empty() {
        model.tell(format!("No field of the policy has “{}”", text.trim()));
    }
}

/// Until when a plan can be put in force.
pub fn until(plan: &Plan) -> Option<Timestamp> {
    plan.expires_at.parse().ok()
}

/// The document of a revision.
///
/// # Errors
/// A sentence where it is not understood: the server is newer than this console.
pub fn document(revision: &PolicyRevision) -> Result<Document, String> {
    let newer = |why: String| format!("the server's policy is not understood; is the server newer? {why}");
    let json = Json::parse(revision.layer.to_string().as_bytes()).map_err(|fault| newer(fault.to_string()))?;
    let read = Document::from_json(&json, Place::Global);
    read.map_err(|faults| newer(faults.first().map(ToString::to_string).unwrap_or_default()))
}

fn in_force(revision: PolicyRevision) -> Result<InForce, String> {
    let document = document(&revision)?;
    let rows = rows::of_document(&document);
    Ok(InForce { revision, document, rows })
}

fn planned(model: &mut Model, answer: Answer<Plan>) {
    let screen = &mut model.policy;
    screen.planning = false;
    match answer {
        Ok(plan) => {
            screen.plan = Some(plan);
            screen.refused = None;
            screen.lists[Part::Plan as usize] = ListState::default();
        }
        Err(failure) => {
            screen.refused = Some(format!("It could not be planned: {}", failure.text));
            model.warn("It could not be planned; your draft is kept".to_owned());
        }
    }
}

/// The plan was not put in force, or nobody knows whether it was.
fn refused(model: &mut Model, failure: &Failure) {
    let edit = model.key(Action::PolicyEdit);
    model.policy.planning = false;
    let is_answered = failure.status.is_some();
    let (title, first, then) = if is_answered {
        let then = format!("Your draft is kept: {edit} opens it, and a new plan shows what it does by now.");
        ("The plan was not put in force", "Nothing was changed. The server says:", then)
    } else {
        let then = "Look at what is in force before you put the plan in force once more; your draft is kept.";
        ("No answer came", "It is not known whether the plan was put in force:", then.to_owned())
    };
    let mut lines = vec![first.to_owned(), String::new()];
    lines.extend(failure.text.lines().map(str::to_owned));
    lines.extend([String::new(), then]);
    let said = if is_answered { "Not put in force" } else { "Perhaps in force, no answer came" };
    model.policy.refused = Some(format!("{said}: {}", failure.text));
    model.show_message(title.to_owned(), lines);
}

fn open(model: &mut Model) -> Vec<Effect> {
    let screen = &model.policy;
    let cursor = screen.list().cursor;
    match (&screen.opened, screen.part) {
        (Some(Opened::Examples(_)), _) => open_example(model, cursor),
        (Some(Opened::Compared(_)), _) => Vec::new(),
        (None, Part::Document) => match screen.fields().get(cursor) {
            Some(rows::Row::Field(field)) => vec![Effect::Policy(Ask::Explain { field: field.name.clone() })],
            _ => Vec::new(),
        },
        (None, Part::Plan) => {
            if let Some(rows::PlanRow::Effect(at)) = screen.plan_rows().get(cursor) {
                model.policy.opened = Some(Opened::Examples(*at));
                model.policy.opened_list = ListState::default();
            }
            Vec::new()
        }
        (None, Part::Revisions) => {
            let Some(revision) = screen.revision() else { return Vec::new() };
            let lines = view::revision_lines(model, revision);
            let title = format!("Revision {}", revision.number);
            model.overlay = Overlay::Message { title, lines, top: 0 };
            Vec::new()
        }
    }
}

/// Goes to what a plan touches, where there is a screen for it.
fn open_example(model: &mut Model, at: usize) -> Vec<Effect> {
    let Some(Opened::Examples(effect)) = model.policy.opened else { return Vec::new() };
    let effect = model.policy.plan.as_ref().and_then(|plan| plan.impact.effects.get(effect));
    let Some(example) = effect.and_then(|effect| effect.examples.get(at)).cloned() else { return Vec::new() };
    if example.kind == "review" {
        model.screen = ScreenName::Review;
        return super::super::review::update::open(model, &example.id);
    }
    let mut lines = vec![format!("{} {}", example.kind, example.name), example.id.clone(), String::new()];
    lines.push(if example.note.is_empty() { "Nothing is particular about it.".to_owned() } else { example.note });
    model.overlay = Overlay::Message { title: example.name, lines, top: 0 };
    Vec::new()
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.policy;
    let number = screen.revision().map(|revision| revision.number);
    screen.marked = if screen.marked == number { None } else { number };
    Vec::new()
}

/// Compares the revision under the cursor with the marked one, or with the one before it.
fn compare(model: &mut Model) -> Vec<Effect> {
    let Some(number) = model.policy.revision().map(|revision| revision.number) else {
        model.tell(format!("Go to “{}” and choose what is compared", Part::Revisions.title()));
        return Vec::new();
    };
    let against = model.policy.marked.filter(|marked| *marked != number).unwrap_or(number - 1);
    if against < 1 {
        model.tell(format!("There is nothing before revision {number}"));
        return Vec::new();
    }
    vec![Effect::Policy(Ask::Revision { number, against })]
}

fn show_compared(model: &mut Model, one: &PolicyRevision, other: &PolicyRevision) {
    let (older, newer) = if one.number < other.number { (one, other) } else { (other, one) };
    let text = |revision: &PolicyRevision| document(revision).map(|document| document.to_text(Format::Toml));
    match (text(older), text(newer)) {
        (Ok(old), Ok(new)) => {
            let lines = lines::beside(&old, &new);
            let compared = Compared { older: (older.number, old), newer: (newer.number, new), lines };
            model.policy.opened = Some(Opened::Compared(Box::new(compared)));
            model.policy.opened_list = ListState::default();
        }
        (Err(error), _) | (_, Err(error)) => model.warn(error),
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.policy;
    if screen.opened.take().is_some() {
        return Vec::new();
    }
    if screen.part == Part::Document && !screen.find.is_empty() {
        screen.find.clear();
    } else if screen.marked.take().is_none() {
        if screen.part == Part::Document {
            model.screen = ScreenName::Queue;
        } else {
            screen.part = Part::Document;
        }
    }
    Vec::new()
}

fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    model.policy.opened = None;
    model.policy.part = Part::ALL[(model.policy.part as usize + step) % Part::ALL.len()];
    Vec::new()
}

/// Keeps each cursor on a row after lists have changed.
fn keep_cursors(model: &mut Model) {
    let height = view::rows_area(model, crate::console::view::body(model)).height;
    let (part, opened) = (model.policy.part, model.policy.opened.take());
    for each in Part::ALL {
        model.policy.part = *each;
        let len = model.policy.len();
        let list = &mut model.policy.lists[*each as usize];
        list.cursor = list.cursor.min(len.saturating_sub(1));
        list.top = list.first(len, height);
    }
    model.policy = PolicyScreen { part, opened, ..std::mem::take(&mut model.policy) };
}
