//! The marketplace over HTTP: one page of routes, one place for who asks, one for what went wrong, one for what is sent.
//!
//! A request enters through `listen`, is surrounded by `envelope`, finds its row in `router`, and its handler reads or
//! changes things in one transaction as the caller that the transaction's own rows prove (`caller`, `change`).
//! No handler decides anything: that is the use cases' business.

pub mod answer;
pub mod app;
pub mod body;
pub mod caller;
pub mod change;
pub mod clock;
pub mod conditional;
pub mod config;
pub mod envelope;
pub mod idempotency;
pub mod listen;
pub mod membership;
pub mod metrics;
pub mod page;
pub mod path;
pub mod problem;
pub mod query;
pub mod rate;
pub mod router;
pub mod stop;

mod accounts;
mod audit;
mod authors;
mod blob_metrics;
mod blobs;
mod bulk;
mod drafts;
mod dry_runs;
mod events;
mod export;
mod extensions;
mod findings;
mod first_start;
mod health;
mod holds;
mod housekeeping;
mod installations;
mod instances;
mod me;
mod names;
mod nodes;
mod object;
mod offers;
mod openapi;
mod policy;
mod policy_plans;
mod purchases;
mod queue;
mod rating_reports;
mod ratings;
mod refusals;
mod reviews;
mod rollouts;
mod sales;
mod secrets;
mod serve;
mod server_policy;
mod servers;
mod submissions;
mod templates;
mod threads;
mod tokens;
mod transfer;
mod versions;
mod wire_extensions;
mod wire_installations;
mod wire_policy;
mod wire_queue;
mod wire_ratings;
mod wire_reviews;
mod wire_sales;
mod wire_versions;
mod worker;

#[cfg(test)]
mod tests;

pub use config::{Cidr, RateLimits, ServerConfig, Transport};
pub use first_start::{NewAdministrator, first_start};
pub use listen::ListenError;
pub use openapi::complete as openapi_document;
pub use router::ROUTES;
pub use serve::{RunningServer, runtime_threads, serve};
