//! What one server overrides of the marketplace's policy.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::path::Path;
use super::problem::Problem;
use super::wire_policy;
use crate::api::policy::{NewServerPolicy, ServerPolicy};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::market::{self, IfMatch, Override, ServerRef};
use crate::store::{Tx, policy};

/// What a server overrides, and what is in force there.
#[utoipa::path(
    get,
    path = "/servers/{id}/policy",
    tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    responses((status = 200, body = ServerPolicy))
)]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let wanted: ServerRef = text.parse().map_err(|_| Problem::not_found("server", &text))?;
    app.read(&asker, move |tx, turn| {
        let (server, _) = market::find_server(tx, &turn.act().viewer(), &wanted)?;
        answer(tx, &server, turn.now)
    })
    .await
}

/// Sets what a server overrides; never looser than what is locked.
#[utoipa::path(
    put,
    path = "/servers/{id}/policy",
    tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    request_body = NewServerPolicy,
    responses((status = 200, body = ServerPolicy))
)]
pub async fn write(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewServerPolicy>>,
) -> Result<Answer, Problem> {
    let wanted: ServerRef = text.parse().map_err(|_| Problem::not_found("server", &text))?;
    let if_match = IfMatch::Revision(order.if_match()?);
    let document = wire_policy::document(&body.document)?;
    order
        .commit(&app, move |tx, turn| {
            let act = turn.act();
            let (server, relation) = market::find_server(tx, &act.viewer(), &wanted)?;
            let (document, reason) = (document.clone(), body.reason.clone());
            let input = Override { server: server.id, document, reason, if_match };
            market::override_policy(tx, &act, relation, &input)?;
            answer(tx, &server, turn.now)
        })
        .await
}

fn answer(tx: &mut Tx, server: &Server, now: Timestamp) -> Result<Answer, Problem> {
    let id = server.id.to_string();
    let own = market::policy_of_server(tx, server.id)?;
    let in_force = policy::on_server(tx, &id, None, now)?;
    let fields = market::fields_on_server(tx, server.id, now)?;
    let wire = wire_policy::of_server(tx, id, own.as_ref(), &in_force, &fields)?;
    let number = wire.number;
    Ok(Answer::ok(&wire).revision(number))
}
