//! What counts for and against authors, and what follows for what they still have in the queue.

use super::refused::Refused;
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::policy::Policy;
use crate::domain::reputation::{AuthorRecord, EventKind, ReputationPart, reputation};
use crate::domain::time::Timestamp;
use crate::store::reputation::{self as events, ReputationEvent};
use crate::store::reviews::ReviewRow;
use crate::store::{StoreError, Tx, accounts, reviews};

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

/// Keeps what happened, computes the reputation anew and moves the author's open reviews to their new places.
pub(super) fn count(tx: &mut Tx, id: AccountId, happened: &ReputationEvent, policy: &Policy) -> Result<(), Refused> {
    events::append(tx, id, happened)?;
    compute(tx, id, policy, happened.at)
}

/// Computes the reputation anew and moves the author's open reviews to their new places.
pub(super) fn compute(tx: &mut Tx, id: AccountId, policy: &Policy, now: Timestamp) -> Result<(), Refused> {
    let account =
        accounts::by_id(tx, id)?.ok_or_else(|| StoreError::Corrupt(format!("the account {id} is missing")))?;
    let (value, _) = reputation(&policy.reputation, &events::record(tx, &account, now)?);
    if value == account.reputation {
        return Ok(());
    }
    accounts::set_reputation(tx, id, value)?;
    for review in reviews::open_of_author(tx, id)? {
        let mut moved = review.clone();
        moved.author_reputation = value;
        moved.standing = review.standing.with_reputation(&policy.review, value);
        reviews::write(tx, &review, &moved)?;
    }
    Ok(())
}
