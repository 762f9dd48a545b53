//! Whether a version can run on a server: what it asks of the instance, the policy, the configuration and the other
//! extensions there; and whether the server's tier has room.

use super::dependencies::{Coming, beside, listed};
use super::entitlement;
use super::place::{Site, manifest, policy_for};
use super::refused::Refused;
use crate::domain::compat::{fits_instance, fits_policy};
use crate::domain::config;
use crate::domain::consent::Asked;
use crate::domain::installation::{Attempt, Reason, ReasonCode, Why};
use crate::domain::instance::{Announcement, Presence};
use crate::domain::manifest::Manifest;
use crate::domain::policy::Policy;
use crate::domain::scope::ScopeSet;
use crate::domain::stage::Stage as VersionStage;
use crate::domain::time::Timestamp;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, configs, installations};

/// Judges an attempt: what it asks the server's owner for, or why it cannot be.
pub(super) fn judge(
    tx: &mut Tx,
    site: &Site,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Result<Asked, Reason>, Refused> {
    let version = versions::by_id(tx, attempt.version_id)?
        .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", attempt.version_id)))?;
    let manifest = manifest(&version)?;
    let policy = policy_for(tx, &site.server, Some(site.extension.slug.as_str()), now)?;
    let presence = site.instance.presence(&policy.installations, now);
    let Some(announced) = site.instance.announced.as_ref().filter(|_| presence == Presence::Live) else {
        return Ok(Err(silent(site, presence)));
    };
    let verdict = installable(tx, site, &version, attempt.why)?
        .and_then(|()| fits_instance(&manifest, announced))
        .and_then(|()| fits_policy(&manifest, &policy));
    if let Err(reason) = verdict {
        return Ok(Err(reason));
    }
    if let Err(reason) = fits_config(tx, site, &manifest)? {
        return Ok(Err(reason));
    }
    if let Err(reason) = fits_others(tx, site, attempt, &manifest)? {
        return Ok(Err(reason));
    }
    let asked = asked(&manifest, announced, &policy, had(site, attempt));
    Ok(Ok(if attempt.why == Why::Install { asked.for_the_first_time() } else { asked }))
}

/// What a version asks for where `had` was granted before: what may be left out and cannot be had is not asked for.
pub(super) fn asked(manifest: &Manifest, announced: &Announcement, policy: &Policy, had: ScopeSet) -> Asked {
    let unavailable = policy.denied(manifest.scopes).or(manifest.scopes.minus(announced.scopes));
    Asked::of(manifest.scopes.minus(unavailable), manifest.optional_scopes, had)
}

/// Looks whether the server's tier has room for one more; an installation that is there has its place.
pub(super) fn quota(tx: &mut Tx, site: &Site, now: Timestamp) -> Result<Result<(), Reason>, Refused> {
    if site.row.stands.state.now().is_some() {
        return Ok(Ok(()));
    }
    let policy = policy_for(tx, &site.server, Some(site.extension.slug.as_str()), now)?;
    let tier = policy.tiers.get(site.server.tier.as_str()).or_else(|| policy.tiers.get(&policy.runs.tier));
    let Some(limits) = tier else { return Ok(Ok(())) };
    let others = installations::of_server(tx, site.server.id)?;
    let others = others.iter().filter(|other| other.id != site.row.id && other.stands.state.counts()).count();
    if others < limits.installed_max as usize {
        return Ok(Ok(()));
    }
    let text = format!(
        "the tier {} allows {} installed extensions, and {others} are there; remove one, or have the tier raised",
        site.server.tier, limits.installed_max
    );
    Ok(Err(Reason::new(ReasonCode::Quota, text)))
}

fn silent(site: &Site, presence: Presence) -> Reason {
    let name = &site.instance.name;
    let text = match (presence, site.instance.heard_at) {
        (Presence::Silent, Some(heard)) => {
            format!("the instance {name} that serves this server was heard last at {heard}; start it, then try again")
        }
        _ => format!("the instance {name} that serves this server has not announced what it can run; start it first"),
    };
    Reason::new(ReasonCode::InstanceSilent, text)
}

/// What was granted to the version before: what the owner knows of. A first attempt has nothing.
fn had(site: &Site, attempt: &Attempt) -> ScopeSet {
    let now = site.row.stands.state.now().map_or(ScopeSet::EMPTY, |now| now.granted);
    let previous = site.row.stands.previous.as_ref();
    match previous.filter(|previous| previous.version_id == attempt.version_id) {
        Some(previous) => now.or(previous.granted),
        None => now,
    }
}

fn installable(tx: &mut Tx, site: &Site, version: &VersionRow, why: Why) -> Result<Result<(), Reason>, Refused> {
    let refused = |text: String| Ok(Err(Reason::new(ReasonCode::NotInstallable, text)));
    let named = format!("{} {}", site.extension.slug, version.number);
    let VersionStage::Published { yanked, .. } = &version.stage else {
        return refused(format!("{named} is not published"));
    };
    if let Some(reason) = yanked.as_ref().filter(|_| why != Why::Rollback) {
        return refused(format!("{named} was yanked: {reason}"));
    }
    let held = match why {
        Why::Rollback => site.extension.listing.stops(&version.number),
        _ => site.extension.listing.withholds(&version.number),
    };
    if held {
        let reason = site.extension.listing.hold().map_or("", |hold| hold.reason.as_str());
        return refused(format!("{named} is held back by a maintainer: {reason}"));
    }
    let holder = (site.server.owner, site.row.created_at);
    if !entitlement::may_be_brought(tx, &site.extension, holder, why)? {
        return refused(format!("{named} is premium, and this server's owner has not bought it (skydeck purchase)"));
    }
    Ok(Ok(()))
}

/// A configuration that is there has to fit the version that comes.
fn fits_config(tx: &mut Tx, site: &Site, manifest: &Manifest) -> Result<Result<(), Reason>, Refused> {
    let Some(config) = configs::current(tx, site.row.id)? else { return Ok(Ok(())) };
    let document = serde_json::from_str(&config.document).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let Err(faults) = config::judge(manifest.config_schema.as_ref(), &document) else { return Ok(Ok(())) };
    let first = faults.first().map(ToString::to_string).unwrap_or_default();
    let text = format!("the configuration does not fit {}: {first}; change it first", manifest.number);
    Ok(Err(Reason::new(ReasonCode::Config, text)))
}

/// The ranges of everything on the server and of what comes are solved together.
fn fits_others(
    tx: &mut Tx,
    site: &Site,
    attempt: &Attempt,
    manifest: &Manifest,
) -> Result<Result<(), Reason>, Refused> {
    let coming =
        Coming { slug: &site.extension.slug, manifest, installation: Some(site.row.id), request: attempt.request };
    let beside = match beside(tx, &site.server, &coming)? {
        Ok(beside) => beside,
        Err(reason) => return Ok(Err(reason)),
    };
    if beside.is_empty() {
        return Ok(Ok(()));
    }
    let text =
        format!("it needs {}, not installed on this server; install that first, or along with it", listed(&beside));
    Ok(Err(Reason::new(ReasonCode::Dependencies, text)))
}
