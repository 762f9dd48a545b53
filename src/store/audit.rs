//! The audit log: read by page, and verified from its first row to its head.

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::audit::{AuditEntry, AuditHead, ChainFault, ChainMac, ChainWalk};

/// Rows read at once while verifying.
const VERIFY_ROWS: i64 = 1_000;

/// One row as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; numbers have no gaps.
    pub number: i64,
    /// What it says.
    pub entry: AuditEntry,
    /// What binds it to the row before.
    pub mac: ChainMac,
}

/// Which rows a page shows; a field left out admits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The account that acted.
    pub actor_id: Option<String>,
    /// The action's name.
    pub action: Option<String>,
    /// What it was done to: the sort and the id.
    pub subject: Option<(String, String)>,
}

/// The newest row's number and MAC, as the log itself keeps them.
pub fn head(tx: &mut Tx) -> Result<AuditHead, StoreError> {
    let kept = tx.query_one("SELECT audit_n, mac FROM log_head WHERE id = 1", &[])?;
    kept.ok_or_else(|| StoreError::Corrupt("the log's head is missing".to_owned()))
}

/// Up to `limit` rows before the row `before` (or the newest ones), newest first.
pub fn page(tx: &mut Tx, filter: &AuditFilter, before: Option<i64>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    let mut conditions = vec!["n < $1".to_owned()];
    let mut params = vec![Value::Integer(before.unwrap_or(i64::MAX))];
    let mut narrow = |column: &str, value: &str| {
        params.push(value.into());
        conditions.push(format!("{column} = ${}", params.len()));
    };
    if let Some((kind, id)) = &filter.subject {
        narrow("subject_kind", kind);
        narrow("subject_id", id);
    }
    if let Some(action) = &filter.action {
        narrow("action", action);
    }
    if let Some(actor) = &filter.actor_id {
        narrow("actor_id", actor);
    }
    params.push(limit.into());
    let (conditions, last) = (conditions.join(" AND "), params.len());
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {conditions} ORDER BY n DESC LIMIT ${last}");
    tx.query(&sql, &params)
}

/// Up to `limit` rows after the row `after`, oldest first.
pub fn following(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    tx.query(&following_sql(), &[after.into(), limit.into()])
}

/// Follows the chain from its first row to the log's head, and through `seen`, a head noted down earlier.
///
/// # Errors
/// The outer one where the rows cannot be read at all; the inner one names the first row that is wrong.
pub fn verify(tx: &mut Tx, seen: Option<AuditHead>) -> Result<Result<AuditHead, ChainFault>, StoreError> {
    let key = tx.audit_key().clone();
    let kept = head(tx)?;
    let mut walk = ChainWalk::new(&key, seen);
    let mut last = 0;
    loop {
        let rows: Vec<Suspect> = tx.query(&following_sql(), &[last.into(), VERIFY_ROWS.into()])?;
        let Some(newest) = rows.last() else { break };
        last = newest.number;
        for Suspect { number, row } in rows {
            let fault = match row {
                Some(row) => walk.step(number, &row.entry, &row.mac).err(),
                None => Some(ChainFault::Edited(number)),
            };
            if let Some(fault) = fault {
                return Ok(Err(fault));
            }
        }
    }
    Ok(walk.end(kept))
}

/// A row that may have been edited into something that is no row at all.
struct Suspect {
    number: i64,
    row: Option<AuditRow>,
}

const COLUMNS: &str = "n, at_ms, actor_kind, actor_id, action, subject_kind, subject_id, detail, mac";

fn following_sql() -> String {
    format!("SELECT {COLUMNS} FROM audit WHERE n > $1 ORDER BY n LIMIT $2")
}

impl FromRow for Suspect {
    fn from_row(row: &Row) -> Result<Suspect, StoreError> {
        Ok(Suspect { number: row.integer(0)?, row: AuditRow::from_row(row).ok() })
    }
}

impl FromRow for AuditHead {
    fn from_row(row: &Row) -> Result<AuditHead, StoreError> {
        Ok(AuditHead { number: row.integer(0)?, mac: row.parsed(1)? })
    }
}

impl FromRow for AuditRow {
    fn from_row(row: &Row) -> Result<AuditRow, StoreError> {
        let entry = AuditEntry {
            at: row.timestamp(1)?,
            actor_kind: row.text(2)?,
            actor_id: row.text(3)?,
            action: row.text(4)?,
            subject_kind: row.text(5)?,
            subject_id: row.text(6)?,
            detail: row.text(7)?,
        };
        Ok(AuditRow { number: row.integer(0)?, entry, mac: row.parsed(8)? })
    }
}
