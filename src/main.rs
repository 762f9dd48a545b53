//! Parse, run, print the error, exit.

use std::process::ExitCode;

use clap::Parser;
use skydeck::cli::{self, Arguments};

/// A page of the queue is some two thousand small allocations; with the system's allocator it costs a sixth more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
