//! Work to be done after a commit: taken under a lease, so that what a crash leaves behind is taken again.

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use crate::domain::id::JobId;
use crate::domain::time::Timestamp;

/// How often a job is tried before it is given up; more often than the policy lets a package bring its checks down.
pub const ATTEMPTS_MAX: i64 = 5;
/// How long after a failure a job is tried again; each further failure doubles it.
const RETRY_AFTER_MS: i64 = 2_000;

/// One job in the hands of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is to be done, such as `check`.
    pub kind: String,
    /// What it is to be done to.
    pub subject_id: String,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// Why it failed the last time; empty before that.
    pub last_error: String,
}

/// How many jobs stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting for a worker.
    pub waiting: i64,
    /// In a worker's hands.
    pub running: i64,
    /// Given up.
    pub failed: i64,
}

/// What became of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is tried again at this time.
    Again(Timestamp),
    /// It was tried often enough.
    GivenUp,
    /// It was not this worker's any more.
    NotYours,
}

const COLUMNS: &str = "id, kind, subject_id, attempts, last_error";

/// Adds a job that may be taken from `run_after` on.
pub fn enqueue(tx: &mut Tx, id: JobId, kind: &str, subject_id: &str, run_after: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO jobs (id, kind, subject_id, state, run_after_ms, worker, lease_until_ms, attempts, \
               last_error, created_ms) VALUES ($1, $2, $3, 'waiting', $4, '', NULL, 0, '', $5)";
    tx.execute(sql, &[id.into(), kind.into(), subject_id.into(), run_after.into(), run_after.into()]).map(drop)
}

/// Takes the job that has waited longest, or one whose worker let its lease lapse.
///
/// A job that lapsed for the last time it may be tried is given up on the way.
pub fn take(tx: &mut Tx, worker: &str, now: Timestamp, lease_ms: i64) -> Result<Option<Job>, StoreError> {
    give_up_lapsed(tx, now)?;
    let lock = tx.dialect().row_lock_or_skip();
    let lapsed = format!(
        "SELECT id FROM jobs WHERE state = 'running' AND lease_until_ms <= $1 ORDER BY lease_until_ms, id LIMIT 1{lock}"
    );
    let waiting = format!(
        "SELECT id FROM jobs WHERE state = 'waiting' AND run_after_ms <= $1 ORDER BY run_after_ms, id LIMIT 1{lock}"
    );
    let found = match tx.query_one::<String>(&lapsed, &[now.into()])? {
        Some(id) => Some(id),
        None => tx.query_one::<String>(&waiting, &[now.into()])?,
    };
    let Some(id) = found else { return Ok(None) };
    let sql = format!(
        "UPDATE jobs SET state = 'running', worker = $1, lease_until_ms = $2, attempts = attempts + 1 \
         WHERE id = $3 RETURNING {COLUMNS}"
    );
    tx.query_one(&sql, &[worker.into(), now.plus_ms(lease_ms).into(), id.into()])
}

/// When the next job can be taken, where nothing is taken before.
pub fn next_at(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due) FROM (SELECT min(run_after_ms) AS due FROM jobs WHERE state = 'waiting' \
               UNION ALL SELECT min(lease_until_ms) AS due FROM jobs WHERE state = 'running') AS dues";
    Ok(tx.query_one::<Option<i64>>(sql, &[])?.flatten().map(Timestamp::from_ms))
}

/// Prolongs a lease; false where the job is not this worker's any more.
pub fn heartbeat(tx: &mut Tx, id: JobId, worker: &str, lease_until: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE jobs SET lease_until_ms = $1 WHERE id = $2 AND worker = $3 AND state = 'running'";
    Ok(tx.execute(sql, &[lease_until.into(), id.into(), worker.into()])? == 1)
}

/// Removes a job that is done; false where it is not this worker's any more, and its results must not be kept.
pub fn finish(tx: &mut Tx, id: JobId, worker: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM jobs WHERE id = $1 AND worker = $2 AND state = 'running'";
    Ok(tx.execute(sql, &[id.into(), worker.into()])? == 1)
}

/// Gives a job back untried, as a worker does that is told to stop.
pub fn give_back(tx: &mut Tx, id: JobId, worker: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE jobs SET state = 'waiting', worker = '', lease_until_ms = NULL, attempts = attempts - 1 \
               WHERE id = $1 AND worker = $2 AND state = 'running'";
    Ok(tx.execute(sql, &[id.into(), worker.into()])? == 1)
}

