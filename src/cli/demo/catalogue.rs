//! The demo's catalogue: who is there, what they made, and what became of each version.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::entries::ENTRIES;
use crate::domain::account::Role;
use crate::domain::extension::ReasonCode;

/// One account of the demo.
pub struct Person {
    /// Its name.
    pub name: &'static str,
    /// Its role.
    pub role: Role,
    /// Whether it is vouched for.
    pub verified: bool,
    /// How long ago it was made.
    pub days: i64,
}

/// One extension of the demo.
pub struct Entry {
    /// Its slug.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says of itself.
    pub description: &'static str,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// Its owner's name.
    pub owner: &'static str,
    /// The folder of its code in `fixtures/extensions` or the file in `fixtures/demo`.
    pub code: &'static str,
    /// Its versions, oldest first.
    pub versions: &'static [Release],
}

/// One version of an extension.
pub struct Release {
    /// Its number.
    pub number: &'static str,
    /// How long ago it was submitted, or saved where it never was.
    pub hours: i64,
    /// Scopes it declares beside those its code needs.
    pub more_scopes: &'static [&'static str],
    /// The code, where it is another than the extension's.
    pub code: Option<&'static str>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a version.
#[derive(Clone, Copy)]
pub enum Fate {
    /// Approved after some hours.
    Published,
    /// Approved, and yanked later for this reason.
    Yanked(&'static str),
    /// Rejected by a maintainer.
    Rejected(ReasonCode, &'static str),
    /// Submitted; the checks decide and nobody has looked since.
    Waiting,
    /// Waiting, with a note of a maintainer.
    Noted(&'static str, &'static str),
    /// Claimed by a maintainer just now.
    Claimed(&'static str),
    /// Approved by a first maintainer where two are needed.
    HalfApproved(&'static str),
    /// Taken back.
    Withdrawn,
    /// Saved and not submitted.
    Saved,
    /// Being written.
    Draft,
}

/// How many hours ago two of the three maintainers went on leave, just when many versions came.
pub const JAM_BEGAN_HOURS: i64 = 24 * 38;
/// How many hours ago they were back.
pub const JAM_ENDED_HOURS: i64 = 24 * 31;

/// Everybody, the console's own account first.
pub const PEOPLE: &[Person] = &[
    person("captain", Role::Administrator, true, 400),
    person("ines", Role::Maintainer, true, 390),
    person("rahul", Role::Maintainer, true, 310),
    person("noor", Role::Maintainer, true, 120),
    person("harbor-labs", Role::User, true, 380),
    person("mira", Role::User, true, 350),
    person("quillworks", Role::User, true, 300),
    person("tobias-k", Role::User, false, 260),
    person("nightowl", Role::User, true, 220),
    person("pixel-orchard", Role::User, true, 200),
    person("sable", Role::User, false, 150),
    person("juniper-dev", Role::User, false, 90),
    person("old-salt", Role::User, true, 370),
    person("kestrel", Role::User, false, 60),
    person("fresh-paint", Role::User, false, 6),
    person("gift-central", Role::User, false, 2),
    person("agnes", Role::User, true, 340),
    person("bram", Role::User, false, 280),
    person("cleo", Role::User, true, 250),
    person("dagny", Role::User, false, 230),
    person("emre", Role::User, true, 190),
    person("fatou", Role::User, false, 170),
    person("gus", Role::User, false, 140),
    person("hana", Role::User, true, 130),
    person("linnea", Role::User, true, 330),
    person("ropewalk", Role::User, false, 290),
    person("two-anchors", Role::User, true, 265),
    person("bo-and-co", Role::User, true, 240),
    person("saltbox", Role::User, false, 225),
    person("marten", Role::User, true, 210),
    person("tin-whistle", Role::User, true, 195),
    person("oduya", Role::User, false, 185),
    person("pepper-mill", Role::User, true, 175),
    person("small-hours", Role::User, true, 165),
    person("inga-r", Role::User, false, 155),
    person("low-tide-lab", Role::User, true, 148),
    person("corvid", Role::User, true, 136),
    person("paulo", Role::User, false, 128),
    person("yarrow", Role::User, true, 121),
    person("third-shift", Role::User, true, 115),
    person("mikkel", Role::User, false, 110),
    person("copperline", Role::User, true, 106),
    person("dot-matrix", Role::User, true, 102),
    person("wren", Role::User, false, 99),
];

impl Release {
    /// How long it waited for somebody to look at it, where somebody did. What came during the jam waited for its end.
    pub const fn waited_hours(&self) -> i64 {
        if self.hours > JAM_ENDED_HOURS && self.hours <= JAM_BEGAN_HOURS {
            return self.hours - JAM_ENDED_HOURS + self.hours * 7 % 40;
        }
        2 + self.hours % 19
    }

    /// How many hours ago it was published at the latest, where it was; a second approval takes an hour more.
    pub const fn published_hours(&self) -> Option<i64> {
        match self.fate {
            Fate::Published | Fate::Yanked(_) => Some(self.hours - self.waited_hours() - 2),
            _ => None,
        }
    }
}

impl Entry {
    /// How many hours ago its newest published version came out, where there is one.
    pub fn published_hours(&self) -> Option<i64> {
        self.versions.iter().filter_map(Release::published_hours).min()
    }
}

const fn person(name: &'static str, role: Role, verified: bool, days: i64) -> Person {
    Person { name, role, verified, days }
}

/// The whole catalogue: what the story is about, and the shelf.
pub fn catalogue() -> &'static [&'static Entry] {
    static ALL: LazyLock<Vec<&'static Entry>> =
        LazyLock::new(|| ENTRIES.iter().chain(super::grown::entries()).collect());
    &ALL
}

/// The extension with this slug.
pub fn entry(slug: &str) -> Option<&'static Entry> {
    static BY_SLUG: LazyLock<HashMap<&'static str, &'static Entry>> =
        LazyLock::new(|| catalogue().iter().map(|entry| (entry.slug, *entry)).collect());
    BY_SLUG.get(slug).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalogue_is_as_large_as_it_says() {
        let versions = || catalogue().iter().flat_map(|entry| entry.versions);
        let waits = |release: &&Release| {
            matches!(release.fate, Fate::Waiting | Fate::Noted(..) | Fate::Claimed(_) | Fate::HalfApproved(_))
        };
        let slugs: BTreeSet<&str> = catalogue().iter().map(|entry| entry.slug).collect();
        assert_eq!((catalogue().len(), slugs.len()), (120, 120));
        assert!(versions().count() >= 300, "{}", versions().count());
        assert!(versions().filter(waits).count() >= 27, "{}", versions().filter(waits).count());
        let authors: BTreeSet<_> = catalogue().iter().map(|entry| entry.owner).collect();
        assert_eq!(authors.len(), 40);
        for entry in catalogue() {
            let first = entry.versions.iter().map(|release| release.hours).max().unwrap_or(0);
            let is_there = |person: &&Person| person.name == entry.owner && person.days * 24 > first;
            assert!(PEOPLE.iter().any(|person| is_there(&person)), "{}", entry.slug);
            for pair in entry.versions.windows(2) {
                let ended = pair[0].published_hours().unwrap_or(pair[0].hours);
                assert!(ended > pair[1].hours || entry.owner == "gift-central", "{} {}", entry.slug, pair[1].number);
            }
        }
    }
}
