//! Giving an extension to another account: offered, then accepted or declined.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::{Empty, Json};
use super::change::Change;
use super::extensions::answer;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use crate::api::extensions::{Extension, TransferOffer};
use crate::market::{self, ExtensionRef};

/// Offers the extension to another account, in the place of an earlier offer.
#[utoipa::path(post, path = "/extensions/{extid}/transfer", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = TransferOffer, responses((status = 200, body = Extension)))]
pub async fn offer(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<TransferOffer>>,
) -> Result<Answer, Problem> {
    let input = market::Offer {
        extension: path::id("extension", &extid)?,
        to: body.to.parse().map_err(|error| Problem::invalid("/to", format!("{error}")))?,
        if_match: seen_or_any(order.if_match_or_any()?),
    };
    order
        .commit(&app, move |tx, turn| {
            let row = market::offer(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Takes an extension that is offered to the caller.
#[utoipa::path(post, path = "/extensions/{extid}/transfer/accept", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = Extension)))]
pub async fn accept(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::accept(tx, &turn.act(), &wanted)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Declines an extension that is offered to the caller, who may see no more of it than everybody then.
#[utoipa::path(post, path = "/extensions/{extid}/transfer/decline", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = Extension)))]
pub async fn decline(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::decline(tx, &turn.act(), &wanted)?;
            answer(tx, turn, &row)
        })
        .await
}
