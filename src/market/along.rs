//! Extensions that come along with the one that was asked for: offered together, consented to one by one, and taken back
//! together where one of them comes to nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::dependencies::{Beside, Coming, beside, listed, needed_by};
use super::judge::asked;
use super::place::{ServerRef, Site, find_server, manifest, policy_for, site};
use super::progress::{append, tell};
use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use super::writing;
use crate::domain::compat::{fits_instance, fits_policy};
use crate::domain::consent::Asked;
use crate::domain::extension::Slug;
use crate::domain::id::InstallationId;
use crate::domain::installation::{Attempt, Reason, ReasonCode, Stage, StateName};
use crate::domain::scope::ScopeSet;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::ExtensionRow;
use crate::store::installations::InstallationRow;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, installations, instances};

/// The consent to one extension that comes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Along {
    /// The version that was offered.
    pub number: VersionNumber,
    /// What is granted to it, by the server's owner; the owner is asked later where it is left out.
    pub grant: Option<ScopeSet>,
}

/// One extension of an offer.
#[derive(Clone, Debug)]
pub struct OfferLine {
    /// The extension.
    pub extension: ExtensionRow,
    /// The version.
    pub version: VersionRow,
    /// What it asks for.
    pub asked: Asked,
    /// What needs it; nothing for the one that was asked for.
    pub needed_by: Vec<Slug>,
}

/// What installing an extension brings to a server: everything that it needs and is not there, and itself last.
///
/// # Errors
/// The conflict `dependencies` in words, and the code of the first reason against one of them.
pub fn installation_offer(
    tx: &mut Tx,
    viewer: &Viewer,
    (server, extension): (&ServerRef, &ExtensionRef),
    number: Option<&VersionNumber>,
    now: Timestamp,
) -> Result<Vec<OfferLine>, Refused> {
    let (server, _) = find_server(tx, viewer, server)?;
    let extension = find(tx, viewer, extension)?;
    let version = wanted_version(tx, &extension, number)?;
    let mut lines = Vec::new();
    for one in needed(tx, &server, &extension, &version)? {
        let needed = find(tx, viewer, &ExtensionRef::Slug(one.slug))?;
        let version = writing::version(tx, &needed, &one.number)?;
        lines.push(line(tx, &server, (needed, version), one.needed_by, now)?);
    }
    lines.push(line(tx, &server, (extension, version), Vec::new(), now)?);
    Ok(lines)
}

/// What comes along by a request that consents to it, in the order in which it has to be there.
///
/// # Errors
/// The conflict `offer_moved` where that is not exactly what is needed.
pub(super) fn agreed(
    tx: &mut Tx,
    server: &Server,
    (extension, version): (&ExtensionRow, &VersionRow),
    along: &BTreeMap<Slug, Along>,
) -> Result<Vec<Slug>, Refused> {
    if along.is_empty() {
        return Ok(Vec::new());
    }
    let needed = needed(tx, server, extension, version)?;
    let is_agreed = |one: &Beside| along.get(&one.slug).is_some_and(|consent| consent.number == one.number);
    if needed.len() == along.len() && needed.iter().all(is_agreed) {
        return Ok(needed.into_iter().map(|one| one.slug).collect());
    }
    let needs = if needed.is_empty() { "nothing".to_owned() } else { listed(&needed) };
    let given: Vec<String> = along.iter().map(|(slug, consent)| format!("{slug} {}", consent.number)).collect();
    let detail = format!(
        "{} needs {needs} along with it on this server, and the request consents to {}; look at the offer again",
        extension.slug,
        given.join(", ")
    );
    Err(Refused::conflict("offer_moved", detail))
}

/// The version that is named, or what the channel points at.
pub(super) fn wanted_version(
    tx: &mut Tx,
    extension: &ExtensionRow,
    number: Option<&VersionNumber>,
) -> Result<VersionRow, Refused> {
    if let Some(number) = number {
        return writing::version(tx, extension, number);
    }
    let head = match &extension.head {
        Some(head) => versions::by_id(tx, head.version)?,
        None => None,
    };
    head.ok_or_else(|| {
        let detail = format!("nothing of {} is published", extension.slug);
        Refused::conflict("not_installable", detail)
    })
}

