//! What a change of one server's override does there: to what is installed, to what can be, and to its tier's limits.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::catalogue::LIMITS;
use super::sides::Tallies;
use crate::domain::policy::{
    Enacted, Example, Impact, InForce, LookedAt, Measured, Policy, ScopeVerdict, Subject, TierLimits, Totals, When,
    policy_changes,
};
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::store::impact::{self as rows, Figures, HeadRow};
use crate::store::installations::{self, InstallationRow};
use crate::store::{StoreError, Tx, policy, versions};

/// The server before and after, for any extension.
struct Ground<'a> {
    layers: Arc<InForce>,
    id: String,
    before: Option<&'a Enacted>,
    after: &'a Enacted,
    now: Timestamp,
}

/// An extension as it is on the server.
struct There {
    row: InstallationRow,
    version: String,
    scopes: ScopeSet,
}

/// Reckons what changes on a server from one override to another.
pub(super) fn reckon(
    tx: &mut Tx,
    server: &Server,
    before: Option<&Enacted>,
    after: &Enacted,
    now: Timestamp,
) -> Result<Impact, StoreError> {
    let ground = Ground { layers: policy::layers(tx)?, id: server.id.to_string(), before, after, now };
    let (was, is) = (ground.before(None), ground.after(None));
    let there = there(tx, server)?;
    let heads = if was.scopes == is.scopes { Vec::new() } else { rows::heads(tx)? };
    let mut counted = Counted { tallies: Tallies::default(), hit: BTreeSet::new(), measured: Vec::new() };
    scopes(&ground, &there, &heads, &mut counted);
    hosts(&was, &is, &there, &mut counted);
    let tier = server.tier.as_str();
    if let (Some(was), Some(is)) = (was.tiers.get(tier), is.tiers.get(tier)) {
        let figures = if was == is { HashMap::new() } else { rows::figures_on(tx, server.id)? };
        limits(tier, (was, is), &there, &figures, &mut counted);
        room(server, (was, is), &there, &mut counted);
    }
    let hit = counted.hit.len() as u64;
    let mut effects: Vec<_> = counted.tallies.into_effects().into_iter().map(|(effect, _)| effect).collect();
    effects.sort_by(|a, b| (a.when, &a.code, &a.field).cmp(&(b.when, &b.code, &b.field)));
    let touched = effects.iter().any(|effect| effect.code == "server_full");
    Ok(Impact {
        server: Some(server.id),
        changes: policy_changes(&was, &is).into_iter().map(|(_, change)| change).collect(),
        effects,
        measured: counted.measured,
        looked_at: LookedAt {
            extensions: heads.len() as u64,
            overrides: 1,
            installations: Some(there.len() as u64),
            ..LookedAt::default()
        },
        totals: Totals { extensions_hit: hit, servers_hit: Some(u64::from(hit > 0 || touched)), ..Totals::default() },
    })
}

/// What was found so far.
struct Counted {
    tallies: Tallies,
    /// Installed extensions that something is taken from.
    hit: BTreeSet<String>,
    measured: Vec<Measured>,
}

impl Ground<'_> {
    fn policy(&self, own: Option<&Enacted>, extension: Option<&str>) -> Policy {
        let subject = Subject { server: Some(&self.id), extension };
        self.layers.effective(own, &subject, self.now).policy
    }

    fn before(&self, extension: Option<&str>) -> Policy {
        self.policy(self.before, extension)
    }

    fn after(&self, extension: Option<&str>) -> Policy {
        self.policy(Some(self.after), extension)
    }

    /// The policies for an extension; those for everybody where no exception names it.
    fn of<'p>(&self, plain: &'p (Policy, Policy), slug: &str) -> Cow<'p, (Policy, Policy)> {
        let exceptions = &self.layers.global.document.exceptions;
        if exceptions.iter().any(|exception| exception.extension.as_deref() == Some(slug)) {
            return Cow::Owned((self.before(Some(slug)), self.after(Some(slug))));
        }
        Cow::Borrowed(plain)
    }
}

fn there(tx: &mut Tx, server: &Server) -> Result<Vec<There>, StoreError> {
    let mut found = Vec::new();
    for row in installations::of_server(tx, server.id)? {
        let version = row.stands.state.now().map(|now| now.version_id);
        let version = version.or_else(|| row.stands.state.next().map(|next| next.version_id));
        let Some(version) = version else { continue };
        let scopes = versions::by_id(tx, version)?.map_or(ScopeSet::EMPTY, |version| version.scopes);
        found.push(There { row, version: version.to_string(), scopes });
    }
    Ok(found)
}

