//! Rollouts: an update reaches a few servers first, then a tenth of them, then all; which ones follows from their ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::id::{ExtensionId, ServerId};
use super::policy::RolloutPolicy;
use super::text::{nearest, quoted};
use super::time::Timestamp;

/// How far an update has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// To the first few of the servers.
    Canary,
    /// To a tenth of them, or what the policy has for it.
    Tenth,
    /// To all.
    All,
}

/// The text names no ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no ring; the rings are canary, tenth, all{}", quoted(.0), nearest(.0, ["canary", "tenth", "all"].into_iter()).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default())]
pub struct NotARing(pub String);

/// How one revision of an extension's channel is being brought to its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The channel's revision.
    pub channel_revision: i64,
    /// The ring it has at least.
    pub ring: Ring,
    /// Since when it has that ring.
    pub since: Timestamp,
    /// Why it stands still, where it does.
    pub paused: Option<String>,
}

/// Whether a server gets an update now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// Once the ring is this one.
    WaitsFor(Ring),
    /// Once the rollout is resumed.
    Paused,
}

impl Ring {
    /// Every ring, narrowest first.
    pub const ALL: &[Ring] = &[Ring::Canary, Ring::Tenth, Ring::All];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Ring::Canary => "canary",
            Ring::Tenth => "tenth",
            Ring::All => "all",
        }
    }

    /// The ring a server is in.
    pub fn of(extension: ExtensionId, server: ServerId, policy: &RolloutPolicy) -> Ring {
        match per_mille(&["ring", &extension.to_string(), &server.to_string()]) {
            place if place < policy.canary_per_mille => Ring::Canary,
            place if place < policy.tenth_per_mille => Ring::Tenth,
            _ => Ring::All,
        }
    }

    /// How many of a thousand servers an update reaches in this ring.
    pub const fn per_mille(self, policy: &RolloutPolicy) -> u16 {
        match self {
            Ring::Canary => policy.canary_per_mille,
            Ring::Tenth => policy.tenth_per_mille,
            Ring::All => 1_000,
        }
    }

    const fn next(self) -> Ring {
        match self {
            Ring::Canary => Ring::Tenth,
            Ring::Tenth | Ring::All => Ring::All,
        }
    }
}

impl Rollout {
    /// A rollout as it starts.
    pub const fn start(channel_revision: i64, now: Timestamp) -> Rollout {
        Rollout { channel_revision, ring: Ring::Canary, since: now, paused: None }
    }

    /// The ring at `now`: after each `ring_ms` it widens by itself, but not while it is paused.
    pub fn ring_at(&self, policy: &RolloutPolicy, now: Timestamp) -> Ring {
        if self.paused.is_some() {
            return self.ring;
        }
        match now.since_ms(self.since) / policy.ring_ms.max(1) {
            rings if rings >= 2 => Ring::All,
            1 => self.ring.next(),
            _ => self.ring,
        }
    }

    /// Whether a server gets the update at `now`.
    pub fn turn(&self, extension: ExtensionId, server: ServerId, policy: &RolloutPolicy, now: Timestamp) -> Turn {
        let ring = Ring::of(extension, server, policy);
        match () {
            () if self.paused.is_some() => Turn::Paused,
            () if ring <= self.ring_at(policy, now) => Turn::Now,
            () => Turn::WaitsFor(ring),
        }
    }
}

impl FromStr for Ring {
    type Err = NotARing;

    fn from_str(text: &str) -> Result<Ring, NotARing> {
        let named = Ring::ALL.iter().copied().find(|ring| ring.name() == text);
        named.ok_or_else(|| NotARing(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A number from 0 to 999 that the words decide, evenly spread: the start of their SHA-256, each word after its length.
pub(super) fn per_mille(words: &[&str]) -> u16 {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_le_bytes());
        hash.update(word.as_bytes());
    }
    let digest = hash.finalize();
    let start = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u16::try_from(start % 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;

    const START: Timestamp = Timestamp::from_ms(1_000);

    #[test]
    fn the_rings_are_as_wide_as_the_policy_says_and_each_has_the_one_before_in_it() {
        let mut entropy = Entropy::from_seed([4; 32]);
        let extension = ExtensionId::mint(START, &mut entropy);
        let servers: Vec<ServerId> = (0..10_000).map(|_| ServerId::mint(START, &mut entropy)).collect();
        let within = |policy: &RolloutPolicy, ring| {
            servers.iter().filter(|server| Ring::of(extension, **server, policy) <= ring).count()
        };
        let built_in = RolloutPolicy::default();
        assert!((50..200).contains(&within(&built_in, Ring::Canary)), "{}", within(&built_in, Ring::Canary));
        assert!((850..1_150).contains(&within(&built_in, Ring::Tenth)), "{}", within(&built_in, Ring::Tenth));
        assert_eq!(within(&built_in, Ring::All), servers.len());
        let half = RolloutPolicy { canary_per_mille: 0, tenth_per_mille: 500, ..built_in };
        assert_eq!(within(&half, Ring::Canary), 0);
        assert!((4_700..5_300).contains(&within(&half, Ring::Tenth)), "{}", within(&half, Ring::Tenth));
        let at_once = RolloutPolicy { canary_per_mille: 1_000, tenth_per_mille: 1_000, ..built_in };
        assert_eq!(within(&at_once, Ring::Canary), servers.len());
    }

    #[test]
    fn rings_widen_with_time_and_stand_still_while_paused() {
        let mut rollout = Rollout::start(3, START);
        for ring_ms in [60_000, RolloutPolicy::default().ring_ms] {
            let policy = RolloutPolicy { ring_ms, ..RolloutPolicy::default() };
            for (ms, ring) in
                [(0, Ring::Canary), (ring_ms - 1, Ring::Canary), (ring_ms, Ring::Tenth), (2 * ring_ms, Ring::All)]
            {
                assert_eq!(rollout.ring_at(&policy, START.plus_ms(ms)), ring, "{ms} of {ring_ms}");
            }
        }
        let policy = RolloutPolicy::default();
        rollout.paused = Some("crashes".to_owned());
        assert_eq!(rollout.ring_at(&policy, START.plus_ms(9 * policy.ring_ms)), Ring::Canary);
        let server = ServerId::mint(START, &mut Entropy::from_seed([5; 32]));
        let extension = ExtensionId::mint(START, &mut Entropy::from_seed([6; 32]));
        assert_eq!(rollout.turn(extension, server, &policy, START), Turn::Paused);
        let open = Rollout { ring: Ring::All, paused: None, ..rollout };
        assert_eq!(open.turn(extension, server, &policy, START), Turn::Now);
        assert_eq!("tent".parse::<Ring>().unwrap_err().to_string().split("did you mean ").nth(1), Some("tenth?"));
    }
}
