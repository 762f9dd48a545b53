//! Many reviews in one request: each item is its own transaction with its own outcome.

use axum::extract::{OriginalUri, State};
use http::StatusCode;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::Json;
use super::change::Change;
use super::problem::Problem;
use super::{conditional, path, reviews};
use crate::api::reviews::{Approve, BulkItem, BulkResult, Reject};
use crate::domain::id::ReviewId;
use crate::domain::limits::BULK_ITEMS_MAX;
use crate::market::{self, IfMatch};
use crate::store::Tx;

/// Does up to 100 things to reviews; every item succeeds or fails by itself.
#[utoipa::path(post, path = "/reviews/bulk", tag = "reviews", request_body = Vec<BulkItem>,
    responses((status = 207, body = Vec<BulkResult>)))]
pub async fn decide(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Change { body: Json(items), order, .. }: Change<Json<Vec<BulkItem>>>,
) -> Result<Answer, Problem> {
    if items.is_empty() || items.len() > BULK_ITEMS_MAX {
        let detail = format!("1 to {BULK_ITEMS_MAX} items are taken at once; these are {}", items.len());
        return Err(Problem::invalid("", detail));
    }
    if let Some(answer) = order.replay(&app).await? {
        return Ok(answer);
    }
    let mut results = Vec::with_capacity(items.len());
    for item in items {
        let review_id = item.review_id.clone();
        let outcome = order.step(&app, move |tx, turn| act(tx, turn, &item)).await;
        results.push(match outcome {
            Ok(stage) => {
                BulkResult { review_id, status: StatusCode::OK.as_u16(), stage: Some(stage.to_owned()), problem: None }
            }
            Err(problem) => BulkResult {
                review_id,
                status: problem.status().as_u16(),
                stage: None,
                problem: Some(problem.to_wire(uri.path(), "")),
            },
        });
    }
    order.commit(&app, move |_, _| Ok(Answer::multi_status(&results))).await
}

/// Does one item; answers the stage the version is in then.
fn act(tx: &mut Tx, turn: &Turn, item: &BulkItem) -> Result<&'static str, Problem> {
    let review: ReviewId = path::id("review", &item.review_id)?;
    let needed = |text: &Option<String>, pointer: &str| {
        text.clone().ok_or_else(|| Problem::invalid(pointer, format!("{} needs this member", item.action)))
    };
    let row = match item.action.as_str() {
        "claim" => market::claim(tx, &turn.act(), review, seen(item)?.unwrap_or(IfMatch::Any))?,
        "renew" => market::renew(tx, &turn.act(), review)?,
        "release" => market::release(tx, &turn.act(), review)?,
        "approve" => {
            let if_match = decides(item)?;
            let body = Approve { sha256: needed(&item.sha256, "/sha256")?, note: item.feedback.clone() };
            reviews::approve_in(tx, turn, review, if_match, &body)?
        }
        "reject" => {
            let if_match = decides(item)?;
            let reason = needed(&item.reason, "/reason")?;
            let body = Reject { reason, feedback: needed(&item.feedback, "/feedback")? };
            reviews::reject_in(tx, turn, review, if_match, &body)?
        }
        "note" => market::note(tx, &turn.act(), review, &needed(&item.feedback, "/feedback")?)?.review,
        other => {
            let shown: String = other.chars().take(40).collect();
            let detail =
                format!("{shown:?} is no action; the actions are claim, release, renew, approve, reject, note");
            return Err(Problem::invalid("/action", detail));
        }
    };
    Ok(row.stage_at(turn.now).name())
}

/// What an approval or a rejection rests on: required, as `If-Match` is for one alone.
fn decides(item: &BulkItem) -> Result<IfMatch, Problem> {
    seen(item)?.ok_or_else(|| {
        let detail = format!("{} needs the etag that was shown with the review", item.action);
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", detail)
    })
}

fn seen(item: &BulkItem) -> Result<Option<IfMatch>, Problem> {
    let Some(etag) = &item.etag else { return Ok(None) };
    let revision = conditional::revision_of(etag);
    let revision =
        revision.ok_or_else(|| Problem::invalid("/etag", "not an ETag of a review, which is a number in quotes"))?;
    Ok(Some(IfMatch::Revision(revision)))
}
