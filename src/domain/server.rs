//! Chat servers: what they are called, which tier they have, and what an account is to one of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::{AccountId, InstanceId, ServerId};
use super::limits::{GUILD_CHARS_MAX, SERVER_NAME_CHARS_MAX, TIER_CHARS_MAX};
use super::text::{NameProblem, name_problems, quoted};
use super::time::Timestamp;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident by $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAServerPart;

            fn from_str(text: &str) -> Result<$name, NotAServerPart> {
                $check(text).map(|()| $name(text.to_owned())).map_err(NotAServerPart)
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
    /// The chat platform's own id of a server: 1 to 64 of `[A-Za-z0-9_.-]`, not shaped like an id of the marketplace.
    Guild by check_guild;
    /// The name a server is shown under: 1 to 100 characters with nothing hidden in them.
    ServerName by check_name;
    /// The name of a subscription tier: lower-case letters, digits and single hyphens, at most 30 characters.
    SubscriptionTier by check_tier;
}

/// The text is no guild, server name or tier; a sentence for whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAServerPart(pub String);

/// One chat server that installs extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its id here.
    pub id: ServerId,
    /// Its id on the chat platform.
    pub guild: Guild,
    /// Its name.
    pub name: ServerName,
    /// Who decides what is installed and granted there.
    pub owner: AccountId,
    /// Who else may install and configure, but not grant; sorted.
    pub managers: Vec<AccountId>,
    /// What its subscription is called.
    pub tier: SubscriptionTier,
    /// The instance that serves it.
    pub instance: InstanceId,
    /// When it became known.
    pub created_at: Timestamp,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

/// What a caller is to one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerRelation {
    /// Nothing.
    #[default]
    Stranger,
    /// One of its managers.
    Manager,
    /// Its owner.
    Owner,
    /// The instance that serves it.
    Instance,
}

impl Server {
    /// What an account that is no instance is to it.
    pub fn relation(&self, account: AccountId) -> ServerRelation {
        if self.owner == account {
            ServerRelation::Owner
        } else if self.managers.contains(&account) {
            ServerRelation::Manager
        } else {
            ServerRelation::Stranger
        }
    }
}

impl Default for SubscriptionTier {
    fn default() -> SubscriptionTier {
        SubscriptionTier("free".to_owned())
    }
}

fn check_guild(text: &str) -> Result<(), String> {
    let shaped = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if text.is_empty() || text.len() > GUILD_CHARS_MAX || !shaped {
        return Err(format!(
            "{} is no id of a chat server: 1 to {GUILD_CHARS_MAX} ASCII letters, digits, _ . or -",
            quoted(text)
        ));
    }
    if text.len() == 36 && uuid::Uuid::try_parse(text).is_ok() {
        return Err(format!(
            "{} has the shape of an id of this marketplace; give the chat platform's id",
            quoted(text)
        ));
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), String> {
    let characters = text.chars().take(SERVER_NAME_CHARS_MAX + 1).count();
    if !(1..=SERVER_NAME_CHARS_MAX).contains(&characters) || text.trim() != text {
        return Err(format!("a server's name has 1 to {SERVER_NAME_CHARS_MAX} characters and no space around them"));
    }
    let hidden = name_problems(text).into_iter().find(|problem| !matches!(problem, NameProblem::MixedScripts { .. }));
    hidden.map_or(Ok(()), |problem| Err(format!("the name {} cannot be shown: {problem}", quoted(text))))
}

fn check_tier(text: &str) -> Result<(), String> {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if text.len() <= TIER_CHARS_MAX && text.split('-').all(is_part) {
        return Ok(());
    }
    Err(format!(
        "{} is no tier's name: lower-case letters, digits and single hyphens, at most {TIER_CHARS_MAX}",
        quoted(text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guilds_names_and_tiers_are_judged_on_both_sides_of_their_bounds() {
        for good in ["1", "81384788765712384", "irc.example-net_1", &"g".repeat(GUILD_CHARS_MAX)] {
            assert!(good.parse::<Guild>().is_ok(), "{good}");
        }
        let long = "g".repeat(GUILD_CHARS_MAX + 1);
        for bad in ["", "a b", "é", "../x", "0192f0c1-2345-7abc-8def-0123456789ab", &long] {
            assert!(bad.parse::<Guild>().is_err(), "{bad}");
        }
        for good in ["A", "Café 日本", &"n".repeat(SERVER_NAME_CHARS_MAX)] {
            assert!(good.parse::<ServerName>().is_ok(), "{good}");
        }
        for bad in ["", " a", "a\u{202e}b", "a\nb", &"n".repeat(SERVER_NAME_CHARS_MAX + 1)] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad}");
        }
        for good in ["free", "pro-2", &"t".repeat(TIER_CHARS_MAX)] {
            assert!(good.parse::<SubscriptionTier>().is_ok(), "{good}");
        }
        for bad in ["", "Pro", "a--b", "-a", "a_b", &"t".repeat(TIER_CHARS_MAX + 1)] {
            assert!(bad.parse::<SubscriptionTier>().is_err(), "{bad}");
        }
    }
}
