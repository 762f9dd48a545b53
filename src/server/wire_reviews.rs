//! Reviews as the wire has them: checks, findings, notes, scopes, author and history.

use serde_json::Value;

use super::app::Turn;
use super::names::Names;
use super::wire_versions::texts;
use super::{accounts, wire_queue, wire_versions};
use crate::api::accounts::{Author, ReputationEvent, ReputationPart};
use crate::api::reviews::{CheckRun, Checks, Finding, HistoryEntry, Note, Review, ScopeSets};
use crate::api::runs::RunReport;
use crate::domain::scope::ScopeSet;
use crate::domain::stage::StageName;
use crate::market::{self, ReviewDetail};
use crate::store::audit::AuditRow;
use crate::store::findings::{CheckRow, FindingRow, RunReportRow};
use crate::store::notes::NoteRow;
use crate::store::reviews::{ReviewOutcome, ReviewRow};
use crate::store::{StoreError, Tx, findings, reputation, reviews};

/// One review with everything a decision rests on.
///
/// # Errors
/// What the store says.
pub fn review(tx: &mut Tx, turn: &Turn, found: ReviewDetail) -> Result<Review, StoreError> {
    let viewer = turn.act().viewer();
    let mut names = Names::default();
    let row = &found.item.row;
    let checks = checks_of(tx, &mut names, row, found.checks, found.findings, found.reports)?;
    let (published, published_scopes) = match &found.published {
        None => (None, None),
        Some(head) => {
            let review = reviews::newest_of_version(tx, head.id)?;
            let kept = review.map_or(Ok(Vec::new()), |review| findings::reports(tx, review.id))?;
            let scopes = scope_sets(head.scopes, &run_reports(kept)?);
            (Some(wire_versions::version(tx, &viewer, &found.extension, head, turn.now)?), Some(scopes))
        }
    };
    let mut history = found.history;
    history.sort_by_key(|row| row.number);
    let history: Result<Vec<HistoryEntry>, StoreError> =
        history.iter().map(|row| history_entry(tx, &mut names, row)).collect();
    Ok(Review {
        id: row.id.to_string(),
        version: wire_versions::version(tx, &viewer, &found.extension, &found.version, turn.now)?,
        description: found.extension.description.as_str().to_owned(),
        published,
        scopes: scope_sets(found.version.scopes, &checks.runs),
        published_scopes,
        checks,
        author: author(&found.author),
        notes: found.notes.iter().map(note).collect(),
        history: history?,
        open: row.is_open(),
        outcome: row.end.as_ref().map(|end| outcome(end.outcome).to_owned()),
        revision: row.revision,
        item: wire_queue::item(tx, &mut names, found.item)?,
    })
}

/// What the checks of a review did and found.
///
/// # Errors
/// What the store says.
pub fn checks(tx: &mut Tx, row: &ReviewRow) -> Result<Checks, StoreError> {
    let (rules, found) = (findings::checks(tx, row.id)?, findings::of_review(tx, row.id)?);
    let reports = findings::reports(tx, row.id)?;
    checks_of(tx, &mut Names::default(), row, rules, found, reports)
}

/// An author with the lines that the reputation is the sum of.
pub fn author(author: &market::Author) -> Author {
    let parts = author.parts.iter().map(|part| ReputationPart { what: part.what.clone(), points: part.points });
    let mut account = accounts::wire(&author.account);
    account.reputation = author.reputation;
    Author {
        account,
        reputation_parts: parts.collect(),
        published: author.record.published,
        rejected: author.record.rejected,
        at: String::new(),
        events: Vec::new(),
    }
}

/// Something that a reputation is computed from.
pub fn reputation_event(event: &reputation::ReputationEvent) -> ReputationEvent {
    ReputationEvent {
        at: event.at.to_string(),
        kind: event.kind.name().to_owned(),
        amount: event.amount,
        stars: event.stars,
        about: event.about.clone(),
    }
}

