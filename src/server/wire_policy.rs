//! Policies, plans and explanations as they are sent.

use super::problem::Problem;
use crate::api::policy as wire;
use crate::domain::json::Json;
use crate::domain::policy as domain;
use crate::domain::policy::{Document, Policy, Stamp, When};
use crate::market::{Explained, FieldOnServer, LayerSaid};
use crate::store::plans::PlanRow;
use crate::store::policy::PolicyRevision;
use crate::store::{StoreError, Tx, accounts};

/// A revision, beside the one before it.
pub(super) fn revision(
    tx: &mut Tx,
    revision: &PolicyRevision,
    before: Option<&PolicyRevision>,
) -> Result<wire::PolicyRevision, Problem> {
    let nothing = Document::default();
    let before = before.map_or(&nothing, PolicyRevision::document);
    let changes = domain::changes(before, revision.document());
    Ok(wire::PolicyRevision {
        number: revision.number(),
        document: whole(&domain::InForce::new(revision.enacted.clone()).base)?,
        layer: layer(revision.document())?,
        changes: changes.into_iter().map(change).collect(),
        reason: revision.reason.clone(),
        by: name(tx, revision.enacted.stamp)?,
        at: revision.enacted.stamp.at.to_string(),
        restores: revision.restores,
        plan: revision.plan.map(|plan| plan.to_string()),
    })
}

/// A plan.
pub(super) fn plan(tx: &mut Tx, plan: &PlanRow) -> Result<wire::Plan, Problem> {
    let by = match plan.by {
        Some(by) => accounts::by_id(tx, by)?.map(|account| account.name.to_string()),
        None => None,
    };
    Ok(wire::Plan {
        id: plan.id.to_string(),
        server_id: plan.impact.server.map(|server| server.to_string()),
        base: plan.base,
        document: layer(&plan.document)?,
        restores: plan.restores,
        reason: plan.reason.clone(),
        impact: impact(&plan.impact),
        by,
        at: plan.at.to_string(),
        expires_at: plan.expires_at.to_string(),
        used_at: plan.used_at.map(|at| at.to_string()),
    })
}

/// An impact.
pub(super) fn impact(impact: &domain::Impact) -> wire::Impact {
    let (looked_at, totals) = (impact.looked_at, impact.totals);
    wire::Impact {
        changes: impact.changes.iter().cloned().map(change).collect(),
        effects: impact.effects.iter().map(effect).collect(),
        measured: impact.measured.iter().map(measured).collect(),
        looked_at: wire::LookedAt {
            extensions: looked_at.extensions,
            submissions: looked_at.submissions,
            decisions: looked_at.decisions,
            accounts: looked_at.accounts,
            overrides: looked_at.overrides,
            installations: looked_at.installations,
        },
        totals: wire::Totals {
            extensions_hit: totals.extensions_hit,
            submissions_hit: totals.submissions_hit,
            reviews_created: totals.reviews_created,
            sla_missed: totals.sla_missed,
            servers_hit: totals.servers_hit,
        },
    }
}

/// An explanation.
pub(super) fn explanation(explained: &Explained) -> wire::Explanation {
    let field = explained.field.field();
    wire::Explanation {
        field: explained.field.to_string(),
        about: field.about.to_owned(),
        stricter: field.stricter.describe().to_owned(),
        value: explained.value.to_string(),
        from: said(&explained.from),
        lock: explained.lock.as_ref().map(said),
        said: explained.said.iter().map(said).collect(),
    }
}

/// What a server overrides, and what is in force there.
pub(super) fn of_server(
    tx: &mut Tx,
    server: String,
    own: Option<&PolicyRevision>,
    in_force: &Policy,
    fields: &[FieldOnServer],
) -> Result<wire::ServerPolicy, Problem> {
    let by = match own {
        Some(own) => name(tx, own.enacted.stamp)?,
        None => None,
    };
    Ok(wire::ServerPolicy {
        server_id: server,
        number: own.map_or(0, PolicyRevision::number),
        layer: layer(own.map_or(&Document::default(), PolicyRevision::document))?,
        document: whole(in_force)?,
        reason: own.map(|own| own.reason.clone()),
        by,
        at: own.map(|own| own.enacted.stamp.at.to_string()),
        fields: fields.iter().map(field_on_server).collect(),
    })
}

fn field_on_server(field: &FieldOnServer) -> wire::FieldOnServer {
    let reach = match field.field.field().reach {
        domain::Reach::Marketplace => "marketplace",
        domain::Reach::Tighten => "tighten",
        domain::Reach::Server => "server",
    };
    wire::FieldOnServer {
        field: field.field.to_string(),
        value: field.value.to_string(),
        layer: layer_name(field.origin.layer).to_owned(),
        revision: field.origin.stamp.map(|stamp| stamp.revision),
        by: field.by.clone(),
        until: field.origin.until.map(|until| until.to_string()),
        reach: reach.to_owned(),
        locked: field.is_locked,
    }
}

/// A document of the wire as the domain reads it.
pub(super) fn document(value: &serde_json::Value) -> Result<Json, Problem> {
    Json::parse(value.to_string().as_bytes()).map_err(|fault| Problem::invalid("/document", fault.to_string()))
}

fn whole(policy: &Policy) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(policy).map_err(|error| Problem::internal(error.to_string()))
}

fn layer(document: &Document) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(document.to_json()).map_err(|error| Problem::internal(error.to_string()))
}

fn name(tx: &mut Tx, stamp: Stamp) -> Result<Option<String>, StoreError> {
    let Some(by) = stamp.by else { return Ok(None) };
    Ok(accounts::by_id(tx, by)?.map(|account| account.name.to_string()))
}

fn change(change: domain::FieldChange) -> wire::FieldChange {
    wire::FieldChange { field: change.field, from: change.from, to: change.to }
}

fn effect(effect: &domain::Effect) -> wire::Effect {
    let when = match effect.when {
        When::Now => "now",
        When::Later => "later",
        When::Past => "past",
    };
    let example = |example: &domain::Example| wire::Example {
        kind: example.kind.clone(),
        id: example.id.clone(),
        name: example.name.clone(),
        note: example.note.clone(),
    };
    wire::Effect {
        code: effect.code.clone(),
        field: effect.field.clone(),
        when: when.to_owned(),
        what: effect.what.clone(),
        count: effect.count,
        servers: effect.servers,
        installations: effect.installations,
        examples: effect.examples.iter().map(example).collect(),
    }
}

fn measured(measured: &domain::Measured) -> wire::Measured {
    wire::Measured {
        field: measured.field.clone(),
        unit: measured.unit.clone(),
        before: measured.before,
        after: measured.after,
        extensions: measured.extensions,
        unmeasured: measured.unmeasured,
        p50: measured.p50,
        p95: measured.p95,
        p99: measured.p99,
        most: measured.most,
        over_before: measured.over_before,
        over_after: measured.over_after,
    }
}

fn said(said: &LayerSaid) -> wire::LayerSaid {
    wire::LayerSaid {
        layer: layer_name(said.layer).to_owned(),
        value: said.value.to_string(),
        revision: said.revision,
        by: said.by.clone(),
        at: said.at.map(|at| at.to_string()),
        until: said.until.map(|until| until.to_string()),
    }
}

const fn layer_name(layer: domain::LayerName) -> &'static str {
    match layer {
        domain::LayerName::Defaults => "defaults",
        domain::LayerName::Global => "global",
        domain::LayerName::Server => "server",
        domain::LayerName::Exception => "exception",
    }
}
