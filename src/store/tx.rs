//! One transaction as a use case sees it: statements in, rows out, audit rows and events kept for the end.

use rusqlite::{CachedStatement, Connection};

use super::dialect::{self, Dialect};
use super::error::StoreError;
use super::events::NewEvent;
use super::postgres::{Locks, Session};
use super::row::{FromRow, Row};
use super::value::{self, Value};
use crate::domain::audit::{AuditEntry, AuditKey};

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Looking only.
    Read,
    /// Changing something.
    Write,
    /// Going through the same motions, and then undoing all of it.
    Rehearse,
}

/// A running transaction.
pub struct Tx<'c> {
    database: Database<'c>,
    key: &'c AuditKey,
    purpose: Purpose,
    entries: Vec<AuditEntry>,
    events: Vec<NewEvent>,
}

/// The connection behind a transaction.
enum Database<'c> {
    Sqlite(&'c Connection),
    Postgres(&'c mut Session),
}

impl Tx<'_> {
    /// Runs a statement and reads every row of its answer.
    ///
    /// `sql` numbers its arguments `$1`, `$2`, …; each of `params` has to be used.
    pub fn query<T: FromRow>(&mut self, sql: &str, params: &[Value]) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(sql, params, |row| {
            found.push(T::from_row(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Runs a statement and reads the first row of its answer, where there is one.
    pub fn query_one<T: FromRow>(&mut self, sql: &str, params: &[Value]) -> Result<Option<T>, StoreError> {
        let connection = match &mut self.database {
            Database::Sqlite(connection) => *connection,
            Database::Postgres(session) => {
                let mut first = None;
                session.each(sql, params, |row| {
                    if first.is_none() {
                        first = Some(T::from_row(row)?);
                    }
                    Ok(())
                })?;
                return Ok(first);
            }
        };
        let mut statement = prepare(connection, sql, params)?;
        let mut rows = statement.raw_query();
        match rows.next().map_err(|error| StoreError::of_sqlite(&error, sql))? {
            Some(row) => T::from_row(&Row::Sqlite(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Runs a statement and hands each row of its answer to `read`, without keeping them.
    pub fn each(
        &mut self,
        sql: &str,
        params: &[Value],
        mut read: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let connection = match &mut self.database {
            Database::Sqlite(connection) => *connection,
            Database::Postgres(session) => return session.each(sql, params, read),
        };
        let mut statement = prepare(connection, sql, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| StoreError::of_sqlite(&error, sql))? {
            read(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    /// Says that a statement will be asked for in this transaction; where it is a long way to the database, and nothing
    /// is changed, it is sent together with the next one.
    pub(super) fn foresee(&mut self, sql: &str, params: &[Value]) {
        if let Database::Postgres(session) = &mut self.database {
            session.foresee(sql, params);
        }
    }

    /// Runs a statement that answers no rows; gives the number of rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        if self.purpose == Purpose::Read {
            return Err(StoreError::Internal(format!("a statement that writes in a transaction that reads: {sql}")));
        }
        let connection = match &mut self.database {
            Database::Sqlite(connection) => *connection,
            Database::Postgres(session) => return session.execute(sql, params),
        };
        let mut statement = prepare(connection, sql, params)?;
        let touched = statement.raw_execute().map_err(|error| StoreError::of_sqlite(&error, sql))?;
        Ok(touched as u64)
    }

    /// Keeps an audit row for the end of the transaction, where it is numbered, chained and written.
    pub fn audit(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    /// Keeps a live event for the end of the transaction, where it is numbered and written.
    pub fn event(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// The secret of the audit chain.
    pub fn audit_key(&self) -> &AuditKey {
        self.key
    }

    /// What the transaction is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Which database it talks to.
    pub fn dialect(&self) -> Dialect {
        match self.database {
            Database::Sqlite(_) => Dialect::Sqlite,
            Database::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What ends a SELECT from one table whose rows a decision rests on; nothing where there is nothing to decide.
    pub(super) fn row_lock(&self) -> &'static str {
        if self.purpose == Purpose::Read || self.locks_left_out() { "" } else { self.dialect().row_lock() }
    }

    /// Whether row locks are left out on purpose, for the test that has to notice.
    pub(super) fn locks_left_out(&self) -> bool {
        matches!(&self.database, Database::Postgres(session) if session.locks() == Locks::LeftOut)
    }

    /// Waits for whoever changes something under the same name, until that is done; where one writes, nobody is.
    pub(super) fn take_turn(&mut self, name: &str) -> Result<(), StoreError> {
        match &mut self.database {
            Database::Postgres(session) if self.purpose != Purpose::Read => session.take_turn(name),
            _ => Ok(()),
        }
    }

    /// Refuses a row since another transaction was faster; where many write at once, the use case is run again and
    /// sees what the other one did.
    pub(super) fn raced(&mut self, what: &str) -> StoreError {
        let error = StoreError::Constraint(what.to_owned());
        if let Database::Postgres(session) = &mut self.database {
            session.raced(&error);
        }
        error
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection, key: &'c AuditKey, purpose: Purpose) -> Tx<'c> {
        Tx { database: Database::Sqlite(connection), key, purpose, entries: Vec::new(), events: Vec::new() }
    }

    pub(super) fn on_postgres(session: &'c mut Session, key: &'c AuditKey, purpose: Purpose) -> Tx<'c> {
        Tx { database: Database::Postgres(session), key, purpose, entries: Vec::new(), events: Vec::new() }
    }

    /// Takes out what was kept for the log.
    pub(super) fn take_kept(&mut self) -> (Vec<AuditEntry>, Vec<NewEvent>) {
        (std::mem::take(&mut self.entries), std::mem::take(&mut self.events))
    }
}

fn prepare<'s>(connection: &'s Connection, sql: &str, params: &[Value]) -> Result<CachedStatement<'s>, StoreError> {
    let refused = |error: rusqlite::Error| StoreError::of_sqlite(&error, sql);
    value::check(params, sql)?;
    let mut statement = connection.prepare_cached(&dialect::numbered(sql)).map_err(refused)?;
    if statement.parameter_count() != params.len() {
        let (wanted, given) = (statement.parameter_count(), params.len());
        return Err(StoreError::Internal(format!("{given} arguments for {wanted} in: {sql}")));
    }
    for (place, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(place + 1, value).map_err(refused)?;
    }
    Ok(statement)
}
