//! One run of one extension: instantiate, initialise, call the handler in slices, ask the world, report.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::{Map, Value};

use super::abi;
use super::compile::{Compiled, compile_for_depth};
use super::driver::{Clock, Ended, drive_run};
use super::event::Event;
use super::inspection::{Inspection, Problem};
use super::record::Record;
use super::report::{EngineName, Measured, Outcome, Report, RunResult, ScopesSeen, StorageChange, tiers};
use super::simulated::SimulatedWorld;
use super::storage::Storage;
use super::world::World;
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::limits::{ModuleLimits, RunLimits};
use crate::domain::policy::Policy;
use crate::domain::scope::ScopeSet;

/// The engine: fuel of different versions does not compare.
pub const ENGINE_NAME: &str = "wasmi";
/// The engine's version, as `Cargo.lock` pins it.
pub const ENGINE_VERSION: &str = "2.0.0";

/// The scopes of a run: what the manifest declares and what the server's owner granted of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// By the manifest; an import of another scope refuses the run.
    pub declared: ScopeSet,
    /// By the server's owner; a declared scope that is not granted answers −1.
    pub granted: ScopeSet,
}

/// Everything but module, event and world that decides what a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its scopes.
    pub grant: Grant,
    /// Its caps.
    pub limits: RunLimits,
    /// The configuration that the server gave it.
    pub config: Value,
    /// Its feature flags.
    pub flags: BTreeMap<String, bool>,
    /// The server's subscription tier.
    pub tier: String,
    /// The caps of every tier, the smallest first: what a report says the run fits.
    pub tiers: Vec<(String, RunLimits)>,
    /// Where its random numbers start.
    pub seed: u64,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct RunRequest<'a> {
    /// The code.
    pub module: &'a Compiled,
    /// What happened.
    pub event: &'a Event,
    /// Under what conditions.
    pub settings: &'a Settings,
}

impl Settings {
    /// A dry run's: all declared scopes granted, the caps and tier of `pro`, no configuration, seed 0.
    pub fn granting(declared: ScopeSet) -> Settings {
        Settings {
            grant: Grant { declared, granted: declared },
            limits: RunLimits::pro(),
            config: Value::Object(Map::new()),
            flags: BTreeMap::new(),
            tier: "pro".to_owned(),
            tiers: Policy::default().limits_by_tier(),
            seed: 0,
        }
    }
}

/// Runs an extension's handler for one event. Never fails and never panics: everything that can happen is an outcome.
///
/// The wall clock starts here: compiling is not part of a run. A run that does not finish leaves storage as it was; what
/// it did to the world before stays done.
pub fn run(request: &RunRequest<'_>, world: &mut dyn World) -> Report {
    let clock = Clock::starting_now(request.settings.limits.timeout_ms);
    let (module, settings) = (request.module, request.settings);
    let inspection = module.inspection();
    let before = Before { world: world.digest(), storage: world.storage() };
    let problems = inspection.refusals(settings.grant.declared, &[request.event.kind], &settings.limits);
    let ended = if problems.is_empty() {
        let driven = catch_unwind(AssertUnwindSafe(|| drive_run(request, before.storage.clone(), clock, world)));
        driven.unwrap_or_else(|_| {
            Ended::without_running(Outcome::Trapped { trap: "the engine failed; please report this module".to_owned() })
        })
    } else {
        Ended::without_running(Outcome::Refused { why: problems })
    };
    if ended.outcome.is_finished() && ended.storage != before.storage {
        world.keep(&ended.storage);
    }
    let mut limits = settings.limits.clone();
    limits.call_depth_max = module.call_depth_max();
    report(request.event, settings, limits, &Code { digests: module.digests(), inspection }, before, ended, clock)
}

