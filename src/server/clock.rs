//! What time it is: the system's clock, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// A source of the present moment.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that stands still until it is set; milliseconds since 1970.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn standing_at(now: Timestamp) -> Clock {
        Clock::Set(Arc::new(AtomicI64::new(now.as_ms())))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Set(ms) => Timestamp::from_ms(ms.load(Ordering::Relaxed)),
        }
    }

    /// Moves a clock that is set by hand; the system's stays as it is.
    pub fn advance_ms(&self, ms: i64) {
        if let Clock::Set(at) = self {
            at.fetch_add(ms, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_moves_only_when_it_is_moved() {
        let clock = Clock::standing_at(Timestamp::from_ms(5));
        let same = clock.clone();
        same.advance_ms(10);
        assert_eq!(clock.now(), Timestamp::from_ms(15));
        assert!(Clock::System.now() > Timestamp::from_ms(1_600_000_000_000));
    }
}