/// One finding.
///
/// # Errors
/// What the store says.
pub fn finding(tx: &mut Tx, names: &mut Names, row: &FindingRow) -> Result<Finding, StoreError> {
    let dismissed_by = match &row.dismissed {
        Some(dismissal) => Some(names.of(tx, dismissal.by)?),
        None => None,
    };
    Ok(Finding {
        id: row.id.to_string(),
        rule: row.rule.clone(),
        severity: row.severity.name().to_owned(),
        location: row.location.clone(),
        message: row.message.clone(),
        evidence: row.evidence.clone(),
        hint: row.hint.clone(),
        fingerprint: row.fingerprint.to_string(),
        dismissed_by,
        dismissed_reason: row.dismissed.as_ref().map(|dismissal| dismissal.reason.clone()),
    })
}

/// One note.
pub fn note(row: &NoteRow) -> Note {
    Note { id: row.id.to_string(), by: row.by_name.clone(), at: row.at.to_string(), text: row.text.clone() }
}

fn checks_of(
    tx: &mut Tx,
    names: &mut Names,
    row: &ReviewRow,
    rules: Vec<CheckRow>,
    mut found: Vec<FindingRow>,
    reports: Vec<RunReportRow>,
) -> Result<Checks, StoreError> {
    let failed = row.end.as_ref().is_some_and(|end| end.outcome == ReviewOutcome::FailedChecks);
    let state = match row.stage {
        StageName::Checking => "running",
        _ if failed => "failed",
        _ => "passed",
    };
    let rules = rules.into_iter().map(|check| CheckRun {
        step: check.step,
        rule: check.rule,
        rule_revision: check.rule_revision,
        verdict: check.verdict.name().to_owned(),
        started_at: check.started_at.to_string(),
        took_ms: check.ended_at.since_ms(check.started_at),
    });
    let rules = rules.collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let findings: Result<Vec<Finding>, StoreError> = found.iter().map(|found| finding(tx, names, found)).collect();
    Ok(Checks { state: state.to_owned(), rules, findings: findings?, runs: run_reports(reports)? })
}

fn run_reports(kept: Vec<RunReportRow>) -> Result<Vec<RunReport>, StoreError> {
    let reports = kept.into_iter().map(|kept| {
        let report = serde_json::from_str(&kept.report)
            .map_err(|error| StoreError::Corrupt(format!("a dry run's report: {error}")))?;
        Ok(RunReport { kind: kept.kind, report })
    });
    reports.collect()
}

/// The sets side by side: declared by the manifest, the others by all dry runs together.
fn scope_sets(declared: ScopeSet, runs: &[RunReport]) -> ScopeSets {
    let seen = |set: &str| {
        let mut all: Vec<String> = Vec::new();
        for run in runs {
            let listed = run.report.pointer(&format!("/result/scopes/{set}")).and_then(Value::as_array);
            for scope in listed.into_iter().flatten().filter_map(Value::as_str) {
                if !all.iter().any(|known| known == scope) {
                    all.push(scope.to_owned());
                }
            }
        }
        all
    };
    ScopeSets { declared: texts(declared.names()), reachable: seen("reachable"), exercised: seen("exercised") }
}

fn history_entry(tx: &mut Tx, names: &mut Names, row: &AuditRow) -> Result<HistoryEntry, StoreError> {
    let by = match (row.entry.actor_kind.as_str(), row.entry.actor_id.parse()) {
        ("account", Ok(id)) => names.of(tx, id)?,
        ("local_operator", _) => "the local operator".to_owned(),
        _ => "marketplace".to_owned(),
    };
    let detail: Value = serde_json::from_str(&row.entry.detail).unwrap_or_default();
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let said = [text("reason"), text("feedback"), text("note"), text("text")];
    Ok(HistoryEntry {
        at: row.entry.at.to_string(),
        by,
        action: row.entry.action.clone(),
        number: text("number").map(str::to_owned),
        detail: said.into_iter().flatten().collect::<Vec<_>>().join(": "),
    })
}

const fn outcome(outcome: ReviewOutcome) -> &'static str {
    match outcome {
        ReviewOutcome::Published => "published",
        ReviewOutcome::Rejected | ReviewOutcome::FailedChecks => "rejected",
        ReviewOutcome::Withdrawn => "withdrawn",
    }
}
