//! One layer of the policy: the fields it sets, those it locks, and exceptions that run out; and how layers merge.

use std::collections::BTreeMap;

use super::field::{FieldPath, Setting};
use crate::domain::time::Timestamp;

/// What a layer says about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is set to.
    pub value: Setting,
    /// Where it is locked: the setting that layers above may only make stricter.
    pub floor: Option<Setting>,
}

/// The fields that a layer sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer(pub BTreeMap<FieldPath, Entry>);

/// A setting for some, for a time, above every lock: only administrators make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which field.
    pub field: FieldPath,
    /// What it is for those it is made for.
    pub value: Setting,
    /// The server it is made for, by its id; every server where absent.
    pub server: Option<String>,
    /// The extension it is made for, by its slug; every extension where absent.
    pub extension: Option<String>,
    /// When it ends.
    pub until: Timestamp,
    /// Why it is made.
    pub reason: String,
}

/// A layer as it is written down: one numbered revision of it is never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The fields it sets.
    pub layer: Layer,
    /// Exceptions from it.
    pub exceptions: Vec<Exception>,
}

/// Exceptions of one document.
pub const EXCEPTIONS_MAX: usize = 200;

impl Entry {
    /// A setting that layers above may override.
    pub const fn open(value: Setting) -> Entry {
        Entry { value, floor: None }
    }

    /// A setting that layers above may only make stricter.
    pub fn locked(value: Setting) -> Entry {
        Entry { floor: Some(value.clone()), value }
    }

    /// What is left of this entry above `below`: never looser than what is locked below.
    #[must_use]
    pub fn above(&self, path: &FieldPath, below: Option<&Entry>) -> Entry {
        let Some(bound) = below.and_then(|below| below.floor.as_ref()) else { return self.clone() };
        let field = path.field();
        let floor = self.floor.as_ref().map_or_else(|| bound.clone(), |floor| field.stricter(floor, bound));
        Entry { value: field.stricter(&self.value, &floor), floor: Some(floor) }
    }
}

impl Layer {
    /// The layer that does what this one and then `above` do.
    #[must_use]
    pub fn merged(&self, above: &Layer) -> Layer {
        let mut merged = self.clone();
        for (path, entry) in &above.0 {
            let entry = entry.above(path, self.0.get(path));
            merged.0.insert(path.clone(), entry);
        }
        merged
    }
}

impl Document {
    /// Sets a field, keeping whether it is locked.
    pub fn put(&mut self, path: FieldPath, value: Setting) {
        let is_locked = self.layer.0.get(&path).is_some_and(|entry| entry.floor.is_some());
        let entry = if is_locked { Entry::locked(value) } else { Entry::open(value) };
        self.layer.0.insert(path, entry);
    }
}
