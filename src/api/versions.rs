//! Versions on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One version of an extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// The extension's id.
    pub extension_id: String,
    /// The extension's slug.
    pub slug: String,
    /// Its number (semver).
    pub number: String,
    /// `draft saved checking ready review rejected withdrawn published`.
    pub stage: String,
    /// Why nobody new gets it, where it is yanked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The open review, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_id: Option<String>,
    /// What starts it.
    pub kinds: Vec<String>,
    /// The scopes it declares.
    pub scopes: Vec<String>,
    /// Which of them a server may leave out.
    pub optional_scopes: Vec<String>,
    /// `wasm` or `javascript`.
    pub runtime: String,
    /// The `code_id` of older marketplaces.
    pub md5: String,
    /// What decides.
    pub sha256: String,
    /// Bytes of code.
    pub bytes: u64,
    /// `extension.version` of the package, as it was given.
    #[schema(value_type = Object)]
    pub manifest: serde_json::Value,
    /// The version it was revised from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised_from: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// Its `ETag` without quotes.
    pub revision: i64,
}

/// Why a version was rejected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rejection {
    /// The sort of reason.
    pub reason: String,
    /// What the author is told.
    pub feedback: String,
    /// Who; absent where the checks did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    pub at: String,
}

/// What submitting made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Submitted {
    /// The review that waits for its checks.
    pub review_id: String,
    /// When a first decision is due.
    pub due_at: String,
    /// The version, in the stage `checking`.
    pub version: Version,
    /// For a rehearsal: what the checks would find. Absent on a real submit, whose checks run afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<super::reviews::Checks>,
}

/// The number of the version that a revision starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Revise {
    /// Greater than the one it revises.
    pub number: String,
}
