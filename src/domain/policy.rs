//! The policy: everything an administrator can decide, with built-in defaults; its documents, their layers, and the one
//! evaluator of them.

mod diff;
mod effective;
mod field;
mod hosts;
mod impact;
mod layer;
mod read;
mod schema;
mod table;
mod text;
mod waits;
mod write;

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use diff::{FieldChange, changes, policy_changes};
pub use effective::{Effective, Enacted, Explanation, InForce, LayerName, Origin, Stamp, Subject, explain};
pub use field::{Field, FieldPath, NoSuchField, RULES, Reach, Setting, Sort, Stricter, every_path};
pub use impact::{EXAMPLES_MAX, Effect, Example, Impact, LookedAt, Measured, Moved, Tally, Totals, When};
pub use layer::{Document, EXCEPTIONS_MAX, Entry, Exception, Layer};
pub use read::Place;
pub use schema::schema;
pub use table::FIELDS;
pub use text::{Format, TextFault, parse};
pub use waits::{ChecksPolicy, InstallationPolicy, RolloutPolicy};

use super::extension::ReasonCode;
use super::finding::Severity;
use super::limits::RunLimits;
use super::scope::{Scope, ScopeSet};

/// What the marketplace does with a scope that a version declares; ordered from loose to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeVerdict {
    /// Nothing special.
    Allow,
    /// Adds its risk to the priority and is marked for the reviewer.
    Review,
    /// Needs two approvals by different people.
    TwoPerson,
    /// The version is rejected.
    Deny,
}

/// The three independent bits of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleBits {
    /// The rule runs.
    pub enabled: bool,
    /// Its findings count; else they are recorded as what would have happened.
    pub enforced: bool,
    /// A submission waits until it has run.
    pub required: bool,
}

/// Switches that close parts of the marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, thrown by an administrator")]
pub struct Switches {
    /// Versions can be submitted.
    pub submissions_open: bool,
    /// Accounts can be made over the API.
    pub new_accounts_open: bool,
    /// A submission needs a verified account.
    pub verified_authors_only: bool,
    /// Nothing but sign-in state can change.
    pub read_only: bool,
}

/// How review works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewPolicy {
    /// A first decision is due this long after submitting.
    pub sla_ms: i64,
    /// Further submissions of one account within the window are due this much later each.
    pub stagger_ms: i64,
    /// The window of further submissions.
    pub stagger_window_ms: i64,
    /// A claim lasts this long unless renewed.
    pub lease_ms: i64,
    /// Findings at or above this are rejected by the checks.
    pub reject_at: Severity,
    /// The reasons that a maintainer may reject with.
    pub reasons: Vec<ReasonCode>,
    /// Thousandths of clean submissions that get a second reviewer.
    pub second_reviewer_per_mille: u16,
    /// How many milliseconds of waiting one point of risk or reputation is worth.
    pub ms_per_point: i64,
    /// Points per unit of declared scope risk.
    pub risk_weight: i64,
    /// Points at a reputation of 100; 0 at 0.
    pub reputation_points_max: i64,
    /// Open submissions one account may have.
    pub open_submissions_max: u32,
}

/// Bounds of packages, at most the ceilings in `limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PackagePolicy {
    /// Bytes of a package.
    pub package_bytes_max: u64,
    /// Bytes of code.
    pub code_bytes_max: u64,
}

/// What reputation is made of: points each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReputationPolicy {
    /// Where a new account stands.
    pub base: i64,
    /// For each published version.
    pub published: i64,
    /// Taken for each rejected version.
    pub rejected: i64,
    /// Taken for each rating of the account's own that was hidden after a report.
    pub reported: i64,
    /// For ratings of five stars without end; taken for as many of one star.
    pub rated: i64,
    /// As how many ratings of three stars everybody starts.
    pub rated_prior: i64,
    /// For a verified account.
    pub verified: i64,
    /// For each thirty days of age.
    pub age: i64,
    /// Versions that count at most, published and rejected each; reports too.
    pub versions_counted_max: i64,
    /// Times thirty days of age that count at most.
    pub months_counted_max: i64,
}

/// What one run may do, whatever the tier; and the tier of dry runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunPolicy {
    /// The tier whose limits the checks' dry runs have.
    pub tier: String,
    /// Nested calls inside the extension.
    pub call_depth_max: u32,
    /// Calls of host functions.
    pub host_calls_max: u32,
    /// Actions on the server.
    pub actions_max: u32,
    /// Log lines kept.
    pub log_lines_max: u32,
    /// Bytes kept of one log line.
    pub log_line_bytes_max: u32,
    /// Replies to one trigger.
    pub replies_max: u32,
    /// Bytes of one request to a host function.
    pub request_bytes_max: u32,
    /// Bytes of one answer of a host function.
    pub answer_bytes_max: u32,
}

