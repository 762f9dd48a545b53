//! Rejecting a submission, with what its author is told.

use serde_json::json;

use super::act::{Act, IfMatch};
use super::case;
use super::input::{Length, text};
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use super::{reputation, thread};
use crate::domain::extension::ReasonCode;
use crate::domain::id::ReviewId;
use crate::domain::limits::FEEDBACK_CHARS_MAX;
use crate::domain::permit::RejectReview;
use crate::domain::reputation::EventKind;
use crate::domain::stage::Command;
use crate::domain::thread::Side;
use crate::store::Tx;
use crate::store::reviews::{self, ReviewRow};

/// What is rejected, and why.
#[derive(Clone, Debug)]
pub struct Reject {
    /// The review.
    pub review: ReviewId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// The sort of reason.
    pub reason: ReasonCode,
    /// What the author is told.
    pub feedback: String,
}

/// Rejects a review that the caller has claimed.
pub fn reject(tx: &mut Tx, act: &Act, input: &Reject) -> Result<ReviewRow, Refused> {
    let (mut case, leave) = case::open::<RejectReview>(tx, act, input.review)?;
    case.check_match(tx, input.if_match)?;
    let reasons = &leave.policy.review.reasons;
    if !reasons.contains(&input.reason) {
        let names: Vec<&str> = reasons.iter().map(|reason| reason.name()).collect();
        let message =
            format!("the policy has no rejections for {}; the reasons are {}", input.reason, names.join(", "));
        return Err(Refused::field("/reason", "reason_not_allowed", message));
    }
    let feedback = text("/feedback", &input.feedback, Length::needed(FEEDBACK_CHARS_MAX))?;
    let command = Command::Reject { reason: input.reason, feedback: feedback.clone() };
    let stage = case.decide(&leave, &command, act.now)?;
    let name = leave.name();
    case.take(stage, &name, act.now);
    case.write(tx, "/stage", &name, act.now)?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "reason": input.reason.name(),
        "feedback": feedback,
    });
    record(tx, &leave, &Subject::Review(case.review.id), &detail, act.now);
    reviews::note_reason(tx, case.review.id, input.reason)?;
    thread::tell(tx, &case, Side::Reviewer, Some(leave.account()?.id), &feedback, act.now)?;
    reputation::decided(tx, &case.review, EventKind::Rejected, &leave.policy, act.now)?;
    tell_queue(tx, "rejected", &case.review, case.extension.owner, &name);
    Ok(case.review)
}
