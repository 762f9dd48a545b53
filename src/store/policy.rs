//! The policy's revisions: appended, never changed; the newest is in force.

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::id::AccountId;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;

/// One revision of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRevision {
    /// Its number, from 1.
    pub number: i64,
    /// What it says.
    pub policy: Policy,
    /// Why it was made.
    pub reason: String,
    /// Who made it; nobody made the built-in first one.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

/// The revision in force.
pub fn current(tx: &mut Tx) -> Result<PolicyRevision, StoreError> {
    let sql = "SELECT number, document, reason, by_id, at_ms FROM policy_revisions ORDER BY number DESC LIMIT 1";
    tx.query_one(sql, &[])?.ok_or_else(|| StoreError::Corrupt("the policy has no revision".to_owned()))
}

/// One revision, where there is one with this number.
pub fn by_number(tx: &mut Tx, number: i64) -> Result<Option<PolicyRevision>, StoreError> {
    let sql = "SELECT number, document, reason, by_id, at_ms FROM policy_revisions WHERE number = $1";
    tx.query_one(sql, &[number.into()])
}

/// Up to `limit` revisions before the revision `before` (or the newest ones), newest first.
pub fn page(tx: &mut Tx, before: Option<i64>, limit: usize) -> Result<Vec<PolicyRevision>, StoreError> {
    let sql = "SELECT number, document, reason, by_id, at_ms FROM policy_revisions WHERE number < $1 \
               ORDER BY number DESC LIMIT $2";
    tx.query(sql, &[before.unwrap_or(i64::MAX).into(), limit.into()])
}

/// Appends a revision.
///
/// # Errors
/// [`StoreError::Constraint`] where its number is taken.
pub fn append(tx: &mut Tx, revision: &PolicyRevision) -> Result<(), StoreError> {
    let sql = "INSERT INTO policy_revisions (number, document, reason, by_id, at_ms) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &params(revision)?).map(drop)
}

/// Makes the built-in defaults revision 1, where there is none.
pub(super) fn set_first(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let reason = "the built-in defaults".to_owned();
    let first = PolicyRevision { number: 1, policy: Policy::default(), reason, by: None, at: now };
    let sql = "INSERT INTO policy_revisions (number, document, reason, by_id, at_ms) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (number) DO NOTHING";
    tx.execute(sql, &params(&first)?).map(drop)
}

fn params(revision: &PolicyRevision) -> Result<[Value; 5], StoreError> {
    Ok([
        revision.number.into(),
        Value::json(&revision.policy)?,
        (&revision.reason).into(),
        revision.by.map_or_else(|| Value::from(""), Value::from),
        revision.at.into(),
    ])
}

impl FromRow for PolicyRevision {
    fn from_row(row: &Row) -> Result<PolicyRevision, StoreError> {
        let by = if row.str(3)?.is_empty() { None } else { Some(row.parsed(3)?) };
        Ok(PolicyRevision {
            number: row.integer(0)?,
            policy: row.json(1)?,
            reason: row.text(2)?,
            by,
            at: row.timestamp(4)?,
        })
    }
}
