//! What one server overrides of the marketplace's policy: never looser than what is locked.

use serde_json::json;

use super::carry_out::name_of;
use crate::domain::fault::Fault;
use crate::domain::id::{AccountId, PlanId, ServerId};
use crate::domain::json::Json;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::OverridePolicy;
use crate::domain::policy::{Document, Enacted, FieldPath, LayerName, Origin, Place, Setting, Stamp, changes};
use crate::domain::server::ServerRelation;
use crate::domain::time::Timestamp;
use crate::market::act::{Act, IfMatch, Leave, last_change, leave_as};
use crate::market::input::{Length, text};
use crate::market::record::{Subject, record};
use crate::market::refused::Refused;
use crate::store::policy::{self, PolicyRevision};
use crate::store::{Audience, NewEvent, Tx};

/// What a server is to override from now on.
#[derive(Clone, Debug)]
pub struct Override {
    /// The server.
    pub server: ServerId,
    /// All that it overrides; empty for nothing.
    pub document: Json,
    /// Why.
    pub reason: String,
    /// The revision that was seen; 0 where there was none.
    pub if_match: IfMatch,
}

/// What a server overrides; revision 0 where it never did.
pub fn policy_of_server(tx: &mut Tx, server: ServerId) -> Result<Option<PolicyRevision>, Refused> {
    Ok(policy::of_server(tx, &server.to_string())?)
}

/// Sets what a server overrides; `relation` is what the caller is to the server, read in the same transaction.
///
/// # Errors
/// [`Refused::Invalid`] with every fault; for what would loosen a locked field, with the lock's revision and author.
pub fn override_policy(
    tx: &mut Tx,
    act: &Act,
    relation: ServerRelation,
    input: &Override,
) -> Result<PolicyRevision, Refused> {
    let leave = leave_as::<OverridePolicy>(tx, act, relation)?;
    let id = input.server.to_string();
    let current = policy::of_server(tx, &id)?;
    let number = current.as_ref().map_or(0, PolicyRevision::number);
    input.if_match.check(number, |_| last_change(tx, "server", input.server))?;
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let document = read(tx, &input.document)?;
    enact(tx, act, &leave, input.server, current.as_ref(), New { document, reason, plan: None })
}

/// What a server is to override, once it was judged.
pub(super) struct New {
    pub document: Document,
    pub reason: String,
    /// The plan that it was applied from.
    pub plan: Option<PlanId>,
}

/// What a server overrides with `document` in the place of what it overrides now; who made it is `by`.
pub(super) fn succeeded(
    current: Option<&PolicyRevision>,
    document: Document,
    by: Option<AccountId>,
    at: Timestamp,
) -> Enacted {
    let stamp = Stamp { revision: current.map_or(0, PolicyRevision::number) + 1, by, at };
    match current {
        Some(current) => current.enacted.succeeded(document, stamp),
        None => Enacted::first(document, stamp),
    }
}

/// Makes the new revision of what a server overrides.
pub(super) fn enact(
    tx: &mut Tx,
    act: &Act,
    leave: &Leave<OverridePolicy>,
    server: ServerId,
    current: Option<&PolicyRevision>,
    new: New,
) -> Result<PolicyRevision, Refused> {
    let id = server.to_string();
    let before = current.map(|current| current.document().clone()).unwrap_or_default();
    let changed = changes(&before, &new.document);
    let by = leave.account.as_ref().map(|account| account.id);
    let enacted = succeeded(current, new.document, by, act.now);
    let revision = PolicyRevision { enacted, reason: new.reason, restores: None, plan: None };
    policy::append_of_server(tx, &id, &revision)?;
    let plan = new.plan.map(|plan| plan.to_string());
    let detail = json!({ "revision": revision.number(), "reason": revision.reason, "plan": plan, "changes": changed });
    record(tx, leave, &Subject::Server(server), &detail, act.now);
    let body = json!({
        "action": "overridden",
        "server_id": id,
        "revision": revision.number(),
        "fields": changed.iter().map(|change| change.field.as_str()).collect::<Vec<_>>(),
        "by": leave.name(),
    });
    let own = leave.account.as_ref().map(|account| account.id);
    tx.event(NewEvent { topic: "policy", audience: Audience::maintainers_and(own), body });
    Ok(revision)
}

/// Reads what a server is to override, and judges it.
///
/// # Errors
/// [`Refused::Invalid`] with every fault; for what would loosen a locked field, with the lock's revision and author.
pub(super) fn read(tx: &mut Tx, json: &Json) -> Result<Document, Refused> {
    let below = |faults: Vec<Fault>| {
        let below = |fault: Fault| Fault { pointer: format!("/document{}", fault.pointer), ..fault };
        Refused::Invalid(faults.into_iter().map(below).collect())
    };
    let document = Document::from_json(json, Place::Server).map_err(below)?;
    let faults = judge(tx, &document)?;
    if faults.is_empty() { Ok(document) } else { Err(below(faults)) }
}

/// What the marketplace does not let a server override: tiers that there are not, and what would loosen a lock.
fn judge(tx: &mut Tx, document: &Document) -> Result<Vec<Fault>, Refused> {
    let layers = policy::layers(tx)?;
    let mut faults = Vec::new();
    for path in document.layer.0.keys().filter(|path| path.get(&layers.base).is_none()) {
        let known: Vec<&str> = layers.base.tiers.keys().map(String::as_str).collect();
        let message = format!("there is no tier {}; the tiers are {}", path.name(), known.join(", "));
        faults.push(Fault { pointer: path.pointer(), code: "unknown_tier", message });
    }
    for (path, bound, origin) in layers.loosened(document) {
        let message = loosened(tx, &path, &bound, origin)?;
        faults.push(Fault { pointer: path.pointer(), code: "loosens_lock", message });
    }
    Ok(faults)
}

fn loosened(tx: &mut Tx, path: &FieldPath, bound: &Setting, origin: Origin) -> Result<String, Refused> {
    let stricter = path.field().stricter.describe();
    let Some(stamp) = origin.stamp.filter(|_| origin.layer == LayerName::Global) else {
        return Ok(format!("{path} is {bound} for this tier, and a server can only make it stricter ({stricter})"));
    };
    let by = name_of(tx, stamp)?;
    Ok(format!(
        "{path} is set to {bound} for every server by {by} in revision {} of the policy ({}), and a server can only make \
         it stricter ({stricter})",
        stamp.revision, stamp.at
    ))
}
