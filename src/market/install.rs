//! Installing an extension on a server: what the marketplace can judge is judged here and now, the rest is asked for.

use serde_json::json;

use super::act::{Act, leave_as};
use super::place::{ServerRef, Site, find_server, site};
use super::progress::{attempt, drive, log, or_refused, start};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use super::writing;
use crate::domain::id::InstallationId;
use crate::domain::installation::{Command, Follow, Stage, Stands, StateName, Why};
use crate::domain::permit::Install;
use crate::domain::scope::ScopeSet;
use crate::domain::server::ServerRelation;
use crate::domain::version::VersionNumber;
use crate::store::installations::{self, InstallationRow};
use crate::store::{Tx, versions};

/// What is installed where.
#[derive(Clone, Debug)]
pub struct NewInstallation {
    /// The server.
    pub server: ServerRef,
    /// The extension.
    pub extension: ExtensionRef,
    /// The version; what the channel points at, where it is left out.
    pub number: Option<VersionNumber>,
    /// What is granted to it, by the server's owner; the owner is asked later where it is left out.
    pub grant: Option<ScopeSet>,
    /// What follows when the channel moves.
    pub follow: Follow,
}

/// Installs an extension. Where the first three stages refuse it, nothing at all is stored; without a grant it waits for
/// the owner's consent, and with one for the instance.
///
/// # Errors
/// The conflict `installed_already`, and the reason's own code where a stage refuses.
pub fn install(tx: &mut Tx, act: &Act, input: &NewInstallation) -> Result<InstallationRow, Refused> {
    let viewer = act.viewer();
    let (server, relation) = find_server(tx, &viewer, &input.server)?;
    let leave = leave_as::<Install>(tx, act, relation)?;
    let extension = find(tx, &viewer, &input.extension)?;
    let nothing_published = || {
        let detail = format!("nothing of {} is published", extension.slug);
        Refused::conflict("not_installable", detail)
    };
    let version = if let Some(number) = &input.number {
        writing::version(tx, &extension, number)?
    } else {
        let head = extension.head.as_ref().ok_or_else(nothing_published)?;
        versions::by_id(tx, head.version)?.ok_or_else(nothing_published)?
    };
    if let Some(there) = installations::of(tx, server.id, extension.id)? {
        if there.stands.state.name() != StateName::Failed {
            let detail = format!("{} is {} on this server", there.slug, there.stands.state.name().name());
            return Err(Refused::conflict("installed_already", detail));
        }
        installations::delete(tx, there.id)?;
    }
    let id = InstallationId::mint(act.now, &mut act.entropy());
    let mut row = InstallationRow {
        id,
        server: server.id,
        extension: extension.id,
        slug: extension.slug.to_string(),
        stands: Stands { state: crate::domain::installation::State::nothing(act.now), previous: None, refused: None },
        follow: input.follow,
        attempts: 0,
        created_at: act.now,
        updated_at: act.now,
        revision: 1,
    };
    let first = attempt(&site(tx, server.clone(), row.clone())?, &version, Why::Install, act.now);
    row.stands = Stands::install(first);
    let mut site: Site = site(tx, server, row)?;
    installations::insert(tx, &site.row)?;
    let mut stage = start(tx, &mut site, act.now)?;
    or_refused(&stage)?;
    if let (Stage::PermissionValidation { .. }, Some(granted)) = (&stage, input.grant) {
        if relation != ServerRelation::Owner && leave.account.is_some() {
            let message = "only the server's owner grants scopes; leave this out, and the owner is asked";
            return Err(Refused::field("/grant", "not_server_owner", message));
        }
        stage = drive(tx, &mut site, None, &Command::Grant(granted), act.now)?;
        or_refused(&stage)?;
    }
    let detail = json!({
        "number": version.number.to_string(),
        "granted": input.grant.map(ScopeSet::names),
        "follow": input.follow.name(),
    });
    let revision = site.row.revision;
    installations::update(tx, &mut site.row, act.now)?;
    site.row.revision = revision + 1;
    log(tx, &leave, &site, "installing", &detail, act.now)?;
    Ok(site.row)
}
