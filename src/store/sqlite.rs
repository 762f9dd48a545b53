//! The embedded database: one thread that writes in groups, several that read, one connection each.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::clock;
use super::error::StoreError;
use super::inbox::{Attendance, Inbox};
use super::job::{Job, Verdict};
use super::tx::{Purpose, Tx};
use crate::domain::audit::AuditKey;

/// Closures that one commit carries at most.
const BATCH_MAX: usize = 256;
/// How long a statement waits for a lock of another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection.
const STATEMENTS_KEPT_MAX: usize = 256;
/// How long an early acknowledgement runs ahead of its commit.
const EARLY_BY: Duration = Duration::from_millis(20);

/// When a write is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub enum Acknowledge {
    /// When it is on the disk.
    #[default]
    AfterCommit,
    /// Before: wrong on purpose, so that the test which kills servers can be seen to fail.
    BeforeCommit,
}

/// What was done since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Closures that read.
    pub reads: AtomicU64,
    /// Closures that were committed.
    pub writes: AtomicU64,
    /// Closures that were undone: refused, rehearsed or failed.
    pub undone: AtomicU64,
    /// Commits.
    pub batches: AtomicU64,
}

/// What the thread that writes has in hand.
pub(super) struct Writer {
    pub connection: Connection,
    pub key: AuditKey,
    pub inbox: Arc<Inbox>,
    pub acknowledge: Acknowledge,
    pub counters: Arc<Counters>,
    pub newest_event: watch::Sender<i64>,
}

/// What a thread that reads has in hand.
pub(super) struct Reader {
    pub connection: Connection,
    pub key: AuditKey,
    pub inbox: Arc<Inbox>,
    pub counters: Arc<Counters>,
}

/// Opens the connection that writes, and makes the file where there is none.
pub(super) fn connect_writing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Sets a connection that writes to be durable. Not before the file is known to be ours: this changes it.
pub(super) fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    settle(connection)
}

/// Opens a connection that can only read.
pub(super) fn connect_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    settle(&connection)?;
    Ok(connection)
}

/// What every connection is set to.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    // Without it a statement whose plan looked at an argument, as `LIMIT $2` makes it do, is compiled again at every run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    Ok(())
}

impl Writer {
    /// Commits group after group until the inbox is closed and empty.
    pub(super) fn run(mut self) {
        let inbox = self.inbox.clone();
        let _attendance = Attendance(&inbox);
        while let Some(jobs) = inbox.take(BATCH_MAX) {
            self.commit_group(jobs);
        }
        // Leaves one tidy file behind; where that fails, the next start reads the log.
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the write-ahead log stays until the next start");
        }
    }

    /// One commit for all; where that comes to nothing, each has one of its own and learns its own error.
    fn commit_group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let Err(trouble) = self.commit_together(&mut jobs) else {
            for job in &mut jobs {
                job.answer(None);
            }
            return;
        };
        tracing::warn!(%trouble, transactions = jobs.len(), "a group of transactions was not committed");
        if let [only] = jobs.as_mut_slice() {
            only.answer(Some(trouble));
            return;
        }
        for job in &mut jobs {
            job.forget();
            let ended = self.commit_together(std::slice::from_mut(job));
            job.answer(ended.err());
        }
    }

    fn commit_together(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        step(&self.connection, "BEGIN IMMEDIATE")?;
        let ended = self.run_all(jobs).and_then(|done| {
            if self.acknowledge == Acknowledge::BeforeCommit {
                std::thread::sleep(EARLY_BY);
            }
            step(&self.connection, "COMMIT").map(|()| done)
        });
        match ended {
            Ok(done) => {
                self.counters.writes.fetch_add(done.kept, Ordering::Relaxed);
                self.counters.undone.fetch_add(jobs.len() as u64 - done.kept, Ordering::Relaxed);
                self.counters.batches.fetch_add(1, Ordering::Relaxed);
                if let Some(newest) = done.newest_event {
                    self.newest_event.send_replace(newest);
                }
                Ok(())
            }
            Err(trouble) => {
                if !self.connection.is_autocommit() {
                    step(&self.connection, "ROLLBACK")?;
                }
                Err(trouble)
            }
        }
    }

    fn run_all(&self, jobs: &mut [Box<dyn Job>]) -> Result<Done, StoreError> {
        let mut done = Done { kept: 0, newest_event: None };
        for job in jobs {
            let verdict = in_savepoint(&self.connection, &self.key, job.as_mut())?;
            if let Verdict::Keep(newest_event) = verdict {
                done.kept += 1;
                done.newest_event = newest_event.or(done.newest_event);
            }
            if self.acknowledge == Acknowledge::BeforeCommit {
                job.answer(None);
            }
        }
        Ok(done)
    }
}

/// What became of a group.
struct Done {
    kept: u64,
    newest_event: Option<i64>,
}

impl Reader {
    /// Answers one after the other until the inbox is closed and empty.
    pub(super) fn run(self) {
        let _attendance = Attendance(&self.inbox);
        while let Some(jobs) = self.inbox.take(1) {
            for mut job in jobs {
                let trouble = self.look(job.as_mut()).err();
                job.answer(trouble);
                self.counters.reads.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn look(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        step(&self.connection, "BEGIN DEFERRED")?;
        job.run(&mut Tx::new(&self.connection, &self.key, Purpose::Read), clock());
        if self.connection.is_autocommit() { Ok(()) } else { step(&self.connection, "ROLLBACK") }
    }
}

/// Runs one closure in a savepoint of the open transaction, and undoes it alone where it has to be undone.
///
/// # Errors
/// Where the whole transaction is lost: some errors (a full disk among them) make SQLite roll back everything.
pub(super) fn in_savepoint(connection: &Connection, key: &AuditKey, job: &mut dyn Job) -> Result<Verdict, StoreError> {
    step(connection, "SAVEPOINT one")?;
    let verdict = job.run(&mut Tx::new(connection, key, job.purpose()), clock());
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the database gave up the whole transaction".to_owned()));
    }
    if verdict == Verdict::Undo {
        step(connection, "ROLLBACK TO one")?;
    }
    step(connection, "RELEASE one")?;
    Ok(verdict)
}

/// Runs a statement that begins or ends something.
pub(super) fn step(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let ended = connection.prepare_cached(sql).and_then(|mut statement| statement.raw_execute());
    ended.map(drop).map_err(|error| StoreError::of_sqlite(&error, sql))
}
