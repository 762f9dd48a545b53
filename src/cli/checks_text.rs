//! What checks did and found, as text for a person; `check`, `submit` and `review` print the same.

use std::fmt::Write as _;

use super::Failure;
use super::output::{self, Form};
use crate::api::reviews::{CheckRun, Checks, Finding};
use crate::api::runs::RunReport;
use crate::domain::finding::CheckRecord;
use crate::scan::Examination;

/// The wire's form of what was examined here, so that it prints as the server's does.
pub fn of_examination(examination: &Examination) -> Checks {
    let passes = examination.verdict == crate::scan::Verdict::Pass;
    let mut findings: Vec<_> = examination.records.iter().flat_map(|record| &record.findings).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let runs = examination.reports.iter().map(|(kind, report)| RunReport {
        kind: kind.name().to_owned(),
        report: serde_json::to_value(report).unwrap_or_default(),
    });
    Checks {
        state: if passes { "passed" } else { "failed" }.to_owned(),
        rules: examination.records.iter().map(rule).collect(),
        findings: findings.into_iter().map(finding).collect(),
        runs: runs.collect(),
    }
}

/// Prints the rules' table, then each finding with what was seen and what to do.
///
/// # Errors
/// Where standard output is closed.
pub fn print(form: Form, checks: &Checks) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = checks.rules.iter().map(|run| row(run, &checks.findings)).collect();
    output::rows(form, &["rule", "step", "verdict", "found", "ms"], &rows)?;
    output::text(&findings(&checks.findings))
}

/// The findings as text, worst first.
pub fn findings(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "no findings".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        let at = if finding.location.is_empty() { String::new() } else { format!(" at {}", finding.location) };
        let _ = writeln!(text, "{} ({}{at}): {}", finding.severity, finding.rule, finding.message);
        for (what, detail) in [("seen", &finding.evidence), ("what to do", &finding.hint)] {
            if !detail.is_empty() {
                let _ = writeln!(text, "  {what}: {detail}");
            }
        }
        if let Some(by) = &finding.dismissed_by {
            let reason = finding.dismissed_reason.as_deref().unwrap_or_default();
            let _ = writeln!(text, "  dismissed by {by}: {reason}");
        }
    }
    text
}

fn row(run: &CheckRun, findings: &[Finding]) -> Vec<String> {
    let found = findings.iter().filter(|finding| finding.rule == run.rule).count();
    vec![run.rule.clone(), run.step.clone(), run.verdict.clone(), found.to_string(), run.took_ms.to_string()]
}

fn rule(record: &CheckRecord) -> CheckRun {
    CheckRun {
        step: record.step.name().to_owned(),
        rule: record.rule.clone(),
        rule_revision: record.rule_revision,
        verdict: record.verdict.name().to_owned(),
        started_at: crate::domain::time::Timestamp::from_ms(record.started_ms).to_string(),
        took_ms: record.ended_ms - record.started_ms,
    }
}

fn finding(finding: &crate::domain::finding::Finding) -> Finding {
    Finding {
        id: String::new(),
        rule: finding.rule.clone(),
        severity: finding.severity.name().to_owned(),
        location: finding.location.clone(),
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        hint: finding.hint.clone(),
        // It belongs to an extension, and there is none yet.
        fingerprint: String::new(),
        dismissed_by: None,
        dismissed_reason: None,
    }
}
