//! What counts for and against authors, and what follows for what they still have in the queue.

use super::refused::Refused;
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::limits::REPUTATION_EVENTS_SHOWN_MAX;
use crate::domain::policy::Policy;
use crate::domain::reputation::{AuthorRecord, EventKind, ReputationPart, reputation};
use crate::domain::time::Timestamp;
use crate::store::reputation::{self as events, ReputationEvent};
use crate::store::reviews::ReviewRow;
use crate::store::{StoreError, Tx, accounts, policy, reviews};

/// Authors whose reviews move in one transaction at most.
pub const MOVES_MAX: usize = 20;

/// An author's reputation, with what it is made of.
#[derive(Clone, Debug)]
pub struct Author {
    /// The account.
    pub account: Account,
    /// What happened to it until then.
    pub record: AuthorRecord,
    /// 0 to 100, as it stood then.
    pub reputation: u8,
    /// The lines it is the sum of.
    pub parts: Vec<ReputationPart>,
}

/// The reputation of an account at a moment, by a policy, with its parts.
pub fn author(tx: &mut Tx, id: AccountId, policy: &Policy, at: Timestamp) -> Result<Author, Refused> {
    let account = accounts::by_id(tx, id)?.ok_or(Refused::NotFound("account"))?;
    let record = events::record(tx, &account, at)?;
    let (reputation, parts) = reputation(&policy.reputation, &record);
    Ok(Author { account, record, reputation, parts })
}

/// What happened to an account until a moment that its reputation is computed from, newest first.
pub fn author_events(tx: &mut Tx, id: AccountId, at: Timestamp) -> Result<Vec<ReputationEvent>, Refused> {
    Ok(events::newest(tx, id, at, REPUTATION_EVENTS_SHOWN_MAX)?)
}

/// Accounts that own an extension, the best reputation first, each with what it is made of.
pub fn authors(
    tx: &mut Tx,
    after: Option<(u8, AccountId)>,
    policy: &Policy,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<Author>, Refused> {
    let mut found = Vec::new();
    for account in accounts::owners(tx, after, limit)? {
        let record = events::record(tx, &account, at)?;
        let (reputation, parts) = reputation(&policy.reputation, &record);
        found.push(Author { account, record, reputation, parts });
    }
    Ok(found)
}

/// Something that happened, about a review, a rating or an account.
pub(super) fn event(
    kind: EventKind,
    amount: i64,
    subject: impl std::fmt::Display,
    about: impl Into<String>,
    at: Timestamp,
) -> ReputationEvent {
    ReputationEvent { at, kind, amount, stars: 0, subject: subject.to_string(), about: about.into() }
}

/// Keeps that a review was decided.
pub(super) fn decided(
    tx: &mut Tx,
    review: &ReviewRow,
    kind: EventKind,
    policy: &Policy,
    at: Timestamp,
) -> Result<(), Refused> {
    let happened = event(kind, 1, review.id, format!("{} {}", review.slug, review.number), at);
    count(tx, review.author, &happened, policy)
}

/// Keeps what happened and computes the reputation anew; the author's open reviews move with [`move_due`].
pub(super) fn count(tx: &mut Tx, id: AccountId, happened: &ReputationEvent, policy: &Policy) -> Result<(), Refused> {
    events::append(tx, id, happened)?;
    compute(tx, id, policy, happened.at)
}

/// Computes the reputation anew; the author's open reviews move with [`move_due`].
pub(super) fn compute(tx: &mut Tx, id: AccountId, policy: &Policy, now: Timestamp) -> Result<(), Refused> {
    let account =
        accounts::by_id(tx, id)?.ok_or_else(|| StoreError::Corrupt(format!("the account {id} is missing")))?;
    let (value, _) = reputation(&policy.reputation, &events::record(tx, &account, now)?);
    if value == account.reputation {
        return Ok(());
    }
    if reviews::count_open(tx, id)? > 0 {
        accounts::owe_moves(tx, id, value)?;
    } else {
        accounts::set_reputation(tx, id, value)?;
    }
    Ok(())
}

/// Moves open reviews to the places that their authors' reputations give them now, for at most [`MOVES_MAX`] authors;
/// answers for how many it did. Whoever decides does not wait for it: one decision may move much that waits.
pub fn move_due(tx: &mut Tx, now: Timestamp) -> Result<usize, Refused> {
    let authors = accounts::owing_moves(tx, MOVES_MAX)?;
    if authors.is_empty() {
        return Ok(0);
    }
    let policy = policy::in_force(tx, now)?;
    for author in &authors {
        for review in reviews::open_of_author(tx, author.id)? {
            let mut moved = review.clone();
            moved.author_reputation = author.reputation;
            moved.standing = review.standing.with_reputation(&policy.review, author.reputation);
            reviews::write(tx, &review, &moved)?;
        }
        accounts::moved(tx, author.id)?;
    }
    Ok(authors.len())
}
