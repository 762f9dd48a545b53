//! The nouns of the simulated chat server, as `world.json` spells them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::time::Timestamp;

/// The chat server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The member who owns it, and cannot be removed.
    pub owner: String,
}

/// The bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// Its id as a member.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What commands start with.
    pub prefix: String,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `text` or `voice`.
    #[serde(rename = "type")]
    pub sort: String,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its colour, as `#rrggbb`.
    #[serde(default)]
    pub color: Option<String>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The user's id.
    pub id: String,
    /// The user's name.
    pub name: String,
    /// The name that is shown.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether it is a bot.
    #[serde(default)]
    pub bot: bool,
    /// Ids of the roles it has.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Since when.
    pub joined_at: Timestamp,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The channel's id.
    pub channel: String,
    /// The author's id.
    pub author: String,
    /// Its text.
    pub content: String,
    /// When.
    pub at: Timestamp,
    /// Embeds, as they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<Value>,
    /// Whether mentions in it notify nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// The user's id.
    pub user: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}
