//! `skydeck admin`: accounts, tokens and backups, through a server or on a data folder itself.

mod account;
mod backup;
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
    /// Copy a data folder's database and code into an empty folder
    Backup(backup::Backup),
}

/// Administers.
///
/// # Errors
/// Not an administrator; what the server or the data folder refuses.
pub fn run(global: &Global, command: Admin) -> Result<Exit, Failure> {
    match command {
        Admin::Account(command) => account::run(global, command),
        Admin::Token(command) => token::run(global, command),
        Admin::Backup(command) => backup::run(global, command),
    }
}
