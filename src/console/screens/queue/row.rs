//! One row of the queue, small enough that a hundred thousand fit in memory.

use crate::api::queue::QueueItem;
use crate::domain::finding::Severity;
use crate::domain::kind::Kind;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::text::visible;
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
    /// What starts it: the bit of each kind, in the order of [`Kind::ALL`].
    kinds: u8,
    /// Whose turn it is.
    pub turn: Turnstile,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// The sum of their risks.
    pub risk: i32,
    /// Its place: the sum, and the parts for due date, risk and reputation.
    pub priority: [i32; 4],
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When a decision is due.
    pub due_at: Timestamp,
    /// Who gave the first of two approvals.
    pub first_approval_by: Option<Box<str>>,
    /// How many approvals it needs.
    pub approvals_needed: u8,
    /// The worst severity found.
    pub worst: Option<Severity>,
    /// How many findings.
    pub findings: u32,
    /// How many notes.
    pub notes: u32,
    /// The review's revision.
    pub revision: i64,
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
            kinds: kinds_of(&item.kinds),
            turn,
            scopes,
            risk: points(item.risk),
            priority: [
                points(item.priority.total),
                points(item.priority.parts.due),
                points(item.priority.parts.risk),
                points(item.priority.parts.reputation),
            ],
            submitted_at: time(&item.submitted_at),
            due_at: time(&item.due_at),
            first_approval_by: item.first_approval_by.as_deref().map(Into::into),
            approvals_needed: item.approvals_needed,
            worst: SEVERITIES.iter().copied().find(|severity| severity.name() == item.findings_worst),
            findings: u32::try_from(item.findings_count).unwrap_or(0),
            notes: u32::try_from(item.notes_count).unwrap_or(0),
            revision: item.revision,
        }
    }

    /// What it is, for people.
    pub fn title(&self) -> String {
        format!("{} {}", visible(&self.slug), visible(&self.number))
    }

    /// What starts it, for people.
    pub fn kinds(&self) -> String {
        let kinds = Kind::ALL.iter().enumerate().filter(|(at, _)| self.kinds & (1 << at) != 0);
        kinds.map(|(_, kind)| kind.name()).collect::<Vec<_>>().join(", ")
    }

    /// Whether it is claimed by that account and the claim is alive.
    pub fn is_claimed_by(&self, name: &str, now: Timestamp) -> bool {
        matches!(&self.turn, Turnstile::Claimed { by, until } if **by == *name && *until > now)
    }
}

const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

fn kinds_of(names: &[String]) -> u8 {
    let bit = |(at, kind): (usize, &Kind)| u8::from(names.iter().any(|name| name == kind.name())) << at;
    Kind::ALL.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit)
}

fn points(points: i64) -> i32 {
    i32::try_from(points).unwrap_or(if points < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::queue_item;

    #[test]
    fn a_hundred_thousand_rows_fit_in_memory() {
        let row = Row::read(&queue_item(1));
        let texts = [&row.review_id, &row.slug, &row.name, &row.number, &row.author];
        // The allocator rounds each text up to at least 32 bytes.
        let heap: usize = texts.iter().map(|text| (text.len() + 8).next_multiple_of(16).max(32)).sum();
        let bytes = size_of::<Row>() + heap;
        assert!(bytes * 100_000 < 40 << 20, "{bytes} bytes a row");
    }

    #[test]
    fn kinds_and_scopes_that_are_not_known_are_left_out() {
        let mut item = queue_item(1);
        item.kinds = ["timer", "command", "dance"].map(str::to_owned).to_vec();
        item.scopes.push("teleport".to_owned());
        let row = Row::read(&item);
        assert_eq!(row.kinds(), "command, timer");
        assert_eq!(row.scopes.len(), item.scopes.len() - 1);
    }
}
