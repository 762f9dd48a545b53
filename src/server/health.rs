//! Whether the server is alive, ready, and what it counts.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use http::StatusCode;

use super::answer::Answer;
use super::app::App;
use super::problem::Problem;
use crate::store::{StoreError, jobs, queue, settings};

/// What answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `alive` or `ready`.
    status: &'static str,
    /// The server's version.
    version: &'static str,
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/healthz", tag = "watching", responses((status = 200, body = Health)))]
pub async fn alive() -> Answer {
    Answer::ok(&Health { status: "alive", version: env!("CARGO_PKG_VERSION") })
}

/// Whether the database takes changes, the blobs answer, and the server is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "watching", responses((status = 200, body = Health)))]
pub async fn ready(State(app): State<App>) -> Result<Answer, Problem> {
    if app.stop().is_requested() {
        let detail = "the server is about to end; use another one, or wait until it is back";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail).retry_after(5));
    }
    if let Some(unfit) = app.membership().unfit() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, unfit.code(), unfit.to_string()).retry_after(5));
    }
    let now = app.now();
    app.store().write(move |tx| settings::probe(tx, now)).await.map_err(|error: StoreError| Problem::from(error))?;
    app.store().blobs().probe().await.map_err(unfit_blobs)?;
    Ok(Answer::ok(&Health { status: "ready", version: env!("CARGO_PKG_VERSION") }))
}

/// What the operator reads of a store of code that does not do what it should; it names no place and no path.
fn unfit_blobs(error: StoreError) -> Problem {
    let StoreError::Blobs { what, cure, .. } = &error else { return error.into() };
    let detail = format!("the store of code: {what}; {cure}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "blobs_unavailable", detail).retry_after(1).logging(error.to_string())
}

/// What the server counts, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "watching",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(app): State<App>) -> Result<Answer, Problem> {
    let counted = app
        .store()
        .read(|tx| Ok::<_, StoreError>((jobs::counts(tx)?, jobs::next_at(tx)?, queue::count_open(tx)?)))
        .await;
    let stats = app.store().stats();
    let stored = app.metrics().stored();
    let many = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    stored.up.set(i64::from(counted.is_ok()));
    // Where the database is away, what the server itself counts is wanted all the more; the rest stands as it was.
    if let Ok((jobs, oldest_due, open)) = counted {
        stored.jobs_waiting.set(jobs.waiting);
        stored.jobs_running.set(jobs.running);
        stored.jobs_failed.set(jobs.failed);
        stored.queue.set(open);
        stored.jobs_overdue_ms.set(oldest_due.map_or(0, |due| app.now().since_ms(due).max(0)));
    }
    stored.connections.set(many(stats.connections));
    stored.connections_busy.set(many(stats.connections_busy));
    stored.connections_max.set(many(stats.connections_max));
    stored.wal_bytes.set(many(stats.wal_bytes));
    stored.nodes_alive.set(i64::from(app.membership().alive()));
    app.metrics().blobs().set(&app.store().blobs().stats());
    stored.reads_waiting.set(many(stats.reads_waiting as u64));
    stored.writes_waiting.set(many(stats.writes_waiting as u64));
    stored.reads.set(many(stats.reads));
    stored.writes.set(many(stats.writes));
    stored.batches.set(many(stats.batches));
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Answer::bytes(content_type, app.metrics().to_text().into_bytes(), None))
}