/// Gives a job back after a failure, to be tried later, or gives it up.
pub fn fail(tx: &mut Tx, id: JobId, worker: &str, error: &str, now: Timestamp) -> Result<AfterFailure, StoreError> {
    let lock = tx.row_lock();
    let tried = format!("SELECT attempts FROM jobs WHERE id = $1 AND worker = $2 AND state = 'running'{lock}");
    let Some(attempts) = tx.query_one::<i64>(&tried, &[id.into(), worker.into()])? else {
        return Ok(AfterFailure::NotYours);
    };
    let again_at = now.plus_ms(RETRY_AFTER_MS << attempts.clamp(1, ATTEMPTS_MAX));
    let (state, became) = if attempts >= ATTEMPTS_MAX {
        ("failed", AfterFailure::GivenUp)
    } else {
        ("waiting", AfterFailure::Again(again_at))
    };
    let sql = "UPDATE jobs SET state = $1, worker = '', lease_until_ms = NULL, run_after_ms = $2, last_error = $3 \
               WHERE id = $4";
    tx.execute(sql, &[state.into(), again_at.into(), error.into(), id.into()])?;
    Ok(became)
}

/// Removes what is still to be done to a subject, as after a withdrawal.
pub fn forget_subject(tx: &mut Tx, kind: &str, subject_id: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM jobs WHERE kind = $1 AND subject_id = $2", &[kind.into(), subject_id.into()])
}

/// How many jobs stand where.
pub fn counts(tx: &mut Tx) -> Result<JobCounts, StoreError> {
    let mut counts = JobCounts::default();
    tx.each("SELECT state, count(*) FROM jobs GROUP BY state", &[], |row| {
        let number = row.integer(1)?;
        match row.str(0)? {
            "waiting" => counts.waiting = number,
            "running" => counts.running = number,
            "failed" => counts.failed = number,
            other => return Err(StoreError::Corrupt(format!("a job has the state {other:?}"))),
        }
        Ok(())
    })?;
    Ok(counts)
}

fn give_up_lapsed(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET state = 'failed', worker = '', lease_until_ms = NULL, \
               last_error = 'its worker went away while it ran' \
               WHERE state = 'running' AND lease_until_ms <= $1 AND attempts >= $2";
    tx.execute(sql, &[now.into(), ATTEMPTS_MAX.into()]).map(drop)
}

impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Job, StoreError> {
        Ok(Job {
            id: row.parsed(0)?,
            kind: row.text(1)?,
            subject_id: row.text(2)?,
            attempts: row.integer(3)?,
            last_error: row.text(4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::scratch;
    use super::*;
    use crate::domain::id::Entropy;

    const LEASE: i64 = 1_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn a_job_left_by_a_crash_is_taken_again_and_in_the_end_given_up() {
        let scratch = scratch();
        let id = JobId::mint(at(1), &mut Entropy::from_seed([1; 32]));
        scratch.tx(|tx| enqueue(tx, id, "check", "r", at(100))).unwrap();
        let take_at = |ms| scratch.tx(|tx| take(tx, &format!("w{ms}"), at(ms), LEASE)).unwrap();
        assert_eq!(take_at(99), None);
        assert_eq!(take_at(100).map(|job| job.attempts), Some(1));
        assert_eq!(take_at(1_099), None);
        assert_eq!(scratch.read(next_at).unwrap(), Some(at(1_100)));
        assert_eq!(take_at(1_100).map(|job| job.attempts), Some(2));
        assert!(!scratch.tx(|tx| finish(tx, id, "w100")).unwrap(), "the first worker came too late");
        for attempt in 3..=ATTEMPTS_MAX {
            assert_eq!(take_at(attempt * 10_000).map(|job| job.attempts), Some(attempt));
        }
        assert_eq!(take_at(900_000), None);
        let counts = scratch.read(counts).unwrap();
        assert_eq!(counts, JobCounts { failed: 1, ..JobCounts::default() });
    }

    #[test]
    fn failures_are_tried_again_later_and_what_is_given_back_does_not_count() {
        let scratch = scratch();
        let id = JobId::mint(at(1), &mut Entropy::from_seed([1; 32]));
        scratch.tx(|tx| enqueue(tx, id, "check", "r", at(0))).unwrap();
        let mut now = at(0);
        for attempt in 1..=ATTEMPTS_MAX {
            scratch.tx(|tx| take(tx, "w", now, LEASE)).unwrap().unwrap();
            assert!(scratch.tx(|tx| give_back(tx, id, "w")).unwrap());
            let job = scratch.tx(|tx| take(tx, "w", now, LEASE)).unwrap().unwrap();
            assert_eq!(job.attempts, attempt);
            assert!(scratch.tx(|tx| heartbeat(tx, id, "w", now.plus_ms(LEASE))).unwrap());
            match scratch.tx(|tx| fail(tx, id, "w", "no", now)).unwrap() {
                AfterFailure::Again(later) => {
                    assert!(later > now && attempt < ATTEMPTS_MAX);
                    assert_eq!(scratch.tx(|tx| take(tx, "w", later.plus_ms(-1), LEASE)).unwrap(), None);
                    now = later;
                }
                became => assert_eq!((became, attempt), (AfterFailure::GivenUp, ATTEMPTS_MAX)),
            }
        }
        assert_eq!(scratch.tx(|tx| fail(tx, id, "w", "no", now)).unwrap(), AfterFailure::NotYours);
        assert_eq!(scratch.tx(|tx| forget_subject(tx, "check", "r")).unwrap(), 1);
    }
}
