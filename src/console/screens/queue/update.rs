//! What keys and answers do to the queue.

use crate::api::events::LiveEvent;
use crate::api::page::Page;
use crate::api::queue::QueueItem;
use crate::api::reviews::{BulkItem, BulkResult};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::event::{Answer, Turn};
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::remote::Remote;
use crate::console::screens::queue::{Queue, Row, Turnstile, VIEWS};
use crate::console::screens::review;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::ListState;
use crate::domain::limits::BULK_ITEMS_MAX;
use crate::domain::text::visible;

/// What can be done with all marked rows, in the order it is offered.
const BULK: &[(&str, &str)] = &[("Claim them", "claim"), ("Give their claims back", "release")];

/// Does what a key of the queue means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Open => {
            let Some(row) = model.queue.selected() else { return Vec::new() };
            let review_id = row.review_id.to_string();
            review::update::open(model, &review_id)
        }
        Action::Claim => turn_of_selected(model, Turn::Claim),
        Action::Release => turn_of_selected(model, Turn::Release),
        Action::ClaimNext => {
            let query = (!model.queue.filter.is_empty()).then(|| model.queue.filter.clone());
            vec![Effect::Turn { turn: Turn::ClaimNext, review_id: None, query }]
        }
        Action::Mark => mark(model),
        Action::MarkAll => {
            let queue = &mut model.queue;
            if queue.marked.is_empty() {
                queue.marked = queue.rows.iter().take(BULK_ITEMS_MAX).map(|row| row.review_id.clone()).collect();
            } else {
                queue.marked.clear();
            }
            Vec::new()
        }
        Action::Bulk => ask_bulk(model),
        Action::Filter => {
            let input = LineInput::holding(&model.queue.filter);
            model.overlay = Overlay::Filter { input, fault: model.queue.filter_fault.clone() };
            Vec::new()
        }
        Action::Views => {
            ask_view(model);
            Vec::new()
        }
        Action::Back => {
            if !model.queue.marked.is_empty() {
                model.queue.marked.clear();
                return Vec::new();
            }
            if model.queue.filter.is_empty() { Vec::new() } else { filter(model, String::new()) }
        }
        Action::Refresh => read_again(model),
        Action::Copy => model.queue.selected().map(|row| Effect::Copy(row.review_id.to_string())).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Sets the filter and reads the queue from its start.
pub fn filter(model: &mut Model, filter: String) -> Vec<Effect> {
    let queue = &mut model.queue;
    *queue = Queue { filter, generation: queue.generation + 1, state: Remote::Loading, ..Queue::default() };
    vec![first_page(queue)]
}

/// Reads the first page again; what is shown stays until it is here.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let queue = &mut model.queue;
    queue.read_again_at = None;
    queue.generation += 1;
    queue.reading_on = false;
    queue.state.ask();
    vec![first_page(queue)]
}

/// Reads on where the cursor nears the end.
pub fn read_on(model: &mut Model) -> Vec<Effect> {
    let queue = &mut model.queue;
    if !queue.wants_more() {
        return Vec::new();
    }
    queue.reading_on = true;
    let cursor = queue.next.clone();
    vec![Effect::LoadQueue { generation: queue.generation, query: queue.filter.clone(), cursor }]
}

/// Takes a page.
pub fn take(model: &mut Model, generation: u64, cursor: Option<&str>, answer: Answer<Page<QueueItem>>) -> Vec<Effect> {
    let (now, height) = (model.now, model.list_rows());
    let queue = &mut model.queue;
    if generation != queue.generation {
        return Vec::new();
    }
    if cursor.is_some() {
        queue.take_next(answer, now);
        return Vec::new();
    }
    match answer {
        Ok(page) => queue.take_first(page, now, height),
        Err(failure) => {
            if failure.status == Some(400) {
                queue.filter_fault = Some(failure.text.clone());
            }
            queue.state.answer(Err(failure.text), now);
        }
    }
    Vec::new()
}

/// Takes what somebody did to a submission: its row changes where it stands, the order follows a moment later.
pub fn take_live(model: &mut Model, event: &LiveEvent) {
    let now = model.now;
    let text = |name: &str| event.body.get(name).and_then(serde_json::Value::as_str);
    if let (Some(review_id), Some(stage)) = (text("review_id"), text("stage")) {
        let row = model.queue.rows.iter_mut().find(|row| *row.review_id == *review_id);
        if let Some(row) = row.filter(|_| matches!(stage, "published" | "rejected" | "withdrawn")) {
            row.turn = Turnstile::Gone { how: stage.into() };
        }
    }
    model.queue.changed(now);
}

