//! Revisions of channels: appended by publishing and by rolling back, never changed.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::extension::ChannelRevision;
use crate::domain::id::ExtensionId;

/// The one channel there is.
pub const STABLE: &str = "stable";

struct Kept(ChannelRevision);

impl FromRow for Kept {
    fn from_row(row: &Row) -> Result<Kept, StoreError> {
        Ok(Kept(ChannelRevision {
            number: row.number(0)?,
            version: row.parsed(1)?,
            version_id: row.parsed(2)?,
            reason: row.text(3)?,
            by: row.parsed(4)?,
            at: row.timestamp(5)?,
        }))
    }
}

/// Appends a revision; its number is one more than the newest.
pub fn append(tx: &mut Tx, extension: ExtensionId, revision: &ChannelRevision) -> Result<(), StoreError> {
    let sql = "INSERT INTO channel_revisions (extension_id, channel, number, version_id, version_number, reason, by_id, \
         at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = [
        extension.into(),
        STABLE.into(),
        revision.number.into(),
        revision.version_id.into(),
        revision.version.to_string().into(),
        revision.reason.as_str().into(),
        revision.by.into(),
        revision.at.into(),
    ];
    tx.execute(sql, &params).map(|_| ())
}

/// The newest revisions, newest first, at most `limit`.
pub fn newest(tx: &mut Tx, extension: ExtensionId, limit: usize) -> Result<Vec<ChannelRevision>, StoreError> {
    let sql = "SELECT number, version_number, version_id, reason, by_id, at_ms FROM channel_revisions \
         WHERE extension_id = $1 AND channel = $2 ORDER BY number DESC LIMIT $3";
    let rows = tx.query::<Kept>(sql, &[extension.into(), STABLE.into(), limit.into()])?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
