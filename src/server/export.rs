//! Packages out: a version put together again as a `.skypkg` document.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::worker;
use crate::domain::version::VersionNumber;
use crate::market::{self, ExtensionRef};

/// Which version of an extension.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The version's number; without it the owner gets the newest in any stage, others what the channel points at.
    number: Option<String>,
}

/// A version as a package (`.skypkg`).
#[utoipa::path(get, path = "/extensions/{extid}/export", tag = "extensions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ExportQuery),
    responses((status = 200, description = "A .skypkg document", body = Object)))]
pub async fn download(
    State(app): State<App>,
    asker: Asker,
    Path(extid): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    let number = query.number.as_deref().map(str::parse::<VersionNumber>).transpose();
    let number = number.map_err(|error| Problem::bad_query("number", error.to_string()))?;
    let found = app
        .read(&asker, move |tx, turn| Ok(market::export(tx, &turn.act().viewer(), &wanted, number.as_ref())?))
        .await?;
    answer(&app, found).await
}

/// Puts a version together, with what the extension is called now; the code is large, so the bounded worker does it.
pub(super) async fn answer(app: &App, found: market::Export) -> Result<Answer, Problem> {
    let code = app.store().blobs().get(found.version.code.sha256).await?;
    let file_name = format!("{}-{}.skypkg", found.extension.slug, found.version.number);
    let (revision, now) = (found.version.revision, app.now());
    let bytes = worker::run_blocking(move || found.package(code, now)).await??;
    Ok(Answer::bytes("application/json", bytes, Some(&file_name)).revision(revision))
}
