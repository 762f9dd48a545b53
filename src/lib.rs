//! skydeck: an extension marketplace for chat bots, and the terminal console it is run from.

pub mod cli;
pub mod config;
pub mod domain;
pub mod sandbox;
