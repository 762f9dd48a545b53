//! Whether the database itself is whole: its pages, tables, indexes, and what refers to what.

use rusqlite::Connection;

use super::looks::{Findings, RESTORE, list};
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::schema::Schema;
use crate::store::tx::Tx;

/// What to do about a damaged file.
pub(super) const DAMAGED: &str =
    "restore it from a backup: its file was damaged by the disk, cut off, or written to by something else";
/// Faults of pages that SQLite tells of.
const PAGE_FAULTS_MAX: i64 = 20;

/// Whether there is a point in reading on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readable {
    Yes,
    No,
}

/// Has SQLite check every page, every index against its table, and every rule of a column.
pub(super) fn integrity(connection: &Connection, findings: &mut Findings) -> Readable {
    let cure = DAMAGED;
    let checked =
        connection.prepare(&format!("PRAGMA integrity_check({PAGE_FAULTS_MAX})")).and_then(|mut statement| {
            statement.query_map((), |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        });
    match checked {
        Ok(lines) => {
            for line in lines.iter().filter(|line| *line != "ok") {
                findings.damage("database.integrity", "the database file", line, cure);
            }
            Readable::Yes
        }
        Err(error) => {
            let what = StoreError::of_sqlite(&error, "checking every page").to_string();
            findings.damage("database.integrity", "the database file", &what, cure);
            Readable::No
        }
    }
}

/// Whether every table is there.
pub(super) fn tables(tx: &mut Tx, schema: &Schema, findings: &mut Findings) -> Readable {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Dialect::Postgres => {
            "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    let there: Vec<String> = match tx.query(sql, &[]) {
        Ok(names) => names,
        Err(error) => {
            findings.unread("database.tables", &error);
            return Readable::No;
        }
    };
    let mut readable = Readable::Yes;
    for table in schema.tables.iter().filter(|table| !there.contains(&table.name)) {
        findings.damage("database.tables", &format!("table {}", table.name), "it is missing", RESTORE);
        readable = Readable::No;
    }
    readable
}

/// Whether every index is there.
pub(super) fn indexes(tx: &mut Tx, schema: &Schema, findings: &mut Findings) {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index'",
        Dialect::Postgres => "SELECT indexname::TEXT FROM pg_indexes WHERE schemaname = current_schema()",
    };
    match tx.query::<String>(sql, &[]) {
        Ok(there) => {
            for index in schema.indexes.iter().filter(|index| !there.contains(&index.name)) {
                let cure = format!("make it again while no server runs: {}", index.text);
                let what = "it is missing, so that what it is for reads the whole table";
                findings.warn("database.indexes", &format!("index {}", index.name), what, &cure);
            }
        }
        Err(error) => findings.unread("database.indexes", &error),
    }
}

/// Whether every row that is referred to is there.
pub(super) fn references(tx: &mut Tx, schema: &Schema, findings: &mut Findings) {
    for table in &schema.tables {
        for reference in &table.references {
            let (child, column) = (&table.name, &reference.column);
            let (parent, target) = (&reference.table, &reference.target);
            let key = table.key.first().map_or(column, |key| key);
            let sql = format!(
                "SELECT child.{key}, child.{column} FROM {child} child WHERE child.{column} IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM {parent} parent WHERE parent.{target} = child.{column})"
            );
            let mut lines = Vec::new();
            let more = list(tx, &sql, &[], |id, named| lines.push((id.to_owned(), named.to_owned())));
            for (id, named) in lines {
                let what = format!("its {column} is {named}, and there is no such row in {parent}");
                findings.damage("database.references", &format!("{child} {id}"), &what, RESTORE);
            }
            match more {
                Ok(0) => {}
                Ok(more) => {
                    let what = format!("{more} more rows name a {column} that is not in {parent}");
                    findings.damage("database.references", child, &what, RESTORE);
                }
                Err(error) => findings.unread("database.references", &error),
            }
        }
    }
}

/// Rows of all tables.
pub(super) fn rows(tx: &mut Tx, schema: &Schema) -> Result<u64, StoreError> {
    schema.tables.iter().try_fold(0, |rows, table| {
        let counted = tx.query_one::<i64>(&format!("SELECT count(*) FROM {}", table.name), &[])?;
        Ok(rows + counted.unwrap_or(0).unsigned_abs())
    })
}
