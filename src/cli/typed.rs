//! What a person says to a command: a text as an argument, from a file or from standard input; and yes or no.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use super::{Exit, Failure, subject};

/// Bytes of a text.
const TEXT_BYTES_MAX: u64 = 1 << 16;

/// A text as given: itself, `-` for standard input, `@FILE` for a file.
///
/// # Errors
/// What cannot be read, or is not UTF-8.
pub fn text(given: &str) -> Result<String, Failure> {
    if given == "-" {
        let mut text = String::new();
        let failed = |error| Failure::new(Exit::Environment, format!("standard input: {error}"));
        std::io::stdin().take(TEXT_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    let Some(path) = given.strip_prefix('@') else { return Ok(given.to_owned()) };
    let bytes = subject::read_bytes(Path::new(path))?;
    String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Invalid, format!("{path}: not UTF-8 text")))
}

/// Asks for a yes on the terminal; elsewhere nobody can answer, so `instead` says what to give on the command line.
///
/// # Errors
/// [`Exit::Usage`] without a terminal or with another answer.
pub fn confirm(question: &str, instead: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, format!("nobody can be asked here: {instead}")));
    }
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("cannot ask: {error}"));
    let mut screen = std::io::stderr();
    write!(screen, "{question} [y/N] ").and_then(|()| screen.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new(Exit::Usage, "nothing was done")),
    }
}

/// Asks for these very words on the terminal; elsewhere nobody can answer, so `instead` says what to do.
///
/// # Errors
/// As [`confirm`].
pub fn confirm_by(question: &str, words: &str, instead: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, format!("nobody can be asked here: {instead}")));
    }
    let failed = |error: std::io::Error| Failure::new(Exit::Environment, format!("cannot ask: {error}"));
    let mut screen = std::io::stderr();
    write!(screen, "{question} ({words}): ").and_then(|()| screen.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    if answer.split_whitespace().eq(words.split_whitespace()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "nothing was done"))
}
