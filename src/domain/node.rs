//! The servers that share one marketplace: which of them are alive, and which may not serve beside the others.

use super::digest::Sha256Digest;
use super::limits::NODE_SILENCE_MAX_MS;
use super::time::Timestamp;

/// Why a node may not serve beside the others, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its clock and the database's are too far apart: claims and jobs would lapse at different times on each node.
    #[error(
        "this node's clock is {off} {side} the database's ({own} here, {database} there), and {max} are allowed: \
         set the clocks of both machines by the same time server (timedatectl set-ntp true), and start it again",
        off = length(off_ms.abs()), side = if *off_ms < 0 { "behind" } else { "ahead of" }, max = length(*off_max_ms)
    )]
    ClockOff {
        /// Milliseconds by which it is ahead; negative where it is behind.
        off_ms: i64,
        /// Milliseconds that are allowed.
        off_max_ms: i64,
        /// The node's clock.
        own: Timestamp,
        /// The database's, at the same moment.
        database: Timestamp,
    },
    /// It would chain audit rows with another key than the others.
    #[error(
        "this node's audit key is not that of {whose} (fingerprint {own} here, {theirs} there): \
         give every node the same audit.key, or name it with SKYDECK_AUDIT_KEY_FILE, and start it again"
    )]
    OtherKey {
        /// `the marketplace`, or which node.
        whose: String,
        /// The fingerprint of this node's key.
        own: Sha256Digest,
        /// The fingerprint of the other key.
        theirs: Sha256Digest,
    },
}

impl Unfit {
    /// The stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Unfit::ClockOff { .. } => "clock_off",
            Unfit::OtherKey { .. } => "other_audit_key",
        }
    }
}

/// Whether a node that was last heard of at `beat` counts as alive at `now`; both by the database's clock.
pub const fn is_alive(beat: Timestamp, now: Timestamp) -> bool {
    now.since_ms(beat) <= NODE_SILENCE_MAX_MS
}

/// Milliseconds by which a node's clock is ahead of the database's (negative where it is behind).
///
/// The database was asked at `asked` and had answered at `answered`, both by the node's clock. Its clock stood at
/// `database` at some moment in between, so what could be the way of the question counts as nothing.
pub const fn clock_off_ms(asked: Timestamp, database: Timestamp, answered: Timestamp) -> i64 {
    if database.as_ms() < asked.as_ms() {
        asked.since_ms(database)
    } else if database.as_ms() > answered.as_ms() {
        answered.since_ms(database)
    } else {
        0
    }
}

/// Judges a clock that is `off_ms` ahead (or behind), where `off_max_ms` are allowed.
///
/// # Errors
/// [`Unfit::ClockOff`].
pub fn judge_clock(off_ms: i64, off_max_ms: i64, own: Timestamp, database: Timestamp) -> Result<(), Unfit> {
    if off_ms.saturating_abs() <= off_max_ms {
        return Ok(());
    }
    Err(Unfit::ClockOff { off_ms, off_max_ms, own, database })
}

/// Judges a node's audit key against another one that is in use.
///
/// # Errors
/// [`Unfit::OtherKey`].
pub fn judge_key(own: Sha256Digest, theirs: Sha256Digest, whose: &str) -> Result<(), Unfit> {
    if own == theirs { Ok(()) } else { Err(Unfit::OtherKey { whose: whose.to_owned(), own, theirs }) }
}

/// A length of time in its largest whole unit of hours, minutes, seconds or milliseconds.
fn length(ms: i64) -> String {
    let (count, unit) = match ms {
        3_600_000.. => (ms / 3_600_000, "h"),
        60_000.. => (ms / 60_000, "min"),
        1_000.. => (ms / 1_000, "s"),
        _ => (ms, "ms"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limits::NODE_CLOCK_OFF_MAX_MS;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn a_node_is_alive_as_long_as_its_silence_is_short() {
        for (silence, alive) in [(-1, true), (0, true), (NODE_SILENCE_MAX_MS, true), (NODE_SILENCE_MAX_MS + 1, false)] {
            assert_eq!(is_alive(at(1_000_000), at(1_000_000 + silence)), alive, "{silence}");
        }
    }

    #[test]
    fn a_clock_may_be_off_so_much_and_no_more_on_either_side() {
        for (off, said) in [
            (0, None),
            (NODE_CLOCK_OFF_MAX_MS, None),
            (-NODE_CLOCK_OFF_MAX_MS, None),
            (NODE_CLOCK_OFF_MAX_MS + 1, Some("3 s ahead of the database's")),
            (-NODE_CLOCK_OFF_MAX_MS - 1, Some("3 s behind the database's")),
            (3_600_000, Some("1 h ahead of")),
            (-90_000, Some("1 min behind")),
        ] {
            let judged = judge_clock(off, NODE_CLOCK_OFF_MAX_MS, at(off), at(0));
            match said {
                None => assert_eq!(judged, Ok(()), "{off}"),
                Some(said) => {
                    let text = judged.unwrap_err().to_string();
                    assert!(text.contains(said) && text.contains("time server"), "{off}: {text}");
                }
            }
        }
    }

    #[test]
    fn the_way_to_the_database_is_no_fault_of_the_clock() {
        for (asked, database, answered, off) in
            [(100, 150, 200, 0), (100, 100, 100, 0), (100, 90, 200, 10), (100, 260, 200, -60), (100, 200, 200, 0)]
        {
            assert_eq!(clock_off_ms(at(asked), at(database), at(answered)), off, "{asked} {database} {answered}");
        }
    }

    #[test]
    fn another_key_is_told_by_its_fingerprint() {
        let (own, other) = (Sha256Digest::of(b"own"), Sha256Digest::of(b"other"));
        assert_eq!(judge_key(own, own, "the marketplace"), Ok(()));
        let text = judge_key(own, other, "the node n1").unwrap_err().to_string();
        assert!(text.contains("the node n1") && text.contains("SKYDECK_AUDIT_KEY_FILE"), "{text}");
    }
}
