//! Servers on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One chat server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// Its id here.
    pub id: String,
    /// Its id on the chat platform.
    pub guild: String,
    /// Its name.
    pub name: String,
    /// The id of the account that owns it.
    pub owner_id: String,
    /// The name of that account.
    pub owner: String,
    /// Names of the accounts that manage it too.
    pub managers: Vec<String>,
    /// Its subscription tier.
    pub tier: String,
    /// The instance that serves it.
    pub instance_id: String,
    /// That instance's name.
    pub instance: String,
    /// `unannounced`, `live` or `silent`: whether that instance is there.
    pub presence: String,
    /// When that instance was heard last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<String>,
    /// How many installations it has, in any state.
    pub installations: u64,
    /// How many versions wait for its owner's consent.
    pub consents: u64,
    /// When it became known.
    pub created_at: String,
    /// Counts the changes; the `ETag`.
    pub revision: i64,
}

/// A server as the instance that serves it describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerDescription {
    /// Its name.
    pub name: String,
    /// The name of the account that owns it.
    pub owner: String,
    /// Its tier; what it has, or `free`, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// A change of a server; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerPatch {
    /// Names of all its managers (its owner may).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managers: Option<Vec<String>>,
    /// Its tier (administrators may).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The instance that serves it (administrators may).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
}
