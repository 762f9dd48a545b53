//! Counting decisions for their author, and what follows for what the author still has in the queue.

use super::refused::Refused;
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::policy::Policy;
use crate::domain::priority::{AuthorRecord, ReputationPart, reputation};
use crate::domain::time::Timestamp;
use crate::store::accounts::{self, Fared, Record};
use crate::store::{StoreError, Tx, reviews};

/// An author's reputation, with what it is made of.
#[derive(Clone, Debug)]
pub struct Author {
    /// The account.
    pub account: Account,
    /// How its versions fared.
    pub record: Record,
    /// 0 to 100, computed at the time it was asked for.
    pub reputation: u8,
    /// The lines it is the sum of.
    pub parts: Vec<ReputationPart>,
}

/// The reputation of an account with its parts.
pub fn author(tx: &mut Tx, id: AccountId, policy: &Policy, now: Timestamp) -> Result<Author, Refused> {
    let account = accounts::by_id(tx, id)?.ok_or(Refused::NotFound("account"))?;
    let record = accounts::record(tx, id)?;
    let (reputation, parts) = reputation(&policy.reputation, &author_record(&account, record, now));
    Ok(Author { account, record, reputation, parts })
}

/// Counts one decision, computes the reputation anew and moves the author's open reviews to their new places.
pub(super) fn count(tx: &mut Tx, id: AccountId, fared: Fared, policy: &Policy, now: Timestamp) -> Result<(), Refused> {
    accounts::count_version(tx, id, fared)?;
    compute(tx, id, policy, now)
}

/// Computes the reputation anew and moves the author's open reviews to their new places.
pub(super) fn compute(tx: &mut Tx, id: AccountId, policy: &Policy, now: Timestamp) -> Result<(), Refused> {
    let account =
        accounts::by_id(tx, id)?.ok_or_else(|| StoreError::Corrupt(format!("the account {id} is missing")))?;
    let record = accounts::record(tx, id)?;
    let (value, _) = reputation(&policy.reputation, &author_record(&account, record, now));
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

fn author_record(account: &Account, record: Record, now: Timestamp) -> AuthorRecord {
    AuthorRecord {
        published: i64::from(record.published),
        rejected: i64::from(record.rejected),
        verified: account.verified,
        age_ms: now.since_ms(account.created_at),
    }
}
