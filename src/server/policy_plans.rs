//! Changing the policy: planned, applied as planned, taken back.

use axum::extract::State;

use super::answer::Answer;
use super::app::App;
use super::body::Json;
use super::caller::Asker;
use super::change::Change;
use super::path::{self, Path};
use super::problem::Problem;
use super::wire_policy;
use crate::api::policy::{ApplyPlan, NewPlan, Plan, PolicyApplied, RevertPolicy};
use crate::domain::id::PlanId;
use crate::market::{self, Applied, IfMatch, PolicyDraft, Revert};
use crate::store::{Tx, plans, policy};

/// Reckons what a draft of the policy would change; the plan can be applied once, within an hour.
#[utoipa::path(post, path = "/policy/plan", tag = "policy", request_body = NewPlan, responses((status = 201, body = Plan)))]
pub async fn plan(
    State(app): State<App>,
    Change { body: Json(new), order, .. }: Change<Json<NewPlan>>,
) -> Result<Answer, Problem> {
    if let Some(answer) = order.replay(&app).await? {
        return Ok(answer);
    }
    let draft = match (&new.document, new.revision) {
        (Some(document), None) => PolicyDraft::Document(wire_policy::document(document)?),
        (None, Some(revision)) => PolicyDraft::Revision(revision),
        _ => {
            return Err(Problem::invalid(
                "/document",
                "a plan is for one of two: a document, or a revision to go back to",
            ));
        }
    };
    // Reckoning reads the whole catalogue: it is no matter for the one transaction that writes.
    let reckoned =
        app.read(order.asker(), move |tx, turn| Ok(market::plan_policy(tx, &turn.act(), &draft, &new.reason)?));
    let planned = reckoned.await?;
    order
        .commit(&app, move |tx, turn| {
            let plan = market::policy_plan(tx, &turn.act(), &planned)?;
            Ok(Answer::created(&format!("/policy/plans/{}", plan.id), &wire_policy::plan(tx, &plan)?))
        })
        .await
}

/// One plan with what it would change.
#[utoipa::path(
    get,
    path = "/policy/plans/{id}",
    tag = "policy",
    params(("id" = String, Path, description = "The plan's id")),
    responses((status = 200, body = Plan))
)]
pub async fn show(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let id: PlanId = path::id("plan", &text)?;
    app.read(&asker, move |tx, _| {
        let plan = plans::by_id(tx, id)?.ok_or_else(|| Problem::not_found("plan", &text))?;
        Ok(Answer::ok(&wire_policy::plan(tx, &plan)?))
    })
    .await
}

/// Puts a planned policy in force, as long as what the plan counted still stands.
#[utoipa::path(post, path = "/policy/apply", tag = "policy", request_body = ApplyPlan,
    responses((status = 200, body = PolicyApplied)))]
pub async fn apply(
    State(app): State<App>,
    Change { body: Json(body), order, .. }: Change<Json<ApplyPlan>>,
) -> Result<Answer, Problem> {
    let if_match = IfMatch::Revision(order.if_match()?);
    let plan: PlanId = body.plan.parse().map_err(|_| Problem::not_found("plan", &body.plan))?;
    let input = market::ApplyPlan { plan, if_match };
    order
        .commit(&app, move |tx, turn| {
            let done = market::apply_policy(tx, &turn.act(), &input)?;
            applied(tx, &done)
        })
        .await
}

/// Puts in force again what an earlier revision said.
#[utoipa::path(post, path = "/policy/revert", tag = "policy", request_body = RevertPolicy,
    responses((status = 200, body = PolicyApplied)))]
pub async fn revert(
    State(app): State<App>,
    Change { body: Json(body), order, .. }: Change<Json<RevertPolicy>>,
) -> Result<Answer, Problem> {
    let if_match = IfMatch::Revision(order.if_match()?);
    let input = Revert { to: body.revision, reason: body.reason, if_match };
    order
        .commit(&app, move |tx, turn| {
            let done = market::revert_policy(tx, &turn.act(), &input)?;
            applied(tx, &done)
        })
        .await
}

fn applied(tx: &mut Tx, done: &Applied) -> Result<Answer, Problem> {
    let before = policy::by_number(tx, done.revision.number() - 1)?;
    let revision = wire_policy::revision(tx, &done.revision, before.as_ref())?;
    let number = revision.number;
    Ok(Answer::ok(&PolicyApplied { revision, impact: wire_policy::impact(&done.impact) }).revision(number))
}
