//! The folder that a marketplace is moved from: locked against servers, and read only.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{BATCH_BYTES, BATCH_ROWS, MoveError};
use crate::domain::audit::{AuditHead, AuditKey};
use crate::domain::digest::Sha256Digest;
use crate::store::error::{OpenError, StoreError};
use crate::store::lock::{self, FolderLock};
use crate::store::migrations::MIGRATIONS;
use crate::store::open::{self, StoreConfig};
use crate::store::postgres::{CopyRows, PostgresUrl};
use crate::store::row::Row;
use crate::store::schema::{Schema, Table};
use crate::store::tx::{Purpose, Tx};
use crate::store::value::Value;
use crate::store::{audit, blobs, events, files, key, needed_key, settings};

/// A data folder that nobody else uses meanwhile.
pub(super) struct Source {
    connection: Connection,
    key: AuditKey,
    path: PathBuf,
    marker: PathBuf,
    _lock: Option<FolderLock>,
}

impl Source {
    /// Locks the folder and looks whether its database can be moved.
    pub(super) fn open(config: &StoreConfig) -> Result<Source, MoveError> {
        let path = config.database();
        let lock = if path.is_file() { Some(lock::take(&config.data_dir)?) } else { None };
        let refused = |source| OpenError::Database { path: path.clone(), source };
        let (connection, found) = open::open_to_look(&path)?;
        let known = MIGRATIONS.last().map_or(0, |step| step.number);
        if found < known {
            return Err(MoveError::OlderSchema { path, found, known });
        }
        let unkeyed = AuditKey::from_bytes([0; 32]);
        let kept = open::kept_fingerprint(&mut Tx::new(&connection, &unkeyed, Purpose::Read)).map_err(refused)?;
        let key = key::given(&config.key(), kept)?;
        Ok(Source { connection, key, path, marker: config.moved_marker(), _lock: lock })
    }

    /// The audit key.
    pub(super) fn key(&self) -> &AuditKey {
        &self.key
    }

    /// The database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that says where the marketplace went, where there is one already.
    pub(super) fn moved_to(&self) -> Option<String> {
        open::moved_to(&self.marker)
    }

    /// That file's place.
    pub(super) fn marker(&self) -> &Path {
        &self.marker
    }

    /// The audit log's head.
    pub(super) fn audit_head(&self) -> Result<AuditHead, StoreError> {
        audit::head(&mut self.tx())
    }

    /// The newest event's number.
    pub(super) fn newest_event(&self) -> Result<i64, StoreError> {
        events::newest(&mut self.tx())
    }

    /// Every code that some version is made of.
    pub(super) fn codes(&self) -> Result<Vec<Sha256Digest>, StoreError> {
        let mut codes: Vec<Sha256Digest> = blobs::referenced(&mut self.tx())?.into_iter().collect();
        codes.sort();
        Ok(codes)
    }

    /// The id of the place that the codes are in.
    pub(super) fn place_id(&self) -> Result<Option<String>, StoreError> {
        blobs::settled_id(&mut self.tx())
    }

    /// Whether secrets were encrypted with a key of their own.
    pub(super) fn has_secrets(&self) -> Result<bool, StoreError> {
        Ok(settings::get(&mut self.tx(), needed_key::SECRETS.fingerprint)?.is_some())
    }

    /// Whether anything was granted with a key of its own.
    pub(super) fn has_grants(&self) -> Result<bool, StoreError> {
        Ok(settings::get(&mut self.tx(), needed_key::GRANTS.fingerprint)?.is_some())
    }

    /// How many rows there are.
    pub(super) fn rows(&self, schema: &Schema) -> Result<u64, StoreError> {
        let mut rows = 0;
        for table in &schema.tables {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            rows += self.tx().query_one::<i64>(&sql, &[])?.unwrap_or(0).unsigned_abs();
        }
        Ok(rows)
    }

    /// Hands over the rows of a table that come after a key, batch by batch.
    pub(super) fn send(
        &mut self,
        table: &Table,
        after: Option<Vec<Value>>,
        mut put: impl FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (columns, name, key) = (table.columns(), &table.name, table.key());
        let params = after.unwrap_or_default();
        let places: Vec<String> = (1..=params.len()).map(|place| format!("${place}")).collect();
        let only = if params.is_empty() { String::new() } else { format!("WHERE ({key}) > ({})", places.join(", ")) };
        let sql = format!("SELECT {columns} FROM {name} {only} ORDER BY {key}");
        let mut batch = CopyRows::new();
        self.tx().each(&sql, &params, |row: &Row| {
            batch.push(table, row)?;
            if batch.bytes() >= BATCH_BYTES || batch.rows() >= BATCH_ROWS {
                return put(batch.rows(), batch.take());
            }
            Ok(())
        })?;
        if batch.rows() > 0 { put(batch.rows(), batch.take()) } else { Ok(()) }
    }

    /// Leaves the file that keeps servers from starting on the folder's own database.
    pub(super) fn mark_moved(&self, to: &PostgresUrl) -> Result<PathBuf, OpenError> {
        let failed = || OpenError::files("write", &self.marker);
        let text = format!(
            "{to}\n\nThe marketplace of this folder was moved there; the database in this folder is as it was then.\n\
             To go on with this folder's database after all, and without what happened since, remove this file.\n"
        );
        files::write_durably(&self.marker, text.as_bytes()).map_err(failed())?;
        Ok(self.marker.clone())
    }

    fn tx(&self) -> Tx<'_> {
        Tx::new(&self.connection, &self.key, Purpose::Read)
    }
}
