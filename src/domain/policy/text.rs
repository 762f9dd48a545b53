//! Documents of the policy as files: JSON and TOML in, with the line and column of every fault, and out again.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::Document;
use super::read::Place;
use crate::domain::fault::Fault;
use crate::domain::json::{Json, pointer_to};
use crate::domain::limits::POLICY_BYTES_MAX;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

/// A fault of a document with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextFault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Where each value of a text and its key begin, by the value's pointer.
type Places = HashMap<String, (usize, usize)>;

impl Format {
    /// The format of a file by its name; TOML unless it ends in `.json`.
    pub fn of_name(name: &str) -> Format {
        if name.to_ascii_lowercase().ends_with(".json") { Format::Json } else { Format::Toml }
    }
}

impl fmt::Display for TextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.fault)
    }
}

/// Reads a document from a text.
///
/// # Errors
/// Every fault with its place. Where the text itself is broken, only that is said.
pub fn parse(text: &str, format: Format, place: Place) -> Result<Document, Vec<TextFault>> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("the document has {} bytes; at most {POLICY_BYTES_MAX} are read", text.len());
        return Err(vec![at(text, 0, "", "too_large", message)]);
    }
    let json = match format {
        Format::Json => of_json(text)?,
        Format::Toml => of_toml(text)?.0,
    };
    let faults = match Document::from_json(&json, place) {
        Ok(document) => return Ok(document),
        Err(faults) => faults,
    };
    let places = match format {
        Format::Json => json_places(text),
        Format::Toml => of_toml(text)?.1,
    };
    let located = |fault: Fault| {
        let (line, column) = line_and_column(text, offset(&places, &fault));
        TextFault { line, column, fault }
    };
    let mut located: Vec<TextFault> = faults.into_iter().map(located).collect();
    located.sort_by_key(|fault| (fault.line, fault.column));
    Err(located)
}

/// Where a fault is: at its value or, where the key is wrong, at that; what is missing is where it should stand.
fn offset(places: &Places, fault: &Fault) -> usize {
    let mut pointer = fault.pointer.as_str();
    loop {
        if let Some((key, value)) = places.get(pointer) {
            let by_key = ["unknown_field", "bad_name", "incomplete_tier"].contains(&fault.code);
            return if by_key && pointer == fault.pointer { *key } else { *value };
        }
        match pointer.rfind('/') {
            Some(end) => pointer = &pointer[..end],
            None => return 0,
        }
    }
}

fn at(text: &str, offset: usize, pointer: &str, code: &'static str, message: String) -> TextFault {
    let (line, column) = line_and_column(text, offset);
    TextFault { line, column, fault: Fault { pointer: pointer.to_owned(), code, message } }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or("").chars().count() + 1)
}

fn of_json(text: &str) -> Result<Json, Vec<TextFault>> {
    let (json, faults) = Json::judge(text.as_bytes());
    match json {
        Some(json) if faults.is_empty() => Ok(json),
        _ => Err(faults
            .into_iter()
            .map(|fault| TextFault {
                line: fault.line,
                column: fault.column,
                fault: Fault { pointer: fault.pointer, code: fault.code, message: fault.message },
            })
            .collect()),
    }
}

/// The places of a JSON text that was read before, so that it is known to be one.
fn json_places(text: &str) -> Places {
    let mut places = Places::new();
    let bytes = text.as_bytes();
    // One step an open array or object: its pointer, and the index of the next element where it is an array.
    let mut open: Vec<(String, Option<usize>)> = Vec::new();
    let (mut here, mut key_at) = (String::new(), 0);
    let mut expects_key = false;
    let mut n = 0;
    while let Some(byte) = bytes.get(n) {
        let start = n;
        n += 1;
        match byte {
            b'"' => {
                while bytes.get(n).is_some_and(|byte| *byte != b'"') {
                    n += if bytes[n] == b'\\' { 2 } else { 1 };
                }
                n += 1;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b':' => continue,
            b',' => {
                match open.last_mut() {
                    Some((pointer, Some(index))) => {
                        *index += 1;
                        here = format!("{pointer}/{index}");
                        key_at = n;
                    }
                    _ => expects_key = true,
                }
                continue;
            }
            b'}' | b']' => {
                open.pop();
                continue;
            }
            b'{' | b'[' => {}
            _ => {
                while bytes.get(n).is_some_and(|byte| !b" \t\r\n,]}".contains(byte)) {
                    n += 1;
                }
            }
        }
        if expects_key {
            let key: String = text.get(start..n).and_then(|key| serde_json::from_str(key).ok()).unwrap_or_default();
            here = pointer_to(open.last().map_or("", |(pointer, _)| pointer), &key);
            (key_at, expects_key) = (start, false);
            continue;
        }
        places.insert(here.clone(), (key_at, start));
        match byte {
            b'{' => {
                open.push((here.clone(), None));
                expects_key = true;
            }
            b'[' => {
                open.push((here.clone(), Some(0)));
                here.push_str("/0");
            }
            _ => {}
        }
    }
    places
}

fn of_toml(text: &str) -> Result<(Json, Places), Vec<TextFault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let fault = |error: &toml::de::Error| {
            at(text, error.span().map_or(0, |span| span.start), "", "syntax", error.message().to_owned())
        };
        return Err(errors.iter().map(fault).collect());
    }
    let mut places = Places::new();
    let json = table_json(table.get_ref(), "", &mut places);
    Ok((json, places))
}

fn table_json(table: &DeTable<'_>, pointer: &str, places: &mut Places) -> Json {
    // A table's members come sorted by their names; faults are sorted by their places anyway.
    let members = table.iter().map(|(key, value)| {
        let at = pointer_to(pointer, key.get_ref());
        places.insert(at.clone(), (key.span().start, value.span().start));
        (key.get_ref().to_string(), value_json(value, &at, places))
    });
    Json::Object(members.collect())
}

fn value_json(value: &Spanned<DeValue<'_>>, pointer: &str, places: &mut Places) -> Json {
    match value.get_ref() {
        DeValue::String(text) => Json::text(text.as_ref()),
        DeValue::Integer(number) => {
            let decimal = i128::from_str_radix(number.as_str(), number.radix()).map(|number| number.to_string());
            Json::Number(decimal.unwrap_or_else(|_| number.as_str().to_owned()))
        }
        DeValue::Float(number) => Json::Number(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Json::Bool(*truth),
        DeValue::Datetime(time) => Json::text(time.to_string()),
        DeValue::Array(elements) => {
            let element = |(index, element): (usize, &Spanned<DeValue<'_>>)| {
                let at = format!("{pointer}/{index}");
                places.insert(at.clone(), (element.span().start, element.span().start));
                value_json(element, &at, places)
            };
            Json::Array(elements.iter().enumerate().map(element).collect())
        }
        DeValue::Table(table) => table_json(table, pointer, places),
    }
}
