//! What the policy decides about time and shares: how long installations and instances are waited for, how an update
//! widens, and what checks put up with; with their rows of the table of fields.

use serde::{Deserialize, Serialize};

use super::field::{Field, Reach, Sort, Stricter};
use super::table::{DAY, HOUR, MINUTE, put_whole, whole, whole_of};

/// What checks put up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChecksPolicy {
    /// Pages of memory that a module may start with before it is warned about.
    pub pages_warned_above: u32,
    /// How often a package may bring its checks down before it is rejected for that.
    pub crashes_max: u32,
}

/// How long installations and the instances that run them are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstallationPolicy {
    /// How long a server's owner is waited for.
    pub consent_wait_ms: i64,
    /// How long an instance has for one order.
    pub order_ms: i64,
    /// How long what is removed can still be kept after all.
    pub removal_grace_ms: i64,
    /// An instance that was not heard for longer than this is silent.
    pub instance_silent_ms: i64,
}

/// How an update is brought to the servers, ring by ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RolloutPolicy {
    /// Servers in a thousand that get an update first.
    pub canary_per_mille: u16,
    /// Servers in a thousand that get an update second, the first ones included.
    pub tenth_per_mille: u16,
    /// How long an update stays in one ring.
    pub ring_ms: i64,
    /// How long after a round of looking the next one comes, where somebody still waits.
    pub look_again_ms: i64,
}

/// The rows of what is decided here.
pub(super) const WAITS: &[Field] = &[
    whole!(
        "checks.pages_warned_above",
        0,
        65_536,
        Lower,
        Marketplace,
        checks.pages_warned_above,
        "Pages of 64 KiB that a module may start with before it is warned about"
    ),
    whole!(
        "checks.crashes_max",
        1,
        // Fewer than the attempts after which a job is given up, so that it always ends in a rejection.
        4,
        Lower,
        Marketplace,
        checks.crashes_max,
        "How often a package may bring its checks down before it is rejected for that"
    ),
    whole!(
        "installations.consent_wait_ms",
        HOUR,
        365 * DAY,
        Unordered,
        Marketplace,
        installations.consent_wait_ms,
        "How long a server's owner is waited for, in milliseconds"
    ),
    whole!(
        "installations.order_ms",
        1_000,
        HOUR,
        Unordered,
        Marketplace,
        installations.order_ms,
        "How long an instance has for one order, in milliseconds"
    ),
    whole!(
        "installations.removal_grace_ms",
        0,
        365 * DAY,
        Unordered,
        Marketplace,
        installations.removal_grace_ms,
        "How long what is removed can still be kept after all, in milliseconds"
    ),
    whole!(
        "installations.instance_silent_ms",
        5_000,
        DAY,
        Unordered,
        Marketplace,
        installations.instance_silent_ms,
        "An instance that was not heard for longer than this is silent, in milliseconds"
    ),
    whole!(
        "rollouts.canary_per_mille",
        0,
        1_000,
        Unordered,
        Marketplace,
        rollouts.canary_per_mille,
        "Servers in a thousand that get an update first"
    ),
    whole!(
        "rollouts.tenth_per_mille",
        0,
        1_000,
        Unordered,
        Marketplace,
        rollouts.tenth_per_mille,
        "Servers in a thousand that get an update second, the first ones included"
    ),
    whole!(
        "rollouts.ring_ms",
        MINUTE,
        30 * DAY,
        Unordered,
        Marketplace,
        rollouts.ring_ms,
        "How long an update stays in one ring, in milliseconds"
    ),
    whole!(
        "rollouts.look_again_ms",
        1_000,
        HOUR,
        Unordered,
        Marketplace,
        rollouts.look_again_ms,
        "How long after a round of looking the next one comes, where somebody still waits, in milliseconds"
    ),
];

impl Default for ChecksPolicy {
    fn default() -> ChecksPolicy {
        ChecksPolicy { pages_warned_above: 16, crashes_max: 3 }
    }
}

impl Default for InstallationPolicy {
    fn default() -> InstallationPolicy {
        InstallationPolicy {
            consent_wait_ms: 30 * DAY,
            order_ms: 2 * MINUTE,
            removal_grace_ms: 7 * DAY,
            instance_silent_ms: 90_000,
        }
    }
}

impl Default for RolloutPolicy {
    fn default() -> RolloutPolicy {
        RolloutPolicy { canary_per_mille: 10, tenth_per_mille: 100, ring_ms: DAY, look_again_ms: 30_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Place, Policy, parse};

    #[test]
    fn a_document_that_is_older_than_a_field_leaves_it_as_it_is_built_in() {
        let before = r#"{"review":{"lease_ms":120000},"switches":{"read_only":true}}"#;
        let policy = Policy::of_document(&parse(before, Format::Json, Place::Global).unwrap());
        let built_in = Policy::default();
        assert_eq!(policy.installations, built_in.installations);
        assert_eq!((policy.rollouts, policy.checks), (built_in.rollouts, built_in.checks));
        let read: Policy = serde_json::from_str(before).unwrap();
        assert_eq!(read, policy);
    }

    #[test]
    fn a_ring_is_not_narrower_than_the_one_in_it() {
        let read = |text: &str| parse(text, Format::Toml, Place::Global);
        assert!(read("[rollouts]\ncanary_per_mille = 100").is_ok());
        let found = read("[rollouts]\ncanary_per_mille = 101").unwrap_err();
        assert_eq!((found[0].fault.code, found[0].line), ("wider_than_the_next", 2));
        assert!(read("[rollouts]\ncanary_per_mille = 101\ntenth_per_mille = 101").is_ok());
        assert_eq!(read("[rollouts]\ncanary_per_mille = 1001").unwrap_err()[0].fault.code, "not_in_range");
    }
}
