//! Findings: saying that one is not a problem.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::change::Change;
use super::names::Names;
use super::path::{self, Path};
use super::problem::Problem;
use super::wire_reviews;
use crate::api::extensions::Reason;
use crate::api::reviews::Finding;
use crate::domain::id::FindingId;
use crate::market::{self, IfMatch};
use crate::store::findings;

/// Says that a finding is not a problem, for later versions with the same code too; the `ETag` is the review's.
#[utoipa::path(post, path = "/findings/{id}/dismiss", tag = "reviews", params(("id" = String, Path, description = "The finding's id")),
    request_body = Reason, responses((status = 200, body = Finding)))]
pub async fn dismiss(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let finding: FindingId = path::id("finding", &id)?;
    let if_match = order.if_match_if_given().map_or(IfMatch::Any, IfMatch::Revision);
    let input = market::Dismiss { finding, if_match, reason: body.reason };
    order
        .commit(&app, move |tx, turn| {
            let review = market::dismiss(tx, &turn.act(), &input)?;
            let row =
                findings::by_id(tx, finding)?.ok_or_else(|| Problem::not_found("finding", &finding.to_string()))?;
            let wire = wire_reviews::finding(tx, &mut Names::default(), &row)?;
            Ok(Answer::ok(&wire).revision(review.revision))
        })
        .await
}
