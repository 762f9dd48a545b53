//! The rows of the policy's lists: fields in sections, and what a plan does in the order in which it matters.

use crate::api::policy::Impact;
use crate::domain::policy::{Document, Policy, Reach, every_path};

/// A row of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The name of a section.
    Heading(&'static str),
    /// A field.
    Field(FieldRow),
    /// An exception, as the document has it.
    Exception {
        /// The field, its value, and for whom.
        text: String,
        /// Until when.
        until: String,
        /// Why.
        reason: String,
    },
}

/// One field that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRow {
    /// Its name, such as `tiers.free.fuel`.
    pub name: String,
    /// What it is.
    pub value: String,
    /// What the program would have it be, where that is something else.
    pub built_in: Option<String>,
    /// Whether the marketplace sets it; the built-in defaults do otherwise.
    pub is_set: bool,
    /// Whether servers may only make it stricter.
    pub is_locked: bool,
    /// Who may override it.
    pub reach: &'static str,
    /// Which way is stricter.
    pub stricter: &'static str,
    /// What it decides, with its unit.
    pub about: &'static str,
}

/// A row of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRow {
    /// The name of a section.
    Heading(&'static str),
    /// A field that changes, by its place in the impact.
    Change(usize),
    /// Something that the draft does, by its place in the impact.
    Effect(usize),
    /// A measured figure, by its place in the impact.
    Measured(usize),
}

/// The sections of the document, by the first step of a field's name.
const SECTIONS: &[(&str, &str)] = &[
    ("switches", "Switches"),
    ("scopes", "Scopes"),
    ("tiers", "Limits by tier"),
    ("runs", "Runs"),
    ("review", "Review"),
    ("rules", "Rules"),
    ("checks", "Checks"),
    ("packages", "Packages"),
    ("network", "Network"),
    ("installations", "Installations"),
    ("rollouts", "Rollouts"),
    ("reputation", "Reputation"),
    ("premium", "Premium"),
];

/// Everything that a document puts in force, in sections.
pub fn of_document(document: &Document) -> Vec<Row> {
    let (policy, built_in) = (Policy::of_document(document), Policy::default());
    let paths = every_path(&policy);
    let section_of = |name: &str| {
        let first = name.split('.').next().unwrap_or(name);
        SECTIONS.iter().position(|(step, _)| *step == first || first.starts_with(step)).unwrap_or(SECTIONS.len())
    };
    let mut rows = Vec::new();
    for section in 0..=SECTIONS.len() {
        let mut here = paths.iter().filter(|path| section_of(&path.to_string()) == section).peekable();
        if here.peek().is_some() {
            rows.push(Row::Heading(SECTIONS.get(section).map_or("Others", |(_, title)| title)));
        }
        for path in here {
            let entry = document.layer.0.get(path);
            let text = |policy: &Policy| path.get(policy).map(|setting| setting.to_string());
            let value = text(&policy).unwrap_or_default();
            let field = path.field();
            rows.push(Row::Field(FieldRow {
                name: path.to_string(),
                built_in: text(&built_in).filter(|built_in| *built_in != value),
                value,
                is_set: entry.is_some(),
                is_locked: entry.is_some_and(|entry| entry.floor.is_some()),
                reach: match field.reach {
                    Reach::Marketplace => "the same on every server",
                    Reach::Server => "servers may override it",
                    Reach::Tighten => "servers may only make it stricter",
                },
                stricter: field.stricter.describe(),
                about: field.about,
            }));
        }
    }
    if !document.exceptions.is_empty() {
        rows.push(Row::Heading("Exceptions"));
    }
    rows.extend(document.exceptions.iter().map(|exception| {
        let for_whom = |what: &str, name: &Option<String>| {
            name.as_ref().map(|name| format!(", {what} {name}")).unwrap_or_default()
        };
        let (server, extension) = (&exception.server, &exception.extension);
        let whom = format!("{}{}", for_whom("server", server), for_whom("extension", extension));
        Row::Exception {
            text: format!("{} = {}{whom}", exception.field, exception.value),
            until: exception.until.to_string(),
            reason: exception.reason.clone(),
        }
    }));
    rows
}

