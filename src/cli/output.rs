//! What commands print: aligned tables for people, lines for screen readers, JSON for programs.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use super::{Exit, Failure, Global};
use crate::domain::text::{visible, visible_lines, width};

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Aligned columns.
    Table,
    /// `name: value` lines.
    Plain,
    /// One JSON document.
    Json,
}

impl Form {
    /// The form asked for on the command line.
    pub const fn of(global: &Global) -> Form {
        match (global.json, global.plain) {
            (true, _) => Form::Json,
            (false, true) => Form::Plain,
            (false, false) => Form::Table,
        }
    }
}

/// Writes a line to standard output.
///
/// # Errors
/// [`Exit::Environment`]; a closed pipe ends the program quietly.
pub fn line(text: &str) -> Result<(), Failure> {
    raw(format!("{text}\n").as_bytes())
}

/// Writes bytes to standard output as they are.
///
/// # Errors
/// See [`line()`].
pub fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure { exit: Exit::Environment, error: error.into() })
}

/// Writes a value as indented JSON.
///
/// # Errors
/// See [`line()`].
pub fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure { exit: Exit::Failed, error: error.into() })?;
    line(&text)
}

/// Writes rows under headings: aligned columns, or `heading: value` lines with an empty line between rows.
///
/// # Errors
/// See [`line()`].
pub fn rows(form: Form, headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    raw(laid_out(form, headings, rows).as_bytes())
}

/// Writes rows under headings as comma-separated values (RFC 4180).
///
/// # Errors
/// See [`line()`].
pub fn csv(headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    raw(comma_separated(headings, rows).as_bytes())
}

/// Writes text of several lines, with everything hidden in it made visible.
///
/// # Errors
/// See [`line()`].
pub fn text(text: &str) -> Result<(), Failure> {
    line(visible_lines(text).trim_end_matches('\n'))
}

/// Writes one thing's fields: names in one column and values in the next, or `name: value` lines.
///
/// # Errors
/// See [`line()`].
pub fn fields(form: Form, fields: &[(&str, String)]) -> Result<(), Failure> {
    let widest = fields.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in fields {
        let value = visible(value);
        let _ = match form {
            Form::Plain => writeln!(text, "{name}: {value}"),
            _ => writeln!(text, "{name:widest$}  {value}"),
        };
    }
    raw(text.as_bytes())
}

/// A moment of the wire (RFC 3339, UTC) to the minute, as lists show it.
pub fn moment(text: &str) -> String {
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => text.to_owned(),
    }
}

/// Words with spaces between them, or a word that says that there are none.
pub fn words(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(" ") }
}

fn laid_out(form: Form, headings: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect()).collect();
    let mut text = String::new();
    if form == Form::Plain {
        for row in &rows {
            for (heading, cell) in headings.iter().zip(row) {
                let _ = writeln!(text, "{heading}: {cell}");
            }
            text.push('\n');
        }
        return text;
    }
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            rows.iter().map(|row| row.get(column).map_or(0, |cell| width(cell))).fold(width(heading), usize::max)
        })
        .collect();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_uppercase()).collect();
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for (cell, columns) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(columns.saturating_sub(width(cell)) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn comma_separated(headings: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |text: &str| {
        let text = visible(text);
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.into_owned()
        }
    };
    let mut text = headings.iter().map(|heading| cell(heading)).collect::<Vec<_>>().join(",") + "\r\n";
    for row in rows {
        text += &(row.iter().map(|one| cell(one)).collect::<Vec<_>>().join(",") + "\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_is_seen_and_nothing_raw_gets_out() {
        let rows = [vec!["a\u{1b}[31m".to_owned(), "1".to_owned()], vec!["日本".to_owned(), "2".to_owned()]];
        let text = laid_out(Form::Table, &["name", "n"], &rows);
        assert!(!text.contains('\u{1b}'));
        let columns: Vec<usize> =
            text.lines().map(|line| width(&line[..line.rfind(' ').expect("two columns")])).collect();
        assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert!(laid_out(Form::Plain, &["name", "n"], &rows).contains("name: 日本\nn: 2\n\n"));
    }

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let rows = [vec!["a,b".to_owned(), "say \"hi\"".to_owned()], vec!["-1".to_owned(), "x\u{1b}".to_owned()]];
        let text = comma_separated(&["name", "n"], &rows);
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some("name,n"));
        assert_eq!(lines.next(), Some("\"a,b\",\"say \"\"hi\"\"\""));
        assert!(lines.next().is_some_and(|line| line.starts_with("-1,x") && !line.contains('\u{1b}')));
    }
}
