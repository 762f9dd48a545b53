//! Identifiers: `UUIDv7` text with a type for each noun, and the entropy they are minted from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::time::Timestamp;

/// Random bytes that a retried transaction draws again in the same order: SHA-256 in counter mode over one seed.
#[derive(Clone)]
pub struct Entropy {
    seed: [u8; 32],
    drawn: u64,
}

/// The text was not a UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id (a UUID in lower case): {0:?}")]
pub struct NotAnId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Mints a `UUIDv7` (RFC 9562) from a moment and ten random bytes.
            pub fn mint(now: Timestamp, entropy: &mut Entropy) -> $name {
                let mut random = [0_u8; 10];
                random.copy_from_slice(&entropy.draw()[..10]);
                let ms = u64::try_from(now.as_ms()).unwrap_or(0);
                $name(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<$name, NotAnId> {
                if text.len() != 36 {
                    return Err(NotAnId(text.chars().take(64).collect()));
                }
                Uuid::try_parse(text).map($name).map_err(|_| NotAnId(text.chars().take(64).collect()))
            }
        }
    )*};
}

ids! {
    /// One account.
    AccountId;
    /// One access token (the id is public, the token is not).
    TokenId;
    /// One extension.
    ExtensionId;
    /// One version of an extension.
    VersionId;
    /// One review: made by one submit, ended by a decision or a withdrawal.
    ReviewId;
    /// One finding of a check.
    FindingId;
    /// One note on a review.
    NoteId;
    /// One job of the background worker.
    JobId;
    /// One plan of a change of the policy.
    PlanId;
    /// One chat server that installs extensions.
    ServerId;
    /// One instance: a bot process that runs extensions for servers.
    InstanceId;
    /// One installation: an extension on a server.
    InstallationId;
    /// One notice to every instance that runs an extension.
    NoticeId;
    /// One run of a server.
    NodeId;
    /// One purchase of an extension.
    PurchaseId;
    /// One entry of the ledger of points.
    EntryId;
    /// One account's rating of one extension.
    RatingId;
    /// One report of a rating.
    ReportId;
}

impl Entropy {
    /// Starts a stream of random bytes; the same seed gives the same stream.
    pub const fn from_seed(seed: [u8; 32]) -> Entropy {
        Entropy { seed, drawn: 0 }
    }

    /// The next 32 bytes of the stream.
    pub fn draw(&mut self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.drawn.to_le_bytes());
        self.drawn += 1;
        hash.finalize().into()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entropy(drawn {})", self.drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_mints_the_same_ids_and_they_sort_by_time() {
        let mut first = Entropy::from_seed([7; 32]);
        let mut second = first.clone();
        let early = ExtensionId::mint(Timestamp::from_ms(1_000), &mut first);
        assert_eq!(early, ExtensionId::mint(Timestamp::from_ms(1_000), &mut second));
        let late = ExtensionId::mint(Timestamp::from_ms(2_000), &mut first);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse::<ExtensionId>(), Ok(early));
    }

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        for text in ["", "abc", "{0192f0c1-2222-7000-8000-000000000000}", "0192f0c122227000800000000000000000"] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
