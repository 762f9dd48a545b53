//! The JSON Schema (draft 2020-12) of a policy document, made from the table of fields.

use serde_json::{Map, Value, json};

use super::Policy;
use super::field::{Field, FieldPath, HOSTS_MAX, Sort, every_path, names_of};
use super::layer::EXCEPTIONS_MAX;
use super::table::FIELDS;
use crate::domain::limits::REASON_CHARS_MAX;

/// The schema of the marketplace's document.
pub fn schema() -> Value {
    let defaults = Policy::default();
    let mut root = table();
    for (row, field) in FIELDS.iter().enumerate() {
        let steps: Vec<&str> = field.path.split('.').collect();
        match names_of(steps[0]) {
            Some(names) if steps.contains(&"*") => {
                for name in names {
                    let path = FieldPath::of(row, name);
                    place(&mut root, &path.steps().collect::<Vec<_>>(), of_field(field, path.get(&defaults)));
                }
            }
            _ => place(&mut root, &steps, of_field(field, FieldPath::of(row, "").get(&defaults))),
        }
    }
    let lockable: Vec<String> =
        every_path(&defaults).iter().filter(|path| path.field().can_be_locked()).map(ToString::to_string).collect();
    let members = root["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut properties = Map::new();
    properties.insert("locked".to_owned(), locked(&lockable));
    properties.extend(members);
    properties.insert("exceptions".to_owned(), exceptions());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://skydeck.invalid/schemas/policy.json",
        "title": "The policy of a skydeck marketplace",
        "description": "What is set here overrides what is built in; every field may be left out.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn table() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

/// Puts a field's schema where it stands; a name that is free goes by its pattern.
fn place(root: &mut Value, steps: &[&str], field: Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    let (keyword, key) = if *first == "*" {
        ("patternProperties", "^[a-z0-9]+(-[a-z0-9]+)*$".to_owned())
    } else {
        ("properties", (*first).to_owned())
    };
    let Some(root) = root.as_object_mut() else { return };
    let members = root.entry(keyword).or_insert_with(|| json!({}));
    if rest.is_empty() {
        members[&key] = field;
        return;
    }
    if members.get(&key).is_none() {
        members[&key] = table();
    }
    place(&mut members[&key], rest, field);
}

fn of_field(field: &Field, default: Option<super::Setting>) -> Value {
    let mut schema = match field.sort {
        Sort::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Sort::Truth => json!({ "type": "boolean" }),
        Sort::Word(words) => json!({ "type": "string", "enum": words }),
        Sort::Tier => json!({ "type": "string" }),
        Sort::Words(words) => {
            json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string", "enum": words } })
        }
        Sort::Hosts => {
            let host = json!({ "type": "string", "format": "hostname", "pattern": "^[a-z0-9.-]+$" });
            json!({ "type": "array", "maxItems": HOSTS_MAX, "uniqueItems": true, "items": host })
        }
    };
    schema["description"] = format!("{} ({})", field.about, field.stricter.describe()).into();
    if let Some(default) = default {
        schema["default"] = serde_json::to_value(default.to_json()).unwrap_or_default();
    }
    schema
}

fn locked(lockable: &[String]) -> Value {
    json!({
        "type": "array",
        "description": "Fields that servers may only make stricter; each has to be set in the same document.",
        "uniqueItems": true,
        "items": { "anyOf": [
            { "type": "string", "enum": lockable },
            { "type": "string", "pattern": "^tiers\\.[a-z0-9-]+\\.[a-z_]+$" },
        ] },
    })
}

fn exceptions() -> Value {
    json!({
        "type": "array",
        "description": "Settings for some, for a time, above every lock.",
        "maxItems": EXCEPTIONS_MAX,
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["field", "value", "until", "reason"],
            "properties": {
                "field": { "type": "string", "description": "Which field, such as scopes.webhooks" },
                "value": { "description": "What it is for them" },
                "server": { "type": "string", "description": "For which server, by its id; every one where left out" },
                "extension": { "type": "string", "description": "For which extension, by its slug; every one where left out" },
                "until": { "type": "string", "format": "date-time", "description": "When it ends, in UTC" },
                "reason": { "type": "string", "minLength": 1, "maxLength": REASON_CHARS_MAX },
            },
        },
    })
}
