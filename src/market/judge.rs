//! Whether a version can run on a server: what it asks of the instance, the policy, the configuration and the other
//! extensions there; and whether the server's tier has room.

use std::collections::{BTreeMap, BTreeSet};

use super::entitlement;
use super::place::{Site, manifest, policy_for};
use super::refused::Refused;
use crate::domain::compat::{fits_instance, fits_policy};
use crate::domain::config;
use crate::domain::consent::Asked;
use crate::domain::dependency::{Candidate, Offered, Wanted, solve};
use crate::domain::extension::Slug;
use crate::domain::installation::{Attempt, Reason, ReasonCode, Why};
use crate::domain::instance::Presence;
use crate::domain::limits::{DEPENDENCY_EXTENSIONS_MAX, EXPLANATION_CHARS_MAX};
use crate::domain::manifest::Manifest;
use crate::domain::scope::ScopeSet;
use crate::domain::stage::Stage as VersionStage;
use crate::domain::time::Timestamp;
use crate::store::extensions::ExtensionRow;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, configs, extensions, installations};

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
    let Some(announced) = site.instance.announced.as_ref().filter(|_| site.instance.presence(now) == Presence::Live)
    else {
        return Ok(Err(silent(site, now)));
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
    if let Err(reason) = fits_others(tx, site, &version, &manifest)? {
        return Ok(Err(reason));
    }
    // What may be left out and cannot be had is not asked for.
    let unavailable = policy.denied(manifest.scopes).or(manifest.scopes.minus(announced.scopes));
    let declared = manifest.scopes.minus(unavailable);
    let asked = Asked::of(declared, manifest.optional_scopes, had(site, attempt));
    Ok(Ok(if attempt.why == Why::Install { asked.for_the_first_time() } else { asked }))
}

/// Looks whether the server's tier has room for one more; an installation that is there has its place.
pub(super) fn quota(tx: &mut Tx, site: &Site, now: Timestamp) -> Result<Result<(), Reason>, Refused> {
    if site.row.stands.state.now().is_some() {
        return Ok(Ok(()));
    }
    let policy = policy_for(tx, &site.server, Some(site.extension.slug.as_str()), now)?;
    let tier = policy.tiers.get(site.server.tier.as_str()).or_else(|| policy.tiers.get("pro"));
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

fn silent(site: &Site, now: Timestamp) -> Reason {
    let name = &site.instance.name;
    let text = match (site.instance.presence(now), site.instance.heard_at) {
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
    version: &VersionRow,
    manifest: &Manifest,
) -> Result<Result<(), Reason>, Refused> {
    let refused = |text: String| {
        let text: String = text.chars().take(EXPLANATION_CHARS_MAX).collect();
        Ok(Err(Reason::new(ReasonCode::Dependencies, text)))
    };
    let mut wanted = Wanted::default();
    let mut offered = Offered::new();
    wanted.coming.insert(site.extension.slug.clone(), version.number.clone());
    let candidate = Candidate { number: version.number.clone(), needs: manifest.requires.extensions.clone() };
    offered.insert(site.extension.slug.clone(), vec![candidate]);
    for other in installations::of_server(tx, site.server.id)? {
        let Some(now) = other.stands.state.now().filter(|_| other.id != site.row.id) else { continue };
        let Ok(slug) = other.slug.parse::<Slug>() else { continue };
        let Some(row) = versions::by_id(tx, now.version_id)? else { continue };
        let needs = super::place::manifest(&row)?.requires.extensions;
        wanted.there.insert(slug.clone(), now.version.clone());
        offered.insert(slug, vec![Candidate { number: now.version.clone(), needs }]);
    }
    if !load_needed(tx, &mut offered)? {
        return refused(format!("it leads to more than {DEPENDENCY_EXTENSIONS_MAX} other extensions"));
    }
    let chosen = match solve(&wanted, &offered) {
        Ok(chosen) => chosen,
        Err(why) => return refused(why.to_string()),
    };
    let there = |slug: &Slug| wanted.there.contains_key(slug) || wanted.coming.contains_key(slug);
    let missing: Vec<String> =
        chosen.iter().filter(|(slug, _)| !there(slug)).map(|(slug, number)| format!("{slug} {number}")).collect();
    if missing.is_empty() {
        return Ok(Ok(()));
    }
    refused(format!("it needs {}, not installed on this server; install that first", missing.join(", ")))
}

/// Adds what is needed and not known yet, step by step; false where that is too much.
fn load_needed(tx: &mut Tx, offered: &mut Offered) -> Result<bool, Refused> {
    let mut asked: BTreeSet<Slug> = offered.keys().cloned().collect();
    let needs = |candidates: &[Candidate]| -> Vec<Slug> {
        candidates.iter().flat_map(|candidate| candidate.needs.keys().cloned()).collect()
    };
    let mut waiting: Vec<Slug> = offered.values().flat_map(|candidates| needs(candidates)).collect();
    while let Some(slug) = waiting.pop() {
        if !asked.insert(slug.clone()) {
            continue;
        }
        if asked.len() > DEPENDENCY_EXTENSIONS_MAX {
            return Ok(false);
        }
        let Some(extension) = extensions::by_slug(tx, &slug)? else { continue };
        let candidates = candidates(tx, &extension)?;
        waiting.extend(needs(&candidates));
        offered.insert(slug, candidates);
    }
    Ok(true)
}

/// The versions of an extension that a server that has none may get.
fn candidates(tx: &mut Tx, extension: &ExtensionRow) -> Result<Vec<Candidate>, Refused> {
    let mut candidates = BTreeMap::new();
    for row in versions::published_of(tx, extension.id)? {
        let sound = matches!(row.stage, VersionStage::Published { yanked: None, .. });
        if sound && !extension.listing.withholds(&row.number) {
            let needs = manifest(&row)?.requires.extensions;
            candidates.insert(row.number.clone(), Candidate { number: row.number, needs });
        }
    }
    Ok(candidates.into_values().collect())
}
