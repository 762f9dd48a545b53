//! One connection: prepared statements, transactions, and what went wrong in the running one.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

use super::super::error::StoreError;
use super::super::row::Row;
use super::super::tx::Purpose;
use super::super::value::{self, Value};
use super::refusal::Trouble;
use super::wire::{Asked, Wire};

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
    wire: Wire,
    statements: HashMap<String, Statement>,
    trouble: Option<Trouble>,
    locks: Locks,
    is_spent: bool,
    /// What begins the transaction; it is sent together with its first statement.
    begin: &'static str,
    /// Whether the running transaction only looks.
    looks: bool,
    /// Statements that will be asked for; they are sent together with the next one.
    foreseen: Vec<Foreseen>,
    /// Those that were sent, with their answers.
    answered: Vec<(Foreseen, Vec<tokio_postgres::Row>)>,
}

/// A statement that will be asked for.
#[derive(PartialEq)]
struct Foreseen {
    sql: String,
    params: Vec<Value>,
}

impl Session {
    /// Wraps a connection.
    pub(super) fn new(wire: Wire) -> Session {
        Session {
            wire,
            statements: HashMap::new(),
            trouble: None,
            locks: Locks::Taken,
            is_spent: false,
            begin: "",
            looks: false,
            foreseen: Vec::new(),
            answered: Vec::new(),
        }
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

    /// Whether another connection may do better: this one was begun while the server took no changes, or is broken.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent || self.wire.is_closed()
    }

    /// Begins a transaction; one that looks only sees one snapshot. It is sent with the first statement.
    pub(in crate::store) fn begin(&mut self, purpose: Purpose) {
        self.trouble = None;
        self.looks = purpose == Purpose::Read;
        self.foreseen.clear();
        self.answered.clear();
        self.begin = match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write | Purpose::Rehearse => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
    }

    /// Commits.
    pub(in crate::store) fn commit(&mut self) -> Result<(), StoreError> {
        if self.has_begun() { self.step("COMMIT") } else { Ok(()) }
    }

    /// Undoes everything since [`begin`](Session::begin); for one that only looked, nobody waits.
    pub(in crate::store) fn roll_back(&mut self) -> Result<(), StoreError> {
        self.foreseen.clear();
        self.answered.clear();
        if !self.has_begun() {
            return Ok(());
        }
        if self.looks && self.trouble.is_none() {
            self.wire.send("ROLLBACK");
            return Ok(());
        }
        self.step("ROLLBACK")
    }

    /// Runs statements without arguments.
    pub(in crate::store) fn step(&mut self, sql: &str) -> Result<(), StoreError> {
        let begin = std::mem::take(&mut self.begin);
        let done = if begin.is_empty() { self.wire.run(sql) } else { self.wire.run(&format!("{begin}; {sql}")) };
        done.map_err(|error| self.note(&error, sql))
    }

    /// Says that a statement will be asked for in this transaction that looks, so that it can be sent with another one.
    pub(in crate::store) fn foresee(&mut self, sql: &str, params: &[Value]) {
        if self.looks {
            self.foreseen.push(Foreseen { sql: sql.to_owned(), params: params.to_owned() });
        }
    }

    /// Runs a statement and hands each row of its answer to `read`.
    pub(in crate::store) fn each(
        &mut self,
        sql: &str,
        params: &[Value],
        mut read: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let is_this = |one: &Foreseen| one.sql == sql && one.params == params;
        if let Some(place) = self.answered.iter().position(|(one, _)| is_this(one)) {
            let (_, rows) = self.answered.swap_remove(place);
            return rows.iter().try_for_each(|row| read(&Row::Postgres(row)));
        }
        self.foreseen.retain(|one| !is_this(one));
        let statement = self.prepare(sql, params)?;
        let foreseen = std::mem::take(&mut self.foreseen);
        let prepared = foreseen.iter().map(|one| self.prepare(&one.sql, &one.params)).collect::<Result<Vec<_>, _>>()?;
        let ahead = prepared.iter().zip(&foreseen);
        let ahead: Vec<Asked> = ahead.map(|(statement, one)| Asked { statement, params: &one.params }).collect();
        let mut refused = None;
        let begin = std::mem::take(&mut self.begin);
        let asked = Asked { statement: &statement, params };
        let found = self.wire.query(begin, &ahead, &asked, |row| match read(&Row::Postgres(row)) {
            Ok(()) => true,
            Err(error) => {
                refused = Some(error);
                false
            }
        });
        let found = found.map_err(|error| self.note(&error, sql))?;
        self.answered.extend(foreseen.into_iter().zip(found));
        refused.map_or(Ok(()), Err)
    }

    /// Runs a statement that answers no rows; gives the number of rows it touched.
    pub(in crate::store) fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql, params)?;
        let begin = std::mem::take(&mut self.begin);
        let done = self.wire.execute(begin, &Asked { statement: &statement, params });
        done.map_err(|error| self.note(&error, sql))
    }

    /// Sends rows of the binary form to a `COPY … FROM STDIN`; gives their number.
    pub(in crate::store) fn copy_in(&mut self, sql: &str, rows: Vec<u8>) -> Result<u64, StoreError> {
        self.wire.copy_in(sql, rows).map_err(|error| Trouble::of(&error, sql).into_error())
    }

    /// What was told on the channels that this connection listens to, or nothing after `patience`.
    ///
    /// # Errors
    /// Where the connection broke.
    pub(super) fn hear(&mut self, patience: Duration) -> Result<Vec<String>, StoreError> {
        let heard = self.wire.hear(patience).map_err(|error| Trouble::of(&error, "listening").into_error())?;
        if self.wire.is_closed() {
            return Err(StoreError::Unavailable("the connection was closed".to_owned()));
        }
        Ok(heard)
    }

    /// Notes that the use case lost a race that it would not lose again.
    pub(in crate::store) fn raced(&mut self, error: &StoreError) {
        self.trouble.get_or_insert(Trouble::Again(error.clone()));
    }

    /// What went wrong first in the running transaction.
    pub(super) fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    /// Whether the transaction's begin was sent; afterwards it counts as not begun.
    fn has_begun(&mut self) -> bool {
        std::mem::take(&mut self.begin).is_empty()
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
        let made = self.wire.prepare(sql).map_err(|error| self.note(&error, sql))?;
        self.statements.insert(sql.to_owned(), made.clone());
        Ok(made)
    }

    /// Remembers the first error: those that follow in an aborted transaction say nothing.
    fn note(&mut self, error: &tokio_postgres::Error, doing: &str) -> StoreError {
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
