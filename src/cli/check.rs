//! `skydeck check`: the verdict that a marketplace would give a package, without one.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{self, Form};
use super::{Exit, Failure, Global, checks_text, subject};
use crate::api::reviews::Checks;
use crate::domain::package::Package;
use crate::domain::policy::{Place, Policy};
use crate::domain::time::Timestamp;
use crate::scan::{Context, Verdict, examine};

/// What to judge.
#[derive(Debug, Args)]
pub struct Check {
    /// A package (.skypkg)
    file: PathBuf,
    /// The policy to judge by, in TOML or (*.json) JSON, as `skydeck policy show` prints it; the built-in one where
    /// left out
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// A verdict with what it rests on.
pub struct Judged {
    /// What it amounts to.
    pub verdict: Verdict,
    /// What the rules did and found.
    pub checks: Checks,
}

/// Judges and prints; [`Exit::Rejected`] where it would be rejected.
///
/// # Errors
/// A file that cannot be read; a faulty package, with every fault.
pub fn run(global: &Global, command: Check) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let policy = policy(command.policy.as_deref())?;
    if form == Form::Json {
        // Programs get the faults of a bad package as data as well.
        let bytes = subject::read_bytes(&command.file)?;
        if let Err(faults) = Package::parse(&bytes) {
            output::json(&json!({"verdict": "invalid", "faults": faults}))?;
            return Ok(Exit::Invalid);
        }
    }
    let subject = subject::read(&command.file)?;
    let package = subject.package()?;
    let judged = judge(package, &Context::local(&policy));
    print(form, package, &judged)?;
    Ok(exit(&judged.verdict))
}

/// Judges a package by what is known about the marketplace around it.
pub fn judge(package: &Package, context: &Context<'_>) -> Judged {
    let now = || Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
    let examination = examine(package, context, &now);
    Judged { checks: checks_text::of_examination(&examination), verdict: examination.verdict }
}

/// Prints a verdict with what it rests on.
///
/// # Errors
/// Where standard output is closed.
pub fn print(form: Form, package: &Package, judged: &Judged) -> Result<(), Failure> {
    let (name, number) = (package.name.as_str(), &package.manifest.number);
    if form == Form::Json {
        let (verdict, reason, feedback) = match &judged.verdict {
            Verdict::Pass => ("pass", None, None),
            Verdict::Fail { feedback, reason } => ("reject", Some(reason.name()), Some(feedback)),
        };
        return output::json(&json!({
            "verdict": verdict, "reason": reason, "feedback": feedback,
            "name": name, "number": number.to_string(), "sha256": package.digests.sha256.to_string(),
            "notes": package.notes, "checks": judged.checks,
        }));
    }
    checks_text::print(form, &judged.checks)?;
    for note in &package.notes {
        output::text(&format!("note: {note}"))?;
    }
    output::text(&match &judged.verdict {
        Verdict::Pass => format!("verdict: {name} {number} would go to review"),
        Verdict::Fail { reason, .. } => format!("verdict: {name} {number} would be rejected ({})", reason.name()),
    })
}

/// The exit code of a verdict.
pub const fn exit(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Done,
        Verdict::Fail { .. } => Exit::Rejected,
    }
}

/// The policy in a file, else the built-in one.
///
/// # Errors
/// [`Exit::Invalid`] with every fault and its place.
pub fn policy(path: Option<&std::path::Path>) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let document = super::policy::read_file(path, Place::Global)?;
    Ok(Policy::of_document(&document))
}
