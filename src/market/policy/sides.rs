//! The policy before and after a draft, for everybody and for each extension that an exception names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::policy::{
    Document, Effect, Enacted, Example, FieldChange, InForce, Policy, Subject, Tally, When, changes, policy_changes,
};
use crate::domain::time::Timestamp;

/// One side of a change.
pub(super) struct Side {
    pub force: InForce,
    pub plain: Arc<Policy>,
    by_extension: HashMap<String, Arc<Policy>>,
}

/// Both sides of a change at one moment.
pub(super) struct Sides {
    pub before: Side,
    pub after: Side,
    pub now: Timestamp,
}

/// What effects touch, gathered one thing at a time.
#[derive(Default)]
pub(super) struct Tallies(BTreeMap<(When, String, String), (String, Tally)>);

impl Side {
    fn new(force: InForce, named: &[String], now: Timestamp) -> Side {
        let plain = force.policy(&Subject::default(), now);
        let of = |slug: &String| (slug.clone(), force.policy(&Subject { server: None, extension: Some(slug) }, now));
        let by_extension = named.iter().map(of).collect();
        Side { force, plain, by_extension }
    }

    /// The policy for an extension, by its slug.
    pub fn of(&self, slug: &str) -> &Policy {
        self.by_extension.get(slug).unwrap_or(&self.plain)
    }
}

impl Sides {
    /// The sides of a change from one document to another.
    pub fn new(before: Enacted, after: Enacted, now: Timestamp) -> Sides {
        let (before, after) = (InForce::new(before), InForce::new(after));
        let exceptions = before.global.document.exceptions.iter().chain(&after.global.document.exceptions);
        let mut named: Vec<String> = exceptions.filter_map(|exception| exception.extension.clone()).collect();
        named.sort();
        named.dedup();
        Sides { before: Side::new(before, &named, now), after: Side::new(after, &named, now), now }
    }

    /// What changes: settings by their values, then locks and exceptions.
    pub fn changes(&self) -> Vec<FieldChange> {
        let settings = policy_changes(&self.before.plain, &self.after.plain);
        let mut found: Vec<FieldChange> = settings.into_iter().map(|(_, change)| change).collect();
        let (before, after) = (&self.before.force.global.document, &self.after.force.global.document);
        let locked = |document: &Document| -> Vec<String> {
            let locked = document.layer.0.iter().filter(|(_, entry)| entry.floor.is_some());
            locked.map(|(path, _)| path.to_string()).collect()
        };
        let (was, is) = (locked(before), locked(after));
        let line = |from, to| FieldChange { field: "locked".to_owned(), from, to };
        found.extend(was.iter().filter(|path| !is.contains(path)).map(|path| line(Some(path.clone()), None)));
        found.extend(is.iter().filter(|path| !was.contains(path)).map(|path| line(None, Some(path.clone()))));
        found.extend(changes(before, after).into_iter().filter(|change| change.field == "exceptions"));
        found
    }

    /// Whether a setting changes for anybody.
    pub fn differ<T: PartialEq>(&self, setting: impl Fn(&Policy) -> T) -> bool {
        let named = self.before.by_extension.keys();
        setting(&self.before.plain) != setting(&self.after.plain)
            || named.into_iter().any(|slug| setting(self.before.of(slug)) != setting(self.after.of(slug)))
    }
}

impl Tallies {
    /// Counts one thing towards an effect; `what` is the effect's sentence.
    pub fn add(
        &mut self,
        (code, field, when): (&str, &str, When),
        what: impl FnOnce() -> String,
        id: &str,
        example: impl FnOnce() -> Example,
    ) {
        let tally =
            self.0.entry((when, code.to_owned(), field.to_owned())).or_insert_with(|| (what(), Tally::default()));
        tally.1.add(id, example);
    }

    /// The effects, with the ids that each touches.
    pub fn into_effects(self) -> Vec<(Effect, Vec<String>)> {
        let effect = |((when, code, field), (what, tally)): ((When, String, String), (String, Tally))| {
            let ids = tally.ids().to_vec();
            Some((tally.effect(&code, &field, when, what)?, ids))
        };
        self.0.into_iter().filter_map(effect).collect()
    }
}
