//! Installing an extension on a server, with what it needs along where that is consented to: what the marketplace can
//! judge is judged here and now, the rest is asked for.

use std::collections::BTreeMap;

use serde_json::json;

use super::act::{Act, Leave, leave_as};
use super::along::{Along, agreed, wanted_version};
use super::place::{ServerRef, Site, find_server, site};
use super::progress::{attempt, drive, log, or_refused, start, tell};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use super::writing;
use crate::domain::extension::Slug;
use crate::domain::id::InstallationId;
use crate::domain::installation::{Attempt, Command, Follow, Stage, Stands, State, StateName, Why};
use crate::domain::permit::Install;
use crate::domain::scope::ScopeSet;
use crate::domain::server::{Server, ServerRelation};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::Tx;
use crate::store::extensions::ExtensionRow;
use crate::store::installations::{self, InstallationRow};
use crate::store::versions::VersionRow;

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
    /// What is to come along, exactly as it was offered.
    pub along: BTreeMap<Slug, Along>,
}

/// One installation of a request.
struct One {
    id: InstallationId,
    extension: ExtensionRow,
    version: VersionRow,
    grant: Option<ScopeSet>,
    /// Where the request has the grant.
    pointer: String,
}

/// What all installations of a request have in common.
struct Request<'a> {
    server: &'a Server,
    relation: ServerRelation,
    leave: &'a Leave<Install>,
    /// The installation that was asked for, where others come along.
    id: Option<InstallationId>,
    follow: Follow,
    now: Timestamp,
}

/// Installs an extension, and along with it what it needs where that is consented to. Where the first three stages refuse
/// one of them, nothing at all is stored; without a grant it waits for the owner's consent, and with one for the instance.
///
/// # Errors
/// The conflicts `installed_already` and `offer_moved`, and the reason's own code where a stage refuses.
pub fn install(tx: &mut Tx, act: &Act, input: &NewInstallation) -> Result<InstallationRow, Refused> {
    let viewer = act.viewer();
    let (server, relation) = find_server(tx, &viewer, &input.server)?;
    let leave = leave_as::<Install>(tx, act, relation)?;
    let extension = find(tx, &viewer, &input.extension)?;
    let version = wanted_version(tx, &extension, input.number.as_ref())?;
    let along = agreed(tx, &server, (&extension, &version), &input.along)?;
    let mut entropy = act.entropy();
    let id = InstallationId::mint(act.now, &mut entropy);
    let request = Request {
        server: &server,
        relation,
        leave: &leave,
        id: (!along.is_empty()).then_some(id),
        follow: input.follow,
        now: act.now,
    };
    let mut came = Vec::new();
    for slug in &along {
        let Some(consent) = input.along.get(slug) else { continue };
        let needed = find(tx, &viewer, &ExtensionRef::Slug(slug.clone()))?;
        let one = One {
            id: InstallationId::mint(act.now, &mut entropy),
            version: writing::version(tx, &needed, &consent.number)?,
            extension: needed,
            grant: consent.grant,
            pointer: format!("/along/{slug}/grant"),
        };
        let placed = request.place(tx, one).map_err(|refused| named(refused, slug, consent, &extension.slug))?;
        tell(tx, "installing", &placed, &leave.name())?;
        came.push(json!({
            "installation": placed.row.id.to_string(),
            "slug": placed.row.slug,
            "number": consent.number.to_string(),
            "granted": consent.grant.map(ScopeSet::names),
        }));
    }
    let number = version.number.to_string();
    let own = One { id, extension, version, grant: input.grant, pointer: "/grant".to_owned() };
    let placed = request.place(tx, own)?;
    let detail = json!({
        "number": number,
        "granted": input.grant.map(ScopeSet::names),
        "follow": input.follow.name(),
        "along": came,
    });
    log(tx, &leave, &placed, "installing", &detail, act.now)?;
    Ok(placed.row)
}

impl Request<'_> {
    /// Installs one of them as far as the marketplace can by itself.
    fn place(&self, tx: &mut Tx, one: One) -> Result<Site, Refused> {
        let One { id, extension, version, grant, pointer } = one;
        if let Some(there) = installations::of(tx, self.server.id, extension.id)? {
            if there.stands.state.name() != StateName::Failed {
                let detail = format!("{} is {} on this server", there.slug, there.stands.state.name().name());
                return Err(Refused::conflict("installed_already", detail));
            }
            installations::delete(tx, there.id)?;
        }
        let mut row = InstallationRow {
            id,
            server: self.server.id,
            extension: extension.id,
            slug: extension.slug.to_string(),
            stands: Stands { state: State::nothing(self.now), previous: None, refused: None },
            follow: self.follow,
            attempts: 0,
            created_at: self.now,
            updated_at: self.now,
            revision: 1,
        };
        let first = attempt(&site(tx, self.server.clone(), row.clone())?, &version, Why::Install, self.now);
        row.stands = Stands::install(Attempt { request: self.id, ..first });
        let mut site: Site = site(tx, self.server.clone(), row)?;
        installations::insert(tx, &site.row)?;
        let mut stage = start(tx, &mut site, self.now)?;
        or_refused(&stage)?;
        if let (Stage::PermissionValidation { .. }, Some(granted)) = (&stage, grant) {
            if self.relation != ServerRelation::Owner && self.leave.account.is_some() {
                let message = "only the server's owner grants scopes; leave this out, and the owner is asked";
                return Err(Refused::field(&pointer, "not_server_owner", message));
            }
            stage = drive(tx, &mut site, None, &Command::Grant(granted), self.now)?;
            or_refused(&stage)?;
        }
        let revision = site.row.revision;
        installations::update(tx, &mut site.row, self.now)?;
        site.row.revision = revision + 1;
        Ok(site)
    }
}

/// Says which of several the refusal is about.
fn named(refused: Refused, slug: &Slug, consent: &Along, needed_by: &Slug) -> Refused {
    match refused {
        Refused::Conflict { code, detail } => {
            Refused::Conflict { code, detail: format!("{slug} {}, which {needed_by} needs: {detail}", consent.number) }
        }
        Refused::Invalid(faults) => {
            let under = |mut fault: crate::domain::fault::Fault| {
                if !fault.pointer.starts_with("/along/") {
                    fault.pointer = format!("/along/{slug}/grant");
                }
                fault
            };
            Refused::Invalid(faults.into_iter().map(under).collect())
        }
        other => other,
    }
}
