//! Taking on the first submission in the queue that the caller may review.

use super::act::{Act, leave, leave_for_review};
use super::case;
use super::claim::take;
use super::refused::Refused;
use crate::domain::filter::Filter;
use crate::domain::limits::{PAGE_ITEMS_MAX, SCAN_ROWS_MAX};
use crate::domain::permit::ClaimReview;
use crate::domain::stage::StageName;
use crate::store::Tx;
use crate::store::queue::{self, QueueQuery};
use crate::store::reviews::{self, ReviewRow};

/// Claims the review of the highest priority that the caller may take and that fits the filter; nothing where there is
/// none among the first [`SCAN_ROWS_MAX`].
pub fn claim_next(tx: &mut Tx, act: &Act, filter: &Filter) -> Result<Option<ReviewRow>, Refused> {
    let account = leave::<ClaimReview>(tx, act)?.account()?.id;
    let filter = Filter { sort: None, ..filter.clone() };
    let mut query = QueueQuery {
        only_stage: Some(StageName::Ready),
        asker: Some(account),
        limit: PAGE_ITEMS_MAX,
        ..QueueQuery::of(&filter, act.now)
    };
    for _ in 0..SCAN_ROWS_MAX / PAGE_ITEMS_MAX {
        let page = queue::page(tx, &query)?;
        for seen in page.rows {
            // The page was read without locks, and somebody may have taken this one in between.
            let review = reviews::by_id(tx, seen.review()?)?;
            let Some(review) = review.filter(|review| review.stage_at(act.now) == StageName::Ready) else { continue };
            let case = case::complete(tx, review)?;
            if case.is_barred(account) {
                continue;
            }
            let leave = leave_for_review::<ClaimReview>(tx, act, &case.extension, &case.review)?;
            return take(tx, act, case, &leave).map(Some);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(None)
}
