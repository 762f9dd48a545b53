//! Dry runs on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One handler's dry run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunReport {
    /// The handler's kind.
    pub kind: String,
    /// The sandbox's report: `result` is deterministic, `measured` is not.
    #[schema(value_type = Object)]
    pub report: serde_json::Value,
}

/// Asks the server for a dry run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewDryRun {
    /// SHA-256 of a code the caller may see.
    pub sha256: String,
    /// `command slash keyword event timer`.
    pub kind: String,
    /// The event's fields; the kind's template where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub event: Option<serde_json::Value>,
    /// The scopes to grant; all that are declared where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The seed of the run's random numbers.
    #[serde(default)]
    pub seed: u64,
}
