//! The one signal that the server is to end, and whoever waits for it.

use tokio::sync::watch;

/// The side that asks the server to end.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// The side that waits; cheap to copy.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// A signal that was not given, and its first listener.
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Stop(receiver))
    }

    /// Gives the signal; a second time changes nothing.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether the signal was given.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the signal; one whose giver is gone counts as given.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        let _gone_or_given = receiver.wait_for(|given| *given).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_hears_the_signal_once_given() {
        let (stopper, stop) = Stopper::new();
        let early = stop.clone();
        assert!(!stop.is_requested());
        stopper.request();
        early.requested().await;
        stop.requested().await;
        assert!(stop.is_requested());
    }

    #[tokio::test]
    async fn a_giver_that_is_gone_counts_as_given() {
        let (stopper, stop) = Stopper::new();
        drop(stopper);
        stop.requested().await;
    }
}
