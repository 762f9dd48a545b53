//! Planning what one server overrides, and applying it only as long as what was counted still stands.

use serde_json::json;

use super::apply::{untouched, usable};
use super::override_server::{New, enact, read, succeeded};
use super::plan::{PLAN_LIVES_MS, digest};
use super::server_impact::reckon;
use crate::domain::id::{PlanId, ServerId};
use crate::domain::json::Json;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{OverridePolicy, PlanOverride};
use crate::domain::policy::{Document, Impact};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::market::act::{Act, IfMatch, last_change, leave_as};
use crate::market::input::{Length, text};
use crate::market::place::{ServerRef, find_server};
use crate::market::record::{Subject, record};
use crate::market::refused::Refused;
use crate::market::sight::Viewer;
use crate::store::plans::{self, PlanRow};
use crate::store::policy::{self, PolicyRevision};
use crate::store::{Tx, events};

/// A draft of what a server overrides, with what it would change; not kept yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOverride {
    server: ServerRef,
    base: i64,
    event: i64,
    document: Document,
    reason: String,
    impact: Impact,
}

/// Which plan is applied on which server, and what was seen.
#[derive(Clone, Debug)]
pub struct ApplyOverride {
    /// The server.
    pub server: ServerRef,
    /// The plan.
    pub plan: PlanId,
    /// The revision of what the server overrides that was seen; 0 where it never did.
    pub if_match: IfMatch,
}

/// What was applied on a server.
#[derive(Clone, Debug)]
pub struct AppliedOverride {
    /// The server.
    pub server: Server,
    /// The new revision of what it overrides.
    pub revision: PolicyRevision,
    /// What it changed.
    pub impact: Impact,
}

/// Reckons what a draft of a server's override would change; for a transaction that reads.
///
/// # Errors
/// [`Refused::Invalid`] with every fault of the draft, locks that it would loosen included; the conflict
/// `nothing_changes`.
pub fn plan_override(
    tx: &mut Tx,
    act: &Act,
    wanted: &ServerRef,
    draft: &Json,
    reason: &str,
) -> Result<PlannedOverride, Refused> {
    let (server, relation) = find_server(tx, &act.viewer(), wanted)?;
    leave_as::<PlanOverride>(tx, act, relation)?;
    let reason = text("/reason", reason, Length::needed(REASON_CHARS_MAX))?;
    let document = read(tx, draft)?;
    let current = policy::of_server(tx, &server.id.to_string())?;
    let base = current.as_ref().map_or(0, PolicyRevision::number);
    if current.as_ref().map_or(&Document::default(), PolicyRevision::document) == &document {
        return Err(Refused::conflict("nothing_changes", "this is what the server overrides already"));
    }
    let impact = counted(tx, &server, current.as_ref(), &document, act.now)?;
    let event = events::newest(tx)?;
    Ok(PlannedOverride { server: wanted.clone(), base, event, document, reason, impact })
}

/// Keeps a plan of a server's override, so that it can be applied.
///
/// # Errors
/// [`Refused::Precondition`] where what the server overrides has changed since it was reckoned.
pub fn override_plan(tx: &mut Tx, act: &Act, planned: &PlannedOverride) -> Result<PlanRow, Refused> {
    let (server, relation) = find_server(tx, &act.viewer(), &planned.server)?;
    let leave = leave_as::<PlanOverride>(tx, act, relation)?;
    let current = policy::of_server(tx, &server.id.to_string())?;
    stands(tx, server.id, current.as_ref(), planned.base)?;
    let plan = PlanRow {
        id: PlanId::mint(act.now, &mut act.entropy()),
        base: planned.base,
        event: planned.event,
        sha256: digest(&planned.document),
        document: planned.document.clone(),
        restores: None,
        reason: planned.reason.clone(),
        impact: planned.impact.clone(),
        by: leave.account.as_ref().map(|account| account.id),
        at: act.now,
        expires_at: act.now.plus_ms(PLAN_LIVES_MS),
        used_at: None,
    };
    plans::insert(tx, &plan)?;
    let detail = json!({
        "server": server.id.to_string(),
        "base": plan.base,
        "sha256": plan.sha256.to_string(),
        "reason": plan.reason,
        "changes": plan.impact.changes.len(),
    });
    record(tx, &leave, &Subject::Plan(plan.id), &detail, act.now);
    Ok(plan)
}

/// A plan of what a server overrides, for whoever may know of the server.
pub fn plan_of_server(tx: &mut Tx, viewer: &Viewer, wanted: &ServerRef, plan: PlanId) -> Result<PlanRow, Refused> {
    let (server, _) = find_server(tx, viewer, wanted)?;
    let found = plans::by_id(tx, plan)?.filter(|found| found.impact.server == Some(server.id));
    found.ok_or(Refused::NotFound("plan"))
}

/// Applies a plan of what a server overrides.
///
/// # Errors
/// The conflicts `plan_used` and `plan_expired`; [`Refused::Precondition`] where the override changed since,
/// [`Refused::Invalid`] where a lock came meanwhile, [`Refused::Moved`] with each difference where what the plan counted
/// is no longer so.
pub fn apply_override(tx: &mut Tx, act: &Act, input: &ApplyOverride) -> Result<AppliedOverride, Refused> {
    let (server, relation) = find_server(tx, &act.viewer(), &input.server)?;
    let leave = leave_as::<OverridePolicy>(tx, act, relation)?;
    let plan = plan_of_server(tx, &act.viewer(), &input.server, input.plan)?;
    usable(&plan, act.now)?;
    let current = policy::of_server(tx, &server.id.to_string())?;
    let number = current.as_ref().map_or(0, PolicyRevision::number);
    input.if_match.check(number, |_| last_change(tx, "server", server.id))?;
    stands(tx, server.id, current.as_ref(), plan.base)?;
    untouched(&plan)?;
    let document = read(tx, &plan.document.to_json())?;
    let impact = counted(tx, &server, current.as_ref(), &document, act.now)?;
    let moved = impact.moved_since(&plan.impact);
    if !moved.is_empty() {
        return Err(Refused::Moved { moved, revision: number });
    }
    let new = New { document, reason: plan.reason, plan: Some(plan.id) };
    let revision = enact(tx, act, &leave, server.id, current.as_ref(), new)?;
    plans::mark_used(tx, plan.id, act.now)?;
    Ok(AppliedOverride { server, revision, impact })
}

fn stands(tx: &mut Tx, server: ServerId, current: Option<&PolicyRevision>, base: i64) -> Result<(), Refused> {
    let number = current.map_or(0, PolicyRevision::number);
    if number == base {
        return Ok(());
    }
    let changed = last_change(tx, "server", server)?;
    Err(Refused::Precondition { changed, revision: number })
}

fn counted(
    tx: &mut Tx,
    server: &Server,
    current: Option<&PolicyRevision>,
    document: &Document,
    now: Timestamp,
) -> Result<Impact, Refused> {
    let after = succeeded(current, document.clone(), None, now);
    Ok(reckon(tx, server, current.map(|current| &current.enacted), &after, now)?)
}
