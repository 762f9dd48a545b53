//! Exit codes and error texts, made here and nowhere else.

use std::process::ExitCode;

use crate::client::{ClientError, NotASecret, NotAServerUrl};
use crate::config::ConfigError;
use crate::console::keymap::KeymapError;
use crate::console::terminal::NoConsole;
use crate::console::theme::ThemeError;
use crate::domain::permit::Denied;
use crate::market::Refused;
use crate::server::ListenError;
use crate::server::problem::Problem;
use crate::store::{MoveError, OpenError, RestoreError, StoreError};

/// How a command ended, for scripts. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed in a way that has no code of its own.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A settings, theme or credentials file was wrong.
    Config = 3,
    /// What was named does not exist, or is not the caller's to see.
    NotFound = 4,
    /// Not signed in, or not allowed.
    Denied = 5,
    /// It changed in the meantime, or its stage does not allow it.
    Conflict = 6,
    /// The server could not be reached or is busy.
    Unavailable = 7,
    /// A package, module or filter is faulty.
    Invalid = 8,
    /// The checks found something that would be rejected.
    Rejected = 9,
    /// A file could not be read or written, a port is in use, a data folder is locked.
    Environment = 10,
    /// The doctor found rows or code that do not fit together.
    Unsound = 11,
    /// The dry run finished with a code other than 0.
    RunCode = 20,
    /// The dry run used up its fuel.
    RunOutOfFuel = 21,
    /// The dry run took too long.
    RunTimedOut = 22,
    /// The dry run used up its memory.
    RunOutOfMemory = 23,
    /// The dry run passed a limit (host calls, call depth).
    RunLimitExceeded = 24,
    /// The dry run trapped.
    RunTrapped = 25,
    /// The module was refused before it ran.
    RunRefused = 26,
    /// The extension ended its own run.
    RunAborted = 27,
}

/// The table that `skydeck help exit-codes` and the documentation print.
pub const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  failed in a way that has no code of its own
   2  the command line was wrong
   3  a settings, theme or credentials file was wrong
   4  what was named does not exist, or is not yours to see
   5  not signed in, or not allowed
   6  changed in the meantime, or its stage does not allow it
   7  the server could not be reached or is busy
   8  a package, module or filter is faulty
   9  the checks found something that would be rejected
  10  a file, a port or a data folder could not be used
  11  the doctor found something wrong
  20  dry run: finished with a code other than 0
  21  dry run: out of fuel
  22  dry run: timed out
  23  dry run: out of memory
  24  dry run: a limit was exceeded
  25  dry run: trapped
  26  dry run: refused before it ran
  27  dry run: aborted by the extension";

/// An error with the code to exit with.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What, where, and what to do.
    pub error: anyhow::Error,
}

impl Failure {
    /// Makes a failure from a sentence.
    pub fn new(exit: Exit, text: impl Into<String>) -> Failure {
        Failure { exit, error: anyhow::Error::msg(text.into()) }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl std::error::Error for Failure {}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Errors whose text says it all, each with the code that it always has.
macro_rules! failures {
    ($($error:ty => $exit:ident;)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure::new(Exit::$exit, error.to_string())
            }
        })*
    };
}

failures! {
    ConfigError => Config;
    NotAServerUrl => Config;
    NotASecret => Config;
    ThemeError => Config;
    KeymapError => Config;
    NoConsole => Environment;
    OpenError => Environment;
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let exit = match &error {
            ClientError::Offline { .. } | ClientError::Timeout { .. } => Exit::Unavailable,
            ClientError::Problem(problem) => exit_of_status(problem.status),
            ClientError::Protocol { .. } | ClientError::TooLarge { .. } => Exit::Failed,
            ClientError::TokenOverPlainHttp { .. } => Exit::Config,
            ClientError::Setup { .. } => Exit::Environment,
        };
        let mut text = error.to_string();
        if error.status() == Some(401) {
            text.push_str("\nsign in with `skydeck login`, or set SKYDECK_TOKEN");
        }
        Failure::new(exit, text)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let exit = match &error {
            StoreError::Busy(_) | StoreError::Unavailable(_) | StoreError::Unsure(_) | StoreError::Blobs { .. } => {
                Exit::Unavailable
            }
            StoreError::NotText(_) => Exit::Invalid,
            StoreError::Internal(_) => Exit::Failed,
            _ => Exit::Environment,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Failure {
        let exit = match &error {
            MoveError::Store(StoreError::Busy(_) | StoreError::Unavailable(_)) => Exit::Unavailable,
            MoveError::Occupied { .. } | MoveError::OtherMove { .. } => Exit::Conflict,
            MoveError::Chain(_) | MoveError::Differs { .. } => Exit::Unsound,
            _ => Exit::Environment,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Failure {
        let exit = if matches!(error, RestoreError::Unsound(_)) { Exit::Unsound } else { Exit::Environment };
        Failure::new(exit, error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        let exit = match refused {
            Refused::Store(error) => return error.into(),
            Refused::NotFound(_) | Refused::Denied(Denied::Unknown) => Exit::NotFound,
            Refused::Denied(_) => Exit::Denied,
            Refused::Invalid(_) | Refused::TooLarge { .. } | Refused::RuntimeNotRunnable => Exit::Invalid,
            _ => Exit::Conflict,
        };
        Failure::new(exit, refused.to_string())
    }
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Failure {
        let exit = if matches!(error, ListenError::Unprotected(_)) { Exit::Usage } else { Exit::Environment };
        Failure::new(exit, error.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let wire = problem.to_wire("", "");
        let text = problem.logged().unwrap_or(&wire.detail).to_owned();
        Failure::new(exit_of_status(wire.status), text)
    }
}

/// The code for an HTTP status that is no success.
const fn exit_of_status(status: u16) -> Exit {
    match status {
        401 | 403 => Exit::Denied,
        404 | 410 => Exit::NotFound,
        409 | 412 | 428 => Exit::Conflict,
        400 | 413 | 415 | 422 => Exit::Invalid,
        429 | 502 | 503 | 504 => Exit::Unavailable,
        _ => Exit::Failed,
    }
}

/// Prints what clap has to say and gives its code: 0 for help and version, 2 for a wrong command line.
pub fn usage(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    match error.print() {
        Ok(()) => exit.into(),
        Err(_) => Exit::Failed.into(),
    }
}

/// Prints the error to standard error and gives its code. A closed pipe is not worth a word.
pub fn report(failure: &Failure) -> ExitCode {
    let broken_pipe = failure
        .error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return Exit::Done.into();
    }
    let text = crate::domain::text::visible_lines(&failure.to_string()).into_owned();
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("skydeck: {text}\n").as_bytes());
    failure.exit.into()
}
