//! The review queue on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One submission in the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueItem {
    /// The review's id (the same as `review_id`).
    pub id: String,
    /// The review's id.
    pub review_id: String,
    /// The extension's id.
    pub extension_id: String,
    /// The version's id.
    pub version_id: String,
    /// The extension's slug.
    pub slug: String,
    /// The extension's name.
    pub name: String,
    /// The version's number.
    pub number: String,
    /// `checking`, `ready` or `review`.
    pub stage: String,
    /// The owner's name.
    pub author: String,
    /// The owner's reputation, 0 to 100.
    pub author_reputation: u8,
    /// What starts it.
    pub kinds: Vec<String>,
    /// `wasm` or `javascript`.
    pub runtime: String,
    /// The scopes it declares.
    pub scopes: Vec<String>,
    /// The sum of the scopes' risk weights.
    pub risk: i64,
    /// Its place, with the parts it is made of.
    pub priority: Priority,
    /// When it was submitted.
    pub submitted_at: String,
    /// When a first decision is due.
    pub due_at: String,
    /// The code's SHA-256.
    pub sha256: String,
    /// Who has claimed it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<String>,
    /// Who gave the first of two approvals, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_approval_by: Option<String>,
    /// How many approvals it needs: 1 or 2.
    pub approvals_needed: u8,
    /// The worst severity found, empty where nothing was.
    pub findings_worst: String,
    /// How many findings.
    pub findings_count: i64,
    /// How many notes.
    pub notes_count: i64,
    /// The review's `ETag` without quotes.
    pub revision: i64,
}

/// A place in the queue and its parts, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Priority {
    /// The sum.
    pub total: i64,
    /// The parts.
    pub parts: PriorityParts,
}

/// The parts of a priority, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriorityParts {
    /// Pressure of the due date.
    pub due: i64,
    /// Risk of the scopes.
    pub risk: i64,
    /// The author's reputation.
    pub reputation: i64,
}

/// Asks for the next submission to review.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClaimNext {
    /// A filter; the whole queue where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}
