//! Planning a change of the policy: judged whole, its impact reckoned, kept for an hour. Nothing else changes.

use serde_json::json;

use super::impact::reckon;
use super::sides::Sides;
use crate::domain::digest::Sha256Digest;
use crate::domain::fault::Fault;
use crate::domain::id::PlanId;
use crate::domain::json::Json;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::PlanPolicy;
use crate::domain::policy::{Document, Impact, Place, Stamp};
use crate::domain::time::Timestamp;
use crate::market::act::{Act, leave};
use crate::market::input::{Length, text};
use crate::market::record::{Subject, record};
use crate::market::refused::Refused;
use crate::store::plans::{self, PlanRow};
use crate::store::policy::{self, PolicyRevision};
use crate::store::{Tx, events};

/// How long a plan can be applied.
pub const PLAN_LIVES_MS: i64 = 3_600_000;

/// What is to be planned.
#[derive(Clone, Debug)]
pub enum Draft {
    /// A document in the place of the one in force.
    Document(Json),
    /// Going back to an earlier revision.
    Revision(i64),
}

/// A draft with what it would change, not kept yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The revision that it starts from.
    pub base: i64,
    /// The newest live event that it saw.
    pub event: i64,
    /// The draft.
    pub document: Document,
    /// The revision that it goes back to, where it does.
    pub restores: Option<i64>,
    /// Why.
    pub reason: String,
    /// What it would change.
    pub impact: Impact,
}

/// Reckons what a draft would change. This reads much and writes nothing: it is for a transaction that reads.
///
/// # Errors
/// [`Refused::Invalid`] with every fault of the draft, the conflict `nothing_changes`.
pub fn plan_policy(tx: &mut Tx, act: &Act, draft: &Draft, reason: &str) -> Result<Planned, Refused> {
    leave::<PlanPolicy>(tx, act)?;
    let reason = text("/reason", reason, Length::needed(REASON_CHARS_MAX))?;
    let current = policy::current(tx)?;
    let (document, restores) = read(tx, &current, draft, act.now)?;
    if document == *current.document() {
        let detail = format!("this is what revision {} says already; nothing would change", current.number());
        return Err(Refused::conflict("nothing_changes", detail));
    }
    let sides = sides(&current, document.clone(), act.now);
    let impact = reckon(tx, &sides)?.impact;
    let event = events::newest(tx)?;
    Ok(Planned { base: current.number(), event, document, restores, reason, impact })
}

/// Keeps a plan, so that it can be applied.
///
/// # Errors
/// [`Refused::Precondition`] where the policy has changed since it was reckoned.
pub fn policy_plan(tx: &mut Tx, act: &Act, planned: &Planned) -> Result<PlanRow, Refused> {
    let leave = leave::<PlanPolicy>(tx, act)?;
    let current = policy::current(tx)?;
    if current.number() != planned.base {
        let changed = super::carry_out::changed_since(tx, planned.base)?;
        return Err(Refused::Precondition { changed, revision: current.number() });
    }
    let plan = PlanRow {
        id: PlanId::mint(act.now, &mut act.entropy()),
        base: planned.base,
        event: planned.event,
        sha256: digest(&planned.document),
        document: planned.document.clone(),
        restores: planned.restores,
        reason: planned.reason.clone(),
        impact: planned.impact.clone(),
        by: leave.account.as_ref().map(|account| account.id),
        at: act.now,
        expires_at: act.now.plus_ms(PLAN_LIVES_MS),
        used_at: None,
    };
    plans::insert(tx, &plan)?;
    let detail = json!({
        "base": plan.base,
        "sha256": plan.sha256.to_string(),
        "reason": plan.reason,
        "changes": plan.impact.changes.len(),
    });
    record(tx, &leave, &Subject::Plan(plan.id), &detail, act.now);
    Ok(plan)
}

/// SHA-256 of a document as it is kept.
pub(super) fn digest(document: &Document) -> Sha256Digest {
    Sha256Digest::of(document.to_json().to_compact().as_bytes())
}

/// The sides of a change of the document in force.
pub(super) fn sides(current: &PolicyRevision, document: Document, now: Timestamp) -> Sides {
    let stamp = Stamp { revision: current.number() + 1, by: None, at: now };
    Sides::new(current.enacted.clone(), current.enacted.succeeded(document, stamp), now)
}

/// The document of an earlier revision.
pub(super) fn earlier(tx: &mut Tx, number: i64) -> Result<Document, Refused> {
    let found = policy::by_number(tx, number)?.ok_or(Refused::NotFound("revision of the policy"))?;
    Ok(found.enacted.document)
}

fn read(
    tx: &mut Tx,
    current: &PolicyRevision,
    draft: &Draft,
    now: Timestamp,
) -> Result<(Document, Option<i64>), Refused> {
    let json = match draft {
        Draft::Revision(number) => return Ok((earlier(tx, *number)?, Some(*number))),
        Draft::Document(json) => json,
    };
    let below = |faults: Vec<Fault>| {
        let below = |fault: Fault| Fault { pointer: format!("/document{}", fault.pointer), ..fault };
        Refused::Invalid(faults.into_iter().map(below).collect())
    };
    let document = Document::from_json(json, Place::Global).map_err(below)?;
    let is_new = |place: &usize| !current.document().exceptions.contains(&document.exceptions[*place]);
    let outdated =
        (0..document.exceptions.len()).filter(is_new).filter(|place| document.exceptions[*place].until <= now);
    let faults: Vec<Fault> = outdated
        .map(|place| Fault {
            pointer: format!("/exceptions/{place}/until"),
            code: "in_the_past",
            message: format!("{} is over; a new exception ends in the future", document.exceptions[place].until),
        })
        .collect();
    if faults.is_empty() { Ok((document, None)) } else { Err(below(faults)) }
}
