//! Installations: made, consented to, managed, configured; and acknowledged by the instance that runs them.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, Turn};
use super::body::{Empty, Json};
use super::caller::Asker;
use super::change::Change;
use super::offers::along;
use super::path::{self, Path};
use super::problem::Problem;
use super::reviews::seen_or_any;
use super::servers::read_ref;
use super::wire_installations as wire;
use crate::api::extensions::Reason;
use crate::api::installations::{
    Acknowledgement, Config, Consent, Flag, FlagOverrides, Flags, Installation, InstallationDetail, InstallationPatch,
    InstallationUpdate, Installations, NewInstallation, Removed, Revocation, Usage,
};
use crate::domain::id::InstallationId;
use crate::domain::installation::{Follow, StageName};
use crate::domain::limits::USAGE_PAST_MS;
use crate::domain::scope::{NotAScope, Scope, ScopeSet};
use crate::domain::version::VersionNumber;
use crate::market::{self, ConsentAnswer, ConsentGiven, IfMatch, InstallationRef};
use crate::store::Tx;
use crate::store::installations::InstallationRow;

/// Everything on a server.
#[utoipa::path(get, path = "/servers/{id}/installations", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    responses((status = 200, body = Installations)))]
pub async fn list(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let server = read_ref(&text)?;
    app.read(&asker, move |tx, turn| {
        let found = market::installed_on(tx, &turn.act().viewer(), &server, turn.now)?;
        let items = found.iter().map(|(site, turn)| wire::installation(tx, site, *turn)).collect::<Result<_, _>>()?;
        Ok(Answer::ok(&Installations { items }))
    })
    .await
}

/// Installs an extension; what the first three stages refuse is not stored at all.
#[utoipa::path(post, path = "/servers/{id}/installations", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    request_body = NewInstallation, responses((status = 201, body = Installation)))]
pub async fn create(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewInstallation>>,
) -> Result<Answer, Problem> {
    let extension = body.extension.parse();
    let input = market::NewInstallation {
        server: read_ref(&text)?,
        extension: extension
            .map_err(|refusal: market::NotAnExtensionRef| Problem::invalid("/extension", refusal.to_string()))?,
        number: body.number.as_deref().map(|text| number("/number", text)).transpose()?,
        grant: body.grant.as_deref().map(|names| scopes("/grant", names)).transpose()?,
        follow: body.follow.as_deref().map(follow).transpose()?.unwrap_or_default(),
        along: along(&body.along)?,
    };
    order
        .commit(&app, move |tx, turn| {
            let row = market::install(tx, &turn.act(), &input)?;
            let shown = shown(tx, turn, &row)?;
            Ok(Answer::created(&format!("/installations/{}", row.id), &shown).revision(shown.revision))
        })
        .await
}

/// An extension on a server.
#[utoipa::path(get, path = "/servers/{id}/installations/{extid}", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform"),
        ("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = InstallationDetail)))]
pub async fn show_on(
    State(app): State<App>,
    asker: Asker,
    Path((server, extid)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    detail(&app, &asker, read_on(&server, &extid)?).await
}

/// An installation, with what happened to it.
#[utoipa::path(get, path = "/installations/{id}", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = InstallationDetail)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    detail(&app, &asker, read_id(&text)?).await
}

/// Says whether updates come by themselves.
#[utoipa::path(patch, path = "/servers/{id}/installations/{extid}", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform"),
        ("extid" = String, Path, description = "The extension's id or slug")),
    request_body = InstallationPatch, responses((status = 200, body = Installation)))]
pub async fn edit(
    State(app): State<App>,
    Path((server, extid)): Path<(String, String)>,
    Change { body: Json(body), order, .. }: Change<Json<InstallationPatch>>,
) -> Result<Answer, Problem> {
    let (wanted, follow) = (read_on(&server, &extid)?, follow(&body.follow)?);
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::set_follow(tx, &turn.act(), &wanted, follow, if_match)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Removes an extension from a server; the answer says what that frees, and when.
#[utoipa::path(delete, path = "/servers/{id}/installations/{extid}", tag = "installations",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform"),
        ("extid" = String, Path, description = "The extension's id or slug")),
    responses((status = 200, body = Removed)))]
pub async fn remove(
    State(app): State<App>,
    Path((server, extid)): Path<(String, String)>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = read_on(&server, &extid)?;
    let if_match = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            let removed = market::remove(tx, &turn.act(), &wanted, "", if_match)?;
            Ok(Answer::ok(&wire::removed(&removed)))
        })
        .await
}

