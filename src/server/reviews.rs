//! Reviews: reading one, and every step of deciding it.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::{Empty, Json};
use super::caller::Asker;
use super::change::Change;
use super::names::Names;
use super::path::{self, Path};
use super::problem::Problem;
use super::{wire_queue, wire_reviews};
use crate::api::queue::QueueItem;
use crate::api::reviews::{Approve, Decided, NewNote, Note, Reject, Review};
use crate::domain::id::ReviewId;
use crate::domain::policy::ApprovalsNeeded;
use crate::domain::stage::StageName;
use crate::market::{self, IfMatch};
use crate::store::reviews::ReviewRow;
use crate::store::{Tx, policy};

/// One review with everything a decision rests on.
#[utoipa::path(get, path = "/reviews/{id}", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    responses((status = 200, body = Review)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(id): Path<String>) -> Result<Answer, Problem> {
    let review: ReviewId = path::id("review", &id)?;
    app.read(&asker, move |tx, turn| {
        let found = market::review(tx, &turn.act().viewer(), review, turn.now)?;
        let revision = found.item.row.revision;
        Ok(Answer::ok(&wire_reviews::review(tx, turn, found)?).revision(revision))
    })
    .await
}

/// Takes a submission on, until the lease runs out.
#[utoipa::path(post, path = "/reviews/{id}/claim", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    responses((status = 200, body = QueueItem)))]
pub async fn claim(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let review = path::id("review", &id)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::claim(tx, &turn.act(), review, if_match)?;
            item(tx, turn, row)
        })
        .await
}

/// Prolongs the caller's claim.
#[utoipa::path(post, path = "/reviews/{id}/renew", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    responses((status = 200, body = QueueItem)))]
pub async fn renew(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let review = path::id("review", &id)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::renew(tx, &turn.act(), review)?;
            item(tx, turn, row)
        })
        .await
}

/// Gives the caller's claim back.
#[utoipa::path(post, path = "/reviews/{id}/release", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    responses((status = 200, body = QueueItem)))]
pub async fn release(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let review = path::id("review", &id)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::release(tx, &turn.act(), review)?;
            item(tx, turn, row)
        })
        .await
}

/// Approves what was seen: the revision of `If-Match` and the code of `sha256`.
#[utoipa::path(post, path = "/reviews/{id}/approve", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    request_body = Approve, responses((status = 200, body = Decided)))]
pub async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Approve>>,
) -> Result<Answer, Problem> {
    let review = path::id("review", &id)?;
    let if_match = IfMatch::Revision(order.if_match()?);
    order
        .commit(&app, move |tx, turn| {
            let row = approve_in(tx, turn, review, if_match, &body)?;
            Ok(Answer::ok(&decided(&row)).revision(row.revision))
        })
        .await
}

/// Rejects what was seen, with a reason and a text for the author.
#[utoipa::path(post, path = "/reviews/{id}/reject", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    request_body = Reject, responses((status = 200, body = Decided)))]
pub async fn reject(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reject>>,
) -> Result<Answer, Problem> {
    let review = path::id("review", &id)?;
    let if_match = IfMatch::Revision(order.if_match()?);
    order
        .commit(&app, move |tx, turn| {
            let row = reject_in(tx, turn, review, if_match, &body)?;
            Ok(Answer::ok(&decided(&row)).revision(row.revision))
        })
        .await
}

/// Writes a note for other reviewers.
#[utoipa::path(post, path = "/reviews/{id}/note", tag = "reviews", params(("id" = String, Path, description = "The review's id")),
    request_body = NewNote, responses((status = 201, body = Note)))]
pub async fn note(
    State(app): State<App>,
    Path(id): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewNote>>,
) -> Result<Answer, Problem> {
    let review: ReviewId = path::id("review", &id)?;
    order
        .commit(&app, move |tx, turn| {
            let noted = market::note(tx, &turn.act(), review, &body.text)?;
            Ok(Answer::created(&format!("/reviews/{review}"), &wire_reviews::note(&noted.note)))
        })
        .await
}

/// Approves in a transaction, with a note where the body has one.
pub(super) fn approve_in(
    tx: &mut Tx,
    turn: &Turn,
    review: ReviewId,
    if_match: IfMatch,
    body: &Approve,
) -> Result<ReviewRow, Problem> {
    let seen = body.sha256.parse().map_err(|error| Problem::invalid("/sha256", format!("{error}")))?;
    let approved = market::approve(tx, &turn.act(), &market::Approve { review, if_match, seen })?;
    if let Some(text) = body.note.as_deref().filter(|text| !text.trim().is_empty()) {
        market::note(tx, &turn.act(), review, text)?;
    }
    Ok(match approved {
        market::Approved::First(review) | market::Approved::Published { review, .. } => review,
    })
}

/// Rejects in a transaction.
pub(super) fn reject_in(
    tx: &mut Tx,
    turn: &Turn,
    review: ReviewId,
    if_match: IfMatch,
    body: &Reject,
) -> Result<ReviewRow, Problem> {
    let reason = body.reason.parse().map_err(|error| Problem::invalid("/reason", format!("{error}")))?;
    let input = market::Reject { review, if_match, reason, feedback: body.feedback.clone() };
    Ok(market::reject(tx, &turn.act(), &input)?)
}

/// The review as the queue shows it.
pub(super) fn item(tx: &mut Tx, turn: &Turn, row: ReviewRow) -> Result<Answer, Problem> {
    let policy = policy::in_force(tx, turn.now)?;
    let revision = row.revision;
    let wire = wire_queue::item(tx, &mut Names::default(), market::item(row, &policy, turn.now))?;
    Ok(Answer::ok(&wire).revision(revision))
}

/// What `*` and a revision mean to a use case.
pub(super) fn seen_or_any(revision: Option<i64>) -> IfMatch {
    revision.map_or(IfMatch::Any, IfMatch::Revision)
}

fn decided(row: &ReviewRow) -> Decided {
    let waits_for_second = row.stage == StageName::Ready && row.approvals_needed == ApprovalsNeeded::Two;
    Decided {
        review_id: row.id.to_string(),
        stage: row.stage.name().to_owned(),
        approvals_missing: u8::from(waits_for_second),
        revision: row.revision,
    }
}
