//! How far an extension has spread: its channel's history, who has it, and what its flags are before a server is asked.

use std::collections::BTreeMap;

use super::installations::turn;
use super::place::{Site, manifest, site};
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use super::writing::{VersionRef, version};
use crate::domain::extension::ChannelRevision;
use crate::domain::flag::{Flag, flags as resolve};
use crate::domain::id::{ExtensionId, InstallationId};
use crate::domain::instance::Presence;
use crate::domain::rollout::Turn;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::ExtensionRow;
use crate::store::flags::Overrides;
use crate::store::{StoreError, Tx, channels, flags, installations, instances, policy, servers, versions};

/// Channel revisions shown at most.
const REVISIONS_MAX: usize = 100;

/// What a rollback, a quarantine or a block reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Installations that did not fail.
    pub installations: u64,
    /// Those among them that run.
    pub active: u64,
    /// Servers that have it.
    pub servers: u64,
    /// Instances that serve those servers.
    pub instances: u64,
    /// Those among them that were heard from lately.
    pub listening: u64,
    /// How many installations have which version, greatest number first.
    pub versions: Vec<(VersionNumber, u64)>,
}

/// One flag of a version, and how many servers set it for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSetting {
    /// The flag, without any server.
    pub flag: Flag,
    /// How many servers set it for themselves.
    pub overrides: Overrides,
}

/// The newest revisions of an extension's channel, newest first, for everyone who may know of the extension.
pub fn channel_of(tx: &mut Tx, viewer: &Viewer, wanted: &ExtensionRef) -> Result<Vec<ChannelRevision>, Refused> {
    let row = find(tx, viewer, wanted)?;
    Ok(channels::newest(tx, row.id, REVISIONS_MAX)?)
}

/// How many servers have each extension of a page of the catalogue.
pub fn installation_counts(tx: &mut Tx, rows: &[ExtensionRow]) -> Result<BTreeMap<ExtensionId, u64>, Refused> {
    let ids: Vec<ExtensionId> = rows.iter().map(|row| row.id).collect();
    Ok(installations::counts(tx, &ids)?)
}

/// How far an extension has spread, for its owner and maintainers.
pub fn spread_of(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &ExtensionRef,
    now: Timestamp,
) -> Result<(ExtensionRow, Spread), Refused> {
    let row = owned(tx, viewer, wanted)?;
    let mut spread = Spread::default();
    let mut by_version: BTreeMap<VersionNumber, u64> = BTreeMap::new();
    for standing in installations::standing(tx, row.id)?.iter().filter(|standing| standing.state != "failed") {
        let count = standing.count.unsigned_abs();
        spread.installations += count;
        if standing.state == "active" {
            spread.active += count;
        }
        if let Some(id) = standing.version {
            let version =
                versions::by_id(tx, id)?.ok_or_else(|| StoreError::Corrupt(format!("the version {id} is gone")))?;
            *by_version.entry(version.number).or_default() += count;
        }
    }
    // A server has an extension at most once.
    spread.servers = spread.installations;
    let waits = policy::in_force(tx, now)?.installations;
    for (id, _) in installations::instances_with(tx, row.id)? {
        let instance = instances::by_id(tx, id)?;
        spread.instances += 1;
        spread.listening +=
            u64::from(instance.is_some_and(|instance| instance.presence(&waits, now) == Presence::Live));
    }
    spread.versions = by_version.into_iter().rev().collect();
    Ok((row, spread))
}

/// A page of the servers that have an extension, for maintainers: an owner is told how many, not which.
pub fn installed_with(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &ExtensionRef,
    after: Option<InstallationId>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<(Site, Option<Turn>)>, Refused> {
    let extension = find(tx, viewer, wanted)?;
    if !viewer.is_maintainer() {
        return Err(Refused::NotFound("list of servers"));
    }
    let mut found = Vec::new();
    for row in installations::of_extension(tx, extension.id, after, limit)? {
        let server = servers::by_id(tx, row.server)?.ok_or(Refused::NotFound("server"))?;
        let site = site(tx, server, row)?;
        let turn = turn(tx, &site, now)?;
        found.push((site, turn));
    }
    Ok(found)
}

/// The feature flags of a version with what was set for it, for the extension's owner and maintainers.
pub fn flag_settings(tx: &mut Tx, viewer: &Viewer, wanted: &VersionRef) -> Result<Vec<FlagSetting>, Refused> {
    let extension = owned(tx, viewer, &wanted.extension)?;
    let version = version(tx, &extension, &wanted.number)?;
    let set = flags::of_version(tx, version.id)?;
    let overrides = flags::overrides(tx, extension.id, version.id)?;
    let found = resolve(&manifest(&version)?, |name| set.get(name).copied(), |_| None);
    let setting = |flag: Flag| {
        let overrides = overrides.get(&flag.name).copied().unwrap_or_default();
        FlagSetting { flag, overrides }
    };
    Ok(found.into_iter().map(setting).collect())
}

fn owned(tx: &mut Tx, viewer: &Viewer, wanted: &ExtensionRef) -> Result<ExtensionRow, Refused> {
    let row = find(tx, viewer, wanted)?;
    if viewer.sees_all_of(&row) { Ok(row) } else { Err(Refused::NotFound("extension of yours")) }
}
