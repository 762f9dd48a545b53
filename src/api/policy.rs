//! The policy on the wire: revisions, plans with their impact, explanations, what servers override.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One revision of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRevision {
    /// Its number.
    pub number: i64,
    /// What is in force by it, every field present; exceptions are not in it.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// The document as it was written: only what it sets, what it locks, and its exceptions.
    #[schema(value_type = Object)]
    pub layer: serde_json::Value,
    /// What it says otherwise than the revision before it.
    pub changes: Vec<FieldChange>,
    /// Why it was made.
    pub reason: String,
    /// The name of who made it; nobody made the built-in first one.
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// The earlier revision that it goes back to, where it does.
    pub restores: Option<i64>,
    /// The plan that it was applied from, where there was one.
    pub plan: Option<String>,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// The field, such as `scopes.webhooks`; `locked` and `exceptions` for those.
    pub field: String,
    /// What it was, where it was set.
    pub from: Option<String>,
    /// What it becomes, where it is set.
    pub to: Option<String>,
}

/// What is to be planned: a document, or going back to a revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// The draft: all that the marketplace's policy is to set; `skydeck policy schema` describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub document: Option<serde_json::Value>,
    /// The revision to go back to, in the place of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Why.
    pub reason: String,
}

/// A draft with what it would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: String,
    /// The server whose override it changes; the marketplace's own policy where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
    /// The revision that it starts from; `If-Match` of applying it names this one.
    pub base: i64,
    /// The draft.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// The revision that it goes back to, where it does.
    pub restores: Option<i64>,
    /// Why.
    pub reason: String,
    /// What it would change.
    pub impact: Impact,
    /// The name of who asked for it.
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// Until when it can be applied.
    pub expires_at: String,
    /// When it was applied.
    pub used_at: Option<String>,
}

/// Everything that a draft changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Impact {
    /// The fields that get another setting.
    pub changes: Vec<FieldChange>,
    /// What that does.
    pub effects: Vec<Effect>,
    /// Measured runs against the limits that change.
    pub measured: Vec<Measured>,
    /// How much was looked at.
    pub looked_at: LookedAt,
    /// The sums over all effects.
    pub totals: Totals,
}

/// One thing that a draft does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// Its stable name, such as `queue_denied`.
    pub code: String,
    /// The field that does it.
    pub field: String,
    /// `now` with the change itself, `later` when somebody does something, `past` in the last 90 days.
    pub when: String,
    /// It, as a sentence without the count.
    pub what: String,
    /// How many it touches.
    pub count: u64,
    /// Servers on which what it touches is installed, where that is known.
    pub servers: Option<u64>,
    /// Installations of what it touches, where that is known.
    pub installations: Option<u64>,
    /// Some of them, at most 20.
    pub examples: Vec<Example>,
}

/// One thing that an effect touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Example {
    /// `extension`, `version`, `review`, `account`, `server` or `instance`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// What is particular about it.
    pub note: String,
}

/// A figure over the published extensions, by the dry runs of their newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Measured {
    /// The limit that changes, such as `tiers.free.fuel`.
    pub field: String,
    /// `fuel` or `bytes`.
    pub unit: String,
    /// The limit before; none for a new tier.
    pub before: Option<u64>,
    /// The limit after.
    pub after: u64,
    /// Extensions with a figure.
    pub extensions: u64,
    /// Extensions without one.
    pub unmeasured: u64,
    /// Half of them stay within.
    pub p50: u64,
    /// Nineteen of twenty stay within.
    pub p95: u64,
    /// Ninety-nine of a hundred stay within.
    pub p99: u64,
    /// All of them stay within.
    pub most: u64,
    /// Those that do not fit the limit before.
    pub over_before: u64,
    /// Those that do not fit the limit after.
    pub over_after: u64,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookedAt {
    /// Published extensions.
    pub extensions: u64,
    /// Submissions that wait.
    pub submissions: u64,
    /// Decisions of the last 90 days.
    pub decisions: u64,
    /// Accounts.
    pub accounts: u64,
    /// Servers with an override of their own.
    pub overrides: u64,
    /// Installations.
    pub installations: Option<u64>,
}

/// The sums that a change is confirmed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Extensions that something is taken from, each counted once.
    pub extensions_hit: u64,
    /// Waiting submissions that can no longer be approved, each counted once.
    pub submissions_hit: u64,
    /// Second approvals that waiting submissions need and did not.
    pub reviews_created: u64,
    /// Waiting submissions that are overdue at once.
    pub sla_missed: u64,
    /// Servers hit, where that is known.
    pub servers_hit: Option<u64>,
}

/// Which plan is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyPlan {
    /// The plan's id.
    pub plan: String,
}

/// Which revision is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevertPolicy {
    /// The revision to go back to.
    pub revision: i64,
    /// Why.
    pub reason: String,
}

/// What was put in force, and what that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyApplied {
    /// The new revision.
    pub revision: PolicyRevision,
    /// What it changed.
    pub impact: Impact,
}

/// One field explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The field.
    pub field: String,
    /// What it decides, with its unit.
    pub about: String,
    /// Which way is stricter.
    pub stricter: String,
    /// What it is.
    pub value: String,
    /// Where that comes from.
    pub from: LayerSaid,
    /// The lock on it, where there is one.
    pub lock: Option<LayerSaid>,
    /// What each layer says, from the lowest to the highest.
    pub said: Vec<LayerSaid>,
}

/// What one layer says of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerSaid {
    /// `defaults`, `global`, `server` or `exception`.
    pub layer: String,
    /// What it sets.
    pub value: String,
    /// The revision that set it; none for the built-in defaults.
    pub revision: Option<i64>,
    /// The name of who set it.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Until when, for an exception.
    pub until: Option<String>,
}

/// What a server is to override from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServerPolicy {
    /// All that it overrides; an empty object for nothing.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// Why.
    pub reason: String,
}

/// What was put in force on a server, and what that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerPolicyApplied {
    /// What the server overrides now, and what is in force there.
    pub policy: ServerPolicy,
    /// What it changed.
    pub impact: Impact,
}

/// What a server overrides, and what is in force there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerPolicy {
    /// The server.
    pub server_id: String,
    /// The revision of what it overrides; 0 where it never did.
    pub number: i64,
    /// What it overrides, as it was written.
    #[schema(value_type = Object)]
    pub layer: serde_json::Value,
    /// What is in force on it, every field present.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// Why it was changed last.
    pub reason: Option<String>,
    /// The name of who changed it last.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Every field: what it is there, and which layer that comes from.
    pub fields: Vec<FieldOnServer>,
}

/// One field of the policy on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldOnServer {
    /// The field, such as `scopes.webhooks`.
    pub field: String,
    /// What it is.
    pub value: String,
    /// `defaults`, `global`, `server` or `exception`.
    pub layer: String,
    /// The revision of that layer that set it; none for the built-in defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The name of who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Until when, for an exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// `server` where servers may override it, `tighten` where they may only make it stricter, `marketplace` where not.
    pub reach: String,
    /// Whether it is locked: a server may only make it stricter.
    pub locked: bool,
}
