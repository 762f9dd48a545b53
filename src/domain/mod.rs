//! The marketplace's meaning: pure types and decisions. No async, no input or output, no clock: time is an argument.

pub mod account;
pub mod audit;
pub mod digest;
pub mod extension;
pub mod fault;
pub mod filter;
pub mod finding;
pub mod id;
pub mod json;
pub mod kind;
pub mod limits;
pub mod manifest;
pub mod package;
pub mod permit;
pub mod policy;
pub mod priority;
pub mod scope;
pub mod stage;
pub mod text;
pub mod time;
pub mod version;
