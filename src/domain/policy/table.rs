//! The table of the policy's fields: a row is a field's place, what it may hold, which way is stricter, who may override
//! it, and what it decides. Reading, merging, locking, explaining and the JSON Schema all go by it.

use std::borrow::Cow;

use super::field::{Field, Reach, Setting, Sort, Stricter};
use super::waits::WAITS;
use super::{Policy, RuleBits, ScopeVerdict, TierLimits};
use crate::domain::extension::ReasonCode;
use crate::domain::finding::Severity;
use crate::domain::limits::{CODE_BYTES_MAX, PACKAGE_BYTES_MAX};
use crate::domain::scope::Scope;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// The verdicts on a scope, from loose to strict.
pub(super) const VERDICTS: &[&str] = &["allow", "review", "two-person", "deny"];
/// The severities of findings, from mild to bad.
pub(super) const SEVERITIES: &[&str] = &["info", "warning", "error", "critical"];
/// The reasons of a rejection.
pub(super) const REASONS: &[&str] =
    &["security", "privacy", "scopes_excessive", "broken", "quality", "policy", "duplicate", "spam", "other"];

/// A row of a whole number.
macro_rules! whole {
    ($path:literal, $least:expr, $most:expr, $stricter:ident, $reach:ident, $($place:ident).+, $about:literal) => {
        Field {
            path: $path,
            sort: Sort::Whole { least: $least, most: $most },
            stricter: Stricter::$stricter,
            reach: Reach::$reach,
            about: $about,
            get: |policy, _| whole_of(policy.$($place).+),
            set: |policy, _, setting| put_whole(&mut policy.$($place).+, setting),
        }
    };
}

pub(super) use whole;

/// A row of a truth value.
macro_rules! truth {
    ($path:literal, $stricter:ident, $($place:ident).+, $about:literal) => {
        Field {
            path: $path,
            sort: Sort::Truth,
            stricter: Stricter::$stricter,
            reach: Reach::Marketplace,
            about: $about,
            get: |policy, _| Some(Setting::Truth(policy.$($place).+)),
            set: |policy, _, setting| put_truth(&mut policy.$($place).+, setting),
        }
    };
}

/// A row of one bit of every rule.
macro_rules! rule_bit {
    ($path:literal, $bit:ident, $about:literal) => {
        Field {
            path: $path,
            sort: Sort::Truth,
            stricter: Stricter::Yes,
            reach: Reach::Marketplace,
            about: $about,
            get: |policy, rule| Some(Setting::Truth(policy.bits(rule).$bit)),
            set: |policy, rule, setting| {
                let mut bits = policy.bits(rule);
                put_truth(&mut bits.$bit, setting);
                if bits == RuleBits::default() {
                    policy.rules.remove(rule);
                } else {
                    policy.rules.insert(rule.to_owned(), bits);
                }
            },
        }
    };
}

/// A row of one limit of every tier.
macro_rules! tier {
    ($path:literal, $least:expr, $most:expr, $limit:ident, $about:literal) => {
        Field {
            path: $path,
            sort: Sort::Whole { least: $least, most: $most },
            stricter: Stricter::Lower,
            reach: Reach::Tighten,
            about: $about,
            get: |policy, tier| whole_of(policy.tiers.get(tier)?.$limit),
            set: |policy, tier, setting| {
                let limits = policy.tiers.entry(tier.to_owned()).or_insert(TierLimits::NONE);
                put_whole(&mut limits.$limit, setting);
            },
        }
    };
}

/// Every field there is, in the order it is shown; a name stands for `*`.
pub const FIELDS: &[Field] = &joined();

/// The rows of this file and those of [`WAITS`].
const fn joined() -> [Field; GENERAL.len() + WAITS.len()] {
    let mut fields = [GENERAL[0]; GENERAL.len() + WAITS.len()];
    let mut place = 0;
    while place < fields.len() {
        fields[place] = if place < GENERAL.len() { GENERAL[place] } else { WAITS[place - GENERAL.len()] };
        place += 1;
    }
    fields
}

