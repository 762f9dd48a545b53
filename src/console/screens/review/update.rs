//! What keys and answers do to the open review.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Part, ReviewScreen, decide, view, writing};
use crate::api::events::LiveEvent;
use crate::api::reviews::Review;
use crate::console::action::Action;
use crate::console::effect::{CodeOf, Effect, RunRequest};
use crate::console::event::{Answer, CodePair, RunSlot, Turn};
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::remote::Remote;
use crate::console::widgets::diff;
use crate::console::widgets::list::{ListState, Motion};
use crate::domain::kind::Kind;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::time::Timestamp;
use crate::sandbox::{Event as SandboxEvent, Report};

/// Shows a review; one that is open already stays as it was and is read again.
pub fn open(model: &mut Model, review_id: &str) -> Vec<Effect> {
    model.screen = ScreenName::Review;
    if model.review.id() != Some(review_id) {
        model.review = ReviewScreen::show(review_id.to_owned());
    }
    read_again(model)
}

/// Reads the open review again; what is shown stays until it is here.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let Some(review_id) = model.review.id().map(str::to_owned) else { return Vec::new() };
    model.review.review.ask();
    vec![Effect::LoadReview { review_id }]
}

/// Does what a key of the review means.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::NextChange => go_change(model, Ordering::Greater),
        Action::PreviousChange => go_change(model, Ordering::Less),
        Action::Claim => turn(model, Turn::Claim),
        Action::Release => turn(model, Turn::Release),
        Action::Approve => decide::approve(model),
        Action::Reject => decide::reject(model),
        Action::Note => decide::note(model),
        Action::Dismiss => decide::dismiss(model),
        Action::DryRun => run(model),
        Action::DryRunEvent => {
            ask_event(model);
            Vec::new()
        }
        Action::Refresh => read_again(model),
        Action::Back => {
            model.screen = ScreenName::Queue;
            Vec::new()
        }
        Action::Copy => {
            let sha256 = model.review.review.value().map(|review| review.version.sha256.clone());
            sha256.map(Effect::Copy).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Scrolls the open part.
pub fn scroll(model: &mut Model, motion: Motion) {
    let area = view::part_area(crate::console::view::body(model));
    let len = view::len(model, area.width);
    let shown = usize::from(area.height);
    let most = len.saturating_sub(shown);
    let mut state = ListState { cursor: model.review.top().min(most), top: 0 };
    state.go(motion, most + 1, area.height);
    model.review.tops[model.review.part as usize] = state.cursor;
}

/// Takes a review. A claim of the caller's is renewed when a third of what is left has passed.
pub fn take(model: &mut Model, review_id: &str, answer: Answer<Box<Review>>) -> Vec<Effect> {
    if model.review.id() != Some(review_id) {
        return Vec::new();
    }
    let now = model.now;
    let read_before = model.review.review.value().map(|review| review.version.sha256.clone());
    if let Ok(review) = &answer {
        model.queue.renew(&review.item);
        if read_before.is_some_and(|sha256| sha256 != review.version.sha256) {
            model.review.code = Remote::Absent;
            model.review.run_new = Remote::Absent;
        }
    }
    model.review.review.answer(answer.map(|review| *review).map_err(|failure| failure.text), now);
    plan_renewal(model);
    let mut effects = Vec::new();
    if let Some(draft) = model.review.resume.take() {
        writing::resume(model, draft);
    }
    if model.review.part == Part::Code || model.review.run_when_read {
        effects.extend(read_code(model));
    }
    effects
}

/// Takes both codes; a run that waited for them starts.
pub fn take_code(model: &mut Model, review_id: &str, answer: Answer<Arc<CodePair>>) -> Vec<Effect> {
    if model.review.id() != Some(review_id) {
        return Vec::new();
    }
    let now = model.now;
    model.review.code.answer(answer.map_err(|failure| failure.text), now);
    if !std::mem::take(&mut model.review.run_when_read) {
        return Vec::new();
    }
    if let Some(error) = model.review.code.error() {
        model.review.run_new = Remote::Failed { error: error.to_owned(), at: now };
        return Vec::new();
    }
    run(model)
}

/// Takes a report.
pub fn take_run(model: &mut Model, slot: &RunSlot, answer: Answer<Arc<Report>>) {
    let now = model.now;
    let (id, remote) = match slot {
        RunSlot::Reviewed(id) => (id, &mut model.review.run_new),
        RunSlot::Published(id) => (id, &mut model.review.run_old),
        RunSlot::Sandbox(_) => return,
    };
    if model.review.review_id.as_deref() == Some(id.as_str()) {
        remote.answer(answer.map_err(|failure| failure.text), now);
    }
}

/// Takes what somebody else did to the open review: it is read again, and said.
pub fn take_live(model: &mut Model, event: &LiveEvent) -> Vec<Effect> {
    let text = |name: &str| event.body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    if model.review.id().is_none() || model.review.id() != Some(text("review_id")) {
        return Vec::new();
    }
    if text("by") != model.my_name() && !text("by").is_empty() && text("action") != "renew" {
        model.tell(format!("{}: {}", text("by"), text("action").replace('_', " ")));
    }
    read_again(model)
}

/// Renews the claim when it is time.
pub fn renew_when_due(model: &mut Model) -> Vec<Effect> {
    let due = model.review.renew_at.is_some_and(|at| at <= model.now);
    if !due {
        return Vec::new();
    }
    model.review.renew_at = None;
    if model.screen == ScreenName::Review && model.review.is_claimed_by(model.my_name(), model.now) {
        turn(model, Turn::Renew)
    } else {
        Vec::new()
    }
}

/// Chooses the event and runs again.
pub fn choose_event(model: &mut Model, choice: usize) -> Vec<Effect> {
    model.review.kind = kinds(model).get(choice).copied();
    run(model)
}

/// Shows a part; the code is read when it is first asked for.
pub fn show_part(model: &mut Model, part: Part) -> Vec<Effect> {
    model.review.part = part;
    if part == Part::Code { read_code(model) } else { Vec::new() }
}

fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    let part = Part::ALL[(model.review.part as usize + step) % Part::ALL.len()];
    show_part(model, part)
}