/// Takes what came of a bulk request: failures are listed by name, rows that succeeded are unmarked.
pub fn take_bulk(model: &mut Model, answer: Answer<Vec<BulkResult>>) -> Vec<Effect> {
    let results = match answer {
        Ok(results) => results,
        Err(failure) => {
            model.warn(failure.text);
            return Vec::new();
        }
    };
    let done = results.iter().filter(|result| result.status < 300).count();
    let mut lines = vec![format!("{done} of {} done.", results.len())];
    for result in &results {
        if result.status < 300 {
            model.queue.marked.remove(result.review_id.as_str());
            continue;
        }
        let title = model.queue.row(&result.review_id).map_or_else(|| result.review_id.clone(), Row::title);
        let why = result.problem.as_ref().map_or("refused", |problem| problem.detail.as_str());
        lines.push(format!("{title}: {}", visible(why)));
    }
    if done == results.len() {
        model.tell(lines.remove(0));
    } else {
        model.overlay = Overlay::Message { title: "Bulk result".to_owned(), lines, top: 0 };
    }
    read_again(model)
}

/// Sends the chosen bulk action for all marked rows.
pub fn send_bulk(model: &mut Model, choice: usize) -> Vec<Effect> {
    let Some((_, action)) = BULK.get(choice) else { return Vec::new() };
    let marked = &model.queue.marked;
    let items = model.queue.rows.iter().filter(|row| marked.contains(&row.review_id)).take(BULK_ITEMS_MAX);
    let items: Vec<BulkItem> = items
        .map(|row| BulkItem {
            review_id: row.review_id.to_string(),
            etag: None,
            action: (*action).to_owned(),
            sha256: None,
            reason: None,
            feedback: None,
        })
        .collect();
    if items.is_empty() { Vec::new() } else { vec![Effect::Bulk(items)] }
}

/// Shows the chosen view.
pub fn show_view(model: &mut Model, choice: usize) -> Vec<Effect> {
    let Some((_, text)) = VIEWS.get(choice) else { return Vec::new() };
    filter(model, (*text).to_owned())
}

/// Opens what was claimed, or says why not; the list is read again either way.
pub fn take_turn(
    model: &mut Model,
    turn: Turn,
    review_id: Option<&str>,
    answer: Answer<Option<Box<QueueItem>>>,
) -> Vec<Effect> {
    let mut effects = if turn == Turn::Renew { Vec::new() } else { read_again(model) };
    match answer {
        Ok(Some(item)) => {
            model.queue.renew(&item);
            match turn {
                Turn::ClaimNext => effects.extend(review::update::open(model, &item.review_id)),
                Turn::Claim => model.tell(format!("{} {} is yours", item.slug, item.number)),
                Turn::Release => model.tell(format!("{} {} is free again", item.slug, item.number)),
                Turn::Renew => {}
            }
        }
        Ok(None) => model.tell("Nothing is free to claim with this filter".to_owned()),
        Err(failure) => model.warn(failure.text),
    }
    if review_id.is_some() && model.review.id() == review_id {
        effects.extend(review::update::read_again(model));
    }
    effects
}

fn first_page(queue: &Queue) -> Effect {
    Effect::LoadQueue { generation: queue.generation, query: queue.filter.clone(), cursor: None }
}

fn turn_of_selected(model: &mut Model, turn: Turn) -> Vec<Effect> {
    let row = match model.screen {
        ScreenName::Queue => model.queue.selected(),
        ScreenName::Review | ScreenName::Sandbox | ScreenName::Sales => None,
    };
    let Some(row) = row else { return Vec::new() };
    let review_id = Some(row.review_id.to_string());
    vec![Effect::Turn { turn, review_id, query: None }]
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let (len, height) = (model.queue.rows.len(), model.list_rows());
    let queue = &mut model.queue;
    let Some(id) = queue.selected().map(|row| row.review_id.clone()) else { return Vec::new() };
    if !queue.marked.remove(&id) {
        if queue.marked.len() >= BULK_ITEMS_MAX {
            model.warn(format!("At most {BULK_ITEMS_MAX} rows can be marked"));
            return Vec::new();
        }
        queue.marked.insert(id);
    }
    ListState::go(&mut model.queue.list, crate::console::widgets::list::Motion::Down, len, height);
    Vec::new()
}

fn ask_bulk(model: &mut Model) -> Vec<Effect> {
    let count = model.queue.marked.len();
    if count == 0 {
        let (mark, all) = (model.key(Action::Mark), model.key(Action::MarkAll));
        model.tell(format!("Mark rows first: {mark} marks the row under the cursor, {all} all"));
        return Vec::new();
    }
    model.overlay = Overlay::Choice(Choice {
        title: "Bulk".to_owned(),
        text: vec![format!("{count} marked submission{}", if count == 1 { "" } else { "s" })],
        choices: BULK.iter().map(|(text, _)| (*text).to_owned()).collect(),
        cursor: 0,
        of: ChoiceOf::Bulk,
    });
    Vec::new()
}

fn ask_view(model: &mut Model) {
    let open = VIEWS.iter().position(|(_, filter)| *filter == model.queue.filter);
    let choices = VIEWS.iter().map(|(name, filter)| {
        let filter = if filter.is_empty() { "everything that waits" } else { filter };
        format!("{name:<10} {filter}")
    });
    model.overlay = Overlay::Choice(Choice {
        title: "Views".to_owned(),
        text: Vec::new(),
        choices: choices.collect(),
        cursor: open.unwrap_or(0),
        of: ChoiceOf::View,
    });
}
