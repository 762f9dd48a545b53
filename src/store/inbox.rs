//! Where closures wait for a thread: bounded, so that a flood is refused at the door and not kept in memory.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::job::Job;

/// Closures that may wait for one kind of thread.
const WAITING_MAX: usize = 4_096;

/// A bounded queue from many askers to one or several threads.
pub(super) struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
    recess: Condvar,
}

/// Closes its inbox when its thread ends, however it ends, so that nobody waits for a thread that is gone.
pub(super) struct Attendance<'a>(pub &'a Inbox);

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    open: bool,
    /// Whether the threads are to let go of their connections.
    in_recess: bool,
    /// Threads that did, or that ended.
    away: usize,
}

impl Inbox {
    /// An empty, open one.
    pub(super) fn new() -> Inbox {
        let state = State { waiting: VecDeque::new(), open: true, in_recess: false, away: 0 };
        Inbox { state: Mutex::new(state), arrived: Condvar::new(), recess: Condvar::new() }
    }

    /// Leaves a closure.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where too many wait, [`StoreError::Unavailable`] once closed.
    pub(super) fn push(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut state = self.lock();
        if !state.open {
            return Err(StoreError::Unavailable("it is being closed".to_owned()));
        }
        if state.waiting.len() >= WAITING_MAX {
            return Err(StoreError::Busy(format!("{WAITING_MAX} transactions are waiting already")));
        }
        state.waiting.push_back(job);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for closures and takes up to `max`; nothing once the inbox is closed and empty.
    ///
    /// No closures at all mean a recess: whoever takes them has to let go of its connection and
    /// [`sit_out`](Inbox::sit_out).
    pub(super) fn take(&self, max: usize) -> Option<Vec<Box<dyn Job>>> {
        let mut state = self.lock();
        while state.waiting.is_empty() || state.in_recess {
            if state.in_recess {
                return Some(Vec::new());
            }
            if !state.open {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let count = state.waiting.len().min(max);
        Some(state.waiting.drain(..count).collect())
    }

    /// Does `work` while none of the `threads` that take from here has a connection.
    pub(super) fn hold_recess<T>(&self, threads: usize, work: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.in_recess = true;
        self.arrived.notify_all();
        while state.away < threads {
            state = self.recess.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        let done = work();
        self.lock().in_recess = false;
        self.recess.notify_all();
        done
    }

    /// Waits until a recess is over; only for a thread that was handed no closures, and that has no connection now.
    pub(super) fn sit_out(&self) {
        let mut state = self.lock();
        state.away += 1;
        self.recess.notify_all();
        while state.in_recess {
            state = self.recess.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.away -= 1;
    }

    /// Lets nothing more in; what waits is still taken.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.arrived.notify_all();
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.0.lock().away += 1;
        self.0.recess.notify_all();
        if std::thread::panicking() {
            self.0.lock().waiting.clear();
        }
    }
}
