//! Free text that a use case takes in: bounded, and not empty where it is needed.

use super::refused::Refused;

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
