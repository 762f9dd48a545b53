//! Accounts: one row each, with what their reputation is made of.

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use crate::domain::account::{Account, AccountName, Role};
use crate::domain::id::AccountId;

/// The account's columns in the order in which [`from_columns`] reads them.
pub(super) const COLUMNS: &str =
    "a.id, a.name, a.role, a.verified, a.suspended, a.reputation, a.created_ms, a.revision";

/// Inserts an account.
///
/// # Errors
/// [`StoreError::Constraint`] where the name is taken.
pub fn insert(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    let sql = "INSERT INTO accounts (id, name, role, verified, suspended, reputation, created_ms, revision) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = [
        account.id.into(),
        (&account.name).into(),
        account.role.name().into(),
        account.verified.into(),
        account.suspended.into(),
        account.reputation.into(),
        account.created_at.into(),
        account.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// The account with this id.
pub fn by_id(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1{lock}"), &[id.into()])
}

/// The account with this name.
pub fn by_name(tx: &mut Tx, name: &AccountName) -> Result<Option<Account>, StoreError> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM accounts a WHERE a.name = $1"), &[name.into()])
}

/// Up to `limit` accounts whose names come after `after`, by name.
pub fn page(tx: &mut Tx, after: Option<&AccountName>, limit: usize) -> Result<Vec<Account>, StoreError> {
    let after = after.map_or("", AccountName::as_str);
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.name > $1 ORDER BY a.name LIMIT $2");
    tx.query(&sql, &[after.into(), limit.into()])
}

/// Up to `limit` accounts that own an extension, the best reputation first, after (reputation, id).
pub fn owners(tx: &mut Tx, after: Option<(u8, AccountId)>, limit: usize) -> Result<Vec<Account>, StoreError> {
    let (reputation, id) = match after {
        Some((reputation, id)) => (i64::from(reputation), id.to_string()),
        None => (i64::from(u8::MAX), String::new()),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts a WHERE (a.reputation < $1 OR a.reputation = $1 AND a.id > $2) \
         AND EXISTS (SELECT 1 FROM extensions e WHERE e.owner_id = a.id) ORDER BY a.reputation DESC, a.id LIMIT $3"
    );
    tx.query(&sql, &[reputation.into(), (&id).into(), limit.into()])
}

/// How many accounts there are.
pub fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT count(*) FROM accounts", &[])?.unwrap_or(0))
}

/// Whether anyone but `except` is an administrator who is not suspended.
pub fn another_administrator(tx: &mut Tx, except: AccountId) -> Result<bool, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT id FROM accounts WHERE role = $1 AND suspended = 0 AND id <> $2 LIMIT 1{lock}");
    Ok(tx.query_one::<()>(&sql, &[Role::Administrator.name().into(), except.into()])?.is_some())
}

/// Writes role, verification, suspension and reputation of an account that still has `account.revision`, and counts
/// the revision up; gives the new revision, or nothing where someone was faster.
pub fn update(tx: &mut Tx, account: &Account) -> Result<Option<i64>, StoreError> {
    let sql = "UPDATE accounts SET role = $1, verified = $2, suspended = $3, reputation = $4, revision = revision + 1 \
               WHERE id = $5 AND revision = $6 RETURNING revision";
    let params = [
        account.role.name().into(),
        account.verified.into(),
        account.suspended.into(),
        account.reputation.into(),
        account.id.into(),
        account.revision.into(),
    ];
    tx.query_one(sql, &params)
}

/// Writes a reputation alone; the revision stays, since nobody edited the account.
pub fn set_reputation(tx: &mut Tx, id: AccountId, reputation: u8) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET reputation = $1 WHERE id = $2", &[reputation.into(), id.into()]).map(drop)
}

/// Writes a reputation, and that the account's open reviews have yet to move to their new places.
pub fn owe_moves(tx: &mut Tx, id: AccountId, reputation: u8) -> Result<(), StoreError> {
    let sql = "UPDATE accounts SET reputation = $1, moves_due = 1 WHERE id = $2";
    tx.execute(sql, &[reputation.into(), id.into()]).map(drop)
}

/// Accounts whose open reviews have yet to move, at most `limit`; those that somebody else is changing are left out.
pub fn owing_moves(tx: &mut Tx, limit: usize) -> Result<Vec<Account>, StoreError> {
    let lock = if tx.row_lock().is_empty() { "" } else { tx.dialect().row_lock_or_skip() };
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.moves_due = 1 ORDER BY a.id LIMIT $1{lock}");
    tx.query(&sql, &[limit.into()])
}

/// Writes that an account's open reviews are where they belong.
pub fn moved(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    tx.execute("UPDATE accounts SET moves_due = 0 WHERE id = $1", &[id.into()]).map(drop)
}

/// Reads an account from eight columns, the first of them at `i`.
pub(super) fn from_columns(row: &Row, i: usize) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.parsed(i)?,
        name: row.parsed(i + 1)?,
        role: row.parsed(i + 2)?,
        verified: row.flag(i + 3)?,
        suspended: row.flag(i + 4)?,
        reputation: row.number(i + 5)?,
        created_at: row.timestamp(i + 6)?,
        revision: row.integer(i + 7)?,
    })
}

impl FromRow for Account {
    fn from_row(row: &Row) -> Result<Account, StoreError> {
        from_columns(row, 0)
    }
}
