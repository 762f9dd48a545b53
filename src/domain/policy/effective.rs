//! The evaluator: what the policy is for somebody at a moment, and for each field where that comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Policy;
use super::field::{FieldPath, Reach, Setting};
use super::layer::{Document, Entry, Exception};
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;

/// The layers, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerName {
    /// What the program has built in.
    Defaults,
    /// What administrators set for the whole marketplace.
    Global,
    /// What one server overrides.
    Server,
    /// What administrators allow somebody for a time.
    Exception,
}

/// Who set something, when, and in which revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The revision of its layer's document.
    pub revision: i64,
    /// Who; nobody where the program did.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
}

/// A document in force, with what is known about each of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enacted {
    /// The document.
    pub document: Document,
    /// When the revision was made, and by whom.
    pub stamp: Stamp,
    /// Where a field was set in an earlier revision and kept since: that one.
    pub stamps: BTreeMap<FieldPath, Stamp>,
}

/// What is in force for the whole marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The global document.
    pub global: Enacted,
    /// The defaults with the global document on them: what the policy is where no exception is open.
    pub base: Arc<Policy>,
}

/// Whom the policy is asked for; nobody in particular by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// A server, by its id.
    pub server: Option<&'a str>,
    /// An extension, by its slug.
    pub extension: Option<&'a str>,
}

/// Where a field's setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which layer.
    pub layer: LayerName,
    /// Who set it; none for the built-in defaults.
    pub stamp: Option<Stamp>,
    /// When it ends, where it does.
    pub until: Option<Timestamp>,
}

/// What the policy is for somebody at a moment.
#[derive(Clone, Debug)]
pub struct Effective<'a> {
    /// Every field.
    pub policy: Policy,
    in_force: &'a InForce,
    above: Vec<(&'a FieldPath, Origin)>,
}

/// One field with everything that was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The field.
    pub path: FieldPath,
    /// What it is.
    pub value: Setting,
    /// Where that comes from.
    pub origin: Origin,
    /// The lock on it, where there is one: the setting, and who locked it.
    pub lock: Option<(Setting, Stamp)>,
    /// What each layer says, from the lowest to the highest.
    pub said: Vec<(Setting, Origin)>,
}

impl Enacted {
    /// A document as the first revision of its layer.
    pub const fn first(document: Document, stamp: Stamp) -> Enacted {
        Enacted { document, stamp, stamps: BTreeMap::new() }
    }

    /// The revision that follows this one: fields that stay as they are keep who set them.
    #[must_use]
    pub fn succeeded(&self, document: Document, stamp: Stamp) -> Enacted {
        let kept = |path: &FieldPath, entry: &Entry| self.document.layer.0.get(path) == Some(entry);
        let entries = document.layer.0.iter().filter(|(path, entry)| kept(path, entry));
        let stamps = entries.map(|(path, _)| (path.clone(), self.stamp_of(path))).collect();
        Enacted { document, stamp, stamps }
    }

    /// Who set a field.
    pub fn stamp_of(&self, path: &FieldPath) -> Stamp {
        self.stamps.get(path).copied().unwrap_or(self.stamp)
    }
}

impl InForce {
    /// Puts a global document on the built-in defaults.
    pub fn new(global: Enacted) -> InForce {
        let base = Arc::new(Policy::of_document(&global.document));
        InForce { global, base }
    }

    /// What the policy is for `subject`, on whose server `server` is in force.
    pub fn effective<'a>(
        &'a self,
        server: Option<&'a Enacted>,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> Effective<'a> {
        let mut policy = Policy::clone(&self.base);
        let mut above = Vec::new();
        for (path, entry) in server.iter().flat_map(|server| &server.document.layer.0) {
            let Some(bound) = self.bound(path) else { continue };
            let value = entry.above(path, bound.as_ref()).value;
            path.set(&mut policy, &value);
            // What the lock leaves of an override comes from the lock.
            if value == entry.value {
                let stamp = server.map(|server| server.stamp_of(path));
                above.push((path, Origin { layer: LayerName::Server, stamp, until: None }));
            }
        }
        for exception in self.exceptions(subject, now) {
            exception.field.set(&mut policy, &exception.value);
            above.push((&exception.field, self.origin_of(exception)));
        }
        Effective { policy, in_force: self, above }
    }

