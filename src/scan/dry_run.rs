//! The rule `dry_run`: what became of one believable event for each handler.

use std::fmt::Write as _;

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::kind::Kind;
use crate::domain::policy::TierLimits;
use crate::sandbox::{Outcome, Report, RunResult};

/// Looks at the outcome of each run, at what the caps turned away, and at the tiers it fits.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_wasm() {
        return;
    }
    let mut told: Vec<&Outcome> = Vec::new();
    for (kind, report) in subject.reports {
        let outcome = &report.result.outcome;
        match outcome {
            Outcome::Finished { code } => add_finished(subject, *kind, *code, report, findings),
            // One refusal of the module is one finding, however many handlers it has.
            Outcome::Refused { .. } if told.contains(&outcome) => {}
            _ => add_failed(subject, *kind, report, findings),
        }
        told.push(outcome);
    }
}

fn add_failed(subject: &Subject<'_>, kind: Kind, report: &Report, findings: &mut Findings) {
    let (result, handler) = (&report.result, kind.handler());
    let hint = match &result.outcome {
        Outcome::Refused { .. } => "mend what the other findings name; a module that is refused is never run",
        Outcome::OutOfFuel => "find the loop that does not end, or do the work in smaller parts, one event at a time",
        Outcome::TimedOut => {
            "bulk memory operations cost little fuel and much time: move less, or raise the manifest's timeout"
        }
        Outcome::OutOfMemory => "keep less in memory at once, and free what is not needed",
        Outcome::LimitExceeded { .. } => "call less: end recursions, and gather what you need in one call",
        Outcome::Trapped { .. } => {
            "reproduce it with `skydeck dry-run`; the trace shows the last host call before the trap"
        }
        Outcome::Finished { .. } | Outcome::Aborted { .. } => {
            "handle an event that has only what every event of this kind has, without configuration"
        }
    };
    let unsteady =
        if result.reproducible { "" } else { " (measured by the clock: may differ from machine to machine)" };
    findings.add(
        Severity::Error,
        Seen {
            location: handler.to_owned(),
            message: format!("{handler} {}{unsteady}", result.outcome.sentence()),
            evidence: format!("{}: {}", result.outcome.name(), evidence(result)),
            hint: format!("{hint}; reproduce with `skydeck dry-run FILE --kind {kind}`"),
            body: Some(subject.package.digests.sha256),
        },
    );
}

fn add_finished(subject: &Subject<'_>, kind: Kind, code: i32, report: &Report, findings: &mut Findings) {
    let (result, handler, body) = (&report.result, kind.handler(), Some(subject.package.digests.sha256));
    let location = handler.to_owned();
    if code != 0 {
        findings.add(
            Severity::Warning,
            Seen {
                location: location.clone(),
                message: format!("{handler} {}", result.outcome.sentence()),
                evidence: format!("code {code}: {}", evidence(result)),
                hint: "return 0 for an ordinary event; a positive code counts as an error of the extension".to_owned(),
                body,
            },
        );
    }
    let dropped = [
        ("log lines", result.dropped.logs),
        ("actions", result.dropped.actions),
        ("replies", result.dropped.replies),
        ("writes to storage", result.dropped.storage),
    ];
    let dropped: Vec<String> =
        dropped.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect();
    if !dropped.is_empty() {
        let what = dropped.join(", ");
        findings.add(
            Severity::Warning,
            Seen {
                location: location.clone(),
                message: format!("{handler} went over soft caps on one ordinary event: {what} were turned away"),
                evidence: what,
                hint: "do less for one event; what is over a cap is answered with -4 and lost".to_owned(),
                body,
            },
        );
    }
    add_tiers(subject, result, location, findings);
}