fn go_change(model: &mut Model, direction: Ordering) -> Vec<Effect> {
    let effects = if model.review.part == Part::Code { Vec::new() } else { show_part(model, Part::Code) };
    let top = model.review.tops[Part::Code as usize];
    if let Some(row) = model.review.code.value().and_then(|pair| diff::next_hunk(&pair.rows, top, direction)) {
        model.review.tops[Part::Code as usize] = row;
    }
    effects
}

fn read_code(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.review;
    let (Some(review), None) = (screen.review.value(), screen.code.value()) else { return Vec::new() };
    if matches!(screen.code, Remote::Loading) {
        return Vec::new();
    }
    let code = |version: &crate::api::versions::Version| CodeOf {
        extension_id: version.extension_id.clone(),
        number: version.number.clone(),
        sha256: version.sha256.clone(),
        runtime: version.runtime.clone(),
    };
    let effect = Effect::LoadCode {
        review_id: review.id.clone(),
        new: code(&review.version),
        old: review.published.as_ref().map(code),
    };
    screen.code = Remote::Loading;
    vec![effect]
}

/// Runs both versions with the chosen event; without the code, that is read first.
fn run(model: &mut Model) -> Vec<Effect> {
    model.review.part = Part::Run;
    let Some(pair) = model.review.code.value().cloned() else {
        model.review.run_when_read = true;
        model.review.run_new = Remote::Loading;
        if model.review.code.error().is_some() {
            model.review.code = Remote::Absent;
        }
        return read_code(model);
    };
    let screen = &mut model.review;
    let (Some(review), Some(kind)) = (screen.review.value(), screen.run_kind()) else { return Vec::new() };
    let id = review.id.clone();
    let mut effects = Vec::new();
    let request = |slot, code: Arc<[u8]>, version: &crate::api::versions::Version| {
        Effect::Run(Box::new(RunRequest {
            slot,
            code,
            event: SandboxEvent::template(kind, trigger(&version.manifest, kind).as_deref()),
            scopes: scope_set(&version.scopes),
            timeout_ms: version.manifest.get("timeout").and_then(serde_json::Value::as_u64),
        }))
    };
    effects.push(request(RunSlot::Reviewed(id.clone()), Arc::clone(&pair.new), &review.version));
    if let (Some(old), Some(version)) = (&pair.old, &review.published) {
        effects.push(request(RunSlot::Published(id), Arc::clone(old), version));
    }
    screen.run_new = Remote::Loading;
    screen.run_old = Remote::Absent;
    effects
}

/// The command's key, the keyword or the gateway event that a manifest names.
pub fn trigger(manifest: &serde_json::Value, kind: Kind) -> Option<String> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    match kind {
        Kind::Command | Kind::Slash => manifest.get("key").and_then(text),
        Kind::Keyword => manifest.get("keywords").and_then(|words| words.get(0)).and_then(text),
        Kind::Event => manifest.get("event").and_then(text),
        Kind::Timer => None,
    }
}

fn scope_set(names: &[String]) -> ScopeSet {
    names.iter().filter_map(|name| name.parse::<Scope>().ok()).fold(ScopeSet::EMPTY, ScopeSet::with)
}

fn kinds(model: &Model) -> Vec<Kind> {
    let kinds = model.review.review.value().map(|review| review.version.kinds.as_slice()).unwrap_or_default();
    kinds.iter().filter_map(|kind| kind.parse().ok()).collect()
}

fn ask_event(model: &mut Model) {
    let kinds = kinds(model);
    let cursor = kinds.iter().position(|kind| Some(*kind) == model.review.run_kind()).unwrap_or(0);
    model.overlay = Overlay::Choice(Choice {
        title: "Event to run".to_owned(),
        text: Vec::new(),
        choices: kinds.iter().map(|kind| format!("{:<9} calls {}", kind.name(), kind.handler())).collect(),
        cursor,
        of: ChoiceOf::EventKind,
    });
}

fn turn(model: &mut Model, turn: Turn) -> Vec<Effect> {
    if turn != Turn::Renew && !model.can_send() {
        return Vec::new();
    }
    let Some(review) = model.review.review.value() else { return Vec::new() };
    let review_id = Some(review.id.clone());
    vec![Effect::Turn { turn, review_id, query: None }]
}

fn plan_renewal(model: &mut Model) {
    let mine = model.review.is_claimed_by(model.my_name(), model.now);
    let left = model.review.lease_until().map_or(0, |until: Timestamp| until.since_ms(model.now));
    model.review.renew_at = (mine && left > 0).then(|| model.now.plus_ms((left / 3).max(1_000)));
}
