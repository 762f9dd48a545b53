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
}

/// Closes its inbox when its thread ends, however it ends, so that nobody waits for a thread that is gone.
pub(super) struct Attendance<'a>(pub &'a Inbox);

struct State {
    waiting: VecDeque<Box<dyn Job>>,
    open: bool,
}

impl Inbox {
    /// An empty, open one.
    pub(super) fn new() -> Inbox {
        Inbox { state: Mutex::new(State { waiting: VecDeque::new(), open: true }), arrived: Condvar::new() }
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
    pub(super) fn take(&self, max: usize) -> Option<Vec<Box<dyn Job>>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if !state.open {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let count = state.waiting.len().min(max);
        Some(state.waiting.drain(..count).collect())
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
        if std::thread::panicking() {
            self.0.lock().waiting.clear();
        }
    }
}
