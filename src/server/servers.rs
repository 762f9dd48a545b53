//! Chat servers: described by their instance, looked at and managed by those who run them.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::extensions::filter;
use super::names::Names;
use super::page::{self, Window};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::reviews::seen_or_any;
use super::wire_installations as wire;
use crate::api::installations::Consents;
use crate::api::page::Page;
use crate::api::servers::{Server, ServerDescription, ServerPatch};
use crate::domain::filter::SERVERS;
use crate::domain::id::ServerId;
use crate::domain::server::NotAServerPart;
use crate::market::{self, Described, ServerEdit, ServerRef};
use crate::store::policy;

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServersQuery {
    /// A filter such as `tier:pro presence:silent consent:yes installed:>5`.
    q: Option<String>,
    /// Whether to count everything that fits the filter.
    total: Option<bool>,
    /// Servers at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The servers that the caller owns, manages or serves; all of them for maintainers.
#[utoipa::path(get, path = "/servers", tag = "servers", params(ServersQuery), responses((status = 200, body = Page<Server>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ServersQuery>,
) -> Result<Answer, Problem> {
    let text = query.q.unwrap_or_default();
    let filter = filter(&text, &SERVERS)?;
    let window = Window::<String>::from_query(&format!("servers {text}"), query.limit, query.cursor.as_deref())?;
    let after: Option<ServerId> = window.after.as_ref().and_then(|id| id.parse().ok());
    let (limit, counted) = (window.limit, query.total == Some(true));
    let (items, next, total) = app
        .read(&asker, move |tx, turn| {
            let viewer = turn.act().viewer();
            let found = market::servers_of(tx, &viewer, &filter, after, limit + 1, turn.now)?;
            let total = if counted { Some(market::servers_total(tx, &viewer, &filter, turn.now)?) } else { None };
            let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|line| line.server.id.to_string());
            let (mut names, policy) = (Names::default(), policy::in_force(tx, turn.now)?);
            let items = found.iter().take(limit).map(|line| wire::server_line(tx, &mut names, line, &policy, turn.now));
            Ok((items.collect::<Result<Vec<_>, _>>()?, next, total))
        })
        .await?;
    Ok(page::answer(&uri, &window, items, next, total))
}

/// One server, by its id here or on the chat platform.
#[utoipa::path(get, path = "/servers/{id}", tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    responses((status = 200, body = Server)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = read_ref(&text)?;
    let server = app
        .read(&asker, move |tx, turn| {
            let (server, _) = market::find_server(tx, &turn.act().viewer(), &wanted)?;
            Ok(wire::server(tx, &server, turn.now)?)
        })
        .await?;
    Ok(Answer::ok(&server).revision(server.revision))
}

/// Makes a server known, or takes over its new name, owner and tier: its instance does this.
#[utoipa::path(put, path = "/servers/{id}", tag = "servers",
    params(("id" = String, Path, description = "The server's id on the chat platform")),
    request_body = ServerDescription, responses((status = 200, body = Server)))]
pub async fn describe(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<ServerDescription>>,
) -> Result<Answer, Problem> {
    let part = |pointer: &'static str| move |refusal: NotAServerPart| Problem::invalid(pointer, refusal.to_string());
    let input = Described {
        guild: text.parse().map_err(|refusal: NotAServerPart| Problem::not_found("server", &refusal.to_string()))?,
        name: body.name.parse().map_err(part("/name"))?,
        owner: body.owner.parse().map_err(|error| Problem::invalid("/owner", format!("{error}")))?,
        tier: body.tier.as_deref().map(str::parse).transpose().map_err(part("/tier"))?,
    };
    order
        .commit(&app, move |tx, turn| {
            let server = market::describe_server(tx, &turn.act(), &input)?;
            let server = wire::server(tx, &server, turn.now)?;
            Ok(Answer::ok(&server).revision(server.revision))
        })
        .await
}

/// Changes who manages a server (its owner), its tier or its instance (administrators).
#[utoipa::path(patch, path = "/servers/{id}", tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    request_body = ServerPatch, responses((status = 200, body = Server)))]
pub async fn edit(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<ServerPatch>>,
) -> Result<Answer, Problem> {
    let mut managers = None;
    for (place, name) in body.managers.iter().flatten().enumerate() {
        let name = name.parse().map_err(|error| Problem::invalid(format!("/managers/{place}"), format!("{error}")))?;
        managers.get_or_insert_with(Vec::new).push(name);
    }
    let managers = managers.or_else(|| body.managers.as_ref().map(|_| Vec::new()));
    let tier = body.tier.as_deref().map(str::parse).transpose();
    let instance = body.instance_id.as_deref().map(str::parse).transpose();
    let input = ServerEdit {
        server: read_ref(&text)?,
        if_match: seen_or_any(order.if_match_or_any()?),
        managers,
        tier: tier.map_err(|refusal: NotAServerPart| Problem::invalid("/tier", refusal.to_string()))?,
        instance: instance
            .map_err(|refusal: crate::domain::id::NotAnId| Problem::invalid("/instance_id", refusal.to_string()))?,
    };
    order
        .commit(&app, move |tx, turn| {
            let server = market::edit_server(tx, &turn.act(), &input)?;
            let server = wire::server(tx, &server, turn.now)?;
            Ok(Answer::ok(&server).revision(server.revision))
        })
        .await
}

/// What waits for the consent of a server's owner, each scope with its risk.
#[utoipa::path(get, path = "/servers/{id}/consents", tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    responses((status = 200, body = Consents)))]
pub async fn consents(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted = read_ref(&text)?;
    let waiting =
        app.read(&asker, move |tx, turn| Ok(market::waiting_for_consent(tx, &turn.act().viewer(), &wanted)?)).await?;
    Ok(Answer::ok(&Consents { items: waiting.iter().map(|(row, asked)| wire::asked(row, asked)).collect() }))
}

/// Reads how an address names a server.
pub(super) fn read_ref(text: &str) -> Result<ServerRef, Problem> {
    text.parse().map_err(|_| Problem::not_found("server", text))
}
