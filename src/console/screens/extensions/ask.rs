//! What this screen asks of the outside, and what comes back.

use super::order::Order;
use super::{Facts, FlagsOf};
use crate::api::extensions::Extension;
use crate::api::installations::{InstalledOn, VersionFlags};
use crate::api::page::Page;
use crate::console::event::Answer;

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Read a page of the catalogue.
    Catalogue {
        /// Given back with the answer.
        generation: u64,
        /// The filter.
        query: String,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Read all that is shown of an extension.
    Facts {
        /// Its id.
        id: String,
    },
    /// Read a page of the servers that have it.
    Installed {
        /// Its id.
        id: String,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Read the flags of a version.
    Flags {
        /// The extension.
        id: String,
        /// The version's number.
        number: String,
    },
    /// Set the flags of a version.
    SetFlags {
        /// The extension.
        id: String,
        /// The version's number.
        number: String,
        /// All that are set.
        flags: VersionFlags,
    },
    /// Do what was confirmed.
    Do(Box<Order>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Told {
    /// A page of the catalogue.
    Catalogue {
        /// The question it answers; answers to older questions are dropped.
        generation: u64,
        /// The cursor it was asked with.
        cursor: Option<String>,
        /// The page.
        answer: Answer<Page<Extension>>,
    },
    /// All that is shown of an extension.
    Facts {
        /// Its id.
        id: String,
        /// What is known.
        answer: Answer<Box<Facts>>,
    },
    /// A page of the servers that have it.
    Installed {
        /// Its id.
        id: String,
        /// The cursor it was asked with.
        cursor: Option<String>,
        /// The page.
        answer: Answer<Page<InstalledOn>>,
    },
    /// The flags of a version, as they are or as they were just set.
    Flags {
        /// The extension.
        id: String,
        /// The flags.
        answer: Answer<FlagsOf>,
    },
    /// What was confirmed was done, or not.
    Done {
        /// What.
        order: Box<Order>,
        /// Why not.
        answer: Answer<()>,
    },
}
