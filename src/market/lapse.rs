//! Giving back claims whose lease has run out.

use serde_json::json;

use super::act::{Act, By, leave_for_review};
use super::case;
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use crate::domain::id::ReviewId;
use crate::domain::permit::ReleaseReview;
use crate::domain::time::Timestamp;
use crate::store::{Tx, reviews};

/// Claims given back in one transaction at most.
pub const LAPSES_MAX: usize = 200;

/// Gives back every claim that has run out by `now`, at most [`LAPSES_MAX`]; answers which.
pub fn lapse(tx: &mut Tx, now: Timestamp) -> Result<Vec<ReviewId>, Refused> {
    let act = Act { by: By::System, now, seed: [0; 32] };
    let mut given_back = Vec::new();
    for review in reviews::lapsed(tx, now, LAPSES_MAX)? {
        let mut case = case::complete(tx, review)?;
        let leave = leave_for_review::<ReleaseReview>(tx, &act, &case.extension, &case.review)?;
        let had = case.review.claim.clone();
        let stage = case.version.stage.read_at(now);
        case.take(stage, &leave.name(), now);
        case.write(tx, "/claimed_by", &leave.name(), now)?;
        let detail = json!({
            "slug": case.review.slug,
            "number": case.review.number.to_string(),
            "lapsed": had.as_ref().map(|claim| claim.by_name.as_str()),
            "lease_until": had.as_ref().map(|claim| claim.lease_until.to_string()),
        });
        record(tx, &leave, &Subject::Review(case.review.id), &detail, now);
        tell_queue(tx, "lapsed", &case.review, case.extension.owner, &leave.name());
        given_back.push(case.review.id);
    }
    Ok(given_back)
}
