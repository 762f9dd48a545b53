//! What happened to each attempt of an installation, stage by stage.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::InstallationId;
use crate::domain::time::Timestamp;

/// One stage that an attempt reached, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Which attempt.
    pub attempt: u64,
    /// Its place in the attempt, from 1.
    pub n: i64,
    /// The number of the version.
    pub version: String,
    /// What the attempt is for.
    pub why: String,
    /// The stage, or `done` or `refused`.
    pub word: String,
    /// Why it was refused; empty elsewhere.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Stages listed at most.
pub const STEPS_LISTED_MAX: usize = 100;

impl FromRow for StepRow {
    fn from_row(row: &Row) -> Result<StepRow, StoreError> {
        Ok(StepRow {
            attempt: row.number(0)?,
            n: row.integer(1)?,
            version: row.text(2)?,
            why: row.text(3)?,
            word: row.text(4)?,
            detail: row.text(5)?,
            at: row.timestamp(6)?,
        })
    }
}

/// Adds a stage after those that the attempt has.
pub fn append(tx: &mut Tx, installation: InstallationId, step: &StepRow) -> Result<(), StoreError> {
    let newest = "SELECT max(n) FROM installation_steps WHERE installation_id = $1 AND attempt = $2";
    let newest = tx.query_one::<Option<i64>>(newest, &[installation.into(), step.attempt.into()])?.flatten();
    let sql = "INSERT INTO installation_steps (installation_id, attempt, n, version, why, word, detail, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = [
        installation.into(),
        step.attempt.into(),
        (newest.unwrap_or(0) + 1).into(),
        (&step.version).into(),
        (&step.why).into(),
        (&step.word).into(),
        (&step.detail).into(),
        step.at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// The newest stages of an installation, newest first.
pub fn newest(tx: &mut Tx, installation: InstallationId) -> Result<Vec<StepRow>, StoreError> {
    let sql = format!(
        "SELECT attempt, n, version, why, word, detail, at_ms FROM installation_steps WHERE installation_id = $1 \
         ORDER BY attempt DESC, n DESC LIMIT {STEPS_LISTED_MAX}"
    );
    tx.query(&sql, &[installation.into()])
}
