//! What one server overrides of the marketplace's policy: shown, set, planned and applied.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::path::{self, Path};
use super::problem::Problem;
use super::wire_policy;
use crate::api::policy::{ApplyPlan, NewServerPolicy, Plan, ServerPolicy, ServerPolicyApplied};
use crate::domain::id::PlanId;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::market::{self, ApplyOverride, IfMatch, Override, ServerRef};
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

/// Reckons what a draft of a server's override would change there; the plan can be applied once, within an hour.
#[utoipa::path(
    post,
    path = "/servers/{id}/policy/plan",
    tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    request_body = NewServerPolicy,
    responses((status = 201, body = Plan))
)]
pub async fn plan(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<NewServerPolicy>>,
) -> Result<Answer, Problem> {
    if let Some(answer) = order.replay(&app).await? {
        return Ok(answer);
    }
    let wanted: ServerRef = text.parse().map_err(|_| Problem::not_found("server", &text))?;
    let document = wire_policy::document(&body.document)?;
    let reckoned = app.read(order.asker(), move |tx, turn| {
        Ok(market::plan_override(tx, &turn.act(), &wanted, &document, &body.reason)?)
    });
    let planned = reckoned.await?;
    order
        .commit(&app, move |tx, turn| {
            let plan = market::override_plan(tx, &turn.act(), &planned)?;
            let place = format!("/servers/{text}/policy/plans/{}", plan.id);
            Ok(Answer::created(&place, &wire_policy::plan(tx, &plan)?))
        })
        .await
}

/// One plan of what a server overrides, with what it would change.
#[utoipa::path(
    get,
    path = "/servers/{id}/policy/plans/{plan}",
    tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform"),
        ("plan" = String, Path, description = "The plan's id")),
    responses((status = 200, body = Plan))
)]
pub async fn show_plan(
    State(app): State<App>,
    asker: Asker,
    Path((text, plan)): Path<(String, String)>,
) -> Result<Answer, Problem> {
    let wanted: ServerRef = text.parse().map_err(|_| Problem::not_found("server", &text))?;
    let id: PlanId = path::id("plan", &plan)?;
    app.read(&asker, move |tx, turn| {
        let plan = market::plan_of_server(tx, &turn.act().viewer(), &wanted, id)?;
        Ok(Answer::ok(&wire_policy::plan(tx, &plan)?))
    })
    .await
}

/// Puts a planned override in force on its server, as long as what the plan counted still stands.
#[utoipa::path(
    post,
    path = "/servers/{id}/policy/apply",
    tag = "servers",
    params(("id" = String, Path, description = "The server's id, here or on the chat platform")),
    request_body = ApplyPlan,
    responses((status = 200, body = ServerPolicyApplied))
)]
pub async fn apply(
    State(app): State<App>,
    Path(text): Path<String>,
    Change { body: Json(body), order, .. }: Change<Json<ApplyPlan>>,
) -> Result<Answer, Problem> {
    let server: ServerRef = text.parse().map_err(|_| Problem::not_found("server", &text))?;
    let if_match = IfMatch::Revision(order.if_match()?);
    let plan: PlanId = body.plan.parse().map_err(|_| Problem::not_found("plan", &body.plan))?;
    let input = ApplyOverride { server, plan, if_match };
    order
        .commit(&app, move |tx, turn| {
            let done = market::apply_override(tx, &turn.act(), &input)?;
            let policy = shown(tx, &done.server, turn.now)?;
            let number = policy.number;
            Ok(Answer::ok(&ServerPolicyApplied { policy, impact: wire_policy::impact(&done.impact) }).revision(number))
        })
        .await
}

fn answer(tx: &mut Tx, server: &Server, now: Timestamp) -> Result<Answer, Problem> {
    let wire = shown(tx, server, now)?;
    let number = wire.number;
    Ok(Answer::ok(&wire).revision(number))
}

fn shown(tx: &mut Tx, server: &Server, now: Timestamp) -> Result<ServerPolicy, Problem> {
    let id = server.id.to_string();
    let own = market::policy_of_server(tx, server.id)?;
    let in_force = policy::on_server(tx, &id, None, now)?;
    let fields = market::fields_on_server(tx, server.id, now)?;
    wire_policy::of_server(tx, id, own.as_ref(), &in_force, &fields)
}
