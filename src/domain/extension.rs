//! What an extension is called and how it is offered: slug, name, tags, tier, listing and channel.

mod feedback;
mod listing;
mod names;
mod reason;

use serde::{Deserialize, Serialize};

use super::id::{AccountId, VersionId};
use super::time::Timestamp;
use super::version::VersionNumber;

pub use feedback::feedback_template;
pub use listing::{Hold, Listing, parse_range};
pub use names::{Description, ExtensionName, NotADescription, NotAName, NotASlug, NotATag, Slug, Tag, parse_tags};
pub use reason::{NotAReason, ReasonCode};

/// Points a premium extension may cost.
pub const PRICE_POINTS: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;

/// What an installation of the extension costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Tier {
    /// Nothing.
    #[default]
    Free,
    /// Points, once for each account.
    Premium {
        /// The price in points; within [`PRICE_POINTS`].
        price_points: u64,
    },
}

impl Tier {
    /// The name without the price.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Premium { .. } => "premium",
        }
    }
}

/// One revision of the channel `stable`: publishing and rolling back append one, the last is what hosts follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRevision {
    /// Counts from 1.
    pub number: u64,
    /// The number of the version it points at.
    pub version: VersionNumber,
    /// The version it points at.
    pub version_id: VersionId,
    /// Why; mandatory for a rollback.
    pub reason: String,
    /// Who made it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
}
