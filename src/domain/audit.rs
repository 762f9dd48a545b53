//! The audit chain: every accepted command's row is bound to the one before it by an HMAC.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::digest::Sha256Digest;
use super::time::Timestamp;

/// The secret the chain is keyed with; kept outside the database and its backup.
#[derive(Clone)]
pub struct AuditKey([u8; 32]);

/// HMAC-SHA-256 (RFC 2104) of a row and of the MAC before it.
pub type ChainMac = Sha256Digest;

/// One row before it is chained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// `account`, `system` or `local_operator`.
    pub actor_kind: String,
    /// The account's id, empty for the other kinds.
    pub actor_id: String,
    /// The action's name, such as `review.approve`.
    pub action: String,
    /// What it was done to, such as `version`.
    pub subject_kind: String,
    /// The subject's id.
    pub subject_id: String,
    /// What else matters, as a JSON object.
    pub detail: String,
}

/// The newest row's number and MAC: what to note down elsewhere to find a cut later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The newest row's number; 0 before the first.
    pub number: i64,
    /// Its MAC.
    pub mac: ChainMac,
}

/// The text is no head such as `12:9f…`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an audit head NUMBER:MAC: {0:?}")]
pub struct NotAHead(pub String);

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A row's MAC does not follow from it and the row before.
    #[error("row {0} was changed: its MAC does not follow from the row before it")]
    Edited(i64),
    /// A number is left out.
    #[error("row {0} is missing")]
    Missing(i64),
    /// The chain ends before a head that was seen earlier.
    #[error("the log was cut: it ends at row {ends_at}, and row {seen} was seen before")]
    Cut {
        /// The last row there is.
        ends_at: i64,
        /// The row that was seen.
        seen: i64,
    },
    /// The row of a head seen earlier is there with another MAC.
    #[error("row {0} is not the row that was seen before: the log was rewritten")]
    Rewritten(i64),
}

impl AuditKey {
    /// Wraps 32 secret bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> AuditKey {
        AuditKey(bytes)
    }

    /// What the database keeps to refuse a start with another key: HMAC of a fixed label.
    pub fn fingerprint(&self) -> Sha256Digest {
        self.mac(&[b"skydeck audit key"])
    }

    /// The MAC before the first row.
    pub fn genesis(&self) -> ChainMac {
        self.mac(&[b"skydeck audit genesis"])
    }

    /// The MAC of row `number`, following the row whose MAC is `previous`.
    ///
    /// Each field is preceded by its length, so no two rows give the same input.
    pub fn chain(&self, previous: &ChainMac, number: i64, entry: &AuditEntry) -> ChainMac {
        self.mac(&[
            previous.as_bytes(),
            &number.to_le_bytes(),
            &entry.at.as_ms().to_le_bytes(),
            entry.actor_kind.as_bytes(),
            entry.actor_id.as_bytes(),
            entry.action.as_bytes(),
            entry.subject_kind.as_bytes(),
            entry.subject_id.as_bytes(),
            entry.detail.as_bytes(),
        ])
    }

    /// A keyed, unpredictable number in 0..1000 for `subject`: the sample that gets a second reviewer.
    pub fn sample_per_mille(&self, subject: &str) -> u16 {
        let mac = self.mac(&[b"skydeck second reviewer", subject.as_bytes()]);
        let bytes = mac.as_bytes();
        u16::try_from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % 1_000).unwrap_or(0)
    }

    fn mac(&self, parts: &[&[u8]]) -> Sha256Digest {
        let mut key = [0_u8; 64];
        key[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Sha256Digest::from_bytes(mac.finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey(secret)")
    }
}

impl std::fmt::Display for AuditHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.mac)
    }
}

impl std::str::FromStr for AuditHead {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<AuditHead, NotAHead> {
        let refused = || NotAHead(text.chars().take(100).collect());
        let (number, mac) = text.split_once(':').ok_or_else(refused)?;
        let number = number.parse().ok().filter(|number| *number >= 0).ok_or_else(refused)?;
        Ok(AuditHead { number, mac: mac.parse().map_err(|_| refused())? })
    }
}

/// Walks a chain row by row; the caller feeds rows in order.
#[derive(Debug)]
pub struct ChainWalk<'a> {
    key: &'a AuditKey,
    head: AuditHead,
    seen: Option<AuditHead>,
}

