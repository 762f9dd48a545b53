//! What a change of policy does to published extensions: scopes, sizes, and the limits of tiers against measured runs.

use std::collections::{BTreeSet, HashMap};

use super::sides::{Sides, Tallies};
use crate::domain::policy::{Example, Measured, ScopeVerdict, TierLimits, When};
use crate::domain::scope::Scope;
use crate::store::impact::{Figures, HeadRow};

/// What was found about the catalogue besides the effects.
#[derive(Default)]
pub(super) struct Found {
    /// Extensions that something is taken from.
    pub hit: BTreeSet<String>,
    /// The distributions of figures whose limits change.
    pub measured: Vec<Measured>,
}

/// One limit of a tier that a run is held against.
pub(super) struct Limit {
    pub field: &'static str,
    pub unit: &'static str,
    pub of: fn(&TierLimits) -> u64,
    pub used: fn(&Figures) -> u64,
}

pub(super) const LIMITS: &[Limit] = &[
    Limit { field: "memory_mib", unit: "bytes", of: |tier| tier.memory_mib << 20, used: |run| run.memory_bytes },
    Limit { field: "fuel", unit: "fuel", of: |tier| tier.fuel, used: |run| run.fuel },
];

/// Counts what happens to the published heads.
pub(super) fn count(
    sides: &Sides,
    heads: &[HeadRow],
    figures: &HashMap<String, Figures>,
    tallies: &mut Tallies,
) -> Found {
    let mut found = Found::default();
    if sides.differ(|policy| policy.scopes.clone()) {
        for head in heads {
            scopes(sides, head, tallies, &mut found.hit);
        }
    }
    let bytes_max = |side: &super::sides::Side| side.plain.packages.code_bytes_max;
    let (before, after) = (bytes_max(&sides.before), bytes_max(&sides.after));
    for head in heads.iter().filter(|head| head.bytes > after && head.bytes <= before) {
        found.hit.insert(head.extension.clone());
        let effect = ("catalogue_too_large", "packages.code_bytes_max", When::Later);
        let what =
            || format!("published extensions have more code than {after} bytes: a new version has to be smaller");
        tallies.add(effect, what, &head.extension, || example(head, format!("{} bytes", head.bytes)));
    }
    hosts(sides, heads, tallies);
    tiers(sides, heads, figures, tallies, &mut found);
    found
}

fn scopes(sides: &Sides, head: &HeadRow, tallies: &mut Tallies, hit: &mut BTreeSet<String>) {
    let (before, after) = (sides.before.of(&head.slug), sides.after.of(&head.slug));
    for scope in head.scopes.iter() {
        let (was, is) = (before.verdict(scope), after.verdict(scope));
        if was == is {
            continue;
        }
        if is == ScopeVerdict::Deny {
            hit.insert(head.extension.clone());
        }
        let (code, what) = verdict_words(was, is);
        let effect = (code, &*format!("scopes.{scope}"), When::Later);
        tallies.add(
            effect,
            || sentence(scope, what),
            &head.extension,
            || example(head, format!("{} → {}", was.name(), is.name())),
        );
    }
}

const fn verdict_words(was: ScopeVerdict, is: ScopeVerdict) -> (&'static str, &'static str) {
    match (was, is) {
        (_, ScopeVerdict::Deny) => {
            ("catalogue_denied", "its next version is rejected by the checks unless it does without")
        }
        (ScopeVerdict::Deny, _) => ("catalogue_allowed", "its next version is no longer rejected for that"),
        (_, ScopeVerdict::TwoPerson) => ("catalogue_two_person", "its next version needs two approvals"),
        (ScopeVerdict::TwoPerson, _) => ("catalogue_one_person", "its next version needs one approval less"),
        (_, ScopeVerdict::Review) => ("catalogue_review", "its next version is marked for the reviewer"),
        (_, ScopeVerdict::Allow) => ("catalogue_unmarked", "its next version is no longer marked for the reviewer"),
    }
}

fn sentence(scope: Scope, what: &str) -> String {
    format!("published extensions declare {scope}: {what}")
}

/// Hosts that are taken from the allowlist: what an extension reaches is only known by whether it may at all.
fn hosts(sides: &Sides, heads: &[HeadRow], tallies: &mut Tallies) {
    let (before, after) = (&sides.before.plain.network_allowlist, &sides.after.plain.network_allowlist);
    let gone: Vec<&str> = before.iter().filter(|host| !after.contains(host)).map(String::as_str).collect();
    if gone.is_empty() {
        return;
    }
    for head in heads.iter().filter(|head| head.scopes.contains(Scope::HttpRequest)) {
        let effect = ("catalogue_hosts", "network_allowlist", When::Now);
        let what =
            || format!("published extensions may send requests, and lose {}, where they used it", gone.join(", "));
        tallies.add(effect, what, &head.extension, || example(head, String::new()));
    }
}

fn tiers(
    sides: &Sides,
    heads: &[HeadRow],
    figures: &HashMap<String, Figures>,
    tallies: &mut Tallies,
    found: &mut Found,
) {
    for (tier, after) in &sides.after.plain.tiers {
        let before = sides.before.plain.tiers.get(tier);
        for limit in LIMITS {
            let (was, is) = (before.map(limit.of), (limit.of)(after));
            if was == Some(is) {
                continue;
            }
            let field = format!("tiers.{tier}.{}", limit.field);
            let of = |head: &HeadRow| figures.get(&head.version).map(limit.used);
            let mut known: Vec<u64> = heads.iter().filter_map(of).collect();
            let unmeasured = (heads.len() - known.len()) as u64;
            found.measured.push(Measured::of(&field, limit.unit, was, is, &mut known, unmeasured));
            let Some(was) = was else { continue };
            for head in heads {
                let Some(used) = of(head).filter(|used| (*used > is) != (*used > was)) else { continue };
                let breaks = used > is;
                if breaks {
                    found.hit.insert(head.extension.clone());
                }
                let code = if breaks { "tier_breaks" } else { "tier_fits" };
                let what = || {
                    let then = if breaks { "used more in its dry run than" } else { "fits by its dry run into" };
                    format!("published extensions: {then} servers of the tier {tier} get now ({is} {})", limit.unit)
                };
                let note = || format!("{used} {} in its dry run", limit.unit);
                tallies.add((code, &field, When::Now), what, &head.extension, || example(head, note()));
            }
        }
    }
}

fn example(head: &HeadRow, note: String) -> Example {
    Example::new("extension", head.extension.as_str(), format!("{} {}", head.slug, head.number), note)
}
