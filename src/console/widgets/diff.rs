//! The difference of two texts as rows: unchanged stretches are folded, each row knows its line numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use similar::{ChangeTag, TextDiff};

use super::paint;
use crate::console::theme::{Role, Theme};
use crate::domain::text::visible;

/// The longest difference that is kept, in rows.
const ROWS_MAX: usize = 50_000;
/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;
/// The time the comparison may take before it becomes coarse.
const DEADLINE_MS: u64 = 400;

/// What a row of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// The heading of a group of changes.
    Hunk,
    /// In both.
    Same,
    /// Only in the new text.
    Added,
    /// Only in the old text.
    Removed,
}

/// One row of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub tag: Tag,
    /// Line in the old text, from 1.
    pub old: Option<usize>,
    /// Line in the new text, from 1.
    pub new: Option<usize>,
    /// The line, made visible.
    pub text: String,
}

/// Compares two texts line by line; equal texts give no rows.
pub fn compare(old: &str, new: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let diff = TextDiff::configure().timeout(std::time::Duration::from_millis(DEADLINE_MS)).diff_lines(old, new);
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (from, to) = (first.new_range().start, last.new_range().end);
        let heading = format!("lines {} to {}", from + 1, to.max(from + 1));
        rows.push(Row { tag: Tag::Hunk, old: None, new: None, text: heading });
        for op in &group {
            for change in diff.iter_changes(op) {
                let tag = match change.tag() {
                    ChangeTag::Equal => Tag::Same,
                    ChangeTag::Insert => Tag::Added,
                    ChangeTag::Delete => Tag::Removed,
                };
                let text = visible(change.value().trim_end_matches(['\n', '\r'])).into_owned();
                let line = |index: Option<usize>| index.map(|index| index + 1);
                rows.push(Row { tag, old: line(change.old_index()), new: line(change.new_index()), text });
                if rows.len() >= ROWS_MAX {
                    return rows;
                }
            }
        }
    }
    rows
}

/// All lines of one text, as rows that are unchanged: for a first version.
pub fn whole(text: &str) -> Vec<Row> {
    let row = |(at, line): (usize, &str)| Row {
        tag: Tag::Same,
        old: None,
        new: Some(at + 1),
        text: visible(line).into_owned(),
    };
    text.lines().take(ROWS_MAX).enumerate().map(row).collect()
}

/// The row of the next (or previous) heading from `row`.
pub fn next_hunk(rows: &[Row], row: usize, direction: std::cmp::Ordering) -> Option<usize> {
    let is_hunk = |at: &usize| rows[*at].tag == Tag::Hunk;
    match direction {
        std::cmp::Ordering::Less => (0..row.min(rows.len())).rev().find(is_hunk),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => (row + 1..rows.len()).find(is_hunk),
    }
}

/// Paints the rows from `top` on: both line numbers, a sign, the line.
pub fn draw(buf: &mut Buffer, area: Rect, theme: &Theme, rows: &[Row], top: usize) {
    let numbers = if area.width >= 60 { 6 } else { 0 };
    let has_old = rows.iter().any(|row| row.old.is_some());
    for (y, row) in (area.top()..area.bottom()).zip(rows.iter().skip(top)) {
        let (role, sign) = match row.tag {
            Tag::Hunk => (Role::DiffHunk, ' '),
            Tag::Same => (Role::Text, ' '),
            Tag::Added => (Role::DiffAdd, '+'),
            Tag::Removed => (Role::DiffRemove, '-'),
        };
        let style = theme.style(role);
        if row.tag == Tag::Hunk {
            paint::put(buf, area.x, y, area.width, &format!("@@ {}", row.text), style);
            continue;
        }
        if row.tag != Tag::Same {
            paint::fill_row(buf, area, y, style);
        }
        let mut x = area.x;
        for (number, shown) in [(row.old, has_old), (row.new, true)] {
            if numbers > 0 && shown {
                let text = number.map(|number| number.to_string()).unwrap_or_default();
                let muted = ratatui::style::Style { bg: style.bg, ..theme.style(Role::Muted) };
                paint::put_right(buf, x, x + numbers - 1, y, &text, muted);
                x += numbers;
            }
        }
        x = paint::put(buf, x, y, 2, &format!("{sign} "), style);
        paint::put(buf, x, y, area.right().saturating_sub(x), &row.text, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_stretches_are_folded_and_lines_keep_their_numbers() {
        let old = (1..=30).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
        let new = old.replace("line 15", "line fifteen");
        let rows = compare(&old, &new);
        assert_eq!(rows.len(), 1 + 3 + 2 + 3);
        assert_eq!(rows[0].tag, Tag::Hunk);
        let removed = rows.iter().find(|row| row.tag == Tag::Removed).unwrap();
        assert_eq!((removed.old, removed.new, removed.text.as_str()), (Some(15), None, "line 15"));
        assert_eq!(compare(&old, &old), vec![]);
    }

    #[test]
    fn hunks_are_found_in_both_directions() {
        let old = (1..=60).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
        let rows = compare(&old, &old.replace("10\n", "ten\n").replace("50\n", "fifty\n"));
        let second = next_hunk(&rows, 0, std::cmp::Ordering::Greater).unwrap();
        assert!(second > 0 && rows[second].tag == Tag::Hunk);
        assert_eq!(next_hunk(&rows, second, std::cmp::Ordering::Less), Some(0));
        assert_eq!(next_hunk(&rows, second, std::cmp::Ordering::Greater), None);
    }

    #[test]
    fn escapes_in_code_are_made_visible() {
        assert!(!compare("", "a\u{1b}[2Jb\n").iter().any(|row| row.text.contains('\u{1b}')));
    }
}
