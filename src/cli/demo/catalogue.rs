//! The demo's catalogue: who is there, what they made, and what became of each version.

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
];

impl Release {
    /// How long it waited for somebody to look at it, where somebody did.
    pub const fn waited_hours(&self) -> i64 {
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

#[cfg(test)]
mod tests {
    use super::super::entries::ENTRIES;
    use super::*;

    #[test]
    fn the_catalogue_is_as_large_as_it_says() {
        let versions = || ENTRIES.iter().flat_map(|entry| entry.versions);
        let waits = |release: &&Release| {
            matches!(release.fate, Fate::Waiting | Fate::Noted(..) | Fate::Claimed(_) | Fate::HalfApproved(_))
        };
        assert_eq!(ENTRIES.len(), 34);
        assert!(versions().count() >= 60, "{}", versions().count());
        assert!(versions().filter(waits).count() >= 27, "{}", versions().filter(waits).count());
        let authors: std::collections::BTreeSet<_> = ENTRIES.iter().map(|entry| entry.owner).collect();
        assert_eq!(authors.len(), 12);
        for owner in authors {
            assert!(PEOPLE.iter().any(|person| person.name == owner), "{owner}");
        }
    }
}
