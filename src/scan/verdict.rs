//! Runs the rules under the policy's three bits, and says what their records amount to.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Context, Findings, RULES, Rule, Seen, Subject, rule};
use crate::domain::extension::ReasonCode;
use crate::domain::finding::{CheckRecord, CheckVerdict, Finding, Severity, Step};
use crate::domain::limits::FEEDBACK_CHARS_MAX;
use crate::domain::time::Timestamp;

/// What all records together amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every required check ran and passed.
    Pass,
    /// The checks reject it.
    Fail {
        /// Every finding that counts, for the author; at most [`FEEDBACK_CHARS_MAX`] characters.
        feedback: String,
        /// The sort of reason of the worst of them.
        reason: ReasonCode,
    },
}

/// The name of the record of checks that could not be completed at all.
const CHECKS: &str = "checks";

/// Lets every enabled rule look at the subject, in the order of the table. A rule that fails is recorded as broken; a
/// rule that is not enforced records what it would have done.
pub fn scan(subject: &Subject<'_>, now: &dyn Fn() -> Timestamp) -> Vec<CheckRecord> {
    let enabled = RULES.iter().filter(|rule| subject.context.policy.bits(rule.name).enabled);
    enabled.map(|rule| record(rule, subject, now)).collect()
}

/// What the records amount to: whatever an enforced rule failed for counts, and so does a required rule that is broken
/// or has no record.
pub fn verdict(records: &[CheckRecord], context: &Context<'_>) -> Verdict {
    let failed = records.iter().filter(|record| record.verdict == CheckVerdict::Failed);
    let mut against: Vec<&Finding> =
        failed.flat_map(|record| &record.findings).filter(|finding| counts(finding, context)).collect();
    let is_required = |name: &str| context.policy.bits(name).required;
    let broken = records.iter().filter(|record| record.verdict == CheckVerdict::Broken && is_required(&record.rule));
    against.extend(broken.flat_map(|record| &record.findings));
    // The worst first; equals stay in the order of the table.
    against.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let missing =
        if records.iter().any(|record| record.rule == CHECKS) { Vec::new() } else { unrecorded(records, context) };
    match (against.first(), missing.first()) {
        (None, None) => Verdict::Pass,
        (Some(worst), _) => {
            let reason = rule(&worst.rule).map_or(ReasonCode::Broken, |rule| rule.reason);
            Verdict::Fail { feedback: feedback(&against), reason }
        }
        (None, Some(_)) => {
            let names: Vec<&str> = missing.iter().map(|rule| rule.name).collect();
            let feedback = format!("These required checks did not run: {}. Please submit it again.", names.join(", "));
            Verdict::Fail { feedback, reason: ReasonCode::Other }
        }
    }
}

/// The record of checks that could not be completed in so many attempts: what stands in the place of all others.
pub fn broken_record(attempts: u32, last_error: &str, now: Timestamp) -> CheckRecord {
    let rule = Rule { name: CHECKS, step: Step::SecurityScan, ..RULES[0] };
    let mut findings = Findings::of(&rule);
    findings
        .add(Severity::Error, broken(&format!("the checks could not be completed in {attempts} attempts"), last_error));
    CheckRecord {
        step: rule.step,
        rule: CHECKS.to_owned(),
        rule_revision: 1,
        started_ms: now.as_ms(),
        ended_ms: now.as_ms(),
        verdict: CheckVerdict::Broken,
        findings: findings.into_list(),
    }
}

fn record(rule: &Rule, subject: &Subject<'_>, now: &dyn Fn() -> Timestamp) -> CheckRecord {
    let started = now();
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let mut findings = Findings::of(rule);
        (rule.check)(subject, &mut findings);
        findings.into_list()
    }));
    let (findings, verdict) = if let Ok(findings) = checked {
        let verdict = match findings.iter().any(|finding| counts(finding, subject.context)) {
            false => CheckVerdict::Passed,
            true if subject.context.policy.bits(rule.name).enforced => CheckVerdict::Failed,
            true => CheckVerdict::Observed,
        };
        (findings, verdict)
    } else {
        let mut findings = Findings::of(rule);
        findings.add(Severity::Error, broken("the check itself failed on this package", rule.name));
        (findings.into_list(), CheckVerdict::Broken)
    };
    CheckRecord {
        step: rule.step,
        rule: rule.name.to_owned(),
        rule_revision: rule.revision,
        started_ms: started.as_ms(),
        ended_ms: now().as_ms(),
        verdict,
        findings,
    }
}

fn broken(message: &str, evidence: &str) -> Seen {
    Seen {
        location: "checks".to_owned(),
        message: message.to_owned(),
        evidence: evidence.to_owned(),
        hint:
            "run `skydeck check FILE` on it; if that fails too, report the package to the marketplace's administrators"
                .to_owned(),
        body: None,
    }
}

