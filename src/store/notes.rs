//! Notes that maintainers write on a review for one another.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, NoteId, ReviewId};
use crate::domain::time::Timestamp;

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteRow {
    /// Its id.
    pub id: NoteId,
    /// The review it is on.
    pub review: ReviewId,
    /// Who wrote it.
    pub by: AccountId,
    /// The writer's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

impl FromRow for NoteRow {
    fn from_row(row: &Row) -> Result<NoteRow, StoreError> {
        Ok(NoteRow {
            id: row.parsed(0)?,
            review: row.parsed(1)?,
            by: row.parsed(2)?,
            by_name: row.text(3)?,
            at: row.timestamp(4)?,
            text: row.text(5)?,
        })
    }
}

/// Adds a note.
pub fn insert(tx: &mut Tx, note: &NoteRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO notes (id, review_id, by_id, at_ms, text) VALUES ($1, $2, $3, $4, $5)";
    let params = [note.id.into(), note.review.into(), note.by.into(), note.at.into(), note.text.as_str().into()];
    tx.execute(sql, &params).map(|_| ())
}

/// The notes on a review in the order they were written, at most `limit`, the newest.
pub fn of_review(tx: &mut Tx, review: ReviewId, limit: usize) -> Result<Vec<NoteRow>, StoreError> {
    let sql = "SELECT n.id, n.review_id, n.by_id, a.name, n.at_ms, n.text FROM notes n \
         JOIN accounts a ON a.id = n.by_id WHERE n.review_id = $1 ORDER BY n.id DESC LIMIT $2";
    let mut notes: Vec<NoteRow> = tx.query(sql, &[review.into(), limit.into()])?;
    notes.reverse();
    Ok(notes)
}
