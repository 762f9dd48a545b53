//! Live events as a stream that resumes: what this caller may see, ids that always advance, gaps that are announced.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::app::{App, Turn};
use super::caller::Asker;
use super::metrics::Present;
use super::problem::Problem;
use super::query::Query;
use crate::api::events::LiveEvent;
use crate::domain::account::Right;
use crate::domain::text::nearest;
use crate::domain::time::Timestamp;
use crate::store::events::{self, Event, EventsAfter};
use crate::store::{StoreError, Tx};

/// Topics there are.
pub const TOPICS: &[&str] = &[
    "queue",
    "review",
    "version",
    "extension",
    "account",
    "policy",
    "server",
    "installation",
    "notice",
    "confirmation",
    "purchase",
    "rating",
    "thread",
];
/// Events read at once.
const BATCH: usize = 100;
/// Time a reader is told to wait before it connects again, in milliseconds.
const RECONNECT_MS: u32 = 2_000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Only these topics, separated by commas; all where absent.
    topics: Option<String>,
}

/// Live events as a stream (`text/event-stream`); `Last-Event-ID` resumes after an event.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.")
    ),
    responses((status = 200, body = String, content_type = "text/event-stream"))
)]
pub async fn stream(
    State(app): State<App>,
    asker: Asker,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let topics = read_topics(query.topics.as_deref())?;
    let seen = last_event_id(&headers)?;
    let present = app.metrics().stream_begins();
    if present.count() > app.config().event_streams_max {
        let detail = "as many event streams as the server takes are connected; try again in a moment";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail).retry_after(5));
    }
    let news = app.store().subscribe_events();
    let newest = app.read(&asker, |tx, _| Ok(events::newest(tx)?)).await?;
    let now = Instant::now();
    let reader = Reader {
        heartbeat: Duration::from_millis(app.config().heartbeat_ms),
        recheck: Duration::from_millis(app.config().recheck_ms),
        app,
        asker,
        topics,
        after: seen.unwrap_or(newest),
        news,
        pending: VecDeque::from([Bytes::from(format!("retry: {RECONNECT_MS}\n: connected\n\n"))]),
        spoke: now,
        checked: now,
        standing: Standing::New,
        _present: present,
    };
    let mut response = Response::new(Body::from_stream(reader.into_stream()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing was read yet: what the reader saw last may be newer than anything this server heard of.
    New,
    Open,
    Ended,
}

struct Reader {
    app: App,
    asker: Asker,
    topics: Option<Vec<&'static str>>,
    after: i64,
    news: watch::Receiver<i64>,
    pending: VecDeque<Bytes>,
    heartbeat: Duration,
    recheck: Duration,
    spoke: Instant,
    checked: Instant,
    standing: Standing,
    _present: Present,
}

impl Reader {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        futures_util::stream::unfold(self, |mut reader| async move {
            let bytes = reader.next().await?;
            Some((Ok(bytes), reader))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.pending.pop_front() {
                self.spoke = Instant::now();
                return Some(bytes);
            }
            if self.standing == Standing::Ended || self.app.stop().is_requested() {
                return None;
            }
            let newest = *self.news.borrow_and_update();
            let is_due = self.standing == Standing::New || self.checked.elapsed() >= self.recheck;
            if newest > self.after || is_due {
                self.standing = Standing::Open;
                self.read().await;
                continue;
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let stop = self.app.stop().clone();
        let (beat, check) = (self.spoke + self.heartbeat, self.checked + self.recheck);
        tokio::select! {
            () = stop.requested() => {}
            changed = self.news.changed() => if changed.is_err() {
                self.standing = Standing::Ended;
            },
            () = tokio::time::sleep_until(beat.min(check)) => if Instant::now() >= beat {
                self.pending.push_back(Bytes::from_static(b": still here\n\n"));
            },
        }
    }

    /// Reads what follows, as the caller that it still is; whoever may not read any more is told so, and it ends.
    async fn read(&mut self) {
        let (after, topics) = (self.after, self.topics.clone());
        let now = self.app.now();
        self.checked = Instant::now();
        match self.app.read(&self.asker, move |tx, turn| frames(tx, turn, after, topics.as_deref())).await {
            Ok(Frames::Following { last, frames }) => {
                self.after = last;
                self.pending.extend(frames);
            }
            Ok(Frames::Gap { newest }) => {
                self.after = newest;
                self.pending.push_back(special("resync", newest, now, &serde_json::json!({})));
            }
            Err(problem) if problem.status().is_client_error() => {
                let wire = problem.to_wire("/events", "");
                let body = serde_json::json!({"code": wire.code, "detail": wire.detail});
                self.pending.push_back(special("end", self.after, now, &body));
                self.standing = Standing::Ended;
            }
            // The store does not answer: the reader connects again and goes on after the last event it saw.
            Err(_) => self.standing = Standing::Ended,
        }
    }
}

enum Frames {
    Following { last: i64, frames: Vec<Bytes> },
    Gap { newest: i64 },
}

fn frames(tx: &mut Tx, turn: &Turn, after: i64, topics: Option<&[&str]>) -> Result<Frames, Problem> {
    let read: Result<EventsAfter, StoreError> = events::after(tx, after, BATCH);
    let following = match read? {
        EventsAfter::Gap { newest } => return Ok(Frames::Gap { newest }),
        EventsAfter::Following(following) => following,
    };
    let last = following.last().map_or(after, |event| event.number);
    let me = &turn.caller.account;
    let wanted = |topic: &str| topics.is_none_or(|topics| topics.contains(&topic));
    // An instance is told what it serves, and nothing that is merely public.
    let is_instance = turn.caller.rights.contains(Right::Instance);
    let meant = |event: &&Event| {
        let mine = if is_instance { event.audience.names(me.id) } else { event.audience.admits(me.id, me.role) };
        wanted(&event.topic) && mine
    };
    let shown: Vec<&Event> = following.iter().filter(meant).collect();
    let mut frames: Vec<Bytes> = shown.iter().map(|event| frame(event)).collect();
    if shown.last().map_or(after, |event| event.number) != last {
        frames.push(Bytes::from(format!("id: {last}\n\n")));
    }
    Ok(Frames::Following { last, frames })
}

fn frame(event: &Event) -> Bytes {
    let body = serde_json::from_str(&event.body).unwrap_or_default();
    written(&LiveEvent { number: event.number, topic: event.topic.clone(), at: event.at.to_string(), body })
}

fn special(topic: &str, number: i64, at: Timestamp, body: &serde_json::Value) -> Bytes {
    written(&LiveEvent { number, topic: topic.to_owned(), at: at.to_string(), body: body.clone() })
}

fn written(event: &LiveEvent) -> Bytes {
    let data = serde_json::to_string(event).unwrap_or_default();
    Bytes::from(format!("id: {}\nevent: {}\ndata: {data}\n\n", event.number, event.topic))
}

fn read_topics(text: Option<&str>) -> Result<Option<Vec<&'static str>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let known = |name: &str| TOPICS.iter().copied().find(|topic| *topic == name);
    let read = text.split(',').map(str::trim).map(|name| {
        known(name).ok_or_else(|| {
            let meant = nearest(name, TOPICS.iter().copied()).map(|meant| format!("; did you mean {meant:?}?"));
            let shown: String = name.chars().take(40).collect();
            let detail = format!(
                "there is no topic {shown:?}{}; the topics are {}",
                meant.unwrap_or_default(),
                TOPICS.join(", ")
            );
            Problem::bad_query("topics", detail)
        })
    });
    read.collect::<Result<_, _>>().map(Some)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or("");
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Some).ok_or_else(|| {
        let detail = "Last-Event-ID has to be the id of an event of this stream, a whole number";
        Problem::new(StatusCode::BAD_REQUEST, "bad_last_event_id", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_and_ids_are_read_strictly() {
        assert_eq!(read_topics(None).unwrap(), None);
        assert_eq!(read_topics(Some("queue, policy")).unwrap(), Some(vec!["queue", "policy"]));
        assert!(read_topics(Some("quue")).unwrap_err().to_wire("", "").detail.contains("\"queue\""));
        assert_eq!(read_topics(Some("")).unwrap_err().status(), 400);
        let ask = |text| {
            HeaderMap::from_iter([(http::HeaderName::from_static("last-event-id"), HeaderValue::from_static(text))])
        };
        assert_eq!(last_event_id(&ask("12")).unwrap(), Some(12));
        assert_eq!(last_event_id(&HeaderMap::new()).unwrap(), None);
        for bad in ["x", "-1", "+1", "99999999999999999999"] {
            assert_eq!(last_event_id(&ask(bad)).unwrap_err().status(), 400, "{bad}");
        }
    }

    #[test]
    fn an_event_is_one_frame() {
        let frame = special("resync", 7, Timestamp::from_ms(0), &serde_json::json!({"a": "x\ny"}));
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.starts_with("id: 7\nevent: resync\ndata: {") && text.ends_with("}\n\n"), "{text}");
        assert_eq!(text.matches('\n').count(), 4, "{text}");
    }
}
