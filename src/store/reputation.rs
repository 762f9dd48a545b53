//! What happened that reputations are computed from: appended, added up until any moment, never changed.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::account::Account;
use crate::domain::id::AccountId;
use crate::domain::reputation::{AuthorRecord, EventKind};
use crate::domain::time::Timestamp;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReputationEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// What it adds to the count of its kind.
    pub amount: i64,
    /// What it adds to the sum of stars.
    pub stars: i64,
    /// The id of the review, rating or account it is about.
    pub subject: String,
    /// The same in words.
    pub about: String,
}

/// What the events of one kind within one stretch of time come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which stretch, counted in its length from 1970.
    pub number: i64,
    /// What.
    pub kind: EventKind,
    /// What they add to the count.
    pub amount: i64,
    /// What they add to the sum of stars.
    pub stars: i64,
}

impl FromRow for ReputationEvent {
    fn from_row(row: &Row) -> Result<ReputationEvent, StoreError> {
        Ok(ReputationEvent {
            at: row.timestamp(0)?,
            kind: kind(row, 1)?,
            amount: row.integer(2)?,
            stars: row.integer(3)?,
            subject: row.text(4)?,
            about: row.text(5)?,
        })
    }
}

impl FromRow for Stretch {
    fn from_row(row: &Row) -> Result<Stretch, StoreError> {
        Ok(Stretch { number: row.integer(0)?, kind: kind(row, 1)?, amount: row.integer(2)?, stars: row.integer(3)? })
    }
}

/// Appends what happened to an account, whose row is locked first.
pub fn append(tx: &mut Tx, account: AccountId, event: &ReputationEvent) -> Result<(), StoreError> {
    super::accounts::by_id(tx, account)?;
    let newest = "SELECT COALESCE(MAX(n), 0) FROM reputation_events WHERE account_id = $1";
    let n = tx.query_one::<i64>(newest, &[account.into()])?.unwrap_or(0) + 1;
    let sql = "INSERT INTO reputation_events (account_id, n, at_ms, kind, amount, stars, subject, about) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = [
        account.into(),
        n.into(),
        event.at.into(),
        event.kind.name().into(),
        event.amount.into(),
        event.stars.into(),
        (&event.subject).into(),
        (&event.about).into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Everything that happened to an account until `at`, added up.
pub fn record(tx: &mut Tx, account: &Account, at: Timestamp) -> Result<AuthorRecord, StoreError> {
    let mut record = AuthorRecord { age_ms: at.since_ms(account.created_at), ..AuthorRecord::default() };
    let sql = "SELECT kind, CAST(SUM(amount) AS BIGINT), CAST(SUM(stars) AS BIGINT) FROM reputation_events \
               WHERE account_id = $1 AND at_ms <= $2 GROUP BY kind";
    tx.each(sql, &[account.id.into(), at.into()], |row| {
        record.add(kind(row, 0)?, row.integer(1)?, row.integer(2)?);
        Ok(())
    })?;
    Ok(record)
}

/// The newest events of an account until `at`, newest first.
pub fn newest(
    tx: &mut Tx,
    account: AccountId,
    at: Timestamp,
    limit: usize,
) -> Result<Vec<ReputationEvent>, StoreError> {
    let sql = "SELECT at_ms, kind, amount, stars, subject, about FROM reputation_events \
               WHERE account_id = $1 AND at_ms <= $2 ORDER BY n DESC LIMIT $3";
    tx.query(sql, &[account.into(), at.into(), limit.into()])
}

/// The events of an account until `at`, added up for each stretch of `length_ms`, oldest first.
pub fn stretches(tx: &mut Tx, account: AccountId, at: Timestamp, length_ms: i64) -> Result<Vec<Stretch>, StoreError> {
    let sql = "SELECT at_ms / $3, kind, CAST(SUM(amount) AS BIGINT), CAST(SUM(stars) AS BIGINT) \
               FROM reputation_events WHERE account_id = $1 AND at_ms <= $2 GROUP BY 1, 2 ORDER BY 1, 2";
    tx.query(sql, &[account.into(), at.into(), length_ms.into()])
}

pub(super) fn kind(row: &Row, column: usize) -> Result<EventKind, StoreError> {
    let name = row.str(column)?;
    let known = EventKind::ALL.iter().copied().find(|kind| kind.name() == name);
    known.ok_or_else(|| StoreError::Corrupt(format!("{name:?} is no event of a reputation")))
}
