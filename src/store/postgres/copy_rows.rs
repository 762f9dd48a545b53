//! Rows in the binary form that PostgreSQL's `COPY … FROM STDIN (FORMAT binary)` reads (its manual, page "COPY").

use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::schema::{Sort, Table};

/// How the form begins: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends: a row of -1 columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// The length of nothing.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Rows of one table that are sent together.
pub(in crate::store) struct CopyRows {
    bytes: Vec<u8>,
    rows: u64,
}

impl CopyRows {
    /// None yet.
    pub(in crate::store) fn new() -> CopyRows {
        CopyRows { bytes: HEADER.to_vec(), rows: 0 }
    }

    /// Appends a row with the table's columns in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming table, row and column where a value is not what the column is made for.
    pub(in crate::store) fn push(&mut self, table: &Table, row: &Row) -> Result<(), StoreError> {
        let columns = i16::try_from(table.columns.len())
            .map_err(|_| StoreError::Internal(format!("{} has too many columns", table.name)))?;
        let start = self.bytes.len();
        self.bytes.extend(columns.to_be_bytes());
        for (i, column) in table.columns.iter().enumerate() {
            if let Err(error) = self.push_cell(column.sort, row, i) {
                self.bytes.truncate(start);
                let (table, column, first) = (&table.name, &column.name, shown(row));
                let what = format!("{table}.{column} of the row {first}: {error}");
                return Err(StoreError::Corrupt(what));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// How many rows there are.
    pub(in crate::store) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many bytes there are.
    pub(in crate::store) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The complete form; afterwards there are no rows.
    pub(in crate::store) fn take(&mut self) -> Vec<u8> {
        self.bytes.extend(TRAILER);
        self.rows = 0;
        std::mem::replace(&mut self.bytes, HEADER.to_vec())
    }

    fn push_cell(&mut self, sort: Sort, row: &Row, i: usize) -> Result<(), StoreError> {
        if row.is_null(i)? {
            self.bytes.extend(NULL);
            return Ok(());
        }
        match sort {
            Sort::Integer => self.push_value(&row.integer(i)?.to_be_bytes()),
            Sort::Text => {
                let text = row.str(i)?;
                if text.contains('\0') {
                    return Err(StoreError::Corrupt("a zero byte, which PostgreSQL cannot keep".to_owned()));
                }
                self.push_value(text.as_bytes())
            }
        }
    }

    fn push_value(&mut self, value: &[u8]) -> Result<(), StoreError> {
        let length = i32::try_from(value.len())
            .map_err(|_| StoreError::Corrupt("a text of more than 2 GiB, which PostgreSQL cannot keep".to_owned()))?;
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(value);
        Ok(())
    }
}

/// The first column, by which a row is found.
fn shown(row: &Row) -> String {
    row.text(0).or_else(|_| row.integer(0).map(|number| number.to_string())).unwrap_or_else(|_| "?".to_owned())
}
