//! What a run returns: a deterministic result, and beside it what was measured on this machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::Event;
use super::inspection::Problem;
use super::record::{Action, Dropped, LogLine, TraceEntry};
use super::run::Settings;
use super::storage::Storage;
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::limits::RunLimits;
use crate::domain::scope::ScopeSet;

/// All about one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The same for the same inputs, byte for byte, on every machine.
    pub result: RunResult,
    /// What differs from run to run.
    pub measured: Measured,
}

/// The deterministic part: what went in, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// The engine and the guest ABI.
    pub engine: EngineName,
    /// The code that ran.
    pub module: CodeDigests,
    /// What it was given.
    pub event: Event,
    /// How it ended.
    pub outcome: Outcome,
    /// False where the wall clock decided: the same run may end elsewhere on another machine.
    pub reproducible: bool,
    /// Fuel used, host functions included.
    pub fuel: u64,
    /// Most bytes of memories and tables at once.
    pub memory_bytes_peak: u64,
    /// Calls of host functions; log lines are not counted.
    pub host_calls: u32,
    /// The scopes, side by side.
    pub scopes: ScopesSeen,
    /// The calls, in order.
    pub trace: Vec<TraceEntry>,
    /// What it changed, in order.
    pub actions: Vec<Action>,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// What soft caps turned away.
    pub dropped: Dropped,
    /// What it kept.
    pub storage: StorageChange,
    /// The tiers whose fuel and memory it fits; none unless it finished.
    pub tiers: Vec<String>,
    /// The caps it ran under.
    pub limits: RunLimits,
    /// The configuration it was given.
    pub config: Value,
    /// The flags it was given.
    pub flags: BTreeMap<String, bool>,
    /// The server's tier it was told.
    pub tier: String,
    /// The seed of its random numbers.
    pub seed: u64,
    /// The world it began in.
    pub world: Sha256Digest,
}

/// The engine that fuel was counted by: figures of different versions do not compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineName {
    /// `wasmi`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The guest ABI.
    pub abi: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The handler returned.
    Finished {
        /// Its code: 0 done, positive an error of its own.
        code: i32,
    },
    /// All fuel was used.
    OutOfFuel,
    /// The wall clock ran out.
    TimedOut,
    /// It was denied memory, and then trapped.
    OutOfMemory,
    /// Another ending cap was hit.
    LimitExceeded {
        /// `call_depth` or `host_calls`.
        limit: String,
    },
    /// The engine stopped it.
    Trapped {
        /// Why, in the engine's words.
        trap: String,
    },
    /// It was not run at all.
    Refused {
        /// Every reason.
        why: Vec<Problem>,
    },
    /// It gave up.
    Aborted {
        /// What it said.
        message: String,
    },
}

/// Scopes as declared, granted, reachable by the imports, and used with success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopesSeen {
    /// By the manifest.
    pub declared: ScopeSet,
    /// By the server's owner.
    pub granted: ScopeSet,
    /// By the code's imports.
    pub reachable: ScopeSet,
    /// By this run.
    pub exercised: ScopeSet,
}

/// Storage before and after. A run that did not finish leaves it as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageChange {
    /// When it began.
    pub before: Storage,
    /// When it ended.
    pub after: Storage,
}

/// What differs from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Wall clock of the run in microseconds, compiling not included.
    pub wall_us: u64,
    /// System, architecture and cores.
    pub machine: String,
    /// The tiers whose time it fits; none unless it finished.
    pub tiers: Vec<String>,
}

impl Report {
    /// The digest of the result's JSON: equal digests are equal runs.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.result.to_json())
    }
}

impl RunResult {
    /// The result as compact JSON, in the order of its fields.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Outcome {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Outcome::Finished { .. } => "finished",
            Outcome::OutOfFuel => "out_of_fuel",
            Outcome::TimedOut => "timed_out",
            Outcome::OutOfMemory => "out_of_memory",
            Outcome::LimitExceeded { .. } => "limit_exceeded",
            Outcome::Trapped { .. } => "trapped",
            Outcome::Refused { .. } => "refused",
            Outcome::Aborted { .. } => "aborted",
        }
    }

    /// Whether the handler returned, with whatever code.
    pub const fn is_finished(&self) -> bool {
        matches!(self, Outcome::Finished { .. })
    }

    /// One sentence for a person.
    pub fn sentence(&self) -> String {
        match self {
            Outcome::Finished { code: 0 } => "finished".to_owned(),
            Outcome::Finished { code: code @ 1.. } => format!("finished with its own error code {code}"),
            Outcome::Finished { code } => format!("finished with code {code} (a handler's own are 0 and above)"),
            Outcome::OutOfFuel => "ran out of fuel: it does more work than its tier allows, or never ends".to_owned(),
            Outcome::TimedOut => "timed out: it took longer than its timeout".to_owned(),
            Outcome::OutOfMemory => "ran out of memory: it was denied more and then trapped".to_owned(),
            Outcome::LimitExceeded { limit } => format!("went over the cap on {}", limit.replace('_', " ")),
            Outcome::Trapped { trap } => format!("trapped: {trap}"),
            Outcome::Refused { why } => {
                let reasons: Vec<&str> = why.iter().map(|problem| problem.text.as_str()).collect();
                format!("refused before it ran: {}", reasons.join("; "))
            }
            Outcome::Aborted { message } => format!("gave up: {message}"),
        }
    }
}

/// The tiers, smallest first, that `fits` holds for.
pub(super) fn tiers(settings: &Settings, fits: impl Fn(&RunLimits) -> bool) -> Vec<String> {
    settings.tiers.iter().filter(|(_, limits)| fits(limits)).map(|(name, _)| name.clone()).collect()
}
