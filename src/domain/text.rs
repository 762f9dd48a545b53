//! Text that came from outside: made visible before it is shown, measured in columns, and compared for near misses.

mod names;
mod visible;

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use names::{NameProblem, is_confusable, name_problems, skeleton, skeletons};
pub use visible::{obeyed, visible, visible_lines};

/// Columns of a terminal that `text` fills, summed over its graphemes.
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The text cut to at most `columns` columns, whole graphemes only; what was cut ends in `…`.
pub fn shorten(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut filled = 0;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        filled += grapheme.width();
        if filled >= columns {
            break;
        }
        kept.push_str(grapheme);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// Text from outside as it may stand in a message: made visible, cut at 64 columns, in quotes.
pub fn quoted(text: &str) -> String {
    let start: String = text.chars().take(256).collect();
    let ending = if start.len() < text.len() { "…" } else { "" };
    format!("\"{}\"", shorten(&format!("{}{ending}", visible(&start)), 64))
}

/// The candidate nearest to `given` by edit distance, where one is near enough to be meant (a third of its length).
pub fn nearest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given: Vec<char> = given.chars().take(64).collect();
    candidates
        .map(|candidate| (edit_distance(&given, &candidate.chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: insertions, deletions and substitutions each cost one.
fn edit_distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        let names = || ["ready", "review", "published"].into_iter();
        assert_eq!(nearest("reveiw", names()), Some("review"));
        assert_eq!(nearest("quantum", names()), None);
    }

    #[test]
    fn shortening_counts_columns_and_keeps_graphemes_whole() {
        for (text, columns, expected) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(shorten(text, columns), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn quoted_text_shows_what_it_hides_and_is_short() {
        assert_eq!(quoted("a\u{1b}b"), "\"a␛b\"");
        assert!(width(&quoted(&"x".repeat(5_000))) <= 66);
    }

    proptest! {
        #[test]
        fn shortened_text_fits(text in any::<String>(), columns in 0_usize..40) {
            prop_assert!(width(&shorten(&text, columns)) <= columns);
        }
    }
}