    /// What the policy is for `subject` where no server's override counts; not copied where no exception is open.
    pub fn policy(&self, subject: &Subject<'_>, now: Timestamp) -> Arc<Policy> {
        match self.exceptions(subject, now).next() {
            None => Arc::clone(&self.base),
            Some(_) => Arc::new(self.effective(None, subject, now).policy),
        }
    }

    /// What a server's override of a field is held against: none where a server may not override it at all.
    #[expect(clippy::option_option, reason = "a field that may not be overridden is not one without a bound")]
    fn bound(&self, path: &FieldPath) -> Option<Option<Entry>> {
        let field = path.field();
        let below = path.get(&self.base)?;
        let locked = self.global.document.layer.0.get(path).filter(|entry| entry.floor.is_some());
        match field.reach {
            Reach::Marketplace => None,
            Reach::Tighten => Some(Some(Entry::locked(below))),
            Reach::Server => Some(locked.cloned()),
        }
    }

    /// What of a server's document is looser than the marketplace lets it be: the field, the bound, and who set that.
    pub fn loosened(&self, server: &Document) -> Vec<(FieldPath, Setting, Origin)> {
        let mut found = Vec::new();
        for (path, entry) in &server.layer.0 {
            let Some(Some(bound)) = self.bound(path) else { continue };
            if entry.above(path, Some(&bound)).value != entry.value {
                found.push((path.clone(), bound.value, self.base_origin(path)));
            }
        }
        found
    }

    fn exceptions(&self, subject: &Subject<'_>, now: Timestamp) -> impl Iterator<Item = &Exception> {
        let is_for = |wanted: Option<&String>, given: Option<&str>| wanted.is_none_or(|wanted| given == Some(wanted));
        let Subject { server, extension } = *subject;
        self.global.document.exceptions.iter().filter(move |exception| {
            exception.until > now
                && is_for(exception.server.as_ref(), server)
                && is_for(exception.extension.as_ref(), extension)
        })
    }

    fn base_origin(&self, path: &FieldPath) -> Origin {
        if self.global.document.layer.0.contains_key(path) {
            Origin { layer: LayerName::Global, stamp: Some(self.global.stamp_of(path)), until: None }
        } else {
            Origin { layer: LayerName::Defaults, stamp: None, until: None }
        }
    }

    fn origin_of(&self, exception: &Exception) -> Origin {
        let stamp = Some(self.global.stamp);
        Origin { layer: LayerName::Exception, stamp, until: Some(exception.until) }
    }
}

impl Effective<'_> {
    /// Where a field's setting comes from.
    pub fn origin(&self, path: &FieldPath) -> Origin {
        let above = self.above.iter().rev().find(|(set, _)| *set == path);
        above.map_or_else(|| self.in_force.base_origin(path), |(_, origin)| *origin)
    }
}

/// Explains one field: its setting, where it comes from, the lock on it, and what every layer says.
pub fn explain(
    in_force: &InForce,
    server: Option<&Enacted>,
    subject: &Subject<'_>,
    path: &FieldPath,
    now: Timestamp,
) -> Option<Explanation> {
    let effective = in_force.effective(server, subject, now);
    let value = path.get(&effective.policy)?;
    let mut said = Vec::new();
    if let Some(built_in) = path.get(&Policy::default()) {
        said.push((built_in, Origin { layer: LayerName::Defaults, stamp: None, until: None }));
    }
    let global = in_force.global.document.layer.0.get(path);
    if let Some(entry) = global {
        said.push((entry.value.clone(), in_force.base_origin(path)));
    }
    if let Some((server, entry)) = server.and_then(|server| Some((server, server.document.layer.0.get(path)?))) {
        let origin = Origin { layer: LayerName::Server, stamp: Some(server.stamp_of(path)), until: None };
        said.push((entry.value.clone(), origin));
    }
    for exception in in_force.exceptions(subject, now).filter(|exception| exception.field == *path) {
        said.push((exception.value.clone(), in_force.origin_of(exception)));
    }
    let lock = global.and_then(|entry| entry.floor.clone()).map(|floor| (floor, in_force.global.stamp_of(path)));
    Some(Explanation { path: path.clone(), value, origin: effective.origin(path), lock, said })
}
