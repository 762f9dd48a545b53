//! A draft of the policy: judged with every key, kept on disk as it is typed, offered again until it is in force.

use crossterm::event::KeyEvent;
use serde_json::Value;

use super::confirm::{self, Confirm};
use super::deed;
use crate::console::action::{Action, Contexts};
use crate::console::drafts::Draft;
use crate::console::effect::Effect;
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::Overlay;
use crate::console::screens::review::writing::{forget, keep};
use crate::console::widgets::editor::Editor;
use crate::domain::policy::{Document, Format, Place, TextFault, parse};
use crate::domain::time::Timestamp;

/// A draft is written when nothing was typed for this long.
const SAVE_AFTER_MS: i64 = 300;
/// The key of the draft on disk.
pub const DRAFT: &str = "policy-draft";

/// What stands above the screen.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// The document that is written.
    Draft(Box<DraftWritten>),
    /// The question before a plan is put in force.
    Confirm(Box<Confirm>),
}

/// A document that is written.
#[derive(Clone, Debug)]
pub struct DraftWritten {
    /// The text, TOML.
    pub editor: Editor,
    /// The revision that was in force when it was opened.
    pub base: i64,
    /// What is wrong with it, each with its place.
    pub faults: Vec<TextFault>,
    /// When it is written to the disk next; nothing to write where absent.
    pub save_at: Option<Timestamp>,
    /// What has to be looked at before it is planned.
    pub notice: Option<String>,
}

impl Dialog {
    /// Which keys work while it is open.
    pub const fn contexts(&self) -> Contexts {
        match self {
            Dialog::Draft(_) => Contexts::POLICY_TEXT,
            Dialog::Confirm(_) => Contexts::LINE,
        }
    }

    /// When its draft is written next.
    pub fn save_at(&self) -> Option<Timestamp> {
        match self {
            Dialog::Draft(written) => written.save_at,
            Dialog::Confirm(_) => None,
        }
    }

    /// Its text as a draft on disk, where one is due.
    pub fn unsaved(&self, now: Timestamp) -> Option<Draft> {
        match self {
            Dialog::Draft(written) if written.save_at.is_some() => Some(written.draft(now)),
            Dialog::Draft(_) | Dialog::Confirm(_) => None,
        }
    }
}

impl DraftWritten {
    fn draft(&self, now: Timestamp) -> Draft {
        let title = format!("policy after revision {}", self.base);
        Draft { key: DRAFT.to_owned(), title, reason: None, text: self.editor.text(), at: now }
    }

    fn judge(&mut self) -> Option<Document> {
        let read = parse(&self.editor.text(), Format::Toml, Place::Global);
        self.notice = None;
        match read {
            Ok(document) => {
                self.faults.clear();
                Some(document)
            }
            Err(faults) => {
                self.faults = faults;
                None
            }
        }
    }
}

/// Opens the policy in force as a document; a kept draft goes on.
pub fn open(model: &mut Model) {
    if !deed::may_change(model) {
        return;
    }
    let Some(in_force) = model.policy.in_force.value() else {
        let why = model.policy.in_force.error().unwrap_or("it is not read yet").to_owned();
        return model.warn(format!("The policy cannot be written: {why}"));
    };
    let (base, text) = (in_force.revision.number, in_force.document.to_commented_toml());
    let kept = model.drafts.iter().find(|draft| draft.key == DRAFT).cloned();
    if kept.is_some() {
        model.tell("Your draft goes on".to_owned());
    }
    let text = kept.map_or(text, |draft| draft.text);
    let mut editor = Editor::numbered(&text, &model.theme);
    editor.go(1, 1);
    let mut written = DraftWritten { editor, base, faults: Vec::new(), save_at: None, notice: None };
    written.judge();
    model.overlay = Overlay::Policy(Dialog::Draft(Box::new(written)));
}

/// Shows the screen for a draft that was kept; nothing where it is no draft of the policy.
pub fn resume(model: &mut Model, draft: &Draft) -> Option<Vec<Effect>> {
    if draft.key != DRAFT && !draft.key.starts_with("policyreason-") {
        return None;
    }
    model.screen = ScreenName::Policy;
    let edit = model.key(Action::PolicyEdit);
    model.tell(format!("Your draft of the policy is here: {edit} goes on with it"));
    Some(super::update::read_again(model))
}

