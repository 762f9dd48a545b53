//! `skydeck dry-run`: runs an extension here, in the sandbox that review and servers use, and prints the report.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::output::{self, Form};
use super::subject::{self, Subject};
use super::{Exit, Failure, Global, check, report_text};
use crate::domain::kind::Kind;
use crate::domain::manifest::Runtime;
use crate::domain::scope::{Scope, ScopeSet};
use crate::sandbox::{Event, Outcome, Report, Settings, SimulatedWorld, dry_run};

/// What to run, and on what.
#[derive(Debug, Args)]
pub struct DryRun {
    /// A package (.skypkg), code alone (.skyext, .wasm) or WebAssembly text (.wat)
    file: PathBuf,
    /// The event as JSON, from a file or from standard input (-); a believable one where left out
    #[arg(long, value_name = "FILE|-")]
    event: Option<PathBuf>,
    /// Which handler to call; all that the extension has where left out
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// The scopes to grant, by commas; all that are declared where left out ("" for none)
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// Where the run's random numbers start
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The subscription tier whose caps it runs under
    #[arg(long, default_value = "pro")]
    tier: String,
    /// The policy that says what the tiers have, in TOML or (*.json) JSON; the built-in one where left out
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The chat server it acts on, as JSON (see fixtures/worlds); a small built-in one where left out
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// The configuration the server gave it, as JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run again whenever the file changes, and show what changed in the outcome
    #[arg(long)]
    watch: bool,
}

/// Runs, prints, and tells the outcome by the exit code.
///
/// # Errors
/// Where a file cannot be read or is faulty; what the extension does is never an error but an exit code.
pub fn run(global: &Global, command: DryRun) -> Result<Exit, Failure> {
    if command.watch {
        return watch(global, &command);
    }
    let reports = runs(&command)?;
    print(global, &reports)?;
    Ok(worst(&reports))
}

fn runs(command: &DryRun) -> Result<Vec<Report>, Failure> {
    let subject = subject::read(&command.file)?;
    if subject.code.runtime == Runtime::Javascript {
        let text = format!(
            "{}: JavaScript is kept, shown and exported, and cannot be run: port it to WebAssembly (the README says how)",
            command.file.display()
        );
        return Err(Failure::new(Exit::Invalid, text));
    }
    let settings = settings(command, &subject)?;
    let events = events(command, &subject)?;
    let mut reports = Vec::new();
    for event in events {
        let mut world = world(command.world.as_deref())?;
        reports.push(dry_run(&subject.code.bytes, &event, &settings, Some(&mut world)));
    }
    Ok(reports)
}

fn settings(command: &DryRun, subject: &Subject) -> Result<Settings, Failure> {
    let limits = crate::domain::limits::ModuleLimits::ceiling();
    let declared = subject.package.as_ref().map_or_else(
        || crate::sandbox::inspect(&subject.code.bytes, &limits).reachable,
        |package| package.manifest.scopes,
    );
    let mut settings = Settings::granting(declared);
    if let Some(list) = &command.scopes {
        settings.grant.granted = scopes(list)?.and(declared);
    }
    let policy = check::policy(command.policy.as_deref())?;
    if !policy.tiers.contains_key(&command.tier) {
        let known: Vec<&str> = policy.tiers.keys().map(String::as_str).collect();
        let text = format!("there is no tier {:?}; the tiers are {}", command.tier, known.join(", "));
        return Err(Failure::new(Exit::Usage, text));
    }
    settings.limits = policy.run_limits(&command.tier);
    settings.tiers = policy.limits_by_tier();
    if let Some(package) = &subject.package {
        settings.limits.timeout_ms = settings.limits.timeout_ms.min(package.manifest.timeout_ms);
    }
    settings.tier.clone_from(&command.tier);
    settings.seed = command.seed;
    if let Some(path) = &command.config {
        settings.config = serde_json::from_slice(&subject::read_bytes(path)?)
            .map_err(|error| Failure::new(Exit::Invalid, format!("{}: {error}", path.display())))?;
    }
    Ok(settings)
}

fn scopes(list: &str) -> Result<ScopeSet, Failure> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| name.parse::<Scope>().map_err(|error| Failure::new(Exit::Usage, format!("--scopes: {error}"))))
        .collect()
}

