//! The policy in force, what was in force before, and what a field is for whom.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use super::wire_policy;
use crate::api::page::Page;
use crate::api::policy::{Explanation, PolicyRevision};
use crate::domain::policy::{FieldPath, Subject};
use crate::market::{self, ServerRef};
use crate::store::policy as store;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PolicyQuery {
    /// Items at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Which field, for whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// The field, such as `tiers.free.fuel`.
    field: String,
    /// The server, by its id here or on the chat platform; nobody's in particular where left out.
    server: Option<String>,
    /// The extension, by its slug; nobody's in particular where left out.
    extension: Option<String>,
}

/// The policy in force.
#[utoipa::path(get, path = "/policy", tag = "policy", responses((status = 200, body = PolicyRevision)))]
pub async fn show(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    app.read(&asker, |tx, _| {
        let revision = store::current(tx)?;
        let before = store::by_number(tx, revision.number() - 1)?;
        Ok(Answer::ok(&wire_policy::revision(tx, &revision, before.as_ref())?).revision(revision.number()))
    })
    .await
}

/// Every revision of the policy, newest first.
#[utoipa::path(
    get,
    path = "/policy/revisions",
    tag = "policy",
    params(PolicyQuery),
    responses((status = 200, body = Page<PolicyRevision>))
)]
pub async fn revisions(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<PolicyQuery>,
) -> Result<Answer, Problem> {
    let window = Window::<i64>::from_query("policy", query.limit, query.cursor.as_deref())?;
    let (before, limit) = (window.after, window.limit);
    let read = app.read(&asker, move |tx, _| {
        let found = store::page(tx, before, limit + 1)?;
        let next = found.get(limit - 1).filter(|_| found.len() > limit).map(store::PolicyRevision::number);
        let shown = found.iter().take(limit).enumerate();
        let items = shown.map(|(place, one)| wire_policy::revision(tx, one, found.get(place + 1)));
        Ok((items.collect::<Result<Vec<_>, _>>()?, next))
    });
    let (items, next) = read.await?;
    Ok(page::answer(&uri, &window, items, next, None))
}

/// One revision of the policy, with what it changed.
#[utoipa::path(
    get,
    path = "/policy/revisions/{n}",
    tag = "policy",
    params(("n" = String, Path, description = "The revision's number")),
    responses((status = 200, body = PolicyRevision))
)]
pub async fn revision(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let number: i64 = path::id("revision of the policy", &text)?;
    app.read(&asker, move |tx, _| {
        let found = store::by_number(tx, number)?;
        let revision = found.ok_or_else(|| Problem::not_found("revision of the policy", &text))?;
        let before = store::by_number(tx, number.saturating_sub(1))?;
        Ok(Answer::ok(&wire_policy::revision(tx, &revision, before.as_ref())?).revision(number))
    })
    .await
}

/// What one field of the policy is, where that comes from, and who set it.
#[utoipa::path(
    get,
    path = "/policy/explain",
    tag = "policy",
    params(ExplainQuery),
    responses((status = 200, body = Explanation))
)]
pub async fn explain(
    State(app): State<App>,
    asker: Asker,
    Query(query): Query<ExplainQuery>,
) -> Result<Answer, Problem> {
    let field: FieldPath = query.field.parse().map_err(|unknown| Problem::bad_query("field", format!("{unknown}")))?;
    let server: Option<ServerRef> = match &query.server {
        Some(text) => Some(text.parse().map_err(|_| Problem::not_found("server", text))?),
        None => None,
    };
    app.read(&asker, move |tx, turn| {
        let server = match &server {
            Some(server) => Some(market::find_server(tx, &turn.act().viewer(), server)?.0.id.to_string()),
            None => None,
        };
        let subject = Subject { server: server.as_deref(), extension: query.extension.as_deref() };
        let explained = market::explain_policy(tx, &field, &subject, turn.now)?;
        Ok(Answer::ok(&wire_policy::explanation(&explained)))
    })
    .await
}
