//! The bounded worker: checks of submissions in the background, and CPU work on behalf of requests.
//!
//! A submission leaves a job in the database; the worker takes it under a lease, examines the package on a thread of its
//! own, and records what came of it in one transaction. A job whose worker dies is taken again when its lease has run
//! out; a package that brings the worker down three times is rejected. No examination runs inside a transaction, and
//! none on the runtime's threads.

mod checks;
mod dry_run;
mod facts;
mod pool;
mod rehearsal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::clock::Clock;
use super::stop::Stop;
use crate::store::Store;

pub use dry_run::{DryRun, dry_run};
pub use pool::run_blocking;
pub use rehearsal::rehearse_checks;

/// Time after which a checker that ended early is replaced.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Checks submissions, so many at once, until told to stop; jobs that are then in hand are given back.
pub async fn run(store: Store, clock: Clock, at_once: usize, stop: Stop) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..at_once.max(1) {
        tasks.spawn(check(store.clone(), clock.clone(), number, stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a task of the worker ended early");
        }
    }
}

/// Checks until told to stop; a checker that panics is replaced, and its job is taken again when its lease runs out.
async fn check(store: Store, clock: Clock, number: usize, stop: Stop) {
    while !stop.is_requested() {
        match checks::Checker::new(store.clone(), clock.clone(), number, stop.clone()) {
            Ok(checker) => {
                if let Err(error) = tokio::spawn(checker.run()).await {
                    tracing::error!(%error, "a checker ended early; another takes its place");
                }
            }
            Err(problem) => tracing::error!(error = problem.logged(), "the checks cannot start; tried again soon"),
        }
        tokio::select! {
            () = stop.requested() => {}
            () = tokio::time::sleep(RESTART_AFTER) => {}
        }
    }
}
