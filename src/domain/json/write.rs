//! Writes JSON so that the same tree always gives the same bytes.

use std::fmt::Write as _;

use super::Json;

/// One line without spaces.
pub(super) fn compact(json: &Json) -> String {
    let mut out = String::new();
    write_value(&mut out, json, None);
    out
}

/// Two spaces for each level, and a line end at the end.
pub(super) fn pretty(json: &Json) -> String {
    let mut out = String::new();
    write_value(&mut out, json, Some(0));
    out.push('\n');
    out
}

fn write_value(out: &mut String, json: &Json, level: Option<usize>) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Number(text) => out.push_str(text),
        Json::String(text) => write_string(out, text),
        Json::Array(elements) => {
            write_block(out, ('[', ']'), level, elements, write_value);
        }
        Json::Object(members) => write_block(out, ('{', '}'), level, members, |out, (key, value), level| {
            write_string(out, key);
            out.push_str(if level.is_some() { ": " } else { ":" });
            write_value(out, value, level);
        }),
    }
}

fn write_block<T>(
    out: &mut String,
    brackets: (char, char),
    level: Option<usize>,
    entries: &[T],
    write_entry: impl Fn(&mut String, &T, Option<usize>),
) {
    let inner = level.map(|level| level + 1);
    out.push(brackets.0);
    for (place, entry) in entries.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        break_line(out, inner);
        write_entry(out, entry, inner);
    }
    if !entries.is_empty() {
        break_line(out, level);
    }
    out.push(brackets.1);
}

fn break_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        (0..level).for_each(|_| out.push_str("  "));
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            // Writing to a string cannot fail.
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(character)).unwrap_or_default(),
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_stable() {
        let json = Json::parse(br#" { "a" : [ 1 , {} , [] ] , "b" : "\u0001\/\u00e9" } "#).unwrap();
        assert_eq!(compact(&json), r#"{"a":[1,{},[]],"b":"\u0001/é"}"#);
        assert_eq!(pretty(&json), "{\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \"b\": \"\\u0001/é\"\n}\n");
    }
}
