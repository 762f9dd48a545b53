//! A database that a marketplace is moved into: made ready by one program, and closed to servers until all of it is there.

use super::address::PostgresUrl;
use super::connect::connect;
use super::open::{TURN, apply, check_ours, check_server};
use super::session::Session;
use crate::store::error::{OpenError, StoreError};
use crate::store::migrations::MIGRATIONS;

use crate::domain::time::Timestamp;

/// The table that is there while a move is not finished.
pub(in crate::store) const UNFINISHED: &str = "unfinished_move";

/// What the connection is set to beside what all are: long statements may be long, and what was not yet written when the
/// machine stops is sent again.
const SETTINGS: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
     SET synchronous_commit = off";

/// Connects, makes the schema, and runs `claim` while no server can start; the connection keeps other moves out.
///
/// Only on a thread that runs no async code.
///
/// # Errors
/// [`OpenError`] where the database cannot be used or another move is at work; those of `claim`.
pub(in crate::store) fn receive<T, E: From<OpenError>>(
    url: &PostgresUrl,
    now: Timestamp,
    claim: impl FnOnce(&mut Session) -> Result<T, E>,
) -> Result<(Session, T), E> {
    let refuse = |what: String, cure| OpenError::Postgres { database: url.to_string(), what, cure };
    let failed = |source| OpenError::Database { path: url.to_string().into(), source };
    let mut session = connect(url).map_err(|refused| refuse(refused.what, refused.cure))?;
    let schema = check_server(&mut session, url)?;
    session.step(SETTINGS).map_err(failed)?;
    if !take_lock(&mut session, &schema).map_err(failed)? {
        let cure = "wait for it to end; if it was interrupted, its connection ends by itself within a minute";
        return Err(refuse("another migration into it is running".to_owned(), cure).into());
    }
    session.step(&format!("SELECT pg_advisory_lock({TURN})")).map_err(failed)?;
    let applied = check_ours(&mut session, url)?;
    for step in MIGRATIONS.iter().filter(|step| step.number > applied) {
        apply(&mut session, step, now).map_err(failed)?;
    }
    let claimed = claim(&mut session)?;
    session.step(&format!("SELECT pg_advisory_unlock({TURN})")).map_err(failed)?;
    Ok((session, claimed))
}

/// Refuses a database that half a marketplace was moved into.
///
/// # Errors
/// [`OpenError::Postgres`] with the cure.
pub(super) fn refuse_unfinished(session: &mut Session, url: &PostgresUrl) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database { path: url.to_string().into(), source };
    if !is_unfinished(session).map_err(failed)? {
        return Ok(());
    }
    Err(OpenError::Postgres {
        database: url.to_string(),
        what: "a marketplace is being moved into it, and not all of it is there yet".to_owned(),
        cure: "wait for `skydeck admin migrate`, or run it again to finish: it goes on where it stopped",
    })
}

/// Whether a move into it was begun and not finished.
pub(in crate::store) fn is_unfinished(session: &mut Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";
    let mut found = false;
    session.each(sql, &[UNFINISHED.into()], |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

fn take_lock(session: &mut Session, schema: &str) -> Result<bool, StoreError> {
    let mut taken = false;
    let sql = "SELECT CASE WHEN pg_try_advisory_lock(hashtext($1)) THEN 1 ELSE 0 END";
    session.each(sql, &[format!("skydeck moves into {schema}").into()], |row| {
        taken = row.flag(0)?;
        Ok(())
    })?;
    Ok(taken)
}
