//! Decisions: asked, written, confirmed in numbers, held back for five seconds, sent, and kept when they cannot be.

use super::{changes, writing};
use crate::api::reviews::{Decided, Review};
use crate::console::action::Action;
use crate::console::drafts::Draft;
use crate::console::effect::{Decision, Effect};
use crate::console::event::{Answer, Failure, Verb};
use crate::console::model::{Model, UNDO_MS};
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::screens::queue;
use crate::console::widgets::gauge;
use crate::domain::extension::ReasonCode;
use crate::domain::text::{shorten, visible};

/// Asks whether to approve, in numbers.
pub fn approve(model: &mut Model) -> Vec<Effect> {
    let Some(decision) = decision(model, Verb::Approve) else { return Vec::new() };
    let Some(review) = model.review.review.value() else { return Vec::new() };
    let second = review.item.approvals_needed > 1 && review.item.first_approval_by.is_none();
    let mut text = if second {
        vec![format!("{} gets the first of two approvals; another maintainer gives the second.", decision.title)]
    } else {
        vec![format!("{} is published: every server can install it from now on.", decision.title)]
    };
    text.extend(numbers(review));
    ask(model, "Approve?", text, ["Approve", "Not yet"], decision);
    Vec::new()
}

/// Asks for the reason of a rejection, with which the editor opens.
pub fn reject(model: &mut Model) -> Vec<Effect> {
    if decision(model, Verb::Reject).is_none() {
        return Vec::new();
    }
    if let Some(draft) = writing::kept(model, Verb::Reject) {
        writing::resume(model, draft);
        return Vec::new();
    }
    model.overlay = Overlay::Choice(Choice {
        title: "Reject: for which reason?".to_owned(),
        text: Vec::new(),
        choices: ReasonCode::ALL.iter().map(|code| format!("{:<17} {}", code.name(), code.description())).collect(),
        cursor: 0,
        of: ChoiceOf::Reason,
    });
    Vec::new()
}

/// Opens the editor for a note.
pub fn note(model: &mut Model) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    let draft = writing::kept(model, Verb::Note);
    writing::write(model, Verb::Note, None, draft.as_ref());
    Vec::new()
}

/// Asks which finding is not a problem.
pub fn dismiss(model: &mut Model) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    let findings = model.review.review.value().map(|review| review.checks.findings.as_slice()).unwrap_or_default();
    let open: Vec<_> =
        findings.iter().filter(|finding| finding.dismissed_by.is_none() && !finding.id.is_empty()).collect();
    if open.is_empty() {
        model.tell("There is no finding to dismiss".to_owned());
        return Vec::new();
    }
    model.overlay = Overlay::Choice(Choice {
        title: "Not a problem: which finding?".to_owned(),
        text: Vec::new(),
        choices: open.iter().map(|finding| visible(&format!("{}: {}", finding.rule, finding.message)).into()).collect(),
        cursor: 0,
        of: ChoiceOf::Finding(open.iter().map(|finding| (finding.id.clone(), finding.rule.clone())).collect()),
    });
    Vec::new()
}

/// Opens the editor for why a finding is not a problem.
pub fn choose_finding(model: &mut Model, finding: Option<(String, String)>) {
    let Some((id, rule)) = finding else { return };
    let draft = writing::kept(model, Verb::Dismiss);
    writing::write(model, Verb::Dismiss, None, draft.as_ref());
    if let Overlay::Editor(writing) = &mut model.overlay {
        writing.title = format!("{} of {}", visible(&rule), writing.title);
        writing.finding = Some(id);
    }
}

/// Opens the editor for a rejection of that reason.
pub fn choose_reason(model: &mut Model, choice: usize) {
    let Some(reason) = ReasonCode::ALL.get(choice) else { return };
    writing::write(model, Verb::Reject, Some(*reason), None);
}

/// Holds the decision back for the time in which it can be taken back; its draft is on disk from now on.
pub fn hold(model: &mut Model, mut decision: Decision) -> Vec<Effect> {
    if !model.can_send() {
        return Vec::new();
    }
    decision.send_at = model.now.plus_ms(UNDO_MS);
    let draft = Draft {
        key: decision.draft.clone(),
        title: format!("{} {}", decision.verb.name(), decision.title),
        reason: decision.reason.clone(),
        text: decision.text.clone(),
        at: model.now,
    };
    // A second decision while one is held back: the first one has been meant, it goes now.
    let mut effects: Vec<Effect> = model.undo.take().map(|first| Effect::Decide(Box::new(first))).into_iter().collect();
    effects.extend(writing::keep(model, draft));
    model.undo = Some(decision);
    effects
}

