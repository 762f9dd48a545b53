//! One operation on stored code, tried a bounded number of times in bounded time, and counted.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use tokio::time::{Instant, sleep, timeout};

use super::super::error::StoreError;
use super::count::{BlobOp, BlobOutcome, Counts};
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::{
    BLOB_ATTEMPT_TIMEOUT_MS, BLOB_ATTEMPTS_MAX, BLOB_BACKOFF_MS, BLOB_CONNECT_TIMEOUT_MS, BLOB_OPERATION_TIMEOUT_MS,
};

/// How long code is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Attempts of one operation.
    pub attempts_max: u32,
    /// Time of one attempt.
    pub attempt_ms: u64,
    /// Time of all attempts of one operation, with the pauses between them.
    pub operation_ms: u64,
    /// The pause after the first attempt; each later one is twice as long.
    pub backoff_ms: u64,
    /// Time in which a connection has to be made.
    pub connect_ms: u64,
}

/// Why an attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing has that name.
    Missing,
    /// Other bytes came than were stored; the digest is theirs.
    Damaged(Sha256Digest),
    /// Another attempt may succeed.
    Passing(StoreError),
    /// Another attempt would fail alike.
    Lasting(StoreError),
}

/// The objects of a place, and what is counted of them.
#[derive(Clone)]
pub(super) struct Objects {
    pub store: Arc<dyn ObjectStore>,
    /// The place, for messages.
    pub place: Arc<str>,
    /// Whether a network is between.
    pub is_remote: bool,
    pub patience: Patience,
    pub counts: Arc<Counts>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            attempts_max: BLOB_ATTEMPTS_MAX,
            attempt_ms: BLOB_ATTEMPT_TIMEOUT_MS,
            operation_ms: BLOB_OPERATION_TIMEOUT_MS,
            backoff_ms: BLOB_BACKOFF_MS,
            connect_ms: BLOB_CONNECT_TIMEOUT_MS,
        }
    }
}

impl Failed {
    /// What the caller is told, where a missing object is no answer.
    pub fn into_error(self, missing: StoreError, damaged: impl FnOnce(Sha256Digest) -> StoreError) -> StoreError {
        match self {
            Failed::Missing => missing,
            Failed::Damaged(found) => damaged(found),
            Failed::Passing(error) | Failed::Lasting(error) => error,
        }
    }

    fn may_pass(&self) -> bool {
        matches!(self, Failed::Damaged(_) | Failed::Passing(_))
    }
}

