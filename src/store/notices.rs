//! Notices that every instance with an extension has to take note of, and which of them did.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{ExtensionId, InstanceId, NoticeId};
use crate::domain::time::Timestamp;

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// The extension it is about.
    pub extension: ExtensionId,
    /// `rolled_back`, `quarantined`, `blocked` or `listed`.
    pub kind: String,
    /// What the instances are told, as JSON text.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// How many instances a notice went to, and how many confirmed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Instances that have the extension.
    pub of: i64,
    /// Those among them that confirmed.
    pub by: i64,
}

const COLUMNS: &str = "n.id, n.extension_id, n.kind, n.body, n.at_ms";

impl FromRow for NoticeRow {
    fn from_row(row: &Row) -> Result<NoticeRow, StoreError> {
        Ok(NoticeRow {
            id: row.parsed(0)?,
            extension: row.parsed(1)?,
            kind: row.text(2)?,
            body: row.text(3)?,
            at: row.timestamp(4)?,
        })
    }
}

/// Adds a notice for these instances.
pub fn insert(tx: &mut Tx, notice: &NoticeRow, instances: &[InstanceId]) -> Result<(), StoreError> {
    let sql = "INSERT INTO notices (id, extension_id, kind, body, at_ms) VALUES ($1, $2, $3, $4, $5)";
    let params =
        [notice.id.into(), notice.extension.into(), (&notice.kind).into(), (&notice.body).into(), notice.at.into()];
    tx.execute(sql, &params)?;
    for instance in instances {
        let sql = "INSERT INTO notice_confirmations (notice_id, instance_id, confirmed_ms) VALUES ($1, $2, NULL)";
        tx.execute(sql, &[notice.id.into(), (*instance).into()])?;
    }
    Ok(())
}

/// Notes that an instance took note; false where the notice was not for it. A repeat changes nothing.
pub fn confirm(tx: &mut Tx, notice: NoticeId, instance: InstanceId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE notice_confirmations SET confirmed_ms = CASE WHEN confirmed_ms IS NULL THEN $3 \
               ELSE confirmed_ms END WHERE notice_id = $1 AND instance_id = $2";
    Ok(tx.execute(sql, &[notice.into(), instance.into(), now.into()])? == 1)
}

/// The notice with this id.
pub fn by_id(tx: &mut Tx, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM notices n WHERE n.id = $1"), &[id.into()])
}

/// The newest notices about an extension, newest first, with who confirmed them.
pub fn of_extension(
    tx: &mut Tx,
    extension: ExtensionId,
    limit: usize,
) -> Result<Vec<(NoticeRow, Confirmed)>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notices n WHERE n.extension_id = $1 ORDER BY n.id DESC LIMIT $2");
    let notices: Vec<NoticeRow> = tx.query(&sql, &[extension.into(), limit.into()])?;
    let mut counted = Vec::new();
    for notice in notices {
        let confirmed = confirmed(tx, notice.id)?;
        counted.push((notice, confirmed));
    }
    Ok(counted)
}

/// What an instance has not confirmed yet, oldest first.
pub fn open_for(tx: &mut Tx, instance: InstanceId, limit: usize) -> Result<Vec<NoticeRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notice_confirmations c JOIN notices n ON n.id = c.notice_id \
         WHERE c.instance_id = $1 AND c.confirmed_ms IS NULL ORDER BY n.id LIMIT $2"
    );
    tx.query(&sql, &[instance.into(), limit.into()])
}

/// Who confirmed a notice, of how many.
pub fn confirmed(tx: &mut Tx, notice: NoticeId) -> Result<Confirmed, StoreError> {
    let sql = "SELECT count(*), count(confirmed_ms) FROM notice_confirmations WHERE notice_id = $1";
    let mut counts = Confirmed::default();
    tx.each(sql, &[notice.into()], |row| {
        counts = Confirmed { of: row.integer(0)?, by: row.integer(1)? };
        Ok(())
    })?;
    Ok(counts)
}
