//! Making an extension that has no version yet.

use serde_json::json;

use super::act::{Act, leave};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::writing::free_slug;
use crate::domain::account::Account;
use crate::domain::extension::{Description, ExtensionName, Listing, Slug, Tag, Tier};
use crate::domain::id::ExtensionId;
use crate::domain::permit::CreateExtension;
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::extensions::{self, ExtensionRow};

/// What the new extension is called.
#[derive(Clone, Debug)]
pub struct Create {
    /// The slug; derived from the name where it is left out.
    pub slug: Option<Slug>,
    /// Its details.
    pub details: Details,
}

/// What an extension says about itself.
#[derive(Clone, Debug)]
pub struct Details {
    /// The name.
    pub name: ExtensionName,
    /// What it does.
    pub description: Description,
    /// Words to find it by.
    pub tags: Vec<Tag>,
    /// What it costs.
    pub tier: Tier,
}

/// Makes an extension, owned by the caller.
///
/// # Errors
/// The conflict `slug_taken` where the slug that was asked for is another's.
pub fn create(tx: &mut Tx, act: &Act, input: &Create) -> Result<ExtensionRow, Refused> {
    let leave = leave::<CreateExtension>(tx, act)?;
    let slug = free_slug(tx, input.slug.as_ref(), input.details.name.as_str())?;
    let id = ExtensionId::mint(act.now, &mut act.entropy());
    let row = new_extension(id, slug, &input.details, leave.account()?, act.now);
    extensions::insert(tx, &row)?;
    let detail = json!({ "slug": row.slug.as_str(), "name": row.name.as_str() });
    record(tx, &leave, &Subject::Extension(id), &detail, act.now);
    tell_extension(tx, "created", &row, &leave.name());
    Ok(row)
}

/// The row of a new extension.
pub(super) fn new_extension(
    id: ExtensionId,
    slug: Slug,
    details: &Details,
    owner: &Account,
    now: Timestamp,
) -> ExtensionRow {
    ExtensionRow {
        id,
        slug,
        name: details.name.clone(),
        description: details.description.clone(),
        tags: details.tags.clone(),
        owner: owner.id,
        owner_name: owner.name.to_string(),
        tier: details.tier,
        listing: Listing::Listed,
        offered_to: None,
        head: None,
        submitted_ever: false,
        created_at: now,
        updated_at: now,
        revision: 1,
    }
}
