//! What was done to stored code since the start, by operation and outcome.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something done to a stored object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobOp {
    /// A code was stored.
    Put,
    /// A code was read.
    Get,
    /// It was asked whether a code is there.
    Look,
    /// Codes were listed.
    List,
    /// A code was removed.
    Delete,
    /// The place itself was tried out.
    Probe,
}

/// What came of it, after all attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobOutcome {
    /// It was done.
    Done,
    /// There was no such code.
    Missing,
    /// Other bytes came than were stored.
    Damaged,
    /// It could not be done.
    Failed,
}

/// The counts of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobStats {
    /// Operations by what was done and what came of it.
    pub operations: [[u64; BlobOutcome::ALL.len()]; BlobOp::ALL.len()],
    /// Bytes of code read and found right.
    pub bytes_read: u64,
    /// Bytes of code stored.
    pub bytes_written: u64,
    /// Attempts after the first one of an operation.
    pub retries: u64,
    /// Attempts in which other bytes came than were stored.
    pub mismatches: u64,
}

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Counts {
    operations: [[AtomicU64; BlobOutcome::ALL.len()]; BlobOp::ALL.len()],
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    retries: AtomicU64,
    mismatches: AtomicU64,
}

impl BlobOp {
    /// Every operation, in the order of its declaration.
    pub const ALL: [BlobOp; 6] = [BlobOp::Put, BlobOp::Get, BlobOp::Look, BlobOp::List, BlobOp::Delete, BlobOp::Probe];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            BlobOp::Put => "put",
            BlobOp::Get => "get",
            BlobOp::Look => "look",
            BlobOp::List => "list",
            BlobOp::Delete => "delete",
            BlobOp::Probe => "probe",
        }
    }
}

impl BlobOutcome {
    /// Every outcome, in the order of its declaration.
    pub const ALL: [BlobOutcome; 4] =
        [BlobOutcome::Done, BlobOutcome::Missing, BlobOutcome::Damaged, BlobOutcome::Failed];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            BlobOutcome::Done => "done",
            BlobOutcome::Missing => "missing",
            BlobOutcome::Damaged => "damaged",
            BlobOutcome::Failed => "failed",
        }
    }
}

impl BlobStats {
    /// How often an operation had an outcome.
    pub const fn count(&self, op: BlobOp, outcome: BlobOutcome) -> u64 {
        self.operations[op as usize][outcome as usize]
    }
}

impl Counts {
    pub fn add(&self, op: BlobOp, outcome: BlobOutcome) {
        self.operations[op as usize][outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_mismatch(&self) {
        self.mismatches.fetch_add(1, Ordering::Relaxed);
    }

    pub fn add_read(&self, bytes: usize) {
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn add_written(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn stats(&self) -> BlobStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BlobStats {
            operations: self.operations.each_ref().map(|row| row.each_ref().map(load)),
            bytes_read: load(&self.bytes_read),
            bytes_written: load(&self.bytes_written),
            retries: load(&self.retries),
            mismatches: load(&self.mismatches),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_outcome_has_its_own_counter() {
        let counts = Counts::default();
        for (place, op) in BlobOp::ALL.into_iter().enumerate() {
            assert_eq!(op as usize, place);
            for (place, outcome) in BlobOutcome::ALL.into_iter().enumerate() {
                assert_eq!(outcome as usize, place);
                counts.add(op, outcome);
            }
        }
        assert!(counts.stats().operations.iter().flatten().all(|count| *count == 1));
    }
}
