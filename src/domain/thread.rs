//! Threads: what an extension's owner and its reviewers say to one another about a review, and whose turn it is.

use std::str::FromStr;

/// Who has to say something next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The owner of the extension.
    Owner,
    /// Any reviewer.
    Reviewers,
    /// Nobody: it is settled.
    Nobody,
}

/// Whose words a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The owner's.
    Owner,
    /// A reviewer's.
    Reviewer,
    /// Those of the checks.
    Checks,
}

/// The text names none of those that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is none of owner, reviewers, nobody", super::text::quoted(.0))]
pub struct NotATurn(pub String);

impl Turn {
    /// Every turn.
    pub const ALL: &[Turn] = &[Turn::Owner, Turn::Reviewers, Turn::Nobody];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Turn::Owner => "owner",
            Turn::Reviewers => "reviewers",
            Turn::Nobody => "nobody",
        }
    }
}

impl Side {
    /// Whose turn it is after this side has spoken.
    pub const fn turns_to(self) -> Turn {
        match self {
            Side::Owner => Turn::Reviewers,
            Side::Reviewer | Side::Checks => Turn::Owner,
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Owner => "owner",
            Side::Reviewer => "reviewer",
            Side::Checks => "checks",
        }
    }
}

impl FromStr for Turn {
    type Err = NotATurn;

    fn from_str(text: &str) -> Result<Turn, NotATurn> {
        Turn::ALL
            .iter()
            .copied()
            .find(|turn| turn.name() == text)
            .ok_or_else(|| NotATurn(text.chars().take(64).collect()))
    }
}

impl FromStr for Side {
    type Err = NotATurn;

    fn from_str(text: &str) -> Result<Side, NotATurn> {
        let sides = [Side::Owner, Side::Reviewer, Side::Checks];
        sides.into_iter().find(|side| side.name() == text).ok_or_else(|| NotATurn(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_spoke_waits_for_the_other_side() {
        assert_eq!(Side::Checks.turns_to(), Turn::Owner);
        assert_eq!(Side::Reviewer.turns_to(), Turn::Owner);
        assert_eq!(Side::Owner.turns_to(), Turn::Reviewers);
        for turn in Turn::ALL {
            assert_eq!(turn.name().parse(), Ok(*turn));
        }
        assert!("both".parse::<Turn>().is_err() && "both".parse::<Side>().is_err());
    }
}
