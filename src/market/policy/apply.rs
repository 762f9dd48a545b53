//! Applying a plan: only as long as what it counted still stands.

use super::carry_out::{Change, carry_out, changed_since};
use super::impact::reckon;
use super::plan::{digest, sides};
use crate::domain::id::PlanId;
use crate::domain::permit::ApplyPolicy;
use crate::domain::policy::Impact;
use crate::market::act::{Act, IfMatch, leave};
use crate::market::refused::Refused;
use crate::store::policy::{self, PolicyRevision};
use crate::store::{StoreError, Tx, plans};

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
    let current = policy::current(tx)?;
    if plan.used_at.is_some() {
        return Err(Refused::conflict("plan_used", "this plan was applied already; make a new one"));
    }
    if plan.expires_at <= act.now {
        let detail = format!("this plan ended at {}; make a new one and look at it again", plan.expires_at);
        return Err(Refused::conflict("plan_expired", detail));
    }
    input.if_match.check(current.number(), |seen| changed_since(tx, seen))?;
    if plan.base != current.number() {
        let changed = changed_since(tx, plan.base)?;
        return Err(Refused::Precondition { changed, revision: current.number() });
    }
    if digest(&plan.document) != plan.sha256 {
        return Err(StoreError::Corrupt(format!("the plan {} is not what was planned", plan.id)).into());
    }
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
