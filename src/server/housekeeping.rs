//! What a running server does by itself: gives back lapsed claims, forgets what is too old, notes down the audit head.

use std::time::Duration;

use super::app::App;
use crate::domain::limits::ORPHAN_BLOB_KEPT_MS;
use crate::market;
use crate::store::{StoreError, audit, blobs, idempotency};

/// Time between two looks for lapsed claims.
const LAPSES_EVERY: Duration = Duration::from_secs(5);
/// Looks for lapsed claims between two rounds of the rest.
const ROUNDS: u32 = 720;
/// Looks for lapsed claims between two times that idle buckets are forgotten.
const BUCKETS: u32 = 12;

/// Runs until the server is told to stop.
pub async fn run(app: App) {
    let mut round = 0_u32;
    loop {
        give_back_lapsed(&app).await;
        if round.is_multiple_of(BUCKETS) {
            app.rates().forget_idle();
        }
        if round.is_multiple_of(ROUNDS)
            && let Err(error) = tidy_up(&app).await
        {
            tracing::warn!(%error, "old rows could not be removed");
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = app.stop().requested() => return,
            () = tokio::time::sleep(LAPSES_EVERY) => {}
        }
    }
}

async fn give_back_lapsed(app: &App) {
    let now = app.now();
    let due = app.store().read(move |tx| Ok::<_, StoreError>(!crate::store::reviews::lapsed(tx, now, 1)?.is_empty()));
    if !matches!(due.await, Ok(true)) {
        return;
    }
    match app.store().write(move |tx| market::lapse(tx, now)).await {
        Ok(given_back) => tracing::info!(count = given_back.len(), "lapsed claims were given back"),
        Err(error) => tracing::warn!(%error, "lapsed claims could not be given back"),
    }
}

async fn tidy_up(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let head = app.store().read(audit::head).await?;
    tracing::info!(%head, "audit head");
    app.store().write(move |tx| idempotency::expire(tx, now)).await?;
    let referenced = app.store().read(blobs::referenced).await?;
    let swept = app.store().blobs().sweep(now.plus_ms(-ORPHAN_BLOB_KEPT_MS), &referenced).await?;
    if swept.blobs > 0 {
        tracing::info!(blobs = swept.blobs, bytes = swept.bytes, "codes that nothing names were removed");
    }
    Ok(())
}