fn events(command: &DryRun, subject: &Subject) -> Result<Vec<Event>, Failure> {
    let kinds = match command.kind {
        Some(kind) => vec![kind],
        None => subject.kinds(),
    };
    let kinds = if kinds.is_empty() { vec![Kind::Command] } else { kinds };
    let Some(path) = &command.event else {
        return Ok(kinds.into_iter().map(|kind| Event::template(kind, trigger(subject, kind))).collect());
    };
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .take(1 << 20)
            .read_to_string(&mut text)
            .map_err(|error| Failure::new(Exit::Environment, format!("standard input: {error}")))?;
        text
    } else {
        String::from_utf8(subject::read_bytes(path)?)
            .map_err(|_| Failure::new(Exit::Invalid, format!("{}: not UTF-8 text", path.display())))?
    };
    let event = Event::from_json(&text, kinds[0])
        .map_err(|error| Failure::new(Exit::Invalid, format!("--event {}: {error}", path.display())))?;
    Ok(vec![event])
}

/// The word that triggers a kind, so that the template speaks of it.
fn trigger(subject: &Subject, kind: Kind) -> Option<&str> {
    let manifest = &subject.package.as_ref()?.manifest;
    match kind {
        Kind::Command | Kind::Slash => manifest.key.as_deref(),
        Kind::Keyword => manifest.keywords.first().map(String::as_str),
        Kind::Event => manifest.event.as_deref(),
        Kind::Timer => None,
    }
}

fn world(path: Option<&Path>) -> Result<SimulatedWorld, Failure> {
    let Some(path) = path else { return Ok(SimulatedWorld::built_in()) };
    let bytes = subject::read_bytes(path)?;
    SimulatedWorld::from_json(&String::from_utf8_lossy(&bytes))
        .map_err(|error| Failure::new(Exit::Invalid, format!("{}: {error}", path.display())))
}

fn print(global: &Global, reports: &[Report]) -> Result<(), Failure> {
    match (Form::of(global), reports) {
        (Form::Json, [report]) => output::json(report),
        (Form::Json, reports) => output::json(&reports),
        (_, reports) => reports.iter().try_for_each(|report| output::raw(report_text::report(report).as_bytes())),
    }
}

/// The exit code of the worst outcome.
fn worst(reports: &[Report]) -> Exit {
    reports.iter().map(|report| exit_of(&report.result.outcome)).max_by_key(|exit| *exit as u8).unwrap_or(Exit::Done)
}

/// The exit code of one outcome.
pub const fn exit_of(outcome: &Outcome) -> Exit {
    match outcome {
        Outcome::Finished { code: 0 } => Exit::Done,
        Outcome::Finished { .. } => Exit::RunCode,
        Outcome::OutOfFuel => Exit::RunOutOfFuel,
        Outcome::TimedOut => Exit::RunTimedOut,
        Outcome::OutOfMemory => Exit::RunOutOfMemory,
        Outcome::LimitExceeded { .. } => Exit::RunLimitExceeded,
        Outcome::Trapped { .. } => Exit::RunTrapped,
        Outcome::Refused { .. } => Exit::RunRefused,
        Outcome::Aborted { .. } => Exit::RunAborted,
    }
}

/// Runs again at every change of the file until the terminal interrupts it.
fn watch(global: &Global, command: &DryRun) -> Result<Exit, Failure> {
    use notify::Watcher as _;

    let failed = |error: notify::Error| Failure::new(Exit::Environment, format!("cannot watch the file: {error}"));
    let (sender, changes) = std::sync::mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| event.kind.is_modify() || event.kind.is_create()) {
            let _ = sender.send(());
        }
    })
    .map_err(failed)?;
    // Editors replace a file by renaming another over it, so its folder is what has to be watched.
    let folder = command.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher.watch(folder, notify::RecursiveMode::NonRecursive).map_err(failed)?;
    let mut last: Vec<Report> = Vec::new();
    loop {
        match runs(command) {
            Ok(reports) if reports.iter().map(Report::digest).eq(last.iter().map(Report::digest)) => {}
            Ok(reports) => {
                print(global, &reports)?;
                if !last.is_empty() && Form::of(global) != Form::Json {
                    output::line(&report_text::changes(&last, &reports))?;
                }
                last = reports;
            }
            Err(failure) => output::line(&format!("cannot run it now: {failure}"))?,
        }
        if changes.recv().is_err() {
            return Ok(worst(&last));
        }
        while changes.recv_timeout(Duration::from_millis(100)).is_ok() {}
    }
}
