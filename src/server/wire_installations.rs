//! Installations, servers and instances as the wire has them.

use super::names::Names;
use crate::api::installations::{
    AskedScope, Attempt, ConsentAsked, Installation, InstallationStep, OfferedExtension, Removed, Standing, Update,
};
use crate::api::instances::{Instance as WireInstance, Notice};
use crate::api::servers::Server as WireServer;
use crate::domain::consent::{self, Asked};
use crate::domain::installation::{Stage, State, Why};
use crate::domain::instance::Instance;
use crate::domain::policy::Policy;
use crate::domain::rollout::Turn;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::market::{self, OfferLine, Site};
use crate::store::installation_steps::StepRow;
use crate::store::installations::{self, InstallationRow};
use crate::store::notices::{Confirmed, NoticeRow};
use crate::store::server_list::{self, ServerLine};
use crate::store::{StoreError, Tx, policy, servers, versions};

/// A server as it is sent.
///
/// # Errors
/// What the store says.
pub fn server(tx: &mut Tx, server: &Server, now: Timestamp) -> Result<WireServer, StoreError> {
    let line = server_list::line(tx, server.id)?;
    let line = line.ok_or_else(|| StoreError::Corrupt(format!("the server {} has no owner or instance", server.id)))?;
    let policy = policy::in_force(tx, now)?;
    server_line(tx, &mut Names::default(), &line, &policy, now)
}

/// A server of a list as it is sent.
///
/// # Errors
/// What the store says.
pub fn server_line(
    tx: &mut Tx,
    names: &mut Names,
    line: &ServerLine,
    policy: &Policy,
    now: Timestamp,
) -> Result<WireServer, StoreError> {
    let (server, instance) = (&line.server, &line.instance);
    let managers = server.managers.iter().map(|id| names.of(tx, *id)).collect::<Result<_, _>>()?;
    Ok(WireServer {
        id: server.id.to_string(),
        guild: server.guild.to_string(),
        name: server.name.to_string(),
        owner_id: server.owner.to_string(),
        owner: line.owner.clone(),
        managers,
        tier: server.tier.to_string(),
        instance_id: server.instance.to_string(),
        instance: instance.name.to_string(),
        presence: instance.presence(&policy.installations, now).name().to_owned(),
        heard_at: instance.heard_at.map(|at| at.to_string()),
        installations: line.installations,
        consents: line.waiting,
        created_at: server.created_at.to_string(),
        revision: server.revision,
    })
}

/// An instance as it is sent.
///
/// # Errors
/// What the store says.
pub fn instance(tx: &mut Tx, instance: &Instance, policy: &Policy, now: Timestamp) -> Result<WireInstance, StoreError> {
    let said = instance.announced.as_ref();
    let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    Ok(WireInstance {
        id: instance.id.to_string(),
        name: instance.name.to_string(),
        presence: instance.presence(&policy.installations, now).name().to_owned(),
        host_api: said.map(|said| said.host_api.to_string()),
        scopes: said.map(|said| words(said.scopes.names())).unwrap_or_default(),
        wasm_features: said.map(|said| said.wasm_features.clone()).unwrap_or_default(),
        memory_mib: said.map_or(0, |said| said.memory_mib),
        heard_at: instance.heard_at.map(|at| at.to_string()),
        servers: u64::try_from(servers::count_of_instance(tx, instance.id)?).unwrap_or(0),
        created_at: instance.created_at.to_string(),
        revision: instance.revision,
    })
}

/// A notice as it is sent, with how many confirmed it where that is asked.
pub fn notice(notice: &NoticeRow, confirmed: Option<Confirmed>) -> Notice {
    Notice {
        id: notice.id.to_string(),
        extension_id: notice.extension.to_string(),
        kind: notice.kind.clone(),
        body: serde_json::from_str(&notice.body).unwrap_or_default(),
        at: notice.at.to_string(),
        instances: confirmed.map(|confirmed| confirmed.of),
        confirmed: confirmed.map(|confirmed| confirmed.by),
    }
}

