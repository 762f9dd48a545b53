//! Explaining one field: what it is for somebody, and everything that was said about it, by whom.

use super::carry_out::name_of;
use crate::domain::policy::{FieldPath, LayerName, Origin, Setting, Subject, explain};
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

fn named(tx: &mut Tx, value: &Setting, origin: Origin) -> Result<LayerSaid, StoreError> {
    let by = match origin.stamp {
        Some(stamp) => Some(name_of(tx, stamp)?),
        None => None,
    };
    let (revision, at) = (origin.stamp.map(|stamp| stamp.revision), origin.stamp.map(|stamp| stamp.at));
    Ok(LayerSaid { layer: origin.layer, value: value.clone(), revision, by, at, until: origin.until })
}
