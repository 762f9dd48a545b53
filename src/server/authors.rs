//! Authors: their reputation with the lines it is the sum of.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::path::Path;
use super::problem::Problem;
use super::wire_reviews;
use crate::api::accounts::Author;
use crate::domain::account::AccountName;
use crate::domain::id::AccountId;
use crate::market;
use crate::store::{Tx, accounts, policy};

/// An author's reputation, by id or name: anyone's for maintainers, the caller's own for everyone else.
#[utoipa::path(get, path = "/authors/{id}", tag = "reviews", params(("id" = String, Path, description = "The account's id or name")),
    responses((status = 200, body = Author)))]
pub async fn show(State(app): State<App>, asker: Asker, Path(id): Path<String>) -> Result<Answer, Problem> {
    app.read(&asker, move |tx, turn| {
        let viewer = turn.act().viewer();
        let account = named(tx, &id)?.filter(|account| viewer.is_maintainer() || viewer.account() == Some(*account));
        let account = account.ok_or_else(|| Problem::not_found("author", &id))?;
        let policy = policy::in_force(tx, turn.now)?;
        Ok(Answer::ok(&wire_reviews::author(&market::author(tx, account, &policy, turn.now)?)))
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
