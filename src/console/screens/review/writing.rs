//! Texts: written in the editor, kept on disk as they are typed, checked, and handed on to a decision.

use super::decide;
use crate::console::action::Action;
use crate::console::drafts::Draft;
use crate::console::effect::{Decision, Effect};
use crate::console::event::Verb;
use crate::console::model::Model;
use crate::console::overlay::{Overlay, Writing};
use crate::console::widgets::editor::Editor;
use crate::domain::extension::{ReasonCode, feedback_template};
use crate::domain::limits::{FEEDBACK_CHARS_MAX, REASON_CHARS_MAX};
use crate::domain::text::visible;

/// Opens a kept draft over the review that it belongs to.
pub fn resume(model: &mut Model, draft: Draft) {
    let reason = draft.reason.as_deref().and_then(|reason| reason.parse().ok());
    match draft.key.split('-').next() {
        Some("reject") => write(model, Verb::Reject, reason.or(Some(ReasonCode::Other)), Some(&draft)),
        Some("note") => write(model, Verb::Note, None, Some(&draft)),
        Some("dismiss") => drop(decide::dismiss(model)),
        _ => model.tell("An approval of this was not sent; approve again if it still stands".to_owned()),
    }
}

/// Takes a key of the editor that is an action.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Editor(writing) = &mut model.overlay else { return Vec::new() };
    match action {
        Action::Template => {
            if let Some(reason) = writing.reason {
                writing.editor.insert(feedback_template(reason));
                writing.save_at = Some(now);
            }
            Vec::new()
        }
        Action::Cancel => {
            let draft = writing.draft(now);
            model.overlay = Overlay::None;
            keep(model, draft)
        }
        Action::Send => send(model),
        _ => Vec::new(),
    }
}

/// Writes the draft when its time has come.
pub fn save_when_due(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Editor(writing) = &mut model.overlay else { return Vec::new() };
    if writing.save_at.is_none_or(|at| at > now) {
        return Vec::new();
    }
    writing.save_at = None;
    let draft = writing.draft(now);
    keep(model, draft)
}

pub(super) fn write(model: &mut Model, verb: Verb, reason: Option<ReasonCode>, draft: Option<&Draft>) {
    let Some(review) = model.review.review.value() else { return };
    let template = model.key(Action::Template);
    let hint = match verb {
        Verb::Reject => &format!("What has to change? The author reads this. {template} puts in a template."),
        Verb::Dismiss => "Why is it not a problem? It is not asked again for later versions with the same code.",
        Verb::Approve | Verb::Note => "A note that the author and other reviewers can read.",
    };
    let text = draft.map_or("", |draft| draft.text.as_str());
    let writing = Writing {
        editor: Editor::holding(text, hint, &model.theme),
        verb,
        review_id: review.id.clone(),
        title: format!("{} {}", visible(&review.item.slug), visible(&review.item.number)),
        reason,
        finding: None,
        draft: draft_key(verb, &review.id),
        save_at: None,
        fault: None,
    };
    model.overlay = Overlay::Editor(Box::new(writing));
}

pub(super) fn kept(model: &Model, verb: Verb) -> Option<Draft> {
    let key = draft_key(verb, model.review.id()?);
    model.drafts.iter().find(|draft| draft.key == key).cloned()
}

/// Keeps a draft on disk and in the model; an empty one is removed.
pub fn keep(model: &mut Model, draft: Draft) -> Vec<Effect> {
    let is_approval = draft.key.starts_with("approve-");
    if draft.text.trim().is_empty() && !is_approval {
        return forget(model, &draft.key);
    }
    model.drafts.retain(|known| known.key != draft.key);
    model.drafts.insert(0, draft.clone());
    vec![Effect::SaveDraft(draft)]
}

/// Removes a draft from disk and from the model.
pub fn forget(model: &mut Model, key: &str) -> Vec<Effect> {
    model.drafts.retain(|known| known.key != key);
    vec![Effect::RemoveDraft(key.to_owned())]
}

pub(super) fn draft_key(verb: Verb, review_id: &str) -> String {
    let plain: String = review_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    format!("{}-{plain}", verb.name())
}

fn send(model: &mut Model) -> Vec<Effect> {
    let Overlay::Editor(writing) = &mut model.overlay else { return Vec::new() };
    let (text, chars) = (writing.editor.text(), writing.editor.chars());
    writing.fault = match chars {
        _ if text.trim().is_empty() => Some("Write something first.".to_owned()),
        _ if chars > chars_max(writing.verb) => {
            Some(format!("At most {} characters; these are {chars}.", chars_max(writing.verb)))
        }
        _ => None,
    };
    if writing.fault.is_some() {
        return Vec::new();
    }
    let (verb, reason, draft) = (writing.verb, writing.reason, writing.draft(model.now));
    let finding = writing.finding.clone();
    let (review_id, title) = (writing.review_id.clone(), writing.title.clone());
    let mut effects = keep(model, draft);
    if !model.can_send() {
        return effects;
    }
    model.overlay = Overlay::None;
    if matches!(verb, Verb::Note | Verb::Dismiss) {
        let send_at = model.now;
        let draft = draft_key(verb, &review_id);
        let (revision, sha256) = (0, String::new());
        effects.push(Effect::Decide(Box::new(Decision {
            verb,
            review_id,
            title,
            revision,
            sha256,
            reason: None,
            finding,
            text,
            draft,
            send_at,
        })));
        return effects;
    }
    let Some(decision) = decide::decision(model, verb) else { return effects };
    let decision = Decision { reason: reason.map(|reason| reason.name().to_owned()), text, ..decision };
    let author = model.review.review.value().map_or_else(String::new, |review| review.item.author.clone());
    let about = vec![
        format!("{} goes back to {} as rejected.", decision.title, visible(&author)),
        format!(
            "Reason {}; {chars} characters of feedback are sent. The number {} is spent: the author needs a new version.",
            reason.map_or("other", ReasonCode::name),
            decision.title.rsplit(' ').next().unwrap_or_default()
        ),
    ];
    decide::ask(model, "Reject?", about, ["Reject", "Go on writing"], decision);
    effects
}

/// The most characters that the server takes.
const fn chars_max(verb: Verb) -> usize {
    match verb {
        Verb::Dismiss => REASON_CHARS_MAX,
        Verb::Approve | Verb::Reject | Verb::Note => FEEDBACK_CHARS_MAX,
    }
}