/// Takes back whatever else came with a request, since `failed` came to nothing; what others need by now stays. The act's
/// one audit row names it.
pub(super) fn take_back(
    tx: &mut Tx,
    failed: &mut Site,
    request: InstallationId,
    reason: &Reason,
    now: Timestamp,
) -> Result<(), Refused> {
    let text = format!("it came along with {}, which came to nothing: {}", failed.row.slug, reason.text);
    for row in to_go(tx, failed, request)? {
        let mut site = site(tx, failed.server.clone(), row)?;
        let Some(attempt) = attempt_of(&site) else { continue };
        let reason = Reason::new(ReasonCode::Cancelled, text.clone());
        let Some(in_stage) = site.row.stands.take_back(request, reason.clone(), now) else { continue };
        let stage = Stage::Refused { in_stage, reason, at: now };
        append(tx, &site, &attempt, stage.word(), &format!("{}: {text}", ReasonCode::Cancelled.name()), now)?;
        installations::empty(tx, site.row.id)?;
        installations::update(tx, &mut site.row, now)?;
        tell(tx, "taken_back", &site, "the marketplace")?;
        failed.taken_back.push(site.row.slug);
    }
    Ok(())
}

/// What came with a request and is needed by nothing that stays.
fn to_go(tx: &mut Tx, failed: &Site, request: InstallationId) -> Result<Vec<InstallationRow>, Refused> {
    let mut going = Vec::new();
    for row in installations::of_server(tx, failed.server.id)? {
        if row.id == failed.row.id || row.stands.state.request() != Some(request) {
            continue;
        }
        let Some(row) = installations::by_id(tx, row.id)? else { continue };
        let slug = row.slug.parse::<Slug>().map_err(|error| StoreError::Corrupt(format!("a slug: {error}")))?;
        let needed_by = needed_by(tx, row.server, &slug, row.id)?;
        let needed_by: Vec<InstallationId> = needed_by.into_iter().map(|other| other.id).collect();
        going.push((row, needed_by));
    }
    loop {
        let ids: BTreeSet<InstallationId> = going.iter().map(|(row, _)| row.id).chain([failed.row.id]).collect();
        let before = going.len();
        going.retain(|(_, needed_by)| needed_by.iter().all(|id| ids.contains(id)));
        if going.len() == before {
            return Ok(going.into_iter().map(|(row, _)| row).collect());
        }
    }
}

/// Refuses an installation that another one with the same request is still on its way for.
pub(super) fn removed_before_it_was_there(tx: &mut Tx, site: &mut Site, now: Timestamp) -> Result<(), Refused> {
    let is_under_way = site.row.stands.state.name() == StateName::Installing;
    let Some(request) = site.row.stands.state.request().filter(|_| is_under_way) else { return Ok(()) };
    let reason = Reason::new(ReasonCode::Cancelled, "it was removed before it was there");
    take_back(tx, site, request, &reason, now)
}

/// The attempt that brought what is there, or that is under way.
fn attempt_of(site: &Site) -> Option<Attempt> {
    let state = &site.row.stands.state;
    match state.now() {
        Some(now) => Some(Attempt {
            number: now.number,
            version_id: now.version_id,
            version: now.version.clone(),
            why: crate::domain::installation::Why::Install,
            started_at: now.since,
            request: now.request,
            stage: Stage::Done { granted: now.granted, at: now.since },
        }),
        None => state.next().cloned(),
    }
}

fn needed(
    tx: &mut Tx,
    server: &Server,
    extension: &ExtensionRow,
    version: &VersionRow,
) -> Result<Vec<Beside>, Refused> {
    let manifest = manifest(version)?;
    let coming = Coming { slug: &extension.slug, manifest: &manifest, installation: None, request: None };
    beside(tx, server, &coming)?.map_err(|reason| Refused::conflict(reason.code.name(), reason.text))
}

fn line(
    tx: &mut Tx,
    server: &Server,
    (extension, version): (ExtensionRow, VersionRow),
    needed_by: Vec<Slug>,
    now: Timestamp,
) -> Result<OfferLine, Refused> {
    let manifest = manifest(&version)?;
    let policy = policy_for(tx, server, Some(extension.slug.as_str()), now)?;
    let instance = instances::by_id(tx, server.instance)?
        .ok_or_else(|| StoreError::Corrupt(format!("the server {} has no instance", server.id)))?;
    let Some(announced) = instance.announced else {
        let detail =
            format!("the instance {} that serves this server has not announced what it can run", instance.name);
        return Err(Refused::conflict("instance_silent", detail));
    };
    let fits = fits_instance(&manifest, &announced).and_then(|()| fits_policy(&manifest, &policy));
    fits.map_err(|reason| {
        Refused::conflict(reason.code.name(), format!("{} {}: {}", extension.slug, version.number, reason.text))
    })?;
    let asked = asked(&manifest, &announced, &policy, ScopeSet::EMPTY).for_the_first_time();
    Ok(OfferLine { extension, version, asked, needed_by })
}
