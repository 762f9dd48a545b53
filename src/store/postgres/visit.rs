//! A look at a database that changes nothing in it, not even its schema.

use super::address::PostgresUrl;
use super::connect::connect;
use super::open::{check_ours, check_server};
use super::session::Session;
use crate::store::error::OpenError;

/// Connects to a database that holds a marketplace; gives the connection and the number of its schema.
///
/// Only on a thread that runs no async code.
///
/// # Errors
/// [`OpenError`] where there is none, or none that this program knows.
pub(in crate::store) fn visit(url: &PostgresUrl) -> Result<(Session, i64), OpenError> {
    let refuse = |what: String, cure| OpenError::Postgres { database: url.to_string(), what, cure };
    let mut session = connect(url).map_err(|refused| refuse(refused.what, refused.cure))?;
    check_server(&mut session, url)?;
    // Looking at every row may take longer than a request may.
    let failed = |source| OpenError::Database { path: url.to_string().into(), source };
    session.step("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0").map_err(failed)?;
    match check_ours(&mut session, url)? {
        0 => Err(refuse("there is no marketplace in it".to_owned(), "correct the URL; `skydeck serve` makes one")),
        applied => Ok((session, applied)),
    }
}
