//! The one integration binary: everything that crosses a boundary is tested here, at the boundary.

mod access;
mod conventions;
mod harness;
mod lifecycle;
mod tidy;
mod two_reviewers;
