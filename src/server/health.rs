//! Whether the server is alive, ready, and what it counts.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use http::StatusCode;

use super::answer::Answer;
use super::app::App;
use super::problem::Problem;
use crate::domain::digest::Sha256Digest;
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

/// Whether database and blobs answer, and the server is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "watching", responses((status = 200, body = Health)))]
pub async fn ready(State(app): State<App>) -> Result<Answer, Problem> {
    if app.stop().is_requested() {
        let detail = "the server is about to end; use another one, or wait until it is back";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail).retry_after(5));
    }
    app.store().write(settings::probe).await.map_err(|error: StoreError| Problem::from(error))?;
    match app.store().blobs().get(Sha256Digest::from_bytes([0; 32])).await {
        Ok(_) | Err(StoreError::BlobMissing(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Answer::ok(&Health { status: "ready", version: env!("CARGO_PKG_VERSION") }))
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
        .await?;
    let (jobs, oldest_due, open) = counted;
    let stats = app.store().stats();
    let stored = app.metrics().stored();
    let many = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    stored.jobs_waiting.set(jobs.waiting);
    stored.jobs_running.set(jobs.running);
    stored.jobs_failed.set(jobs.failed);
    stored.queue.set(open);
    stored.jobs_overdue_ms.set(oldest_due.map_or(0, |due| app.now().since_ms(due).max(0)));
    stored.reads_waiting.set(many(stats.reads_waiting as u64));
    stored.writes_waiting.set(many(stats.writes_waiting as u64));
    stored.reads.set(many(stats.reads));
    stored.writes.set(many(stats.writes));
    stored.batches.set(many(stats.batches));
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Answer::bytes(content_type, app.metrics().to_text().into_bytes(), None))
}
