//! What the server counts of itself, and its text for Prometheus.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::blob_metrics::BlobMetrics;

/// Upper ends of the latency buckets, in seconds.
const LATENCY_S: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Place, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    event_streams: Gauge,
    stored: Stored,
    blobs: BlobMetrics,
}

/// What is asked of the store when the text is made.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Submissions that wait for a decision.
    pub queue: Gauge,
    /// Jobs that wait.
    pub jobs_waiting: Gauge,
    /// Jobs being done.
    pub jobs_running: Gauge,
    /// Jobs given up.
    pub jobs_failed: Gauge,
    /// Milliseconds for which the job that is due longest could have been taken.
    pub jobs_overdue_ms: Gauge,
    /// Transactions that wait for a thread to read.
    pub reads_waiting: Gauge,
    /// Transactions that wait for the writer.
    pub writes_waiting: Gauge,
    /// Transactions that read.
    pub reads: Gauge,
    /// Transactions that wrote.
    pub writes: Gauge,
    /// Commits.
    pub batches: Gauge,
    /// Whether the database answered just now: 1 or 0.
    pub up: Gauge,
    /// Connections to the database that are open.
    pub connections: Gauge,
    /// Connections that run a transaction.
    pub connections_busy: Gauge,
    /// Connections that there are at most.
    pub connections_max: Gauge,
    /// Bytes of the embedded database's write-ahead log.
    pub wal_bytes: Gauge,
    /// Servers that live, this one among them.
    pub nodes_alive: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    route: &'static str,
    method: &'static str,
}

/// One thing counted as present while it lives.
pub struct Present {
    gauge: Gauge,
    now: i64,
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("skydeck");
        let requests = Family::<Answered, Counter>::default();
        let latency: Family<Place, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY_S));
        let (in_flight, event_streams) = (Gauge::<i64, AtomicI64>::default(), Gauge::<i64, AtomicI64>::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time from a request's headers to its answer's", latency.clone());
        registry.register("http_requests_in_flight", "Requests being answered", in_flight.clone());
        registry.register("event_streams", "Connected event streams", event_streams.clone());
        let stored = Stored::default();
        for (name, help, gauge) in [
            ("queue_open", "Submissions in the queue", &stored.queue),
            ("jobs_waiting", "Jobs that wait", &stored.jobs_waiting),
            ("jobs_running", "Jobs being done", &stored.jobs_running),
            ("jobs_failed", "Jobs given up", &stored.jobs_failed),
            ("jobs_overdue_ms", "Milliseconds for which the oldest job could have been taken", &stored.jobs_overdue_ms),
            ("store_reads_waiting", "Reading transactions that wait for a thread", &stored.reads_waiting),
            ("store_writes_waiting", "Writing transactions that wait for the writer", &stored.writes_waiting),
            ("store_reads", "Reading transactions since the start", &stored.reads),
            ("store_writes", "Writing transactions since the start", &stored.writes),
            ("store_commits", "Commits since the start", &stored.batches),
            ("store_up", "Whether the database answered just now", &stored.up),
            ("store_connections", "Open connections to the database", &stored.connections),
            ("store_connections_busy", "Connections that run a transaction", &stored.connections_busy),
            ("store_connections_max", "Connections to the database at most", &stored.connections_max),
            ("store_wal_bytes", "Bytes of the embedded database's write-ahead log", &stored.wal_bytes),
            ("nodes_alive", "Servers of this marketplace that are alive", &stored.nodes_alive),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let blobs = BlobMetrics::registered(&mut registry);
        Metrics { registry, requests, latency, in_flight, event_streams, stored, blobs }
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn request_begins(&self) -> Present {
        Present::in_gauge(&self.in_flight)
    }

    /// Counts an event stream as connected until the guard is dropped.
    pub fn stream_begins(&self) -> Present {
        Present::in_gauge(&self.event_streams)
    }

    /// Counts an answer.
    pub fn request_ends(&self, route: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let method = name(method);
        let answered = Answered { route, method, status: u32::from(status.as_u16()) };
        self.requests.get_or_create(&answered).inc();
        self.latency.get_or_create(&Place { route, method }).observe(took.as_secs_f64());
    }

    /// The numbers that are asked of the store.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// What is counted of stored code.
    pub fn blobs(&self) -> &BlobMetrics {
        &self.blobs
    }

    /// Everything as OpenMetrics text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        text::encode(&mut out, &self.registry).unwrap_or_default();
        out
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Present {
    fn in_gauge(gauge: &Gauge) -> Present {
        let now = gauge.inner().fetch_add(1, Ordering::Relaxed) + 1;
        Present { gauge: gauge.clone(), now }
    }

    /// How many there were with this one when it came.
    pub fn count(&self) -> usize {
        usize::try_from(self.now).unwrap_or(0)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_presence_are_counted() {
        let metrics = Metrics::new();
        let first = metrics.request_begins();
        let second = metrics.request_begins();
        assert_eq!((first.count(), second.count()), (1, 2));
        drop(first);
        metrics.request_ends("/me", &Method::GET, StatusCode::OK, Duration::from_millis(3));
        let text = metrics.to_text();
        assert!(text.contains("skydeck_http_requests_in_flight 1"), "{text}");
        assert!(text.contains("skydeck_http_requests_total{route=\"/me\",method=\"GET\",status=\"200\"} 1"), "{text}");
        assert!(text.contains("skydeck_http_request_seconds_count{route=\"/me\",method=\"GET\"} 1"), "{text}");
    }
}
