//! What the screen asks of the outside, and what comes of it.

use super::Whole;
use super::deed::Order;
use crate::api::installations::{Config, InstallationOffer, InstallationStep, Removed};
use crate::api::instances::Instance;
use crate::api::page::Page;
use crate::api::policy::{Plan, ServerPolicy};
use crate::api::servers::Server;
use crate::console::event::Answer;

/// Something to be done outside.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Read a page of the servers.
    Servers {
        /// Given back with the answer.
        generation: u64,
        /// The filter.
        query: String,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Read a page of the instances.
    Instances {
        /// Given back with the answer.
        generation: u64,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Read one row of the list again.
    Row {
        /// The server.
        id: String,
    },
    /// Read a server with everything on it.
    One {
        /// The server.
        id: String,
    },
    /// Read the policy that holds on a server.
    Policy {
        /// The server.
        id: String,
        /// What it is read for.
        purpose: Purpose,
    },
    /// Read the stages of an installation.
    Steps {
        /// The installation.
        id: String,
    },
    /// Read the configuration of an installation, to write another.
    Config {
        /// The installation.
        id: String,
    },
    /// Read what an extension would ask for on a server.
    Offer {
        /// The server.
        server_id: String,
        /// The extension's slug.
        slug: String,
    },
    /// Ask what a removal would free; nothing is removed.
    Weigh(Box<Order>),
    /// Ask what an override would do; nothing changes.
    PlanOverride(Box<Order>),
    /// Do something.
    Do(Box<Order>),
}

/// What a policy is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown.
    Show,
    /// To write another override.
    Write,
    /// To choose a tier.
    Tier,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Told {
    /// A page of the servers.
    Servers {
        /// The question it answers.
        generation: u64,
        /// The cursor it was asked with.
        cursor: Option<String>,
        /// The page.
        answer: Answer<Page<Server>>,
    },
    /// A page of the instances.
    Instances {
        /// The question it answers.
        generation: u64,
        /// The cursor it was asked with.
        cursor: Option<String>,
        /// The page.
        answer: Answer<Page<Instance>>,
    },
    /// One row of the list.
    Row(Answer<Box<Server>>),
    /// A server with everything on it.
    One {
        /// The server.
        id: String,
        /// It.
        answer: Answer<Box<Whole>>,
    },
    /// A policy.
    Policy {
        /// The server.
        id: String,
        /// What it was read for.
        purpose: Purpose,
        /// It.
        answer: Answer<Box<ServerPolicy>>,
    },
    /// The stages of an installation, newest first.
    Steps {
        /// The installation.
        id: String,
        /// They.
        answer: Answer<Vec<InstallationStep>>,
    },
    /// A configuration.
    Config {
        /// The installation.
        id: String,
        /// It.
        answer: Answer<Box<Config>>,
    },
    /// What an extension would ask for.
    Offer {
        /// The server.
        server_id: String,
        /// It, with everything that it needs.
        answer: Answer<Box<InstallationOffer>>,
    },
    /// What a removal would free.
    Weighed {
        /// The removal.
        order: Box<Order>,
        /// What it would free.
        answer: Answer<Removed>,
    },
    /// What an override would do.
    OverridePlanned {
        /// The override.
        order: Box<Order>,
        /// What it would do.
        answer: Answer<Box<Plan>>,
    },
    /// Something was done, or not.
    Done {
        /// What.
        order: Box<Order>,
        /// A sentence about it.
        answer: Answer<String>,
    },
}
