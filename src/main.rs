//! Parse, run, print the error, exit.

use std::process::ExitCode;

use clap::Parser;
use skydeck::cli::{self, Arguments};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::exit::usage(&error),
    };
    match cli::run(arguments) {
        Ok(code) => code.into(),
        Err(error) => cli::exit::report(&error),
    }
}
