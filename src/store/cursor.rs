//! Places in ordered lists: the value that a list is ordered by, and an id where that is the same.

use std::cmp::Ordering;
use std::fmt;

use super::{FromRow, Row, StoreError, Value};

/// A place in an order, opaque to whoever carries it from page to page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) by: &'static str,
    pub(super) place: Place,
}

/// The text is no cursor of this list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not made by this list in this order; start again without it")]
pub struct NotACursor;

/// What a row is ordered by, and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub key: Key,
    pub id: String,
}

/// A value that a list is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

/// One of the orders of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// The name that filters use.
    pub by: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

impl Order {
    /// Which of two places comes first.
    pub fn compare(self, a: &Place, b: &Place) -> Ordering {
        if self.descending { b.cmp(a) } else { a.cmp(b) }
    }

    /// Whether `a` comes before `b`.
    pub fn precedes(self, a: &Place, b: &Place) -> bool {
        self.compare(a, b).is_lt()
    }

    /// The word of SQL.
    pub const fn direction(self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }

    /// The sign between what comes later and a place.
    pub const fn later(self) -> &'static str {
        if self.descending { "<" } else { ">" }
    }

    /// The sign between what does not come later and a place.
    pub const fn not_later(self) -> &'static str {
        if self.descending { ">=" } else { "<=" }
    }
}

impl Key {
    /// The value as an argument.
    pub fn value(&self) -> Value {
        match self {
            Key::Number(number) => (*number).into(),
            Key::Text(text) => text.into(),
        }
    }
}

impl Cursor {
    /// Reads a cursor of the order `by`.
    pub(super) fn parse(text: &str, by: &'static str) -> Result<Cursor, NotACursor> {
        let mut parts = text.splitn(3, '.');
        let (Some(made_by), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotACursor);
        };
        let key = match key.split_at_checked(1) {
            Some(("n", number)) => Key::Number(number.parse().map_err(|_| NotACursor)?),
            Some(("t", text)) => Key::Text(text.to_owned()),
            _ => return Err(NotACursor),
        };
        if made_by != by || id.len() != 36 {
            return Err(NotACursor);
        }
        Ok(Cursor { by, place: Place { key, id: id.to_owned() } })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place.key {
            Key::Number(number) => write!(f, "{}.{}.n{number}", self.by, self.place.id),
            Key::Text(text) => write!(f, "{}.{}.t{text}", self.by, self.place.id),
        }
    }
}

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Place, StoreError> {
        let key = row.integer(0).map(Key::Number).or_else(|_| row.text(0).map(Key::Text))?;
        Ok(Place { key, id: row.text(1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_belong_to_one_order() {
        let id = "0192f0c1-2345-7abc-8def-0123456789ab".to_owned();
        for key in [Key::Number(-5), Key::Text("a.b.c é".to_owned()), Key::Text(String::new())] {
            let cursor = Cursor { by: "slug", place: Place { key, id: id.clone() } };
            assert_eq!(Cursor::parse(&cursor.to_string(), "slug"), Ok(cursor.clone()));
            assert_eq!(Cursor::parse(&cursor.to_string(), "risk"), Err(NotACursor));
        }
        for bad in ["", "slug", "slug.x.n1", &format!("slug.{id}.n"), &format!("slug.{id}.x1"), &format!("slug.{id}.é")]
        {
            assert_eq!(Cursor::parse(bad, "slug"), Err(NotACursor), "{bad}");
        }
    }
}
