//! Prolonging a claim before it runs out.

use serde_json::json;

use super::act::Act;
use super::case;
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::id::ReviewId;
use crate::domain::permit::RenewReview;
use crate::domain::stage::Command;
use crate::store::Tx;
use crate::store::reviews::ReviewRow;

/// Gives the caller's claim a new lease. The review's revision stays: nothing that a decision rests on has changed.
pub fn renew(tx: &mut Tx, act: &Act, review: ReviewId) -> Result<ReviewRow, Refused> {
    let (mut case, leave) = case::open::<RenewReview>(tx, act, review)?;
    let stage = case.decide(&leave, &Command::Renew, act.now)?;
    case.take(stage, &leave.name(), act.now);
    case.write_lease(tx, act.now)?;
    let lease_until = case.review.claim.as_ref().map(|claim| claim.lease_until.to_string());
    let detail =
        json!({ "slug": case.review.slug, "number": case.review.number.to_string(), "lease_until": lease_until });
    record(tx, &leave, &Subject::Review(review), &detail, act.now);
    super::record::tell_queue(tx, "renewed", &case.review, case.extension.owner, &leave.name());
    Ok(case.review)
}
