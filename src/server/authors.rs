//! Authors: their reputation with the lines it is the sum of, at any moment, and what it is computed from.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::page::{self, Window};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::wire_reviews;
use crate::api::accounts::Author;
use crate::api::page::Page;
use crate::domain::account::AccountName;
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;
use crate::market;
use crate::store::{Tx, accounts, policy};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuthorsQuery {
    /// Authors at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// At which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuthorQuery {
    /// The moment, in RFC 3339; now where absent.
    #[param(format = DateTime)]
    at: Option<String>,
}

/// Everybody who owns an extension, the best reputation first.
#[utoipa::path(get, path = "/authors", tag = "reviews", params(AuthorsQuery), responses((status = 200, body = Page<Author>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<AuthorsQuery>,
) -> Result<Answer, Problem> {
    let window = Window::<(u8, String)>::from_query("authors", query.limit, query.cursor.as_deref())?;
    let after = window.after.clone().map(|(reputation, id)| Ok((reputation, id.parse::<AccountId>()?)));
    let after: Option<(u8, AccountId)> = after
        .transpose()
        .map_err(|_: crate::domain::id::NotAnId| Problem::bad_query("cursor", "it is no cursor of this list"))?;
    let limit = window.limit;
    let found = app
        .read(&asker, move |tx, turn| {
            let policy = policy::in_force(tx, turn.now)?;
            Ok(market::authors(tx, after, &policy, turn.now, limit + 1)?)
        })
        .await?;
    let next = found.get(limit - 1).filter(|_| found.len() > limit);
    let next = next.map(|author| (author.account.reputation, author.account.id.to_string()));
    let items = found.iter().take(limit).map(wire_reviews::author).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// An author's reputation at a moment, by id or name: anyone's for maintainers, the caller's own for everyone else.
#[utoipa::path(get, path = "/authors/{id}", tag = "reviews",
    params(("id" = String, Path, description = "The account's id or name"), AuthorQuery),
    responses((status = 200, body = Author)))]
pub async fn show(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
    Query(query): Query<AuthorQuery>,
) -> Result<Answer, Problem> {
    let at = query.at.as_deref().map(str::parse::<Timestamp>).transpose();
    let at = at.map_err(|error| Problem::bad_query("at", error.to_string()))?;
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let account = named(tx, &id)?.filter(|account| viewer.is_maintainer() || viewer.account() == Some(*account));
        let account = account.ok_or_else(|| Problem::not_found("author", &id))?;
        // What is to come has not happened yet.
        let at = at.map_or(turn.now, |at| at.min(turn.now));
        let policy = policy::in_force(tx, turn.now)?;
        let found = market::author(tx, account, &policy, at)?;
        let events = market::author_events(tx, account, at)?;
        let events = events.iter().map(wire_reviews::reputation_event).collect();
        Ok(Answer::ok(&Author { at: at.to_string(), events, ..wire_reviews::author(&found) }))
    })
    .await
}

fn named(tx: &mut Tx, text: &str) -> Result<Option<AccountId>, Problem> {
    if let Ok(id) = text.parse::<AccountId>() {
        return Ok(Some(id));
    }
    let Ok(name) = text.parse::<AccountName>() else { return Ok(None) };
    Ok(accounts::by_name(tx, &name)?.map(|account| account.id))
}
