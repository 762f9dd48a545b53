//! What all steps together make: tables with columns, keys and references, and indexes; read from a database made with them.

use std::collections::HashSet;

use rusqlite::Connection;

use super::error::StoreError;
use super::migrations::{self, MIGRATIONS, Migration, MigrationError};
use crate::domain::time::Timestamp;

/// Everything that the steps make, without the table in which they are recorded.
pub(super) struct Schema {
    /// The tables; one that refers to another comes after it.
    pub tables: Vec<Table>,
    /// The indexes beside those of keys.
    pub indexes: Vec<Index>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of the primary key, in its order.
    pub key: Vec<String>,
    pub references: Vec<Reference>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub sort: Sort,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Text, an id or a digest.
    Text,
    /// A number, a time or a truth value.
    Integer,
}

/// That a column names a row of another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub column: String,
    pub table: String,
    pub target: String,
}

/// One index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub name: String,
    /// The statement that makes it.
    pub text: String,
}

impl Schema {
    /// What all steps of this program make.
    ///
    /// # Errors
    /// [`StoreError::Internal`] where they cannot be run, which their tests would find first.
    pub(super) fn known() -> Result<Schema, StoreError> {
        Schema::made_by(MIGRATIONS)
    }

    /// What these steps make.
    ///
    /// # Errors
    /// See [`Schema::known`].
    pub(super) fn made_by(steps: &[Migration]) -> Result<Schema, StoreError> {
        let broken = |error: rusqlite::Error| StoreError::Internal(format!("the schema cannot be read: {error}"));
        let mut made = Connection::open_in_memory().map_err(broken)?;
        migrations::migrate(&mut made, steps, Timestamp::from_ms(0)).map_err(|error| match error {
            MigrationError::Store(error) => error,
            other => StoreError::Internal(format!("the schema cannot be made: {other:?}")),
        })?;
        let names = names(&made).map_err(broken)?;
        let tables = names.iter().map(|name| table(&made, name)).collect::<rusqlite::Result<_>>().map_err(broken)?;
        Ok(Schema { tables: parents_first(tables), indexes: indexes(&made).map_err(broken)? })
    }
}

impl Table {
    /// The names of the columns, with commas between them.
    pub(super) fn columns(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The columns of the key, with commas between them.
    pub(super) fn key(&self) -> String {
        self.key.join(", ")
    }
}

fn names(made: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'migrations' ORDER BY name";
    made.prepare(sql)?.query_map((), |row| row.get(0))?.collect()
}

fn table(made: &Connection, name: &str) -> rusqlite::Result<Table> {
    let mut statement = made.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let read = statement.query_map([name], |row| {
        let sort = if row.get::<_, String>(1)?.eq_ignore_ascii_case("TEXT") { Sort::Text } else { Sort::Integer };
        Ok((Column { name: row.get(0)?, sort }, row.get::<_, i64>(2)?))
    })?;
    let read = read.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut key: Vec<(i64, String)> =
        read.iter().filter(|(_, place)| *place > 0).map(|(column, place)| (*place, column.name.clone())).collect();
    key.sort();
    let mut statement =
        made.prepare("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id")?;
    let references = statement
        .query_map([name], |row| Ok(Reference { column: row.get(0)?, table: row.get(1)?, target: row.get(2)? }))?;
    Ok(Table {
        name: name.to_owned(),
        columns: read.into_iter().map(|(column, _)| column).collect(),
        key: key.into_iter().map(|(_, name)| name).collect(),
        references: references.collect::<rusqlite::Result<_>>()?,
    })
}

fn indexes(made: &Connection) -> rusqlite::Result<Vec<Index>> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
    made.prepare(sql)?.query_map((), |row| Ok(Index { name: row.get(0)?, text: row.get(1)? }))?.collect()
}

/// Orders tables so that rows can be added table by table.
fn parents_first(mut waiting: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::new();
    let mut placed = HashSet::new();
    while !waiting.is_empty() {
        let free = |table: &Table| {
            table.references.iter().all(|reference| reference.table == table.name || placed.contains(&reference.table))
        };
        // Tables that refer to each other in a ring would be placed as they come; there are none.
        let next = waiting.iter().position(free).unwrap_or(0);
        let table = waiting.remove(next);
        placed.insert(table.name.clone());
        ordered.push(table);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_steps_is_known_with_a_key_and_after_those_it_refers_to() {
        let schema = Schema::known().unwrap();
        let mut names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
        for (place, table) in schema.tables.iter().enumerate() {
            assert!(!table.key.is_empty(), "{} has no primary key, so its rows have no order", table.name);
            for reference in &table.references {
                let parent = names.iter().position(|name| *name == reference.table);
                assert!(parent.is_some_and(|parent| parent <= place), "{} before {}", table.name, reference.table);
            }
        }
        names.sort_unstable();
        let mut listed = migrations::tables(i64::MAX);
        listed.sort_unstable();
        assert_eq!(names, listed);
        let reviews = schema.tables.iter().find(|table| table.name == "reviews").unwrap();
        assert!(reviews.references.iter().any(|to| to.column == "version_id" && to.table == "versions"));
        assert!(schema.indexes.iter().any(|index| index.name == "reviews_open_rank"));
    }
}
