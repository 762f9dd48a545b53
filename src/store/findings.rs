//! What the checks of a review recorded: rules run, findings, dry-run reports; and what was dismissed for good.

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::{CheckRecord, CheckVerdict, Finding, Severity};
use crate::domain::id::{AccountId, ExtensionId, FindingId, ReviewId};
use crate::domain::limits::FINDINGS_MAX;
use crate::domain::time::Timestamp;

/// One finding of one review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// Its id.
    pub id: FindingId,
    /// The review it was found in.
    pub review: ReviewId,
    /// The rule's name.
    pub rule: String,
    /// The rule's revision.
    pub rule_revision: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub location: String,
    /// What is wrong.
    pub message: String,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub hint: String,
    /// What a dismissal sticks to.
    pub fingerprint: Sha256Digest,
    /// Who called it no problem, where somebody did.
    pub dismissed: Option<Dismissal>,
}

/// That somebody called a finding no problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissal {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// One rule's run, without its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// The rule's name.
    pub rule: String,
    /// The part of publication it belongs to.
    pub step: String,
    /// The rule's revision.
    pub rule_revision: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What came of it.
    pub verdict: CheckVerdict,
}

/// One dry run's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReportRow {
    /// The kind of handler that was run.
    pub kind: String,
    /// The report as JSON text.
    pub report: String,
}

const COLUMNS: &str = "id, review_id, rule, rule_revision, severity, location, message, evidence, hint, fingerprint, \
     dismissed_by, dismissed_ms, dismissed_reason";

struct Kept(Dismissal);

impl FromRow for FindingRow {
    fn from_row(row: &Row) -> Result<FindingRow, StoreError> {
        let dismissed = if row.is_null(10)? { None } else { Some(dismissal(row, 10)?) };
        Ok(FindingRow {
            id: row.parsed(0)?,
            review: row.parsed(1)?,
            rule: row.text(2)?,
            rule_revision: row.number(3)?,
            severity: named(row, 4)?,
            location: row.text(5)?,
            message: row.text(6)?,
            evidence: row.text(7)?,
            hint: row.text(8)?,
            fingerprint: row.parsed(9)?,
            dismissed,
        })
    }
}

impl FromRow for Kept {
    fn from_row(row: &Row) -> Result<Kept, StoreError> {
        dismissal(row, 0).map(Kept)
    }
}

impl FromRow for CheckRow {
    fn from_row(row: &Row) -> Result<CheckRow, StoreError> {
        Ok(CheckRow {
            rule: row.text(0)?,
            step: row.text(1)?,
            rule_revision: row.number(2)?,
            started_at: row.timestamp(3)?,
            ended_at: row.timestamp(4)?,
            verdict: named(row, 5)?,
        })
    }
}

impl FromRow for RunReportRow {
    fn from_row(row: &Row) -> Result<RunReportRow, StoreError> {
        Ok(RunReportRow { kind: row.text(0)?, report: row.text(1)? })
    }
}

impl FindingRow {
    /// The row of a finding that was just made.
    pub fn new(id: FindingId, review: ReviewId, extension: ExtensionId, finding: &Finding) -> FindingRow {
        FindingRow {
            id,
            review,
            rule: finding.rule.clone(),
            rule_revision: finding.rule_revision,
            severity: finding.severity,
            location: finding.location.clone(),
            message: finding.message.clone(),
            evidence: finding.evidence.clone(),
            hint: finding.hint.clone(),
            fingerprint: finding.fingerprint(extension),
            dismissed: None,
        }
    }
}

/// The finding with this id.
pub fn by_id(tx: &mut Tx, id: FindingId) -> Result<Option<FindingRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM findings WHERE id = $1{lock}"), &[id.into()])
}

/// The findings of a review, in the order they were made.
pub fn of_review(tx: &mut Tx, review: ReviewId) -> Result<Vec<FindingRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM findings WHERE review_id = $1 ORDER BY id LIMIT {FINDINGS_MAX}");
    tx.query(&sql, &[review.into()])
}

