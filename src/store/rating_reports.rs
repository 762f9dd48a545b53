//! Reports of ratings, and the queue that maintainers decide them from.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, ExtensionId, RatingId, ReportId};
use crate::domain::rating::{ReportReason, ReportState};
use crate::domain::time::Timestamp;

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its id.
    pub id: ReportId,
    /// The rating.
    pub rating: RatingId,
    /// The revision of the rating that was reported.
    pub rating_revision: i64,
    /// The extension that was rated.
    pub extension: ExtensionId,
    /// Who reported it.
    pub by: AccountId,
    /// What is wrong with it.
    pub reason: ReportReason,
    /// In more words; may be empty.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub state: ReportState,
    /// How it was decided.
    pub decision: Option<Decision>,
    /// Counts its changes; its `ETag`.
    pub revision: i64,
}

/// How a report was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

const COLUMNS: &str = "id, rating_id, rating_revision, extension_id, by_id, reason, text, at_ms, state, decided_by, \
     decided_ms, decided_reason, revision";

impl FromRow for ReportRow {
    fn from_row(row: &Row) -> Result<ReportRow, StoreError> {
        let decision = match row.optional_parsed(9)? {
            Some(by) => Some(Decision { by, at: row.timestamp(10)?, reason: row.text(11)? }),
            None => None,
        };
        Ok(ReportRow {
            id: row.parsed(0)?,
            rating: row.parsed(1)?,
            rating_revision: row.integer(2)?,
            extension: row.parsed(3)?,
            by: row.parsed(4)?,
            reason: row.parsed(5)?,
            text: row.text(6)?,
            at: row.timestamp(7)?,
            state: row.parsed(8)?,
            decision,
            revision: row.integer(12)?,
        })
    }
}

/// Adds a report; false where the account has reported this revision of the rating already.
pub fn insert(tx: &mut Tx, row: &ReportRow) -> Result<bool, StoreError> {
    let sql = "INSERT INTO rating_reports (id, rating_id, rating_revision, extension_id, by_id, reason, text, at_ms, \
         state, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (rating_id, by_id, rating_revision) DO NOTHING";
    let params = [
        row.id.into(),
        row.rating.into(),
        row.rating_revision.into(),
        row.extension.into(),
        row.by.into(),
        row.reason.name().into(),
        (&row.text).into(),
        row.at.into(),
        row.state.name().into(),
        row.revision.into(),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// The report with this id.
pub fn by_id(tx: &mut Tx, id: ReportId) -> Result<Option<ReportRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM rating_reports WHERE id = $1{lock}"), &[id.into()])
}

/// Reports in one state, those that have waited longest first.
pub fn page(
    tx: &mut Tx,
    state: ReportState,
    after: Option<ReportId>,
    limit: usize,
) -> Result<Vec<ReportRow>, StoreError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let sql = format!("SELECT {COLUMNS} FROM rating_reports WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3");
    tx.query(&sql, &[state.name().into(), after.into(), limit.into()])
}

/// The reports of a rating, oldest first.
pub fn of_rating(tx: &mut Tx, rating: RatingId) -> Result<Vec<ReportRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM rating_reports WHERE rating_id = $1 ORDER BY id{lock}");
    tx.query(&sql, &[rating.into()])
}

/// How many reports an account made since then.
pub fn count_by(tx: &mut Tx, account: AccountId, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM rating_reports WHERE by_id = $1 AND at_ms > $2";
    Ok(tx.query_one(sql, &[account.into(), since.into()])?.unwrap_or(0))
}

/// How many reports wait.
pub fn count_open(tx: &mut Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT COUNT(*) FROM rating_reports WHERE state = 'open'", &[])?.unwrap_or(0))
}

/// Writes where a report stands, as its next revision.
pub fn update(tx: &mut Tx, row: &mut ReportRow) -> Result<(), StoreError> {
    row.revision += 1;
    let decision = row.decision.as_ref();
    let sql = "UPDATE rating_reports SET state = $2, decided_by = $3, decided_ms = $4, decided_reason = $5, \
         revision = $6 WHERE id = $1";
    let params = [
        row.id.into(),
        row.state.name().into(),
        decision.map(|decision| decision.by).into(),
        decision.map(|decision| decision.at).into(),
        decision.map(|decision| decision.reason.as_str()).into(),
        row.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Closes what waits for a decision on a rating that is no longer what was reported.
pub fn make_moot(tx: &mut Tx, rating: RatingId) -> Result<(), StoreError> {
    let sql = "UPDATE rating_reports SET state = 'moot', revision = revision + 1 \
         WHERE rating_id = $1 AND state = 'open'";
    tx.execute(sql, &[rating.into()]).map(drop)
}
