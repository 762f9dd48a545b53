//! Live events: who may see each, numbered in commit order, the newest kept for those who come back.

use std::fmt;
use std::str::FromStr;

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::account::Role;
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;

/// One sort of reader that an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Everyone with an account.
    All,
    /// Maintainers and administrators.
    Maintainers,
    /// Administrators.
    Administrators,
    /// One account.
    Account(AccountId),
}

/// Who may see an event: any of the listeners is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Vec<Listener>);

/// An event before it is numbered; its time is that of the last audit row of the same transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What it is about, such as `queue`.
    pub topic: &'static str,
    /// Who may see it.
    pub audience: Audience,
    /// What happened: ids and names, never a secret.
    pub body: serde_json::Value,
}

/// An event as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number; numbers have no gaps.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub topic: String,
    /// Who may see it.
    pub audience: Audience,
    /// What happened, as JSON text.
    pub body: String,
}

/// The events after a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsAfter {
    /// They follow without a gap; oldest first.
    Following(Vec<Event>),
    /// Some were trimmed away meanwhile: read everything anew, and go on after `newest`.
    Gap {
        /// The newest event's number.
        newest: i64,
    },
}

/// The text is no audience.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an audience: {0:?}")]
pub struct NotAnAudience(pub String);

impl Audience {
    /// The readers that any of `listeners` stands for.
    pub fn of(listeners: impl IntoIterator<Item = Listener>) -> Audience {
        Audience(listeners.into_iter().collect())
    }

    /// Everyone with an account.
    pub fn all() -> Audience {
        Audience::of([Listener::All])
    }

    /// Maintainers, and the accounts named.
    pub fn maintainers_and(accounts: impl IntoIterator<Item = AccountId>) -> Audience {
        Audience::of(std::iter::once(Listener::Maintainers).chain(accounts.into_iter().map(Listener::Account)))
    }

    /// Whether it is for this very account.
    pub fn names(&self, account: AccountId) -> bool {
        self.0.contains(&Listener::Account(account))
    }

    /// Whether an account with this role may see it.
    pub fn admits(&self, account: AccountId, role: Role) -> bool {
        self.0.iter().any(|listener| match listener {
            Listener::All => true,
            Listener::Maintainers => role >= Role::Maintainer,
            Listener::Administrators => role >= Role::Administrator,
            Listener::Account(id) => *id == account,
        })
    }
}

/// The newest event's number; 0 before the first.
pub fn newest(tx: &mut Tx) -> Result<i64, StoreError> {
    let kept = tx.query_one::<i64>("SELECT event_n FROM log_head WHERE id = 1", &[])?;
    kept.ok_or_else(|| StoreError::Corrupt("the log's head is missing".to_owned()))
}

/// Up to `limit` events after `number`.
pub fn after(tx: &mut Tx, number: i64, limit: usize) -> Result<EventsAfter, StoreError> {
    let newest = newest(tx)?;
    let sql = "SELECT n, at_ms, topic, audience, body FROM events WHERE n > $1 ORDER BY n LIMIT $2";
    let events: Vec<Event> = tx.query(sql, &[number.into(), limit.into()])?;
    let follows = events.first().map_or(number == newest, |first| first.number == number + 1);
    if follows || limit == 0 { Ok(EventsAfter::Following(events)) } else { Ok(EventsAfter::Gap { newest }) }
}

impl FromRow for Event {
    fn from_row(row: &Row) -> Result<Event, StoreError> {
        Ok(Event {
            number: row.integer(0)?,
            at: row.timestamp(1)?,
            topic: row.text(2)?,
            audience: row.parsed(3)?,
            body: row.text(4)?,
        })
    }
}

impl From<&Audience> for Value {
    fn from(audience: &Audience) -> Value {
        Value::shown(audience)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listener::All => f.write_str("all"),
            Listener::Maintainers => f.write_str("maintainers"),
            Listener::Administrators => f.write_str("administrators"),
            Listener::Account(id) => write!(f, "account:{id}"),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, listener) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{listener}")?;
        }
        Ok(())
    }
}

impl FromStr for Audience {
    type Err = NotAnAudience;

    fn from_str(text: &str) -> Result<Audience, NotAnAudience> {
        let refused = || NotAnAudience(text.chars().take(100).collect());
        let listener = |word: &str| match word {
            "all" => Ok(Listener::All),
            "maintainers" => Ok(Listener::Maintainers),
            "administrators" => Ok(Listener::Administrators),
            _ => {
                let id = word.strip_prefix("account:").ok_or_else(refused)?;
                id.parse().map(Listener::Account).map_err(|_| refused())
            }
        };
        text.split_whitespace().map(listener).collect::<Result<_, _>>().map(Audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;

    #[test]
    fn audiences_round_trip_and_admit_whom_they_name() {
        let mut entropy = Entropy::from_seed([5; 32]);
        let (author, stranger) = (
            AccountId::mint(Timestamp::from_ms(1), &mut entropy),
            AccountId::mint(Timestamp::from_ms(1), &mut entropy),
        );
        let cases = [
            (Audience::all(), [true, true, true, true]),
            (Audience::maintainers_and([author]), [true, false, true, true]),
            (Audience::of([Listener::Administrators]), [false, false, false, true]),
            (Audience::of([]), [false, false, false, false]),
        ];
        let readers = [
            (author, Role::User),
            (stranger, Role::User),
            (stranger, Role::Maintainer),
            (stranger, Role::Administrator),
        ];
        for (audience, expected) in cases {
            assert_eq!(audience.to_string().parse(), Ok(audience.clone()));
            assert_eq!(readers.map(|(id, role)| audience.admits(id, role)), expected, "{audience}");
        }
        assert!("everyone".parse::<Audience>().is_err());
    }
}
