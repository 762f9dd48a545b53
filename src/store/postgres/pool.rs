//! The threads that run transactions: one connection each, made anew when it breaks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::address::PostgresUrl;
use super::connect::connect;
use super::fate::{self, Fate};
use super::listen::raise;
use super::refusal::Trouble;
use super::session::{Locks, Session};
use crate::domain::audit::AuditKey;
use crate::store::clock;
use crate::store::error::StoreError;
use crate::store::inbox::{Attendance, Inbox};
use crate::store::job::{Job, Verdict};
use crate::store::log::Logged;
use crate::store::sqlite::Counters;
use crate::store::tx::{Purpose, Tx};
use crate::store::value::Value;

/// How often a transaction is run at most: others may be faster, and connections may break.
const RUNS_MAX: u32 = 8;
/// How often where a rule of the schema refuses a row: once more, to see what the faster transaction did.
const RUNS_REFUSED_MAX: u32 = 2;
/// The first pause before a transaction is run again; it grows with each run.
const PAUSE: Duration = Duration::from_millis(2);
/// The first pause between attempts to connect, and the longest.
const REST: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(5);

/// For how long the database is asked what became of a transaction whose commit was not answered.
const INQUIRY: Duration = Duration::from_secs(3);
/// The pause between two such questions.
const INQUIRE_AGAIN: Duration = Duration::from_millis(50);

/// What a thread of the pool has in hand.
pub(in crate::store) struct Worker {
    pub number: u32,
    pub url: Arc<PostgresUrl>,
    pub channel: String,
    pub key: AuditKey,
    pub inbox: Arc<Inbox>,
    pub counters: Arc<Counters>,
    pub newest_event: watch::Sender<i64>,
    pub locks: Locks,
}

/// A pause between attempts to connect, which doubles each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    failures: u32,
    until: Option<Instant>,
}

/// The worker's connection, where there is one.
struct Line {
    session: Option<Session>,
    rest: Rest,
    last_refusal: String,
}

/// What became of one run of a closure.
enum Ended {
    /// For good.
    Done(Verdict),
    /// It can be run again.
    Again(StoreError),
    /// It can be run again, on another connection.
    Lost(StoreError),
    /// The connection broke while it was being committed: it may be written or not.
    Unsure(Logged, StoreError),
    /// It failed, or what became of it cannot be known.
    Failed(StoreError),
}

impl Worker {
    /// Answers one after the other until the inbox is closed and empty.
    pub(in crate::store) fn run(self) {
        let _attendance = Attendance(&self.inbox);
        let mut line = Line { session: None, rest: Rest::default(), last_refusal: String::new() };
        while let Some(jobs) = self.inbox.take(1) {
            for mut job in jobs {
                let connected = line.session.is_some();
                let trouble = self.counters.busy_with(|| self.carry(&mut line, job.as_mut())).err();
                self.counters.reconnected(connected, line.session.is_some());
                job.answer(trouble);
            }
        }
    }

    /// Runs a closure, and again where another transaction was in the way or the connection broke before the commit.
    fn carry(&self, line: &mut Line, job: &mut dyn Job) -> Result<(), StoreError> {
        let mut runs = 0;
        loop {
            runs += 1;
            let session = line.obtain(&self.url, self.locks)?;
            let ended = self.run_once(session, job, runs);
            if matches!(ended, Ended::Lost(_) | Ended::Unsure(..)) || session.is_spent() {
                line.session = None;
            }
            let ended = match ended {
                Ended::Unsure(logged, error) => self.inquire(line, logged, error),
                sure => sure,
            };
            match ended {
                Ended::Done(verdict) => {
                    self.count(job.purpose(), verdict);
                    return Ok(());
                }
                Ended::Failed(error) | Ended::Unsure(_, error) => {
                    self.count(job.purpose(), Verdict::Undo);
                    return Err(error);
                }
                Ended::Again(error) | Ended::Lost(error) if runs >= runs_max(&error) => {
                    tracing::warn!(%error, runs, "a transaction is given up");
                    self.count(job.purpose(), Verdict::Undo);
                    return Err(error);
                }
                Ended::Again(error) | Ended::Lost(error) => {
                    tracing::debug!(%error, runs, "a transaction is run again");
                    job.forget();
                    std::thread::sleep(PAUSE * (1 << runs.min(6)) / (1 + (self.number + runs) % 3));
                }
            }
        }
    }

    fn run_once(&self, session: &mut Session, job: &mut dyn Job, runs: u32) -> Ended {
        let purpose = job.purpose();
        session.begin(purpose);
        if let Err(error) = self.take_turns(session, runs) {
            return sorted(session.take_trouble(), error);
        }
        let verdict = job.run(&mut Tx::on_postgres(session, &self.key, purpose), clock());
        let verdict = match session.take_trouble() {
            None => verdict,
            Some(trouble) => {
                // A transaction in which a statement failed is dead, whatever the closure made of it.
                let undone = session.roll_back();
                return match trouble {
                    Trouble::Again(error) => Ended::Again(error),
                    Trouble::Lost(error) => Ended::Lost(error),
                    Trouble::Refused(_) if verdict == Verdict::Undo && undone.is_ok() => Ended::Done(verdict),
                    Trouble::Refused(error) => Ended::Failed(error),
                };
            }
        };
        match verdict {
            Verdict::Undo => {
                // Undone it is in any case; a broken connection is noticed by the next transaction.
                drop(session.roll_back());
                Ended::Done(verdict)
            }
            Verdict::Keep(logged) => self.commit(session, logged),
        }
    }

