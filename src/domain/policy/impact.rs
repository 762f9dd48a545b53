//! What a draft of the policy would change: counts with named examples, bound together so that a plan can be held against
//! what stands later.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::diff::FieldChange;
use crate::domain::digest::Sha256Digest;
use crate::domain::id::ServerId;

/// Examples named of one effect.
pub const EXAMPLES_MAX: usize = 20;

/// When an effect happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// With the change itself.
    Now,
    /// From the change on, where somebody does something.
    Later,
    /// It would have, within the last 90 days.
    Past,
}

/// Everything that a draft would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// The server whose override changes; none for the marketplace's own policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerId>,
    /// The fields that get another setting.
    pub changes: Vec<FieldChange>,
    /// What that does.
    pub effects: Vec<Effect>,
    /// What is measured of the extensions in the catalogue, against limits that change.
    pub measured: Vec<Measured>,
    /// How much was looked at.
    pub looked_at: LookedAt,
    /// The sums over all effects.
    pub totals: Totals,
}

/// One thing that a draft does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its stable name, such as `queue_denied`.
    pub code: String,
    /// The field that does it.
    pub field: String,
    /// When it happens.
    pub when: When,
    /// It, as a sentence without the count.
    pub what: String,
    /// How many it touches.
    pub count: u64,
    /// Servers on which what it touches is installed, where that is known.
    pub servers: Option<u64>,
    /// Installations of what it touches, where that is known.
    pub installations: Option<u64>,
    /// Some of them.
    pub examples: Vec<Example>,
    /// The digest of all of them.
    pub touched: Sha256Digest,
}

/// One thing that an effect touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// `extension`, `version`, `review`, `account`, `server` or `instance`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// What is particular about it.
    pub note: String,
}

/// A figure over the extensions in the catalogue, by the dry runs of their newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The limit that changes, such as `tiers.free.fuel`.
    pub field: String,
    /// What is measured: `fuel` or `bytes`.
    pub unit: String,
    /// The limit in that unit before; none for a new tier.
    pub before: Option<u64>,
    /// The limit in that unit after.
    pub after: u64,
    /// Extensions with a figure.
    pub extensions: u64,
    /// Extensions without one.
    pub unmeasured: u64,
    /// Half of them stay within.
    pub p50: u64,
    /// Nineteen of twenty stay within.
    pub p95: u64,
    /// Ninety-nine of a hundred stay within.
    pub p99: u64,
    /// All of them stay within.
    pub most: u64,
    /// Those that do not fit the limit before.
    pub over_before: u64,
    /// Those that do not fit the limit after.
    pub over_after: u64,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedAt {
    /// Extensions with a published version.
    pub extensions: u64,
    /// Submissions that wait.
    pub submissions: u64,
    /// Decisions of the last 90 days.
    pub decisions: u64,
    /// Accounts.
    pub accounts: u64,
    /// Servers with an override of their own.
    pub overrides: u64,
    /// Installations, where they are kept.
    pub installations: Option<u64>,
}

/// The sums that a change is confirmed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Extensions that some effect takes something from, each counted once.
    pub extensions_hit: u64,
    /// Waiting submissions that can no longer be approved, each counted once.
    pub submissions_hit: u64,
    /// Second approvals that waiting submissions need and did not.
    pub reviews_created: u64,
    /// Waiting submissions that are overdue at once.
    pub sla_missed: u64,
    /// Servers hit, where that is known.
    pub servers_hit: Option<u64>,
}

/// Counts what one effect touches, in the order it is told; the first ones are named.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    count: u64,
    examples: Vec<Example>,
    touched: Sha256,
    ids: Vec<String>,
}

/// One difference between what a plan said and what stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Which part of the impact: a JSON pointer.
    pub pointer: String,
    /// What is different.
    pub what: String,
}

impl Tally {
    /// Counts one thing.
    pub fn add(&mut self, id: &str, example: impl FnOnce() -> Example) {
        self.count += 1;
        self.touched.update((id.len() as u64).to_le_bytes());
        self.touched.update(id.as_bytes());
        self.ids.push(id.to_owned());
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example());
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The ids that were counted, in order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The effect, where anything was counted.
    pub fn effect(self, code: &str, field: &str, when: When, what: impl Into<String>) -> Option<Effect> {
        (self.count > 0).then(|| Effect {
            code: code.to_owned(),
            field: field.to_owned(),
            when,
            what: what.into(),
            count: self.count,
            servers: None,
            installations: None,
            examples: self.examples,
            touched: Sha256Digest::from_bytes(self.touched.finalize().into()),
        })
    }
}

impl Example {
    /// One example.
    pub fn new(kind: &str, id: impl Into<String>, name: impl Into<String>, note: impl Into<String>) -> Example {
        Example { kind: kind.to_owned(), id: id.into(), name: name.into(), note: note.into() }
    }
}

