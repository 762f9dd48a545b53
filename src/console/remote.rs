//! What was asked of the server, and how old the answer is.

use crate::domain::time::Timestamp;

/// A value that lives on the server: never a spinner beside an error, never data without its age.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Remote<T> {
    /// Not asked for.
    #[default]
    Absent,
    /// Asked for, nothing to show.
    Loading,
    /// Here.
    Ready {
        /// The answer.
        value: T,
        /// When it came.
        at: Timestamp,
    },
    /// Here, but asking again failed.
    Stale {
        /// The last answer.
        value: T,
        /// When that came.
        at: Timestamp,
        /// Why there is no newer one.
        error: String,
    },
    /// Asked for, and failed.
    Failed {
        /// Why.
        error: String,
        /// When.
        at: Timestamp,
    },
}

impl<T> Remote<T> {
    /// The value, fresh or stale.
    pub fn value(&self) -> Option<&T> {
        match self {
            Remote::Ready { value, .. } | Remote::Stale { value, .. } => Some(value),
            Remote::Absent | Remote::Loading | Remote::Failed { .. } => None,
        }
    }

    /// The value, fresh or stale, to change.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Remote::Ready { value, .. } | Remote::Stale { value, .. } => Some(value),
            Remote::Absent | Remote::Loading | Remote::Failed { .. } => None,
        }
    }

    /// When the shown value came.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Remote::Ready { at, .. } | Remote::Stale { at, .. } => Some(*at),
            Remote::Absent | Remote::Loading | Remote::Failed { .. } => None,
        }
    }

    /// Why there is no fresh value.
    pub fn error(&self) -> Option<&str> {
        match self {
            Remote::Stale { error, .. } | Remote::Failed { error, .. } => Some(error),
            Remote::Absent | Remote::Loading | Remote::Ready { .. } => None,
        }
    }

    /// Marks that it was asked for; a value stays shown.
    pub fn ask(&mut self) {
        if self.value().is_none() {
            *self = Remote::Loading;
        }
    }

    /// Takes an answer; a failure keeps the last value as stale.
    pub fn answer(&mut self, answer: Result<T, String>, now: Timestamp) {
        *self = match (answer, std::mem::take(self)) {
            (Ok(value), _) => Remote::Ready { value, at: now },
            (Err(error), Remote::Ready { value, at } | Remote::Stale { value, at, .. }) => {
                Remote::Stale { value, at, error }
            }
            (Err(error), Remote::Absent | Remote::Loading | Remote::Failed { .. }) => Remote::Failed { error, at: now },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_the_last_value_with_its_age() {
        let (early, late) = (Timestamp::from_ms(1), Timestamp::from_ms(2));
        let mut remote = Remote::Absent;
        remote.ask();
        assert_eq!(remote, Remote::Loading);
        remote.answer(Ok(7), early);
        remote.ask();
        remote.answer(Err("gone".to_owned()), late);
        assert_eq!(remote, Remote::Stale { value: 7, at: early, error: "gone".to_owned() });
        let mut never = Remote::<u8>::Loading;
        never.answer(Err("gone".to_owned()), late);
        assert_eq!(never, Remote::Failed { error: "gone".to_owned(), at: late });
    }
}
