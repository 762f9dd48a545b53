//! What a running server does by itself: gives back lapsed claims, forgets what is too old, notes down the audit head.

use std::time::Duration;

use super::app::App;
use crate::market;
use crate::store::{StoreError, accounts, audit, idempotency, installations, rollouts};

/// Time between two looks for lapsed claims.
const LAPSES_EVERY: Duration = Duration::from_secs(5);
/// Looks for lapsed claims between two rounds of the rest.
const ROUNDS: u32 = 720;
/// Looks for lapsed claims between two times that idle buckets are forgotten.
const BUCKETS: u32 = 12;

/// Steps of one sort taken in one round at most.
const STEPS_MAX: u32 = 200;

/// Runs until the server is told to stop.
pub async fn run(app: App) {
    let mut round = 0_u32;
    loop {
        give_back_lapsed(&app).await;
        move_reviews(&app).await;
        move_installations_on(&app).await;
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

/// Moves what waits to the places that its authors' reputations give it by now.
async fn move_reviews(app: &App) {
    let now = app.now();
    for _ in 0..STEPS_MAX {
        let due = app.store().read(|tx| Ok::<_, StoreError>(!accounts::owing_moves(tx, 1)?.is_empty()));
        if !matches!(due.await, Ok(true)) {
            return;
        }
        match app.store().write(move |tx| market::move_due(tx, now)).await {
            Ok(0) => return,
            Ok(authors) => tracing::debug!(authors, "reviews moved with their authors' reputations"),
            Err(error) => return tracing::warn!(%error, "reviews could not be moved"),
        }
    }
}

/// Gives up what nobody answered, frees what was removed, and takes updates a step further.
async fn move_installations_on(app: &App) {
    let now = app.now();
    for _ in 0..STEPS_MAX {
        let step = app.store().read(move |tx| {
            let due = !installations::due(tx, now, 1)?.is_empty();
            Ok::<_, StoreError>((due, rollouts::due(tx, now)?.is_some()))
        });
        let Ok((due, rolls)) = step.await else { return };
        if due {
            match app.store().write(move |tx| market::lapse_installations(tx, now)).await {
                Ok(count) => tracing::info!(count, "installations whose time had come were moved on"),
                Err(error) => return tracing::warn!(%error, "installations could not be moved on"),
            }
        }
        if rolls {
            match app.store().write(move |tx| market::roll(tx, now)).await {
                Ok(rolled) => {
                    let begun = rolled.map_or(0, |rolled| rolled.begun);
                    if begun > 0 {
                        tracing::info!(begun, "updates were begun");
                    }
                }
                Err(error) => return tracing::warn!(%error, "updates could not be begun"),
            }
        }
        if !due && !rolls {
            return;
        }
    }
}

async fn tidy_up(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let head = app.store().read(audit::head).await?;
    tracing::info!(%head, "audit head");
    app.store().write(move |tx| idempotency::expire(tx, now)).await?;
    let swept = app.store().sweep_blobs(now).await?;
    if swept.blobs > 0 {
        tracing::info!(blobs = swept.blobs, bytes = swept.bytes, "codes that nothing names were removed");
    }
    Ok(())
}
