//! Reports of ratings: making one, and the queue in which maintainers decide them.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::{Change, Order};
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::wire_ratings as wire;
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::ratings::{NewReport, RatingReport, ReportLine};
use crate::domain::id::{RatingId, ReportId};
use crate::domain::rating::{NotARatingWord, ReportReason, ReportState};
use crate::market::{self, Complaint, IfMatch, ReportVerdict, Verdict};

/// Which reports.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportsQuery {
    /// `open` (where absent), `upheld`, `dismissed` or `moot`.
    state: Option<String>,
    /// Reports at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Reports a rating to the maintainers.
#[utoipa::path(post, path = "/ratings/{id}/report", tag = "ratings",
    params(("id" = String, Path, description = "The rating's id")),
    request_body = NewReport, responses((status = 200, body = RatingReport)))]
pub async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewReport>>,
) -> Result<Answer, Problem> {
    let rating: RatingId = path::id("rating", &id)?;
    let reason: ReportReason =
        body.reason.parse().map_err(|refusal: NotARatingWord| Problem::invalid("/reason", refusal.to_string()))?;
    let input = Complaint { rating, reason, text: body.text };
    order
        .commit(&app, move |tx, turn| {
            let row = market::report(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&wire::report(&row)).revision(row.revision))
        })
        .await
}

/// Reports of ratings, those that wait longest first.
#[utoipa::path(get, path = "/rating-reports", tag = "ratings", params(ReportsQuery),
    responses((status = 200, body = Page<ReportLine>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ReportsQuery>,
) -> Result<Answer, Problem> {
    let state = query.state.as_deref().unwrap_or("open").parse::<ReportState>();
    let state = state.map_err(|refusal| Problem::bad_query("state", refusal.to_string()))?;
    let list = format!("rating reports {}", state.name());
    let window = Window::<String>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let after = window.after.as_deref().map(str::parse::<ReportId>).transpose();
    let after = after.map_err(|refusal| Problem::bad_query("cursor", refusal.to_string()))?;
    let limit = window.limit;
    let found = app
        .read(&asker, move |tx, turn| Ok(market::rating_reports(tx, &turn.act().viewer(), state, after, limit + 1)?))
        .await?;
    let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|line| line.row.id.to_string());
    let items: Vec<ReportLine> = found.iter().take(limit).map(wire::line).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// Upholds a report and every other one of the same rating: the rating is hidden and counts no more.
#[utoipa::path(post, path = "/rating-reports/{id}/uphold", tag = "ratings",
    params(("id" = String, Path, description = "The report's id")),
    request_body = Reason, responses((status = 200, body = RatingReport)))]
pub async fn uphold(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    decide(&app, order, &id, Verdict::Uphold, body.reason).await
}

/// Dismisses a report and every other one of the same rating: the rating is shown, again where it was hidden.
#[utoipa::path(post, path = "/rating-reports/{id}/dismiss", tag = "ratings",
    params(("id" = String, Path, description = "The report's id")),
    request_body = Reason, responses((status = 200, body = RatingReport)))]
pub async fn dismiss(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    decide(&app, order, &id, Verdict::Dismiss, body.reason).await
}

async fn decide(app: &App, order: Order, id: &str, verdict: Verdict, reason: String) -> Result<Answer, Problem> {
    let report: ReportId = path::id("report", id)?;
    let input = ReportVerdict { report, if_match: IfMatch::Revision(order.if_match()?), verdict, reason };
    order
        .commit(app, move |tx, turn| {
            let row = market::decide_report(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&wire::report(&row)).revision(row.revision))
        })
        .await
}
