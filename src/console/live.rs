//! The stream of live events: kept open, resumed where it broke off, given up only when the token is refused.

use std::time::Duration;

use tokio::sync::mpsc;

use super::event::{Event, Live};
use crate::client::{Client, ClientError, EventsQuery};
use crate::domain::time::Timestamp;

/// The first wait after a lost connection; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// Follows the stream until the receiver is gone or the token is refused.
pub async fn follow(client: Client, events: mpsc::Sender<Event>) {
    let mut query = EventsQuery::default();
    let mut wait = WAIT_FIRST;
    loop {
        let error = match client.events(&query).await {
            Ok(mut stream) => {
                wait = WAIT_FIRST;
                if events.send(Event::Live(Live::Connected)).await.is_err() {
                    return;
                }
                let ended = loop {
                    match stream.next().await {
                        Some(Ok(event)) => {
                            if events.send(Event::Live(Live::Event(Box::new(event)))).await.is_err() {
                                return;
                            }
                        }
                        Some(Err(error)) => break error.to_string(),
                        None => break "the server ended the stream".to_owned(),
                    }
                };
                query.after = stream.last_id().or(query.after);
                ended
            }
            Err(error) if is_final(&error) => {
                let _ = events.send(Event::Live(Live::Refused { error: error.to_string() })).await;
                return;
            }
            Err(error) => error.to_string(),
        };
        let now = Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
        let retry_at = now.plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        if events.send(Event::Live(Live::Lost { error, retry_at })).await.is_err() {
            return;
        }
        tokio::time::sleep(wait + jitter(wait)).await;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

/// Whether trying again cannot help: the token is not accepted, or not for this.
fn is_final(error: &ClientError) -> bool {
    matches!(error.status(), Some(401 | 403)) || matches!(error, ClientError::TokenOverPlainHttp { .. })
}

/// Up to a quarter of the wait more, so that a hundred consoles do not come back in the same moment.
fn jitter(wait: Duration) -> Duration {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    wait * u32::from(byte[0]) / 1_024
}
