//! Accounts: listed, made and changed by administrators.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, Turn, fresh_seed};
use super::body::Json;
use super::caller::{Asker, Secret};
use super::change::Change;
use super::page::{self, Window};
use super::path::Path;
use super::problem::Problem;
use super::query::Query;
use super::tokens;
use crate::api::accounts::{Account as Wire, AccountPatch, NewAccount, NewToken, TokenCreated};
use crate::api::page::Page;
use crate::domain::account::{Account, AccountName, Role};
use crate::domain::id::AccountId;
use crate::market::{self, CreateAccount, EditAccount, IfMatch};
use crate::store::{Tx, accounts};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Accounts at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Whether the number of all accounts is wanted.
    total: Option<bool>,
}

/// Every account, by name.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(AccountsQuery), responses((status = 200, body = Page<Wire>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<AccountsQuery>,
) -> Result<Answer, Problem> {
    let window = Window::<AccountName>::from_query("accounts", query.limit, query.cursor.as_deref())?;
    let (after, limit, counted) = (window.after.clone(), window.limit, query.total.unwrap_or(false));
    let (found, total) = app
        .read(&asker, move |tx, _| {
            let total = if counted { Some(accounts::count(tx)?) } else { None };
            Ok((accounts::page(tx, after.as_ref(), limit + 1)?, total))
        })
        .await?;
    let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|account| account.name.clone());
    let items = found.iter().take(limit).map(wire).collect();
    Ok(page::answer(&uri, &window, items, next, total.and_then(|total| u64::try_from(total).ok())))
}

/// One account, by id or name: the caller's own, or any for maintainers.
#[utoipa::path(
    get,
    path = "/accounts/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, body = Wire))
)]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let account = app
        .read(&asker, move |tx, turn| {
            let account = find(tx, &text)?;
            let mine = account.id == turn.caller.account.id;
            let seen = mine || turn.caller.account.role >= Role::Maintainer;
            if seen { Ok(account) } else { Err(Problem::not_found("account", &text)) }
        })
        .await?;
    Ok(Answer::ok(&wire(&account)).revision(account.revision))
}

/// Makes an account.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount, responses((status = 201, body = Wire)))]
pub async fn create(
    State(app): State<App>,
    Change { body: Json(new), order, .. }: Change<Json<NewAccount>>,
) -> Result<Answer, Problem> {
    let role = new.role.as_deref().map(str::parse).transpose()?.unwrap_or(Role::User);
    let input = CreateAccount { name: new.name.parse()?, role, verified: new.verified };
    order
        .commit(&app, move |tx, turn| {
            let account = market::create_account(tx, &turn.act(), &input)?;
            Ok(Answer::created(&format!("/accounts/{}", account.id), &wire(&account)).revision(account.revision))
        })
        .await
}

/// Changes an account's role, verification or suspension.
#[utoipa::path(
    patch,
    path = "/accounts/{id}",
    tag = "accounts",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = AccountPatch,
    responses((status = 200, body = Wire))
)]
pub async fn edit(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(patch), order, .. }: Change<Json<AccountPatch>>,
) -> Result<Answer, Problem> {
    let if_match = IfMatch::Revision(order.if_match()?);
    let role = patch.role.as_deref().map(str::parse).transpose()?;
    order
        .commit(&app, move |tx, turn| {
            let (verified, suspended) = (patch.verified, patch.suspended);
            let input = EditAccount { account: find(tx, &text)?.id, if_match, role, verified, suspended };
            let account = market::edit_account(tx, &turn.act(), &input)?;
            Ok(Answer::ok(&wire(&account)).revision(account.revision))
        })
        .await
}

/// Makes a token for an account; its secret is shown this once.
#[utoipa::path(
    post,
    path = "/accounts/{id}/tokens",
    tag = "tokens",
    params(("id" = String, Path, description = "The account's id or name")),
    request_body = NewToken,
    responses((status = 201, body = TokenCreated))
)]
pub async fn create_token(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(new), order, .. }: Change<Json<NewToken>>,
) -> Result<Answer, Problem> {
    let input = tokens::read_new(&new)?;
    let secret = Secret::from_bytes(fresh_seed()?);
    order
        .commit(&app, move |tx, turn| {
            let account = find(tx, &text)?;
            let token = market::create_token_for(tx, &turn.act(), account.id, &input, secret.reveal())?;
            Ok(tokens::created(&token, &secret))
        })
        .await
}

/// An account as it is sent.
pub fn wire(account: &Account) -> Wire {
    Wire {
        id: account.id.to_string(),
        name: account.name.to_string(),
        role: account.role.to_string(),
        verified: account.verified,
        suspended: account.suspended,
        reputation: account.reputation,
        created_at: account.created_at.to_string(),
    }
}

/// The account that is named, or the caller's own.
pub(super) fn named(tx: &mut Tx, turn: &Turn, text: Option<&str>) -> Result<Account, Problem> {
    match text {
        Some(text) => find(tx, text),
        None => Ok(turn.caller.account.clone()),
    }
}

/// The account with this id or name.
pub(super) fn find(tx: &mut Tx, text: &str) -> Result<Account, Problem> {
    let found = match (text.parse::<AccountId>(), text.parse::<AccountName>()) {
        (Ok(id), _) => accounts::by_id(tx, id)?,
        (_, Ok(name)) => accounts::by_name(tx, &name)?,
        _ => None,
    };
    found.ok_or_else(|| Problem::not_found("account", text))
}
