//! `skydeck completions`: completion scripts and manual pages, made from the command line's own definition.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Arguments, Exit, Failure, Global};

/// What to print.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell to complete in
    #[arg(value_enum, required_unless_present = "man")]
    shell: Option<clap_complete::Shell>,
    /// Write the manual pages into this folder instead
    #[arg(long, value_name = "DIR")]
    man: Option<PathBuf>,
}

/// Prints the script, or writes the pages.
///
/// # Errors
/// [`Exit::Environment`] where the folder cannot be written.
pub fn run(_global: &Global, command: Completions) -> Result<Exit, Failure> {
    let mut definition = Arguments::command();
    let io = |error: std::io::Error| Failure { exit: Exit::Environment, error: error.into() };
    if let Some(folder) = command.man {
        std::fs::create_dir_all(&folder).map_err(io)?;
        clap_mangen::generate_to(definition, &folder).map_err(io)?;
        writeln!(std::io::stdout(), "manual pages written to {}", folder.display()).map_err(io)?;
        return Ok(Exit::Done);
    }
    if let Some(shell) = command.shell {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut definition, "skydeck", &mut script);
        std::io::stdout().write_all(&script).map_err(io)?;
    }
    Ok(Exit::Done)
}
