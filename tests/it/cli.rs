//! The command line as scripts see it: the built program, its exit codes, its standard output and its messages.

mod files;
mod marketplace;
mod program;
mod reference;
mod terminal;
