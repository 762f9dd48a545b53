//! The wire: types that server and client share, and nothing else that they share.
//!
//! Times are RFC 3339 text, ids are UUID text, names of stages, scopes and severities are the domain's names.
//! Unknown fields are ignored by readers, so that an older console can talk to a newer server.

pub mod accounts;
pub mod audit;
pub mod events;
pub mod extensions;
pub mod installations;
pub mod instances;
pub mod nodes;
pub mod page;
pub mod policy;
pub mod problem;
pub mod purchases;
pub mod queue;
pub mod ratings;
pub mod reviews;
pub mod runs;
pub mod servers;
pub mod threads;
pub mod versions;
