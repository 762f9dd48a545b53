//! `skydeck admin`: accounts, tokens and backups, through a server or on a data folder itself.

mod account;
mod backup;
mod doctor;
mod migrate;
mod nodes;
mod points;
mod restore;
mod token;

use clap::Subcommand;

use super::{Exit, Failure, Global};

/// What to administer.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make, list and change accounts
    #[command(subcommand)]
    Account(account::Account),
    /// Make, list and revoke access tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Grant points to accounts
    #[command(subcommand)]
    Points(points::Points),
    /// Copy a data folder's database and code into an empty folder
    Backup(backup::Backup),
    /// Make a data folder from a backup, after looking at it from end to end
    Restore(restore::Restore),
    /// Move a data folder's marketplace into PostgreSQL
    Migrate(migrate::Migrate),
    /// Look whether rows, code and log fit together, and say what to do where they do not
    Doctor(doctor::Doctor),
    /// List the servers that share the marketplace's database
    Nodes(nodes::Nodes),
}

/// Administers.
///
/// # Errors
/// Not an administrator; what the server or the data folder refuses.
pub fn run(global: &Global, command: Admin) -> Result<Exit, Failure> {
    match command {
        Admin::Account(command) => account::run(global, command),
        Admin::Token(command) => token::run(global, command),
        Admin::Points(command) => points::run(global, command),
        Admin::Backup(command) => backup::run(global, command),
        Admin::Restore(command) => restore::run(global, command),
        Admin::Migrate(command) => migrate::run(global, command),
        Admin::Doctor(command) => doctor::run(global, command),
        Admin::Nodes(command) => nodes::run(global, &command),
    }
}
