//! The command line: every command on one page; one file a command, exit codes in `exit`.

pub mod exit;

mod completions;
mod dry_run;
mod functions;
mod output;
mod report_text;
mod subject;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use exit::{Exit, Failure};

/// The extension marketplace for chat bots that you run yourself, and the terminal console it is run from.
#[derive(Debug, Parser)]
#[command(name = "skydeck", version, max_term_width = 100, after_help = exit::EXIT_CODES)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The marketplace's address, such as https://market.example.org
    #[arg(long, global = true, env = "SKYDECK_SERVER", value_name = "URL")]
    server: Option<String>,
    /// Where config.toml, credentials.toml and own themes are
    #[arg(long, global = true, env = "SKYDECK_CONFIG_DIR", value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// Where drafts and logs are kept, and a local marketplace's data
    #[arg(long, global = true, env = "SKYDECK_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON, one document, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print plain lines without tables, for screen readers and simple scripts
    #[arg(long, global = true, conflicts_with = "json")]
    plain: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an extension here, under the caps it would have, and say what it did
    DryRun(dry_run::DryRun),
    /// List the functions that an extension may call
    Functions(functions::Functions),
    /// Print a completion script for a shell, or the manual pages
    Completions(completions::Completions),
}

/// Runs one command line.
///
/// # Errors
/// [`Failure`], with the code to exit with.
pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let global = arguments.global;
    match arguments.command {
        Command::DryRun(command) => dry_run::run(&global, command),
        Command::Functions(command) => functions::run(&global, command),
        Command::Completions(command) => completions::run(&global, command),
    }
}