/// What is decided about versions, their checks and reviews, and about servers.
const GENERAL: &[Field] = &[
    Field {
        path: "scopes.*",
        sort: Sort::Word(VERDICTS),
        stricter: Stricter::LaterWord,
        reach: Reach::Server,
        about: "What happens to a version that declares the scope: nothing, a closer look, a second approval, rejection",
        get: |policy, name| Some(Setting::Word(Cow::Borrowed(policy.verdict(name.parse().ok()?).name()))),
        set: put_verdict,
    },
    rule_bit!("rules.*.enabled", enabled, "The rule runs"),
    rule_bit!("rules.*.enforced", enforced, "Its findings count; else they are recorded as what would have happened"),
    rule_bit!("rules.*.required", required, "A submission waits until it has run"),
    Field {
        path: "network_allowlist",
        sort: Sort::Hosts,
        stricter: Stricter::Fewer,
        reach: Reach::Server,
        about: "Hosts that extensions with the network capability allowlist_only may reach, by their whole names",
        get: |policy, _| Some(Setting::Words(policy.network_allowlist.clone())),
        set: |policy, _, setting| {
            if let Setting::Words(hosts) = setting {
                policy.network_allowlist.clone_from(hosts);
            }
        },
    },
    tier!("tiers.*.memory_mib", 1, 128, memory_mib, "Memory and tables of one run, in MiB"),
    tier!("tiers.*.fuel", 1_000, 10_000_000_000, fuel, "Fuel of one run, in the engine's units"),
    tier!("tiers.*.timeout_ms", 100, 10_000, timeout_ms, "Wall clock of one run, in milliseconds"),
    tier!("tiers.*.storage_kib", 0, 10_240, storage_kib, "Storage of one extension on one server, in KiB"),
    tier!("tiers.*.http_per_minute", 0, 6_000, http_per_minute, "HTTP requests a minute of one server"),
    tier!("tiers.*.installed_max", 0, 1_000, installed_max, "Extensions installed on one server"),
    tier!("tiers.*.concurrent_max", 1, 64, concurrent_max, "Runs at once on one server"),
    Field {
        path: "runs.tier",
        sort: Sort::Tier,
        stricter: Stricter::Unordered,
        reach: Reach::Marketplace,
        about: "The tier whose limits the checks' dry runs have",
        get: |policy, _| Some(Setting::Word(Cow::Owned(policy.runs.tier.clone()))),
        set: |policy, _, setting| {
            if let Setting::Word(tier) = setting {
                policy.runs.tier = tier.clone().into_owned();
            }
        },
    },
    whole!(
        "runs.call_depth_max",
        10,
        1_000,
        Lower,
        Marketplace,
        runs.call_depth_max,
        "Nested calls inside an extension"
    ),
    whole!(
        "runs.host_calls_max",
        1,
        10_000,
        Lower,
        Marketplace,
        runs.host_calls_max,
        "Calls of host functions in one run"
    ),
    whole!("runs.actions_max", 0, 500, Lower, Marketplace, runs.actions_max, "Actions on the server in one run"),
    whole!("runs.log_lines_max", 0, 2_000, Lower, Marketplace, runs.log_lines_max, "Log lines kept of one run"),
    whole!(
        "runs.log_line_bytes_max",
        16,
        8_192,
        Lower,
        Marketplace,
        runs.log_line_bytes_max,
        "Bytes kept of one log line"
    ),
    whole!("runs.replies_max", 0, 50, Lower, Marketplace, runs.replies_max, "Replies to one trigger"),
    whole!(
        "runs.request_bytes_max",
        1_024,
        1 << 20,
        Lower,
        Marketplace,
        runs.request_bytes_max,
        "Bytes of one request to a host function"
    ),
    whole!(
        "runs.answer_bytes_max",
        1_024,
        4 << 20,
        Lower,
        Marketplace,
        runs.answer_bytes_max,
        "Bytes of one answer of a host function"
    ),
    whole!(
        "review.sla_ms",
        MINUTE,
        90 * DAY,
        Unordered,
        Marketplace,
        review.sla_ms,
        "A first decision is due this long after submitting, in milliseconds"
    ),
    whole!(
        "review.stagger_ms",
        0,
        7 * DAY,
        Unordered,
        Marketplace,
        review.stagger_ms,
        "Each further submission of one account is due this much later, in milliseconds"
    ),
    whole!(
        "review.stagger_window_ms",
        MINUTE,
        7 * DAY,
        Unordered,
        Marketplace,
        review.stagger_window_ms,
        "Submissions within this time count for that, in milliseconds"
    ),
    whole!(
        "review.lease_ms",
        MINUTE,
        DAY,
        Unordered,
        Marketplace,
        review.lease_ms,
        "A claim lasts this long unless renewed, in milliseconds"
    ),
    Field {
        path: "review.reject_at",
        sort: Sort::Word(SEVERITIES),
        stricter: Stricter::EarlierWord,
        reach: Reach::Marketplace,
        about: "Findings at or above this severity are rejected by the checks",
        get: |policy, _| Some(Setting::Word(Cow::Borrowed(policy.review.reject_at.name()))),
        set: put_severity,
    },
    Field {
        path: "review.reasons",
        sort: Sort::Words(REASONS),
        stricter: Stricter::Unordered,
        reach: Reach::Marketplace,
        about: "The reasons that a maintainer may reject with",
        get: |policy, _| {
            let mut names: Vec<String> = policy.review.reasons.iter().map(ToString::to_string).collect();
            names.sort();
            Some(Setting::Words(names))
        },
        set: put_reasons,
    },
    whole!(
        "review.second_reviewer_per_mille",
        0,
        1_000,
        Higher,
        Marketplace,
        review.second_reviewer_per_mille,
        "Thousandths of clean submissions that get a second reviewer"
    ),
    whole!(
        "review.ms_per_point",
        1_000,
        DAY,
        Unordered,
        Marketplace,
        review.ms_per_point,
        "How many milliseconds of waiting one point of risk or reputation is worth"
    ),
    whole!(
        "review.risk_weight",
        0,
        100,
        Unordered,
        Marketplace,
        review.risk_weight,
        "Points for each unit of declared scope risk"
    ),
    whole!(
        "review.reputation_points_max",
        0,
        1_000,
        Unordered,
        Marketplace,
        review.reputation_points_max,
        "Points at a reputation of 100; 0 at 0"
    ),
    whole!(
        "review.open_submissions_max",
        0,
        100_000,
        Lower,
        Marketplace,
        review.open_submissions_max,
        "Open submissions one account may have"
    ),
    whole!(
        "packages.package_bytes_max",
        1_024,
        ceiling(PACKAGE_BYTES_MAX),
        Lower,
        Marketplace,
        packages.package_bytes_max,
        "Bytes of a package"
    ),
    whole!(
        "packages.code_bytes_max",
        8,
        ceiling(CODE_BYTES_MAX),
        Lower,
        Marketplace,
        packages.code_bytes_max,
        "Bytes of its code"
    ),
    whole!("reputation.base", 0, 100, Unordered, Marketplace, reputation.base, "Where a new account stands, in points"),
    whole!(
        "reputation.published",
        0,
        100,
        Unordered,
        Marketplace,
        reputation.published,
        "Points for each published version"
    ),
    whole!(
        "reputation.rejected",
        0,
        100,
        Unordered,
        Marketplace,
        reputation.rejected,
        "Points taken for each rejected version"
    ),
    whole!(
        "reputation.reported",
        0,
        100,
        Unordered,
        Marketplace,
        reputation.reported,
        "Points taken for each rating of the account's own that was hidden after a report"
    ),
    whole!(
        "reputation.rated",
        0,
        100,
        Unordered,
        Marketplace,
        reputation.rated,
        "Points for ratings of five stars without end, and taken for ratings of one star"
    ),
    whole!(
        "reputation.rated_prior",
        0,
        1_000,
        Unordered,
        Marketplace,
        reputation.rated_prior,
        "As how many ratings of three stars everybody starts"
    ),
    whole!("reputation.verified", 0, 100, Unordered, Marketplace, reputation.verified, "Points for a verified account"),
    whole!("reputation.age", 0, 100, Unordered, Marketplace, reputation.age, "Points for each thirty days of age"),
    whole!(
        "reputation.versions_counted_max",
        1,
        1_000,
        Unordered,
        Marketplace,
        reputation.versions_counted_max,
        "Versions that count at most, published and rejected each"
    ),
    whole!(
        "reputation.months_counted_max",
        1,
        240,
        Unordered,
        Marketplace,
        reputation.months_counted_max,
        "Times thirty days of age that count at most"
    ),
    whole!(
        "premium.share_percent",
        0,
        100,
        Unordered,
        Marketplace,
        premium.share_percent,
        "The author's part of a price in percent, rounded down to whole points; the rest is the marketplace's"
    ),
    whole!(
        "premium.refund_ms",
        0,
        90 * DAY,
        Unordered,
        Marketplace,
        premium.refund_ms,
        "How long a purchase can be taken back, in milliseconds; kept with each purchase"
    ),
    whole!(
        "premium.grant_ms",
        HOUR,
        30 * DAY,
        Lower,
        Marketplace,
        premium.grant_ms,
        "How long a host may run what was bought without asking again, in milliseconds"
    ),
    truth!("switches.submissions_open", No, switches.submissions_open, "Versions can be submitted"),
    truth!("switches.new_accounts_open", No, switches.new_accounts_open, "Accounts can be made over the API"),
    truth!(
        "switches.verified_authors_only",
        Yes,
        switches.verified_authors_only,
        "A submission needs a verified account"
    ),
    truth!(
        "switches.read_only",
        Yes,
        switches.read_only,
        "Nothing but sign-in state can change, administrators' doings aside"
    ),
];

