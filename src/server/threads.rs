//! Threads about reviews: the list with its unread marks, one with its messages, and saying something.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, Turn as Moment};
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use crate::api::page::Page;
use crate::api::threads::{NewMessage, ReadUntil, Thread, ThreadMessage};
use crate::domain::id::ReviewId;
use crate::domain::thread::{NotATurn, Turn};
use crate::market::{self, Said, ThreadDetail};
use crate::store::Tx;
use crate::store::threads::ThreadLine;

/// Which threads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThreadsQuery {
    /// Only those where it is the turn of `owner`, `reviewers` or `nobody`.
    turn: Option<String>,
    /// Threads at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Threads, those in which something was said last first: all of them for maintainers, the caller's own for others.
#[utoipa::path(get, path = "/threads", tag = "reviews", params(ThreadsQuery),
    responses((status = 200, body = Page<Thread>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ThreadsQuery>,
) -> Result<Answer, Problem> {
    let turn = query.turn.as_deref().map(str::parse::<Turn>).transpose();
    let turn = turn.map_err(|refusal| Problem::bad_query("turn", refusal.to_string()))?;
    let list = format!("threads {turn:?}");
    let window = Window::<(i64, String)>::from_query(&list, query.limit, query.cursor.as_deref())?;
    let (before, limit) = (window.after.clone(), window.limit);
    let found = app
        .read(&asker, move |tx, moment| {
            Ok(market::threads(tx, &moment.act().viewer(), turn, before.clone(), limit + 1)?)
        })
        .await?;
    let last = found.get(limit - 1).filter(|_| found.len() > limit);
    let next = last.map(|line| (line.row.updated_at.as_ms(), line.row.review.to_string()));
    let items: Vec<Thread> = found.iter().take(limit).map(line).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// The thread of a review with its messages.
#[utoipa::path(get, path = "/reviews/{id}/thread", tag = "reviews",
    params(("id" = String, Path, description = "The review's id")), responses((status = 200, body = Thread)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(id): Path<String>) -> Result<Answer, Problem> {
    let review: ReviewId = path::id("review", &id)?;
    app.read(&asker, move |tx, moment| answer(tx, moment, review)).await
}

/// Says something in the thread of a review; a reviewer's first words open it.
#[utoipa::path(post, path = "/reviews/{id}/thread", tag = "reviews",
    params(("id" = String, Path, description = "The review's id")),
    request_body = NewMessage, responses((status = 200, body = Thread)))]
pub async fn say(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewMessage>>,
) -> Result<Answer, Problem> {
    let review: ReviewId = path::id("review", &id)?;
    let turn = body.turn.as_deref().map(str::parse).transpose();
    let turn = turn.map_err(|refusal: NotATurn| Problem::invalid("/turn", refusal.to_string()))?;
    let input = Said { review, text: body.text, turn };
    order
        .commit(&app, move |tx, moment| {
            market::say(tx, &moment.act(), &input)?;
            answer(tx, moment, review)
        })
        .await
}

/// Notes up to which message the caller has read; what was read already stays read.
#[utoipa::path(post, path = "/reviews/{id}/thread/read", tag = "reviews",
    params(("id" = String, Path, description = "The review's id")),
    request_body = ReadUntil, responses((status = 204)))]
pub async fn read(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<ReadUntil>>,
) -> Result<Answer, Problem> {
    let review: ReviewId = path::id("review", &id)?;
    order
        .commit(&app, move |tx, moment| {
            market::mark_read(tx, &moment.act(), review, body.n)?;
            Ok(Answer::empty())
        })
        .await
}

fn answer(tx: &mut Tx, moment: &Moment, review: ReviewId) -> Result<Answer, Problem> {
    let found = market::thread(tx, &moment.act().viewer(), review)?;
    Ok(Answer::ok(&detail(&found)).revision(found.row.revision))
}

fn line(line: &ThreadLine) -> Thread {
    Thread {
        review_id: line.row.review.to_string(),
        extension_id: line.row.extension.to_string(),
        slug: line.slug.clone(),
        number: line.number.clone(),
        stage: line.stage.clone(),
        turn: line.row.turn.name().to_owned(),
        messages_count: line.row.messages,
        unread: line.unread,
        opened_at: line.row.opened_at.to_string(),
        updated_at: line.row.updated_at.to_string(),
        revision: line.row.revision,
        messages: Vec::new(),
    }
}

fn detail(found: &ThreadDetail) -> Thread {
    let messages = found.messages.iter().map(|message| ThreadMessage {
        n: message.n,
        side: message.side.name().to_owned(),
        by: message.by_name.clone(),
        text: message.text.clone(),
        at: message.at.to_string(),
        unread: message.n > found.read_until,
    });
    let shown = ThreadLine {
        slug: found.review.slug.clone(),
        number: found.review.number.to_string(),
        stage: found.review.stage.name().to_owned(),
        unread: found.row.messages - found.read_until,
        row: found.row.clone(),
    };
    Thread { messages: messages.collect(), ..line(&shown) }
}