/// Whether a finding counts against the version: bad enough for the policy, and not dismissed.
fn counts(finding: &Finding, context: &Context<'_>) -> bool {
    let is_dismissed = context
        .dismissed
        .as_ref()
        .is_some_and(|known| known.fingerprints.contains(&finding.fingerprint(known.extension)));
    finding.severity >= context.policy.review.reject_at && !is_dismissed
}

fn unrecorded(records: &[CheckRecord], context: &Context<'_>) -> Vec<&'static Rule> {
    let has_record = |rule: &Rule| records.iter().any(|record| record.rule == rule.name);
    let bits = |rule: &Rule| context.policy.bits(rule.name);
    RULES.iter().filter(|rule| bits(rule).enabled && bits(rule).required && !has_record(rule)).collect()
}

/// The findings as text for the author, cut between two of them.
fn feedback(against: &[&Finding]) -> String {
    let problems = if against.len() == 1 { "one problem" } else { "these problems" };
    let mut text = format!("The checks found {problems}. Mend what is listed, and submit a new version.\n");
    for (place, finding) in against.iter().enumerate() {
        let mut entry = format!("\n{}. {} ({}", place + 1, finding.message, finding.rule);
        if !finding.location.is_empty() {
            let _ = write!(entry, ", {}", finding.location);
        }
        let _ = write!(entry, ")\n   Seen: {}\n   What to do: {}\n", finding.evidence, finding.hint);
        // Room is kept for the line that says how many are left out.
        if text.chars().count() + entry.chars().count() > FEEDBACK_CHARS_MAX - 100 {
            let _ = write!(text, "\nand {} more; `skydeck check FILE` lists them all\n", against.len() - place);
            break;
        }
        text.push_str(&entry);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;
    use crate::domain::policy::RuleBits;

    fn verdict_of(sample: &Sample, rule: &str) -> Option<CheckVerdict> {
        sample.examine().records.iter().find(|record| record.rule == rule).map(|record| record.verdict)
    }

    #[test]
    fn the_three_bits_are_independent() {
        let mut sample = Sample::javascript("exports.run = 1");
        assert_eq!(verdict_of(&sample, "runtime"), Some(CheckVerdict::Failed));
        sample.policy.rules.insert("runtime".to_owned(), RuleBits { enforced: false, ..RuleBits::default() });
        assert_eq!(verdict_of(&sample, "runtime"), Some(CheckVerdict::Observed));
        assert_eq!(sample.examine().verdict, Verdict::Pass);
        sample.policy.rules.insert("runtime".to_owned(), RuleBits { enabled: false, ..RuleBits::default() });
        assert_eq!(verdict_of(&sample, "runtime"), None);
        assert_eq!(sample.examine().verdict, Verdict::Pass);
    }

    #[test]
    fn a_failure_is_told_with_everything_that_counts() {
        let mut sample = Sample::good().with_scopes(r#"["ban","storage"]"#);
        sample.policy.scopes.insert(crate::domain::scope::Scope::Ban, crate::domain::policy::ScopeVerdict::Deny);
        let Verdict::Fail { feedback, reason } = sample.examine().verdict else { panic!("it fails") };
        assert_eq!(reason, ReasonCode::Policy);
        assert!(feedback.contains("the scope ban is denied") && feedback.contains("What to do: "), "{feedback}");
        assert!(!feedback.contains("cannot use"), "warnings do not count: {feedback}");
        sample.policy.review.reject_at = Severity::Warning;
        let Verdict::Fail { feedback, .. } = sample.examine().verdict else { panic!("it fails") };
        assert!(feedback.contains("cannot use"), "{feedback}");
    }

    #[test]
    fn what_was_dismissed_counts_no_more() {
        let mut sample = Sample::javascript("exports.run = 1");
        let extension = Sample::extension();
        let finding = sample.findings("runtime").remove(0);
        sample.dismissed = vec![finding.fingerprint(extension)];
        assert_eq!(sample.examine().verdict, Verdict::Pass);
        assert_eq!(sample.findings("runtime").len(), 1);
    }

    #[test]
    fn checks_that_cannot_be_completed_reject() {
        let sample = Sample::good();
        let record = broken_record(3, "the worker stopped", Timestamp::from_ms(5));
        let context = sample.context();
        let Verdict::Fail { feedback, reason } = verdict(&[record], &context) else { panic!("it fails") };
        assert!(feedback.contains("3 attempts") && feedback.contains("the worker stopped"), "{feedback}");
        assert_eq!(reason, ReasonCode::Broken);
        let Verdict::Fail { feedback, .. } = verdict(&[], &context) else { panic!("nothing ran") };
        assert!(feedback.contains("did not run: package, names"), "{feedback}");
    }

    #[test]
    fn feedback_stays_within_its_bound() {
        let finding = Finding { message: "é".repeat(500), ..sample_finding() };
        let text = feedback(&vec![&finding; 100]);
        assert!(text.chars().count() <= FEEDBACK_CHARS_MAX && text.contains(" more; `skydeck check"));
    }

    fn sample_finding() -> Finding {
        Sample::javascript("exports.run = 1").findings("runtime").remove(0)
    }
}
