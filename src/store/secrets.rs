//! Secrets of installations, encrypted before they come here.

use super::columns::{Words, words};
use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, InstallationId};
use crate::domain::secret::{Origin, Sealed, SecretName};
use crate::domain::time::Timestamp;

/// One secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// What it is called.
    pub name: SecretName,
    /// The encrypted text.
    pub sealed: Sealed,
    /// Where it may be sent to.
    pub origins: Vec<Origin>,
    /// Who set it; nobody in particular where a command on the data folder did.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

const COLUMNS: &str = "name, sealed, origins, by_id, at_ms";

impl FromRow for SecretRow {
    fn from_row(row: &Row) -> Result<SecretRow, StoreError> {
        let by = if row.str(3)?.is_empty() { None } else { Some(row.parsed(3)?) };
        Ok(SecretRow {
            name: row.parsed(0)?,
            sealed: Sealed::from(row.text(1)?),
            origins: row.parsed::<Words<Origin>>(2)?.0,
            by,
            at: row.timestamp(4)?,
        })
    }
}

/// Every secret of an installation, by name.
pub fn list(tx: &mut Tx, installation: InstallationId) -> Result<Vec<SecretRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM installation_secrets WHERE installation_id = $1 ORDER BY name");
    tx.query(&sql, &[installation.into()])
}

/// One secret.
pub fn get(tx: &mut Tx, installation: InstallationId, name: &SecretName) -> Result<Option<SecretRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM installation_secrets WHERE installation_id = $1 AND name = $2");
    tx.query_one(&sql, &[installation.into(), name.as_str().into()])
}

/// Sets a secret, in the place of one that has its name.
pub fn put(tx: &mut Tx, installation: InstallationId, secret: &SecretRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO installation_secrets (installation_id, name, sealed, origins, by_id, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (installation_id, name) DO UPDATE SET \
               sealed = excluded.sealed, origins = excluded.origins, by_id = excluded.by_id, at_ms = excluded.at_ms";
    let params = [
        installation.into(),
        secret.name.as_str().into(),
        secret.sealed.as_str().into(),
        words(secret.origins.iter().map(Origin::as_str)).into(),
        secret.by.map(|by| by.to_string()).unwrap_or_default().into(),
        secret.at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Removes a secret; false where there was none.
pub fn delete(tx: &mut Tx, installation: InstallationId, name: &SecretName) -> Result<bool, StoreError> {
    let sql = "DELETE FROM installation_secrets WHERE installation_id = $1 AND name = $2";
    Ok(tx.execute(sql, &[installation.into(), name.as_str().into()])? == 1)
}

/// How many secrets there are in all.
pub fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT count(*) FROM installation_secrets", &[])?.unwrap_or(0))
}
