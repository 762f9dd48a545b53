//! Templates of feedback that administrators changed; for the other reasons the program brings its own.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::extension::ReasonCode;
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;

/// One template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateRow {
    /// For which reason.
    pub reason: ReasonCode,
    /// The text.
    pub text: String,
    /// Who wrote it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Counts its changes; its `ETag`.
    pub revision: i64,
}

impl FromRow for TemplateRow {
    fn from_row(row: &Row) -> Result<TemplateRow, StoreError> {
        Ok(TemplateRow {
            reason: row.parsed(0)?,
            text: row.text(1)?,
            by: row.parsed(2)?,
            at: row.timestamp(3)?,
            revision: row.integer(4)?,
        })
    }
}

/// Every template that was changed.
pub fn all(tx: &mut Tx) -> Result<Vec<TemplateRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT reason, text, by_id, at_ms, revision FROM feedback_templates ORDER BY reason{lock}");
    tx.query(&sql, &[])
}

/// Writes a template, in the place of what there was.
pub fn put(tx: &mut Tx, row: &TemplateRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO feedback_templates (reason, text, by_id, at_ms, revision) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (reason) DO UPDATE SET text = excluded.text, by_id = excluded.by_id, at_ms = excluded.at_ms, \
         revision = excluded.revision";
    let params = [row.reason.name().into(), (&row.text).into(), row.by.into(), row.at.into(), row.revision.into()];
    tx.execute(sql, &params).map(drop)
}
