//! What goes into a statement: the three sorts of value that every database keeps alike.

use std::error::Error;
use std::fmt::Display;

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::Serialize;
use tokio_postgres::types::{IsNull, Type, to_sql_checked};

use super::error::StoreError;
use crate::domain::account::AccountName;
use crate::domain::digest::{Md5Digest, Sha256Digest};
use crate::domain::id::{
    AccountId, EntryId, ExtensionId, FindingId, InstallationId, InstanceId, JobId, NodeId, NoteId, NoticeId, PlanId,
    PurchaseId, RatingId, ReportId, ReviewId, ServerId, TokenId, VersionId,
};
use crate::domain::time::Timestamp;

/// One argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, a time in milliseconds since 1970, or a truth value as 0 or 1.
    Integer(i64),
    /// Text, an id or a digest.
    Text(String),
}

impl Value {
    /// The text that `thing` is shown as.
    pub fn shown(thing: impl Display) -> Value {
        Value::Text(thing.to_string())
    }

    /// `thing` as compact JSON.
    ///
    /// # Errors
    /// [`StoreError::Internal`] where the type cannot be JSON.
    pub fn json(thing: &impl Serialize) -> Result<Value, StoreError> {
        serde_json::to_string(thing)
            .map(Value::Text)
            .map_err(|error| StoreError::Internal(format!("a value cannot be written as JSON: {error}")))
    }
}

/// Refuses texts that PostgreSQL cannot keep, for every database alike; `doing` is the statement they belong to.
///
/// # Errors
/// [`StoreError::NotText`] for a text with U+0000.
pub(super) fn check(params: &[Value], doing: &str) -> Result<(), StoreError> {
    if params.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0'))) {
        return Err(StoreError::NotText(doing.to_owned()));
    }
    Ok(())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl tokio_postgres::types::ToSql for Value {
    fn to_sql(&self, sort: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *sort == Type::INT8 => number.to_sql(sort, out),
            Value::Integer(number) if *sort == Type::INT4 => i32::try_from(*number)?.to_sql(sort, out),
            Value::Text(text) if <String as tokio_postgres::types::ToSql>::accepts(sort) => text.to_sql(sort, out),
            Value::Integer(_) => Err(format!("a number where {sort} belongs").into()),
            Value::Text(_) => Err(format!("text where {sort} belongs").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<u64> for Value {
    /// Numbers beyond `i64` (no count or size here gets there) become its largest.
    fn from(number: u64) -> Value {
        Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::from(number as u64)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Value {
        Value::Integer(time.as_ms())
    }
}

macro_rules! from_numbers {
    ($($sort:ty),*) => {$(
        impl From<$sort> for Value {
            fn from(number: $sort) -> Value {
                Value::Integer(i64::from(number))
            }
        }
    )*};
}

macro_rules! from_shown {
    ($($sort:ty),*) => {$(
        impl From<$sort> for Value {
            fn from(thing: $sort) -> Value {
                Value::Text(thing.to_string())
            }
        }
    )*};
}

from_numbers!(bool, u8, u16, u32, i32, i64);
from_shown!(&str, &String, &AccountName, Md5Digest, Sha256Digest);
from_shown!(EntryId, PurchaseId);
from_shown!(InstallationId, InstanceId, NoticeId, RatingId, ReportId, ServerId);
from_shown!(AccountId, ExtensionId, FindingId, JobId, NodeId, NoteId, PlanId, ReviewId, TokenId, VersionId);
