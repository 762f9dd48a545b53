//! What can go wrong between here and the server, and what to do about it.

use std::fmt::Write as _;

use crate::api::problem::Problem;

/// Why a call gave nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached, or the connection was lost and repeating did not help.
    #[error("cannot reach {server}: {detail}; check that the server runs and that the address is right")]
    Offline {
        /// Its address.
        server: String,
        /// What happened, from the outside in.
        detail: String,
    },
    /// The server did not answer in time.
    #[error("{server} did not answer {what} within {after_ms} ms; it may be busy: try again")]
    Timeout {
        /// Its address.
        server: String,
        /// The method and the path.
        what: String,
        /// How long it was waited for.
        after_ms: u64,
    },
    /// The server answered with a problem.
    #[error("{}", problem_text(.0))]
    Problem(Box<Problem>),
    /// What answered does not speak this API.
    #[error(
        "{server} gave an answer to {what} that is not understood: {detail}; is it a skydeck server of a fitting version?"
    )]
    Protocol {
        /// Its address.
        server: String,
        /// The method and the path.
        what: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// The answer is larger than anything this route gives.
    #[error("{server} answered {what} with more than {bytes_max} bytes; nothing of it was kept")]
    TooLarge {
        /// Its address.
        server: String,
        /// The method and the path.
        what: String,
        /// The bound.
        bytes_max: usize,
    },
    /// A token would travel unprotected.
    #[error(
        "will not send a token to {server} over plain http, where others can read it; use https://, or an address of this machine"
    )]
    TokenOverPlainHttp {
        /// Its address.
        server: String,
    },
    /// TLS could not be set up here.
    #[error("cannot set up the connection on this machine: {detail}")]
    Setup {
        /// What happened.
        detail: String,
    },
}

impl ClientError {
    /// The problem, where the server gave one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            ClientError::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// The HTTP status, where the server gave a problem.
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The problem's word for programs, such as `stage_conflict`; empty where there is none.
    pub fn code(&self) -> &str {
        self.problem().map_or("", |problem| problem.code.as_str())
    }

    /// Whether the server was not reached or did not answer, so that the same call may work later.
    pub fn is_offline(&self) -> bool {
        matches!(self, ClientError::Offline { .. } | ClientError::Timeout { .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.is_offline() || self.problem().is_some_and(|problem| problem.retryable)
    }
}

/// An error and its causes, from the outside in, without the address (which the caller names).
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let line = error.to_string();
        if !text.ends_with(&line) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&line);
        }
        next = error.source();
    }
    text
}

fn problem_text(problem: &Problem) -> String {
    let mut text = if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() };
    for error in &problem.errors {
        // A problem with one fault has it in its detail already.
        if text.contains(&error.detail) {
            continue;
        }
        let _ = match error.column {
            Some(column) => write!(text, "\n  {} column {column}: {}", error.pointer, error.detail),
            None => write!(text, "\n  {}: {}", error.pointer, error.detail),
        };
    }
    for change in &problem.changed {
        let _ = write!(text, "\n  {} changed by {} at {}", change.pointer, change.by, change.at);
    }
    text
}
