//! What comes out of a statement: one row, read column by column into the domain's types.

use std::fmt::Display;
use std::str::FromStr;

use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;
use tokio_postgres::types::{FromSql, Type};

use super::error::StoreError;
use crate::domain::time::Timestamp;

/// One row of an answer; columns are counted from 0.
pub enum Row<'r> {
    /// From the embedded database.
    #[doc(hidden)]
    Sqlite(&'r rusqlite::Row<'r>),
    /// From PostgreSQL.
    #[doc(hidden)]
    Postgres(&'r tokio_postgres::Row),
}

/// A type that is read from a row.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming the column where what is stored does not fit.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// What a column holds.
enum Cell<'r> {
    Null,
    Integer(i64),
    Text(&'r str),
    /// A sort of value that nothing here is kept as.
    Other(String),
}

impl Row<'_> {
    /// The text of column `i`, not copied.
    pub fn str(&self, i: usize) -> Result<&str, StoreError> {
        match self.value(i)? {
            Cell::Text(text) => Ok(text),
            other => Err(wrong_sort(i, "text", &other)),
        }
    }

    /// The text of column `i`.
    pub fn text(&self, i: usize) -> Result<String, StoreError> {
        self.str(i).map(str::to_owned)
    }

    /// The number in column `i`.
    pub fn integer(&self, i: usize) -> Result<i64, StoreError> {
        match self.value(i)? {
            Cell::Integer(number) => Ok(number),
            other => Err(wrong_sort(i, "a number", &other)),
        }
    }

    /// The number in column `i`, in a narrower type.
    pub fn number<T: TryFrom<i64>>(&self, i: usize) -> Result<T, StoreError> {
        let number = self.integer(i)?;
        T::try_from(number).map_err(|_| corrupt(i, &format!("{number}, which is out of its range")))
    }

    /// The text of column `i`, where there is one.
    pub fn optional_text(&self, i: usize) -> Result<Option<String>, StoreError> {
        if self.is_null(i)? { Ok(None) } else { self.text(i).map(Some) }
    }

    /// The number in column `i`, where there is one.
    pub fn optional_integer(&self, i: usize) -> Result<Option<i64>, StoreError> {
        if self.is_null(i)? { Ok(None) } else { self.integer(i).map(Some) }
    }

    /// The text of column `i`, parsed.
    pub fn parsed<T>(&self, i: usize) -> Result<T, StoreError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.str(i)?.parse().map_err(|error: T::Err| corrupt(i, &error.to_string()))
    }

    /// The text of column `i`, parsed, where there is one.
    pub fn optional_parsed<T>(&self, i: usize) -> Result<Option<T>, StoreError>
    where
        T: FromStr,
        T::Err: Display,
    {
        if self.is_null(i)? { Ok(None) } else { self.parsed(i).map(Some) }
    }

    /// The JSON in column `i`, read into a type.
    pub fn json<T: DeserializeOwned>(&self, i: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.str(i)?).map_err(|error| corrupt(i, &format!("unreadable JSON: {error}")))
    }

    /// The time in column `i`.
    pub fn timestamp(&self, i: usize) -> Result<Timestamp, StoreError> {
        self.integer(i).map(Timestamp::from_ms)
    }

    /// The time in column `i`, where there is one.
    pub fn optional_timestamp(&self, i: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(i)?.map(Timestamp::from_ms))
    }

    /// The truth value in column `i`.
    pub fn flag(&self, i: usize) -> Result<bool, StoreError> {
        match self.integer(i)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(corrupt(i, &format!("{other} where 0 or 1 belongs"))),
        }
    }

    /// Whether column `i` holds nothing.
    pub fn is_null(&self, i: usize) -> Result<bool, StoreError> {
        Ok(matches!(self.value(i)?, Cell::Null))
    }

    fn value(&self, i: usize) -> Result<Cell<'_>, StoreError> {
        match self {
            Row::Sqlite(row) => of_sqlite(row, i),
            Row::Postgres(row) => of_postgres(row, i),
        }
    }
}

fn of_sqlite<'r>(row: &'r rusqlite::Row<'_>, i: usize) -> Result<Cell<'r>, StoreError> {
    Ok(match row.get_ref(i).map_err(|error| no_column(i, &error))? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Text(bytes) => {
            Cell::Text(std::str::from_utf8(bytes).map_err(|_| corrupt(i, "text that is not UTF-8"))?)
        }
        other => Cell::Other(other.data_type().to_string()),
    })
}

