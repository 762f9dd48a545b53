//! What is counted of stored code, for Prometheus.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::store::{BlobOp, BlobOutcome, BlobStats};

/// The counters; they are brought up to date when the text is made.
#[derive(Debug, Default)]
pub struct BlobMetrics {
    operations: Family<Done, Counter>,
    bytes_read: Counter,
    bytes_written: Counter,
    retries: Counter,
    mismatches: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Done {
    op: &'static str,
    outcome: &'static str,
}

impl BlobMetrics {
    /// Counters at zero, in the registry.
    pub fn registered(registry: &mut Registry) -> BlobMetrics {
        let metrics = BlobMetrics::default();
        let operations = "Operations on stored code, each with all of its attempts";
        registry.register("blob_operations", operations, metrics.operations.clone());
        for (name, help, counter) in [
            ("blob_read_bytes", "Bytes of code read and found right", &metrics.bytes_read),
            ("blob_written_bytes", "Bytes of code stored", &metrics.bytes_written),
            ("blob_retries", "Attempts after the first one of an operation", &metrics.retries),
            ("blob_digest_mismatches", "Attempts that gave other bytes than were stored", &metrics.mismatches),
        ] {
            registry.register(name, help, counter.clone());
        }
        metrics
    }

    /// Takes over what the store has counted.
    pub fn set(&self, stats: &BlobStats) {
        for op in BlobOp::ALL {
            for outcome in BlobOutcome::ALL {
                let done = Done { op: op.name(), outcome: outcome.name() };
                set(&self.operations.get_or_create(&done), stats.count(op, outcome));
            }
        }
        set(&self.bytes_read, stats.bytes_read);
        set(&self.bytes_written, stats.bytes_written);
        set(&self.retries, stats.retries);
        set(&self.mismatches, stats.mismatches);
    }
}

fn set(counter: &Counter, value: u64) {
    counter.inner().store(value, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_counted_is_in_the_text() {
        let mut registry = Registry::default();
        let metrics = BlobMetrics::registered(&mut registry);
        let mut stats = BlobStats { mismatches: 7, bytes_read: 12, ..BlobStats::default() };
        stats.operations[BlobOp::Get as usize][BlobOutcome::Damaged as usize] = 3;
        metrics.set(&stats);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "blob_operations_total{op=\"get\",outcome=\"damaged\"} 3",
            "blob_operations_total{op=\"put\",outcome=\"failed\"} 0",
            "blob_digest_mismatches_total 7",
            "blob_read_bytes_total 12",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