/// Adds a finding.
pub fn insert(tx: &mut Tx, row: &FindingRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO findings (id, review_id, rule, rule_revision, severity, location, message, evidence, hint, \
         fingerprint, dismissed_by, dismissed_ms, dismissed_reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let dismissed = row.dismissed.as_ref();
    let params = [
        row.id.into(),
        row.review.into(),
        row.rule.as_str().into(),
        row.rule_revision.into(),
        row.severity.name().into(),
        row.location.as_str().into(),
        row.message.as_str().into(),
        row.evidence.as_str().into(),
        row.hint.as_str().into(),
        row.fingerprint.into(),
        dismissed.map(|dismissal| dismissal.by).into(),
        dismissed.map(|dismissal| dismissal.at).into(),
        dismissed.map(|dismissal| dismissal.reason.as_str()).into(),
    ];
    tx.execute(sql, &params).map(|_| ())
}

/// Dismisses a fingerprint: in this review, and for the extension's later versions.
pub fn dismiss(
    tx: &mut Tx,
    extension: ExtensionId,
    finding: &FindingRow,
    dismissal: &Dismissal,
) -> Result<(), StoreError> {
    let (by, at, reason): (Value, Value, Value) =
        (dismissal.by.into(), dismissal.at.into(), dismissal.reason.as_str().into());
    let sql = "UPDATE findings SET dismissed_by = $3, dismissed_ms = $4, dismissed_reason = $5 \
         WHERE review_id = $1 AND fingerprint = $2";
    tx.execute(sql, &[finding.review.into(), finding.fingerprint.into(), by.clone(), at.clone(), reason.clone()])?;
    let sql = "INSERT INTO dismissals (extension_id, fingerprint, by_id, at_ms, reason) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (extension_id, fingerprint) DO UPDATE SET by_id = excluded.by_id, at_ms = excluded.at_ms, \
         reason = excluded.reason";
    tx.execute(sql, &[extension.into(), finding.fingerprint.into(), by, at, reason]).map(|_| ())
}

/// The dismissal of this fingerprint, where there is one.
pub fn dismissed(
    tx: &mut Tx,
    extension: ExtensionId,
    fingerprint: Sha256Digest,
) -> Result<Option<Dismissal>, StoreError> {
    let sql = "SELECT by_id, at_ms, reason FROM dismissals WHERE extension_id = $1 AND fingerprint = $2";
    Ok(tx.query_one::<Kept>(sql, &[extension.into(), fingerprint.into()])?.map(|kept| kept.0))
}

/// Every fingerprint that was dismissed for an extension.
pub fn dismissed_fingerprints(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<Sha256Digest>, StoreError> {
    let mut found = Vec::new();
    tx.each("SELECT fingerprint FROM dismissals WHERE extension_id = $1", &[extension.into()], |row| {
        found.push(row.parsed(0)?);
        Ok(())
    })?;
    Ok(found)
}

/// Adds one rule's run.
pub fn insert_check(tx: &mut Tx, review: ReviewId, record: &CheckRecord) -> Result<(), StoreError> {
    let sql = "INSERT INTO checks (review_id, rule, step, rule_revision, started_ms, ended_ms, verdict) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        review.into(),
        record.rule.as_str().into(),
        record.step.name().into(),
        record.rule_revision.into(),
        record.started_ms.into(),
        record.ended_ms.into(),
        record.verdict.name().into(),
    ];
    tx.execute(sql, &params).map(|_| ())
}

/// The rules that ran for a review, in the order they started.
pub fn checks(tx: &mut Tx, review: ReviewId) -> Result<Vec<CheckRow>, StoreError> {
    let sql = "SELECT rule, step, rule_revision, started_ms, ended_ms, verdict FROM checks WHERE review_id = $1 \
         ORDER BY started_ms, rule";
    tx.query(sql, &[review.into()])
}

/// Adds the report of one handler's dry run.
pub fn insert_report(tx: &mut Tx, review: ReviewId, kind: &str, report: &str) -> Result<(), StoreError> {
    let figures = super::impact::figures_of(report);
    let (fuel, memory_bytes) = (figures.map(|figures| figures.fuel), figures.map(|figures| figures.memory_bytes));
    let sql = "INSERT INTO run_reports (review_id, kind, report, fuel, memory_bytes) VALUES ($1, $2, $3, $4, $5)";
    let params = [review.into(), kind.into(), report.into(), fuel.into(), memory_bytes.into()];
    tx.execute(sql, &params).map(|_| ())
}

/// The dry-run reports of a review.
pub fn reports(tx: &mut Tx, review: ReviewId) -> Result<Vec<RunReportRow>, StoreError> {
    tx.query("SELECT kind, report FROM run_reports WHERE review_id = $1 ORDER BY kind", &[review.into()])
}

/// A name of the domain, which its serde form is too.
fn named<T: serde::de::DeserializeOwned>(row: &Row, i: usize) -> Result<T, StoreError> {
    let name = row.str(i)?;
    serde_json::from_value(name.into())
        .map_err(|error| StoreError::Corrupt(format!("column {i} holds {name:?}: {error}")))
}

fn dismissal(row: &Row, first: usize) -> Result<Dismissal, StoreError> {
    Ok(Dismissal { by: row.parsed(first)?, at: row.timestamp(first + 1)?, reason: row.text(first + 2)? })
}
