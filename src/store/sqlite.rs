//! The embedded database: one thread that writes in groups, several that read, one connection each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::clock;
use super::error::StoreError;
use super::events;
use super::inbox::{Attendance, Inbox};
use super::job::{Job, Verdict};
use super::tx::{Purpose, Tx};
use crate::domain::audit::AuditKey;

/// Closures that one commit carries at most.
const BATCH_MAX: usize = 256;
/// How long a statement waits for a lock of another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Memory that a connection keeps pages of the file in, at most; pages far apart in a long queue fit.
const CACHE_KIB: i64 = 8 << 10;
/// Prepared statements kept for each connection.
const STATEMENTS_KEPT_MAX: usize = 256;
/// The same for the connection that writes, which keeps all that a group of transactions changes until they are
/// committed; beyond that, pages go into the log twice.
const WRITER_CACHE_KIB: i64 = 64 << 10;
/// Pages in the write-ahead log from which on it is written back into the file, where the file is small: a small disk
/// still has room for it.
const LOG_PAGES_LEAST: i64 = 2_000;
/// The same where the file is large. Between the two it is half of the file's pages: a page that was changed many times
/// meanwhile is written back once, and the more pages there are, the longer that takes to happen.
const LOG_PAGES_MOST: i64 = 16_000;
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
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Connections that run a transaction.
    pub busy: AtomicU64,
}

impl Counters {
    /// Counts a connection as busy while `work` is done.
    pub(super) fn busy_with<T>(&self, work: impl FnOnce() -> T) -> T {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.busy.fetch_sub(1, Ordering::Relaxed);
        done
    }

    /// Counts connections that came and went: whether there was one before, and whether there is one now.
    pub(super) fn reconnected(&self, before: bool, now: bool) {
        self.connections.fetch_add(u64::from(now), Ordering::Relaxed);
        self.connections.fetch_sub(u64::from(before), Ordering::Relaxed);
    }
}

/// What the thread that writes has in hand.
pub(super) struct Writer {
    pub path: PathBuf,
    /// None where the file has to be opened anew and could not be yet.
    pub connection: Option<Connection>,
    /// Where the threads that read take their closures from, and how many they are.
    pub reads: Arc<Inbox>,
    pub readers: usize,
    pub key: AuditKey,
    pub inbox: Arc<Inbox>,
    pub acknowledge: Acknowledge,
    pub counters: Arc<Counters>,
    pub newest_event: watch::Sender<i64>,
}

/// What a thread that reads has in hand.
pub(super) struct Reader {
    pub path: PathBuf,
    pub connection: Option<Connection>,
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
    // Not by SQLite itself after a commit, where nobody would hear that it failed.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    settle(connection)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    write_back(connection)
}

/// Writes everything in the write-ahead log into the file and empties the log.
///
/// Before anything new is written this has to be through: what a process left in the log whose disk failed it may be in
/// the system's memory only, where reading finds it and no later flush of the log touches it again. Copied into the file
/// it is written for good, and so is what comes after it.
pub(super) fn write_back(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
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
    // The thread that writes does this itself, and looks whether it succeeded.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    Ok(())
}

