//! The policy document: everything an administrator can decide, with built-in defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
pub struct Switches {
    /// Versions can be submitted.
    pub submissions_open: bool,
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
    /// Further submissions of one account within an hour are due this much later each.
    pub stagger_ms: i64,
    /// A claim lasts this long unless renewed.
    pub lease_ms: i64,
    /// Findings at or above this are rejected by the checks.
    pub reject_at: Severity,
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
    /// For each published version, up to ten.
    pub published: i64,
    /// Taken for each rejected version, up to ten.
    pub rejected: i64,
    /// For a verified account.
    pub verified: i64,
    /// For each thirty days of age, up to twelve.
    pub age: i64,
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
    /// How review works.
    pub review: ReviewPolicy,
    /// Bounds of packages.
    pub packages: PackagePolicy,
    /// What reputation is made of.
    pub reputation: ReputationPolicy,
    /// Switches.
    pub switches: Switches,
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

    /// The caps of one run on a server of this tier; unknown tiers, dry runs and review use `pro`.
    pub fn run_limits(&self, tier: &str) -> RunLimits {
        let base = RunLimits::pro();
        let Some(tier) = self.tiers.get(tier).or_else(|| self.tiers.get("pro")) else { return base };
        RunLimits {
            memory_bytes_max: (tier.memory_mib << 20).min(base.memory_bytes_max),
            fuel_max: tier.fuel,
            timeout_ms: tier.timeout_ms,
            storage_bytes_max: tier.storage_kib << 10,
            ..base
        }
    }
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
            review: ReviewPolicy::default(),
            packages: PackagePolicy::default(),
            reputation: ReputationPolicy::default(),
            switches: Switches::default(),
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
        Switches { submissions_open: true, verified_authors_only: false, read_only: false }
    }
}

impl Default for ReviewPolicy {
    fn default() -> ReviewPolicy {
        ReviewPolicy {
            sla_ms: 48 * 3_600_000,
            stagger_ms: 30 * 60_000,
            lease_ms: 15 * 60_000,
            reject_at: Severity::Error,
            second_reviewer_per_mille: 20,
            ms_per_point: 30 * 60_000,
            risk_weight: 1,
            reputation_points_max: 24,
            open_submissions_max: 50,
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
        ReputationPolicy { base: 30, published: 4, rejected: 5, verified: 15, age: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_defaults_and_round_trips() {
        let policy: Policy = serde_json::from_str("{}").unwrap();
        assert_eq!(policy, Policy::default());
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert!(serde_json::from_str::<Policy>(r#"{"scoops":{}}"#).is_err());
    }

    #[test]
    fn two_people_for_dangerous_scopes_and_for_the_sample() {
        let policy = Policy::default();
        let ban = ScopeSet::EMPTY.with(Scope::Ban);
        let http = ScopeSet::EMPTY.with(Scope::HttpRequest);
        assert_eq!(policy.approvals_needed(ban, 999), ApprovalsNeeded::One);
        assert_eq!(policy.approvals_needed(ban, 19), ApprovalsNeeded::Two);
        assert_eq!(policy.approvals_needed(ban, 20), ApprovalsNeeded::One);
        assert_eq!(policy.approvals_needed(http, 999), ApprovalsNeeded::Two);
    }

    #[test]
    fn tiers_scale_and_unknown_ones_are_pro() {
        let policy = Policy::default();
        assert_eq!(policy.run_limits("free"), RunLimits::free());
        assert_eq!(policy.run_limits("nothing-like-it"), RunLimits::pro());
    }
}