/// Takes a key.
pub fn press(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let now = model.now;
    let written = match &mut model.overlay {
        Overlay::Policy(Dialog::Draft(written)) => written,
        Overlay::Policy(Dialog::Confirm(_)) => return confirm::press(model, key, action),
        _ => return Vec::new(),
    };
    match action {
        Some(Action::Send) => send(model),
        Some(Action::NextFault) => {
            go_to_fault(written);
            Vec::new()
        }
        Some(Action::PolicyFresh) => start_anew(model),
        Some(Action::Cancel) => {
            let draft = written.save_at.map(|_| written.draft(now));
            model.overlay = Overlay::None;
            draft.map(|draft| keep(model, draft)).unwrap_or_default()
        }
        Some(_) => Vec::new(),
        None => {
            if written.editor.key(key) {
                written.judge();
                written.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
            }
            Vec::new()
        }
    }
}

/// Puts pasted text where text is typed.
pub fn paste(model: &mut Model, text: &str) {
    let now = model.now;
    match &mut model.overlay {
        Overlay::Policy(Dialog::Draft(written)) => {
            written.editor.insert(text);
            written.judge();
            written.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
        }
        Overlay::Policy(Dialog::Confirm(confirm)) => confirm.input.insert(text),
        _ => {}
    }
}

/// Writes the draft when its time has come.
pub fn save_when_due(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Policy(Dialog::Draft(written)) = &mut model.overlay else { return Vec::new() };
    if written.save_at.is_none_or(|at| at > now) {
        return Vec::new();
    }
    written.save_at = None;
    let draft = written.draft(now);
    keep(model, draft)
}

/// Lets go of the draft, since it is in force.
pub fn done(model: &mut Model) -> Vec<Effect> {
    let keys: Vec<String> = (model.drafts.iter())
        .filter(|draft| draft.key == DRAFT || draft.key.starts_with("policyreason-"))
        .map(|draft| draft.key.clone())
        .collect();
    keys.iter().flat_map(|key| forget(model, key)).collect()
}

fn send(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Policy(Dialog::Draft(written)) = &mut model.overlay else { return Vec::new() };
    let Some(document) = written.judge() else {
        go_to_fault(written);
        return Vec::new();
    };
    let value: Value = match serde_json::to_value(document.to_json()) {
        Ok(value) => value,
        Err(error) => {
            written.notice = Some(error.to_string());
            return Vec::new();
        }
    };
    written.save_at = None;
    let draft = written.draft(now);
    let in_force = model.policy.in_force.value();
    if in_force.is_some_and(|in_force| in_force.document == document) {
        let Overlay::Policy(Dialog::Draft(written)) = &mut model.overlay else { return Vec::new() };
        written.notice = Some("This is what is in force: change something first.".to_owned());
        return Vec::new();
    }
    let effects = keep(model, draft);
    deed::ask_draft_reason(model, value);
    effects
}

/// Goes to the first fault after the cursor, or to the first of all.
fn go_to_fault(written: &mut DraftWritten) {
    let (line, column) = written.editor.cursor();
    let places = written.faults.iter().map(|fault| (fault.line, fault.column));
    let after = places.clone().filter(|place| *place > (line, column)).min();
    if let Some((line, column)) = after.or_else(|| places.min()) {
        written.editor.go(line, column);
    }
}

/// Begins with what is in force again; what was typed is let go of on a second press only.
fn start_anew(model: &mut Model) -> Vec<Effect> {
    let key = model.key(Action::PolicyFresh);
    let Overlay::Policy(Dialog::Draft(written)) = &mut model.overlay else { return Vec::new() };
    let question = format!("This lets go of what you typed. {key} once more does it; any other key goes on.");
    if written.notice.as_deref() != Some(question.as_str()) {
        written.notice = Some(question);
        return Vec::new();
    }
    model.overlay = Overlay::None;
    let effects = forget(model, DRAFT);
    open(model);
    effects
}
