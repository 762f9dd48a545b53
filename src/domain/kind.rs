//! The kinds of trigger an extension handles, and the handler each one calls.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What can start a run; a manifest's `type` names one or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A message that starts with the bot's prefix and the extension's key.
    Command,
    /// A slash command of the chat platform.
    Slash,
    /// A message that holds one of the extension's keywords.
    Keyword,
    /// A named gateway event, such as a member joining.
    Event,
    /// A fixed interval.
    Timer,
}

/// The text names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind; the kinds are command, slash, keyword, event, timer")]
pub struct NotAKind(pub String);

impl Kind {
    /// Every kind, in the order of the specification.
    pub const ALL: &[Kind] = &[Kind::Command, Kind::Slash, Kind::Keyword, Kind::Event, Kind::Timer];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Slash => "slash",
            Kind::Keyword => "keyword",
            Kind::Event => "event",
            Kind::Timer => "timer",
        }
    }

    /// The export that is called for it.
    pub const fn handler(self) -> &'static str {
        match self {
            Kind::Command => "on_command",
            Kind::Slash => "on_slash",
            Kind::Keyword => "on_keyword",
            Kind::Event => "on_event",
            Kind::Timer => "on_timer",
        }
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Kind, NotAKind> {
        Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| NotAKind(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
