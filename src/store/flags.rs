//! Feature flags as they were set: for a version, and for single servers.

use std::collections::BTreeMap;

use super::{StoreError, Tx, Value};
use crate::domain::id::{ExtensionId, InstallationId, VersionId};
use crate::domain::manifest::FlagDefault;

/// How many servers have a flag set for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Switched on.
    pub on: u64,
    /// Switched off.
    pub off: u64,
}

/// What was set for a version.
pub fn of_version(tx: &mut Tx, version: VersionId) -> Result<BTreeMap<String, FlagDefault>, StoreError> {
    let mut found = BTreeMap::new();
    tx.each("SELECT name, value FROM version_flags WHERE version_id = $1", &[version.into()], |row| {
        found.insert(row.text(0)?, row.json(1)?);
        Ok(())
    })?;
    Ok(found)
}

/// What was set for a server.
pub fn of_installation(tx: &mut Tx, installation: InstallationId) -> Result<BTreeMap<String, bool>, StoreError> {
    let mut found = BTreeMap::new();
    tx.each("SELECT name, is_on FROM installation_flags WHERE installation_id = $1", &[installation.into()], |row| {
        found.insert(row.text(0)?, row.flag(1)?);
        Ok(())
    })?;
    Ok(found)
}

/// How many servers with a version have each flag switched on and off for themselves.
pub fn overrides(
    tx: &mut Tx,
    extension: ExtensionId,
    version: VersionId,
) -> Result<BTreeMap<String, Overrides>, StoreError> {
    let sql = "SELECT f.name, f.is_on, count(*) FROM installations i JOIN installation_flags f \
               ON f.installation_id = i.id WHERE i.extension_id = $1 AND i.version_id = $2 GROUP BY f.name, f.is_on";
    let mut found: BTreeMap<String, Overrides> = BTreeMap::new();
    tx.each(sql, &[extension.into(), version.into()], |row| {
        let counts = found.entry(row.text(0)?).or_default();
        let count = if row.flag(1)? { &mut counts.on } else { &mut counts.off };
        *count = row.number(2)?;
        Ok(())
    })?;
    Ok(found)
}

/// Sets the flags of a version, in the place of all that were set.
pub fn set_for_version(
    tx: &mut Tx,
    version: VersionId,
    flags: &BTreeMap<String, FlagDefault>,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM version_flags WHERE version_id = $1", &[version.into()])?;
    for (name, value) in flags {
        let sql = "INSERT INTO version_flags (version_id, name, value) VALUES ($1, $2, $3)";
        tx.execute(sql, &[version.into(), name.into(), Value::json(value)?])?;
    }
    Ok(())
}

/// Sets the flags of a server, in the place of all that were set.
pub fn set_for_installation(
    tx: &mut Tx,
    installation: InstallationId,
    flags: &BTreeMap<String, bool>,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM installation_flags WHERE installation_id = $1", &[installation.into()])?;
    for (name, on) in flags {
        let sql = "INSERT INTO installation_flags (installation_id, name, is_on) VALUES ($1, $2, $3)";
        tx.execute(sql, &[installation.into(), name.into(), (*on).into()])?;
    }
    Ok(())
}
