//! Extensions on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::versions::Version;

/// One extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Extension {
    /// Its id.
    pub id: String,
    /// Its unique short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The owner's account id.
    pub owner_id: String,
    /// The owner's name.
    pub owner: String,
    /// `free` or `premium`.
    pub tier: String,
    /// Where it is premium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_points: Option<u64>,
    /// `listed`, `unlisted`, `quarantined` or `blocked`.
    pub listing: String,
    /// Why, where it is quarantined or blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing_reason: Option<String>,
    /// The version the stable channel points at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The channel's revision, 0 before the first publication.
    pub head_revision: i64,
    /// The account it is offered to, for owner, receiver and maintainers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_to: Option<String>,
    /// How many servers have it; only in the catalogue's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installations: Option<u64>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Its `ETag` without quotes.
    pub revision: i64,
}

/// A new extension, without a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewExtension {
    /// 2 to 100 characters.
    pub name: String,
    /// Derived from the name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// At most 2,000 characters.
    #[serde(default)]
    pub description: String,
    /// At most 10.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A change of details; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionPatch {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// New tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// `listed` or `unlisted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<String>,
    /// A price makes it premium; 0 makes it free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_points: Option<u64>,
}

/// What an import made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// The new extension.
    pub extension: Extension,
    /// Its version, in the stage `saved`.
    pub version: Version,
    /// What the import decided by itself, such as a number that was assigned.
    pub notes: Vec<String>,
}

/// Who is offered an extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TransferOffer {
    /// The receiver's account name.
    pub to: String,
}

/// A reason for what has to be explained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// Why, at most 500 characters.
    pub reason: String,
}

/// Which versions are to be stopped, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Restriction {
    /// Why, at most 500 characters.
    pub reason: String,
    /// A semver range; all versions where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
}

/// Where to roll back to, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rollback {
    /// A published version's number.
    pub number: String,
    /// Why, at most 500 characters.
    pub reason: String,
}

/// The history of a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// The newest revisions, newest first.
    pub items: Vec<ChannelRevision>,
}

/// One revision of a channel: publishing and rolling back each append one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelRevision {
    /// Its number, counted from 1.
    pub revision: u64,
    /// The number of the version that it points at.
    pub number: String,
    /// The id of that version.
    pub version_id: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
}

/// How far an extension has spread: what a rollback, a quarantine or a block of it reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Spread {
    /// The extension.
    pub extension_id: String,
    /// Installations that did not fail.
    pub installations: u64,
    /// Those among them that run.
    pub active: u64,
    /// Servers that have it.
    pub servers: u64,
    /// Instances that serve those servers.
    pub instances: u64,
    /// Those among them that were heard from lately.
    pub listening: u64,
    /// How many installations have which version, greatest number first.
    pub versions: Vec<VersionSpread>,
}

/// How many installations have one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionSpread {
    /// The version's number.
    pub number: String,
    /// Installations that have it.
    pub installations: u64,
}
