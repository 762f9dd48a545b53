//! What the screen opens above itself: the filter, the slug to install, scopes to choose, a reason, a document.

use crossterm::event::KeyEvent;
use serde_json::Value;

use super::ask::Ask;
use super::deed::{Deed, Order, draft_key};
use super::{act, update};
use crate::api::installations::Config;
use crate::console::action::{Action, Contexts};
use crate::console::drafts::Draft;
use crate::console::effect::Effect;
use crate::console::model::Model;
use crate::console::overlay::Overlay;
use crate::console::widgets::editor::Editor;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::{ListState, Motion};
use crate::domain::filter::{Filter, SERVERS};
use crate::domain::json::Json;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::policy::{Document, Place};
use crate::domain::text::visible;
use crate::domain::time::Timestamp;

/// A draft is written, and judged, when nothing was typed for this long.
const SAVE_AFTER_MS: i64 = 300;
/// Rows that a page of scopes is.
const PAGE_ROWS: u16 = 8;

/// What stands above the screen.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// The filter of the servers.
    Filter {
        /// What was typed.
        input: LineInput,
        /// What is wrong with it.
        fault: Option<String>,
    },
    /// The slug of the extension to install.
    Slug {
        /// What was typed.
        input: LineInput,
        /// The server it is installed on.
        server_id: String,
    },
    /// Scopes to choose from.
    Scopes(Box<ScopesToChoose>),
    /// Why something is done.
    Reason(Box<ReasonAsked>),
    /// A document.
    Document(Box<DocumentWritten>),
}

/// Scopes to choose from, and what is done with the marked ones.
#[derive(Clone, Debug)]
pub struct ScopesToChoose {
    /// What is asked.
    pub title: String,
    /// What it is about.
    pub about: Vec<String>,
    /// The scopes, most dangerous first.
    pub rows: Vec<ScopeRow>,
    /// The one under the cursor.
    pub cursor: usize,
    /// What is done; the marked scopes are put into it.
    pub order: Order,
}

/// One scope to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRow {
    /// The extension that comes along and asks for it; none where it is the extension in question.
    pub along: Option<String>,
    /// Its name.
    pub scope: String,
    /// 1 to 10.
    pub risk: u8,
    /// What granting it means.
    pub description: String,
    /// Whether it may be left out.
    pub may_be_left_out: bool,
    /// Whether what runs has it.
    pub granted: bool,
    /// Whether it is marked.
    pub marked: bool,
}

/// A reason that is typed.
#[derive(Clone, Debug)]
pub struct ReasonAsked {
    /// What will happen, in a sentence.
    pub about: String,
    /// What was typed.
    pub input: LineInput,
    /// Why it cannot be sent.
    pub fault: Option<String>,
    /// What is done; the reason is put into it.
    pub order: Order,
}

/// A document that is written.
#[derive(Clone, Debug)]
pub struct DocumentWritten {
    /// The text.
    pub editor: Editor,
    /// What judges it before the server does.
    pub judge: Judge,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// When the draft is written next; nothing to write where absent.
    pub save_at: Option<Timestamp>,
    /// What is done; the document is put into it.
    pub order: Order,
}

/// What judges a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Judge {
    /// The policy's own schema, as far as a server may override it.
    Policy,
    /// The extension's schema, where it has one.
    Schema(Option<Json>),
}

impl Dialog {
    /// Which keys work while it is open.
    pub const fn contexts(&self) -> Contexts {
        match self {
            Dialog::Filter { .. } | Dialog::Slug { .. } | Dialog::Reason(_) => Contexts::LINE,
            Dialog::Scopes(_) => Contexts::DIALOG,
            Dialog::Document(_) => Contexts::EDITOR,
        }
    }

    /// When its draft is written next.
    pub fn save_at(&self) -> Option<Timestamp> {
        match self {
            Dialog::Document(document) => document.save_at,
            _ => None,
        }
    }

    /// Its text as a draft on disk, where one is due.
    pub fn unsaved(&self, now: Timestamp) -> Option<Draft> {
        match self {
            Dialog::Document(document) if document.save_at.is_some() => document.draft(now),
            _ => None,
        }
    }
}

impl DocumentWritten {
    fn draft(&self, now: Timestamp) -> Option<Draft> {
        let key = self.order.deed.draft(&self.order.server_id)?;
        let title = format!("{} {}", self.order.deed.verb(), self.order.title);
        Some(Draft { key, title, reason: None, text: self.editor.text(), at: now })
    }

    /// The document, or everything that is wrong with it, each with its place.
    fn read(&self) -> Result<Value, Vec<String>> {
        let text = self.editor.text();
        let json = Json::parse(text.as_bytes()).map_err(|fault| vec![fault.to_string()])?;
        let value: Value = serde_json::from_str(&text).map_err(|error| vec![error.to_string()])?;
        let faults = match &self.judge {
            Judge::Policy => Document::from_json(&json, Place::Server).err(),
            Judge::Schema(schema) => crate::domain::config::judge(schema.as_ref(), &value).err(),
        };
        match faults {
            Some(faults) => Err(faults.iter().map(ToString::to_string).collect()),
            None => Ok(value),
        }
    }
}

