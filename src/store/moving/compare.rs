//! Compares the folder's rows with the database's: as many, and the same bytes in the same order.

use std::path::Path;
use std::thread;

use sha2::{Digest as _, Sha256};

use super::source::Source;
use super::target::Target;
use super::{BATCH_ROWS, MoveStep, MovedTable, Progress};
use crate::domain::audit::AuditKey;
use crate::domain::digest::Sha256Digest;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::schema::{Schema, Sort, Table};
use crate::store::sqlite;
use crate::store::tx::{Purpose, Tx};

/// What the comparison found.
pub(super) struct Compared {
    /// The tables that are the same.
    pub same: Vec<MovedTable>,
    /// The names of those that are not.
    pub tables: Vec<String>,
}

/// Reads all rows on both sides at once.
pub(super) fn differing(
    source: &Source,
    target: &mut Target,
    schema: &Schema,
    progress: &mut Progress,
) -> Result<Compared, StoreError> {
    progress.begin(MoveStep::Comparing, "");
    let (key, path) = (source.key(), source.path());
    let (here, there) = thread::scope(|scope| {
        let here = scope.spawn(|| of_folder(path, key, schema));
        let there = of_database(target, key, schema, progress);
        let here = here.join().unwrap_or_else(|_| Err(StoreError::Internal("reading the folder panicked".to_owned())));
        (here, there)
    });
    let mut compared = Compared { same: Vec::new(), tables: Vec::new() };
    for (here, there) in here?.into_iter().zip(there?) {
        if here == there { compared.same.push(here) } else { compared.tables.push(here.name) }
    }
    Ok(compared)
}

fn of_folder(path: &Path, key: &AuditKey, schema: &Schema) -> Result<Vec<MovedTable>, StoreError> {
    let refused = |error: rusqlite::Error| StoreError::of_sqlite(&error, "opening to read");
    let connection = sqlite::connect_reading(path).map_err(refused)?;
    let mut tx = Tx::new(&connection, key, Purpose::Read);
    schema.tables.iter().map(|table| digest(&mut tx, table, |_| ())).collect()
}

fn of_database(
    target: &mut Target,
    key: &AuditKey,
    schema: &Schema,
    progress: &mut Progress,
) -> Result<Vec<MovedTable>, StoreError> {
    target.read(key, |tx| {
        schema.tables.iter().map(|table| digest(tx, table, |rows| progress.advance(table, rows))).collect()
    })
}

/// SHA-256 over every row in the order of the keys; each value is preceded by what it is and how long.
fn digest(tx: &mut Tx, table: &Table, mut heard: impl FnMut(u64)) -> Result<MovedTable, StoreError> {
    let mut hasher = Sha256::new();
    let (mut rows, mut told) = (0, 0);
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.columns(), table.name, table.key());
    tx.each(&sql, &[], |row: &Row| {
        for (i, column) in table.columns.iter().enumerate() {
            if row.is_null(i)? {
                hasher.update([0]);
                continue;
            }
            match column.sort {
                Sort::Integer => {
                    hasher.update([1]);
                    hasher.update(row.integer(i)?.to_le_bytes());
                }
                Sort::Text => {
                    let text = row.str(i)?;
                    hasher.update([2]);
                    hasher.update((text.len() as u64).to_le_bytes());
                    hasher.update(text);
                }
            }
        }
        rows += 1;
        if rows - told == BATCH_ROWS {
            told = rows;
            heard(BATCH_ROWS);
        }
        Ok(())
    })?;
    heard(rows - told);
    Ok(MovedTable { name: table.name.clone(), rows, sha256: Sha256Digest::from_bytes(hasher.finalize().into()) })
}