    /// Those that were in each other's way run one after the other from the second time on, or they would be again.
    fn take_turns(&self, session: &mut Session, runs: u32) -> Result<(), StoreError> {
        if runs == 1 {
            return Ok(());
        }
        session.each("SELECT pg_advisory_xact_lock(hashtext($1))", &[self.channel.as_str().into()], |_| Ok(()))
    }

    fn commit(&self, session: &mut Session, logged: Logged) -> Ended {
        if let Some(number) = logged.newest_event {
            let told = session.each("SELECT pg_notify($1, $2)", &notice(&self.channel, number), |_| Ok(()));
            if let Err(error) = told {
                let trouble = session.take_trouble();
                drop(session.roll_back());
                return sorted(trouble, error);
            }
        }
        match session.commit() {
            Ok(()) => self.written(logged),
            Err(error) => match session.take_trouble() {
                Some(Trouble::Again(error)) => Ended::Again(error),
                Some(Trouble::Lost(error)) => Ended::Unsure(logged, error),
                _ => Ended::Failed(error),
            },
        }
    }

    fn written(&self, logged: Logged) -> Ended {
        if let Some(number) = logged.newest_event {
            raise(&self.newest_event, number);
        }
        Ended::Done(Verdict::Keep(logged))
    }

    /// Finds out over another connection what became of a transaction whose commit was not answered. One that left
    /// nothing in the log (only the server's own small writes are such) is not looked for.
    fn inquire(&self, line: &mut Line, logged: Logged, error: StoreError) -> Ended {
        let unsure = || Ended::Failed(StoreError::Unsure(error.to_string()));
        let Some(entry) = logged.newest_entry else { return unsure() };
        let until = Instant::now() + INQUIRY;
        loop {
            let fate = line.obtain(&self.url, self.locks).and_then(|session| fate::of(session, &entry));
            match fate {
                Ok(Fate::Written) => return self.written(logged),
                Ok(Fate::Undone) => return Ended::Lost(error),
                Err(again) => {
                    tracing::debug!(error = %again, "what became of a transaction is not known yet");
                    if line.session.as_ref().is_some_and(Session::is_spent) {
                        line.session = None;
                    }
                }
            }
            if Instant::now() >= until {
                tracing::error!(%error, "a transaction may be written or not: the database does not say");
                return unsure();
            }
            std::thread::sleep(INQUIRE_AGAIN);
        }
    }

    fn count(&self, purpose: Purpose, verdict: Verdict) {
        let counters = &self.counters;
        match (purpose, verdict) {
            (Purpose::Read, _) => counters.reads.fetch_add(1, Ordering::Relaxed),
            (_, Verdict::Keep(_)) => {
                counters.batches.fetch_add(1, Ordering::Relaxed);
                counters.writes.fetch_add(1, Ordering::Relaxed)
            }
            (_, Verdict::Undo) => counters.undone.fetch_add(1, Ordering::Relaxed),
        };
    }
}

impl Line {
    /// The connection, made anew where there is none; while a failed attempt is fresh, nobody has to wait for another.
    fn obtain(&mut self, url: &PostgresUrl, locks: Locks) -> Result<&mut Session, StoreError> {
        if self.session.is_none() {
            if !self.rest.is_over() {
                return Err(StoreError::Unavailable(self.last_refusal.clone()));
            }
            match connect(url) {
                Ok(session) => {
                    self.rest = Rest::default();
                    self.session = Some(session.with_locks(locks));
                }
                Err(refused) => {
                    self.rest.lengthen();
                    self.last_refusal = format!("{url} cannot be reached: {}; {}", refused.what, refused.cure);
                    tracing::error!(database = %url, reason = %refused.what, cure = refused.cure, "no connection");
                }
            }
        }
        self.session.as_mut().ok_or_else(|| StoreError::Unavailable(self.last_refusal.clone()))
    }
}

impl Rest {
    /// Whether the next attempt may be made.
    pub(super) fn is_over(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    /// Begins the next pause, twice as long as the last.
    pub(super) fn lengthen(&mut self) {
        let pause = REST.start().saturating_mul(1 << self.failures.min(10)).min(*REST.end());
        self.failures += 1;
        self.until = Some(Instant::now() + pause);
    }
}

fn runs_max(error: &StoreError) -> u32 {
    if matches!(error, StoreError::Constraint(_)) { RUNS_REFUSED_MAX } else { RUNS_MAX }
}

fn sorted(trouble: Option<Trouble>, error: StoreError) -> Ended {
    match trouble {
        Some(Trouble::Again(error)) => Ended::Again(error),
        Some(Trouble::Lost(error)) => Ended::Lost(error),
        _ => Ended::Failed(error),
    }
}

fn notice(channel: &str, number: i64) -> [Value; 2] {
    [channel.into(), number.to_string().into()]
}