/// Scopes with another verdict: what is installed runs on with what it was granted; what is new is judged anew.
fn scopes(ground: &Ground<'_>, there: &[There], heads: &[HeadRow], counted: &mut Counted) {
    if heads.is_empty() {
        return;
    }
    let plain = (ground.before(None), ground.after(None));
    for one in there {
        let policies = ground.of(&plain, &one.row.slug);
        let (was, is) = &*policies;
        for scope in is.denied(one.scopes).minus(was.denied(one.scopes)).iter() {
            counted.hit.insert(one.row.slug.clone());
            let what = || {
                format!(
                    "installed extensions use {scope}: they run on, and no update that needs it comes to this server"
                )
            };
            let effect = ("server_denied", &*format!("scopes.{scope}"), When::Later);
            counted.tallies.add(effect, what, &one.row.slug, || example(one, String::new()));
        }
    }
    for head in heads {
        let policies = ground.of(&plain, &head.slug);
        let (was, is) = &*policies;
        for scope in head.scopes.iter() {
            let (code, what) = match (was.verdict(scope), is.verdict(scope)) {
                (ScopeVerdict::Deny, ScopeVerdict::Deny) => continue,
                (_, ScopeVerdict::Deny) => ("catalogue_denied", "cannot be installed here unless they do without"),
                (ScopeVerdict::Deny, _) => ("catalogue_allowed", "can be installed here again"),
                _ => continue,
            };
            let effect = (code, &*format!("scopes.{scope}"), When::Later);
            let what = || format!("published extensions declare {scope}, and {what}");
            let name = || format!("{} {}", head.slug, head.number);
            counted
                .tallies
                .add(effect, what, &head.extension, || Example::new("extension", head.extension.as_str(), name(), ""));
        }
    }
}

/// Hosts that the server takes from the allowlist.
fn hosts(was: &Policy, is: &Policy, there: &[There], counted: &mut Counted) {
    let (before, after) = (&was.network_allowlist, &is.network_allowlist);
    let gone: Vec<&str> = before.iter().filter(|host| !after.contains(host)).map(String::as_str).collect();
    if gone.is_empty() {
        return;
    }
    for one in there.iter().filter(|one| one.scopes.contains(Scope::HttpRequest)) {
        counted.hit.insert(one.row.slug.clone());
        let what =
            || format!("installed extensions may send requests, and lose {}, where they used it", gone.join(", "));
        let effect = ("server_hosts", "network_allowlist", When::Now);
        counted.tallies.add(effect, what, &one.row.slug, || example(one, String::new()));
    }
}

/// The limits of the server's tier against what the installed versions used in their dry runs.
fn limits(
    tier: &str,
    (was, is): (&TierLimits, &TierLimits),
    there: &[There],
    figures: &HashMap<String, Figures>,
    counted: &mut Counted,
) {
    for limit in LIMITS {
        let (before, after) = ((limit.of)(was), (limit.of)(is));
        if before == after {
            continue;
        }
        let field = format!("tiers.{tier}.{}", limit.field);
        let of = |one: &There| figures.get(&one.version).map(limit.used);
        let mut known: Vec<u64> = there.iter().filter_map(of).collect();
        let unmeasured = (there.len() - known.len()) as u64;
        counted.measured.push(Measured::of(&field, limit.unit, Some(before), after, &mut known, unmeasured));
        for one in there {
            let Some(used) = of(one).filter(|used| (*used > after) != (*used > before)) else { continue };
            let breaks = used > after;
            if breaks {
                counted.hit.insert(one.row.slug.clone());
            }
            let (code, then) =
                if breaks { ("tier_breaks", "used more in its dry run than") } else { ("tier_fits", "fits into") };
            let what = || format!("installed extensions: {then} this server gives ({after} {})", limit.unit);
            let note = || format!("{used} {} in its dry run", limit.unit);
            counted.tallies.add((code, &field, When::Now), what, &one.row.slug, || example(one, note()));
        }
    }
}

/// Whether the server has more installed than it lets itself have from now on.
fn room(server: &Server, (was, is): (&TierLimits, &TierLimits), there: &[There], counted: &mut Counted) {
    let count = there.iter().filter(|one| one.row.stands.state.counts()).count();
    let (before, after) = (was.installed_max as usize, is.installed_max as usize);
    if count <= after || count > before {
        return;
    }
    let field = format!("tiers.{}.installed_max", server.tier);
    let what = || format!("server has more than {after} installed, and gets nothing new");
    let id = server.id.to_string();
    counted.tallies.add(("server_full", &field, When::Later), what, &id, || {
        Example::new("server", id.as_str(), server.name.as_str(), format!("{count} installed"))
    });
}

fn example(one: &There, note: String) -> Example {
    let version = one.row.stands.state.now().map(|now| now.version.to_string());
    let version = version.or_else(|| one.row.stands.state.next().map(|next| next.version.to_string()));
    let name = format!("{} {}", one.row.slug, version.unwrap_or_default());
    Example::new("extension", one.row.extension.to_string(), name, note)
}
