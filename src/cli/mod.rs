//! The command line: every command on one page; one file a command, exit codes in `exit`.

pub mod exit;

mod admin;
mod audit;
mod authors;
mod blobs;
mod check;
mod checks_text;
mod completions;
mod console;
mod context;
mod database;
mod demo;
mod dry_run;
mod export;
mod extension;
mod functions;
mod import;
mod install;
mod installation;
mod instance;
mod local;
mod login;
mod output;
mod policy;
mod purchase;
mod queue;
mod ratings;
mod refund;
mod report_text;
mod review;
mod review_text;
mod rollout;
mod sales;
mod serve;
mod server;
mod subject;
mod submit;
mod templates;
mod threads;
mod typed;

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
    /// The marketplace's address
    #[arg(long, global = true, env = "SKYDECK_SERVER", hide_env_values = true, value_name = "URL")]
    #[arg(help = "The marketplace's address, such as https://market.example.org")]
    server: Option<String>,
    /// The certificate (PEM) of the authority that vouches for the marketplace, where it is one of your own
    #[arg(long, global = true, env = "SKYDECK_CA_FILE", hide_env_values = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Where config.toml, credentials.toml and own themes are
    #[arg(long, global = true, env = "SKYDECK_CONFIG_DIR", hide_env_values = true, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// Where drafts and logs are kept, and a local marketplace's data
    #[arg(long, global = true, env = "SKYDECK_DATA_DIR", hide_env_values = true, value_name = "DIR")]
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
    /// Open the console on a marketplace of its own, filled with believable data
    Demo(demo::Demo),
    /// Run a marketplace
    Serve(serve::Serve),
    /// Open the console on a marketplace
    Console(console::Console),
    /// Keep a token for a marketplace (read without echo)
    Login(login::Login),
    /// Run an extension here, under the caps it would have, and say what it did
    DryRun(dry_run::DryRun),
    /// Judge a package as the marketplace would
    Check(check::Check),
    /// Bring a package into the marketplace as a new extension
    Import(import::Import),
    /// Get an extension's package, or its code alone
    Export(export::Export),
    /// The catalogue, and one extension: versions, channel, servers, flags; roll back, hold back, yank
    #[command(subcommand)]
    Extension(extension::Extension),
    /// Submit a package for review
    Submit(submit::Submit),
    /// Show the review queue
    Queue(queue::Queue),
    /// Read, claim and decide a submission
    #[command(subcommand)]
    Review(review::Review),
    /// What owners and reviewers say to one another about a review
    #[command(subcommand)]
    Threads(threads::Threads),
    /// The texts that reviewers begin a rejection with
    #[command(subcommand)]
    Templates(templates::Templates),
    /// What people say of extensions, what owners answer, and what was reported
    #[command(subcommand)]
    Ratings(ratings::Ratings),
    /// Authors: their reputation, and what it is made of
    #[command(subcommand)]
    Authors(authors::Authors),
    /// Read, plan, change and explain the policy
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Install an extension on a chat server
    Install(install::Install),
    /// What is installed on a server: consent, update, configure, stop, remove
    #[command(subcommand)]
    Installation(installation::Installation),
    /// Chat servers: who runs them, their tier, what waits for consent
    #[command(subcommand)]
    Server(server::Server),
    /// Instances: the bot processes that run extensions
    #[command(subcommand)]
    Instance(instance::Instance),
    /// How far an update has gone, and holding it up
    #[command(subcommand)]
    Rollout(rollout::Rollout),
    /// Buy a premium extension at the price that you were shown
    Purchase(purchase::Purchase),
    /// Take a purchase back
    Refund(refund::Refund),
    /// Points, what was sold, statements and purchases
    #[command(subcommand)]
    Sales(sales::Sales),
    /// Read and verify the audit log
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Accounts, tokens and backups
    #[command(subcommand)]
    Admin(admin::Admin),
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
        Command::Demo(command) => demo::run(&global, command),
        Command::Serve(command) => serve::run(&global, command),
        Command::Console(command) => console::run(&global, command),
        Command::Login(command) => login::run(&global, command),
        Command::DryRun(command) => dry_run::run(&global, command),
        Command::Check(command) => check::run(&global, command),
        Command::Import(command) => import::run(&global, command),
        Command::Export(command) => export::run(&global, command),
        Command::Extension(command) => extension::run(&global, command),
        Command::Submit(command) => submit::run(&global, command),
        Command::Queue(command) => queue::run(&global, command),
        Command::Review(command) => review::run(&global, command),
        Command::Threads(command) => threads::run(&global, command),
        Command::Templates(command) => templates::run(&global, command),
        Command::Ratings(command) => ratings::run(&global, command),
        Command::Authors(command) => authors::run(&global, command),
        Command::Policy(command) => policy::run(&global, command),
        Command::Install(command) => install::run(&global, command),
        Command::Installation(command) => installation::run(&global, command),
        Command::Server(command) => server::run(&global, command),
        Command::Instance(command) => instance::run(&global, command),
        Command::Rollout(command) => rollout::run(&global, command),
        Command::Purchase(command) => purchase::run(&global, command),
        Command::Refund(command) => refund::run(&global, command),
        Command::Sales(command) => sales::run(&global, command),
        Command::Audit(command) => audit::run(&global, command),
        Command::Admin(command) => admin::run(&global, command),
        Command::Functions(command) => functions::run(&global, command),
        Command::Completions(command) => completions::run(&global, command),
    }
}
