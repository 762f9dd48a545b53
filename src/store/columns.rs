//! Columns that hold several words, and patterns to find one.

use std::str::FromStr;

/// Words kept as ` one two `, so that ` one ` finds a whole word.
pub(super) struct Words<T>(pub Vec<T>);

impl<T: FromStr> FromStr for Words<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Words<T>, T::Err> {
        text.split_ascii_whitespace().map(T::from_str).collect::<Result<_, _>>().map(Words)
    }
}

/// The text to keep for [`Words`].
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from(" ");
    for word in words {
        text.push_str(word);
        text.push(' ');
    }
    text
}

/// A `LIKE` pattern (escape `\`) for lower-case text that holds `word`.
pub(super) fn contains_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for character in word.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_text_literally() {
        assert_eq!(contains_pattern("A_b%\\"), "%a\\_b\\%\\\\%");
        assert_eq!(words(["ban", "kick"]), " ban kick ");
        assert_eq!(words([]), " ");
        assert_eq!(" a b ".parse::<Words<String>>().map(|words| words.0), Ok(vec!["a".to_owned(), "b".to_owned()]));
    }
}
