//! The one integration binary: everything that crosses a boundary is tested here, at the boundary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it expects by failing; the exceptions for tests do not reach the harness around them"
)]

mod access;
mod cli;
mod conventions;
mod harness;
mod kill;
mod lifecycle;
mod limits;
mod openapi;
mod tidy;
mod transport;
mod two_reviewers;
