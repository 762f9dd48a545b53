//! What changes from one document, or one policy, to another: field by field, readable.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Policy;
use super::field::{FieldPath, every_path};
use super::layer::{Document, Entry, Exception};

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field, such as `scopes.webhooks`; for an exception, `exceptions`.
    pub field: String,
    /// What it was, where it was set.
    pub from: Option<String>,
    /// What it becomes, where it is set.
    pub to: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |side: &Option<String>| side.clone().unwrap_or_else(|| "not set".to_owned());
        write!(f, "{}: {} → {}", self.field, said(&self.from), said(&self.to))
    }
}

/// What a document sets, locks and excepts otherwise than another.
pub fn changes(before: &Document, after: &Document) -> Vec<FieldChange> {
    let mut paths: Vec<&FieldPath> = before.layer.0.keys().chain(after.layer.0.keys()).collect();
    paths.sort();
    paths.dedup();
    let said = |entry: Option<&Entry>| entry.map(entry_text);
    let fields = paths.into_iter().filter_map(|path| {
        let (from, to) = (before.layer.0.get(path), after.layer.0.get(path));
        (from != to).then(|| FieldChange { field: path.to_string(), from: said(from), to: said(to) })
    });
    let line = |from, to| FieldChange { field: "exceptions".to_owned(), from, to };
    let gone = before.exceptions.iter().filter(|exception| !after.exceptions.contains(exception));
    let new = after.exceptions.iter().filter(|exception| !before.exceptions.contains(exception));
    let gone = gone.map(|exception| line(Some(exception_text(exception)), None));
    let new = new.map(|exception| line(None, Some(exception_text(exception))));
    fields.chain(gone).chain(new).collect()
}

/// The fields that have another setting, wherever that comes from.
pub fn policy_changes(before: &Policy, after: &Policy) -> Vec<(FieldPath, FieldChange)> {
    let mut paths = every_path(before);
    paths.extend(every_path(after));
    paths.sort();
    paths.dedup();
    let changed = paths.into_iter().filter_map(|path| {
        let (from, to) = (path.get(before), path.get(after));
        let text = |setting: &Option<super::Setting>| setting.as_ref().map(ToString::to_string);
        let change = FieldChange { field: path.to_string(), from: text(&from), to: text(&to) };
        (from != to).then_some((path, change))
    });
    changed.collect()
}

fn entry_text(entry: &Entry) -> String {
    let locked = if entry.floor.is_some() { " (locked)" } else { "" };
    format!("{}{locked}", entry.value)
}

fn exception_text(exception: &Exception) -> String {
    let Exception { field, value, server, extension, until, reason } = exception;
    let server = server.as_ref().map_or_else(|| "every server".to_owned(), |id| format!("server {id}"));
    let extension = extension.as_ref().map_or_else(|| "every extension".to_owned(), |slug| format!("extension {slug}"));
    format!("{field} = {value} for {server} and {extension} until {until}: {reason}")
}
