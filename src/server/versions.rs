//! Versions: reading them, their code and checks, and their life outside review.

use axum::extract::{OriginalUri, State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::{Empty, Json};
use super::caller::Asker;
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::reviews::seen_or_any;
use super::{wire_reviews, wire_versions};
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::reviews::Checks;
use crate::api::versions::{Revise, Version};
use crate::domain::manifest::Runtime;
use crate::domain::version::VersionNumber;
use crate::market::{self, ExtensionRef, VersionRef};
use crate::store::Tx;
use crate::store::extensions::ExtensionRow;
use crate::store::versions::VersionRow;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    /// Items at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The versions that the caller may see, greatest number first.
#[utoipa::path(get, path = "/extensions/{extid}/versions", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), VersionsQuery),
    responses((status = 200, body = Page<Version>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Path(extid): Path<String>,
    Query(query): Query<VersionsQuery>,
) -> Result<Answer, Problem> {
    let wanted: ExtensionRef = path::id("extension", &extid)?;
    let window = Window::<String>::from_query(&format!("versions {wanted}"), query.limit, query.cursor.as_deref())?;
    let after = match window.after.as_deref().map(str::parse::<VersionNumber>) {
        None => None,
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => return Err(Problem::bad_query("cursor", "this cursor is not from this list; leave it out")),
    };
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let found = market::extension(tx, &viewer, &wanted)?;
        let mut rows = found.versions;
        rows.retain(|row| after.as_ref().is_none_or(|after| row.number < *after));
        let more = rows.len() > window.limit;
        rows.truncate(window.limit);
        let next = rows.last().filter(|_| more).map(|row| row.number.to_string());
        let items: Result<Vec<Version>, _> =
            rows.iter().map(|row| wire_versions::version(tx, &viewer, &found.row, row, turn.now)).collect();
        Ok(page::answer(&uri, &window, items?, next, None))
    })
    .await
}

/// One version.
#[utoipa::path(get, path = "/extensions/{extid}/versions/{number}", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 200, body = Version)))]
pub async fn show(
    State(app): State<App>,
    asker: Asker,
    Path((extid, number)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    app.read(&asker, move |tx, turn| {
        let found = market::version(tx, &turn.act().viewer(), &wanted.extension, &wanted.number)?;
        answer(tx, turn, &found.extension, &found.version)
    })
    .await
}

/// A version's code: a module's bytes, or a script's text.
#[utoipa::path(get, path = "/extensions/{extid}/versions/{number}/code", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 200, description = "The bytes that the digests are over", content((Vec<u8> = "application/wasm"), (String = "text/javascript")))))]
pub async fn code(
    State(app): State<App>,
    asker: Asker,
    Path((extid, number)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    let read = move |tx: &mut Tx, turn: &Turn| {
        Ok(market::export(tx, &turn.act().viewer(), &wanted.extension, Some(&wanted.number))?)
    };
    let found = app.read(&asker, read).await?;
    let bytes = app.store().blobs().get(found.version.code.sha256).await?;
    let name = format!("{}-{}.skyext", found.extension.slug, found.version.number);
    Ok(Answer::bytes(content_type(found.version.runtime), bytes, Some(&name)))
}

/// What the checks of the version's newest submission did and found; for its owner and for maintainers.
#[utoipa::path(get, path = "/extensions/{extid}/versions/{number}/checks", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 200, body = Checks)))]
pub async fn checks(
    State(app): State<App>,
    asker: Asker,
    Path((extid, number)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let found = market::version(tx, &viewer, &wanted.extension, &wanted.number)?;
        if !viewer.sees_all_of(&found.extension) {
            let detail = "what the checks found is for the owner and for maintainers";
            return Err(Problem::new(StatusCode::FORBIDDEN, "not_owner", detail));
        }
        let review = found.review.ok_or_else(|| {
            let detail =
                "this version was never submitted, so nothing was checked; rehearse its submission (dry_run=true)";
            Problem::new(StatusCode::NOT_FOUND, "never_checked", detail)
        })?;
        Ok(Answer::ok(&wire_reviews::checks(tx, &review)?))
    })
    .await
}

/// Takes a submission back.
#[utoipa::path(post, path = "/extensions/{extid}/versions/{number}/withdraw", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 200, body = Version)))]
pub async fn withdraw(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::withdraw(tx, &turn.act(), &wanted, if_match)?;
            changed(tx, turn, &wanted.extension, &row)
        })
        .await
}

