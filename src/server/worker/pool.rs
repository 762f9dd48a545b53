//! Threads for CPU work: as many at once as there are processors, and a bounded number of callers that wait for one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Requests that wait for a thread at once; more are told to come back.
const WAITING_MAX: usize = 64;
/// The same for work of seconds: whoever waits longer than this takes has gone away.
const LONG_WAITING_MAX: usize = 8;
/// Bytes of a thread's stack: parsing and compiling recurse within bounds that fit well.
const STACK_BYTES: usize = 8 << 20;

/// Why CPU work was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// Too many wait already.
    #[error("too much is being computed at the moment; try again in a few seconds")]
    Overloaded,
    /// It panicked, or no thread could be started.
    #[error("the work failed: {0}")]
    Failed(String),
}

/// A bounded set of threads. A thread lives for one piece of work, so that nothing is left of it, and a process that
/// ends does not wait for it.
pub(super) struct Pool {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Work of milliseconds: reading packages, digests. Processors are the process's, however many servers it holds.
static QUICK: LazyLock<Pool> = LazyLock::new(|| Pool::new(processors(), WAITING_MAX));
/// Work of seconds: dry runs and rehearsals, which must not keep the quick work waiting.
static LONG: LazyLock<Pool> = LazyLock::new(|| Pool::new(processors(), LONG_WAITING_MAX));

/// Runs quick CPU work of a request off the runtime's threads.
///
/// # Errors
/// [`NotRun::Overloaded`] at once where too many wait, [`NotRun::Failed`] where the work panicked.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotRun> {
    QUICK.run(work).await
}

/// As [`run_blocking`], for work that may take seconds.
pub(super) async fn run_long<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotRun> {
    LONG.run(work).await
}

/// Runs work on a thread of its own, at once: for the background, whose tasks are bounded by their number.
pub(super) async fn run_alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotRun> {
    perform((), work).await
}

fn processors() -> usize {
    thread::available_parallelism().map_or(2, usize::from)
}

impl Pool {
    pub(super) fn new(running_max: usize, waiting_max: usize) -> Pool {
        Pool { running: Arc::new(Semaphore::new(running_max)), waiting: Semaphore::new(waiting_max) }
    }

    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotRun> {
        let turn = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => self.wait().await?,
        };
        perform(turn, work).await
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, NotRun> {
        let _place = self.waiting.try_acquire().map_err(|_| NotRun::Overloaded)?;
        let turn = Arc::clone(&self.running).acquire_owned().await;
        turn.map_err(|_| NotRun::Failed("the pool is closed".to_owned()))
    }
}

/// The turn is given back when the work ends, also where nobody waits for its answer any more.
async fn perform<T: Send + 'static>(
    turn: impl Send + 'static,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotRun> {
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| NotRun::Failed(message(panic.as_ref())));
        drop(turn);
        // Whoever asked may have gone away.
        drop(sender.send(outcome));
    };
    let started = thread::Builder::new().name("skydeck-work".to_owned()).stack_size(STACK_BYTES).spawn(run);
    started.map_err(|error| NotRun::Failed(format!("no thread could be started: {error}")))?;
    receiver.await.unwrap_or_else(|_| Err(NotRun::Failed("the thread ended early".to_owned())))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_piece_of_work_is_done() {
        let pool = Pool::new(1, 1);
        let failed = pool.run(|| -> u8 { panic!("hostile") }).await;
        assert_eq!(failed, Err(NotRun::Failed("hostile".to_owned())));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn more_than_may_wait_are_turned_away() {
        let pool = Arc::new(Pool::new(1, 1));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (entered, inside) = oneshot::channel();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run(move || {
                    entered.send(()).unwrap();
                    held.recv().is_ok()
                })
                .await
            }
        });
        inside.await.unwrap();
        let mut second = Box::pin(pool.run(|| 2));
        assert!(futures_util::poll!(&mut second).is_pending());
        assert_eq!(pool.run(|| 3).await, Err(NotRun::Overloaded));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(second.await, Ok(2));
    }
}
