//! Two texts line by line, each line beside the one that stands in its place.

use similar::{ChangeTag, TextDiff};

/// A line of one text beside a line of the other; nothing where the other has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Of the older text.
    pub old: Option<String>,
    /// Of the newer text.
    pub new: Option<String>,
}

impl Pair {
    /// Whether both have the same line.
    pub fn is_same(&self) -> bool {
        self.old == self.new
    }
}

/// Puts two texts beside one another.
pub fn beside(old: &str, new: &str) -> Vec<Pair> {
    let diff = TextDiff::from_lines(old, new);
    let (mut pairs, mut gone, mut come): (Vec<Pair>, Vec<String>, Vec<String>) = Default::default();
    for change in diff.iter_all_changes() {
        let line = change.value().trim_end_matches('\n').to_owned();
        match change.tag() {
            ChangeTag::Delete => gone.push(line),
            ChangeTag::Insert => come.push(line),
            ChangeTag::Equal => {
                settle(&mut pairs, &mut gone, &mut come);
                pairs.push(Pair { old: Some(line.clone()), new: Some(line) });
            }
        }
    }
    settle(&mut pairs, &mut gone, &mut come);
    pairs
}

fn settle(pairs: &mut Vec<Pair>, gone: &mut Vec<String>, come: &mut Vec<String>) {
    let rows = gone.len().max(come.len());
    let (mut old, mut new) = (gone.drain(..), come.drain(..));
    pairs.extend((0..rows).map(|_| Pair { old: old.next(), new: new.next() }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_stand_beside_one_another() {
        let pairs = beside("a\nb\nc\n", "a\nB\nB2\nc\nd\n");
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        let seen: Vec<String> = pairs.iter().map(|pair| format!("{} {}", text(&pair.old), text(&pair.new))).collect();
        assert_eq!(seen, ["a a", "b B", "- B2", "c c", "- d"]);
        assert_eq!(pairs.iter().filter(|pair| pair.is_same()).count(), 2);
        assert!(beside("", "").is_empty());
    }
}
