//! A reason that is written before something is done: kept on disk as it is typed, checked, and handed on.

use super::action::Action;
use super::drafts::Draft;
use super::effect::Effect;
use super::model::Model;
use super::overlay::{Overlay, ReasonOf, ReasonText};
use super::screens::review::writing;
use super::screens::{extensions, policy};
use super::widgets::editor::Editor;
use crate::domain::limits::REASON_CHARS_MAX;

/// Opens the editor for a reason, with what was written for the same before.
pub fn open(model: &mut Model, title: String, hint: &str, draft: String, of: ReasonOf) {
    let kept = model.drafts.iter().find(|known| known.key == draft);
    let text = kept.map_or("", |draft| draft.text.as_str());
    let editor = Editor::holding(text, hint, &model.theme);
    let hint = hint.to_owned();
    let reason = ReasonText { editor, title, hint, draft, save_at: None, fault: None, of };
    model.overlay = Overlay::Reason(Box::new(reason));
}

/// Takes a key of the editor that is an action.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Cancel => {
            let Some(draft) = draft(model) else { return Vec::new() };
            model.overlay = Overlay::None;
            writing::keep(model, draft)
        }
        Action::Send => send(model),
        _ => Vec::new(),
    }
}

/// Writes the draft when its time has come.
pub fn save_when_due(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Reason(reason) = &mut model.overlay else { return Vec::new() };
    if reason.save_at.is_none_or(|at| at > now) {
        return Vec::new();
    }
    reason.save_at = None;
    draft(model).map(|draft| writing::keep(model, draft)).unwrap_or_default()
}

/// The text as a draft on disk.
pub fn draft(model: &Model) -> Option<Draft> {
    let Overlay::Reason(reason) = &model.overlay else { return None };
    let (key, title, text) = (reason.draft.clone(), reason.title.clone(), reason.editor.text());
    Some(Draft { key, title, reason: None, text, at: model.now })
}

fn send(model: &mut Model) -> Vec<Effect> {
    let Overlay::Reason(reason) = &mut model.overlay else { return Vec::new() };
    let (text, chars) = (reason.editor.text(), reason.editor.chars());
    reason.fault = match chars {
        _ if text.trim().is_empty() => Some("Write something first.".to_owned()),
        _ if chars > REASON_CHARS_MAX => Some(format!("At most {REASON_CHARS_MAX} characters; these are {chars}.")),
        _ => None,
    };
    if reason.fault.is_some() {
        return Vec::new();
    }
    let of = reason.of.clone();
    let effects = draft(model).map(|draft| writing::keep(model, draft)).unwrap_or_default();
    if !model.can_send() {
        return effects;
    }
    model.overlay = Overlay::None;
    match of {
        ReasonOf::Extension(order) => {
            extensions::deed::confirm(model, extensions::order::Order { reason: text, ..*order });
            effects
        }
        ReasonOf::Policy(order) => {
            let mut effects = effects;
            effects.extend(policy::deed::plan(model, *order, text.trim().to_owned()));
            effects
        }
    }
}
