//! Free text that a use case takes in: bounded, and not empty where it is needed.

use super::refused::Refused;
use crate::domain::text::obeyed;

/// How long a text may be, in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    least: usize,
    most: usize,
}

impl Length {
    /// It may not be empty.
    pub const fn needed(most: usize) -> Length {
        Length { least: 1, most }
    }

    /// It may be empty.
    pub const fn optional(most: usize) -> Length {
        Length { least: 0, most }
    }
}

/// Words for others to read: the text without space around it, its lines ended by U+000A, refused where it holds
/// characters that a terminal or a browser would obey rather than show.
pub(super) fn words(pointer: &str, given: &str, length: Length) -> Result<String, Refused> {
    let words = text(pointer, &given.replace("\r\n", "\n"), length)?;
    match obeyed(&words) {
        Some((place, character)) => {
            let message = format!(
                "character {place} is U+{:04X}, which is not shown but obeyed; leave it out",
                u32::from(character)
            );
            Err(Refused::field(pointer, "text_not_plain", message))
        }
        None => Ok(words),
    }
}

/// The text without space around it.
pub(super) fn text(pointer: &str, given: &str, length: Length) -> Result<String, Refused> {
    let trimmed = given.trim();
    let characters = trimmed.chars().count();
    if characters < length.least {
        return Err(Refused::field(pointer, "text_missing", "say why; others read this text"));
    }
    if characters > length.most {
        let message = format!("it has {characters} characters; at most {} are allowed", length.most);
        return Err(Refused::field(pointer, "text_too_long", message));
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(given: &str, length: Length) -> Result<String, &'static str> {
        words("/text", given, length).map_err(|refused| match refused {
            Refused::Invalid(faults) => faults[0].code,
            other => other.code(),
        })
    }

    #[test]
    fn words_are_bounded_and_hold_nothing_that_is_obeyed() {
        let length = Length::optional(5);
        assert_eq!(judged("  a\r\nb\t ", length), Ok("a\nb".to_owned()));
        assert_eq!(judged("", length), Ok(String::new()));
        assert_eq!(judged("日本語です", length), Ok("日本語です".to_owned()));
        assert_eq!(judged("123456", length), Err("text_too_long"));
        assert_eq!(judged(" ", Length::needed(5)), Err("text_missing"));
        for bad in ["a\u{1b}[", "a\u{202e}b", "a\u{9b}b", "a\u{2066}", "\u{7f}", "a\rb", "a\0"] {
            assert_eq!(judged(bad, length), Err("text_not_plain"), "{bad:?}");
        }
        let large = "x".repeat(1 << 20);
        assert_eq!(judged(&large, Length::optional(2_000)), Err("text_too_long"));
    }
}
