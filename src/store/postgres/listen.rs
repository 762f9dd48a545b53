//! Hears of what any node committed: a notice carries the newest event's number only, and the log has the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::address::PostgresUrl;
use super::connect::connect;
use super::pool::Rest;
use super::session::Session;
use crate::domain::digest::Sha256Digest;
use crate::store::error::StoreError;

/// How often the thread looks whether the store is being closed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the thread that listens has in hand.
pub(in crate::store) struct Listener {
    pub url: Arc<PostgresUrl>,
    pub channel: String,
    pub newest_event: watch::Sender<i64>,
    pub closing: Arc<AtomicBool>,
}

/// The name under which nodes on this schema tell each other of events.
pub(in crate::store) fn channel_name(schema: &str) -> String {
    let digest = Sha256Digest::of(schema.as_bytes()).to_string();
    format!("skydeck_{}", &digest[..16])
}

/// Raises the newest event's number; notices may overtake one another, numbers do not go back.
pub(super) fn raise(newest_event: &watch::Sender<i64>, number: i64) {
    newest_event.send_if_modified(|known| {
        let newer = number > *known;
        *known = number.max(*known);
        newer
    });
}

impl Listener {
    /// Listens until the store is closed; where the connection breaks, it is made anew and the log read.
    pub(in crate::store) fn run(self) {
        let mut rest = Rest::default();
        while !self.closing.load(Ordering::Relaxed) {
            if !rest.is_over() {
                std::thread::sleep(LOOK_EVERY);
                continue;
            }
            match connect(&self.url) {
                Ok(session) => {
                    rest = Rest::default();
                    if let Err(error) = self.listen(session) {
                        tracing::warn!(database = %self.url, %error, "events of other nodes are not heard for a moment");
                        rest.lengthen();
                    }
                }
                Err(refused) => {
                    rest.lengthen();
                    tracing::warn!(database = %self.url, reason = %refused.what, "events of other nodes are not heard");
                }
            }
        }
    }

    fn listen(&self, mut session: Session) -> Result<(), StoreError> {
        session.step(&format!("LISTEN {}", self.channel))?;
        // Only now: what is committed from here on is told, and what was before is in the log.
        session.each("SELECT event_n FROM log_head WHERE id = 1", &[], |row| {
            raise(&self.newest_event, row.integer(0)?);
            Ok(())
        })?;
        while !self.closing.load(Ordering::Relaxed) {
            for notice in session.hear(LOOK_EVERY)? {
                if let Ok(number) = notice.parse() {
                    raise(&self.newest_event, number);
                }
            }
        }
        Ok(())
    }
}
