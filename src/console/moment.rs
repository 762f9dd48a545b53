//! How times are said: in whole minutes, hours and days, so that nothing on the screen changes every second.

use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Up to here hours tell more than days.
const HOURS_END: i64 = 3 * DAY;

/// A length of time in its largest fitting unit: `now`, `5 min`, `3 h`, `2 d`.
pub fn span(ms: i64) -> String {
    match ms.max(0) {
        0..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{} min", ms / MINUTE),
        HOUR..HOURS_END => format!("{} h", ms / HOUR),
        _ => format!("{} d", ms / DAY),
    }
}

/// How long ago: `just now`, `5 min ago`.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let ms = now.since_ms(then);
    if ms < MINUTE { "just now".to_owned() } else { format!("{} ago", span(ms)) }
}

/// Until or since a due date, short: `3 h`, `2 h late`.
pub fn due_short(now: Timestamp, due: Timestamp) -> String {
    let left = due.since_ms(now);
    if left >= 0 { span(left) } else { format!("{} late", late(-left)) }
}

/// Until or since a due date as part of a sentence: `due in 3 h`, `2 h late`.
pub fn due(now: Timestamp, due: Timestamp) -> String {
    let left = due.since_ms(now);
    match left {
        0..MINUTE => "due now".to_owned(),
        MINUTE.. => format!("due in {}", span(left)),
        _ => format!("{} late", late(-left)),
    }
}

/// What is left of a lease: `24 min left`, `ended`.
pub fn left(now: Timestamp, until: Timestamp) -> String {
    let ms = until.since_ms(now);
    match ms {
        ..=0 => "ended".to_owned(),
        1..MINUTE => "under 1 min left".to_owned(),
        _ => format!("{} left", span(ms)),
    }
}

/// Date and minute in a zone: `2026-09-21 14:13`.
pub fn clock(time: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms()).map_or_else(
        |_| time.to_string(),
        |moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// The next moment at which an age that is shown in minutes may change.
pub fn next_minute(now: Timestamp) -> Timestamp {
    now.plus_ms(MINUTE - now.as_ms().rem_euclid(MINUTE))
}

fn late(ms: i64) -> String {
    if ms < MINUTE { "1 min".to_owned() } else { span(ms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_one_unit() {
        let now = Timestamp::from_ms(1_790_000_000_120);
        let cases = [
            (3 * HOUR + 5, "due in 3 h", "3 h"),
            (-2 * HOUR, "2 h late", "2 h late"),
            (30_000, "due now", "now"),
            (-1, "1 min late", "1 min late"),
            (80 * HOUR, "due in 3 d", "3 d"),
        ];
        for (offset, long, short) in cases {
            assert_eq!(due(now, now.plus_ms(offset)), long);
            assert_eq!(due_short(now, now.plus_ms(offset)), short);
        }
        assert_eq!(ago(now, now.plus_ms(-5 * MINUTE)), "5 min ago");
        assert_eq!(ago(now, now), "just now");
        assert_eq!(left(now, now.plus_ms(24 * MINUTE)), "24 min left");
        assert_eq!(clock(now, &TimeZone::UTC), "2026-09-21 14:13");
        assert_eq!(next_minute(now).as_ms() % MINUTE, 0);
        assert!(next_minute(now) > now);
    }
}
