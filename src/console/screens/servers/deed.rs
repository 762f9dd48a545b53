//! What can be done to a server and to what is installed on it, ready to be sent.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::installations::ConsentAlong;

/// Something to do, and what it is about for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The server it is done on.
    pub server_id: String,
    /// What it is about: `role-menu on Night Owls`.
    pub title: String,
    /// What is done.
    pub deed: Deed,
}

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Install an extension.
    Install {
        /// The extension's slug.
        slug: String,
        /// The version that was shown.
        number: String,
        /// The scopes that are granted.
        grant: Vec<String>,
        /// What it needs and comes along, by slug, with what is granted to each.
        along: BTreeMap<String, ConsentAlong>,
    },
    /// Grant a version what it asks for.
    Grant {
        /// The installation.
        id: String,
        /// Its revision as it was shown.
        revision: i64,
        /// The scopes that are granted.
        scopes: Vec<String>,
    },
    /// Decline a version.
    Refuse {
        /// The installation.
        id: String,
        /// Its revision as it was shown.
        revision: i64,
        /// Why.
        reason: String,
    },
    /// Take scopes back.
    Revoke {
        /// The installation.
        id: String,
        /// The scopes.
        scopes: Vec<String>,
    },
    /// Bring what the channel points at.
    Update {
        /// The installation.
        id: String,
    },
    /// Bring the version back that was there before.
    RollBack {
        /// The installation.
        id: String,
        /// Why.
        reason: String,
    },
    /// Pin to the version that is there, or follow the channel again.
    Follow {
        /// The extension.
        extension_id: String,
        /// The installation's revision as it was shown.
        revision: i64,
        /// `automatic`, `manual` or `pinned`.
        follow: &'static str,
    },
    /// Hold an update up on every server, or let it go on where there is no reason.
    Pause {
        /// The extension.
        extension_id: String,
        /// Why.
        reason: String,
    },
    /// Stop an installation.
    Disable {
        /// The installation.
        id: String,
        /// Why.
        reason: String,
    },
    /// Let it run again, or keep what was to be removed.
    Enable {
        /// The installation.
        id: String,
    },
    /// Remove an installation.
    Remove {
        /// The extension.
        extension_id: String,
        /// The installation's revision as it was shown.
        revision: i64,
    },
    /// Give the server another tier.
    Tier {
        /// The server's revision as it was shown.
        revision: i64,
        /// The tier.
        tier: String,
    },
    /// Override the policy.
    Override {
        /// The revision of the override that was read.
        number: i64,
        /// All that is overridden.
        document: Value,
        /// Why.
        reason: String,
        /// The plan that was seen: its id and the revision that it starts from; none before it was planned.
        plan: Option<(String, i64)>,
    },
    /// Set a configuration.
    Configure {
        /// The installation.
        id: String,
        /// The revision of the configuration that was read.
        revision: i64,
        /// The document.
        document: Value,
    },
}

impl Deed {
    /// The same with a reason, where it needs one.
    #[must_use]
    pub fn because(mut self, why: &str) -> Deed {
        if let Deed::Refuse { reason, .. }
        | Deed::RollBack { reason, .. }
        | Deed::Pause { reason, .. }
        | Deed::Disable { reason, .. }
        | Deed::Override { reason, .. } = &mut self
        {
            why.clone_into(reason);
        }
        self
    }

    /// What it is called.
    pub const fn verb(&self) -> &'static str {
        match self {
            Deed::Install { .. } => "install",
            Deed::Grant { .. } => "give consent to",
            Deed::Refuse { .. } => "refuse",
            Deed::Revoke { .. } => "take scopes back from",
            Deed::Update { .. } => "update",
            Deed::RollBack { .. } => "roll back",
            Deed::Follow { .. } => "change how updates come to",
            Deed::Pause { .. } => "pause or resume the updates of",
            Deed::Disable { .. } => "disable",
            Deed::Enable { .. } => "enable",
            Deed::Remove { .. } => "remove",
            Deed::Tier { .. } => "set the tier of",
            Deed::Override { .. } => "override the policy on",
            Deed::Configure { .. } => "configure",
        }
    }

    /// The draft on disk that holds its text; it goes when the deed is done.
    pub fn draft(&self, server_id: &str) -> Option<String> {
        match self {
            Deed::Override { .. } => Some(draft_key("override", server_id)),
            Deed::Configure { id, .. } => Some(draft_key("config", id)),
            _ => None,
        }
    }
}

/// The key of a draft on disk.
pub fn draft_key(kind: &str, id: &str) -> String {
    let plain: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    format!("{kind}-{plain}")
}
