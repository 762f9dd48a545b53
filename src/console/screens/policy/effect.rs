//! What the screen of the policy asks of the server, and what comes back.

use serde_json::Value;

use crate::api::page::Page;
use crate::api::policy::{Explanation, Plan, PolicyApplied, PolicyRevision};
use crate::console::event::Answer;

/// Something to be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// What is in force.
    InForce {
        /// Given back with the answer.
        generation: u64,
    },
    /// A page of revisions.
    Revisions {
        /// Given back with the answer.
        generation: u64,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Everything about one field.
    Explain {
        /// The field.
        field: String,
    },
    /// What a draft would do.
    Plan {
        /// Given back with the answer.
        asked: u64,
        /// The draft; none where a revision is gone back to.
        document: Option<Value>,
        /// The revision to go back to.
        revision: Option<i64>,
        /// Why.
        reason: String,
    },
    /// Put a plan in force.
    Apply {
        /// The plan's id.
        plan: String,
        /// The revision that it starts from.
        base: i64,
    },
    /// One revision, to compare another with.
    Revision {
        /// Its number.
        number: i64,
        /// The other's number.
        against: i64,
    },
}

/// What was asked.
#[derive(Clone, Debug)]
pub enum Reply {
    /// What is in force.
    InForce {
        /// The question it answers.
        generation: u64,
        /// The answer.
        answer: Answer<Box<PolicyRevision>>,
    },
    /// A page of revisions.
    Revisions {
        /// The question it answers.
        generation: u64,
        /// Whether it follows what was read before.
        further: bool,
        /// The answer.
        answer: Answer<Page<PolicyRevision>>,
    },
    /// Everything about one field.
    Explained(Answer<Box<Explanation>>),
    /// A plan was made, or not.
    Planned {
        /// The question it answers.
        asked: u64,
        /// The answer.
        answer: Answer<Box<Plan>>,
    },
    /// A plan was put in force, or not.
    Applied(Answer<Box<PolicyApplied>>),
    /// Two revisions, the one that was asked for first.
    Revisioned(Answer<Box<(PolicyRevision, PolicyRevision)>>),
}
