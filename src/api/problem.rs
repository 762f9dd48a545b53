//! What an error looks like: RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error, sent as `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable reference such as `/problems/stage-conflict`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sort of problem, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This problem, in words: what, where, what to do.
    #[serde(default)]
    pub detail: String,
    /// The path it happened at.
    #[serde(default)]
    pub instance: String,
    /// A stable word for programs, such as `stage_conflict`.
    pub code: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// The request's id, as the log has it.
    #[serde(default)]
    pub request_id: String,
    /// Every fault of a bad body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<PointedError>,
    /// What changed since it was shown (412).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
    /// The `ETag` that is current (412).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// One fault of a body, a query or a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointedError {
    /// Where: a JSON pointer into the body, or `?q` and the like.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
    /// The column (from 1), for a filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// What, as a JSON pointer into the thing.
    pub pointer: String,
    /// Who, by name; `marketplace` for the checks and lapses.
    pub by: String,
    /// When.
    pub at: String,
}
