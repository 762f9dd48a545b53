//! What installations used, added up by hour; and which batches of each instance were counted.

use std::collections::BTreeMap;

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::id::{ExtensionId, InstallationId, InstanceId, ServerId, VersionId};
use crate::domain::scope::Scope;
use crate::domain::time::Timestamp;
use crate::domain::usage::{UsageRecord, Window};

/// What usage is counted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedTo {
    /// The version that runs, or ran last.
    pub version: VersionId,
    /// The extension.
    pub extension: ExtensionId,
    /// The server.
    pub server: ServerId,
}

/// What one installation used, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Runs.
    pub calls: i64,
    /// Runs that failed.
    pub errors: i64,
    /// Fuel of all runs.
    pub fuel: i64,
    /// Fuel of the run that used most.
    pub fuel_peak: i64,
    /// Memory of the run that used most.
    pub memory_bytes_peak: i64,
    /// Time of all runs, in milliseconds.
    pub run_ms: i64,
    /// Calls of host functions by scope.
    pub host_calls: BTreeMap<Scope, i64>,
}

/// The most that runs of one extension used on one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// The extension.
    pub extension: ExtensionId,
    /// The server.
    pub server: ServerId,
    /// Fuel of one run.
    pub fuel: i64,
    /// Bytes of memory of one run.
    pub memory_bytes: i64,
}

impl FromRow for Peak {
    fn from_row(row: &Row) -> Result<Peak, StoreError> {
        Ok(Peak {
            extension: row.parsed(0)?,
            server: row.parsed(1)?,
            fuel: row.integer(2)?,
            memory_bytes: row.integer(3)?,
        })
    }
}

/// Which batches of an instance were counted; other transactions of the instance wait meanwhile.
pub fn window(tx: &mut Tx, instance: InstanceId) -> Result<Window, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT counted FROM usage_windows WHERE instance_id = $1{lock}");
    match tx.query_one::<String>(&sql, &[instance.into()])? {
        None => Ok(Window::default()),
        Some(text) => serde_json::from_str(&text).map_err(|error| StoreError::Corrupt(error.to_string())),
    }
}

/// Makes the row of an instance's window, so that it can be locked from the first batch on.
pub fn open_window(tx: &mut Tx, instance: InstanceId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO usage_windows (instance_id, counted, at_ms) VALUES ($1, $2, $3) \
               ON CONFLICT (instance_id) DO NOTHING";
    tx.execute(sql, &[instance.into(), Value::json(&Window::default())?, now.into()]).map(drop)
}

/// Writes which batches of an instance were counted.
pub fn set_window(tx: &mut Tx, instance: InstanceId, window: &Window, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE usage_windows SET counted = $2, at_ms = $3 WHERE instance_id = $1";
    tx.execute(sql, &[instance.into(), Value::json(window)?, now.into()]).map(drop)
}

/// What usage of an installation is counted to, where the instance serves its server.
pub fn counted_to(
    tx: &mut Tx,
    installation: InstallationId,
    instance: InstanceId,
) -> Result<Option<CountedTo>, StoreError> {
    let sql = "SELECT i.version_id, i.extension_id, i.server_id FROM installations i \
               JOIN servers s ON s.id = i.server_id WHERE i.id = $1 AND s.instance_id = $2 AND i.version_id IS NOT NULL";
    let mut found = None;
    tx.each(sql, &[installation.into(), instance.into()], |row| {
        found = Some(CountedTo { version: row.parsed(0)?, extension: row.parsed(1)?, server: row.parsed(2)? });
        Ok(())
    })?;
    Ok(found)
}

/// Adds a record to its hour.
pub fn add(tx: &mut Tx, record: &UsageRecord, to: &CountedTo) -> Result<(), StoreError> {
    let sql = "INSERT INTO usage_hours (installation_id, hour_ms, version_id, extension_id, server_id, calls, errors, \
         fuel, fuel_peak, memory_bytes_peak, run_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (installation_id, hour_ms, version_id) DO UPDATE SET \
         calls = usage_hours.calls + excluded.calls, errors = usage_hours.errors + excluded.errors, \
         fuel = usage_hours.fuel + excluded.fuel, run_ms = usage_hours.run_ms + excluded.run_ms, \
         fuel_peak = CASE WHEN excluded.fuel_peak > usage_hours.fuel_peak THEN excluded.fuel_peak \
         ELSE usage_hours.fuel_peak END, memory_bytes_peak = CASE WHEN excluded.memory_bytes_peak > \
         usage_hours.memory_bytes_peak THEN excluded.memory_bytes_peak ELSE usage_hours.memory_bytes_peak END";
    let hour = record.hour();
    let params = [
        record.installation.into(),
        hour.into(),
        to.version.into(),
        to.extension.into(),
        to.server.into(),
        record.calls.into(),
        record.errors.into(),
        record.fuel.into(),
        record.fuel_peak.into(),
        record.memory_bytes_peak.into(),
        record.run_ms.into(),
    ];
    tx.execute(sql, &params)?;
    for (scope, calls) in &record.host_calls {
        let sql = "INSERT INTO usage_host_calls (installation_id, hour_ms, scope, calls) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (installation_id, hour_ms, scope) DO UPDATE SET \
             calls = usage_host_calls.calls + excluded.calls";
        tx.execute(sql, &[record.installation.into(), hour.into(), scope.name().into(), (*calls).into()])?;
    }
    Ok(())
}

/// What an installation used since a time.
pub fn since(tx: &mut Tx, installation: InstallationId, from: Timestamp) -> Result<Used, StoreError> {
    let mut used = Used::default();
    let sql = "SELECT calls, errors, fuel, fuel_peak, memory_bytes_peak, run_ms FROM usage_hours \
               WHERE installation_id = $1 AND hour_ms >= $2";
    tx.each(sql, &[installation.into(), from.into()], |row| {
        used.calls = used.calls.saturating_add(row.integer(0)?);
        used.errors = used.errors.saturating_add(row.integer(1)?);
        used.fuel = used.fuel.saturating_add(row.integer(2)?);
        used.fuel_peak = used.fuel_peak.max(row.integer(3)?);
        used.memory_bytes_peak = used.memory_bytes_peak.max(row.integer(4)?);
        used.run_ms = used.run_ms.saturating_add(row.integer(5)?);
        Ok(())
    })?;
    let sql = "SELECT scope, calls FROM usage_host_calls WHERE installation_id = $1 AND hour_ms >= $2";
    tx.each(sql, &[installation.into(), from.into()], |row| {
        let calls = row.integer(1)?;
        let sum = used.host_calls.entry(row.parsed(0)?).or_insert(0);
        *sum = sum.saturating_add(calls);
        Ok(())
    })?;
    Ok(used)
}

/// The most that runs used since a time, for each extension on each server.
pub fn peaks(tx: &mut Tx, from: Timestamp) -> Result<Vec<Peak>, StoreError> {
    let sql = "SELECT extension_id, server_id, max(fuel_peak), max(memory_bytes_peak) FROM usage_hours \
               WHERE hour_ms >= $1 GROUP BY extension_id, server_id ORDER BY extension_id, server_id";
    tx.query(sql, &[from.into()])
}