/// Grants a version what it asks for, more of what it called optional, or declines it.
#[utoipa::path(post, path = "/installations/{id}/consent", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = Consent, responses((status = 200, body = Installation)))]
pub async fn consent(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Consent>>,
) -> Result<Answer, Problem> {
    let consented = match (&body.grant, &body.decline) {
        (Some(names), None) => ConsentAnswer::Grant(scopes("/grant", names)?),
        (None, Some(why)) => ConsentAnswer::Decline(why.clone()),
        _ => return Err(Problem::invalid("", "answer with either grant or decline")),
    };
    let if_match = seen_or_any(order.if_match_or_any()?);
    let input = ConsentGiven { installation: path::id("installation", &text)?, if_match, answer: consented };
    order
        .commit(&app, move |tx, turn| {
            let row = market::consent(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Takes scopes back at any time; a version that cannot do without one of them stops.
#[utoipa::path(post, path = "/installations/{id}/revoke", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = Revocation, responses((status = 200, body = Installation)))]
pub async fn revoke(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Revocation>>,
) -> Result<Answer, Problem> {
    let (id, revoked) = (path::id("installation", &text)?, scopes("/scopes", &body.scopes)?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::revoke_scopes(tx, &turn.act(), id, revoked)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Brings another version to a server: the one named, or what the channel points at.
#[utoipa::path(post, path = "/installations/{id}/update", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = InstallationUpdate, responses((status = 200, body = Installation)))]
pub async fn update(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<InstallationUpdate>>,
) -> Result<Answer, Problem> {
    let (wanted, number) = (read_id(&text)?, body.number.as_deref().map(|text| number("/number", text)).transpose()?);
    order
        .commit(&app, move |tx, turn| {
            let row = market::update(tx, &turn.act(), &wanted, number.as_ref())?;
            answer(tx, turn, &row)
        })
        .await
}

/// Brings back the version that the server had before.
#[utoipa::path(post, path = "/installations/{id}/rollback", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = Reason, responses((status = 200, body = Installation)))]
pub async fn rollback(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::roll_back(tx, &turn.act(), &wanted, &body.reason)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Lets run what was stopped, or keeps what was to be removed.
#[utoipa::path(post, path = "/installations/{id}/enable", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = Installation)))]
pub async fn enable(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::enable(tx, &turn.act(), &wanted)?;
            answer(tx, turn, &row)
        })
        .await
}

/// Stops an installation.
#[utoipa::path(post, path = "/installations/{id}/disable", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = Reason, responses((status = 200, body = Installation)))]
pub async fn disable(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Reason>>,
) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    order
        .commit(&app, move |tx, turn| {
            let row = market::disable(tx, &turn.act(), &wanted, &body.reason)?;
            answer(tx, turn, &row)
        })
        .await
}

/// What an instance did for an attempt, or why it could not.
#[utoipa::path(post, path = "/installations/{id}/acknowledge", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = Acknowledgement, responses((status = 200, body = Installation)))]
pub async fn acknowledge(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<Acknowledgement>>,
) -> Result<Answer, Problem> {
    let stage: StageName = body.stage.parse().map_err(|refusal: String| Problem::invalid("/stage", refusal))?;
    let input = market::Acknowledgement {
        installation: path::id("installation", &text)?,
        attempt: body.attempt,
        stage,
        failure: (!body.ok).then(|| body.reason.clone().unwrap_or_default()),
    };
    order
        .commit(&app, move |tx, turn| {
            let row = market::acknowledge(tx, &turn.act(), &input)?;
            answer(tx, turn, &row)
        })
        .await
}

/// The configuration of an installation.
#[utoipa::path(get, path = "/installations/{id}/config", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = Config)))]
pub async fn config(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    let config = app.read(&asker, move |tx, turn| wire_config(tx, turn, &wanted)).await?;
    Ok(Answer::ok(&config).revision(config.revision))
}

/// Sets the configuration, judged by the extension's schema.
#[utoipa::path(put, path = "/installations/{id}/config", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = serde_json::Value, responses((status = 200, body = Config)))]
pub async fn configure(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(document), order, .. }: Change<Json<serde_json::Value>>,
) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    let if_match: IfMatch = seen_or_any(order.if_match_or_any()?);
    order
        .commit(&app, move |tx, turn| {
            market::configure(tx, &turn.act(), &wanted, &document, if_match)?;
            let config = wire_config(tx, turn, &wanted)?;
            Ok(Answer::ok(&config).revision(config.revision))
        })
        .await
}

/// The feature flags of an installation, and where each value comes from.
#[utoipa::path(get, path = "/installations/{id}/flags", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = Flags)))]
pub async fn flags(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    app.read(&asker, move |tx, turn| {
        let (site, flags) = market::flags_of(tx, &turn.act().viewer(), &wanted)?;
        let items = flags.iter().map(|flag| {
            let (on, source) = flag.resolve(site.extension.id, site.server.id);
            Flag { name: flag.name.clone(), on, source: source.name().to_owned() }
        });
        Ok(Answer::ok(&Flags { items: items.collect() }))
    })
    .await
}

/// Sets feature flags for one server, in the place of all that were set.
#[utoipa::path(put, path = "/installations/{id}/flags", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")),
    request_body = FlagOverrides, responses((status = 200, body = Installation)))]