/// A ceiling of the program as the most that a field may be.
#[expect(clippy::cast_possible_wrap, reason = "the ceilings are a few MiB")]
const fn ceiling(bytes: usize) -> i64 {
    bytes as i64
}

pub(super) fn whole_of<T: TryInto<i64>>(number: T) -> Option<Setting> {
    number.try_into().ok().map(Setting::Whole)
}

pub(super) fn put_whole<T: TryFrom<i64>>(place: &mut T, setting: &Setting) {
    if let Setting::Whole(number) = setting
        && let Ok(number) = T::try_from(*number)
    {
        *place = number;
    }
}

fn put_truth(place: &mut bool, setting: &Setting) {
    if let Setting::Truth(truth) = setting {
        *place = *truth;
    }
}

fn put_verdict(policy: &mut Policy, name: &str, setting: &Setting) {
    let (Setting::Word(word), Ok(scope)) = (setting, name.parse::<Scope>()) else { return };
    match ScopeVerdict::ALL.iter().find(|verdict| verdict.name() == word) {
        Some(ScopeVerdict::Allow) => drop(policy.scopes.remove(&scope)),
        Some(verdict) => drop(policy.scopes.insert(scope, *verdict)),
        None => {}
    }
}

fn put_severity(policy: &mut Policy, _: &str, setting: &Setting) {
    let Setting::Word(word) = setting else { return };
    let all = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    if let Some(severity) = all.into_iter().find(|severity| severity.name() == word) {
        policy.review.reject_at = severity;
    }
}

fn put_reasons(policy: &mut Policy, _: &str, setting: &Setting) {
    let Setting::Words(words) = setting else { return };
    let listed = |code: &&ReasonCode| words.iter().any(|word| word == code.name());
    policy.review.reasons = ReasonCode::ALL.iter().filter(listed).copied().collect();
}
