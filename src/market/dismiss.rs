//! Calling a finding no problem, for this version and for later ones with the same code there.

use serde_json::json;

use super::act::{Act, IfMatch};
use super::case;
use super::input::{Length, text};
use super::record::{Subject, record, tell_queue};
use super::record_checks::count_findings;
use super::refused::Refused;
use crate::domain::id::FindingId;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::DismissFinding;
use crate::store::Tx;
use crate::store::findings::{self, Dismissal};
use crate::store::reviews::ReviewRow;

/// Which finding is no problem, and why.
#[derive(Clone, Debug)]
pub struct Dismiss {
    /// The finding.
    pub finding: FindingId,
    /// The review's revision that was seen.
    pub if_match: IfMatch,
    /// Why.
    pub reason: String,
}

/// Dismisses a finding; answers with its review.
///
/// # Errors
/// The conflict `already_dismissed`.
pub fn dismiss(tx: &mut Tx, act: &Act, input: &Dismiss) -> Result<ReviewRow, Refused> {
    let finding = findings::by_id(tx, input.finding)?.ok_or(Refused::NotFound("finding"))?;
    let (mut case, leave) = case::open::<DismissFinding>(tx, act, finding.review)?;
    case.check_match(tx, input.if_match)?;
    if finding.dismissed.is_some() {
        return Err(Refused::conflict("already_dismissed", "this finding was dismissed before"));
    }
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let dismissal = Dismissal { by: leave.account()?.id, at: act.now, reason: reason.clone() };
    findings::dismiss(tx, case.extension.id, &finding, &dismissal)?;
    let rows = findings::of_review(tx, finding.review)?;
    count_findings(&mut case.review, &rows);
    case.write_review(tx, "/findings", &leave.name(), act.now)?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "finding_id": input.finding.to_string(),
        "rule": finding.rule,
        "fingerprint": finding.fingerprint.to_string(),
        "reason": reason,
    });
    record(tx, &leave, &Subject::Review(case.review.id), &detail, act.now);
    tell_queue(tx, "finding_dismissed", &case.review, case.extension.owner, &leave.name());
    Ok(case.review)
}
