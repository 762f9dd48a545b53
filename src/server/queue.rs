//! The review queue: pages of it, and the next submission to take on.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::body::Maybe;
use super::caller::Asker;
use super::change::Change;
use super::extensions::filter;
use super::page::{self, Window};
use super::problem::Problem;
use super::query::Query;
use super::reviews::item;
use super::wire_queue;
use crate::api::page::Page;
use crate::api::queue::{ClaimNext, QueueItem};
use crate::domain::filter::QUEUE;
use crate::market;
use crate::store::queue as store;

/// Which submissions, and which part of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueParams {
    /// A filter such as `stage:ready scope:ban risk:>50 older:2d sort:-due`.
    q: Option<String>,
    /// Items at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Whether to count everything that fits the filter; left out of the answer where that would look at too many rows.
    total: Option<bool>,
}

/// A page of the queue by priority: all of it for maintainers, their own submissions for everyone else.
#[utoipa::path(get, path = "/queue", tag = "queue", params(QueueParams),
    responses((status = 200, body = Page<QueueItem>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<QueueParams>,
) -> Result<Answer, Problem> {
    let text = query.q.unwrap_or_default();
    let filter = filter(&text, &QUEUE)?;
    let window = Window::<String>::from_query(&format!("queue {text}"), query.limit, query.cursor.as_deref())?;
    let after = window.after.as_deref().map(|after| store::parse_cursor(after, &filter)).transpose();
    let after = after.map_err(|error| Problem::bad_query("cursor", error.to_string()))?;
    let counted = query.total == Some(true);
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let found = market::queue(tx, &viewer, &filter, after.clone(), window.limit, turn.now)?;
        let total = if counted { market::queue_total(tx, &viewer, &filter, turn.now)? } else { None };
        let next = found.next.as_ref().map(ToString::to_string);
        Ok(page::answer_written(&uri, &window, next, total, |body| wire_queue::write_lines(tx, &found, body))?)
    })
    .await
}

/// Claims the most urgent submission that the caller may review; 204 where none fits.
#[utoipa::path(post, path = "/queue/claim-next", tag = "queue", request_body = Option<ClaimNext>,
    responses((status = 200, body = QueueItem), (status = 204, description = "Nothing waits that the caller may review")))]
pub async fn claim_next(
    State(app): State<App>,
    Change { body: Maybe(body), order, .. }: Change<Maybe<ClaimNext>>,
) -> Result<Answer, Problem> {
    let text = body.and_then(|body| body.q).unwrap_or_default();
    let filter = filter(&text, &QUEUE)?;
    order
        .commit(&app, move |tx, turn| match market::claim_next(tx, &turn.act(), &filter)? {
            Some(row) => item(tx, turn, row),
            None => Ok(Answer::empty()),
        })
        .await
}
