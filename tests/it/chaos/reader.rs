//! A reader of live events: goes from node to node, always on after the last event that it saw.

use std::sync::Arc;
use std::time::Duration;

use skydeck::api::events::LiveEvent;
use skydeck::client::{Client, EventsQuery};
use tokio::sync::watch;

use super::Arena;
use super::dice::Dice;

/// How long a reader waits for an event before it looks whether the last one was there.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What one reader was told.
#[derive(Debug, Default)]
pub struct Heard {
    /// Everything in the order in which it came.
    pub events: Vec<LiveEvent>,
    /// Streams that were opened.
    pub streams: usize,
}

/// Listens until it has heard of the event that `last` says.
pub async fn hear(
    arena: Arc<Arena>,
    secret: String,
    after: i64,
    mut node: usize,
    last: watch::Receiver<Option<i64>>,
    mut dice: Dice,
) -> Heard {
    let mut heard = Heard::default();
    let mut seen = after;
    let is_through = |seen: i64| last.borrow().is_some_and(|last| seen >= last);
    while !is_through(seen) {
        node += 1;
        let client = Client::new(arena.url(node).parse().expect("a URL"), Some(secret.parse().expect("a token")));
        let query = EventsQuery { topics: vec!["queue".to_owned()], after: Some(seen) };
        let Ok(mut stream) = client.expect("a client").events(&query).await else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        heard.streams += 1;
        // Some stay until the node is gone, some leave after a few events.
        let mut left = 1 + dice.below(200);
        while left > 0 && !is_through(seen) {
            match tokio::time::timeout(LOOK_EVERY, stream.next()).await {
                Err(_) => {}
                Ok(Some(Ok(event))) => {
                    heard.events.push(event);
                    left -= 1;
                }
                Ok(None | Some(Err(_))) => left = 0,
            }
            seen = stream.last_id().unwrap_or(seen);
        }
    }
    heard
}
