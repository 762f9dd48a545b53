//! The whole impact of a draft: what it changes, whom it touches, and what it would have done before.

use std::collections::{BTreeSet, HashMap};

use super::sides::{Sides, Tallies};
use super::{catalogue, past, running, waiting};
use crate::domain::policy::{Effect, Example, Impact, LookedAt, Totals, When};
use crate::store::impact::{self as rows, Installed};
use crate::store::reviews::ReviewRow;
use crate::store::{StoreError, Tx, policy, reviews};

/// An impact with the rows that applying it changes.
pub(super) struct Reckoned {
    pub impact: Impact,
    pub open: Vec<ReviewRow>,
    pub regarded: Vec<waiting::Regarded>,
}

/// Reckons what changes from one side to the other.
pub(super) fn reckon(tx: &mut Tx, sides: &Sides) -> Result<Reckoned, StoreError> {
    let mut tallies = Tallies::default();
    let key = tx.audit_key().clone();
    let accounts = if sides.differ(|policy| policy.reputation) { rows::accounts(tx)? } else { Vec::new() };
    let regarded = waiting::regarded(sides, accounts);
    let heads = rows::heads(tx)?;
    let figures = if sides.differ(|policy| policy.tiers.clone()) { rows::figures(tx)? } else { HashMap::new() };
    let published = catalogue::count(sides, &heads, &figures, &mut tallies);
    let open = reviews::open(tx)?;
    let queue = waiting::count(sides, &key, &regarded, &open, &mut tallies);
    switches(tx, sides, &mut tallies)?;
    let installed = rows::installed(tx)?;
    let mut servers_hit = BTreeSet::new();
    running::count(tx, sides, &mut tallies, &mut servers_hit)?;
    rooms(sides, &installed, &mut tallies, &mut servers_hit);
    let overrides = overrides(tx, sides, &mut tallies, &mut servers_hit)?;
    let decisions = past::count(tx, sides, &mut tallies)?;
    let rules = past::rules(tx, sides)?;

    let mut effects = Vec::new();
    for (effect, ids) in tallies.into_effects() {
        effects.push(on_servers(effect, &ids, &installed, &mut servers_hit));
    }
    effects.extend(rules);
    effects.sort_by(|a, b| (a.when, &a.code, &a.field).cmp(&(b.when, &b.code, &b.field)));
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let looked_at = LookedAt {
        extensions: heads.len() as u64,
        submissions: open.len() as u64,
        decisions: match decisions {
            Some(decisions) => decisions,
            None => count(rows::count_decisions(tx, past::since(sides.now))?),
        },
        accounts: count(rows::count_accounts(tx)?),
        overrides,
        installations: Some(installed.count),
    };
    let totals = Totals {
        extensions_hit: published.hit.len() as u64,
        submissions_hit: queue.hit.len() as u64,
        reviews_created: queue.second,
        sla_missed: queue.overdue,
        servers_hit: Some(servers_hit.len() as u64),
    };
    let changes = sides.changes();
    let impact = Impact { server: None, changes, effects, measured: published.measured, looked_at, totals };
    Ok(Reckoned { impact, open, regarded })
}

/// Says on how many servers the extensions of an effect are installed; of a tier's limits only that tier's servers.
fn on_servers(effect: Effect, ids: &[String], installed: &Installed, hit: &mut BTreeSet<String>) -> Effect {
    let of_extensions = effect.code.starts_with("catalogue_") || effect.code.starts_with("tier_");
    if !of_extensions || effect.code == "tier_rooms" {
        return effect;
    }
    let tier = effect.field.strip_prefix("tiers.").and_then(|rest| rest.split('.').next()).map(str::to_owned);
    let mut servers = BTreeSet::new();
    let mut installations = 0;
    for place in ids.iter().filter_map(|id| installed.of_extension.get(id)).flatten() {
        let server = &installed.servers[*place];
        if tier.as_ref().is_none_or(|tier| server.tier == *tier) {
            servers.insert(server.id.clone());
            installations += 1;
        }
    }
    let count = servers.len() as u64;
    if ["catalogue_denied", "catalogue_hosts", "tier_breaks"].contains(&effect.code.as_str()) {
        hit.extend(servers);
    }
    Effect { servers: Some(count), installations: Some(installations), ..effect }
}