/// Sends what was held back when its time has come.
pub fn send_when_due(model: &mut Model) -> Vec<Effect> {
    match model.undo.take() {
        Some(decision) if decision.send_at <= model.now => vec![Effect::Decide(Box::new(decision))],
        waiting => {
            model.undo = waiting;
            Vec::new()
        }
    }
}

/// Takes back what was held back; a rejection's text opens again.
pub fn undo(model: &mut Model) -> Vec<Effect> {
    let Some(decision) = model.undo.take() else {
        model.tell("There is nothing to take back".to_owned());
        return Vec::new();
    };
    model.tell(format!("Not sent: {} {}", decision.verb.name(), decision.title));
    if decision.verb == Verb::Reject {
        return Vec::new();
    }
    writing::forget(model, &decision.draft)
}

/// Takes what came of a decision. A refused one keeps its text and says what changed.
pub fn take(
    model: &mut Model,
    review_id: &str,
    verb: Verb,
    draft: Option<&str>,
    answer: Answer<Option<Decided>>,
) -> Vec<Effect> {
    let title = model.queue.row(review_id).map_or_else(String::new, queue::Row::title);
    let mut effects = Vec::new();
    match answer {
        Ok(decided) => {
            let what = match (verb, decided) {
                (Verb::Note, _) => "The note is written".to_owned(),
                (Verb::Dismiss, _) => {
                    "The finding is dismissed for this and later versions with the same code".to_owned()
                }
                (_, Some(decided)) if decided.approvals_missing > 0 => {
                    format!("{title}: approved; {} more approval is needed", decided.approvals_missing)
                }
                (_, Some(decided)) => format!("{title} is {}", visible(&decided.stage)),
                (verb, None) => format!("{title}: {} done", verb.name()),
            };
            model.tell(what);
            if let Some(draft) = draft {
                effects.extend(writing::forget(model, draft));
            }
        }
        Err(failure) => refused(model, verb, &title, &failure),
    }
    if model.review.id() == Some(review_id) {
        effects.extend(super::update::read_again(model));
    }
    effects.extend(queue::update::read_again(model));
    effects
}

fn refused(model: &mut Model, verb: Verb, title: &str, failure: &Failure) {
    if failure.changed.is_empty() && failure.status != Some(412) {
        model.warn(format!("{} {title} was not done: {}", verb.name(), failure.text));
        return;
    }
    let then = "Your text is kept. The review is read again; look at it and decide again.";
    model.overlay = Overlay::it_changed(&format!("{} {title}", verb.name()), &failure.changed, then);
}

/// The decision as it would be sent for what is shown now; says why there can be none.
pub(super) fn decision(model: &mut Model, verb: Verb) -> Option<Decision> {
    if !model.can_send() {
        return None;
    }
    let review = model.review.review.value()?;
    let problem = if review.open {
        (!model.review.is_claimed_by(model.my_name(), model.now))
            .then(|| format!("Claim it first: {} claims it", model.key(Action::Claim)))
    } else {
        Some("This review has ended".to_owned())
    };
    let decision = Decision {
        verb,
        review_id: review.id.clone(),
        title: format!("{} {}", visible(&review.item.slug), visible(&review.item.number)),
        revision: review.revision,
        sha256: review.version.sha256.clone(),
        reason: None,
        finding: None,
        text: String::new(),
        draft: writing::draft_key(verb, &review.id),
        send_at: model.now,
    };
    if let Some(problem) = problem {
        model.tell(problem);
        return None;
    }
    Some(decision)
}

pub(super) fn ask(model: &mut Model, title: &str, text: Vec<String>, choices: [&str; 2], decision: Decision) {
    model.overlay = Overlay::Choice(Choice {
        title: title.to_owned(),
        text,
        choices: choices.map(str::to_owned).to_vec(),
        cursor: 0,
        of: ChoiceOf::Decide(Box::new(decision)),
    });
}

/// What an approval rests on, in numbers.
fn numbers(review: &Review) -> Vec<String> {
    let mut lines = Vec::new();
    let gained = changes::gained(review);
    let declared = review.scopes.declared.len();
    lines.push(match (review.published.is_some(), gained.is_empty()) {
        (false, _) => format!("First version, {declared} scopes, risk {}.", review.item.risk),
        (true, true) => format!("{declared} scopes, none of them new."),
        (true, false) => format!("{} new of {declared} scopes: {}.", gained.len(), visible(&gained.join(", "))),
    });
    lines.push(format!(
        "Findings: {}. Code: {}, SHA-256 {}.",
        changes::severities(&review.checks.findings),
        gauge::bytes(review.version.bytes),
        shorten(&visible(&review.version.sha256), 17)
    ));
    lines
}
