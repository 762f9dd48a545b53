//! Carrying a change of the policy out: the revision, the reputations and submissions that it moves, the audit row, the
//! live event.

use std::collections::HashMap;

use serde_json::json;

use super::impact::Reckoned;
use super::sides::Sides;
use super::waiting::settled;
use crate::domain::id::PlanId;
use crate::domain::permit::Action;
use crate::domain::policy::{Impact, Stamp, changes};
use crate::market::act::{Act, Leave};
use crate::market::record::{Subject, record};
use crate::market::refused::{Changed, Refused};
use crate::store::policy::{self, PolicyRevision};
use crate::store::{Audience, NewEvent, StoreError, Tx, accounts, reviews, rollouts};

/// A change that is to be carried out.
pub(super) struct Change<'a> {
    pub sides: &'a Sides,
    pub reckoned: &'a Reckoned,
    pub reason: &'a str,
    pub restores: Option<i64>,
    pub plan: Option<PlanId>,
    pub action: &'static str,
}

/// Makes the new revision and moves what it moves.
pub(super) fn carry_out<A: Action>(
    tx: &mut Tx,
    act: &Act,
    leave: &Leave<A>,
    current: &PolicyRevision,
    change: &Change<'_>,
) -> Result<PolicyRevision, Refused> {
    let by = leave.account.as_ref().map(|account| account.id);
    let stamp = Stamp { revision: current.number() + 1, by, at: act.now };
    let document = change.sides.after.force.global.document.clone();
    let revision = PolicyRevision {
        enacted: current.enacted.succeeded(document, stamp),
        reason: change.reason.to_owned(),
        restores: change.restores,
        plan: change.plan,
    };
    policy::append(tx, &revision)?;
    move_rows(tx, act, &leave.name(), change)?;
    if change.sides.differ(|policy| policy.rollouts) {
        rollouts::look_at_all(tx, act.now)?;
    }
    let totals = change.reckoned.impact.totals;
    let detail = json!({
        "revision": revision.number(),
        "reason": revision.reason,
        "plan": revision.plan.map(|plan| plan.to_string()),
        "restores": revision.restores,
        "changes": change.reckoned.impact.changes,
        "totals": totals,
    });
    record(tx, leave, &Subject::Policy(revision.number()), &detail, act.now);
    tell(tx, change.action, &revision, &change.reckoned.impact, &leave.name());
    Ok(revision)
}

/// What was changed in the policy after a revision, field by field.
pub(in crate::market) fn changed_since(tx: &mut Tx, base: i64) -> Result<Vec<Changed>, Refused> {
    let current = policy::current(tx)?;
    let Some(then) = policy::by_number(tx, base)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for change in changes(then.document(), current.document()) {
        let path = change.field.parse::<crate::domain::policy::FieldPath>().ok();
        let stamp = match &path {
            Some(path) if current.document().layer.0.contains_key(path) => current.enacted.stamp_of(path),
            _ => current.enacted.stamp,
        };
        let pointer =
            path.map_or_else(|| format!("/document/{}", change.field), |path| format!("/document{}", path.pointer()));
        found.push(Changed { pointer, by: name_of(tx, stamp)?, at: stamp.at });
    }
    Ok(found)
}

/// The name of who made a revision.
pub(in crate::market) fn name_of(tx: &mut Tx, stamp: Stamp) -> Result<String, StoreError> {
    let account = match stamp.by {
        Some(by) => accounts::by_id(tx, by)?,
        None => None,
    };
    Ok(account.map_or_else(|| "the marketplace".to_owned(), |account| account.name.to_string()))
}

fn move_rows(tx: &mut Tx, act: &Act, by: &str, change: &Change<'_>) -> Result<(), Refused> {
    let key = tx.audit_key().clone();
    let mut reputations = HashMap::new();
    for one in &change.reckoned.regarded {
        let id = one.account.id.parse().map_err(|error| StoreError::Corrupt(format!("an account: {error}")))?;
        accounts::set_reputation(tx, id, one.reputation)?;
        reputations.insert(one.account.id.clone(), one.reputation);
    }
    for row in &change.reckoned.open {
        let mut settled = settled(change.sides, &key, &reputations, row);
        if settled == *row {
            continue;
        }
        if settled.approvals_needed == row.approvals_needed {
            reviews::write(tx, row, &settled)?;
        } else {
            reviews::update(tx, row, &mut settled, "/approvals_needed", by, act.now)?;
        }
    }
    Ok(())
}

fn tell(tx: &mut Tx, action: &str, revision: &PolicyRevision, impact: &Impact, by: &str) {
    let fields: Vec<&str> = impact.changes.iter().map(|change| change.field.as_str()).collect();
    let body = json!({
        "action": action,
        "revision": revision.number(),
        "restores": revision.restores,
        "fields": fields,
        "reason": revision.reason,
        "by": by,
    });
    tx.event(NewEvent { topic: "policy", audience: Audience::all(), body });
}
