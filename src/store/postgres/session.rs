//! One connection: prepared statements, transactions, and what went wrong in the running one.

use std::collections::HashMap;
use std::io::Write as _;

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::super::error::StoreError;
use super::super::row::Row;
use super::super::tx::Purpose;
use super::super::value::{self, Value};
use super::refusal::Trouble;

/// Prepared statements kept for each connection.
const STATEMENTS_KEPT_MAX: usize = 512;

/// Whether rows that a decision rests on are locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub enum Locks {
    /// They are.
    #[default]
    Taken,
    /// They are not: wrong on purpose, so that the test which looks for reviews claimed twice can be seen to fail.
    LeftOut,
}

/// A connection.
pub(in crate::store) struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    trouble: Option<Trouble>,
    locks: Locks,
    is_spent: bool,
}

impl Session {
    /// Wraps a connection.
    pub(super) fn new(client: Client) -> Session {
        Session { client, statements: HashMap::new(), trouble: None, locks: Locks::Taken, is_spent: false }
    }

    /// The same connection with row locks, or without.
    pub(super) fn with_locks(self, locks: Locks) -> Session {
        Session { locks, ..self }
    }

    /// Whether row locks are taken.
    pub(in crate::store) fn locks(&self) -> Locks {
        self.locks
    }

    /// Waits until no other transaction has this turn, and has it until the running one ends.
    pub(in crate::store) fn take_turn(&mut self, name: &str) -> Result<(), StoreError> {
        self.each("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[name.into()], |_| Ok(()))
    }

    /// The connection itself, for what is no transaction.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Whether another connection may do better: this one was begun while the server took no changes, or is broken.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent || self.client.is_closed()
    }

    /// Begins a transaction; one that reads sees one snapshot.
    pub(in crate::store) fn begin(&mut self, purpose: Purpose) -> Result<(), StoreError> {
        self.trouble = None;
        self.step(match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write | Purpose::Rehearse => "BEGIN ISOLATION LEVEL READ COMMITTED",
        })
    }

    /// Ends the transaction for good.
    ///
    /// # Errors
    /// Where it was not written, or where that cannot be known.
    pub(in crate::store) fn commit(&mut self) -> Result<(), StoreError> {
        self.step("COMMIT")
    }

    /// Undoes the transaction.
    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        self.step("ROLLBACK")
    }

    /// Runs statements without arguments.
    pub(in crate::store) fn step(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self.client.batch_execute(sql);
        done.map_err(|error| self.note(&error, sql))
    }

    /// Runs a statement and hands each row of its answer to `read`.
    pub(in crate::store) fn each(
        &mut self,
        sql: &str,
        params: &[Value],
        mut read: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.prepare(sql, params)?;
        let refused = match self.client.query_raw(&statement, params) {
            Ok(mut rows) => loop {
                match rows.next() {
                    Ok(Some(row)) => read(&Row::Postgres(&row))?,
                    Ok(None) => return Ok(()),
                    Err(error) => break error,
                }
            },
            Err(error) => error,
        };
        Err(self.note(&refused, sql))
    }

    /// Runs a statement that answers no rows; gives the number of rows it touched.
    pub(in crate::store) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql, params)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let done = self.client.execute(&statement, &params);
        done.map_err(|error| self.note(&error, sql))
    }

    /// Sends rows to a `COPY … FROM STDIN`; gives their number. All of them are kept, or none.
    pub(in crate::store) fn copy_in(&mut self, sql: &str, rows: &[u8]) -> Result<u64, StoreError> {
        let failed = |error: postgres::Error| Trouble::of(&error, sql).into_error();
        let mut writer = self.client.copy_in(sql).map_err(failed)?;
        writer.write_all(rows).map_err(|error| StoreError::of_files(&error, sql))?;
        writer.finish().map_err(failed)
    }

    /// Notes that the use case lost a race that it would not lose again.
    pub(in crate::store) fn raced(&mut self, error: &StoreError) {
        self.trouble.get_or_insert(Trouble::Again(error.clone()));
    }

    /// What went wrong first in the running transaction.
    pub(super) fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    fn prepare(&mut self, sql: &str, params: &[Value]) -> Result<Statement, StoreError> {
        value::check(params, sql)?;
        let known = self.statements.get(sql).cloned();
        let statement = known.map_or_else(|| self.prepare_anew(sql), Ok)?;
        if statement.params().len() != params.len() {
            let (wanted, given) = (statement.params().len(), params.len());
            return Err(StoreError::Internal(format!("{given} arguments for {wanted} in: {sql}")));
        }
        Ok(statement)
    }

    fn prepare_anew(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if self.statements.len() >= STATEMENTS_KEPT_MAX {
            self.statements.clear();
        }
        let made = self.client.prepare(sql).map_err(|error| self.note(&error, sql))?;
        self.statements.insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Remembers the first error: those that follow in an aborted transaction say nothing.
    fn note(&mut self, error: &postgres::Error, doing: &str) -> StoreError {
        let trouble = Trouble::of(error, doing);
        // A connection keeps what it was told of reading only when it was made, and a standby may have taken over.
        self.is_spent |= error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
        let known = self.trouble.get_or_insert_with(|| trouble.clone());
        if matches!(trouble, Trouble::Lost(_)) {
            *known = trouble.clone();
        }
        trouble.into_error()
    }
}
