//! Explaining one field: what it is for somebody, and everything that was said about it, by whom.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::carry_out::name_of;
use crate::domain::id::ServerId;
use crate::domain::policy::{FieldPath, LayerName, Origin, Setting, Subject, every_path, explain};
use crate::domain::time::Timestamp;
use crate::market::refused::Refused;
use crate::store::{StoreError, Tx, policy};

/// One field explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The field.
    pub field: FieldPath,
    /// What it is.
    pub value: Setting,
    /// Where that comes from.
    pub from: LayerSaid,
    /// The lock on it, where there is one.
    pub lock: Option<LayerSaid>,
    /// What each layer says, from the lowest to the highest.
    pub said: Vec<LayerSaid>,
}

/// What one layer says of a field.
#[derive(Clone, Debug)]
pub struct LayerSaid {
    /// Which layer.
    pub layer: LayerName,
    /// What it sets.
    pub value: Setting,
    /// The revision that set it; none for the built-in defaults.
    pub revision: Option<i64>,
    /// Who set it.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Until when, for an exception.
    pub until: Option<Timestamp>,
}

/// One field of the policy on a server.
#[derive(Clone, Debug)]
pub struct FieldOnServer {
    /// The field.
    pub field: FieldPath,
    /// What it is.
    pub value: Setting,
    /// Where that comes from.
    pub origin: Origin,
    /// The name of who set it.
    pub by: Option<String>,
    /// Whether servers may only make it stricter.
    pub is_locked: bool,
}

/// Explains one field of the policy at `now`.
///
/// # Errors
/// [`Refused::NotFound`] for a field of a tier that there is not.
pub fn explain_policy(
    tx: &mut Tx,
    field: &FieldPath,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<Explained, Refused> {
    let layers = policy::layers(tx)?;
    let own = match subject.server {
        Some(server) => policy::of_server(tx, server)?,
        None => None,
    };
    let found = explain(&layers, own.as_ref().map(|own| &own.enacted), subject, field, now);
    let found = found.ok_or(Refused::NotFound("field of the policy"))?;
    let mut said = Vec::new();
    for (value, origin) in &found.said {
        said.push(named(tx, value, *origin)?);
    }
    let lock = match &found.lock {
        Some((floor, stamp)) => {
            let origin = Origin { layer: LayerName::Global, stamp: Some(*stamp), until: None };
            Some(named(tx, floor, origin)?)
        }
        None => None,
    };
    let from = named(tx, &found.value, found.origin)?;
    Ok(Explained { field: found.path, value: found.value, from, lock, said })
}

/// Every field of the policy on one server: what it is, where that comes from, and whether it is locked.
pub fn fields_on_server(tx: &mut Tx, server: ServerId, now: Timestamp) -> Result<Vec<FieldOnServer>, Refused> {
    let layers = policy::layers(tx)?;
    let id = server.to_string();
    let own = policy::of_server(tx, &id)?.map(|own| own.enacted);
    let effective = layers.effective(own.as_ref(), &Subject { server: Some(&id), extension: None }, now);
    let mut names = HashMap::new();
    let mut found = Vec::new();
    for field in every_path(&effective.policy) {
        let Some(value) = field.get(&effective.policy) else { continue };
        let origin = effective.origin(&field);
        let by = match origin.stamp {
            Some(stamp) => match names.entry(stamp.by) {
                Entry::Occupied(known) => Some(String::clone(known.get())),
                Entry::Vacant(unknown) => Some(unknown.insert(name_of(tx, stamp)?).clone()),
            },
            None => None,
        };
        let is_locked = layers.global.document.layer.0.get(&field).is_some_and(|entry| entry.floor.is_some());
        found.push(FieldOnServer { field, value, origin, by, is_locked });
    }
    Ok(found)
}

fn named(tx: &mut Tx, value: &Setting, origin: Origin) -> Result<LayerSaid, StoreError> {
    let by = match origin.stamp {
        Some(stamp) => Some(name_of(tx, stamp)?),
        None => None,
    };
    let (revision, at) = (origin.stamp.map(|stamp| stamp.revision), origin.stamp.map(|stamp| stamp.at));
    Ok(LayerSaid { layer: origin.layer, value: value.clone(), revision, by, at, until: origin.until })
}
