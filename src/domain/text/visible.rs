//! Makes characters visible that a terminal would obey, hide or pile up.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthChar;

/// Combining marks kept on one character; more of them climb into the lines around it.
const MARKS_MAX: usize = 4;

/// What stands before a character, as far as what may follow depends on it.
#[derive(Clone, Copy)]
enum Before {
    /// Nothing that a mark or a selector could belong to.
    Nothing,
    /// A character that is shown.
    Shown(char),
    /// A shown character with this many marks.
    Marked(char, usize),
}

/// The text on one line with nothing hidden in it: control characters as pictures (`␛`), everything else that a
/// terminal would obey, hide or pile up as `‹U+202E›`. Line ends become `␊`. Doing it twice changes nothing more.
pub fn visible(text: &str) -> Cow<'_, str> {
    make_visible(text, |_| None)
}

/// As [`visible`], but line ends stay, and a tab becomes four spaces.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    make_visible(text, |character| match character {
        '\n' => Some("\n"),
        '\t' => Some("    "),
        _ => None,
    })
}

fn make_visible(text: &str, layout: impl Fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut before = Before::Nothing;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if let Some(kept) = layout(character) {
            shown.push_str(kept);
            before = Before::Nothing;
            continue;
        }
        if let Some(after) = follow(before, character, rest.clone().next()) {
            shown.push(character);
            before = after;
        } else {
            push_picture(&mut shown, character);
            before = Before::Nothing;
        }
    }
    if shown == text { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// What stands before the next character when this one is kept; none when it must be made visible.
fn follow(before: Before, character: char, next: Option<char>) -> Option<Before> {
    match character {
        '\u{fe0e}' | '\u{fe0f}' => match before {
            Before::Shown(base) => Some(Before::Marked(base, 1)),
            _ => None,
        },
        '\u{200d}' => match (before, next) {
            (Before::Shown(left) | Before::Marked(left, _), Some(right)) if is_emoji(left) && is_emoji(right) => {
                Some(Before::Nothing)
            }
            _ => None,
        },
        _ if is_hidden(character) => None,
        _ if is_combining_mark(character) => match before {
            Before::Shown(base) => Some(Before::Marked(base, 1)),
            Before::Marked(base, marks) if marks < MARKS_MAX => Some(Before::Marked(base, marks + 1)),
            _ => None,
        },
        _ => Some(Before::Shown(character)),
    }
}

/// Whether a terminal would obey the character or show nothing for it.
pub(super) fn is_hidden(character: char) -> bool {
    let code = u32::from(character);
    let is_jamo = matches!(code, 0x1161..=0x11ff | 0xd7b0..=0xd7ff);
    let has_no_width = character.width().unwrap_or(0) == 0 && !is_combining_mark(character) && !is_jamo;
    character.is_control() || is_bidi_control(character) || is_listed_as_hidden(code) || has_no_width
}

/// The first character that is obeyed rather than shown, with its place from 1: a control but for tab and line end, or
/// one that turns the direction of the text.
pub fn obeyed(text: &str) -> Option<(usize, char)> {
    let bad =
        |character: char| (character.is_control() && !matches!(character, '\n' | '\t')) || is_bidi_control(character);
    (1..).zip(text.chars()).find(|(_, character)| bad(*character))
}

/// The controls of the bidirectional algorithm (Unicode Standard Annex 9) and the two line separators.
pub(super) fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Fillers, joiners, selectors, tags, blanks with a width, private use and noncharacters.
fn is_listed_as_hidden(code: u32) -> bool {
    matches!(
        code,
        0xad | 0x34f
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200d
            | 0x2060..=0x206f
            | 0x2800
            | 0x3164
            | 0xe000..=0xf8ff
            | 0xfdd0..=0xfdef
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffc
            | 0x1_bca0..=0x1_bca3
            | 0x1_d173..=0x1_d17a
            | 0xe_0000..=0x10_ffff
    ) || code & 0xfffe == 0xfffe
}

fn is_emoji(character: char) -> bool {
    matches!(u32::from(character), 0x2190..=0x27bf | 0x2900..=0x2bff | 0x1_f000..=0x1_faff)
}

fn push_picture(shown: &mut String, character: char) {
    let code = u32::from(character);
    let picture = match code {
        0..=0x1f => char::from_u32(0x2400 + code),
        0x7f => Some('␡'),
        _ => None,
    };
    match picture {
        Some(picture) => shown.push(picture),
        // Writing to a string cannot fail.
        None => write!(shown, "‹U+{code:04X}›").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_obeyed_or_hidden_is_shown() {
        for (text, expected) in [
            ("plain", "plain"),
            ("grüße 日本 😀", "grüße 日本 😀"),
            ("\u{1b}[2J", "␛[2J"),
            ("a\nb\tc\r", "a␊b␉c␍"),
            ("\u{7f}\u{9b}", "␡‹U+009B›"),
            ("\u{202e}gnp.exe", "‹U+202E›gnp.exe"),
            ("a\u{200b}b\u{feff}", "a‹U+200B›b‹U+FEFF›"),
            ("tag\u{e0041}", "tag‹U+E0041›"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("x\u{fe0f}\u{fe0f}\u{fe01}", "x\u{fe0f}‹U+FE0F›‹U+FE01›"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("a\u{200d}b", "a‹U+200D›b"),
            ("e\u{301}", "e\u{301}"),
            ("\u{301}e", "‹U+0301›e"),
            ("\u{2800}\u{3164}\u{ad}", "‹U+2800›‹U+3164›‹U+00AD›"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
        let piled = format!("z{}", "\u{300}".repeat(40));
        assert_eq!(visible(&piled).matches('\u{300}').count(), MARKS_MAX);
    }

    #[test]
    fn lines_keep_their_ends_only() {
        assert_eq!(visible_lines("a\r\n\tb\u{1b}"), "a␍\n    b␛");
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left_and_twice_is_once(
            text in prop_oneof![any::<String>(), "[a❤👩\u{200d}\u{fe0f}\u{301}\u{202e}\n\u{1b}\u{85}]{0,24}"],
        ) {
            let once = visible(&text).into_owned();
            prop_assert!(!once.chars().any(|c| c.is_control() || is_bidi_control(c)));
            prop_assert_eq!(visible(&once), once.as_str());
            let lines = visible_lines(&text).into_owned();
            prop_assert!(!lines.chars().any(|c| (c.is_control() && c != '\n') || is_bidi_control(c)));
            prop_assert_eq!(visible_lines(&lines), lines.as_str());
        }
    }
}
