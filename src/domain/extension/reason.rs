//! Why a submission was rejected: a closed list, so that rejections can be counted by reason.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::text::{nearest, quoted};

/// The reason that stands beside the feedback of a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// It endangers servers or their members.
    Security,
    /// It gathers or passes on personal data.
    Privacy,
    /// It asks for more scopes than it needs.
    ScopesExcessive,
    /// It fails or does not do what it says.
    Broken,
    /// It works, below what users expect.
    Quality,
    /// It is against the marketplace's rules.
    Policy,
    /// Another extension does the same under another name.
    Duplicate,
    /// It advertises or repeats for attention.
    Spam,
    /// Said in the feedback.
    Other,
}

/// The text names no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no reason; the reasons are {}{}", quoted(.given), ReasonCode::names(), .nearest.map(|code| format!("; did you mean {code}?")).unwrap_or_default())]
pub struct NotAReason {
    /// What was given, cut at 64 characters.
    pub given: String,
    /// The reason with the most similar name, where one is near.
    pub nearest: Option<ReasonCode>,
}

impl ReasonCode {
    /// Every reason, in the order it is offered.
    pub const ALL: &[ReasonCode] = &[
        ReasonCode::Security,
        ReasonCode::Privacy,
        ReasonCode::ScopesExcessive,
        ReasonCode::Broken,
        ReasonCode::Quality,
        ReasonCode::Policy,
        ReasonCode::Duplicate,
        ReasonCode::Spam,
        ReasonCode::Other,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            ReasonCode::Security => "security",
            ReasonCode::Privacy => "privacy",
            ReasonCode::ScopesExcessive => "scopes_excessive",
            ReasonCode::Broken => "broken",
            ReasonCode::Quality => "quality",
            ReasonCode::Policy => "policy",
            ReasonCode::Duplicate => "duplicate",
            ReasonCode::Spam => "spam",
            ReasonCode::Other => "other",
        }
    }

    /// One line for the author.
    pub const fn description(self) -> &'static str {
        match self {
            ReasonCode::Security => "It endangers servers or their members",
            ReasonCode::Privacy => "It gathers or passes on personal data",
            ReasonCode::ScopesExcessive => "It asks for more scopes than it needs",
            ReasonCode::Broken => "It fails, or does not do what it says",
            ReasonCode::Quality => "It works, but below what users expect",
            ReasonCode::Policy => "It is against the marketplace's rules",
            ReasonCode::Duplicate => "Another extension already does the same under another name",
            ReasonCode::Spam => "It advertises, or repeats itself for attention",
            ReasonCode::Other => "The feedback says why",
        }
    }

    fn names() -> String {
        ReasonCode::ALL.iter().map(|code| code.name()).collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for ReasonCode {
    type Err = NotAReason;

    fn from_str(text: &str) -> Result<ReasonCode, NotAReason> {
        let named = |name: &str| ReasonCode::ALL.iter().copied().find(|code| code.name() == name);
        named(text).ok_or_else(|| NotAReason {
            given: text.chars().take(64).collect(),
            nearest: nearest(text, ReasonCode::ALL.iter().map(|code| code.name())).and_then(named),
        })
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_those_of_the_wire() {
        for code in ReasonCode::ALL {
            assert_eq!(code.name().parse(), Ok(*code));
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
        let refusal = "scope_excessive".parse::<ReasonCode>().unwrap_err();
        assert!(refusal.to_string().ends_with("did you mean scopes_excessive?"), "{refusal}");
    }
}
