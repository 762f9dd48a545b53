//! Changing what an extension says about itself, and whether it is listed.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::likeness::check_likeness;
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::extension::{Description, ExtensionName, Listing, Tag, Tier};
use crate::domain::permit::EditExtension;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::reviews::{self, ReviewRow};
use crate::store::{Tx, purchases};

/// What is changed; what is left out stays.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The extension.
    pub extension: ExtensionRef,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// A new name.
    pub name: Option<ExtensionName>,
    /// A new description.
    pub description: Option<Description>,
    /// New tags in the place of all old ones.
    pub tags: Option<Vec<Tag>>,
    /// A new tier.
    pub tier: Option<Tier>,
    /// Whether it is shown in the catalogue.
    pub listing: Option<Shown>,
}

/// How an owner can list an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Shown to everyone.
    Listed,
    /// Found by its slug only.
    Unlisted,
}

/// Changes an extension's details. What open reviews repeat follows.
///
/// # Errors
/// The conflicts `name_confusable` (once it was submitted) and `held` (while maintainers hold it back).
pub fn edit(tx: &mut Tx, act: &Act, input: &Edit) -> Result<ExtensionRow, Refused> {
    let mut row = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<EditExtension>(tx, act, &row)?;
    input.if_match.check(row.revision, |_| last_change(tx, "extension", row.id))?;
    let before = row.clone();
    if let Some(shown) = input.listing {
        row.listing = listed_as(&row, shown)?;
    }
    row.name = input.name.clone().unwrap_or(row.name);
    row.description = input.description.clone().unwrap_or(row.description);
    row.tags = input.tags.clone().unwrap_or(row.tags);
    row.tier = input.tier.unwrap_or(row.tier);
    if row.name != before.name {
        if row.submitted_ever {
            check_likeness(tx, &row)?;
        }
        for review in reviews::open_of_extension(tx, row.id)? {
            let renamed = ReviewRow { name: row.name.to_string(), ..review.clone() };
            reviews::write(tx, &review, &renamed)?;
        }
    }
    extensions::update(tx, &mut row, act.now)?;
    if before.tier == Tier::Free && row.tier != Tier::Free {
        purchases::set_premium_since(tx, row.id, act.now)?;
    }
    let detail = json!({ "slug": row.slug.as_str(), "before": shown_part(&before), "after": shown_part(&row) });
    record(tx, &leave, &Subject::Extension(row.id), &detail, act.now);
    tell_extension(tx, "edited", &row, &leave.name());
    Ok(row)
}

fn listed_as(row: &ExtensionRow, shown: Shown) -> Result<Listing, Refused> {
    if let Some(hold) = row.listing.hold() {
        let detail =
            format!("{} is {} by a maintainer: {}; ask for its release", row.slug, row.listing.name(), hold.reason);
        return Err(Refused::conflict("held", detail));
    }
    Ok(match shown {
        Shown::Listed => Listing::Listed,
        Shown::Unlisted => Listing::Unlisted,
    })
}

fn shown_part(row: &ExtensionRow) -> serde_json::Value {
    json!({
        "name": row.name.as_str(),
        "description_chars": row.description.as_str().chars().count(),
        "tags": row.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "tier": row.tier,
        "listing": row.listing.name(),
    })
}
