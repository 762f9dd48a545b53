//! A use case on its way to a connection: a closure, what became of it, and who waits for the answer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::error::StoreError;
use super::log::{self, Logged};
use super::tx::{Purpose, Tx};
use crate::domain::time::Timestamp;

/// What is to happen with what a closure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays, with this in the log.
    Keep(Logged),
    /// It is undone.
    Undo,
}

/// A closure without its types; it may be run again when its batch came to nothing.
pub(super) trait Job: Send {
    /// What for.
    fn purpose(&self) -> Purpose;

    /// Runs the closure and the log's end, and keeps the outcome. A panic becomes an error.
    fn run(&mut self, tx: &mut Tx, clock: Timestamp) -> Verdict;

    /// Answers whoever waits: with the outcome, or with the `trouble` that came after a good one.
    fn answer(&mut self, trouble: Option<StoreError>);

    /// Forgets an outcome that came to nothing with its group.
    fn forget(&mut self);
}

/// A closure with its types.
pub(super) struct Work<T, E, F> {
    purpose: Purpose,
    closure: F,
    outcome: Option<Result<T, E>>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E, F> Work<T, E, F> {
    /// Wraps a closure; the answer comes to the receiver.
    pub(super) fn new(purpose: Purpose, closure: F) -> (Work<T, E, F>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Work { purpose, closure, outcome: None, reply: Some(reply) }, answer)
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut Tx) -> Result<T, E> + Send,
{
    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn run(&mut self, tx: &mut Tx, clock: Timestamp) -> Verdict {
        let (outcome, verdict) = attempt(&self.closure, tx, clock);
        self.outcome = Some(outcome);
        if self.purpose == Purpose::Write { verdict } else { Verdict::Undo }
    }

    fn answer(&mut self, trouble: Option<StoreError>) {
        let Some(reply) = self.reply.take() else { return };
        let outcome = match (self.outcome.take(), trouble) {
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Some(trouble)) => Err(E::from(trouble)),
            (Some(outcome), None) => outcome,
            (None, None) => Err(E::from(StoreError::Internal("a closure was answered before it ran".to_owned()))),
        };
        // Whoever asked may have gone away; what was committed stays.
        drop(reply.send(outcome));
    }

    fn forget(&mut self) {
        self.outcome = None;
    }
}

/// Runs a closure and then the log's end; a panic becomes [`StoreError::Internal`].
pub(super) fn attempt<T, E: From<StoreError>>(
    work: impl FnOnce(&mut Tx) -> Result<T, E>,
    tx: &mut Tx,
    clock: Timestamp,
) -> (Result<T, E>, Verdict) {
    let undone = |error: StoreError| (Err(E::from(error)), Verdict::Undo);
    match catch_unwind(AssertUnwindSafe(|| work(tx))) {
        Ok(Ok(value)) => match log::append(tx, clock) {
            Ok(logged) => (Ok(value), Verdict::Keep(logged)),
            Err(error) => undone(error),
        },
        Ok(Err(refusal)) => (Err(refusal), Verdict::Undo),
        Err(panic) => undone(StoreError::Internal(format!("a transaction panicked: {}", message(panic.as_ref())))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
