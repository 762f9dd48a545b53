//! Submitting a version; a rehearsal runs its checks at once.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::Empty;
use super::change::{Change, Order};
use super::path::Path;
use super::problem::Problem;
use super::reviews::seen_or_any;
use super::versions::version_ref;
use super::{wire_versions, worker};
use crate::api::versions::Submitted;
use crate::market::{self, IfMatch, VersionRef};
use crate::store::Tx;

/// Asks for review. With `dry_run=true` nothing is submitted, and the answer holds what the checks find.
#[utoipa::path(post, path = "/extensions/{extid}/versions/{number}/submit", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 201, body = Submitted)))]
pub async fn submit(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    if order.is_rehearsal() {
        return rehearse(&app, &order, wanted, if_match).await;
    }
    order
        .commit(&app, move |tx, turn| {
            let (_, wire) = submitted(tx, turn, &wanted, if_match)?;
            let revision = wire.version.revision;
            Ok(Answer::created(&format!("/reviews/{}", wire.review_id), &wire).revision(revision))
        })
        .await
}

async fn rehearse(app: &App, order: &Order, wanted: VersionRef, if_match: IfMatch) -> Result<Answer, Problem> {
    let (version, mut wire) = order.step(app, move |tx, turn| submitted(tx, turn, &wanted, if_match)).await?;
    wire.checks = Some(worker::rehearse_checks(app, version).await?);
    let location = format!("/reviews/{}", wire.review_id);
    Ok(Answer::created(&location, &wire).revision(wire.version.revision))
}

fn submitted(
    tx: &mut Tx,
    turn: &Turn,
    wanted: &VersionRef,
    if_match: IfMatch,
) -> Result<(crate::domain::id::VersionId, Submitted), Problem> {
    let made = market::submit(tx, &turn.act(), wanted, if_match)?;
    let viewer = turn.act().viewer();
    let extension = market::find(tx, &viewer, &wanted.extension)?;
    let wire = Submitted {
        review_id: made.review.id.to_string(),
        due_at: made.review.standing.due_at.to_string(),
        version: wire_versions::version(tx, &viewer, &extension, &made.version, turn.now)?,
        checks: None,
    };
    Ok((made.version.id, wire))
}
