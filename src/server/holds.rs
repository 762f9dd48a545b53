//! What maintainers do to a published extension: hold versions back, let them go, point the channel back.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::change::Change;
use super::extensions::answer;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use crate::api::extensions::{Extension, Reason, Restriction, Rollback};
use crate::domain::extension::parse_range;
use crate::market::{self, IfMatch, VersionRef};

/// Keeps everybody new from getting versions until they are looked into; what is installed runs on.
#[utoipa::path(post, path = "/extensions/{extid}/quarantine", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = Restriction, responses((status = 200, body = Extension)))]
pub async fn quarantine(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Restriction>>,
) -> Result<Answer, Problem> {
    let input = held(&extid, seen_or_any(order.if_match_or_any()?), &body)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::quarantine(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Stops versions everywhere: hosts no longer run them.
#[utoipa::path(post, path = "/extensions/{extid}/block", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = Restriction, responses((status = 200, body = Extension)))]
pub async fn block(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Restriction>>,
) -> Result<Answer, Problem> {
    let input = held(&extid, seen_or_any(order.if_match_or_any()?), &body)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::block(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Lifts a quarantine or a block; why is kept in the audit log.
#[utoipa::path(post, path = "/extensions/{extid}/release", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = Reason, responses((status = 200, body = Extension)))]
pub async fn release(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let if_match = seen_or_any(order.if_match_or_any()?);
    let input = market::LetGo { extension: path::id("extension", &extid)?, if_match, reason: body.reason };
    order
        .commit(&app, move |tx, turn| {
            let row = market::let_go(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Points the stable channel back at an older published version.
#[utoipa::path(post, path = "/extensions/{extid}/rollback", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body = Rollback, responses((status = 200, body = Extension)))]
pub async fn rollback(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Rollback>>,
) -> Result<Answer, Problem> {
    let extension = path::id("extension", &extid)?;
    let version = VersionRef {
        extension,
        number: body.number.parse().map_err(|error| Problem::invalid("/number", format!("{error}")))?,
    };
    let input = market::Rollback { version, if_match: seen_or_any(order.if_match_or_any()?), reason: body.reason };
    order
        .commit(&app, move |tx, turn| {
            let row = market::rollback(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

fn held(extid: &str, if_match: IfMatch, body: &Restriction) -> Result<market::HoldBack, Problem> {
    let range = match body.range.as_deref() {
        Some(text) => Some(parse_range(text).map_err(|error| Problem::invalid("/range", error))?),
        None => None,
    };
    Ok(market::HoldBack { extension: path::id("extension", extid)?, if_match, range, reason: body.reason.clone() })
}
