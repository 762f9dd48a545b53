//! Names that deceive: look-alikes, mixed scripts and characters that no name needs.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::visible::{is_bidi_control, is_hidden, visible};

/// What makes a name unfit to be shown to other people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// A control character.
    Control(char),
    /// A character that turns the direction of the text around.
    Bidi(char),
    /// A character that shows nothing.
    Invisible(char),
    /// More combining marks on one character than any script needs, or a mark on nothing.
    PiledMarks,
    /// One word with letters of several scripts.
    MixedScripts {
        /// The word, at most 40 characters.
        word: String,
    },
}

impl NameProblem {
    /// The stable code of the problem.
    pub const fn code(&self) -> &'static str {
        match self {
            NameProblem::Control(_) => "control_character",
            NameProblem::Bidi(_) => "bidi_character",
            NameProblem::Invisible(_) => "invisible_character",
            NameProblem::PiledMarks => "piled_marks",
            NameProblem::MixedScripts { .. } => "mixed_scripts",
        }
    }
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameProblem::Control(c) => write!(f, "it holds the control character U+{:04X}; remove it", u32::from(*c)),
            NameProblem::Bidi(c) => write!(f, "it holds U+{:04X}, which reorders text; remove it", u32::from(*c)),
            NameProblem::Invisible(c) => {
                write!(f, "it holds the invisible character U+{:04X}; remove it", u32::from(*c))
            }
            NameProblem::PiledMarks => {
                f.write_str("it holds combining marks with nothing below them, or a pile of them")
            }
            NameProblem::MixedScripts { word } => {
                write!(
                    f,
                    "the word {word:?} mixes letters of several scripts, which imitates other names; use one script"
                )
            }
        }
    }
}

/// Everything about `name` that could deceive a reader; each sort of problem once per character or word.
pub fn name_problems(name: &str) -> Vec<NameProblem> {
    let mut problems = Vec::new();
    let mut add = |problem: NameProblem| {
        if !problems.contains(&problem) && problems.len() < 20 {
            problems.push(problem);
        }
    };
    let joined: String = name.chars().filter(|c| !matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')).collect();
    for character in joined.chars() {
        if character.is_control() {
            add(NameProblem::Control(character));
        } else if is_bidi_control(character) {
            add(NameProblem::Bidi(character));
        } else if is_hidden(character) {
            add(NameProblem::Invisible(character));
        }
    }
    if problems.is_empty() && visible(name) != name {
        let stray = name.chars().find(|c| matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'));
        let piled = visible(&joined) != joined.as_str();
        problems.push(stray.filter(|_| !piled).map_or(NameProblem::PiledMarks, NameProblem::Invisible));
    }
    for word in name.split(|c: char| !c.is_alphanumeric()) {
        if mixes_scripts(word) && problems.len() < 20 {
            problems.push(NameProblem::MixedScripts { word: word.chars().take(40).collect() });
        }
    }
    problems
}

/// Whether the two could be taken for one another (Unicode Technical Standard 39, section 4), also by case and by
/// separators. Equal texts are.
pub fn is_confusable(left: &str, right: &str) -> bool {
    let right = skeletons(right);
    skeletons(left).iter().any(|skeleton| right.contains(skeleton))
}

/// The form that look-alikes have in common, with case and separators left out: what an index over names holds.
pub fn skeleton(text: &str) -> String {
    let folded: String = text.nfkc().collect::<String>().to_lowercase();
    let bare: String = folded.chars().filter(|c| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace()).collect();
    let bare = if bare.is_empty() { folded } else { bare };
    prototype(&bare)
}

/// Every form to look up for `text`: that of its lower-case letters, and that of the letters as written (`I` for `l`).
pub fn skeletons(text: &str) -> Vec<String> {
    let as_written: String = unicode_security::skeleton(text).collect();
    let mut forms = vec![skeleton(text), skeleton(&as_written)];
    forms.dedup();
    forms
}

/// Applies the mapping until it changes nothing: lowering a prototype can uncover another look-alike.
fn prototype(text: &str) -> String {
    let mut form = text.to_owned();
    for _ in 0..4 {
        let next: String = unicode_security::skeleton(&form).collect::<String>().to_lowercase();
        if next == form {
            break;
        }
        form = next;
    }
    form
}

/// Latin beside Han, kana or Hangul is how those are written; any other mix within one word is not.
fn mixes_scripts(word: &str) -> bool {
    if word.is_single_script() {
        return false;
    }
    let beside: String = word.chars().filter(|c| !c.is_ascii()).collect();
    let set = AugmentedScriptSet::for_str(&beside);
    !(set.jpan || set.hanb || set.kore)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_found() {
        for (left, right) in [
            ("paypal", "pаypаl"),
            ("PayPaI", "paypal"),
            ("music", "rnusic"),
            ("music-bot", "Music Bot"),
            ("bot0", "BOTO"),
            ("ｍｕｓｉｃ", "music"),
            ("mu\u{200b}sic", "music"),
        ] {
            assert!(is_confusable(left, right), "{left} {right} {:?} {:?}", skeletons(left), skeletons(right));
        }
        for (left, right) in [("mail", "mall"), ("ban", "kick"), ("moderator", "moderator-2")] {
            assert!(!is_confusable(left, right), "{left} {right}");
        }
    }

    #[test]
    fn the_skeleton_of_a_skeleton_is_itself() {
        for text in ["Music Bot", "PAYPAL", "日本語 bot", "--", "0O1lI|"] {
            assert_eq!(skeleton(&skeleton(text)), skeleton(text), "{text}");
        }
    }

    #[test]
    fn deceiving_names_are_named() {
        let codes = |name: &str| name_problems(name).iter().map(NameProblem::code).collect::<Vec<_>>();
        for fine in ["Music Bot", "Музыка Bot", "日本語ボット", "Greeter 👩\u{200d}🚀", "café", "C++ & co. ❤\u{fe0f}"]
        {
            assert!(codes(fine).is_empty(), "{fine} {:?}", name_problems(fine));
        }
        assert_eq!(codes("pаypal"), ["mixed_scripts"]);
        assert_eq!(codes("a\u{202e}b"), ["bidi_character"]);
        assert_eq!(codes("a\u{200b}b\u{200b}"), ["invisible_character"]);
        assert_eq!(codes("a\u{200d}b"), ["invisible_character"]);
        assert_eq!(codes("a\u{1b}\n"), ["control_character", "control_character"]);
        assert_eq!(codes(&format!("a{}", "\u{300}".repeat(9))), ["piled_marks"]);
    }
}
