//! Accounts, roles, and what a token may be used for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{AccountId, TokenId};
use super::limits::ACCOUNT_NAME_CHARS;
use super::time::Timestamp;

/// What an account may do besides owning extensions; each role can do all that the one before it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns extensions, rates, installs.
    User,
    /// Reviews other people's submissions.
    Maintainer,
    /// Runs the marketplace.
    Administrator,
}

/// One thing a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Reading what the account may see.
    Read,
    /// Changing the account's own extensions.
    Author,
    /// Claiming and deciding reviews.
    Review,
    /// Accounts, tokens, policy, blocks.
    Administer,
    /// Speaking for an instance.
    Instance,
}

/// A name of 2 to 40 characters `[a-z0-9]` with single `-` or `_` between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// The text is no account name, role or right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAccountPart {
    /// Not an account name.
    #[error("{0:?} is no account name: use 2 to 40 of a-z, 0-9, with single '-' or '_' between them")]
    Name(String),
    /// Not a role.
    #[error("{0:?} is no role; the roles are user, maintainer, administrator")]
    Role(String),
    /// Not a right.
    #[error("{0:?} is no right; the rights are read, author, review, administer, instance")]
    Right(String),
}

/// One identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its unique name.
    pub name: AccountName,
    /// Its role.
    pub role: Role,
    /// Whether an administrator vouches for who this is.
    pub verified: bool,
    /// Whether it may do nothing at all.
    pub suspended: bool,
    /// 0 to 100; see `reputation`.
    pub reputation: u8,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

/// Who is asking: an account as it stands now, through a token with its rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// The token it came with.
    pub token: TokenId,
    /// What the token may be used for.
    pub rights: Rights,
}

/// A set of rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(Vec<Right>);

impl Rights {
    /// Every right that `role` can use, but for speaking as an instance.
    pub fn of_role(role: Role) -> Rights {
        let all = [Right::Read, Right::Author, Right::Review, Right::Administer];
        Rights(all.into_iter().filter(|right| right.least_role() <= role).collect())
    }

    /// The rights named, each once, sorted.
    pub fn new(rights: impl IntoIterator<Item = Right>) -> Rights {
        let mut list: Vec<Right> = rights.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        Rights(list)
    }

    /// Whether `right` is among them.
    pub fn contains(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    /// The rights, sorted.
    pub fn iter(&self) -> impl Iterator<Item = Right> {
        self.0.iter().copied()
    }

    /// Whether every one of them is usable by `role`.
    pub fn fit(&self, role: Role) -> bool {
        self.0.iter().all(|right| right.least_role() <= role)
    }
}

impl Right {
    /// Every right.
    pub const ALL: &[Right] = &[Right::Read, Right::Author, Right::Review, Right::Administer, Right::Instance];

    /// The lowest role that can use it; speaking as an instance needs that the account is one's own.
    pub const fn least_role(self) -> Role {
        match self {
            Right::Read | Right::Author | Right::Instance => Role::User,
            Right::Review => Role::Maintainer,
            Right::Administer => Role::Administrator,
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Author => "author",
            Right::Review => "review",
            Right::Administer => "administer",
            Right::Instance => "instance",
        }
    }
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: &[Role] = &[Role::User, Role::Maintainer, Role::Administrator];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Maintainer => "maintainer",
            Role::Administrator => "administrator",
        }
    }
}

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = NotAnAccountPart;

    fn from_str(text: &str) -> Result<AccountName, NotAnAccountPart> {
        let part_fits = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if ACCOUNT_NAME_CHARS.contains(&text.len()) && text.split(['-', '_']).all(part_fits) {
            return Ok(AccountName(text.to_owned()));
        }
        Err(NotAnAccountPart::Name(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for AccountName {
    type Error = NotAnAccountPart;

    fn try_from(text: String) -> Result<AccountName, NotAnAccountPart> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> String {
        name.0
    }
}

impl FromStr for Role {
    type Err = NotAnAccountPart;

    fn from_str(text: &str) -> Result<Role, NotAnAccountPart> {
        Role::ALL
            .iter()
            .copied()
            .find(|role| role.name() == text)
            .ok_or_else(|| NotAnAccountPart::Role(text.chars().take(64).collect()))
    }
}

impl FromStr for Right {
    type Err = NotAnAccountPart;

    fn from_str(text: &str) -> Result<Right, NotAnAccountPart> {
        Right::ALL
            .iter()
            .copied()
            .find(|right| right.name() == text)
            .ok_or_else(|| NotAnAccountPart::Right(text.chars().take(64).collect()))
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names_are_plain() {
        for good in ["ada", "mx-9", "a_b", &"x".repeat(40)] {
            assert!(good.parse::<AccountName>().is_ok(), "{good}");
        }
        for bad in ["", "a", "A1", "a--b", "-ab", "ab-", "a b", "é1", &"x".repeat(41)] {
            assert!(bad.parse::<AccountName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rights_follow_the_role() {
        assert!(!Rights::of_role(Role::User).contains(Right::Review));
        assert!(Rights::of_role(Role::Maintainer).contains(Right::Review));
        assert!(!Rights::of_role(Role::Administrator).contains(Right::Instance));
        assert!(!Rights::new([Right::Review]).fit(Role::User));
    }
}