/// Compiles and runs in one go, against the world that is given or the built-in one; a module that cannot run is an
/// outcome like any other.
pub fn dry_run(code: &[u8], event: &Event, settings: &Settings, world: Option<&mut dyn World>) -> Report {
    let mut built_in = SimulatedWorld::built_in();
    let world = world.unwrap_or(&mut built_in);
    match compile_for_depth(code, &ModuleLimits::ceiling(), settings.limits.call_depth_max) {
        Ok(module) => run(&RunRequest { module: &module, event, settings }, world),
        Err(refused) => {
            let inspection = super::inspect(code, &ModuleLimits::ceiling());
            let mut why = inspection.refusals(settings.grant.declared, &[], &settings.limits);
            let missing = |problem: &Problem| !why.contains(problem);
            let more: Vec<Problem> = refused.problems.into_iter().filter(missing).collect();
            why.extend(more);
            refuse_unrun(code, event, settings, &inspection, why, world)
        }
    }
}

fn refuse_unrun(
    code: &[u8],
    event: &Event,
    settings: &Settings,
    inspection: &Inspection,
    why: Vec<Problem>,
    world: &dyn World,
) -> Report {
    let before = Before { world: world.digest(), storage: world.storage() };
    let ended = Ended::without_running(Outcome::Refused { why });
    let code = Code { digests: CodeDigests::of(code), inspection };
    report(event, settings, settings.limits.clone(), &code, before, ended, Clock::starting_now(0))
}

/// What the world was when the run began.
struct Before {
    world: Sha256Digest,
    storage: Storage,
}

/// The code as a report names it.
struct Code<'a> {
    digests: CodeDigests,
    inspection: &'a Inspection,
}

fn report(
    event: &Event,
    settings: &Settings,
    limits: RunLimits,
    code: &Code<'_>,
    before: Before,
    ended: Ended,
    clock: Clock,
) -> Report {
    let Ended { outcome, fuel, memory_bytes_peak, record, storage } = ended;
    let Record { host_calls, exercised, trace, actions, logs, dropped, .. } = record;
    let finished = outcome.is_finished();
    let wall_us = clock.elapsed_us();
    let fits = |tier: &RunLimits| finished && fuel <= tier.fuel_max && memory_bytes_peak <= tier.memory_bytes_max;
    let measured = Measured {
        wall_us,
        machine: machine().to_owned(),
        tiers: tiers(settings, |tier| finished && wall_us <= tier.timeout_ms.saturating_mul(1_000)),
    };
    let result = RunResult {
        engine: EngineName {
            name: ENGINE_NAME.to_owned(),
            version: ENGINE_VERSION.to_owned(),
            abi: abi::choose(code.inspection).name().to_owned(),
        },
        module: code.digests,
        event: event.clone(),
        reproducible: outcome != Outcome::TimedOut,
        outcome,
        fuel,
        memory_bytes_peak,
        host_calls,
        scopes: ScopesSeen {
            declared: settings.grant.declared,
            granted: settings.grant.granted.and(settings.grant.declared),
            reachable: code.inspection.reachable,
            exercised,
        },
        trace,
        actions,
        logs,
        dropped,
        storage: StorageChange {
            after: if finished { storage } else { before.storage.clone() },
            before: before.storage,
        },
        tiers: tiers(settings, fits),
        limits,
        config: settings.config.clone(),
        flags: settings.flags.clone(),
        tier: settings.tier.clone(),
        seed: settings.seed,
        world: before.world,
    };
    Report { result, measured }
}

/// System, architecture and cores; asked for once.
fn machine() -> &'static str {
    static MACHINE: OnceLock<String> = OnceLock::new();
    MACHINE.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)
    })
}

impl Clock {
    /// A run that may take `timeout_ms` from now on.
    pub(super) fn starting_now(timeout_ms: u64) -> Clock {
        Clock { started: Instant::now(), timeout_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_version_is_the_locked_one() {
        let lock = include_str!("../../Cargo.lock").replace('\r', "");
        assert!(lock.contains(&format!("name = \"{ENGINE_NAME}\"\nversion = \"{ENGINE_VERSION}\"\n")));
    }
}
