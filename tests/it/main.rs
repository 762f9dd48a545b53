//! The one integration binary: everything that crosses a boundary is tested here, at the boundary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing; the exceptions for tests do not reach the harness around them"
)]

mod access;
mod along;
mod blobs;
mod chaos;
mod cli;
mod cluster;
mod conventions;
mod database;
#[cfg(target_os = "linux")]
mod faults;
mod harness;
mod history;
mod instances;
mod kill;
mod lifecycle;
mod limits;
mod node;
mod openapi;
mod policy;
mod premium;
mod queue_lines;
mod ratings;
mod schema;
mod several_nodes;
mod tidy;
mod transport;
mod two_reviewers;
