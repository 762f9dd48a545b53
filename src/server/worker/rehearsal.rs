//! What the checks of a version would find, without submitting it.

use super::facts::Facts;
use super::pool::run_long;
use crate::api::reviews::{CheckRun, Checks, Finding as WireFinding};
use crate::api::runs::RunReport;
use crate::domain::finding::Finding;
use crate::domain::id::{ExtensionId, VersionId};
use crate::domain::package::Package;
use crate::domain::time::Timestamp;
use crate::scan::{self, Examination, Verdict};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::store::StoreError;

/// Runs the checks of a stored version now, and keeps nothing; findings have no ids.
///
/// # Errors
/// 404 where the version is gone, 503 where too much is being computed already.
pub async fn rehearse_checks(app: &App, version: VersionId) -> Result<Checks, Problem> {
    let now = app.now();
    let facts = app.store().read(move |tx| Facts::of_version(tx, version, now)).await?;
    let facts = facts.ok_or_else(|| Problem::not_found("version", &version.to_string()))?;
    let (sha256, extension) = (facts.version.code.sha256, facts.version.extension);
    let code = app.store().blobs().get(sha256).await?;
    let clock = app.clock().clone();
    let examined = run_long(move || {
        let package = Package::assemble(&facts.version.document, code).map_err(|faults| {
            let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
            StoreError::Corrupt(format!("the package of the version {version}: {}", texts.join("; ")))
        })?;
        Ok::<_, StoreError>(scan::examine(&package, &facts.context(), &|| clock.now()))
    });
    let checks = wire(&examined.await??, extension)?;
    Ok(checks)
}

fn wire(examination: &Examination, extension: ExtensionId) -> Result<Checks, Problem> {
    let rules = examination.records.iter().map(|record| CheckRun {
        step: record.step.name().to_owned(),
        rule: record.rule.clone(),
        rule_revision: record.rule_revision,
        verdict: record.verdict.name().to_owned(),
        started_at: Timestamp::from_ms(record.started_ms).to_string(),
        took_ms: record.ended_ms.saturating_sub(record.started_ms),
    });
    let mut findings: Vec<&Finding> = examination.records.iter().flat_map(|record| &record.findings).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let runs = examination.reports.iter().map(|(kind, report)| {
        let report = serde_json::to_value(report);
        let report = report.map_err(|error| Problem::internal(format!("a report is no JSON: {error}")))?;
        Ok(RunReport { kind: kind.name().to_owned(), report })
    });
    Ok(Checks {
        state: if examination.verdict == Verdict::Pass { "passed" } else { "failed" }.to_owned(),
        rules: rules.collect(),
        findings: findings.into_iter().map(|finding| wire_finding(finding, extension)).collect(),
        runs: runs.collect::<Result<_, Problem>>()?,
    })
}

fn wire_finding(finding: &Finding, extension: ExtensionId) -> WireFinding {
    WireFinding {
        id: String::new(),
        rule: finding.rule.clone(),
        severity: finding.severity.name().to_owned(),
        location: finding.location.clone(),
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        hint: finding.hint.clone(),
        fingerprint: finding.fingerprint(extension).to_string(),
        dismissed_by: None,
        dismissed_reason: None,
    }
}
