//! One dry run on behalf of a request.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::pool::{NotRun, run_long};
use crate::api::runs::RunReport;
use crate::domain::kind::Kind;
use crate::domain::manifest::Manifest;
use crate::domain::policy::Policy;
use crate::domain::scope::ScopeSet;
use crate::sandbox::{self, Event};
use crate::scan;
use crate::server::problem::Problem;

/// What is to be run, and how.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The module.
    pub code: Vec<u8>,
    /// The manifest it belongs to.
    pub manifest: Manifest,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Which handler.
    pub kind: Kind,
    /// The event: a whole one, or its fields; the kind's template where absent.
    pub event: Option<Value>,
    /// The scopes to grant, of those that are declared; all of them where absent.
    pub granted: Option<ScopeSet>,
    /// The seed of the run's random numbers.
    pub seed: u64,
}

/// Runs a handler once in the built-in world; whatever the module does is in the report.
///
/// # Errors
/// 422 where the event is none or is for another kind, 503 where too many runs wait.
pub async fn dry_run(run: DryRun) -> Result<RunReport, Problem> {
    let event = event(&run)?;
    let kind = run.kind;
    let report = run_long(move || {
        let mut settings = scan::dry_run_settings(&run.manifest, &run.policy);
        settings.seed = run.seed;
        if let Some(granted) = run.granted {
            settings.grant.granted = granted.and(settings.grant.declared);
        }
        serde_json::to_value(sandbox::dry_run(&run.code, &event, &settings, None))
    })
    .await?;
    let report = report.map_err(|error| Problem::internal(format!("a report is no JSON: {error}")))?;
    Ok(RunReport { kind: kind.name().to_owned(), report })
}

fn event(run: &DryRun) -> Result<Event, Problem> {
    let Some(given) = &run.event else { return Ok(scan::dry_run_event(&run.manifest, run.kind)) };
    let event = Event::from_json(&given.to_string(), run.kind)
        .map_err(|error| Problem::invalid("/event", error.to_string()))?;
    if event.kind != run.kind {
        let detail = format!("the event is for the kind {}, the run for {}; make them the same", event.kind, run.kind);
        return Err(Problem::invalid("/event/kind", detail));
    }
    Ok(event)
}

impl From<NotRun> for Problem {
    fn from(not_run: NotRun) -> Problem {
        match not_run {
            NotRun::Overloaded => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", not_run.to_string()).retry_after(2)
            }
            NotRun::Failed(text) => Problem::internal(text),
        }
    }
}