pub async fn set_flags(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<FlagOverrides>>,
) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    order
        .commit(&app, move |tx, turn| {
            let site = market::set_flags(tx, &turn.act(), &wanted, &body.flags)?;
            answer(tx, turn, &site.row)
        })
        .await
}

/// What an installation used in the last thirty days.
#[utoipa::path(get, path = "/installations/{id}/usage", tag = "installations",
    params(("id" = String, Path, description = "The installation's id")), responses((status = 200, body = Usage)))]
pub async fn usage(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = read_id(&text)?;
    app.read(&asker, move |tx, turn| {
        let from = turn.now.plus_ms(-USAGE_PAST_MS);
        let used = market::used_by(tx, &turn.act().viewer(), &wanted, from)?;
        Ok(Answer::ok(&Usage {
            since: from.to_string(),
            calls: used.calls,
            errors: used.errors,
            fuel: used.fuel,
            fuel_peak: used.fuel_peak,
            memory_bytes_peak: used.memory_bytes_peak,
            run_ms: used.run_ms,
            host_calls: used.host_calls.iter().map(|(scope, calls)| (scope.name().to_owned(), *calls)).collect(),
        }))
    })
    .await
}

/// Reads names of scopes.
pub(super) fn scopes(pointer: &str, names: &[String]) -> Result<ScopeSet, Problem> {
    let read = |(place, name): (usize, &String)| {
        name.parse::<Scope>()
            .map_err(|refusal: NotAScope| Problem::invalid(format!("{pointer}/{place}"), refusal.to_string()))
    };
    names.iter().enumerate().map(read).collect()
}

/// Reads a version's number.
pub(super) fn number(pointer: &str, text: &str) -> Result<VersionNumber, Problem> {
    text.parse().map_err(|refusal: crate::domain::version::NotAVersion| Problem::invalid(pointer, refusal.to_string()))
}

fn follow(text: &str) -> Result<Follow, Problem> {
    text.parse().map_err(|refusal: String| Problem::invalid("/follow", refusal))
}

fn read_id(text: &str) -> Result<InstallationRef, Problem> {
    path::id::<InstallationId>("installation", text).map(InstallationRef::Id)
}

fn read_on(server: &str, extid: &str) -> Result<InstallationRef, Problem> {
    Ok(InstallationRef::On(read_ref(server)?, path::id("extension", extid)?))
}

async fn detail(app: &App, asker: &Asker, wanted: InstallationRef) -> Result<Answer, Problem> {
    app.read(asker, move |tx, turn| {
        let found = market::installation(tx, &turn.act().viewer(), &wanted, turn.now)?;
        let installation = wire::installation(tx, &found.site, found.update)?;
        let revision = installation.revision;
        let steps = found.steps.iter().map(wire::step).collect();
        Ok(Answer::ok(&InstallationDetail { installation, steps }).revision(revision))
    })
    .await
}

fn shown(tx: &mut Tx, turn: &Turn, row: &InstallationRow) -> Result<Installation, Problem> {
    let found = market::installation(tx, &turn.act().viewer(), &InstallationRef::Id(row.id), turn.now)?;
    Ok(wire::installation(tx, &found.site, found.update)?)
}

fn answer(tx: &mut Tx, turn: &Turn, row: &InstallationRow) -> Result<Answer, Problem> {
    let shown = shown(tx, turn, row)?;
    Ok(Answer::ok(&shown).revision(shown.revision))
}

fn wire_config(tx: &mut Tx, turn: &Turn, wanted: &InstallationRef) -> Result<Config, Problem> {
    let (row, schema) = market::config_of(tx, &turn.act().viewer(), wanted)?;
    let schema = schema.map(|schema| serde_json::from_str(&schema.to_compact()).unwrap_or_default());
    Ok(match row {
        None => Config { revision: 0, document: serde_json::json!({}), version: None, at: None, schema },
        Some(row) => Config {
            revision: row.revision,
            document: serde_json::from_str(&row.document).unwrap_or_default(),
            version: Some(row.version),
            at: Some(row.at.to_string()),
            schema,
        },
    })
}
