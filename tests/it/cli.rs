//! The command line as scripts see it: the built program, its exit codes, its standard output and its messages.

mod console;
mod demo;
mod desk;
mod files;
mod keeping;
mod marketplace;
mod policy;
pub mod program;
mod reference;
mod terminal;
mod withstands;