/// Opens the override of the open server as a document; a kept draft goes on.
pub fn write_override(model: &mut Model) {
    let Some(one) = &model.servers.one else { return };
    let Some(policy) = one.policy.value().filter(|_| one.policy.error().is_none()) else {
        let why = one.policy.error().unwrap_or("it is not read yet").to_owned();
        return model.warn(format!("The policy cannot be written: {why}"));
    };
    let title = one.whole.value().map_or_else(|| one.id.clone(), |whole| whole.server.name.clone());
    let deed = Deed::Override { number: policy.number, document: Value::Null, reason: String::new(), plan: None };
    let order = Order { server_id: one.id.clone(), title: visible(&title).into_owned(), deed };
    let text = pretty(&policy.layer);
    open_document(model, order, Judge::Policy, &text);
}

/// Opens a configuration as a document; a kept draft goes on.
pub fn write_config(model: &mut Model, id: &str, config: &Config) {
    let whole = model.servers.whole();
    let row = whole.and_then(|whole| whole.installations.iter().find(|row| row.id == id));
    let (server_id, title) = match row {
        Some(row) => (row.server_id.clone(), visible(&row.slug).into_owned()),
        None => (String::new(), format!("the installation {}", visible(id))),
    };
    let schema = config.schema.as_ref().and_then(|schema| Json::parse(schema.to_string().as_bytes()).ok());
    let deed = Deed::Configure { id: id.to_owned(), revision: config.revision, document: Value::Null };
    open_document(model, Order { server_id, title, deed }, Judge::Schema(schema), &pretty(&config.document));
}

/// Asks why something is done.
pub fn ask_reason(model: &mut Model, about: String, order: Order) {
    let asked = ReasonAsked { about, input: LineInput::default(), fault: None, order };
    model.overlay = Overlay::Servers(Dialog::Reason(Box::new(asked)));
}

/// Takes a key.
pub fn press(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Servers(dialog) = &model.overlay else { return Vec::new() };
    match dialog {
        Dialog::Filter { .. } => filter_key(model, key, action),
        Dialog::Slug { .. } => slug_key(model, key, action),
        Dialog::Scopes(_) => scopes_key(model, action),
        Dialog::Reason(_) => reason_key(model, key, action),
        Dialog::Document(_) => document_key(model, key, action),
    }
}

/// Puts pasted text where text is typed.
pub fn paste(model: &mut Model, text: &str) {
    let now = model.now;
    let Overlay::Servers(dialog) = &mut model.overlay else { return };
    match dialog {
        Dialog::Filter { input, .. } | Dialog::Slug { input, .. } => input.insert(text),
        Dialog::Reason(asked) => asked.input.insert(text),
        Dialog::Document(document) => {
            document.editor.insert(text);
            document.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
        }
        Dialog::Scopes(_) => {}
    }
}

/// Writes and judges the document when its time has come.
pub fn save_when_due(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Servers(Dialog::Document(document)) = &mut model.overlay else { return Vec::new() };
    if document.save_at.is_none_or(|at| at > now) {
        return Vec::new();
    }
    document.save_at = None;
    document.faults = document.read().err().unwrap_or_default();
    let draft = document.draft(now);
    keep(model, draft)
}

/// Removes a draft.
pub fn forget(model: &mut Model, key: &str) -> Vec<Effect> {
    model.drafts.retain(|known| known.key != key);
    vec![Effect::RemoveDraft(key.to_owned())]
}

fn keep(model: &mut Model, draft: Option<Draft>) -> Vec<Effect> {
    let Some(draft) = draft else { return Vec::new() };
    model.drafts.retain(|known| known.key != draft.key);
    model.drafts.insert(0, draft.clone());
    vec![Effect::SaveDraft(draft)]
}

fn open_document(model: &mut Model, order: Order, judge: Judge, text: &str) {
    let key = order.deed.draft(&order.server_id).unwrap_or_else(|| draft_key("document", &order.server_id));
    let kept = model.drafts.iter().find(|draft| draft.key == key).map(|draft| draft.text.clone());
    if kept.is_some() {
        model.tell("Your draft goes on".to_owned());
    }
    let editor = Editor::holding(kept.as_deref().unwrap_or(text), "{}", &model.theme);
    let mut document = DocumentWritten { editor, judge, faults: Vec::new(), save_at: None, order };
    document.faults = document.read().err().unwrap_or_default();
    model.overlay = Overlay::Servers(Dialog::Document(Box::new(document)));
}

