//! Who the caller is.

use axum::extract::State;

use super::accounts;
use super::answer::Answer;
use super::app::App;
use super::caller::Asker;
use super::problem::Problem;
use crate::api::accounts::Me;
use crate::store::tokens;

/// The caller's account, and what its token may be used for.
#[utoipa::path(get, path = "/me", tag = "accounts", responses((status = 200, body = Me)))]
pub async fn show(State(app): State<App>, asker: Asker) -> Result<Answer, Problem> {
    let me = app.read(&asker, |tx, turn| {
        let token = tokens::by_id(tx, turn.caller.token)?;
        Ok(Me {
            account: accounts::wire(&turn.caller.account),
            rights: turn.caller.rights.iter().map(|right| right.name().to_owned()).collect(),
            token_expires_at: token.and_then(|token| token.expires_at).map(|end| end.to_string()),
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            now: turn.now.to_string(),
        })
    });
    Ok(Answer::ok(&me.await?))
}
