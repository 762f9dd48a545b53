//! Keeps a code from being removed while this process puts it; nothing waits for more than the one code it is about.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::digest::Sha256Digest;

/// Who is at which code.
#[derive(Clone, Default)]
pub(super) struct Turns {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever a removal ends.
    removed: Notify,
}

#[derive(Default)]
struct State {
    putting: HashMap<Sha256Digest, usize>,
    removing: HashSet<Sha256Digest>,
    held: usize,
}

/// A code is being put.
pub(super) struct Putting {
    shared: Arc<Shared>,
    sha256: Sha256Digest,
}

/// A code is being removed.
pub(super) struct Removing {
    shared: Arc<Shared>,
    sha256: Sha256Digest,
}

/// Every code stays in its place while this lives.
pub struct Held {
    shared: Arc<Shared>,
}

impl Turns {
    /// Begins to put a code, once nobody is removing it.
    pub async fn put(&self, sha256: Sha256Digest) -> Putting {
        loop {
            let removed = self.shared.removed.notified();
            tokio::pin!(removed);
            // Told from here on, so that a removal that ends between the look and the wait is heard.
            removed.as_mut().enable();
            if let Some(turn) = self.try_put(sha256) {
                return turn;
            }
            removed.await;
        }
    }

    /// Begins to remove a code; nothing where it is being put, or everything has to stay.
    pub fn try_remove(&self, sha256: Sha256Digest) -> Option<Removing> {
        let mut state = self.shared.lock();
        let free = state.held == 0 && !state.putting.contains_key(&sha256);
        (free && state.removing.insert(sha256)).then(|| Removing { shared: self.shared.clone(), sha256 })
    }

    /// Keeps every code in its place.
    pub fn hold(&self) -> Held {
        self.shared.lock().held += 1;
        Held { shared: self.shared.clone() }
    }

    fn try_put(&self, sha256: Sha256Digest) -> Option<Putting> {
        let mut state = self.shared.lock();
        if state.removing.contains(&sha256) {
            return None;
        }
        *state.putting.entry(sha256).or_default() += 1;
        Some(Putting { shared: self.shared.clone(), sha256 })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Putting {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(count) = state.putting.get_mut(&self.sha256) {
            *count -= 1;
            if *count == 0 {
                state.putting.remove(&self.sha256);
            }
        }
    }
}

impl Drop for Removing {
    fn drop(&mut self) {
        self.shared.lock().removing.remove(&self.sha256);
        self.shared.removed.notify_waiters();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.lock().held -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_code_is_put_or_removed_and_the_others_do_not_wait() {
        let turns = Turns::default();
        let (one, other) = (Sha256Digest::of(b"one"), Sha256Digest::of(b"other"));
        let first = turns.put(one).await;
        let second = turns.put(one).await;
        assert!(turns.try_remove(one).is_none());
        let removing = turns.try_remove(other).expect("nobody is at the other");
        assert!(turns.try_remove(other).is_none());
        drop(first);
        assert!(turns.try_remove(one).is_none());
        drop(second);
        drop(turns.try_remove(one).expect("both puts ended"));

        let theirs = turns.clone();
        let waiting = tokio::spawn(async move { drop(theirs.put(other).await) });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(removing);
        waiting.await.unwrap();

        let held = turns.hold();
        assert!(turns.try_remove(one).is_none());
        drop(held);
        assert!(turns.try_remove(one).is_some());
    }
}