impl<'a> ChainWalk<'a> {
    /// Starts before the first row; `seen` is a head noted down earlier.
    pub fn new(key: &'a AuditKey, seen: Option<AuditHead>) -> ChainWalk<'a> {
        ChainWalk { key, head: AuditHead { number: 0, mac: key.genesis() }, seen }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// The first [`ChainFault`].
    pub fn step(&mut self, number: i64, entry: &AuditEntry, mac: &ChainMac) -> Result<(), ChainFault> {
        let expected = self.head.number + 1;
        if number != expected {
            return Err(ChainFault::Missing(expected));
        }
        if self.key.chain(&self.head.mac, number, entry) != *mac {
            return Err(ChainFault::Edited(number));
        }
        if self.seen.is_some_and(|seen| seen.number == number && seen.mac != *mac) {
            return Err(ChainFault::Rewritten(number));
        }
        self.head = AuditHead { number, mac: *mac };
        Ok(())
    }

    /// Ends the walk against the head the log itself keeps.
    ///
    /// # Errors
    /// [`ChainFault::Cut`] where rows are missing at the end.
    pub fn end(self, kept: AuditHead) -> Result<AuditHead, ChainFault> {
        let seen = self.seen.map_or(0, |seen| seen.number).max(kept.number);
        if self.head.number < seen {
            return Err(ChainFault::Cut { ends_at: self.head.number, seen });
        }
        if self.head.number > kept.number || self.head.mac != kept.mac {
            return Err(ChainFault::Rewritten(self.head.number));
        }
        Ok(self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(key: &AuditKey, count: i64) -> Vec<(i64, AuditEntry, ChainMac)> {
        let mut mac = key.genesis();
        (1..=count)
            .map(|number| {
                let entry = AuditEntry {
                    at: Timestamp::from_ms(number),
                    actor_kind: "system".to_owned(),
                    actor_id: String::new(),
                    action: "review.checks".to_owned(),
                    subject_kind: "version".to_owned(),
                    subject_id: number.to_string(),
                    detail: "{}".to_owned(),
                };
                mac = key.chain(&mac, number, &entry);
                (number, entry, mac)
            })
            .collect()
    }

    fn verify(
        key: &AuditKey,
        rows: &[(i64, AuditEntry, ChainMac)],
        kept: AuditHead,
        seen: Option<AuditHead>,
    ) -> Result<AuditHead, ChainFault> {
        let mut walk = ChainWalk::new(key, seen);
        for (number, entry, mac) in rows {
            walk.step(*number, entry, mac)?;
        }
        walk.end(kept)
    }

    #[test]
    fn every_kind_of_tampering_is_named() {
        let key = AuditKey::from_bytes([3; 32]);
        let rows = rows(&key, 5);
        let head = AuditHead { number: 5, mac: rows[4].2 };
        assert_eq!(verify(&key, &rows, head, Some(head)), Ok(head));

        let mut edited = rows.clone();
        edited[2].1.detail = "{\"x\":1}".to_owned();
        assert_eq!(verify(&key, &edited, head, None), Err(ChainFault::Edited(3)));

        let mut gap = rows.clone();
        gap.remove(1);
        assert_eq!(verify(&key, &gap, head, None), Err(ChainFault::Missing(2)));

        assert_eq!(verify(&key, &rows[..4], head, None), Err(ChainFault::Cut { ends_at: 4, seen: 5 }));
        let kept_too = AuditHead { number: 4, mac: rows[3].2 };
        assert_eq!(verify(&key, &rows[..4], kept_too, Some(head)), Err(ChainFault::Cut { ends_at: 4, seen: 5 }));

        let other = AuditHead { number: 3, mac: rows[0].2 };
        assert_eq!(verify(&key, &rows, head, Some(other)), Err(ChainFault::Rewritten(3)));
        let wrong_key = AuditKey::from_bytes([4; 32]);
        assert_eq!(verify(&wrong_key, &rows, head, None), Err(ChainFault::Edited(1)));
    }

    #[test]
    fn a_head_round_trips_as_text() {
        let key = AuditKey::from_bytes([3; 32]);
        let head = AuditHead { number: 12, mac: key.genesis() };
        assert_eq!(head.to_string().parse(), Ok(head));
        for bad in ["", "12", "x:00", "-1:00"] {
            assert!(bad.parse::<AuditHead>().is_err(), "{bad}");
        }
    }
}
