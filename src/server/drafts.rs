//! The draft of an extension: read, written, saved.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::{Empty, Package as PackageBody};
use super::caller::Asker;
use super::change::Change;
use super::export;
use super::extensions::judged;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use super::versions::changed;
use crate::api::versions::Version;
use crate::market::{self, ExtensionRef};

/// The draft as a package (`.skypkg`), for the owner and for maintainers.
#[utoipa::path(get, path = "/extensions/{extid}/draft", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, description = "A .skypkg document", body = Object)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(extid): Path<String>) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    let found = app.read(&asker, move |tx, turn| Ok(market::current_draft(tx, &turn.act().viewer(), &wanted)?)).await?;
    export::answer(&app, market::Export { extension: found.extension, version: found.version }).await
}

/// Writes the draft: a package that is judged whole.
#[utoipa::path(put, path = "/extensions/{extid}/draft", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    request_body(content = Object, description = "A .skypkg document"), responses((status = 200, body = Version)))]
pub async fn write(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { body: PackageBody(bytes), order, .. }: Change<PackageBody>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    let package = judged(bytes.to_vec()).await?;
    let blob = order.store_blob(&app, package.code.bytes.clone()).await?;
    let input = market::Draft { extension, package, blob, if_match };
    order
        .commit(&app, move |tx, turn| {
            let row = market::draft(tx, &turn.act(), &input)?;
            changed(tx, turn, &input.extension, &row)
        })
        .await
}

/// Completes the draft: the version is saved and can be submitted.
#[utoipa::path(post, path = "/extensions/{extid}/draft/save", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = Version)))]
pub async fn save(
    State(app): State<App>,
    Path(extid): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let extension: ExtensionRef = path::id("extension", &extid)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::save(tx, &turn.act(), &extension, if_match)?;
            changed(tx, turn, &extension, &row)
        })
        .await
}