fn add_tiers(subject: &Subject<'_>, result: &RunResult, location: String, findings: &mut Findings) {
    let mut tiers: Vec<(&str, &TierLimits)> =
        subject.context.policy.tiers.iter().map(|(name, limits)| (name.as_str(), limits)).collect();
    tiers.sort_by_key(|(_, limits)| (limits.fuel, limits.memory_mib));
    let fits = |limits: &TierLimits| result.fuel <= limits.fuel && result.memory_bytes_peak <= limits.memory_mib << 20;
    let (fitting, others): (Vec<_>, Vec<_>) = tiers.into_iter().partition(|(_, limits)| fits(limits));
    if others.is_empty() {
        return;
    }
    let names = |tiers: &[(&str, &TierLimits)]| tiers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let fitting = if fitting.is_empty() { "no tier".to_owned() } else { names(&fitting) };
    findings.add(
        Severity::Info,
        Seen {
            message: format!("{location} fits {fitting}, and not {}, by fuel and memory", names(&others)),
            location,
            evidence: format!("{} fuel, {} bytes at most", result.fuel, result.memory_bytes_peak),
            hint: "do less work for one event, so that servers of every tier can use it".to_owned(),
            body: Some(subject.package.digests.sha256),
        },
    );
}

/// What the run used, and the last that was heard of it.
fn evidence(result: &RunResult) -> String {
    let mut text =
        format!("{} fuel, {} host calls, {} bytes at most", result.fuel, result.host_calls, result.memory_bytes_peak);
    if let Some(last) = result.trace.last() {
        let _ = write!(text, "; last call {} ({:?})", last.function, last.verdict);
    }
    if let Some(line) = result.logs.last() {
        let _ = write!(text, "; last log line: {}", line.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    fn handler(body: &str) -> String {
        format!(
            r#"(module (import "sky:core" "log" (func $log (param i32 i32 i32)))
            (import "sky:core" "abort" (func $abort (param i32 i32))) (memory (export "memory") 1) (data (i32.const 0) "why not")
            (func $deep (result i32) (i32.add (i32.const 1) (call $deep)))
            (func (export "on_command") (result i32) {body}))"#
        )
    }

    #[track_caller]
    fn check(body: &str, expected: &[(Severity, &str)]) {
        let sample = Sample::wat(&handler(body)).with_field("timeout", "300");
        let found = sample.findings("dry_run");
        assert_eq!(found.len(), expected.len(), "{body}: {found:?}");
        for (finding, (severity, words)) in found.iter().zip(expected) {
            assert_eq!(finding.severity, *severity);
            assert!(finding.evidence.contains(words), "{finding:?}");
            assert_eq!(finding.location, "on_command");
        }
    }

    #[test]
    fn each_outcome_is_a_finding_with_its_name() {
        check("i32.const 0", &[]);
        check("i32.const 3", &[(Severity::Warning, "code 3")]);
        check("unreachable", &[(Severity::Error, "trapped")]);
        check("(call $abort (i32.const 0) (i32.const 7)) i32.const 0", &[(Severity::Error, "aborted")]);
        check("call $deep", &[(Severity::Error, "limit_exceeded")]);
        check(
            "(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) br $again) i32.const 0",
            &[(Severity::Error, "timed_out")],
        );
    }

    #[test]
    fn what_soft_caps_turn_away_is_a_warning() {
        let logs = "(local $n i32) (loop $again (call $log (i32.const 1) (i32.const 0) (i32.const 7))
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 210)))) i32.const 0";
        check(logs, &[(Severity::Warning, "10 log lines")]);
    }

    #[test]
    fn tiers_that_it_does_not_fit_are_named() {
        let mut sample = Sample::wat(&handler("i32.const 0"));
        sample.policy.tiers.values_mut().next().unwrap().fuel = 0;
        assert_eq!(sample.found("dry_run"), [(Severity::Info, "on_command".to_owned())]);
    }

    #[test]
    fn a_refusal_of_the_module_is_told_once() {
        let module = r#"(module (import "env" "system" (func)) (func (export "on_command") (result i32) i32.const 0)
            (func (export "on_timer") (result i32) i32.const 0))"#;
        let sample = Sample::wat(module).with_kinds(r#"["command","timer"]"#);
        assert_eq!(sample.found("dry_run"), [(Severity::Error, "on_command".to_owned())]);
    }
}
