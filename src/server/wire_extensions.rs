//! Extensions as the wire has them.

use super::names::Names;
use crate::api::extensions::{ChannelRevision, Extension, Spread, VersionSpread};
use crate::domain::extension::{ChannelRevision as Revision, Tier};
use crate::market::{self, Viewer};
use crate::store::extensions::ExtensionRow;
use crate::store::{StoreError, Tx};

/// The extension as `viewer` may see it.
///
/// # Errors
/// What the store says.
pub fn extension(tx: &mut Tx, viewer: &Viewer, row: &ExtensionRow) -> Result<Extension, StoreError> {
    let offered_to = match row.offered_to {
        Some(receiver) if viewer.sees_all_of(row) || viewer.account() == Some(receiver) => {
            Some(Names::default().of(tx, receiver)?)
        }
        _ => None,
    };
    Ok(Extension {
        id: row.id.to_string(),
        slug: row.slug.to_string(),
        name: row.name.as_str().to_owned(),
        description: row.description.as_str().to_owned(),
        tags: row.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        owner_id: row.owner.to_string(),
        owner: row.owner_name.clone(),
        tier: row.tier.name().to_owned(),
        price_points: match row.tier {
            Tier::Free => None,
            Tier::Premium { price_points } => Some(price_points),
        },
        listing: row.listing.name().to_owned(),
        listing_reason: row.listing.hold().map(|hold| hold.reason.clone()),
        head: row.head.as_ref().map(|head| head.number.to_string()),
        head_revision: row.head.as_ref().map_or(0, |head| head.revision),
        offered_to,
        installations: None,
        created_at: row.created_at.to_string(),
        updated_at: row.updated_at.to_string(),
        revision: row.revision,
    })
}

/// A revision of the channel as it is sent.
///
/// # Errors
/// What the store says.
pub fn channel_revision(tx: &mut Tx, names: &mut Names, revision: &Revision) -> Result<ChannelRevision, StoreError> {
    Ok(ChannelRevision {
        revision: revision.number,
        number: revision.version.to_string(),
        version_id: revision.version_id.to_string(),
        reason: revision.reason.clone(),
        by: names.of(tx, revision.by)?,
        at: revision.at.to_string(),
    })
}

/// How far an extension has spread, as it is sent.
pub fn spread(extension: &ExtensionRow, spread: &market::Spread) -> Spread {
    let version = |(number, installations): &(crate::domain::version::VersionNumber, u64)| VersionSpread {
        number: number.to_string(),
        installations: *installations,
    };
    Spread {
        extension_id: extension.id.to_string(),
        installations: spread.installations,
        active: spread.active,
        servers: spread.servers,
        instances: spread.instances,
        listening: spread.listening,
        versions: spread.versions.iter().map(version).collect(),
    }
}
