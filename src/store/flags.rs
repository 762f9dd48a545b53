//! Feature flags as they were set: for a version, and for single servers.

use std::collections::BTreeMap;

use super::{StoreError, Tx, Value};
use crate::domain::id::{InstallationId, VersionId};
use crate::domain::manifest::FlagDefault;

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