impl Writer {
    /// Commits group after group until the inbox is closed and empty.
    pub(super) fn run(mut self) {
        let inbox = self.inbox.clone();
        let _attendance = Attendance(&inbox);
        while let Some(jobs) = inbox.take(BATCH_MAX) {
            self.counters.clone().busy_with(|| self.commit_group(jobs));
            // A disk that is full or takes no changes flushes nothing either, and then reading goes on better as it is.
            if matches!(self.shorten_log(), Err(StoreError::Unavailable(_))) {
                self.connection = None;
            }
        }
        // Leaves one tidy file behind; where that fails, the next start reads the log.
        let Some(connection) = &self.connection else { return };
        let emptied = write_back(connection)
            .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the write-ahead log stays until the next start");
        }
    }

    /// Writes a long log back into the file, as far as nobody reads in it, so that it starts again from its beginning.
    ///
    /// # Errors
    /// Where the disk fails: then pages of the file may be in the system's memory only, as clean as if they were on the
    /// disk, and SQLite may have counted some of them as done. It has to forget what it counted: when all connections
    /// were closed, the whole log, which is on the disk, is written back again.
    fn shorten_log(&self) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let is_short = log_pages(connection).is_ok_and(|pages| {
            pages < LOG_PAGES_LEAST || file_pages(connection).is_ok_and(|file| pages < log_pages_max(file))
        });
        if is_short {
            return Ok(());
        }
        let written = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
        written.map_err(|error| {
            tracing::error!(%error, "the write-ahead log could not be written back");
            StoreError::of_sqlite(&error, "writing the log back")
        })
    }

    /// The connection; where the last one was given up, a new one is made while nobody else has one.
    fn connected(&mut self) -> Result<&Connection, StoreError> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let (path, key) = (&self.path, &self.key);
            let (connection, newest_event) = self.reads.hold_recess(self.readers, || reconnect_writing(path, key))?;
            // What a commit that failed had left in the log may have come back with it.
            self.newest_event.send_replace(newest_event);
            connection
        };
        Ok(self.connection.insert(connection))
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
        self.connected()?;
        let Some(connection) = &self.connection else { return Ok(()) };
        if !connection.is_autocommit() {
            step(connection, "ROLLBACK")?;
        }
        step(connection, "BEGIN IMMEDIATE")?;
        let ended = self.run_all(connection, jobs).and_then(|done| {
            if self.acknowledge == Acknowledge::BeforeCommit {
                std::thread::sleep(EARLY_BY);
            }
            step(connection, "COMMIT").map(|()| done).map_err(unsure)
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
                // Where the flush failed, this connection knows that nothing of it counts, and the next commit writes
                // over the same places of the log, so that nothing is believed that was flushed in vain.
                if !connection.is_autocommit() {
                    step(connection, "ROLLBACK")?;
                }
                Err(trouble)
            }
        }
    }

    fn run_all(&self, connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<Done, StoreError> {
        let mut done = Done { kept: 0, newest_event: None };
        for job in jobs {
            let verdict = in_savepoint(connection, &self.key, job.as_mut())?;
            if let Verdict::Keep(logged) = verdict {
                done.kept += 1;
                done.newest_event = logged.newest_event.or(done.newest_event);
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
    pub(super) fn run(mut self) {
        let inbox = self.inbox.clone();
        let _attendance = Attendance(&inbox);
        while let Some(jobs) = inbox.take(1) {
            if jobs.is_empty() {
                self.connection = None;
                inbox.sit_out();
            }
            let counters = self.counters.clone();
            for mut job in jobs {
                let trouble = counters.busy_with(|| self.look(job.as_mut())).err();
                job.answer(trouble);
                counters.reads.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn look(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect_reading(&self.path).map_err(|error| StoreError::of_sqlite(&error, "opening to read"))?,
        };
        let connection = self.connection.insert(connection);
        if !connection.is_autocommit() {
            step(connection, "ROLLBACK")?;
        }
        step(connection, "BEGIN DEFERRED")?;
        job.run(&mut Tx::new(connection, &self.key, Purpose::Read), clock());
        if connection.is_autocommit() { Ok(()) } else { step(connection, "ROLLBACK") }
    }
}

/// A commit whose flush failed is undone here; yet the log may hold all of it, and another process may find it there.
fn unsure(trouble: StoreError) -> StoreError {
    match trouble {
        StoreError::Unavailable(text) => StoreError::Unsure(text),
        other => other,
    }
}

/// Opens the connection that writes again, with everything on the disk; gives the newest event's number too.
fn reconnect_writing(path: &Path, key: &AuditKey) -> Result<(Connection, i64), StoreError> {
    let refused = |error: rusqlite::Error| StoreError::of_sqlite(&error, "opening the database again");
    let connection = connect_writing(path).map_err(refused)?;
    make_durable(&connection).map_err(refused)?;
    let newest_event = events::newest(&mut Tx::new(&connection, key, Purpose::Read))?;
    Ok((connection, newest_event))
}

/// How many pages the write-ahead log has.
fn log_pages(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?.query_row((), |row| row.get(1))
}

/// How many pages the database has.
fn file_pages(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA page_count")?.query_row((), |row| row.get(0))
}

/// How many pages the write-ahead log of a file of so many pages may have.
const fn log_pages_max(file: i64) -> i64 {
    let half = file / 2;
    if half < LOG_PAGES_LEAST {
        LOG_PAGES_LEAST
    } else if half > LOG_PAGES_MOST {
        LOG_PAGES_MOST
    } else {
        half
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

#[cfg(test)]
mod tests;
