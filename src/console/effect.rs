//! Everything the console asks of the outside; nothing else leaves `update`.

use std::sync::Arc;

use super::drafts::Draft;
use super::event::{RunSlot, Turn, Verb};
use super::screens::extensions;
use crate::api::reviews::BulkItem;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::sandbox::Event as SandboxEvent;

/// Something to be done outside; what comes of it comes back as a reply.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Follow the stream of live events for as long as the console is open.
    Follow,
    /// Ask who the caller is.
    LoadMe,
    /// Read a page of the queue.
    LoadQueue {
        /// Given back with the answer.
        generation: u64,
        /// The filter.
        query: String,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Read a review.
    LoadReview {
        /// Its id.
        review_id: String,
    },
    /// Read the code of both versions and compare them.
    LoadCode {
        /// The review.
        review_id: String,
        /// The version under review.
        new: CodeOf,
        /// The published version.
        old: Option<CodeOf>,
    },
    /// Claim, release or renew.
    Turn {
        /// Which.
        turn: Turn,
        /// The review; none for the next one.
        review_id: Option<String>,
        /// The filter, for the next one.
        query: Option<String>,
    },
    /// Send a decision or a note.
    Decide(Box<Decision>),
    /// Send many at once.
    Bulk(Vec<BulkItem>),
    /// Run an extension here.
    Run(Box<RunRequest>),
    /// Read the sandbox's file.
    LoadFile {
        /// Given back with the answer.
        generation: u64,
        /// Where it lies.
        path: String,
    },
    /// Say when the file is saved again.
    WatchFile {
        /// Given back with the answer; a newer watch ends an older one.
        generation: u64,
        /// Where it lies.
        path: String,
    },
    /// End the watch.
    EndWatch,
    /// List the paths that begin with what was typed.
    ListPaths {
        /// What was typed.
        typed: String,
    },
    /// Ask what the marketplace would say to a package.
    Verdict {
        /// The package's text.
        package: Arc<[u8]>,
    },
    /// What the screen of extensions asks.
    Extensions(extensions::ask::Ask),
    /// Something that the servers' screen asks.
    Servers(super::screens::servers::ask::Ask),
    /// What the screen of sales asks.
    Sales(super::screens::sales::effect::Effect),
    /// What the screen of the policy asks.
    Policy(super::screens::policy::effect::Effect),
    /// Write a draft.
    SaveDraft(Draft),
    /// Remove a draft.
    RemoveDraft(String),
    /// Read the drafts.
    ListDrafts,
    /// Put text on the terminal's clipboard.
    Copy(String),
    /// Put the console in the background.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Leave.
    Quit,
}

/// Where a version's code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOf {
    /// The extension.
    pub extension_id: String,
    /// The version's number.
    pub number: String,
    /// The digest that the bytes must have.
    pub sha256: String,
    /// `wasm` or `javascript`.
    pub runtime: String,
}

/// A decision or a note that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub verb: Verb,
    /// The review.
    pub review_id: String,
    /// What it is about, for people: `role-menu 1.2.0`.
    pub title: String,
    /// The review's revision as it was shown.
    pub revision: i64,
    /// SHA-256 of the code that was shown.
    pub sha256: String,
    /// The reason code of a rejection.
    pub reason: Option<String>,
    /// The finding that is dismissed.
    pub finding: Option<String>,
    /// Feedback, note or a word to colleagues.
    pub text: String,
    /// The draft that holds the text until it is decided.
    pub draft: String,
    /// When it is sent.
    pub send_at: Timestamp,
}

/// An extension to run here.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// What for.
    pub slot: RunSlot,
    /// The module.
    pub code: Arc<[u8]>,
    /// What starts it.
    pub event: SandboxEvent,
    /// The scopes it declares, all of which are granted.
    pub scopes: ScopeSet,
    /// Its timeout in milliseconds; the default where absent.
    pub timeout_ms: Option<u64>,
}
