//! Reviews on the wire: what a maintainer reads, and what they decide.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::Author;
use super::queue::QueueItem;
use super::versions::Version;

/// One review with everything a decision rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// The review's id.
    pub id: String,
    /// What the queue shows of it.
    pub item: QueueItem,
    /// The version under review.
    pub version: Version,
    /// The extension's description.
    pub description: String,
    /// The version the channel points at now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Version>,
    /// What the code can call, and what its dry runs called.
    pub scopes: ScopeSets,
    /// The same of the published version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_scopes: Option<ScopeSets>,
    /// What the checks did and found.
    pub checks: Checks,
    /// The author.
    pub author: Author,
    /// Notes of reviewers, oldest first.
    pub notes: Vec<Note>,
    /// What happened to the extension's versions, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Whether the review still runs.
    pub open: bool,
    /// How it ended: `published`, `rejected` or `withdrawn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Its `ETag` without quotes.
    pub revision: i64,
}

/// The three sets that are always shown side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScopeSets {
    /// What the manifest asks for.
    pub declared: Vec<String>,
    /// What the code's imports can call.
    pub reachable: Vec<String>,
    /// What runs called.
    pub exercised: Vec<String>,
}

/// What the checks did and found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Checks {
    /// `running`, `passed` or `failed`.
    pub state: String,
    /// Each rule's run.
    pub rules: Vec<CheckRun>,
    /// Everything found, worst first.
    pub findings: Vec<Finding>,
    /// The dry runs' reports, one a handler.
    pub runs: Vec<super::runs::RunReport>,
}

/// One rule's run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CheckRun {
    /// `package_validation`, `security_scan`, `version_verify` or `author_auth`.
    pub step: String,
    /// The rule.
    pub rule: String,
    /// Its revision.
    pub rule_revision: u32,
    /// `passed`, `failed`, `observed` or `broken`.
    pub verdict: String,
    /// When it started.
    pub started_at: String,
    /// How long it took.
    pub took_ms: i64,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Its id; empty in a rehearsal.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// `info`, `warning`, `error` or `critical`.
    pub severity: String,
    /// Where.
    pub location: String,
    /// What is wrong.
    pub message: String,
    /// What was seen.
    pub evidence: String,
    /// What to do.
    pub hint: String,
    /// What a dismissal sticks to.
    pub fingerprint: String,
    /// Who said that it is not a problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_reason: Option<String>,
}

/// One note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// Who, by name.
    pub by: String,
    /// When.
    pub at: String,
    /// The text.
    pub text: String,
}

/// One line of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// When.
    pub at: String,
    /// Who, by name; `marketplace` for the checks.
    pub by: String,
    /// The audit log's word for it.
    pub action: String,
    /// The version's number, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// A line more.
    #[serde(default)]
    pub detail: String,
}

/// An approval: bound to the code that was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Approve {
    /// SHA-256 of the code that was reviewed.
    pub sha256: String,
    /// A word to colleagues; kept as a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A rejection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reject {
    /// `security privacy scopes_excessive broken quality policy duplicate spam other`.
    pub reason: String,
    /// What the author is told.
    pub feedback: String,
}

/// A new note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewNote {
    /// The text.
    pub text: String,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// The review.
    pub review_id: String,
    /// The version's stage now: `ready` after the first of two approvals.
    pub stage: String,
    /// How many approvals are still needed.
    pub approvals_missing: u8,
    /// The review's `ETag` now, without quotes.
    pub revision: i64,
}

/// One item of a bulk request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkItem {
    /// The review.
    pub review_id: String,
    /// Its `ETag` as it was shown; required for approve and reject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `claim release renew approve reject note`.
    pub action: String,
    /// For approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// For reject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For reject; the text for note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// What came of one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    /// The review.
    pub review_id: String,
    /// The status this item would have had alone.
    pub status: u16,
    /// The stage now, where it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The problem, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<super::problem::Problem>,
}
