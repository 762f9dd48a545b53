//! Installations on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An extension on a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Installation {
    /// Its id.
    pub id: String,
    /// The server.
    pub server_id: String,
    /// The server's id on the chat platform.
    pub guild: String,
    /// The extension.
    pub extension_id: String,
    /// The extension's slug.
    pub slug: String,
    /// `installing`, `active`, `disabled`, `failed` or `removing`.
    pub state: String,
    /// Why it does not run, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The stable word of that reason, where an attempt came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// The version that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What was granted to it.
    pub granted: Vec<String>,
    /// Whether hosts have to stop it, since that version is blocked.
    pub blocked: bool,
    /// What is being brought to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// The version that it can go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// `automatic`, `manual` or `pinned`.
    pub follow: String,
    /// What the channel points at, where another version is there: `now`, `canary`, `tenth`, `all` or `paused` says when
    /// it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Update>,
    /// When it is freed, where it is being removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed_at: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it changed last.
    pub updated_at: String,
    /// The installation that was asked for, where several came with one request: they stand or fall together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Counts the changes; the `ETag`.
    pub revision: i64,
}

/// What is being brought to an installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its number, which the instance names when it acknowledges.
    pub number: u64,
    /// The version.
    pub version: String,
    /// `install`, `update`, `recall` or `rollback`.
    pub why: String,
    /// The stage that it is in.
    pub stage: String,
    /// What the instance has to do: `prepare` or `initialise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The SHA-256 of the code to fetch, where the instance has an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What is granted to it, once that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<String>>,
    /// When it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What the channel points at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Update {
    /// The version.
    pub version: String,
    /// `now`; the ring that it waits for; or `paused`.
    pub when: String,
}

/// An installation with what happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationDetail {
    /// The installation.
    pub installation: Installation,
    /// The newest stages of its attempts, newest first.
    pub steps: Vec<InstallationStep>,
}

/// One stage that an attempt reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationStep {
    /// The attempt.
    pub attempt: u64,
    /// The version.
    pub version: String,
    /// What for.
    pub why: String,
    /// The stage, or `done` or `refused`.
    pub stage: String,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When.
    pub at: String,
}

/// The installations of a server, or of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Installations {
    /// By slug.
    pub items: Vec<Installation>,
}

/// What is installed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewInstallation {
    /// The extension's id or slug.
    pub extension: String,
    /// The version; what the channel points at where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The scopes that the server's owner grants; the owner is asked later where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Vec<String>>,
    /// `automatic` (where absent), `manual` or `pinned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<String>,
    /// What it needs and is to come along, by slug: all that `GET /servers/{id}/offers/{extid}` offers beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub along: BTreeMap<String, ConsentAlong>,
}

/// The consent to one extension that comes along.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsentAlong {
    /// The version that was offered.
    pub number: String,
    /// The scopes that the server's owner grants; the owner is asked later where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Vec<String>>,
}

/// What installing an extension brings to a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationOffer {
    /// Everything that it needs and is not there, each after what that needs itself; and last the extension.
    pub items: Vec<OfferedExtension>,
}

/// One extension of an offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OfferedExtension {
    /// The extension.
    pub extension_id: String,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The slugs of what needs it; nothing for the extension that was asked for.
    pub needed_by: Vec<String>,
    /// What it asks for, most dangerous first.
    pub scopes: Vec<AskedScope>,
}

/// A change of an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationPatch {
    /// `automatic`, `manual` or `pinned`.
    pub follow: String,
}

/// Another version for an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationUpdate {
    /// The version; what the channel points at where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// What waits for a server's owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consents {
    /// By slug.
    pub items: Vec<ConsentAsked>,
}

/// A version that waits for consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsentAsked {
    /// The installation.
    pub installation_id: String,
    /// The extension's slug.
    pub slug: String,
    /// The version that runs meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// The version that asks.
    pub version: String,
    /// What it asks for, most dangerous first.
    pub scopes: Vec<AskedScope>,
    /// When the request lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The installation's revision.
    pub revision: i64,
}

/// One scope that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AskedScope {
    /// Its name.
    pub scope: String,
    /// 1 (harmless) to 10.
    pub risk: u8,
    /// What granting it means.
    pub description: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether the version that runs has it.
    pub granted: bool,
}

/// What a server's owner answers: `grant` or `decline`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// The scopes that are granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Vec<String>>,
    /// Why the version is declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline: Option<String>,
}

