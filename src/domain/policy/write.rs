//! Writes documents of the policy as files that people edit.

use std::fmt::Write as _;

use super::Policy;
use super::field::{FieldPath, Setting, Sort, every_path};
use super::layer::Document;
use super::text::Format;
use crate::domain::json::Json;

impl Document {
    /// The document as a text that reads back as the same document.
    pub fn to_text(&self, format: Format) -> String {
        match format {
            Format::Json => self.to_json().to_pretty(),
            Format::Toml => toml(self, None),
        }
    }

    /// The document as TOML with every field that it does not set in a comment: what it is without, and what it decides.
    pub fn to_commented_toml(&self) -> String {
        toml(self, Some(&Policy::default()))
    }
}

fn toml(document: &Document, defaults: Option<&Policy>) -> String {
    let mut text = String::new();
    if defaults.is_some() {
        text.push_str(
            "# The marketplace's policy: what is set here overrides what is built in. A field in a comment has the value\n\
             # that stands there. `locked` names fields that servers may only make stricter.\n\n",
        );
    }
    let locked = document.layer.0.iter().filter(|(_, entry)| entry.floor.is_some());
    let locked: Vec<Json> = locked.map(|(path, _)| Json::text(path.to_string())).collect();
    if locked.is_empty() {
        text.push_str(if defaults.is_some() { "# locked = [\"scopes.webhooks\"]\n" } else { "" });
    } else {
        let _ = writeln!(text, "locked = {}", inline(&Json::Array(locked)));
    }
    let mut paths: Vec<FieldPath> = document.layer.0.keys().cloned().collect();
    if let Some(defaults) = defaults {
        paths.extend(every_path(defaults));
    }
    paths.sort();
    paths.dedup();
    // TOML takes what stands before the first table as the document's own.
    for path in paths.iter().filter(|path| path.steps().count() == 1) {
        line(&mut text, document, defaults, path);
    }
    for section in sections(&paths) {
        let _ = writeln!(text, "\n[{section}]");
        for path in paths.iter().filter(|path| section_of(path).as_deref() == Some(section.as_str())) {
            line(&mut text, document, defaults, path);
        }
    }
    for exception in &document.exceptions {
        let _ = writeln!(text, "\n[[exceptions]]");
        let _ = writeln!(text, "field = {}", inline(&Json::text(exception.field.to_string())));
        let _ = writeln!(text, "value = {}", inline(&exception.value.to_json()));
        for (key, name) in [("server", &exception.server), ("extension", &exception.extension)] {
            if let Some(name) = name {
                let _ = writeln!(text, "{key} = {}", inline(&Json::text(name)));
            }
        }
        let _ = writeln!(text, "until = {}", inline(&Json::text(exception.until.to_string())));
        let _ = writeln!(text, "reason = {}", inline(&Json::text(&exception.reason)));
    }
    text
}

fn line(text: &mut String, document: &Document, defaults: Option<&Policy>, path: &FieldPath) {
    let key = path.steps().last().unwrap_or_default().to_owned();
    let built_in = defaults.and_then(|defaults| path.get(defaults));
    if defaults.is_some() && (path.name().is_empty() || path.field().path.matches('.').count() > 1) {
        let _ = writeln!(text, "# {}{}", path.field().about, range(path.field().sort));
    }
    match (document.layer.0.get(path), built_in) {
        (Some(entry), _) => drop(writeln!(text, "{key} = {}", inline(&entry.value.to_json()))),
        (None, Some(setting)) => drop(writeln!(text, "# {key} = {}", inline(&setting.to_json()))),
        (None, None) => {}
    }
}

fn range(sort: Sort) -> String {
    match sort {
        Sort::Whole { least, most } => format!(" ({least} to {most})"),
        Sort::Word(words) | Sort::Words(words) => format!(" ({})", words.join(", ")),
        Sort::Truth | Sort::Tier | Sort::Hosts => String::new(),
    }
}

fn sections(paths: &[FieldPath]) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for section in paths.iter().filter_map(section_of) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    sections
}

/// The table that a field stands in, such as `tiers.free`.
fn section_of(path: &FieldPath) -> Option<String> {
    let text = path.to_string();
    text.rsplit_once('.').map(|(section, _)| section.to_owned())
}

/// A value on one line: JSON's texts, numbers, truths and lists are TOML's too, but for the control character DEL.
fn inline(json: &Json) -> String {
    match json {
        Json::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(inline).collect();
            format!("[{}]", elements.join(", "))
        }
        other => other.to_compact().replace('\u{7f}', "\\u007f").replace("\\/", "/"),
    }
}

impl Setting {
    /// The setting as it is written in a file.
    pub fn to_text(&self) -> String {
        inline(&self.to_json())
    }
}
