//! Time as the marketplace keeps it: milliseconds since 1970, UTC. Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in milliseconds since 1970-01-01T00:00:00Z; shown and sent as RFC 3339 with milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text was not an RFC 3339 time in UTC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2026-01-31T12:00:00.000Z: {0:?}")]
pub struct NotATime(pub String);

impl Timestamp {
    /// Wraps a count of milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    /// The count of milliseconds since 1970.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    #[must_use]
    /// The moment `ms` milliseconds later (earlier when negative), clamped at the ends of `i64`.
    pub const fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is in fact later.
    pub const fn since_ms(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = written(self.0) {
            return f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?);
        }
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Timestamp, NotATime> {
        text.parse::<jiff::Timestamp>()
            .map(|time| Timestamp(time.as_millisecond()))
            .map_err(|_| NotATime(text.chars().take(64).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match written(self.0).as_ref().map(|text| std::str::from_utf8(text)) {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment of the years 1970 to 9999 as text; a page of the queue holds a hundred of them.
fn written(ms: i64) -> Option<[u8; 24]> {
    // The last that can be read back.
    const LAST_MS: i64 = 253_402_207_199_999;
    if !(0..=LAST_MS).contains(&ms) {
        return None;
    }
    let (days, ms) = (ms / 86_400_000, ms % 86_400_000);
    // Years are counted from 1 March of the year 0, so that a leap day is the last of its year: 146,097 days make 400
    // years, 36,524 a century, 1,461 four years, and months from March on are 153 days in five.
    let (centuries_4, day) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let (month, day) = (if march < 10 { march + 3 } else { march - 9 }, day - (153 * march + 2) / 5 + 1);
    let year = 400 * centuries_4 + year + i64::from(march >= 10);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let numbers = [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, ms / 3_600_000),
        (14..16, ms / 60_000 % 60),
        (17..19, ms / 1_000 % 60),
        (20..23, ms % 1_000),
    ];
    for (place, mut number) in numbers {
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_milliseconds_and_reads_them_back() {
        let time = Timestamp::from_ms(1_790_000_000_120);
        assert_eq!(time.to_string(), "2026-09-21T14:13:20.120Z");
        assert_eq!(time.to_string().parse::<Timestamp>(), Ok(time));
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        let days = (0..2_932_895).step_by(13).map(|day| day * 86_400_000 + day % 86_400_000);
        for ms in days.chain([0, 951_782_399_999, 951_868_800_000, 4_107_542_399_999, 253_402_207_199_999]) {
            let expected = jiff::Timestamp::from_millisecond(ms).map(|time| format!("{time:.3}"));
            assert_eq!(
                expected.ok(),
                Some(Timestamp::from_ms(ms).to_string()).filter(|_| written(ms).is_some()),
                "{ms}"
            );
        }
        assert_eq!(Timestamp::from_ms(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_ms(i64::MAX).to_string(), format!("{} ms", i64::MAX));
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::from_ms(i64::MAX).plus_ms(1).as_ms(), i64::MAX);
        assert_eq!(Timestamp::from_ms(5).since_ms(Timestamp::from_ms(9)), -4);
    }
}
