//! The audit log on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    /// Its number, gapless from 1.
    pub number: i64,
    /// When.
    pub at: String,
    /// `account`, `system` or `local_operator`.
    pub actor_kind: String,
    /// The account's name, or the kind again.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What sort of thing it was done to.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// What else matters.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// Its MAC in the chain.
    pub mac: String,
}

/// The newest row: note it down elsewhere to find a cut later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// Its number; 0 before the first.
    pub number: i64,
    /// Its MAC.
    pub mac: String,
    /// Both, as `verify` takes them.
    pub head: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// Whether the whole chain holds.
    pub intact: bool,
    /// How many rows were read.
    pub rows: i64,
    /// The head.
    pub head: AuditHead,
    /// What is wrong, naming the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
