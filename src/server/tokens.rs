//! The caller's own tokens: listed, made, revoked.

use axum::extract::{OriginalUri, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, fresh_seed};
use super::body::{Empty, Json};
use super::caller::{Asker, Secret};
use super::change::Change;
use super::page::{self, Window};
use super::path::{self, Path};
use super::problem::Problem;
use super::query::Query;
use crate::api::accounts::{NewToken, Token as Wire, TokenCreated};
use crate::api::page::Page;
use crate::domain::account::{Right, Rights};
use crate::domain::id::TokenId;
use crate::domain::time::Timestamp;
use crate::market::{self, CreateToken};
use crate::store::tokens::{self, Token};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokensQuery {
    /// Tokens at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// The caller's tokens, oldest first, revoked ones too; never a secret.
#[utoipa::path(get, path = "/tokens", tag = "tokens", params(TokensQuery), responses((status = 200, body = Page<Wire>)))]
pub async fn list(
    State(app): State<App>,
    asker: Asker,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<TokensQuery>,
) -> Result<Answer, Problem> {
    let window = Window::<TokenId>::from_query("tokens", query.limit, query.cursor.as_deref())?;
    let (after, limit) = (window.after, window.limit);
    let found =
        app.read(&asker, move |tx, turn| Ok(tokens::page(tx, turn.caller.account.id, after, limit + 1)?)).await?;
    let next = found.get(limit - 1).filter(|_| found.len() > limit).map(|token| token.id);
    let items = found.iter().take(limit).map(wire).collect();
    Ok(page::answer(&uri, &window, items, next, None))
}

/// Makes a token for the caller's own account, with no right that the one it is made with lacks; its secret is shown
/// this once.
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "tokens",
    request_body = NewToken,
    responses((status = 201, body = TokenCreated))
)]
pub async fn create(
    State(app): State<App>,
    Change { body: Json(new), order, .. }: Change<Json<NewToken>>,
) -> Result<Answer, Problem> {
    let input = read_new(&new)?;
    let secret = Secret::from_bytes(fresh_seed()?);
    order
        .commit(&app, move |tx, turn| {
            let token = market::create_token(tx, &turn.act(), &input, secret.reveal())?;
            Ok(created(&token, &secret))
        })
        .await
}

/// Revokes a token; it is dead at once.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 200, body = Wire))
)]
pub async fn revoke(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { order, .. }: Change<Empty>,
) -> Result<Answer, Problem> {
    let id: TokenId = path::id("token", &text)?;
    order.commit(&app, move |tx, turn| Ok(Answer::ok(&wire(&market::revoke_token(tx, &turn.act(), id)?)))).await
}

/// Reads what a new token is to be.
///
/// # Errors
/// 422 for what is no right or no time.
pub fn read_new(new: &NewToken) -> Result<CreateToken, Problem> {
    let rights = match &new.rights {
        None => None,
        Some(names) => {
            Some(Rights::new(names.iter().map(|name| name.parse::<Right>()).collect::<Result<Vec<_>, _>>()?))
        }
    };
    let end = new.expires_at.as_deref().map(str::parse::<Timestamp>).transpose();
    let expires_at = end.map_err(|error| Problem::invalid("/expires_at", error.to_string()))?;
    let name = if new.name.trim().is_empty() { "unnamed".to_owned() } else { new.name.clone() };
    Ok(CreateToken { name, rights, expires_at })
}

/// The answer that shows a new token's secret once.
pub fn created(token: &Token, secret: &Secret) -> Answer {
    let shown = TokenCreated { token: wire(token), secret: secret.reveal().to_owned() };
    Answer::created(&format!("/tokens/{}", token.id), &shown).holding_secret()
}

fn wire(token: &Token) -> Wire {
    Wire {
        id: token.id.to_string(),
        name: token.name.clone(),
        rights: token.rights.iter().map(|right| right.name().to_owned()).collect(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|end| end.to_string()),
        revoked_at: token.revoked_at.map(|end| end.to_string()),
    }
}
