//! Giving a claim back.

use serde_json::json;

use super::act::Act;
use super::case;
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use crate::domain::id::ReviewId;
use crate::domain::permit::ReleaseReview;
use crate::domain::stage::Command;
use crate::store::Tx;
use crate::store::reviews::ReviewRow;

/// Gives the caller's claim back; a first approval stays.
pub fn release(tx: &mut Tx, act: &Act, review: ReviewId) -> Result<ReviewRow, Refused> {
    let (mut case, leave) = case::open::<ReleaseReview>(tx, act, review)?;
    let stage = case.decide(&leave, &Command::Release, act.now)?;
    let name = leave.name();
    case.take(stage, &name, act.now);
    case.write(tx, "/claimed_by", &name, act.now)?;
    let detail = json!({ "slug": case.review.slug, "number": case.review.number.to_string() });
    record(tx, &leave, &Subject::Review(review), &detail, act.now);
    tell_queue(tx, "released", &case.review, case.extension.owner, &name);
    Ok(case.review)
}