/// Scopes that are taken back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    /// Their names.
    pub scopes: Vec<String>,
}

/// What an instance did for an attempt, or why it could not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Acknowledgement {
    /// The attempt that the order was for.
    pub attempt: u64,
    /// `sandbox_prep` or `state_init`.
    pub stage: String,
    /// Whether it was done.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Config {
    /// Counts the changes; 0 before the first.
    pub revision: i64,
    /// The document.
    pub document: serde_json::Value,
    /// The version whose schema judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The JSON Schema that judges the next one: that of the version that runs, or that is coming where none runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<serde_json::Value>,
}

/// Feature flags of a version on one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flags {
    /// By name.
    pub items: Vec<Flag>,
}

/// One feature flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// Whether it is on for this server.
    pub on: bool,
    /// Where that comes from: `manifest`, `version` or `server`.
    pub source: String,
}

/// Flags set for one server; all others follow the version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlagOverrides {
    /// On or off by name.
    pub flags: BTreeMap<String, bool>,
}

/// Flags set for a version; all others follow its manifest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionFlags {
    /// `true`, `false`, or a percentage of the servers, by name.
    pub flags: BTreeMap<String, serde_json::Value>,
}

/// The feature flags of a version, before any server is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlagSettings {
    /// By name.
    pub items: Vec<FlagSetting>,
}

/// One feature flag of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlagSetting {
    /// Its name.
    pub name: String,
    /// What the manifest says: `true`, `false`, or a percentage of the servers.
    pub default: serde_json::Value,
    /// What was set for the version instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<serde_json::Value>,
    /// Servers with this version that have it switched on for themselves.
    pub servers_on: u64,
    /// Servers with this version that have it switched off for themselves.
    pub servers_off: u64,
}

/// One server that has an extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstalledOn {
    /// The server's name.
    pub server: String,
    /// The server's subscription tier.
    pub tier: String,
    /// The name of the instance that serves it.
    pub instance: String,
    /// The ring that brings updates to it: `canary`, `tenth` or `all`.
    pub ring: String,
    /// The installation.
    pub installation: Installation,
}

/// What a removal frees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// The installation.
    pub installation_id: String,
    /// When it is freed; now where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed_at: Option<String>,
    /// Configurations.
    pub configs: u64,
    /// Secrets.
    pub secrets: u64,
    /// Flags set for the server.
    pub flags: u64,
    /// Recorded stages.
    pub steps: u64,
}

/// How an update is being brought to the servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rollout {
    /// The extension.
    pub extension_id: String,
    /// The channel's revision.
    pub channel_revision: i64,
    /// `canary`, `tenth` or `all`, as it is now.
    pub ring: String,
    /// Why it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// Since when it has its ring.
    pub since: String,
    /// Where the installations stand: how many in each state with each version.
    pub standing: Vec<Standing>,
    /// Counts the changes; the `ETag`.
    pub revision: i64,
}

/// How many installations stand alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// The state.
    pub state: String,
    /// The id of the version that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// How many.
    pub count: i64,
}

/// A change of a rollout; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RolloutPatch {
    /// The ring that it is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// Why it is to stand still; an empty text lets it go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
}

/// What an installation used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Since when.
    pub since: String,
    /// Runs.
    pub calls: i64,
    /// Runs that failed.
    pub errors: i64,
    /// Fuel of all runs.
    pub fuel: i64,
    /// Fuel of the run that used most.
    pub fuel_peak: i64,
    /// Bytes of memory of the run that used most.
    pub memory_bytes_peak: i64,
    /// Time of all runs, in milliseconds.
    pub run_ms: i64,
    /// Calls of host functions by scope.
    pub host_calls: BTreeMap<String, i64>,
}

/// The secrets of an installation, without what they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Secrets {
    /// By name.
    pub items: Vec<Secret>,
}

/// One secret, without what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Where it may be sent to.
    pub origins: Vec<String>,
    /// When it was set.
    pub at: String,
}

/// A secret to be set.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewSecret {
    /// What it is; never shown again.
    pub value: String,
    /// Where it may be sent to, such as `https://api.example.com`.
    pub origins: Vec<String>,
}

/// A secret as the instance gets it that runs the extension.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecretTaken {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Where it may be sent to, and nowhere else.
    pub origins: Vec<String>,
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret").field("origins", &self.origins).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SecretTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretTaken").field("name", &self.name).finish_non_exhaustive()
    }
}