/// What one subscription tier may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierLimits {
    /// MiB of memory and tables.
    pub memory_mib: u64,
    /// Fuel of one run.
    pub fuel: u64,
    /// Wall clock of one run.
    pub timeout_ms: u64,
    /// KiB of storage for one server.
    pub storage_kib: u64,
    /// HTTP requests a minute.
    pub http_per_minute: u32,
    /// Extensions installed on one server.
    pub installed_max: u32,
    /// Runs at once on one server.
    pub concurrent_max: u32,
}

/// How premium extensions are sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PremiumPolicy {
    /// The author's part of a price in percent, rounded down to whole points; the rest is the marketplace's.
    pub share_percent: u8,
    /// How long a purchase can be taken back.
    pub refund_ms: i64,
    /// How long a host may run what was bought without asking again.
    pub grant_ms: i64,
}

/// The whole document. Every field has a default, so that `{}` is a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A verdict for each scope that is not simply allowed.
    pub scopes: BTreeMap<Scope, ScopeVerdict>,
    /// Bits of rules that differ from enabled, enforced and required.
    pub rules: BTreeMap<String, RuleBits>,
    /// Hosts that extensions with `allowlist_only` may reach.
    pub network_allowlist: Vec<String>,
    /// Limits by subscription tier.
    pub tiers: BTreeMap<String, TierLimits>,
    /// What one run may do, whatever the tier.
    pub runs: RunPolicy,
    /// How review works.
    pub review: ReviewPolicy,
    /// Bounds of packages.
    pub packages: PackagePolicy,
    /// What reputation is made of.
    pub reputation: ReputationPolicy,
    /// How premium extensions are sold.
    pub premium: PremiumPolicy,
    /// Switches.
    pub switches: Switches,
    /// What checks put up with.
    pub checks: ChecksPolicy,
    /// How long installations and instances are waited for.
    pub installations: InstallationPolicy,
    /// How an update is brought to the servers.
    pub rollouts: RolloutPolicy,
}

/// How many different people have to approve a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsNeeded {
    /// One.
    One,
    /// Two.
    Two,
}

impl ScopeVerdict {
    /// Every verdict, from loose to strict.
    pub const ALL: &[ScopeVerdict] =
        &[ScopeVerdict::Allow, ScopeVerdict::Review, ScopeVerdict::TwoPerson, ScopeVerdict::Deny];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            ScopeVerdict::Allow => "allow",
            ScopeVerdict::Review => "review",
            ScopeVerdict::TwoPerson => "two-person",
            ScopeVerdict::Deny => "deny",
        }
    }
}

impl Policy {
    /// The built-in defaults with a global document on them.
    pub fn of_document(document: &Document) -> Policy {
        let mut policy = Policy::default();
        for (path, entry) in &document.layer.0 {
            path.set(&mut policy, &entry.value);
        }
        policy
    }

    /// The verdict for one scope.
    pub fn verdict(&self, scope: Scope) -> ScopeVerdict {
        self.scopes.get(&scope).copied().unwrap_or(ScopeVerdict::Allow)
    }

    /// The bits of one rule.
    pub fn bits(&self, rule: &str) -> RuleBits {
        self.rules.get(rule).copied().unwrap_or_default()
    }

    /// How many approvals a version with these scopes needs; `sample` is 0 to 999 from the keyed sample.
    pub fn approvals_needed(&self, declared: ScopeSet, sample: u16) -> ApprovalsNeeded {
        let two_person = declared.iter().any(|scope| self.verdict(scope) == ScopeVerdict::TwoPerson);
        if two_person || sample < self.review.second_reviewer_per_mille {
            ApprovalsNeeded::Two
        } else {
            ApprovalsNeeded::One
        }
    }

    /// The scopes of a set that are denied.
    pub fn denied(&self, declared: ScopeSet) -> ScopeSet {
        declared.iter().filter(|scope| self.verdict(*scope) == ScopeVerdict::Deny).collect()
    }

    /// The caps of one run on a server of this tier; unknown tiers have those of dry runs.
    pub fn run_limits(&self, tier: &str) -> RunLimits {
        let base = RunLimits::pro();
        let Some(tier) = self.tiers.get(tier).or_else(|| self.tiers.get(&self.runs.tier)) else { return base };
        let runs = &self.runs;
        RunLimits {
            memory_bytes_max: (tier.memory_mib << 20).min(base.memory_bytes_max),
            fuel_max: tier.fuel,
            timeout_ms: tier.timeout_ms,
            storage_bytes_max: tier.storage_kib << 10,
            call_depth_max: runs.call_depth_max.min(base.call_depth_max),
            host_calls_max: runs.host_calls_max,
            actions_max: runs.actions_max,
            log_lines_max: runs.log_lines_max,
            log_line_bytes_max: runs.log_line_bytes_max,
            replies_max: runs.replies_max,
            request_bytes_max: runs.request_bytes_max,
            answer_bytes_max: runs.answer_bytes_max,
            ..base
        }
    }

