//! One row of the queue, small enough that a hundred thousand fit in memory.

use crate::api::queue::{Priority, QueueItem};
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::time::Timestamp;

/// A submission as the list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The review.
    pub review_id: Box<str>,
    /// The extension's slug.
    pub slug: Box<str>,
    /// The extension's name.
    pub name: Box<str>,
    /// The version's number.
    pub number: Box<str>,
    /// The owner's name.
    pub author: Box<str>,
    /// The owner's reputation.
    pub reputation: u8,
    /// What starts it, in one text.
    pub kinds: Box<str>,
    /// Whose turn it is.
    pub turn: Turnstile,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// The sum of their risks.
    pub risk: i64,
    /// Its place.
    pub priority: Priority,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When a decision is due.
    pub due_at: Timestamp,
    /// Who gave the first of two approvals.
    pub first_approval_by: Option<Box<str>>,
    /// How many approvals it needs.
    pub approvals_needed: u8,
    /// The worst severity found; empty for none.
    pub worst: Box<str>,
    /// How many findings.
    pub findings: i64,
    /// How many notes.
    pub notes: i64,
    /// The review's revision.
    pub revision: i64,
    /// The code's SHA-256.
    pub sha256: Box<str>,
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Turnstile {
    /// The marketplace's: its checks run.
    Checks,
    /// Anybody's.
    Free,
    /// Somebody's.
    Claimed {
        /// By name.
        by: Box<str>,
        /// Until when.
        until: Timestamp,
    },
    /// Nobody's any more: it left the queue.
    Gone {
        /// How: `published`, `rejected`, `withdrawn`.
        how: Box<str>,
    },
}

impl Row {
    /// Reads a row off the wire; scopes that this console does not know are left out.
    pub fn read(item: &QueueItem) -> Row {
        let time = |text: &str| text.parse().unwrap_or_default();
        let scopes =
            item.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).fold(ScopeSet::EMPTY, ScopeSet::with);
        let turn = match (item.stage.as_str(), &item.claimed_by) {
            ("checking", _) => Turnstile::Checks,
            ("review", by) => Turnstile::Claimed {
                by: by.as_deref().unwrap_or("somebody").into(),
                until: item.lease_until.as_deref().map(time).unwrap_or_default(),
            },
            ("ready", _) => Turnstile::Free,
            (other, _) => Turnstile::Gone { how: other.into() },
        };
        Row {
            review_id: item.review_id.as_str().into(),
            slug: item.slug.as_str().into(),
            name: item.name.as_str().into(),
            number: item.number.as_str().into(),
            author: item.author.as_str().into(),
            reputation: item.author_reputation,
            kinds: item.kinds.join(", ").into(),
            turn,
            scopes,
            risk: item.risk,
            priority: item.priority,
            submitted_at: time(&item.submitted_at),
            due_at: time(&item.due_at),
            first_approval_by: item.first_approval_by.as_deref().map(Into::into),
            approvals_needed: item.approvals_needed,
            worst: item.findings_worst.as_str().into(),
            findings: item.findings_count,
            notes: item.notes_count,
            revision: item.revision,
            sha256: item.sha256.as_str().into(),
        }
    }

    /// What it is, for people.
    pub fn title(&self) -> String {
        format!("{} {}", self.slug, self.number)
    }

    /// Whether it is claimed by that account and the claim is alive.
    pub fn is_claimed_by(&self, name: &str, now: Timestamp) -> bool {
        matches!(&self.turn, Turnstile::Claimed { by, until } if **by == *name && *until > now)
    }
}
