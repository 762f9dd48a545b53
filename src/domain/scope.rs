//! The scopes an extension may ask for: category, what a grant means, and how risky it is.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A group of scopes, as the person who grants them sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Acting against members.
    Moderation,
    /// Roles.
    Roles,
    /// Channels and threads.
    Channels,
    /// The server itself.
    Guild,
    /// The people on it.
    Members,
    /// Messages and reactions.
    Messages,
    /// Points.
    Economy,
    /// The extension's own configuration and storage.
    Data,
    /// Everything that leaves the chat.
    Network,
}

macro_rules! scopes {
    ($($variant:ident $name:literal $category:ident $risk:literal $text:literal;)*) => {
        /// One permission of an extension.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope { $(#[doc = $text] $variant,)* }

        impl Scope {
            /// Every scope, in the order of the specification.
            pub const ALL: &[Scope] = &[$(Scope::$variant,)*];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Scope::$variant => $name,)* }
            }

            /// The category it is listed under.
            pub const fn category(self) -> Category {
                match self { $(Scope::$variant => Category::$category,)* }
            }

            /// Risk weight, 1 (harmless) to 10 (can ruin a server).
            pub const fn risk(self) -> u8 {
                match self { $(Scope::$variant => $risk,)* }
            }

            /// One line for the person who grants it.
            pub const fn description(self) -> &'static str {
                match self { $(Scope::$variant => $text,)* }
            }
        }
    };
}

scopes! {
    Ban "ban" Moderation 10 "Ban members and lift bans";
    Kick "kick" Moderation 8 "Remove members from the server";
    Timeout "timeout" Moderation 6 "Silence members for a time";
    Modlog "modlog" Moderation 4 "Read and write the moderation log";
    RolesRead "roles_read" Roles 1 "See the roles and who has them";
    RolesManage "roles_manage" Roles 9 "Create, change, give and take roles";
    ChannelsRead "channels_read" Channels 1 "See the channels and their settings";
    ChannelsManage "channels_manage" Channels 8 "Create, change and delete channels";
    Threads "threads" Channels 3 "Open, archive and manage threads";
    GuildRead "guild_read" Guild 1 "See the server's name, settings and emoji";
    GuildManage "guild_manage" Guild 10 "Change the server's settings";
    MembersRead "members_read" Members 3 "See the members and their profiles";
    MembersManage "members_manage" Members 7 "Change members' nicknames and voice state";
    MessagesRead "messages_read" Messages 4 "Read messages in the channel it was called from";
    MessagesGlobal "messages_global" Messages 7 "Read messages in every channel";
    MessagesWrite "messages_write" Messages 4 "Send messages and mention people";
    MessagesManage "messages_manage" Messages 7 "Delete and pin other people's messages";
    Reactions "reactions" Messages 2 "Add and remove reactions";
    EconomyRead "economy_read" Economy 2 "See points and balances";
    EconomyManage "economy_manage" Economy 7 "Give, take and transfer points";
    Config "config" Data 1 "Read the configuration that the server gave it";
    Storage "storage" Data 2 "Keep data of its own for this server";
    HttpRequest "http_request" Network 9 "Send requests to hosts on the internet";
    Webhooks "webhooks" Network 8 "Create and call webhooks";
    EmbedLinks "embed_links" Network 2 "Show embeds and link previews";
}

impl Category {
    /// The heading it is shown under.
    pub const fn title(self) -> &'static str {
        match self {
            Category::Moderation => "Moderation",
            Category::Roles => "Roles",
            Category::Channels => "Channels",
            Category::Guild => "Guild",
            Category::Members => "Members",
            Category::Messages => "Messages",
            Category::Economy => "Economy",
            Category::Data => "Data",
            Category::Network => "Network",
        }
    }
}

/// The text names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no scope{}", .nearest.map(|scope| format!("; did you mean {:?}?", scope.name())).unwrap_or_default())]
pub struct NotAScope {
    /// What was given, cut at 64 characters.
    pub given: String,
    /// The scope with the most similar name, where one is near.
    pub nearest: Option<Scope>,
}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Scope, NotAScope> {
        Scope::ALL.iter().copied().find(|scope| scope.name() == text).ok_or_else(|| NotAScope {
            given: text.chars().take(64).collect(),
            nearest: super::text::nearest(text, Scope::ALL.iter().map(|scope| scope.name()))
                .and_then(|name| Scope::ALL.iter().copied().find(|scope| scope.name() == name)),
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A set of scopes; listed in the order of the specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(u32);

impl ScopeSet {
    /// The set with nothing in it.
    pub const EMPTY: ScopeSet = ScopeSet(0);

    /// Every scope there is.
    pub fn all() -> ScopeSet {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// The set with `scope` in it.
    #[must_use]
    pub const fn with(self, scope: Scope) -> ScopeSet {
        ScopeSet(self.0 | (1 << scope as u32))
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: ScopeSet) -> ScopeSet {
        ScopeSet(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: ScopeSet) -> ScopeSet {
        ScopeSet(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn minus(self, other: ScopeSet) -> ScopeSet {
        ScopeSet(self.0 & !other.0)
    }

    /// Whether everything in this set is in `other`.
    pub const fn is_subset(self, other: ScopeSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many scopes are in it.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The scopes, in the order of the specification.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// The names, in the order of the specification.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::name).collect()
    }

    /// The sum of the risk weights: 0 to 250.
    pub fn risk(self) -> u32 {
        self.iter().map(|scope| u32::from(scope.risk())).sum()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> ScopeSet {
        scopes.into_iter().fold(ScopeSet::EMPTY, ScopeSet::with)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScopeSet, D::Error> {
        Ok(Vec::<Scope>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_specification_is_here_once() {
        assert_eq!(Scope::ALL.len(), 25);
        assert_eq!(ScopeSet::all().len(), 25);
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(*scope));
            assert!((1..=10).contains(&scope.risk()), "{scope}");
        }
    }

    #[test]
    fn a_misspelt_scope_gets_a_suggestion() {
        let refusal = "mesages_read".parse::<Scope>().unwrap_err();
        assert_eq!(refusal.nearest, Some(Scope::MessagesRead));
        assert_eq!("quantum".parse::<Scope>().unwrap_err().nearest, None);
    }

    #[test]
    fn sets_behave_as_sets() {
        let both: ScopeSet = [Scope::Kick, Scope::Ban].into_iter().collect();
        assert_eq!(both.names(), ["ban", "kick"]);
        assert_eq!(both.risk(), 18);
        assert!(ScopeSet::EMPTY.with(Scope::Ban).is_subset(both));
        assert_eq!(both.minus(ScopeSet::EMPTY.with(Scope::Ban)).names(), ["kick"]);
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"["ban","kick"]"#);
    }
}