/// The rows in which a text is found, with the headings of their sections; all of them for no text.
pub fn found<'a>(rows: &'a [Row], text: &str) -> Vec<&'a Row> {
    let text = text.trim().to_lowercase();
    let holds = |row: &Row| match row {
        Row::Heading(_) => false,
        Row::Field(field) => {
            let from = if field.is_set { "set" } else { "default" };
            let locked = if field.is_locked { "locked" } else { "" };
            [&field.name, field.about, &field.value, from, locked]
                .iter()
                .any(|part| part.to_lowercase().contains(&text))
        }
        Row::Exception { text: said, reason, .. } => format!("{said} {reason}").to_lowercase().contains(&text),
    };
    if text.is_empty() {
        return rows.iter().collect();
    }
    let (mut kept, mut heading) = (Vec::new(), None);
    for row in rows {
        if let Row::Heading(_) = row {
            heading = Some(row);
        } else if holds(row) {
            kept.extend(heading.take());
            kept.push(row);
        }
    }
    kept
}

/// What a plan does: what happens at once, what later, what it would have changed, what was measured, and the fields.
pub fn of_impact(impact: &Impact) -> Vec<PlanRow> {
    let mut rows = Vec::new();
    let mut section = |title, found: Vec<PlanRow>| {
        if !found.is_empty() {
            rows.push(PlanRow::Heading(title));
            rows.extend(found);
        }
    };
    let effects = |when: &str| {
        let these = impact.effects.iter().enumerate().filter(|(_, effect)| effect.when == when);
        these.map(|(at, _)| PlanRow::Effect(at)).collect()
    };
    section("At once", effects("now"));
    section("Later, when somebody does something", effects("later"));
    section("In the last 90 days it would have", effects("past"));
    section("Measured runs against the limits", (0..impact.measured.len()).map(PlanRow::Measured).collect());
    section("Fields that change", (0..impact.changes.len()).map(PlanRow::Change).collect());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Format, Place, parse};

    fn names(rows: &[&Row]) -> Vec<String> {
        let name = |row: &&Row| match row {
            Row::Heading(title) => format!("[{title}]"),
            Row::Field(field) => field.name.clone(),
            Row::Exception { text, .. } => text.clone(),
        };
        rows.iter().map(name).collect()
    }

    #[test]
    fn every_field_stands_in_a_section_with_its_layer_and_lock() {
        let text = "locked = [\"scopes.webhooks\"]\n[scopes]\nwebhooks = \"deny\"\n[tiers.free]\nmemory_mib = 8\n";
        let document = parse(text, Format::Toml, Place::Global).unwrap();
        let rows = of_document(&document);
        assert!(!names(&rows.iter().collect::<Vec<_>>()).contains(&"[Others]".to_owned()));
        let field = |name: &str| {
            let found = rows.iter().find_map(|row| match row {
                Row::Field(field) if field.name == name => Some(field),
                _ => None,
            });
            found.unwrap()
        };
        let webhooks = field("scopes.webhooks");
        assert!(webhooks.is_set && webhooks.is_locked && webhooks.built_in.is_some());
        assert!(field("tiers.free.memory_mib").is_set && !field("tiers.free.memory_mib").is_locked);
        assert!(!field("tiers.free.fuel").is_set && field("tiers.free.fuel").built_in.is_none());
    }

    #[test]
    fn fields_are_found_by_name_value_and_layer() {
        let document = parse("[scopes]\nwebhooks = \"deny\"\n", Format::Toml, Place::Global).unwrap();
        let rows = of_document(&document);
        assert_eq!(names(&found(&rows, " WEBHOOKS")), ["[Scopes]", "scopes.webhooks"]);
        assert!(found(&rows, "no such thing").is_empty());
        assert_eq!(found(&rows, "").len(), rows.len());
    }
}
