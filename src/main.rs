//! Parse, run, print the error, exit.

use std::env;
use std::io::{Write as _, stdout};
use std::process::ExitCode;

use clap::Parser;
use skydeck::cli::{self, Arguments};

/// A page of the queue is some two thousand small allocations; with the system's allocator it costs a sixth more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if asks_version_alone() {
        let written = writeln!(stdout(), "skydeck {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::from(u8::from(written.is_err()));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::exit::usage(&error),
    };
    match cli::run(arguments) {
        Ok(code) => code.into(),
        Err(error) => cli::exit::report(&error),
    }
}

/// Whether nothing but the version is asked for: scripts do so often, and building every command costs more than the answer.
fn asks_version_alone() -> bool {
    let mut words = env::args_os().skip(1);
    words.next().is_some_and(|word| word == "--version" || word == "-V") && words.next().is_none()
}
