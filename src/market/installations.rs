//! Looking at installations: one with everything that belongs to it, those of a server, those that an instance runs.

use super::announce::find_instance;
use super::configure::running;
use super::place::{InstallationRef, ServerRef, Site, find_installation, find_server, policy_for, site};
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::filter::Filter;
use crate::domain::flag::{Flag, flags as resolve};
use crate::domain::id::{InstallationId, InstanceId, ServerId};
use crate::domain::installation::Follow;
use crate::domain::json::Json;
use crate::domain::rollout::Turn;
use crate::domain::server::ServerRelation;
use crate::domain::time::Timestamp;
use crate::store::configs::{self, ConfigRow};
use crate::store::extensions::ExtensionRow;
use crate::store::installation_steps::{self, StepRow};
use crate::store::installations::{self, Standing};
use crate::store::secrets::{self, SecretRow};
use crate::store::server_list::{self, ServerLine, ServersQuery};
use crate::store::servers::{self, Whose};
use crate::store::usage::{self, Used};
use crate::store::{Tx, flags, instances, policy, rollouts};

/// One installation with what happened to it.
#[derive(Clone, Debug)]
pub struct InstallationDetail {
    /// The installation.
    pub site: Site,
    /// Whether what the channel points at comes to it, where it has another version.
    pub update: Option<Turn>,
    /// The newest stages of its attempts, newest first.
    pub steps: Vec<StepRow>,
}

