//! Configurations of installations: each change a new revision, the newest in force, a bounded number kept.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, InstallationId};
use crate::domain::limits::CONFIGS_KEPT_MAX;
use crate::domain::time::Timestamp;

/// One revision of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRow {
    /// Counts from 1.
    pub revision: i64,
    /// The document, as JSON text.
    pub document: String,
    /// The version whose schema judged it.
    pub version: String,
    /// Who set it; nobody in particular where a command on the data folder did.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

const COLUMNS: &str = "revision, document, version, by_id, at_ms";

impl FromRow for ConfigRow {
    fn from_row(row: &Row) -> Result<ConfigRow, StoreError> {
        let by = if row.str(3)?.is_empty() { None } else { Some(row.parsed(3)?) };
        Ok(ConfigRow {
            revision: row.integer(0)?,
            document: row.text(1)?,
            version: row.text(2)?,
            by,
            at: row.timestamp(4)?,
        })
    }
}

/// The configuration in force.
pub fn current(tx: &mut Tx, installation: InstallationId) -> Result<Option<ConfigRow>, StoreError> {
    Ok(newest(tx, installation, 1)?.into_iter().next())
}

/// The newest revisions, newest first.
pub fn newest(tx: &mut Tx, installation: InstallationId, limit: usize) -> Result<Vec<ConfigRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM installation_configs WHERE installation_id = $1 ORDER BY revision DESC LIMIT $2"
    );
    tx.query(&sql, &[installation.into(), limit.into()])
}

/// Appends a revision and forgets those beyond what is kept.
pub fn append(tx: &mut Tx, installation: InstallationId, config: &ConfigRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO installation_configs (installation_id, revision, document, version, by_id, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let params = [
        installation.into(),
        config.revision.into(),
        (&config.document).into(),
        (&config.version).into(),
        config.by.map(|by| by.to_string()).unwrap_or_default().into(),
        config.at.into(),
    ];
    tx.execute(sql, &params)?;
    let forget = "DELETE FROM installation_configs WHERE installation_id = $1 AND revision <= $2";
    tx.execute(forget, &[installation.into(), (config.revision - CONFIGS_KEPT_MAX).into()]).map(drop)
}