impl Measured {
    /// The distribution of figures, each of one extension.
    pub fn of(
        field: &str,
        unit: &str,
        before: Option<u64>,
        after: u64,
        figures: &mut [u64],
        unmeasured: u64,
    ) -> Measured {
        figures.sort_unstable();
        let over = |limit: u64| figures.iter().filter(|figure| **figure > limit).count() as u64;
        Measured {
            field: field.to_owned(),
            unit: unit.to_owned(),
            before,
            after,
            extensions: figures.len() as u64,
            unmeasured,
            p50: percentile(figures, 50),
            p95: percentile(figures, 95),
            p99: percentile(figures, 99),
            most: percentile(figures, 100),
            over_before: before.map_or(0, over),
            over_after: over(after),
        }
    }
}

impl Impact {
    /// What stands now otherwise than in the plan `planned`; evidence of the past does not count, since it grows with
    /// every decision and changes nothing.
    pub fn moved_since(&self, planned: &Impact) -> Vec<Moved> {
        let mut moved = Vec::new();
        let mut note = |pointer: String, what: String| moved.push(Moved { pointer, what });
        if self.changes != planned.changes {
            let what = "the settings that change are not those of the plan".to_owned();
            note("/impact/changes".to_owned(), what);
        }
        let key = |effect: &Effect| (effect.code.clone(), effect.field.clone());
        let bound = |impact: &'_ Impact| -> Vec<Effect> {
            impact.effects.iter().filter(|effect| effect.when != When::Past).cloned().collect()
        };
        let (then, now) = (bound(planned), bound(self));
        for before in &then {
            let pointer = format!("/impact/effects/{}", before.code);
            match now.iter().find(|effect| key(effect) == key(before)) {
                None => note(pointer, format!("{}: {} before, none now", before.what, before.count)),
                Some(after) if differs(before, after) => note(pointer, difference(before, after)),
                Some(_) => {}
            }
        }
        for after in now.iter().filter(|after| !then.iter().any(|before| key(before) == key(after))) {
            let first = after.examples.first().map(|example| format!(", such as {}", example.name));
            let what = format!("{}: none before, {} now{}", after.what, after.count, first.unwrap_or_default());
            note(format!("/impact/effects/{}", after.code), what);
        }
        moved
    }

    /// The effect with this name and field.
    pub fn effect(&self, code: &str, field: &str) -> Option<&Effect> {
        self.effects.iter().find(|effect| effect.code == code && effect.field == field)
    }
}

fn differs(before: &Effect, after: &Effect) -> bool {
    let of = |effect: &Effect| (effect.count, effect.touched, effect.servers, effect.installations);
    of(before) != of(after)
}

fn difference(before: &Effect, after: &Effect) -> String {
    let new = after.examples.iter().find(|example| !before.examples.iter().any(|known| known.id == example.id));
    let new = new.map(|example| format!(", such as {}", example.name)).unwrap_or_default();
    if before.count != after.count {
        return format!("{}: {} before, {} now{new}", after.what, before.count, after.count);
    }
    if before.touched != after.touched {
        return format!("{}: {} before and now, and not the same{new}", after.what, after.count);
    }
    let known = |count: Option<u64>| count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
    format!(
        "{}: on {} servers in {} installations before, on {} in {} now",
        after.what,
        known(before.servers),
        known(before.installations),
        known(after.servers),
        known(after.installations)
    )
}

/// The figure that so many in a hundred do not exceed, by the nearest rank; 0 without figures.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impact(ids: &[&str]) -> Impact {
        let mut tally = Tally::default();
        for id in ids {
            tally.add(id, || Example::new("review", *id, format!("name of {id}"), ""));
        }
        let effect = tally.effect("queue_denied", "scopes.ban", When::Now, "cannot be approved");
        Impact { effects: effect.into_iter().collect(), ..Impact::default() }
    }

    #[test]
    fn what_moved_is_told_by_number_and_name() {
        let told = |before: &[&str], after: &[&str]| -> Vec<String> {
            impact(after).moved_since(&impact(before)).into_iter().map(|moved| moved.what).collect()
        };
        assert!(told(&["a", "b"], &["a", "b"]).is_empty());
        assert_eq!(told(&["a"], &["a", "b"]), ["cannot be approved: 1 before, 2 now, such as name of b"]);
        assert_eq!(told(&["a"], &["b"]), ["cannot be approved: 1 before and now, and not the same, such as name of b"]);
        assert_eq!(told(&["a"], &[]), ["cannot be approved: 1 before, none now"]);
        assert_eq!(told(&[], &["a"]), ["cannot be approved: none before, 1 now, such as name of a"]);
    }

    #[test]
    fn the_past_binds_nobody() {
        let mut before = impact(&["a"]);
        before.effects[0].when = When::Past;
        assert!(Impact::default().moved_since(&before).is_empty());
    }

    #[test]
    fn percentiles_are_by_the_nearest_rank() {
        let mut figures: Vec<u64> = (1..=200).rev().collect();
        let measured = Measured::of("tiers.free.fuel", "fuel", Some(150), 100, &mut figures, 3);
        assert_eq!((measured.p50, measured.p95, measured.p99, measured.most), (100, 190, 198, 200));
        assert_eq!((measured.over_before, measured.over_after, measured.unmeasured), (50, 100, 3));
        let none = Measured::of("x", "fuel", None, 1, &mut [], 0);
        assert_eq!((none.p50, none.most, none.over_after), (0, 0, 0));
    }
}