/// Starts a new version from a rejected or withdrawn one.
#[utoipa::path(post, path = "/extensions/{extid}/versions/{number}/revise", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    request_body = Revise, responses((status = 201, body = Version)))]
pub async fn revise(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { body: Json(body), order, .. }: Change<Json<Revise>>,
) -> Result<Answer, Problem> {
    let input = market::Revise {
        version: version_ref(&extid, &number)?,
        number: body.number.parse().map_err(|error| Problem::invalid("/number", format!("{error}")))?,
        if_match: seen_or_any(order.if_match_or_any()?),
    };
    order
        .commit(&app, move |tx, turn| {
            let row = market::revise(tx, &turn.act(), &input)?;
            let viewer = turn.act().viewer();
            let extension = market::find(tx, &viewer, &input.version.extension)?;
            let wire = wire_versions::version(tx, &viewer, &extension, &row, turn.now)?;
            let location = format!("/extensions/{}/versions/{}", extension.id, row.number);
            Ok(Answer::created(&location, &wire).revision(row.revision))
        })
        .await
}

/// Lets nobody new have a published version; what is installed stays.
#[utoipa::path(post, path = "/extensions/{extid}/versions/{number}/yank", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    request_body = Reason, responses((status = 200, body = Version)))]
pub async fn yank(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let if_match = seen_or_any(order.if_match_or_any()?);
    let input = market::Yank { version: version_ref(&extid, &number)?, if_match, reason: body.reason };
    order
        .commit(&app, move |tx, turn| {
            let row = market::yank(tx, &turn.act(), &input)?;
            changed(tx, turn, &input.version.extension, &row)
        })
        .await
}

/// Takes a yank back.
#[utoipa::path(post, path = "/extensions/{extid}/versions/{number}/unyank", tag = "versions",
    params(("extid" = String, Path, description = "The extension's id or slug"), ("number" = String, Path, description = "The version's number")),
    responses((status = 200, body = Version)))]
pub async fn unyank(
    State(app): State<App>,
    Path((extid, number)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = version_ref(&extid, &number)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::unyank(tx, &turn.act(), &wanted, if_match)?;
            changed(tx, turn, &wanted.extension, &row)
        })
        .await
}

/// The version that a path names.
pub(super) fn version_ref(extid: &str, number: &str) -> Result<VersionRef, Problem> {
    Ok(VersionRef { extension: path::id("extension", extid)?, number: path::id("version", number)? })
}

/// The version as an answer with its `ETag`.
pub(super) fn answer(tx: &mut Tx, turn: &Turn, extension: &ExtensionRow, row: &VersionRow) -> Result<Answer, Problem> {
    let wire = wire_versions::version(tx, &turn.act().viewer(), extension, row, turn.now)?;
    Ok(Answer::ok(&wire).revision(row.revision))
}

/// A version that was just changed, as an answer.
pub(super) fn changed(tx: &mut Tx, turn: &Turn, extension: &ExtensionRef, row: &VersionRow) -> Result<Answer, Problem> {
    let extension = market::find(tx, &turn.act().viewer(), extension)?;
    answer(tx, turn, &extension, row)
}

/// What code is, as a media type.
pub(super) const fn content_type(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Wasm => "application/wasm",
        Runtime::Javascript => "text/javascript; charset=utf-8",
    }
}
