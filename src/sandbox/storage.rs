//! What an extension keeps for one server between runs, within its cap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error_code::ErrorCode;

/// Keys and values of one extension on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Storage {
    entries: BTreeMap<String, Value>,
}

impl Storage {
    /// The value kept under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    /// Keeps a value, where keys and values together stay within `bytes_max`.
    ///
    /// # Errors
    /// [`ErrorCode::BadArgument`] for a key that is empty or longer than 200 bytes, [`ErrorCode::Limit`] where it would
    /// not fit.
    pub fn set(&mut self, key: &str, value: Value, bytes_max: u64) -> Result<(), ErrorCode> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(ErrorCode::BadArgument);
        }
        let replaced = self.entries.get(key).map_or(0, |old| entry_bytes(key, old));
        if self.bytes() - replaced + entry_bytes(key, &value) > bytes_max {
            return Err(ErrorCode::Limit);
        }
        self.entries.insert(key.to_owned(), value);
        Ok(())
    }

    /// Forgets a key; tells whether it was there.
    pub fn delete(&mut self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }

    /// The keys that start with `prefix`, sorted.
    pub fn keys<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries.keys().map(String::as_str).filter(move |key| key.starts_with(prefix))
    }

    /// Bytes of keys and values together.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|(key, value)| entry_bytes(key, value)).sum()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A value as a guest reads it: text as it is, everything else as JSON.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn entry_bytes(key: &str, value: &Value) -> u64 {
    let value = match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    (key.len() + value) as u64
}

/// Bytes of one key.
pub const KEY_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_counts_keys_and_values_and_what_is_replaced() {
        let mut storage = Storage::default();
        assert_eq!(storage.set("key", Value::from("12345"), 8), Ok(()));
        assert_eq!(storage.bytes(), 8);
        assert_eq!(storage.set("key", Value::from("123456"), 8), Err(ErrorCode::Limit));
        assert_eq!(storage.set("key", Value::from(1), 8), Ok(()));
        assert_eq!(storage.bytes(), 4);
        assert_eq!(storage.set("", Value::Null, 100), Err(ErrorCode::BadArgument));
        assert!(storage.delete("key") && !storage.delete("key"));
    }
}
