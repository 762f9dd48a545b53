//! Who may know of an extension, and how one is found.

use std::str::FromStr;

use super::refused::Refused;
use crate::domain::account::Role;
use crate::domain::extension::Slug;
use crate::domain::id::{AccountId, ExtensionId};
use crate::store::extensions::{self, ExtensionRow};
use crate::store::{StoreError, Tx};

/// Who is looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody in particular.
    Anyone,
    /// An account.
    Account {
        /// Which.
        id: AccountId,
        /// Its role.
        role: Role,
    },
    /// A command on a data folder, or the marketplace itself.
    Operator,
}

/// How an address names an extension: by id or by slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtensionRef {
    /// By id.
    Id(ExtensionId),
    /// By slug.
    Slug(Slug),
}

/// The text is neither an id nor a slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an id nor a slug: {0}")]
pub struct NotAnExtensionRef(pub String);

impl Viewer {
    /// The account that looks.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Viewer::Account { id, .. } => Some(*id),
            Viewer::Anyone | Viewer::Operator => None,
        }
    }

    /// Whether it sees everything.
    pub fn is_maintainer(&self) -> bool {
        match self {
            Viewer::Account { role, .. } => *role >= Role::Maintainer,
            Viewer::Operator => true,
            Viewer::Anyone => false,
        }
    }

    /// Whether it runs the marketplace.
    pub fn is_administrator(&self) -> bool {
        match self {
            Viewer::Account { role, .. } => *role >= Role::Administrator,
            Viewer::Operator => true,
            Viewer::Anyone => false,
        }
    }

    /// Whether it sees all of this extension: drafts, rejected versions, what is in review.
    pub fn sees_all_of(&self, extension: &ExtensionRow) -> bool {
        self.is_maintainer() || self.account() == Some(extension.owner)
    }
}

/// Whether the viewer may know of the extension: its owner, who it is offered to, maintainers; and everyone once a
/// version is published that is not withheld.
pub fn sees(viewer: &Viewer, extension: &ExtensionRow) -> bool {
    let receiver = extension.offered_to.is_some() && extension.offered_to == viewer.account();
    viewer.sees_all_of(extension) || receiver || is_public(extension)
}

/// Whether everyone may know of the extension.
pub fn is_public(extension: &ExtensionRow) -> bool {
    extension.head.as_ref().is_some_and(|head| !extension.listing.withholds(&head.number))
}

/// The extension, where the viewer may know of it.
pub fn find(tx: &mut Tx, viewer: &Viewer, wanted: &ExtensionRef) -> Result<ExtensionRow, Refused> {
    let found = load(tx, wanted)?.ok_or(Refused::NotFound("extension"))?;
    if sees(viewer, &found) { Ok(found) } else { Err(Refused::NotFound("extension")) }
}

fn load(tx: &mut Tx, wanted: &ExtensionRef) -> Result<Option<ExtensionRow>, StoreError> {
    match wanted {
        ExtensionRef::Id(id) => extensions::by_id(tx, *id),
        ExtensionRef::Slug(slug) => extensions::by_slug(tx, slug),
    }
}

impl FromStr for ExtensionRef {
    type Err = NotAnExtensionRef;

    fn from_str(text: &str) -> Result<ExtensionRef, NotAnExtensionRef> {
        if let Ok(id) = text.parse() {
            return Ok(ExtensionRef::Id(id));
        }
        text.parse().map(ExtensionRef::Slug).map_err(|_| NotAnExtensionRef(crate::domain::text::quoted(text)))
    }
}

impl From<ExtensionId> for ExtensionRef {
    fn from(id: ExtensionId) -> ExtensionRef {
        ExtensionRef::Id(id)
    }
}

impl std::fmt::Display for ExtensionRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ExtensionRef::Id(id) => id.fmt(f),
            ExtensionRef::Slug(slug) => slug.fmt(f),
        }
    }
}
