//! Single values the marketplace keeps about itself.

use super::error::StoreError;
use super::tx::Tx;

/// Asks the database anything, to see that it answers.
///
/// # Errors
/// What the database says.
pub fn probe(tx: &mut Tx) -> Result<(), StoreError> {
    tx.query_one::<i64>("SELECT 1", &[]).map(drop)
}

/// The value of a setting, where it was set.
pub fn get(tx: &mut Tx, key: &str) -> Result<Option<String>, StoreError> {
    tx.query_one("SELECT value FROM settings WHERE key = $1", &[key.into()])
}

/// Sets a setting, whatever it was.
pub fn set(tx: &mut Tx, key: &str, value: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[key.into(), value.into()]).map(drop)
}

/// Sets a setting that was never set.
pub fn set_once(tx: &mut Tx, key: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    tx.execute(sql, &[key.into(), value.into()]).map(drop)
}
