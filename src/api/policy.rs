//! The policy on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The policy in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRevision {
    /// Its number.
    pub number: i64,
    /// The document, every field present.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// Why it was made.
    pub reason: String,
    /// When.
    pub at: String,
}
