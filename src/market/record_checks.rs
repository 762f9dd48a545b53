//! Recording what the checks of a submission found, and what follows from it.

use serde_json::json;

use super::act::{Act, By, leave_for_review};
use super::case::{self, Case};
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use super::thread;
use crate::domain::digest::Sha256Digest;
use crate::domain::extension::ReasonCode;
use crate::domain::finding::{CheckRecord, CheckVerdict, Severity};
use crate::domain::id::{Entropy, FindingId, ReviewId};
use crate::domain::kind::Kind;
use crate::domain::limits::{FEEDBACK_CHARS_MAX, FINDINGS_MAX};
use crate::domain::permit::RecordChecks as RecordChecksAction;
use crate::domain::policy::Policy;
use crate::domain::stage::{Command, StageName};
use crate::domain::thread::Side;
use crate::domain::time::Timestamp;
use crate::store::findings::{self, FindingRow};
use crate::store::reviews::{self, ReviewRow};
use crate::store::{StoreError, Tx};

/// What the checks of one review found.
#[derive(Clone, Debug)]
pub struct RecordChecks {
    /// The review.
    pub review: ReviewId,
    /// The code that was checked.
    pub sha256: Sha256Digest,
    /// Each rule's run.
    pub records: Vec<CheckRecord>,
    /// The dry run's report for each handler, as JSON text.
    pub reports: Vec<(Kind, String)>,
    /// When.
    pub now: Timestamp,
    /// 32 fresh random bytes.
    pub seed: [u8; 32],
}

/// What followed.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// The submission waits for a maintainer.
    Ready(ReviewRow),
    /// The checks rejected it.
    Rejected(ReviewRow),
    /// It was withdrawn, or checked already, in the meantime; nothing was written.
    Moot,
}

/// Records the checks of a review, by the marketplace itself.
///
/// What counts is a finding of an enforced rule at or above the policy's level that nobody dismissed for this
/// extension, and a required rule that could not run.
pub fn record_checks(tx: &mut Tx, input: &RecordChecks) -> Result<Recorded, Refused> {
    let Some(review) = reviews::by_id(tx, input.review)? else { return Ok(Recorded::Moot) };
    if !review.is_open() || review.stage != StageName::Checking {
        return Ok(Recorded::Moot);
    }
    let mut case = case::complete(tx, review)?;
    if case.version.code.sha256 != input.sha256 {
        return Err(StoreError::Internal("the code that was checked is not the code of the version".to_owned()).into());
    }
    let act = Act { by: By::System, now: input.now, seed: input.seed };
    let leave = leave_for_review::<RecordChecksAction>(tx, &act, &case.extension, &case.review)?;
    let rows = keep(tx, &case, input, &mut act.entropy())?;
    count_findings(&mut case.review, &rows);
    let against = against(&input.records, &rows, &leave.policy);
    let (told, why) = (feedback(&against), reason(&input.records));
    let command = if against.is_empty() {
        Command::PassChecks
    } else {
        Command::FailChecks { feedback: told.clone(), reason: why }
    };
    let stage = case.decide(&leave, &command, input.now)?;
    case.take(stage, &leave.name(), input.now);
    case.write(tx, "/findings", &leave.name(), input.now)?;
    let passed = against.is_empty();
    if !passed {
        reviews::note_reason(tx, input.review, why)?;
        thread::tell(tx, &case, Side::Checks, None, &told, input.now)?;
    }
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "sha256": input.sha256.to_string(),
        "verdict": if passed { "passed" } else { "failed" },
        "rules": input.records.iter().map(|run| format!("{}@{}", run.rule, run.rule_revision)).collect::<Vec<_>>(),
        "findings": rows.len(),
    });
    record(tx, &leave, &Subject::Review(input.review), &detail, input.now);
    tell_queue(tx, if passed { "ready" } else { "rejected" }, &case.review, case.extension.owner, &leave.name());
    Ok(if passed { Recorded::Ready(case.review) } else { Recorded::Rejected(case.review) })
}

/// Counts the findings that nobody dismissed into the review's row.
pub(super) fn count_findings(review: &mut ReviewRow, rows: &[FindingRow]) {
    let living = || rows.iter().filter(|row| row.dismissed.is_none());
    review.findings_worst = living().map(|row| row.severity).max();
    review.findings_count = i64::try_from(living().count()).unwrap_or(i64::MAX);
}

fn keep(tx: &mut Tx, case: &Case, input: &RecordChecks, entropy: &mut Entropy) -> Result<Vec<FindingRow>, Refused> {
    let mut rows = Vec::new();
    for run in &input.records {
        findings::insert_check(tx, input.review, run)?;
        for finding in &run.findings {
            if rows.len() == FINDINGS_MAX {
                break;
            }
            let id = FindingId::mint(input.now, entropy);
            let mut row = FindingRow::new(id, input.review, case.extension.id, finding);
            row.dismissed = findings::dismissed(tx, case.extension.id, row.fingerprint)?;
            findings::insert(tx, &row)?;
            rows.push(row);
        }
    }
    for (kind, report) in &input.reports {
        findings::insert_report(tx, input.review, kind.name(), report)?;
    }
    Ok(rows)
}

/// One line for each thing that counts against the version.
fn against(records: &[CheckRecord], rows: &[FindingRow], policy: &Policy) -> Vec<String> {
    let broken = records
        .iter()
        .filter(|run| run.verdict == CheckVerdict::Broken && policy.bits(&run.rule).required)
        .map(|run| format!("{}: this check could not run, and the policy requires it", run.rule));
    let counts = |row: &&FindingRow| {
        row.dismissed.is_none() && policy.bits(&row.rule).enforced && row.severity >= policy.review.reject_at
    };
    let found = rows.iter().filter(counts).map(|row| {
        let place = if row.location.is_empty() { String::new() } else { format!(" ({})", row.location) };
        let hint = if row.hint.is_empty() { String::new() } else { format!(" {}", row.hint) };
        format!("{}{place}: {}{hint}", row.rule, row.message)
    });
    found.chain(broken).collect()
}

fn feedback(against: &[String]) -> String {
    let mut text = String::from("The checks rejected this version:\n");
    for (place, line) in against.iter().enumerate() {
        let entry = format!("- {line}\n");
        if text.chars().count() + entry.chars().count() > FEEDBACK_CHARS_MAX - 40 {
            return format!("{text}- and {} more\n", against.len() - place);
        }
        text.push_str(&entry);
    }
    text
}

fn reason(records: &[CheckRecord]) -> ReasonCode {
    let dangerous = records.iter().flat_map(|run| &run.findings).any(|finding| finding.severity == Severity::Critical);
    if dangerous { ReasonCode::Security } else { ReasonCode::Broken }
}
