//! Servers and installations as a caller names them: found where the caller may know of them, with what it is to them.

use std::sync::Arc;

use super::act::{Act, Leave, leave_as};
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer};
use crate::domain::id::{InstallationId, ServerId};
use crate::domain::instance::Instance;
use crate::domain::manifest::Manifest;
use crate::domain::package::Package;
use crate::domain::permit::Action;
use crate::domain::policy::Policy;
use crate::domain::server::{Guild, NotAServerPart, Server, ServerRelation};
use crate::domain::time::Timestamp;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::installations::{self, InstallationRow};
use crate::store::versions::VersionRow;
use crate::store::{StoreError, Tx, instances, policy, servers};

/// How an address names a server: by its id here, or by its id on the chat platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRef {
    /// By id.
    Id(ServerId),
    /// By the chat platform's id.
    Guild(Guild),
}

/// How an installation is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallationRef {
    /// By its id.
    Id(InstallationId),
    /// By its server and its extension.
    On(ServerRef, ExtensionRef),
}

/// An installation with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Site {
    /// The server.
    pub server: Server,
    /// The instance that serves it.
    pub instance: Instance,
    /// The extension.
    pub extension: ExtensionRow,
    /// The installation.
    pub row: InstallationRow,
    /// The slugs of what came with the same request and was taken back by what is being done.
    pub taken_back: Vec<String>,
}

impl std::str::FromStr for ServerRef {
    type Err = NotAServerPart;

    fn from_str(text: &str) -> Result<ServerRef, NotAServerPart> {
        text.parse().map(ServerRef::Id).or_else(|_| text.parse().map(ServerRef::Guild))
    }
}

/// Finds a server that the viewer may know of, with what the viewer is to it.
pub fn find_server(tx: &mut Tx, viewer: &Viewer, wanted: &ServerRef) -> Result<(Server, ServerRelation), Refused> {
    let found = match wanted {
        ServerRef::Id(id) => servers::by_id(tx, *id)?,
        ServerRef::Guild(guild) => servers::by_guild(tx, guild)?,
    };
    let server = found.ok_or(Refused::NotFound("server"))?;
    let relation = relation(tx, viewer, &server)?;
    if relation == ServerRelation::Stranger && !viewer.is_maintainer() {
        return Err(Refused::NotFound("server"));
    }
    Ok((server, relation))
}

/// Finds an installation that the viewer may know of.
pub fn find_installation(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &InstallationRef,
) -> Result<(Site, ServerRelation), Refused> {
    let (row, server, relation) = match wanted {
        InstallationRef::Id(id) => {
            let row = installations::by_id(tx, *id)?.ok_or(Refused::NotFound("installation"))?;
            let found = find_server(tx, viewer, &ServerRef::Id(row.server));
            let (server, relation) = found.map_err(|refused| match refused {
                Refused::NotFound(_) => Refused::NotFound("installation"),
                other => other,
            })?;
            (row, server, relation)
        }
        InstallationRef::On(server, extension) => {
            let (server, relation) = find_server(tx, viewer, server)?;
            let row = match extension {
                ExtensionRef::Id(id) => installations::of(tx, server.id, *id)?,
                ExtensionRef::Slug(slug) => match extensions::by_slug(tx, slug)? {
                    Some(extension) => installations::of(tx, server.id, extension.id)?,
                    None => None,
                },
            };
            (row.ok_or(Refused::NotFound("installation"))?, server, relation)
        }
    };
    Ok((site(tx, server, row)?, relation))
}

/// Finds an installation and makes the permit for an action on it.
pub(super) fn open_site<A: Action>(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
) -> Result<(Site, Leave<A>), Refused> {
    let (site, relation) = find_installation(tx, &act.viewer(), wanted)?;
    let leave = leave_as(tx, act, relation)?;
    Ok((site, leave))
}

/// Reads what belongs to an installation.
pub(super) fn site(tx: &mut Tx, server: Server, row: InstallationRow) -> Result<Site, Refused> {
    let missing = |what: &str| StoreError::Corrupt(format!("the installation {} has no {what}", row.id));
    let extension = extensions::by_id(tx, row.extension)?.ok_or_else(|| missing("extension"))?;
    let instance = instances::by_id(tx, server.instance)?.ok_or_else(|| missing("instance"))?;
    Ok(Site { server, instance, extension, row, taken_back: Vec::new() })
}

/// What a viewer is to a server.
pub(super) fn relation(tx: &mut Tx, viewer: &Viewer, server: &Server) -> Result<ServerRelation, Refused> {
    let Some(account) = viewer.account() else { return Ok(ServerRelation::Stranger) };
    match server.relation(account) {
        ServerRelation::Stranger => {
            let serves = instances::by_account(tx, account)?.is_some_and(|instance| instance.id == server.instance);
            Ok(if serves { ServerRelation::Instance } else { ServerRelation::Stranger })
        }
        relation => Ok(relation),
    }
}

/// The policy that holds on a server, for an extension where one is named by its slug.
pub(super) fn policy_for(
    tx: &mut Tx,
    server: &Server,
    extension: Option<&str>,
    now: Timestamp,
) -> Result<Arc<Policy>, Refused> {
    Ok(policy::on_server(tx, &server.id.to_string(), extension, now)?)
}

/// The manifest of a version that is stored.
pub(super) fn manifest(version: &VersionRow) -> Result<Manifest, Refused> {
    Package::manifest_of(&version.document, version.runtime).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Corrupt(format!("the version {} has no manifest any more: {first}", version.id)).into()
    })
}
