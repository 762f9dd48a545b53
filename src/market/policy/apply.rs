//! Applying a plan: only as long as what it counted still stands.

use super::carry_out::{Change, carry_out, changed_since};
use super::impact::reckon;
use super::plan::{digest, sides};
use crate::domain::id::PlanId;
use crate::domain::permit::ApplyPolicy;
use crate::domain::policy::Impact;
use crate::domain::time::Timestamp;
use crate::market::act::{Act, IfMatch, leave};
use crate::market::refused::Refused;
use crate::store::plans::{self, PlanRow};
use crate::store::policy::{self, PolicyRevision};
use crate::store::{StoreError, Tx};

/// Which plan is applied, and what was seen.
#[derive(Clone, Debug)]
pub struct ApplyPlan {
    /// The plan.
    pub plan: PlanId,
    /// The revision of the policy that was seen.
    pub if_match: IfMatch,
}

/// What was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new revision.
    pub revision: PolicyRevision,
    /// What it changed.
    pub impact: Impact,
}

/// Applies a plan.
///
/// # Errors
/// The conflicts `plan_used` and `plan_expired`; [`Refused::Precondition`] where the policy changed since,
/// [`Refused::Moved`] with each difference where what the plan counted is no longer so.
pub fn apply_policy(tx: &mut Tx, act: &Act, input: &ApplyPlan) -> Result<Applied, Refused> {
    let leave = leave::<ApplyPolicy>(tx, act)?;
    let plan = plans::by_id(tx, input.plan)?.ok_or(Refused::NotFound("plan"))?;
    if plan.impact.server.is_some() {
        let detail = "this plan is for what one server overrides; apply it on that server";
        return Err(Refused::conflict("plan_for_server", detail));
    }
    let current = policy::current(tx)?;
    usable(&plan, act.now)?;
    input.if_match.check(current.number(), |seen| changed_since(tx, seen))?;
    if plan.base != current.number() {
        let changed = changed_since(tx, plan.base)?;
        return Err(Refused::Precondition { changed, revision: current.number() });
    }
    untouched(&plan)?;
    let sides = sides(&current, plan.document.clone(), act.now);
    let reckoned = reckon(tx, &sides)?;
    let moved = reckoned.impact.moved_since(&plan.impact);
    if !moved.is_empty() {
        return Err(Refused::Moved { moved, revision: current.number() });
    }
    let change = Change {
        sides: &sides,
        reckoned: &reckoned,
        reason: &plan.reason,
        restores: plan.restores,
        plan: Some(plan.id),
        action: "applied",
    };
    let revision = carry_out(tx, act, &leave, &current, &change)?;
    plans::mark_used(tx, plan.id, act.now)?;
    Ok(Applied { revision, impact: reckoned.impact })
}

/// Refuses a plan that was applied before, or whose time is over.
pub(super) fn usable(plan: &PlanRow, now: Timestamp) -> Result<(), Refused> {
    if plan.used_at.is_some() {
        return Err(Refused::conflict("plan_used", "this plan was applied already; make a new one"));
    }
    if plan.expires_at <= now {
        let detail = format!("this plan ended at {}; make a new one and look at it again", plan.expires_at);
        return Err(Refused::conflict("plan_expired", detail));
    }
    Ok(())
}

/// Refuses a plan whose draft is not the one that was planned.
pub(super) fn untouched(plan: &PlanRow) -> Result<(), StoreError> {
    if digest(&plan.document) == plan.sha256 {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("the plan {} is not what was planned", plan.id)))
}