/// An installation as it is sent.
///
/// # Errors
/// What the store says.
pub fn installation(tx: &mut Tx, site: &Site, update: Option<Turn>) -> Result<Installation, StoreError> {
    let (row, state) = (&site.row, &site.row.stands.state);
    let now = state.now();
    let (reason, reason_code) = match state {
        State::Disabled { reason, .. } | State::Removing { reason, .. } => (Some(reason.clone()), None),
        State::Failed { reason, .. } => (Some(reason.text.clone()), Some(reason.code.name().to_owned())),
        State::Installing { .. } | State::Active { .. } => (None, None),
    };
    let head = site.extension.head.as_ref();
    let when = update.map(|turn| match turn {
        Turn::Now => "now",
        Turn::WaitsFor(ring) => ring.name(),
        Turn::Paused => "paused",
    });
    Ok(Installation {
        id: row.id.to_string(),
        server_id: site.server.id.to_string(),
        guild: site.server.guild.to_string(),
        extension_id: row.extension.to_string(),
        slug: row.slug.clone(),
        state: state.name().name().to_owned(),
        reason,
        reason_code,
        version: now.map(|now| now.version.to_string()),
        granted: now.map(|now| owned(now.granted.names())).unwrap_or_default(),
        blocked: now.is_some_and(|now| site.extension.listing.stops(&now.version)),
        attempt: attempt(tx, row)?,
        previous: row.stands.previous.as_ref().map(|previous| previous.version.to_string()),
        follow: row.follow.name().to_owned(),
        update: when.zip(head).map(|(when, head)| Update { version: head.number.to_string(), when: when.to_owned() }),
        freed_at: match state {
            State::Removing { until, .. } => Some(until.to_string()),
            _ => None,
        },
        created_at: row.created_at.to_string(),
        updated_at: row.updated_at.to_string(),
        request_id: state.request().map(|request| request.to_string()),
        revision: row.revision,
    })
}

/// One recorded stage as it is sent.
pub fn step(step: &StepRow) -> InstallationStep {
    InstallationStep {
        attempt: step.attempt,
        version: step.version.clone(),
        why: step.why.clone(),
        stage: step.word.clone(),
        detail: step.detail.clone(),
        at: step.at.to_string(),
    }
}

/// What waits for consent as it is sent.
pub fn asked(row: &InstallationRow, asked: &Asked) -> ConsentAsked {
    let next = row.stands.state.next();
    ConsentAsked {
        installation_id: row.id.to_string(),
        slug: row.slug.clone(),
        running: row.stands.state.now().map(|now| now.version.to_string()),
        version: next.map(|next| next.version.to_string()).unwrap_or_default(),
        scopes: asked.by_risk().into_iter().map(asked_scope).collect(),
        until: next.and_then(|next| next.stage.until()).map(|until| until.to_string()),
        revision: row.revision,
    }
}

/// One extension of an offer as it is sent.
pub fn offered(line: &OfferLine) -> OfferedExtension {
    OfferedExtension {
        extension_id: line.extension.id.to_string(),
        slug: line.extension.slug.to_string(),
        name: line.extension.name.to_string(),
        version: line.version.number.to_string(),
        needed_by: line.needed_by.iter().map(ToString::to_string).collect(),
        scopes: line.asked.by_risk().into_iter().map(asked_scope).collect(),
    }
}

fn asked_scope(one: consent::AskedScope) -> AskedScope {
    AskedScope {
        scope: one.scope.name().to_owned(),
        risk: one.scope.risk(),
        description: one.scope.description().to_owned(),
        optional: one.optional,
        granted: one.granted,
    }
}

/// What a removal frees as it is sent.
pub fn removed(removed: &market::Removed) -> Removed {
    Removed {
        installation_id: removed.row.id.to_string(),
        freed_at: removed.after.map(|at| at.to_string()),
        configs: removed.freed.configs,
        secrets: removed.freed.secrets,
        flags: removed.freed.flags,
        steps: removed.freed.steps,
    }
}

/// How many installations stand alike, as it is sent.
pub fn standing(standing: &installations::Standing) -> Standing {
    Standing {
        state: standing.state.clone(),
        version_id: standing.version.map(|id| id.to_string()),
        count: standing.count,
    }
}

fn attempt(tx: &mut Tx, row: &InstallationRow) -> Result<Option<Attempt>, StoreError> {
    let Some(next) = row.stands.state.next() else { return Ok(None) };
    let (order, granted) = match &next.stage {
        Stage::SandboxPrep { granted, .. } => (Some("prepare"), Some(*granted)),
        Stage::StateInit { granted, .. } => (Some("initialise"), Some(*granted)),
        _ => (None, None),
    };
    let sha256 = match order {
        Some(_) => versions::by_id(tx, next.version_id)?.map(|version| version.code.sha256.to_string()),
        None => None,
    };
    let why = match next.why {
        Why::Install => "install",
        Why::Update => "update",
        Why::Recall => "recall",
        Why::Rollback => "rollback",
    };
    Ok(Some(Attempt {
        number: next.number,
        version: next.version.to_string(),
        why: why.to_owned(),
        stage: next.stage.word().to_owned(),
        order: order.map(str::to_owned),
        sha256,
        granted: granted.map(|granted| owned(granted.names())),
        until: next.stage.until().map(|until| until.to_string()),
    }))
}

fn owned(names: Vec<&'static str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
