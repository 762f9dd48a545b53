//! Single values the marketplace keeps about itself.

use super::error::StoreError;
use super::tx::Tx;
use crate::domain::time::Timestamp;

/// The setting that is written to see whether anything can be.
const PROBED: &str = "probed_ms";

/// Writes a row, to see that the database answers and takes changes; committing it touches the disk.
///
/// # Errors
/// What the database says.
pub fn probe(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    set(tx, PROBED, &now.as_ms().to_string())
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