impl Objects {
    /// Tries until it succeeds, until it cannot, or until the bounds are reached; gives what the last attempt gave.
    pub async fn attempt<T, F>(&self, op: BlobOp, work: impl Fn(Arc<dyn ObjectStore>) -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let Patience { attempts_max, attempt_ms, operation_ms, backoff_ms, .. } = self.patience;
        let end = Instant::now() + Duration::from_millis(operation_ms);
        let mut pause = Duration::from_millis(backoff_ms);
        let mut attempt = 1;
        loop {
            let left = end.saturating_duration_since(Instant::now()).min(Duration::from_millis(attempt_ms));
            let silent = |_| Err(Failed::Passing(self.silent(left)));
            let failed = match timeout(left, work(self.store.clone())).await.unwrap_or_else(silent) {
                Ok(value) => {
                    self.counts.add(op, BlobOutcome::Done);
                    return Ok(value);
                }
                Err(failed) => failed,
            };
            if let Failed::Damaged(found) = &failed {
                self.counts.add_mismatch();
                tracing::warn!(place = %self.place, ?op, %found, attempt, "the store of code gave other bytes than it was given");
            }
            if !failed.may_pass() || attempt >= attempts_max || Instant::now() + pause >= end {
                self.counts.add(op, outcome(&failed));
                return Err(failed);
            }
            self.counts.add_retry();
            sleep(jittered(pause)).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// An error of this place.
    pub fn trouble(&self, what: impl Into<String>, cure: &'static str) -> StoreError {
        StoreError::Blobs { place: self.place.to_string(), what: what.into(), cure }
    }

    fn silent(&self, waited: Duration) -> StoreError {
        let what = format!("it did not answer within {} ms", waited.as_millis());
        self.trouble(what, "check that it runs and can be reached from here")
    }
}

fn outcome(failed: &Failed) -> BlobOutcome {
    match failed {
        Failed::Missing => BlobOutcome::Missing,
        Failed::Damaged(_) => BlobOutcome::Damaged,
        Failed::Passing(_) | Failed::Lasting(_) => BlobOutcome::Failed,
    }
}

/// Between half of the pause and all of it, so that nodes do not knock at the same moment.
fn jittered(pause: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use object_store::memory::InMemory;

    use super::*;

    fn objects() -> Objects {
        Objects {
            store: Arc::new(InMemory::new()),
            place: "memory".into(),
            is_remote: true,
            patience: Patience { backoff_ms: 1, ..Patience::default() },
            counts: Arc::default(),
        }
    }

    /// Fails so many times before it succeeds; gives the outcome and how often it was tried.
    async fn tried(objects: &Objects, failures: u32, failed: Failed) -> (Result<(), Failed>, u32) {
        let tries = AtomicU32::new(0);
        let done = objects.attempt(BlobOp::Get, |_| {
            let fails = tries.fetch_add(1, Ordering::Relaxed) < failures;
            let failed = failed.clone();
            async move { if fails { Err(failed) } else { Ok(()) } }
        });
        (done.await, tries.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_so_often_and_no_more() {
        let objects = objects();
        let passing = Failed::Passing(objects.trouble("no", "wait"));
        assert_eq!(tried(&objects, BLOB_ATTEMPTS_MAX - 1, passing.clone()).await, (Ok(()), BLOB_ATTEMPTS_MAX));
        let given_up = tried(&objects, BLOB_ATTEMPTS_MAX, passing.clone()).await;
        assert_eq!(given_up, (Err(passing), BLOB_ATTEMPTS_MAX));
        let damaged = Failed::Damaged(Sha256Digest::of(b"x"));
        assert_eq!(tried(&objects, 1, damaged).await, (Ok(()), 2));
        let stats = objects.counts.stats();
        assert_eq!((stats.retries, stats.mismatches), (u64::from(2 * (BLOB_ATTEMPTS_MAX - 1)) + 1, 1));
        assert_eq!(stats.count(BlobOp::Get, BlobOutcome::Done), 2);
        assert_eq!(stats.count(BlobOp::Get, BlobOutcome::Failed), 1);
    }

    #[tokio::test]
    async fn what_lasts_is_tried_once() {
        let objects = objects();
        for failed in [Failed::Missing, Failed::Lasting(objects.trouble("no", "ask"))] {
            assert_eq!(tried(&objects, 1, failed.clone()).await, (Err(failed), 1));
        }
    }

    #[tokio::test]
    async fn silence_ends_after_the_time_of_an_attempt() {
        let patience = Patience { attempts_max: 2, attempt_ms: 5, backoff_ms: 1, ..Patience::default() };
        let objects = Objects { patience, ..objects() };
        let silent = objects.attempt(BlobOp::Get, |_| std::future::pending::<Result<(), Failed>>()).await;
        let Err(Failed::Passing(StoreError::Blobs { what, .. })) = silent else { panic!("{silent:?}") };
        assert_eq!(what, "it did not answer within 5 ms");
        assert_eq!(objects.counts.stats().retries, 1);
    }

    #[tokio::test]
    async fn an_operation_ends_with_its_time_whatever_attempts_are_left() {
        let patience = Patience { attempts_max: 1_000, attempt_ms: 1_000, operation_ms: 5, ..Patience::default() };
        let objects = Objects { patience, ..objects() };
        let silent = objects.attempt(BlobOp::Get, |_| std::future::pending::<Result<(), Failed>>()).await;
        assert!(matches!(silent, Err(Failed::Passing(_))), "{silent:?}");
        assert_eq!(objects.counts.stats().retries, 0);
    }
}
