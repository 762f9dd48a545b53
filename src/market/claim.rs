//! Taking a submission on, for as long as the lease lives.

use serde_json::json;

use super::act::{Act, IfMatch, Leave};
use super::case::{self, Case};
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use crate::domain::id::ReviewId;
use crate::domain::permit::ClaimReview;
use crate::domain::stage::Command;
use crate::store::Tx;
use crate::store::reviews::{self, ReviewRow};

/// Claims a review for the caller.
///
/// # Errors
/// [`Refused::Stage`] names who has it and until when; a claim of one's own that still lives is the conflict
/// `already_yours`.
pub fn claim(tx: &mut Tx, act: &Act, review: ReviewId, if_match: IfMatch) -> Result<ReviewRow, Refused> {
    let (case, leave) = case::open::<ClaimReview>(tx, act, review)?;
    case.check_match(tx, if_match)?;
    take(tx, act, case, &leave)
}

/// Claims a case that was read before in the same transaction.
pub(super) fn take(tx: &mut Tx, act: &Act, mut case: Case, leave: &Leave<ClaimReview>) -> Result<ReviewRow, Refused> {
    let account = leave.account()?;
    if case.review.claim_at(act.now).is_some_and(|claim| claim.by == account.id) {
        return Err(Refused::conflict(
            "already_yours",
            "you have claimed this already; renew the claim to keep it longer",
        ));
    }
    let lapsed = case.review.claim.as_ref().map(|claim| claim.by_name.clone());
    let stage = case.decide(leave, &Command::Claim, act.now)?;
    let name = leave.name();
    case.take(stage, &name, act.now);
    case.write(tx, "/claimed_by", &name, act.now)?;
    reviews::note_first_claim(tx, case.review.id, act.now)?;
    let lease_until = case.review.claim.as_ref().map(|claim| claim.lease_until.to_string());
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "lease_until": lease_until,
        "after_lapse_of": lapsed,
    });
    record(tx, leave, &Subject::Review(case.review.id), &detail, act.now);
    tell_queue(tx, "claimed", &case.review, case.extension.owner, &name);
    Ok(case.review)
}
