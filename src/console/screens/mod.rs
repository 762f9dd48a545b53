//! The screens, each with its model, its update and its view.

pub mod extensions;
pub mod policy;
pub mod queue;
pub mod report;
pub mod review;
pub mod sales;
pub mod sandbox;
pub mod servers;
