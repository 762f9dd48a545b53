//! Accounts and tokens on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `user`, `maintainer` or `administrator`.
    pub role: String,
    /// Whether an administrator vouches for it.
    pub verified: bool,
    /// Whether it may do nothing.
    pub suspended: bool,
    /// 0 to 100.
    pub reputation: u8,
    /// When it was made.
    pub created_at: String,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The account.
    pub account: Account,
    /// What the token may be used for.
    pub rights: Vec<String>,
    /// When the token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<String>,
    /// The server's version.
    pub server_version: String,
    /// The server's time.
    pub now: String,
}

/// A new account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewAccount {
    /// 2 to 40 of a-z, 0-9 with single `-` or `_` between them.
    pub name: String,
    /// `user` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `false` where absent.
    #[serde(default)]
    pub verified: bool,
}

/// A change of an account; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountPatch {
    /// A new role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Vouched for or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Suspended or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

/// A new token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// What it is for, in the owner's words.
    #[serde(default)]
    pub name: String,
    /// `read`, `author`, `review`, `administer`; all of the role's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<String>>,
    /// When it ends; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// One token, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub rights: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
}

/// A token just made: the only time the secret is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TokenCreated {
    /// The token.
    pub token: Token,
    /// `sky_…`; it cannot be shown again.
    pub secret: String,
}

/// An author as reviewers see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The account.
    pub account: Account,
    /// The lines the reputation is the sum of.
    pub reputation_parts: Vec<ReputationPart>,
    /// Versions published.
    pub published: i64,
    /// Versions rejected.
    pub rejected: i64,
    /// The moment that it is the reputation of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// What happened until then that it is computed from, newest first, at most 200; where one author is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ReputationEvent>,
}

/// Something that a reputation is computed from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReputationEvent {
    /// When.
    pub at: String,
    /// `published rejected verified reported rated`.
    pub kind: String,
    /// What it adds to the count of its kind; may be negative.
    pub amount: i64,
    /// What it adds to the sum of stars; may be negative.
    pub stars: i64,
    /// What it is about, such as a slug and a number.
    pub about: String,
}

/// One line of a reputation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReputationPart {
    /// What for.
    pub what: String,
    /// Points.
    pub points: i64,
}