/// Constants such as `1` have four bytes there, columns and counts eight.
fn of_postgres(row: &tokio_postgres::Row, i: usize) -> Result<Cell<'_>, StoreError> {
    let refused = |error: tokio_postgres::Error| no_column(i, &error);
    let Some(column) = row.columns().get(i) else {
        return Err(no_column(i, &format!("the row has {}", row.len())));
    };
    let sort = column.type_();
    Ok(if *sort == Type::INT8 {
        row.try_get::<_, Option<i64>>(i).map_err(refused)?.map_or(Cell::Null, Cell::Integer)
    } else if *sort == Type::INT4 {
        row.try_get::<_, Option<i32>>(i).map_err(refused)?.map_or(Cell::Null, |number| Cell::Integer(number.into()))
    } else if <&str as FromSql>::accepts(sort) {
        row.try_get::<_, Option<&str>>(i).map_err(refused)?.map_or(Cell::Null, Cell::Text)
    } else {
        Cell::Other(sort.name().to_owned())
    })
}

impl FromRow for i64 {
    fn from_row(row: &Row) -> Result<i64, StoreError> {
        row.integer(0)
    }
}

impl FromRow for String {
    fn from_row(row: &Row) -> Result<String, StoreError> {
        row.text(0)
    }
}

impl FromRow for Option<i64> {
    fn from_row(row: &Row) -> Result<Option<i64>, StoreError> {
        row.optional_integer(0)
    }
}

/// Reads nothing, for questions of the sort "is there one".
impl FromRow for () {
    fn from_row(_: &Row) -> Result<(), StoreError> {
        Ok(())
    }
}

fn corrupt(i: usize, what: &str) -> StoreError {
    StoreError::Corrupt(format!("column {i} holds {what}"))
}

fn no_column(i: usize, error: &dyn Display) -> StoreError {
    StoreError::Internal(format!("column {i} of a row: {error}"))
}

fn wrong_sort(i: usize, wanted: &str, found: &Cell) -> StoreError {
    let found = match found {
        Cell::Null => "Null",
        Cell::Integer(_) => "Integer",
        Cell::Text(_) => "Text",
        Cell::Other(sort) => sort,
    };
    corrupt(i, &format!("{found} where {wanted} belongs"))
}

#[cfg(test)]
mod tests {
    use super::super::scratch::scratch;
    use super::super::value::Value;
    use super::*;
    use crate::domain::id::AccountId;

    struct Wants(&'static str);

    impl Wants {
        fn read(row: &Row, wants: &str) -> Result<(), StoreError> {
            match wants {
                "text" => row.text(0).map(drop),
                "integer" => row.integer(0).map(drop),
                "id" => row.parsed::<AccountId>(0).map(drop),
                "flag" => row.flag(0).map(drop),
                "json" => row.json::<Vec<i64>>(0).map(drop),
                _ => row.number::<u8>(0).map(drop),
            }
        }
    }

    #[test]
    fn what_does_not_fit_names_its_column() {
        let scratch = scratch();
        let cases = [
            (Wants("text"), Value::Integer(1), "column 0 holds Integer where text belongs"),
            (Wants("integer"), Value::from("x"), "column 0 holds Text where a number belongs"),
            (Wants("id"), Value::from("x"), "column 0 holds not an id"),
            (Wants("flag"), Value::Integer(2), "column 0 holds 2 where 0 or 1 belongs"),
            (Wants("json"), Value::from("{"), "column 0 holds unreadable JSON"),
            (Wants("u8"), Value::Integer(300), "column 0 holds 300, which is out of its range"),
        ];
        for (Wants(wants), value, expected) in cases {
            let text = matches!(value, Value::Text(_));
            let sql = if text { "SELECT CAST($1 AS TEXT)" } else { "SELECT CAST($1 AS BIGINT)" };
            let error =
                scratch.tx(|tx| tx.each(sql, std::slice::from_ref(&value), |row| Wants::read(row, wants))).unwrap_err();
            assert!(matches!(&error, StoreError::Corrupt(text) if text.starts_with(expected)), "{wants}: {error}");
        }
    }
}