/// Up to `limit` of the servers that a viewer may know of; all of them for maintainers.
pub fn servers_of(
    tx: &mut Tx,
    viewer: &Viewer,
    filter: &Filter,
    after: Option<ServerId>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ServerLine>, Refused> {
    let Some(whose) = whose(tx, viewer)? else { return Ok(Vec::new()) };
    let silent_ms = policy::in_force(tx, now)?.installations.instance_silent_ms;
    Ok(server_list::page(tx, &ServersQuery { filter, whose, after, limit, now, silent_ms })?)
}

/// Counts what [`servers_of`] would give on all its pages.
pub fn servers_total(tx: &mut Tx, viewer: &Viewer, filter: &Filter, now: Timestamp) -> Result<u64, Refused> {
    let Some(whose) = whose(tx, viewer)? else { return Ok(0) };
    let silent_ms = policy::in_force(tx, now)?.installations.instance_silent_ms;
    Ok(server_list::count(tx, &ServersQuery { filter, whose, after: None, limit: 0, now, silent_ms })?)
}

/// Whose servers a viewer may know of; nothing where it is nobody.
fn whose(tx: &mut Tx, viewer: &Viewer) -> Result<Option<Whose>, Refused> {
    Ok(match viewer.account() {
        _ if viewer.is_maintainer() => Some(Whose::Everyones),
        None => None,
        Some(account) => Some(match instances::by_account(tx, account)? {
            Some(instance) => Whose::Instance(instance.id),
            None => Whose::Account(account),
        }),
    })
}

/// One installation.
pub fn installation(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &InstallationRef,
    now: Timestamp,
) -> Result<InstallationDetail, Refused> {
    let (site, _) = find_installation(tx, viewer, wanted)?;
    let update = turn(tx, &site, now)?;
    let steps = installation_steps::newest(tx, site.row.id)?;
    Ok(InstallationDetail { site, update, steps })
}

/// Everything on a server, by slug.
pub fn installed_on(
    tx: &mut Tx,
    viewer: &Viewer,
    server: &ServerRef,
    now: Timestamp,
) -> Result<Vec<(Site, Option<Turn>)>, Refused> {
    let (server, _) = find_server(tx, viewer, server)?;
    let mut found = Vec::new();
    for row in installations::of_server(tx, server.id)? {
        let site = site(tx, server.clone(), row)?;
        let turn = turn(tx, &site, now)?;
        found.push((site, turn));
    }
    Ok(found)
}

/// A page of everything that an instance has to run or to bring about: what it reads when it starts.
pub fn run_by(
    tx: &mut Tx,
    viewer: &Viewer,
    instance: InstanceId,
    after: Option<InstallationId>,
    limit: usize,
) -> Result<Vec<Site>, Refused> {
    let instance = find_instance(tx, viewer, instance)?;
    let mut found = Vec::new();
    for row in installations::of_instance(tx, instance.id, after, limit)? {
        let server = servers::by_id(tx, row.server)?.ok_or(Refused::NotFound("server"))?;
        found.push(site(tx, server, row)?);
    }
    Ok(found)
}

/// How many installations of an extension stand where, for its owner and maintainers.
pub fn standing_of(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
) -> Result<(ExtensionRow, Vec<Standing>), Refused> {
    let row = find(tx, viewer, extension)?;
    if !viewer.sees_all_of(&row) {
        return Err(Refused::NotFound("extension of yours"));
    }
    let standing = installations::standing(tx, row.id)?;
    Ok((row, standing))
}

/// The configuration of an installation, where it has one, and the schema that judges the next one, where its version has
/// one.
pub fn config_of(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &InstallationRef,
) -> Result<(Option<ConfigRow>, Option<Json>), Refused> {
    let (site, relation) = find_installation(tx, viewer, wanted)?;
    private(relation, viewer)?;
    let config = configs::current(tx, site.row.id)?;
    let state = &site.row.stands.state;
    let schema = match (state.now(), state.next()) {
        (None, None) => None,
        _ => running(tx, &site)?.1.config_schema,
    };
    Ok((config, schema))
}

/// The secrets of an installation by name, never what they are.
pub fn secrets_of(tx: &mut Tx, viewer: &Viewer, wanted: &InstallationRef) -> Result<Vec<SecretRow>, Refused> {
    let (site, relation) = find_installation(tx, viewer, wanted)?;
    private(relation, viewer)?;
    Ok(secrets::list(tx, site.row.id)?)
}

/// The feature flags of an installation, and where each value comes from.
pub fn flags_of(tx: &mut Tx, viewer: &Viewer, wanted: &InstallationRef) -> Result<(Site, Vec<Flag>), Refused> {
    let (site, _) = find_installation(tx, viewer, wanted)?;
    let (version, manifest) = running(tx, &site)?;
    let (of_version, of_server) = (flags::of_version(tx, version.id)?, flags::of_installation(tx, site.row.id)?);
    let flags = resolve(&manifest, |name| of_version.get(name).copied(), |name| of_server.get(name).copied());
    Ok((site, flags))
}

/// What an installation used since a time.
pub fn used_by(tx: &mut Tx, viewer: &Viewer, wanted: &InstallationRef, from: Timestamp) -> Result<Used, Refused> {
    let (site, _) = find_installation(tx, viewer, wanted)?;
    Ok(usage::since(tx, site.row.id, from)?)
}

/// What a server gave an extension is for those who run it, and for administrators.
fn private(relation: ServerRelation, viewer: &Viewer) -> Result<(), Refused> {
    use crate::domain::account::Role;
    let administers =
        matches!(viewer, Viewer::Operator) || matches!(viewer, Viewer::Account { role: Role::Administrator, .. });
    if relation != ServerRelation::Stranger || administers { Ok(()) } else { Err(Refused::NotFound("configuration")) }
}

/// Whether and when what the channel points at comes, where another version runs.
pub(super) fn turn(tx: &mut Tx, site: &Site, now: Timestamp) -> Result<Option<Turn>, Refused> {
    let (Some(running), Some(head)) = (site.row.stands.state.now(), &site.extension.head) else { return Ok(None) };
    if running.version_id == head.version || site.row.follow == Follow::Pinned {
        return Ok(None);
    }
    let rollout = rollouts::of(tx, site.extension.id)?;
    Ok(Some(match rollout {
        Some(row) if head.number > running.version => {
            let rings = policy_for(tx, &site.server, Some(&site.row.slug), now)?.rollouts;
            row.rollout.turn(site.extension.id, site.server.id, &rings, now)
        }
        _ => Turn::Now,
    }))
}
