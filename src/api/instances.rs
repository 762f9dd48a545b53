//! Instances on the wire: what they announce, what they are told, what they report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewInstance {
    /// Its name: 2 to 40 of a-z, 0-9 with single `-` or `_` between them.
    pub name: String,
}

/// An instance that was just made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceCreated {
    /// The instance.
    pub instance: Instance,
    /// Its token, shown this once.
    pub secret: String,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its name, which is that of the account it speaks as.
    pub name: String,
    /// `unannounced`, `live` or `silent`.
    pub presence: String,
    /// The version of the host API that it announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_api: Option<String>,
    /// The scopes that it announced.
    pub scopes: Vec<String>,
    /// The features of WebAssembly that it announced.
    pub wasm_features: Vec<String>,
    /// MiB that it announced for extensions.
    pub memory_mib: u64,
    /// When it was heard last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<String>,
    /// How many servers it serves.
    pub servers: u64,
    /// When it was made.
    pub created_at: String,
    /// Counts its announcements; the `ETag`.
    pub revision: i64,
}

/// What an instance says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Announcement {
    /// The version of the host API that it offers, such as `1.0.0`.
    pub host_api: String,
    /// The scopes that it can serve.
    pub scopes: Vec<String>,
    /// Features of WebAssembly beyond the first version of the language.
    #[serde(default)]
    pub wasm_features: Vec<String>,
    /// MiB for extensions altogether.
    pub memory_mib: u64,
    /// The chat platform's ids of the servers that it serves.
    #[serde(default)]
    pub servers: Vec<String>,
}

/// What came of an announcement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Announced {
    /// The instance.
    pub instance: Instance,
    /// Servers that are not known here yet: `PUT /servers/{id}` makes each known.
    pub unknown_servers: Vec<String>,
}

/// What an instance is told when it is heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Heard {
    /// The server's time.
    pub now: String,
    /// The number of its next batch of usage.
    pub usage_next: u64,
    /// Runs of batches that never came, first and last number of each.
    pub usage_missing: Vec<Vec<u64>>,
    /// Notices that it has not confirmed yet, oldest first.
    pub notices: Vec<Notice>,
}

/// What every instance with an extension has to know at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Its id.
    pub id: String,
    /// The extension.
    pub extension_id: String,
    /// `rolled_back`, `quarantined`, `blocked` or `listed`.
    pub kind: String,
    /// What the instances are told.
    pub body: serde_json::Value,
    /// When.
    pub at: String,
    /// How many instances have the extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<i64>,
    /// How many of them confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<i64>,
}

/// The notices about an extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notices {
    /// Newest first.
    pub items: Vec<Notice>,
}

/// Taking note: of a notice, by its own id or by the number of its event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Confirmation {
    /// The notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_id: Option<String>,
    /// The event that told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<i64>,
}

/// What an instance reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageReport {
    /// Numbered batches, in any order; each is counted once, however often it comes.
    #[serde(default)]
    pub batches: Vec<UsageBatch>,
    /// Runs of batches that will never come, first and last number of each.
    #[serde(default)]
    pub lost: Vec<Vec<u64>>,
}

/// One numbered batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageBatch {
    /// Its number; each instance counts from 1.
    pub number: u64,
    /// What it tells.
    pub records: Vec<UsageRecord>,
}

/// What one installation used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageRecord {
    /// The installation.
    pub installation_id: String,
    /// A moment of the hour that it is counted to.
    pub at: String,
    /// Runs.
    pub calls: u64,
    /// Runs that failed.
    #[serde(default)]
    pub errors: u64,
    /// Fuel of all runs together.
    #[serde(default)]
    pub fuel: u64,
    /// Fuel of the run that used most.
    #[serde(default)]
    pub fuel_peak: u64,
    /// Bytes of memory of the run that used most.
    #[serde(default)]
    pub memory_bytes_peak: u64,
    /// Time of all runs together, in milliseconds.
    #[serde(default)]
    pub run_ms: u64,
    /// Calls of host functions by scope.
    #[serde(default)]
    pub host_calls: BTreeMap<String, u64>,
}

/// What came of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageCounted {
    /// Batches that were counted now.
    pub counted: Vec<u64>,
    /// Batches that were counted before.
    pub repeated: Vec<u64>,
    /// The number of the next batch.
    pub next: u64,
    /// Runs of batches that never came.
    pub missing: Vec<Vec<u64>>,
}
