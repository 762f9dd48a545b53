//! What is wrong with a document: where, a stable code, and a sentence; all of it at once, in a bounded list.

use std::fmt;

use serde::Serialize;

use super::limits::FAULTS_MAX;

/// Characters of a pointer that are kept; keys come from outside and can be long.
const POINTER_CHARS_MAX: usize = 300;

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901); empty for the document as a whole.
    pub pointer: String,
    /// The stable name of what is wrong.
    pub code: &'static str,
    /// What is wrong and what to do, for the author; nothing in it is hidden from the reader.
    pub message: String,
}

/// The faults found so far; beyond the bound they are only counted.
#[derive(Debug, Default)]
pub struct Faults {
    listed: Vec<Fault>,
    uncounted: usize,
}

impl Faults {
    /// An empty list.
    pub fn none() -> Faults {
        Faults::default()
    }

    /// Adds one fault, or counts it where the list is full.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, message: impl Into<String>) {
        if self.listed.len() < FAULTS_MAX {
            let mut pointer = pointer.into();
            if let Some((end, _)) = pointer.char_indices().nth(POINTER_CHARS_MAX) {
                pointer.truncate(end);
                pointer.push('…');
            }
            self.listed.push(Fault { pointer, code, message: message.into() });
        } else {
            self.uncounted += 1;
        }
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The list; where it was cut, the last entry says how many more there are.
    pub fn into_list(mut self) -> Vec<Fault> {
        if self.uncounted > 0 {
            let message = format!("and {} more; repair these first", self.uncounted);
            self.listed.push(Fault { pointer: String::new(), code: "more_faults", message });
        }
        self.listed
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", super::text::visible(&self.pointer), self.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut faults = Faults::none();
        for _ in 0..FAULTS_MAX + 3 {
            faults.add("/a", "bad", "bad");
        }
        let list = faults.into_list();
        assert_eq!(list.len(), FAULTS_MAX + 1);
        assert_eq!(list[FAULTS_MAX].message, "and 3 more; repair these first");
        assert_eq!(list[0].to_string(), "/a: bad");
    }
}
