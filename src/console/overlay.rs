//! What can stand above a screen: one thing at a time, so that no two ask for the same key.

use super::action::Contexts;
use super::drafts::Draft;
use super::effect::Decision;
use super::event::Verb;
use super::screens::extensions;
use super::widgets::editor::Editor;
use super::widgets::line_input::LineInput;
use super::widgets::palette::Found;
use crate::api::problem::Changed;
use crate::domain::extension::ReasonCode;
use crate::domain::time::Timestamp;

/// The one thing above the screen.
#[derive(Clone, Debug, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys that work here.
    Help {
        /// The first line shown.
        top: usize,
    },
    /// Any action by name.
    Palette {
        /// What was typed.
        input: LineInput,
        /// What matches.
        found: Vec<Found>,
        /// The one under the cursor.
        cursor: usize,
    },
    /// The filter of the queue.
    Filter {
        /// What was typed.
        input: LineInput,
        /// What the server said to the last one.
        fault: Option<String>,
    },
    /// The path of a file.
    Path {
        /// What was typed.
        input: LineInput,
        /// The paths that begin so.
        paths: Vec<String>,
        /// The one under the cursor; none before a key chose one.
        cursor: Option<usize>,
    },
    /// Something to choose from.
    Choice(Choice),
    /// A text that is written.
    Editor(Box<Writing>),
    /// A reason that is written before something is done.
    Reason(Box<ReasonText>),
    /// A value that is typed.
    Entry(Box<Entry>),
    /// What the servers' screen opens.
    Servers(super::screens::servers::dialog::Dialog),
    /// What the policy's screen opens.
    Policy(super::screens::policy::draft::Dialog),
    /// Something to read.
    Message {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<String>,
        /// The first line shown.
        top: usize,
    },
}

/// A list to choose from, or a question with its answers.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its title.
    pub title: String,
    /// What it is about; for a question, what will happen, in numbers.
    pub text: Vec<String>,
    /// The choices.
    pub choices: Vec<String>,
    /// The one under the cursor.
    pub cursor: usize,
    /// What is chosen.
    pub of: ChoiceOf,
}

/// What a choice is about.
#[derive(Clone, Debug)]
pub enum ChoiceOf {
    /// A saved view of the queue.
    View,
    /// What to do with all marked rows.
    Bulk,
    /// The reason of a rejection.
    Reason,
    /// Which finding is not a problem: their ids and rules.
    Finding(Vec<(String, String)>),
    /// The kind of event to run.
    EventKind,
    /// Whether a decision is meant; the first choice is yes.
    Decide(Box<Decision>),
    /// What is done on a server, one for each choice; nothing where there is none.
    Servers(Vec<Option<super::screens::servers::deed::Order>>),
    /// Why a purchase is taken back: its id; the last choice keeps it.
    Refund(String),
    /// Which kept draft to go on with.
    Drafts(Vec<Draft>),
    /// Whether a deed on an extension is meant, and on which of its versions.
    Extension(Box<extensions::order::Order>),
    /// Whether a flag is to be set; the first choice is yes.
    Flag(Box<extensions::ask::Ask>),
}

/// A reason that is written before something is done.
#[derive(Clone, Debug)]
pub struct ReasonText {
    /// The text.
    pub editor: Editor,
    /// What is done, for people.
    pub title: String,
    /// Who reads it.
    pub hint: String,
    /// The key of the draft on disk.
    pub draft: String,
    /// When the draft is written next; nothing to write where absent.
    pub save_at: Option<Timestamp>,
    /// Why it cannot be taken as it is.
    pub fault: Option<String>,
    /// What it is for.
    pub of: ReasonOf,
}

/// What a reason is for.
#[derive(Clone, Debug)]
pub enum ReasonOf {
    /// A deed on an extension.
    Extension(Box<extensions::order::Order>),
    /// A plan of the policy.
    Policy(Box<super::screens::policy::deed::Order>),
}

/// A value that is typed into one line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is the value of, for people.
    pub title: String,
    /// What can be written.
    pub hint: String,
    /// What was typed.
    pub input: LineInput,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// What it is the value of.
    pub of: EntryOf,
}

/// What a typed value is for.
#[derive(Clone, Debug)]
pub enum EntryOf {
    /// The feature flag of this name.
    Flag(String),
    /// Which fields of the policy are shown.
    PolicyField,
}

/// A text for a decision or a note.
#[derive(Clone, Debug)]
pub struct Writing {
    /// The text.
    pub editor: Editor,
    /// What it is for.
    pub verb: Verb,
    /// The review.
    pub review_id: String,
    /// What it is about, for people.
    pub title: String,
    /// The reason of a rejection.
    pub reason: Option<ReasonCode>,
    /// The finding that is dismissed.
    pub finding: Option<String>,
    /// The key of the draft on disk.
    pub draft: String,
    /// When the draft is written next; nothing to write where absent.
    pub save_at: Option<Timestamp>,
    /// Why it cannot be sent as it is.
    pub fault: Option<String>,
}

impl Overlay {
    /// Which keys work while it is open; `None` where the screen has them.
    pub const fn contexts(&self) -> Option<Contexts> {
        match self {
            Overlay::None => None,
            Overlay::Help { .. } | Overlay::Choice(_) | Overlay::Message { .. } => Some(Contexts::DIALOG),
            Overlay::Palette { .. } | Overlay::Filter { .. } | Overlay::Path { .. } | Overlay::Entry(_) => {
                Some(Contexts::LINE)
            }
            Overlay::Editor(_) | Overlay::Reason(_) => Some(Contexts::EDITOR),
            Overlay::Servers(dialog) => Some(dialog.contexts()),
            Overlay::Policy(dialog) => Some(dialog.contexts()),
        }
    }

    /// Says what changed between what was shown and what was asked, so that nothing was done.
    pub fn it_changed(what: &str, changed: &[Changed], then: &str) -> Overlay {
        let mut lines = vec![format!("{what} was not done, because it changed since it was shown:"), String::new()];
        for change in changed {
            lines.push(format!("- {} by {} at {}", change.pointer.trim_start_matches('/'), change.by, change.at));
        }
        lines.push(String::new());
        lines.push(then.to_owned());
        Overlay::Message { title: "It changed".to_owned(), lines, top: 0 }
    }
}

impl Writing {
    /// The text as a draft on disk.
    pub fn draft(&self, now: Timestamp) -> Draft {
        Draft {
            key: self.draft.clone(),
            title: format!("{} {}", self.verb.name(), self.title),
            reason: self.reason.map(|reason| reason.name().to_owned()),
            text: self.editor.text(),
            at: now,
        }
    }
}
