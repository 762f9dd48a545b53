//! Rows of instances: the account each speaks as, what it announced, when it was heard.

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::account::AccountName;
use crate::domain::id::{AccountId, InstanceId};
use crate::domain::instance::Instance;
use crate::domain::time::Timestamp;

const COLUMNS: &str = "id, name, account_id, announced, heard_ms, created_ms, revision";

impl FromRow for Instance {
    fn from_row(row: &Row) -> Result<Instance, StoreError> {
        read(row, 0)
    }
}

/// An instance whose columns begin at the `first` of a row.
pub(super) fn read(row: &Row, first: usize) -> Result<Instance, StoreError> {
    Ok(Instance {
        id: row.parsed(first)?,
        name: row.parsed(first + 1)?,
        account: row.parsed(first + 2)?,
        announced: if row.is_null(first + 3)? { None } else { Some(row.json(first + 3)?) },
        heard_at: row.optional_timestamp(first + 4)?,
        created_at: row.timestamp(first + 5)?,
        revision: row.integer(first + 6)?,
    })
}

/// The instance with this id.
pub fn by_id(tx: &mut Tx, id: InstanceId) -> Result<Option<Instance>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM instances WHERE id = $1{lock}"), &[id.into()])
}

/// The instance that speaks as an account.
pub fn by_account(tx: &mut Tx, account: AccountId) -> Result<Option<Instance>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM instances WHERE account_id = $1"), &[account.into()])
}

/// The instance with this name.
pub fn by_name(tx: &mut Tx, name: &AccountName) -> Result<Option<Instance>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM instances WHERE name = $1"), &[name.into()])
}

/// Up to `limit` instances with ids after `after`, oldest first.
pub fn page(tx: &mut Tx, after: Option<InstanceId>, limit: usize) -> Result<Vec<Instance>, StoreError> {
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let sql = format!("SELECT {COLUMNS} FROM instances WHERE id > $1 ORDER BY id LIMIT $2");
    tx.query(&sql, &[after, limit.into()])
}

/// Adds an instance.
pub fn insert(tx: &mut Tx, instance: &Instance) -> Result<(), StoreError> {
    let sql = "INSERT INTO instances (id, name, account_id, announced, heard_ms, created_ms, revision) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        instance.id.into(),
        (&instance.name).into(),
        instance.account.into(),
        instance.announced.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null),
        instance.heard_at.into(),
        instance.created_at.into(),
        instance.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Writes what an instance announced, as the next revision.
pub fn announce(tx: &mut Tx, instance: &mut Instance, now: Timestamp) -> Result<(), StoreError> {
    instance.revision += 1;
    instance.heard_at = Some(now);
    let announced = instance.announced.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null);
    let sql = "UPDATE instances SET announced = $2, heard_ms = $3, revision = $4 WHERE id = $1";
    tx.execute(sql, &[instance.id.into(), announced, now.into(), instance.revision.into()]).map(drop)
}

/// Notes that an instance was heard.
pub fn heard(tx: &mut Tx, id: InstanceId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE instances SET heard_ms = $2 WHERE id = $1", &[id.into(), now.into()]).map(drop)
}