fn filter_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Servers(Dialog::Filter { input, fault }) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let text = input.text().trim().to_owned();
            if let Err(problem) = Filter::parse(&text, &SERVERS) {
                *fault = Some(problem.to_string());
                return Vec::new();
            }
            model.overlay = Overlay::None;
            return update::filter(model, text);
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            if input.key(key) {
                *fault = None;
            }
        }
    }
    Vec::new()
}

fn slug_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Servers(Dialog::Slug { input, server_id }) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) if !input.text().trim().is_empty() => {
            let (slug, server_id) = (input.text().trim().to_owned(), server_id.clone());
            model.overlay = Overlay::None;
            return vec![Effect::Servers(Ask::Offer { server_id, slug })];
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            input.key(key);
        }
    }
    Vec::new()
}

fn scopes_key(model: &mut Model, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Servers(Dialog::Scopes(choosing)) = &mut model.overlay else { return Vec::new() };
    let motion = match action {
        Some(Action::Down) => Motion::Down,
        Some(Action::Up) => Motion::Up,
        Some(Action::PageDown) => Motion::PageDown,
        Some(Action::PageUp) => Motion::PageUp,
        Some(Action::Top) => Motion::Top,
        Some(Action::Bottom) => Motion::Bottom,
        Some(Action::Toggle) => {
            let row = choosing.rows.get_mut(choosing.cursor);
            match row {
                Some(row) if row.may_be_left_out => row.marked = !row.marked,
                Some(_) => model.tell("It cannot do without this one: refuse the version instead".to_owned()),
                None => {}
            }
            return Vec::new();
        }
        Some(Action::Confirm) => return send_scopes(model),
        Some(Action::Decline) => {
            model.overlay = Overlay::None;
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    let mut state = ListState { cursor: choosing.cursor, top: 0 };
    state.go(motion, choosing.rows.len(), PAGE_ROWS);
    choosing.cursor = state.cursor;
    Vec::new()
}

fn send_scopes(model: &mut Model) -> Vec<Effect> {
    let Overlay::Servers(Dialog::Scopes(choosing)) = &model.overlay else { return Vec::new() };
    let marked_for = |slug: Option<&String>| -> Vec<String> {
        let rows = choosing.rows.iter().filter(|row| row.marked && row.along.as_ref() == slug);
        rows.map(|row| row.scope.clone()).collect()
    };
    let marked = marked_for(None);
    let mut order = choosing.order.clone();
    match &mut order.deed {
        Deed::Install { grant, along, .. } => {
            *grant = marked;
            for (slug, consent) in along {
                consent.grant = Some(marked_for(Some(slug)));
            }
        }
        Deed::Revoke { .. } if marked.is_empty() => {
            let key = model.key(Action::Toggle);
            model.tell(format!("Mark the scopes to take back first: {key}"));
            return Vec::new();
        }
        Deed::Grant { scopes, .. } | Deed::Revoke { scopes, .. } => *scopes = marked,
        _ => {}
    }
    model.overlay = Overlay::None;
    act::send(model, order)
}

fn reason_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Servers(Dialog::Reason(asked)) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let reason = asked.input.text().trim().to_owned();
            let chars = reason.chars().count();
            asked.fault = match chars {
                0 => Some("Say why first.".to_owned()),
                chars if chars > REASON_CHARS_MAX => {
                    Some(format!("At most {REASON_CHARS_MAX} characters; these are {chars}."))
                }
                _ => None,
            };
            if asked.fault.is_some() {
                return Vec::new();
            }
            let order = asked.order.clone();
            model.overlay = Overlay::None;
            let deed = order.deed.clone().because(&reason);
            return act::send(model, Order { deed, ..order });
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            if asked.input.key(key) {
                asked.fault = None;
            }
        }
    }
    Vec::new()
}

fn document_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Servers(Dialog::Document(document)) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Send) => send_document(model),
        Some(Action::Cancel) => {
            let draft = document.save_at.and_then(|_| document.draft(now));
            model.overlay = Overlay::None;
            keep(model, draft)
        }
        Some(_) => Vec::new(),
        None => {
            if document.editor.key(key) {
                document.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
            }
            Vec::new()
        }
    }
}

fn send_document(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Overlay::Servers(Dialog::Document(document)) = &mut model.overlay else { return Vec::new() };
    let value = match document.read() {
        Ok(value) => value,
        Err(faults) => {
            document.faults = faults;
            return Vec::new();
        }
    };
    document.save_at = None;
    let (draft, mut order) = (document.draft(now), document.order.clone());
    let mut effects = keep(model, draft);
    match &mut order.deed {
        Deed::Override { document, .. } => {
            *document = value;
            let about = format!("Why is the policy overridden on {}?", order.title);
            ask_reason(model, about, order);
        }
        Deed::Configure { document, .. } => {
            *document = value;
            if model.can_send() {
                model.overlay = Overlay::None;
                effects.extend(act::send(model, order));
            }
        }
        _ => {}
    }
    effects
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
