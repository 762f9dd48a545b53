//! Slugs, names, descriptions and tags: parsed once, valid ever after.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use crate::domain::limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS, SLUG_CHARS, TAG_CHARS_MAX, TAGS_MAX};
use crate::domain::text::{NameProblem, name_problems, quoted};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident refuses $error:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        #[doc = concat!("Why the text is no [`", stringify!($name), "`]; a sentence for whoever gave it.")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{0}")]
        pub struct $error(pub String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<$name, $error> {
                $name::check(text).map(|()| $name(text.to_owned())).map_err($error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

texts! {
    /// The unique short name in addresses: `[a-z0-9]+(-[a-z0-9]+)*`, 2 to 60 characters, not shaped like an id, not reserved.
    Slug refuses NotASlug;
    /// The name shown to people: 2 to 100 characters in normal form C, with nothing hidden in it.
    ExtensionName refuses NotAName;
    /// What the extension does, over several lines: at most 2,000 characters, may be empty.
    Description refuses NotADescription;
    /// One word to find it by: lower-case letters and digits of any script with inner hyphens, at most 30 characters.
    Tag refuses NotATag;
}

/// Slugs that are routes.
const RESERVED: &[&str] = &["import"];

impl Slug {
    /// A slug from a name: its ASCII letters and digits, in lower case, what stands between them as one hyphen. A name
    /// with fewer than two of them gives `extension`.
    pub fn derive(name: &str) -> Slug {
        let mut text = String::new();
        for character in name.nfkd().take(1_000).filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
            if character.is_ascii_alphanumeric() {
                text.push(character.to_ascii_lowercase());
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        }
        text.truncate(*SLUG_CHARS.end());
        let text = text.trim_end_matches('-');
        match text.parse() {
            Ok(slug) => slug,
            Err(_) if text.len() < *SLUG_CHARS.start() => Slug("extension".to_owned()),
            Err(_) => Slug(text.chars().take(50).chain("-ext".chars()).collect()),
        }
    }

    /// The slug with `-n` at its end, shortened to fit: for a name that is taken.
    #[must_use]
    pub fn with_suffix(&self, n: u32) -> Slug {
        let suffix = format!("-{n}");
        let stem: String = self.0.chars().take(SLUG_CHARS.end() - suffix.len()).collect();
        let joined = format!("{}{suffix}", stem.trim_end_matches('-'));
        if Slug::check(&joined).is_ok() { Slug(joined) } else { Slug(format!("x{}", &joined[1..])) }
    }

    fn check(text: &str) -> Result<(), String> {
        let given = quoted(text);
        if !SLUG_CHARS.contains(&text.len()) {
            return Err(format!(
                "a slug has {} to {} characters, {given} has not",
                SLUG_CHARS.start(),
                SLUG_CHARS.end()
            ));
        }
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if !text.split('-').all(is_part) {
            return Err(format!("{given} is no slug: lower-case letters, digits and single hyphens between them only"));
        }
        if RESERVED.contains(&text) {
            return Err(format!("the slug {given} is reserved"));
        }
        if uuid::Uuid::try_parse(text).is_ok() {
            return Err(format!("the slug {given} has the shape of an id; choose words"));
        }
        Ok(())
    }
}

impl ExtensionName {
    fn check(text: &str) -> Result<(), String> {
        let characters = text.chars().take(NAME_CHARS.end() + 1).count();
        if !NAME_CHARS.contains(&characters) {
            return Err(format!("a name has {} to {} characters", NAME_CHARS.start(), NAME_CHARS.end()));
        }
        if text.trim() != text || text.contains("  ") {
            return Err("a name has no space at its start or end, and no two in a row".to_owned());
        }
        if text.nfc().ne(text.chars()) {
            return Err(format!("the name {} is not in Unicode normal form C; retype its accents", quoted(text)));
        }
        let hidden =
            name_problems(text).into_iter().find(|problem| !matches!(problem, NameProblem::MixedScripts { .. }));
        match hidden {
            Some(problem) => Err(format!("the name {} cannot be shown: {problem}", quoted(text))),
            None if text.chars().any(char::is_alphanumeric) => Ok(()),
            None => Err(format!("the name {} has no letter and no digit", quoted(text))),
        }
    }
}

impl Description {
    fn check(text: &str) -> Result<(), String> {
        if text.chars().take(DESCRIPTION_CHARS_MAX + 1).count() > DESCRIPTION_CHARS_MAX {
            return Err(format!("a description has at most {DESCRIPTION_CHARS_MAX} characters"));
        }
        let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        match control {
            Some(c) => Err(format!("the description holds the control character U+{:04X}; remove it", u32::from(c))),
            None => Ok(()),
        }
    }
}

impl Tag {
    fn check(text: &str) -> Result<(), String> {
        let characters = text.chars().take(TAG_CHARS_MAX + 1).count();
        if !(1..=TAG_CHARS_MAX).contains(&characters) {
            return Err(format!("a tag has 1 to {TAG_CHARS_MAX} characters, {} has not", quoted(text)));
        }
        let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase());
        if !text.split('-').all(is_part) || text.nfc().ne(text.chars()) {
            return Err(format!("{} is no tag: lower-case letters, digits and single hyphens only", quoted(text)));
        }
        Ok(())
    }
}

/// Reads the tags of one extension, in their order, each once.
///
/// # Errors
/// The index of each bad one with its sentence; more than [`TAGS_MAX`] are a fault at the first that is too many.
pub fn parse_tags<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Tag>, Vec<(usize, NotATag)>> {
    let (mut tags, mut faults) = (Vec::new(), Vec::new());
    for (index, text) in texts.into_iter().enumerate() {
        if index == TAGS_MAX {
            faults.push((index, NotATag(format!("an extension has at most {TAGS_MAX} tags"))));
            break;
        }
        match text.parse::<Tag>() {
            Ok(tag) if tags.contains(&tag) => {
                faults.push((index, NotATag(format!("the tag {} stands twice", quoted(text)))));
            }
            Ok(tag) => tags.push(tag),
            Err(refusal) => faults.push((index, refusal)),
        }
    }
    if faults.is_empty() { Ok(tags) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_strict() {
        for good in ["ab", "music-bot", "8ball", "a-1-b", &"a".repeat(60)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "-a",
            "a-",
            "a--b",
            "Music",
            "a b",
            "ä-b",
            "import",
            "0192f0c1-2345-7abc-8def-0123456789ab",
            "0192f0c123457abc8def0123456789ab",
            &"a".repeat(61),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
            assert!(serde_json::from_value::<Slug>(bad.into()).is_err());
        }
    }

    #[test]
    fn slugs_are_derived_from_names() {
        for (name, slug) in [
            ("Music Bot!", "music-bot"),
            ("  Café — Größe ", "cafe-gro-e"),
            ("日本", "extension"),
            ("X", "extension"),
            ("Import", "import-ext"),
            ("ＡＢ", "ab"),
        ] {
            assert_eq!(Slug::derive(name).as_str(), slug, "{name}");
        }
        assert_eq!(Slug::derive("Music Bot").with_suffix(2).as_str(), "music-bot-2");
        assert_eq!(Slug::derive(&"a".repeat(99)).with_suffix(10).as_str(), format!("{}-10", "a".repeat(57)));
    }

    #[test]
    fn names_hide_nothing() {
        for good in ["AB", "Музыка Bot", "C++", "👩\u{200d}🚀 Space", "café"] {
            assert!(good.parse::<ExtensionName>().is_ok(), "{good}");
        }
        for bad in ["a", " ab", "a  b", "cafe\u{301}", "a\u{202e}b", "a\nb", "a\u{200b}b", "--", &"a".repeat(101)] {
            assert!(bad.parse::<ExtensionName>().is_err(), "{bad:?}");
        }
        assert!("line\nline".parse::<Description>().is_ok() && "".parse::<Description>().is_ok());
        assert!("\u{1b}[2J".parse::<Description>().is_err());
    }

    #[test]
    fn tags_are_few_short_and_different() {
        assert_eq!(parse_tags(["fun", "mini-game", "музыка"]).unwrap().len(), 3);
        let faults = parse_tags(["fun", "Fun", "fun", "a b"]).unwrap_err();
        assert_eq!(faults.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2, 3]);
        let eleven: Vec<String> = (0..=TAGS_MAX).map(|n| format!("t{n}")).collect();
        assert_eq!(parse_tags(eleven.iter().map(String::as_str)).unwrap_err()[0].0, TAGS_MAX);
    }

    proptest! {
        #[test]
        fn every_name_gives_a_slug_with_and_without_suffix(name in any::<String>(), n in 2_u32..) {
            let slug = Slug::derive(&name);
            prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
            let numbered = slug.with_suffix(n);
            prop_assert_eq!(numbered.as_str().parse::<Slug>(), Ok(numbered.clone()));
        }
    }
}