    /// The caps of the checks' dry runs.
    pub fn dry_run_limits(&self) -> RunLimits {
        self.run_limits(&self.runs.tier)
    }

    /// The caps of every tier, the smallest first.
    pub fn limits_by_tier(&self) -> Vec<(String, RunLimits)> {
        let mut tiers: Vec<(&String, &TierLimits)> = self.tiers.iter().collect();
        tiers.sort_by_key(|(name, limits)| (limits.fuel, limits.memory_mib, *name));
        tiers.into_iter().map(|(name, _)| (name.clone(), self.run_limits(name))).collect()
    }
}

impl TierLimits {
    /// Nothing at all: what a new tier is before its fields are set.
    pub const NONE: TierLimits = TierLimits {
        memory_mib: 0,
        fuel: 0,
        timeout_ms: 0,
        storage_kib: 0,
        http_per_minute: 0,
        installed_max: 0,
        concurrent_max: 0,
    };
}

impl Default for Policy {
    fn default() -> Policy {
        let review = [Scope::Kick, Scope::MessagesGlobal, Scope::EconomyManage, Scope::MessagesManage];
        let two_person = [Scope::GuildManage, Scope::HttpRequest];
        let verdicts = review.map(|scope| (scope, ScopeVerdict::Review)).into_iter();
        let two = two_person.map(|scope| (scope, ScopeVerdict::TwoPerson));
        let tier = |name: &str, limits: RunLimits, installed_max: u32| {
            let tier = TierLimits {
                memory_mib: limits.memory_bytes_max >> 20,
                fuel: limits.fuel_max,
                timeout_ms: limits.timeout_ms,
                storage_kib: limits.storage_bytes_max >> 10,
                http_per_minute: 30,
                installed_max,
                concurrent_max: 4,
            };
            (name.to_owned(), tier)
        };
        Policy {
            scopes: verdicts.chain(two).collect(),
            rules: BTreeMap::new(),
            network_allowlist: Vec::new(),
            tiers: BTreeMap::from([
                tier("free", RunLimits::free(), 10),
                tier("plus", RunLimits::plus(), 30),
                tier("pro", RunLimits::pro(), 100),
            ]),
            runs: RunPolicy::default(),
            review: ReviewPolicy::default(),
            packages: PackagePolicy::default(),
            reputation: ReputationPolicy::default(),
            premium: PremiumPolicy::default(),
            switches: Switches::default(),
            checks: ChecksPolicy::default(),
            installations: InstallationPolicy::default(),
            rollouts: RolloutPolicy::default(),
        }
    }
}

impl Default for RuleBits {
    fn default() -> RuleBits {
        RuleBits { enabled: true, enforced: true, required: true }
    }
}

impl Default for Switches {
    fn default() -> Switches {
        Switches { submissions_open: true, new_accounts_open: true, verified_authors_only: false, read_only: false }
    }
}

impl Default for ReviewPolicy {
    fn default() -> ReviewPolicy {
        ReviewPolicy {
            sla_ms: 48 * 3_600_000,
            stagger_ms: 30 * 60_000,
            stagger_window_ms: 3_600_000,
            lease_ms: 15 * 60_000,
            reject_at: Severity::Error,
            reasons: ReasonCode::ALL.to_vec(),
            second_reviewer_per_mille: 20,
            ms_per_point: 30 * 60_000,
            risk_weight: 1,
            reputation_points_max: 24,
            open_submissions_max: 50,
        }
    }
}

impl Default for RunPolicy {
    fn default() -> RunPolicy {
        let limits = RunLimits::pro();
        RunPolicy {
            tier: "pro".to_owned(),
            call_depth_max: limits.call_depth_max,
            host_calls_max: limits.host_calls_max,
            actions_max: limits.actions_max,
            log_lines_max: limits.log_lines_max,
            log_line_bytes_max: limits.log_line_bytes_max,
            replies_max: limits.replies_max,
            request_bytes_max: limits.request_bytes_max,
            answer_bytes_max: limits.answer_bytes_max,
        }
    }
}

impl Default for PackagePolicy {
    fn default() -> PackagePolicy {
        use super::limits::{CODE_BYTES_MAX, PACKAGE_BYTES_MAX};
        PackagePolicy { package_bytes_max: PACKAGE_BYTES_MAX as u64, code_bytes_max: CODE_BYTES_MAX as u64 }
    }
}

impl Default for ReputationPolicy {
    fn default() -> ReputationPolicy {
        ReputationPolicy {
            base: 30,
            published: 4,
            rejected: 5,
            reported: 10,
            rated: 15,
            rated_prior: 10,
            verified: 15,
            age: 1,
            versions_counted_max: 10,
            months_counted_max: 12,
        }
    }
}

impl Default for PremiumPolicy {
    fn default() -> PremiumPolicy {
        PremiumPolicy { share_percent: 70, refund_ms: 7 * 86_400_000, grant_ms: 3 * 86_400_000 }
    }
}
