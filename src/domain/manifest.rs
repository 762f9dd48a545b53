//! The manifest: what `extension.version` of a package says about one version, validated.

mod kinds;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use semver::VersionReq;
use serde::{Deserialize, Serialize};

use super::digest::{Md5Digest, Sha256Digest};
use super::extension::Slug;
use super::json::Json;
use super::kind::Kind;
use super::scope::ScopeSet;
use super::text::quoted;
use super::version::VersionNumber;

pub(in crate::domain) use read::{Given, read};

/// Milliseconds between two runs of a timer.
pub const INTERVAL_MS: RangeInclusive<u64> = 300_000..=86_400_000;
/// Milliseconds a run may take.
pub const TIMEOUT_MS: RangeInclusive<u64> = 100..=10_000;
/// Milliseconds a run may take where the manifest says nothing.
pub const TIMEOUT_MS_DEFAULT: u64 = 5_000;
/// Characters of the key of a command.
pub const KEY_CHARS: RangeInclusive<usize> = 1..=32;
/// Keywords of one version.
pub const KEYWORDS_MAX: usize = 50;
/// Characters of one keyword.
pub const KEYWORD_CHARS: RangeInclusive<usize> = 1..=100;
/// Characters of an event's name.
pub const EVENT_CHARS: RangeInclusive<usize> = 1..=64;
/// Characters of a help text.
pub const HELP_CHARS: RangeInclusive<usize> = 1..=4_000;
/// Characters of a slash command's or an option's description.
pub const SLASH_DESCRIPTION_CHARS: RangeInclusive<usize> = 1..=100;
/// Options of a slash command.
pub const SLASH_OPTIONS_MAX: usize = 25;
/// Feature flags of one version.
pub const FLAGS_MAX: usize = 32;
/// Extensions that one version may require.
pub const REQUIRED_EXTENSIONS_MAX: usize = 20;
/// Bytes of a configuration schema, written without spaces.
pub const CONFIG_SCHEMA_BYTES_MAX: usize = 64 << 10;

/// What one version says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The version number.
    pub number: VersionNumber,
    /// What starts it: at least one kind, each once, in the order of the specification.
    pub kinds: Vec<Kind>,
    /// The word that calls the command, and the name of the slash command.
    pub key: Option<String>,
    /// The words that call it.
    pub keywords: Vec<String>,
    /// Whether key and keywords are matched by case.
    pub case_sensitive: bool,
    /// Milliseconds between two runs of its timer.
    pub interval_ms: Option<u64>,
    /// The gateway event that calls it.
    pub event: Option<String>,
    /// How it is called, in one line or a few.
    pub usage_help: Option<String>,
    /// All else about its use.
    pub extended_help: Option<String>,
    /// The description of its slash command.
    pub slash_description: Option<String>,
    /// The options of its slash command.
    pub slash_options: Vec<SlashOption>,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// Those of them that it can do without.
    pub optional_scopes: ScopeSet,
    /// Milliseconds one run may take.
    pub timeout_ms: u64,
    /// How far into the network it may reach.
    pub network_capability: NetworkCapability,
    /// What its code is.
    pub runtime: Runtime,
    /// The file or function that starts it, where its runtime needs one.
    pub entry: Option<String>,
    /// What must be there for it to run.
    pub requires: Requires,
    /// The JSON Schema of its configuration; an object.
    pub config_schema: Option<Json>,
    /// The version of what it keeps in storage.
    pub storage_version: u32,
    /// Its feature flags and their defaults.
    pub flags: BTreeMap<String, FlagDefault>,
    /// The MD5 it claims for its code.
    pub md5: Option<Md5Digest>,
    /// The SHA-256 it claims for its code.
    pub sha256: Option<Sha256Digest>,
    /// Fields that this program does not know, in order and text.
    #[serde(skip)]
    pub unknown: Vec<(String, Json)>,
}

/// One option of a slash command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlashOption {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// The option as it was written.
    pub document: Json,
}

/// What must be there for a version to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requires {
    /// The versions of the host API that it runs on; any where it says nothing.
    pub host: VersionReq,
    /// The extensions it needs beside it.
    pub extensions: BTreeMap<Slug, VersionReq>,
}

/// How a feature flag stands where nobody has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagDefault {
    /// On or off.
    Switch(bool),
    /// On for this many servers in a hundred, 0 to 100.
    Percentage(u8),
}

/// What a version's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// A WebAssembly module.
    Wasm,
    /// JavaScript, as older marketplaces had it; kept and shown, never run.
    Javascript,
}

/// How far into the network a version may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkCapability {
    /// Not at all.
    #[default]
    None,
    /// Hosts on the policy's list.
    AllowlistOnly,
    /// Any public host.
    Network,
    /// Any public host, with methods and headers of its own choice.
    NetworkAdvanced,
}

/// The text names nothing of its list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is none of: {}", quoted(.given), .names.join(", "))]
pub struct NotNamed {
    /// What was given, cut at 64 characters.
    pub given: String,
    /// The list.
    pub names: &'static [&'static str],
}

/// The version of the package format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageVersion {
    /// One kind, as a string.
    V1_0,
    /// One kind or several, as an array.
    V1_1,
}

macro_rules! named {
    ($($type:ident { $($variant:ident $name:literal),* })*) => {$(
        impl $type {
            /// Every one, in order.
            pub const ALL: &[$type] = &[$($type::$variant),*];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }
        }

        impl FromStr for $type {
            type Err = NotNamed;

            fn from_str(text: &str) -> Result<$type, NotNamed> {
                let refused = || NotNamed { given: text.chars().take(64).collect(), names: &[$($name),*] };
                $type::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(refused)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    )*};
}

named! {
    Runtime { Wasm "wasm", Javascript "javascript" }
    NetworkCapability { None "none", AllowlistOnly "allowlist_only", Network "network", NetworkAdvanced "network_advanced" }
    PackageVersion { V1_0 "1.0", V1_1 "1.1" }
}

impl Manifest {
    /// Whether it handles `kind`.
    pub fn handles(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The scopes that must be granted.
    pub fn mandatory_scopes(&self) -> ScopeSet {
        self.scopes.minus(self.optional_scopes)
    }
}
