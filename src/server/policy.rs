//! The policy in force, and what was in force before.

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
use crate::api::page::Page;
use crate::api::policy::PolicyRevision;
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

/// The policy in force.
#[utoipa::path(get, path = "/policy", tag = "policy", responses((status = 200, body = PolicyRevision)))]
pub async fn show(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    let revision = app.read(&asker, |tx, _| Ok(store::current(tx)?)).await?;
    Ok(Answer::ok(&wire(&revision)?).revision(revision.number))
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
    let mut found = app.read(&asker, move |tx, _| Ok(store::page(tx, before, limit + 1)?)).await?;
    let more = found.len() > window.limit;
    found.truncate(window.limit);
    let next = found.last().filter(|_| more).map(|revision| revision.number);
    let items = found.iter().map(wire).collect::<Result<Vec<_>, _>>()?;
    Ok(page::answer(&uri, &window, items, next, None))
}

/// One revision of the policy.
#[utoipa::path(
    get,
    path = "/policy/revisions/{n}",
    tag = "policy",
    params(("n" = String, Path, description = "The revision's number")),
    responses((status = 200, body = PolicyRevision))
)]
pub async fn revision(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let number: i64 = path::id("revision of the policy", &text)?;
    let found = app.read(&asker, move |tx, _| Ok(store::by_number(tx, number)?)).await?;
    let revision = found.ok_or_else(|| Problem::not_found("revision of the policy", &text))?;
    Ok(Answer::ok(&wire(&revision)?).revision(revision.number))
}

fn wire(revision: &store::PolicyRevision) -> Result<PolicyRevision, Problem> {
    let document = serde_json::to_value(&revision.policy).map_err(|error| Problem::internal(error.to_string()))?;
    let (number, reason, at) = (revision.number, revision.reason.clone(), revision.at.to_string());
    Ok(PolicyRevision { number, document, reason, at })
}
