//! What an extension needs beside it on a server: one choice of versions, over what is there and what is published.

use std::collections::{BTreeMap, BTreeSet};

use super::place::manifest;
use super::refused::Refused;
use crate::domain::dependency::{Candidate, Offered, Wanted, solve};
use crate::domain::extension::Slug;
use crate::domain::id::{InstallationId, ServerId};
use crate::domain::installation::{Reason, ReasonCode};
use crate::domain::limits::{DEPENDENCY_EXTENSIONS_MAX, EXPLANATION_CHARS_MAX};
use crate::domain::manifest::Manifest;
use crate::domain::server::Server;
use crate::domain::stage::Stage as VersionStage;
use crate::domain::version::VersionNumber;
use crate::store::extensions::ExtensionRow;
use crate::store::installations::{self, InstallationRow};
use crate::store::{Tx, extensions, versions};

/// A version that comes to a server.
pub(super) struct Coming<'a> {
    /// The extension.
    pub slug: &'a Slug,
    /// The version's manifest.
    pub manifest: &'a Manifest,
    /// Its installation, where there is one already.
    pub installation: Option<InstallationId>,
    /// The request that it comes with: what comes with the same one counts as there.
    pub request: Option<InstallationId>,
}

/// A version that has to come along.
pub(super) struct Beside {
    pub slug: Slug,
    pub number: VersionNumber,
    /// The extensions that need it.
    pub needed_by: Vec<Slug>,
}

/// What has to come along with a version and is not there, each after what it needs itself; or why nothing fits.
pub(super) fn beside(
    tx: &mut Tx,
    server: &Server,
    coming: &Coming<'_>,
) -> Result<Result<Vec<Beside>, Reason>, Refused> {
    let refused = |text: String| {
        let text: String = text.chars().take(EXPLANATION_CHARS_MAX).collect();
        Ok(Err(Reason::new(ReasonCode::Dependencies, text)))
    };
    let mut wanted = Wanted::default();
    let mut offered = Offered::new();
    let number = coming.manifest.number.clone();
    wanted.coming.insert(coming.slug.clone(), number.clone());
    let candidate = Candidate { number, needs: coming.manifest.requires.extensions.clone() };
    offered.insert(coming.slug.clone(), vec![candidate]);
    for other in installations::of_server(tx, server.id)? {
        let state = &other.stands.state;
        let along = state.next().filter(|next| coming.request.is_some() && next.request == coming.request);
        let now = state.now().map(|now| (now.version_id, &now.version));
        let there = now.or_else(|| along.map(|next| (next.version_id, &next.version)));
        let Some((version, number)) = there.filter(|_| Some(other.id) != coming.installation) else { continue };
        let Ok(slug) = other.slug.parse::<Slug>() else { continue };
        let Some(row) = versions::by_id(tx, version)? else { continue };
        let needs = manifest(&row)?.requires.extensions;
        wanted.there.insert(slug.clone(), number.clone());
        offered.insert(slug, vec![Candidate { number: number.clone(), needs }]);
    }
    if !load_needed(tx, &mut offered)? {
        return refused(format!("it leads to more than {DEPENDENCY_EXTENSIONS_MAX} other extensions"));
    }
    match solve(&wanted, &offered) {
        Ok(mut chosen) => {
            chosen.retain(|slug, _| !wanted.there.contains_key(slug));
            let mut ordered = in_order(&chosen, &offered);
            ordered.retain(|one| one.slug != *coming.slug);
            Ok(Ok(ordered))
        }
        Err(why) => refused(why.to_string()),
    }
}

/// Versions in words.
pub(super) fn listed(beside: &[Beside]) -> String {
    beside.iter().map(|one| format!("{} {}", one.slug, one.number)).collect::<Vec<_>>().join(", ")
}

/// The installations on a server that cannot do without an extension, what is still being installed included.
pub(super) fn needed_by(
    tx: &mut Tx,
    server: ServerId,
    slug: &Slug,
    own: InstallationId,
) -> Result<Vec<InstallationRow>, Refused> {
    let mut found = Vec::new();
    for other in installations::of_server(tx, server)?.into_iter().filter(|other| other.id != own) {
        let state = &other.stands.state;
        let version = state.now().map(|now| now.version_id).or_else(|| state.next().map(|next| next.version_id));
        let Some(version) = version else { continue };
        let Some(version) = versions::by_id(tx, version)? else { continue };
        if manifest(&version)?.requires.extensions.contains_key(slug) {
            found.push(other);
        }
    }
    Ok(found)
}

/// The chosen versions, each after those that it needs.
fn in_order(chosen: &BTreeMap<Slug, VersionNumber>, offered: &Offered) -> Vec<Beside> {
    let needs = |slug: &Slug| -> Vec<Slug> {
        let candidates = offered.get(slug).into_iter().flatten();
        let found = candidates.into_iter().find(|candidate| Some(&candidate.number) == chosen.get(slug));
        found.map(|candidate| candidate.needs.keys().cloned().collect()).unwrap_or_default()
    };
    let mut left: BTreeMap<&Slug, Vec<Slug>> = chosen.keys().map(|slug| (slug, needs(slug))).collect();
    let all = left.clone();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let is_ready = |needs: &[Slug]| needs.iter().all(|needed| !left.contains_key(needed));
        let mut ready: Vec<&Slug> = left.iter().filter(|(_, needs)| is_ready(needs)).map(|(slug, _)| *slug).collect();
        if ready.is_empty() {
            // A circle that was there before: any order will do.
            ready.extend(left.keys());
        }
        for slug in ready {
            left.remove(slug);
            let needed_by = all.iter().filter(|(_, needs)| needs.contains(slug)).map(|(slug, _)| (*slug).clone());
            ordered.extend(chosen.get(slug).map(|number| Beside {
                slug: slug.clone(),
                number: number.clone(),
                needed_by: needed_by.collect(),
            }));
        }
    }
    ordered
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

/// The versions of an extension that a server that has none may get: none that its channel went back from.
fn candidates(tx: &mut Tx, extension: &ExtensionRow) -> Result<Vec<Candidate>, Refused> {
    let Some(head) = &extension.head else { return Ok(Vec::new()) };
    let mut candidates = BTreeMap::new();
    for row in versions::published_of(tx, extension.id)? {
        let sound = matches!(row.stage, VersionStage::Published { yanked: None, .. });
        if sound && row.number <= head.number && !extension.listing.withholds(&row.number) {
            let needs = manifest(&row)?.requires.extensions;
            candidates.insert(row.number.clone(), Candidate { number: row.number, needs });
        }
    }
    Ok(candidates.into_values().collect())
}
