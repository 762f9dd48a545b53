//! What became of the shelf in ninety days: two or three versions of each extension, and the jam of the queue among them.

use std::sync::LazyLock;

use super::catalogue::{Entry, Fate, JAM_BEGAN_HOURS, JAM_ENDED_HOURS, Release};
use super::dice::Dice;
use super::shelf::{Row, SHELF};
use crate::domain::extension::ReasonCode;

/// Whose they are.
const OWNERS: &[&str] = &[
    "linnea",
    "ropewalk",
    "two-anchors",
    "bo-and-co",
    "saltbox",
    "marten",
    "tin-whistle",
    "oduya",
    "pepper-mill",
    "small-hours",
    "inga-r",
    "low-tide-lab",
    "corvid",
    "paulo",
    "yarrow",
    "third-shift",
    "mikkel",
    "copperline",
    "dot-matrix",
    "wren",
    "agnes",
    "bram",
    "cleo",
    "dagny",
    "emre",
    "fatou",
    "gus",
    "hana",
];

/// The numbers of an extension's versions, oldest first.
const NUMBERS: &[[&str; 3]] = &[
    ["1.0.0", "1.0.1", "1.1.0"],
    ["0.9.0", "1.0.0", "1.0.1"],
    ["1.0.0", "1.1.0", "1.2.0"],
    ["0.1.0", "0.2.0", "0.3.0"],
    ["1.0.0", "2.0.0", "2.0.1"],
];

/// Why some of them were rejected.
const REJECTED: &[(ReasonCode, &str)] = &[
    (ReasonCode::Quality, "The help text is that of another extension. Write your own, and submit it again."),
    (ReasonCode::Broken, "With no argument it answers nothing at all. Say how it is used instead."),
    (ReasonCode::Privacy, "It repeats what was said in a private channel. Leave those channels out."),
    (ReasonCode::ScopesExcessive, "It works without half of what it asks for: take that out of the manifest."),
    (ReasonCode::Duplicate, "This is the same as one that you published before; update that instead."),
    (ReasonCode::Policy, "The name promises points, which only the server's own economy gives out."),
];

/// The extensions of the shelf.
pub fn entries() -> &'static [Entry] {
    static RELEASES: LazyLock<Vec<Vec<Release>>> =
        LazyLock::new(|| SHELF.iter().enumerate().map(|(place, row)| releases(place, row)).collect());
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let entry = |((place, row), versions): ((usize, &'static Row), &'static Vec<Release>)| Entry {
            slug: row.slug,
            name: row.name,
            description: row.description,
            tags: row.tags,
            owner: OWNERS[place % OWNERS.len()],
            code: row.code,
            versions,
        };
        SHELF.iter().enumerate().zip(RELEASES.iter()).map(entry).collect()
    });
    &ENTRIES
}

/// When the versions of one extension came, and what became of them.
fn releases(place: usize, row: &Row) -> Vec<Release> {
    let mut dice = Dice::of(row.slug);
    let mut hours = |from: i64, to: i64| from + i64::try_from(dice.below((to - from).unsigned_abs())).unwrap_or(0);
    let first = hours(24 * 40, 24 * 90);
    let waits = place % 9 == 4;
    let last = if waits { hours(3, 60) } else { hours(24 * 2, 24 * 22) };
    let middle = if place.is_multiple_of(2) {
        // Many of them came in the days of the jam.
        hours(JAM_ENDED_HOURS + 30, JAM_BEGAN_HOURS - 20).min(first - 30)
    } else {
        i64::midpoint(first, last)
    };
    let numbers = &NUMBERS[place % NUMBERS.len()];
    let fate = |n: usize| match (n, (place * 3 + n) % 14) {
        (2, _) if waits => Fate::Waiting,
        (0 | 1, 5) | (2, 9) => {
            let (reason, feedback) = REJECTED[(place + n) % REJECTED.len()];
            Fate::Rejected(reason, feedback)
        }
        (2, 12) => Fate::Withdrawn,
        _ => Fate::Published,
    };
    let release = |(n, hours): (usize, i64)| Release {
        number: numbers[n],
        hours,
        more_scopes: row.more_scopes,
        code: None,
        fate: fate(n),
    };
    let times = [(0, first), (1, middle), (2, last)];
    times.into_iter().filter(|(n, _)| *n != 1 || place % 4 != 1).map(release).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_jams_once_and_recovers() {
        let versions = || super::super::catalogue::catalogue().iter().flat_map(|entry| entry.versions);
        let late = |release: &&Release| release.waited_hours() > 48;
        let jammed = versions().filter(late).count();
        assert!((20..=60).contains(&jammed), "{jammed}");
        let after = versions().filter(late).map(|release| release.hours - release.waited_hours()).min();
        assert!(after.is_some_and(|after| after > 24 * 28), "all of it was decided soon: {after:?}");
        let rejected = versions().filter(|release| matches!(release.fate, Fate::Rejected(..))).count();
        assert!(rejected >= 15, "{rejected}");
    }
}
