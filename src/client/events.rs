//! Live events: a stream that can be resumed where it ended. Reconnecting, and how long to wait, is the caller's.

use std::time::Duration;

use super::sse::Parser;
use super::{Client, ClientError};
use crate::api::events::LiveEvent;

/// Silence after which the connection counts as lost; the server sends a heartbeat more often.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// Only these topics; all that the caller may see where empty.
    pub topics: Vec<String>,
    /// The last event that was seen ([`EventStream::last_id`]); only what happens from now on where absent.
    pub after: Option<i64>,
}

/// A stream of live events. [`EventStream::next`] may be dropped while it waits without losing an event.
pub struct EventStream {
    response: reqwest::Response,
    parser: Parser,
    server: String,
    last_id: Option<i64>,
}

impl Client {
    /// Opens the stream of live events.
    ///
    /// # Errors
    /// As every call; a lost connection while reading is an `Offline` of [`EventStream::next`].
    pub async fn events(&self, query: &EventsQuery) -> Result<EventStream, ClientError> {
        let mut call = self.get("/events", &[]);
        if !query.topics.is_empty() {
            call = call.query("topics", &query.topics.join(","));
        }
        let response = call.open(query.after).await?;
        let server = self.server().to_string();
        Ok(EventStream { response, parser: Parser::default(), server, last_id: query.after })
    }
}

impl EventStream {
    /// The next event; none where the server ended the stream in good order.
    ///
    /// # Errors
    /// [`ClientError::Offline`] where the connection is lost or silent for too long: open the stream again after
    /// [`EventStream::last_id`].
    pub async fn next(&mut self) -> Option<Result<LiveEvent, ClientError>> {
        loop {
            while let Some(frame) = self.parser.next() {
                if let Some(id) = frame.id.as_deref().and_then(|id| id.parse().ok()) {
                    self.last_id = Some(id);
                }
                if !frame.data.is_empty() {
                    return Some(self.read(&frame.data));
                }
            }
            match tokio::time::timeout(SILENCE_MAX, self.response.chunk()).await {
                Ok(Ok(None)) => return None,
                Ok(Ok(Some(bytes))) => {
                    if self.parser.feed(&bytes).is_err() {
                        return Some(Err(self.protocol("one event is larger than 1 MiB")));
                    }
                }
                Ok(Err(error)) => return Some(Err(self.offline(super::error::chain(&error)))),
                Err(_) => return Some(Err(self.offline("no heartbeat for 45 s".to_owned()))),
            }
        }
    }

    /// The number of the newest event, those left out for this caller included; where to resume.
    pub fn last_id(&self) -> Option<i64> {
        self.last_id
    }

    fn read(&self, data: &str) -> Result<LiveEvent, ClientError> {
        serde_json::from_str(data).map_err(|error| self.protocol(&error.to_string()))
    }

    fn offline(&self, detail: String) -> ClientError {
        ClientError::Offline { server: self.server.clone(), detail }
    }

    fn protocol(&self, detail: &str) -> ClientError {
        ClientError::Protocol { server: self.server.clone(), what: "GET /events".to_owned(), detail: detail.to_owned() }
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream")
            .field("server", &self.server)
            .field("last_id", &self.last_id)
            .finish_non_exhaustive()
    }
}
