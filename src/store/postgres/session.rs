//! One connection: prepared statements, transactions, and what went wrong in the running one.

use std::collections::HashMap;

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::super::error::StoreError;
use super::super::row::Row;
use super::super::tx::Purpose;
use super::super::value::Value;
use super::refusal::Trouble;

/// Prepared statements kept for each connection.
const STATEMENTS_KEPT_MAX: usize = 512;

/// A connection.
pub(in crate::store) struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    trouble: Option<Trouble>,
}

impl Session {
    /// Wraps a connection.
    pub(super) fn new(client: Client) -> Session {
        Session { client, statements: HashMap::new(), trouble: None }
    }

    /// The connection itself, for what is no transaction.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
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

    /// Notes that the use case lost a race that it would not lose again.
    pub(in crate::store) fn raced(&mut self, error: &StoreError) {
        self.trouble.get_or_insert(Trouble::Again(error.clone()));
    }

    /// What went wrong first in the running transaction.
    pub(super) fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    fn prepare(&mut self, sql: &str, params: &[Value]) -> Result<Statement, StoreError> {
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
        let known = self.trouble.get_or_insert_with(|| trouble.clone());
        if matches!(trouble, Trouble::Lost(_)) {
            *known = trouble.clone();
        }
        trouble.into_error()
    }
}
