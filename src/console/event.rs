//! Everything that can happen to the console, on one page.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::drafts::Draft;
use super::screens::extensions;
use super::widgets::diff;
use crate::api::accounts::Me;
use crate::api::events::LiveEvent;
use crate::api::page::Page;
use crate::api::problem::Changed;
use crate::api::queue::QueueItem;
use crate::api::reviews::{BulkResult, Checks, Decided, Review};
use crate::domain::time::Timestamp;
use crate::sandbox::Report;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// It is this late; comes before the events of a batch, and alone when a shown text has to change.
    Tick(Timestamp),
    /// An effect was done.
    Reply(Reply),
    /// The server sent something by itself, or the link to it changed.
    Live(Live),
    /// The process was told something.
    Signal(Signal),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down.
    Click {
        /// Column, from 0.
        column: u16,
        /// Row, from 0.
        row: u16,
    },
    /// The wheel turned towards the user.
    ScrollDown,
    /// The wheel turned away.
    ScrollUp,
}

/// What the process was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End: SIGTERM, or the terminal is gone (SIGHUP).
    Terminate,
    /// Stop for now: SIGTSTP.
    Suspend,
    /// Go on: SIGCONT.
    Continue,
}

/// What comes over the stream of live events.
#[derive(Clone, Debug)]
pub enum Live {
    /// The stream is open.
    Connected,
    /// The stream ended; it is tried again.
    Lost {
        /// Why.
        error: String,
        /// When the next try is.
        retry_at: Timestamp,
    },
    /// Something happened on the server.
    Event(Box<LiveEvent>),
    /// The token is no longer good: there will be no more tries.
    Refused {
        /// Why.
        error: String,
    },
}

/// Why an effect failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// A sentence for the user.
    pub text: String,
    /// The HTTP status, where the server answered.
    pub status: Option<u16>,
    /// The problem's stable word, where the server answered.
    pub code: String,
    /// What changed since it was shown (412).
    pub changed: Vec<Changed>,
}

/// What an effect brought.
pub type Answer<T> = Result<T, Failure>;

/// An effect was done.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Who the caller is.
    Me(Answer<Box<Me>>),
    /// A page of the queue.
    Queue {
        /// The question it answers; answers to older questions are dropped.
        generation: u64,
        /// The cursor it was asked with.
        cursor: Option<String>,
        /// The page.
        answer: Answer<Page<QueueItem>>,
    },
    /// A review.
    Review {
        /// Its id.
        review_id: String,
        /// All about it.
        answer: Answer<Box<Review>>,
    },
    /// The code of a review's two versions, and their difference.
    Code {
        /// The review.
        review_id: String,
        /// Both codes.
        answer: Answer<Arc<CodePair>>,
    },
    /// A claim, a release or a renewal.
    Turn {
        /// Which of them.
        turn: Turn,
        /// The review; nobody's where the next one was asked for.
        review_id: Option<String>,
        /// The submission now; nothing where none was free to claim.
        answer: Answer<Option<Box<QueueItem>>>,
    },
    /// A decision or a note.
    Decided {
        /// The review.
        review_id: String,
        /// Which.
        verb: Verb,
        /// The draft that holds its text.
        draft: Option<String>,
        /// What came of it; nothing for a note.
        answer: Answer<Option<Decided>>,
    },
    /// A bulk request.
    Bulk(Answer<Vec<BulkResult>>),
    /// A run here.
    Run {
        /// What it was run for.
        slot: RunSlot,
        /// The report.
        answer: Answer<Arc<Report>>,
    },
    /// A file of the sandbox.
    File {
        /// The question it answers.
        generation: u64,
        /// What is in it.
        answer: Answer<Arc<LoadedFile>>,
    },
    /// A watched file was saved.
    FileChanged {
        /// The question it answers.
        generation: u64,
    },
    /// The names in a folder that begin a typed path.
    Paths {
        /// What was typed.
        typed: String,
        /// Whole paths; folders end in `/`.
        paths: Vec<String>,
    },
    /// What the marketplace would say.
    Verdict(Answer<Box<Checks>>),
    /// What the screen of extensions asked.
    Extensions(extensions::ask::Told),
    /// Something that the servers' screen asked for.
    Servers(super::screens::servers::ask::Told),
    /// What the screen of sales asked.
    Sales(super::screens::sales::effect::Reply),
    /// What the screen of the policy asked.
    Policy(super::screens::policy::effect::Reply),
    /// The drafts on disk.
    Drafts(Answer<Vec<Draft>>),
    /// A draft could not be written.
    DraftFailed(Failure),
}

/// A step of whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Claim one.
    Claim,
    /// Claim the most urgent.
    ClaimNext,
    /// Give it back.
    Release,
    /// Keep it longer.
    Renew,
}

/// A decision, a note, or a word about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Publish it.
    Approve,
    /// Send it back.
    Reject,
    /// Say something about it.
    Note,
    /// Say that a finding is not a problem.
    Dismiss,
}

/// What a run was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunSlot {
    /// The version under review.
    Reviewed(String),
    /// The published version beside it.
    Published(String),
    /// The sandbox's file.
    Sandbox(u64),
}

/// The code of the version under review and of the published one.
#[derive(Debug)]
pub struct CodePair {
    /// Under review.
    pub new: Arc<[u8]>,
    /// Published.
    pub old: Option<Arc<[u8]>>,
    /// Their difference as text; the whole text of a first version.
    pub rows: Vec<diff::Row>,
    /// What the text is: `WAT` or `JavaScript`.
    pub language: &'static str,
}

/// A file as the sandbox can run it.
#[derive(Debug)]
pub struct LoadedFile {
    /// Where it lies.
    pub path: String,
    /// The module.
    pub code: Arc<[u8]>,
    /// The package's own text, where the file is a package.
    pub package: Option<Arc<[u8]>>,
    /// What it is called.
    pub title: String,
    /// What starts it.
    pub kinds: Vec<crate::domain::kind::Kind>,
    /// The scopes it declares; of a bare module those it can reach.
    pub scopes: crate::domain::scope::ScopeSet,
    /// Which gateway event, key or keyword starts it.
    pub trigger: Option<String>,
    /// Its timeout in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What is wrong with it already.
    pub faults: Vec<String>,
}

impl Verb {
    /// The verb for people.
    pub const fn name(self) -> &'static str {
        match self {
            Verb::Approve => "approve",
            Verb::Reject => "reject",
            Verb::Note => "note",
            Verb::Dismiss => "dismiss",
        }
    }
}
