//! What PostgreSQL refuses, sorted by what can be done about it.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::super::error::StoreError;

/// What a refusal means for the transaction it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another transaction was in the way; run again, this one may end well.
    Again(StoreError),
    /// The connection is gone, and the transaction with it.
    Lost(StoreError),
    /// It would be refused again.
    Refused(StoreError),
}

impl Trouble {
    /// Sorts an error; `doing` is the statement or step it came from.
    pub(super) fn of(error: &Error, doing: &str) -> Trouble {
        let Some(refusal) = error.as_db_error() else {
            let text = format!("{} (in: {doing})", told(error));
            let lost = error.is_closed() || has_source::<std::io::Error>(error);
            return if lost {
                Trouble::Lost(StoreError::Unavailable(text))
            } else {
                Trouble::Refused(StoreError::Internal(text))
            };
        };
        let state = refusal.code();
        let text = format!("{} (SQLSTATE {}, in: {doing})", refusal.message(), state.code());
        match state.code() {
            // A second row with the same key: the transaction that made the first is seen by the next attempt.
            "23505" => Trouble::Again(StoreError::Constraint(rule(refusal))),
            code if code.starts_with("23") => Trouble::Refused(StoreError::Constraint(rule(refusal))),
            "40001" | "40P01" => Trouble::Again(StoreError::Busy(text)),
            "55P03" | "57014" => Trouble::Refused(StoreError::Busy(text)),
            "53100" => Trouble::Refused(StoreError::Full(text)),
            "25006" | "42501" => Trouble::Refused(StoreError::ReadOnly(text)),
            "XX001" | "XX002" => Trouble::Refused(StoreError::Corrupt(text)),
            // The schema was changed under a prepared statement.
            "0A000" if refusal.message().contains("cached plan") => Trouble::Lost(StoreError::Busy(text)),
            code if ["57P", "08", "53", "25P03"].iter().any(|class| code.starts_with(class)) => {
                Trouble::Lost(StoreError::Unavailable(text))
            }
            _ => Trouble::Refused(StoreError::Internal(text)),
        }
    }

    /// The error alone.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Trouble::Again(error) | Trouble::Lost(error) | Trouble::Refused(error) => error,
        }
    }
}

/// Why no connection comes about, and what to do about it.
pub(super) fn of_connecting(error: &Error) -> (String, &'static str) {
    let what = told(error);
    let cure = match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "check the user and the password in the URL, and pg_hba.conf of the server"
        }
        Some(code) if *code == SqlState::UNDEFINED_DATABASE => {
            "create it first (createdb --encoding UTF8 NAME), or correct the name in the URL"
        }
        Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => {
            "raise max_connections of the server, or stop what else is connected"
        }
        Some(_) => "see the server's log",
        None if what.contains("does not support TLS") => {
            "turn TLS on at the server (ssl = on), or allow an open connection with ?sslmode=disable in the URL"
        }
        None if what.contains("TLS") || what.contains("certificate") => {
            "give the server a certificate that this machine trusts for its name (SSL_CERT_FILE names your own CA)"
        }
        None if what.contains("password missing") => "put the password into the URL",
        None => "check that it runs, and that host and port in the URL are right",
    };
    (what, cure)
}

/// The error with its reason; the driver's own text leaves that out.
fn told(error: &Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return refusal.message().to_owned();
    }
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(link) = next {
        let part = link.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = link.source();
    }
    text
}

/// The rule as `table.column`, without the values that broke it.
fn rule(refusal: &DbError) -> String {
    let table = refusal.table().unwrap_or("a table");
    let keys = refusal.detail().and_then(|detail| detail.strip_prefix("Key (")).and_then(|rest| rest.split_once(")="));
    let columns = keys.map(|(columns, _)| columns).or(refusal.column()).unwrap_or("?");
    let columns = columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
    format!("{} ({columns})", refusal.constraint().unwrap_or("not null"))
}

fn has_source<E: std::error::Error + 'static>(error: &Error) -> bool {
    let mut next = error.source();
    while let Some(link) = next {
        if link.is::<E>() {
            return true;
        }
        next = link.source();
    }
    false
}
