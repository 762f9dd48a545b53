//! Everything about one package in one go: inspected, compiled once, each handler run once, every rule asked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::verdict::{Verdict, scan, verdict};
use super::{Context, Subject};
use crate::domain::finding::CheckRecord;
use crate::domain::json::Json;
use crate::domain::kind::Kind;
use crate::domain::limits::{ModuleLimits, RunLimits};
use crate::domain::manifest::{FlagDefault, Manifest, Runtime};
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::sandbox::{self, Compiled, Event, Inspection, Problem, Report, RunRequest, Settings, SimulatedWorld};

/// What came of examining one package.
#[derive(Clone, Debug)]
pub struct Examination {
    /// What the module's bytes say; empty for JavaScript.
    pub inspection: Inspection,
    /// Each rule's run, in the order of the table.
    pub records: Vec<CheckRecord>,
    /// The dry runs, one a handler; where the module cannot be compiled, the first stands for all.
    pub reports: Vec<(Kind, Report)>,
    /// Whether it passes.
    pub verdict: Verdict,
}

impl Examination {
    /// The scopes that dry runs used with success.
    pub fn exercised(&self) -> ScopeSet {
        self.reports.iter().fold(ScopeSet::EMPTY, |all, (_, report)| all.or(report.result.scopes.exercised))
    }

    /// The scopes that the code's imports can reach.
    pub const fn reachable(&self) -> ScopeSet {
        self.inspection.reachable
    }
}

/// Examines a package: CPU work of up to some seconds for each handler, never a panic.
pub fn examine(package: &Package, context: &Context<'_>, now: &dyn Fn() -> Timestamp) -> Examination {
    let began = now();
    let (inspection, problems, reports) = match package.manifest.runtime {
        Runtime::Wasm => look(package, context.policy),
        Runtime::Javascript => (Inspection::default(), Vec::new(), Vec::new()),
    };
    let ran = now();
    let subject = Subject { package, inspection: &inspection, problems: &problems, reports: &reports, context };
    let mut records = scan(&subject, now);
    if let Some(record) = records.iter_mut().find(|record| record.rule == "dry_run") {
        (record.started_ms, record.ended_ms) = (began.as_ms(), ran.as_ms());
    }
    let verdict = verdict(&records, context);
    Examination { inspection, records, reports, verdict }
}

/// A believable event for one kind of a manifest: its own command, keyword or gateway event.
pub fn dry_run_event(manifest: &Manifest, kind: Kind) -> Event {
    let name = match kind {
        Kind::Command | Kind::Slash => manifest.key.as_deref(),
        Kind::Keyword => manifest.keywords.first().map(String::as_str),
        Kind::Event => manifest.event.as_deref(),
        Kind::Timer => None,
    };
    Event::template(kind, name)
}

/// The conditions of a dry run: everything declared is granted, the caps of the policy's tier for dry runs and the manifest's own, flags and
/// configuration as they stand where nobody has set them.
pub fn dry_run_settings(manifest: &Manifest, policy: &Policy) -> Settings {
    let caps = policy.dry_run_limits();
    let is_on = |default: &FlagDefault| match default {
        FlagDefault::Switch(on) => *on,
        FlagDefault::Percentage(percentage) => *percentage > 0,
    };
    let flags: BTreeMap<String, bool> = manifest.flags.iter().map(|(name, flag)| (name.clone(), is_on(flag))).collect();
    Settings {
        limits: RunLimits { timeout_ms: manifest.timeout_ms.min(caps.timeout_ms), ..caps },
        config: default_config(manifest.config_schema.as_ref()),
        flags,
        tier: policy.runs.tier.clone(),
        tiers: policy.limits_by_tier(),
        ..Settings::granting(manifest.scopes)
    }
}

fn look(package: &Package, policy: &Policy) -> (Inspection, Vec<Problem>, Vec<(Kind, Report)>) {
    let (manifest, code) = (&package.manifest, package.code.bytes.as_slice());
    let settings = dry_run_settings(manifest, policy);
    let runs = policy.bits("dry_run").enabled;
    match sandbox::compile_for_depth(code, &ModuleLimits::ceiling(), settings.limits.call_depth_max) {
        Ok(module) => {
            let kinds = manifest.kinds.iter().filter(|_| runs);
            let reports = kinds.map(|kind| (*kind, run_one(&module, manifest, *kind, &settings))).collect();
            (module.inspection().clone(), Vec::new(), reports)
        }
        Err(refused) => {
            let first = manifest.kinds.first().filter(|_| runs);
            let report = |kind: &Kind| sandbox::dry_run(code, &dry_run_event(manifest, *kind), &settings, None);
            let reports = first.map(|kind| (*kind, report(kind))).into_iter().collect();
            (sandbox::inspect(code, &ModuleLimits::ceiling()), refused.problems, reports)
        }
    }
}

/// Each handler meets the same untouched world.
fn run_one(module: &Compiled, manifest: &Manifest, kind: Kind, settings: &Settings) -> Report {
    let event = dry_run_event(manifest, kind);
    let mut world = SimulatedWorld::built_in();
    sandbox::run(&RunRequest { module, event: &event, settings }, &mut world)
}

/// The configuration that a schema suggests: of each property its default, else its first example, else the first value
/// it may have.
fn default_config(schema: Option<&Json>) -> Value {
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object).unwrap_or_default();
    let first = |property: &Json, key: &str| property.get(key)?.as_array()?.first().cloned();
    let value = |property: &Json| {
        let suggested = property.get("default").cloned();
        let suggested = suggested.or_else(|| first(property, "examples")).or_else(|| first(property, "enum"))?;
        serde_json::from_str::<Value>(&suggested.to_compact()).ok()
    };
    let fields: Map<String, Value> =
        properties.iter().filter_map(|(name, property)| Some((name.clone(), value(property)?))).collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_suggests_a_configuration() {
        let schema = Json::parse(
            br#"{"properties":{"a":{"default":1.5},"b":{"examples":["x","y"]},"c":{"enum":[true]},"d":{"type":"string"}}}"#,
        )
        .unwrap();
        let expected: Value = serde_json::from_str(r#"{"a":1.5,"b":"x","c":true}"#).unwrap();
        assert_eq!(default_config(Some(&schema)), expected);
        assert_eq!(default_config(None), Value::Object(Map::new()));
    }
}