/// What closing a part of the marketplace keeps from happening.
fn switches(tx: &mut Tx, sides: &Sides, tallies: &mut Tallies) -> Result<(), StoreError> {
    let (before, after) = (&sides.before.plain.switches, &sides.after.plain.switches);
    let opens = |was: bool, is: bool| if is { ("can be", was) } else { ("cannot be", was) };
    if before.submissions_open != after.submissions_open {
        let (can, _) = opens(before.submissions_open, after.submissions_open);
        for (id, name) in rows::submittable(tx)? {
            let what = || format!("saved or withdrawn versions {can} submitted");
            let effect = ("submissions", "switches.submissions_open", When::Later);
            tallies.add(effect, what, &id, || Example::new("version", id.as_str(), name, ""));
        }
    }
    if before.verified_authors_only != after.verified_authors_only {
        let can = if after.verified_authors_only { "cannot submit" } else { "can submit" };
        for (id, name) in rows::unverified_owners(tx)? {
            let what = || format!("owners of extensions are not verified, and {can}");
            let effect = ("authors_unverified", "switches.verified_authors_only", When::Later);
            tallies.add(effect, what, &id, || Example::new("account", id.as_str(), name, ""));
        }
    }
    Ok(())
}

/// Servers that have more installed than their tier lets them have from now on.
fn rooms(sides: &Sides, installed: &Installed, tallies: &mut Tallies, hit: &mut BTreeSet<String>) {
    for (tier, after) in &sides.after.plain.tiers {
        let Some(before) = sides.before.plain.tiers.get(tier) else { continue };
        let (was, is) = (u64::from(before.installed_max), u64::from(after.installed_max));
        let fuller = |count: u64| count > is && count <= was;
        for server in installed.servers.iter().filter(|server| server.tier == *tier && fuller(server.count)) {
            hit.insert(server.id.clone());
            let field = format!("tiers.{tier}.installed_max");
            let what = || format!("servers of the tier {tier} have more than {is} installed, and get nothing new");
            let note = || format!("{} installed", server.count);
            let example = || Example::new("server", server.id.as_str(), server.name.as_str(), note());
            tallies.add(("tier_rooms", &field, When::Later), what, &server.id, example);
        }
    }
    let gone = sides.before.plain.tiers.keys().filter(|tier| !sides.after.plain.tiers.contains_key(*tier));
    for tier in gone {
        for server in installed.servers.iter().filter(|server| server.tier == *tier) {
            hit.insert(server.id.clone());
            let what = || format!("servers have the tier {tier}, which there is no more");
            let example = || Example::new("server", server.id.as_str(), server.name.as_str(), "");
            tallies.add(("tier_gone", &format!("tiers.{tier}"), When::Now), what, &server.id, example);
        }
    }
}

/// What servers override, and a new lock takes back; gives how many servers override anything.
fn overrides(tx: &mut Tx, sides: &Sides, tallies: &mut Tallies, hit: &mut BTreeSet<String>) -> Result<u64, StoreError> {
    let own = policy::of_servers(tx)?;
    for (server, enacted) in &own {
        let before = sides.before.force.loosened(&enacted.document);
        for (path, bound, _) in sides.after.force.loosened(&enacted.document) {
            if before.iter().any(|(known, old, _)| *known == path && *old == bound) {
                continue;
            }
            hit.insert(server.clone());
            let what = || format!("servers override {path} by something looser than {bound}, which counts no more");
            let own = enacted.document.layer.0.get(&path).map(|entry| entry.value.to_string());
            let note = || format!("{} → {bound}", own.unwrap_or_default());
            let example = || Example::new("server", server.as_str(), server.as_str(), note());
            tallies.add(("override_tightened", &path.to_string(), When::Now), what, server, example);
        }
    }
    Ok(own.len() as u64)
}
