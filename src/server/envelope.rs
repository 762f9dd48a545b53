//! What surrounds every handler: ids, limits, one log line, counters, and problems with their path and id.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{CACHE_CONTROL, ETAG, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::app::App;
use super::caller;
use super::conditional;
use super::path;
use super::problem::Problem;
use super::rate::{Counted, Left};
use super::router::{self, Access};
use crate::domain::text::visible;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What the log's lines of requests are filtered by.
const TARGET: &str = "skydeck::access";
/// Characters of a request id that a caller may choose.
const REQUEST_ID_CHARS_MAX: usize = 64;
/// Characters of a path that are shown.
const PATH_CHARS_SHOWN: usize = 200;

/// The address a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// What is known of a request before it is answered.
struct Asked {
    started: Instant,
    method: Method,
    path: String,
    route: &'static str,
    request_id: String,
    trace: String,
    known: HeaderMap,
}

/// Surrounds one request.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let gauge = app.metrics().request_begins();
    let (left, mut response) = match admit(&app, &request, gauge.count()) {
        Ok(left) => (left, run(request, next).await),
        Err(problem) => (None, problem.into_response()),
    };
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        response = problem.render(&asked.path, &asked.request_id);
    }
    asked.log(response.status(), problem.as_ref());
    app.metrics().request_ends(asked.route, &asked.method, response.status(), asked.started.elapsed());
    if let Some(left) = left {
        left.write(response.headers_mut());
    }
    asked.finish(response)
}

/// A path as it may be shown: bounded, nothing invisible.
pub fn shown(path: &str) -> String {
    let cut: String = path.chars().take(PATH_CHARS_SHOWN).collect();
    visible(&cut).into_owned()
}

async fn run(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Problem::internal(format!("a handler panicked: {text}")).into_response()
        }
    }
}

fn admit(app: &App, request: &Request, in_flight: usize) -> Result<Option<Left>, Problem> {
    let open = router::route(request.method(), matched(request)).is_some_and(|route| route.access == Access::Open);
    let left = if open { None } else { app.rates().count(counted(app, request))? };
    if in_flight > app.config().requests_in_flight_max {
        let detail = "the server has as many requests as it takes at once; try again in a moment";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_in_flight", detail).retry_after(1));
    }
    for (what, text) in [("the path", request.uri().path()), ("the query", request.uri().query().unwrap_or(""))] {
        if !path::is_utf8(text) {
            return Err(path::not_utf8(what));
        }
    }
    Ok(left)
}

fn counted(app: &App, request: &Request) -> Counted {
    if let Some(digest) = caller::token_digest(request.headers()) {
        return Counted::Token(digest);
    }
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    if !app.config().trusts(peer) {
        return Counted::Address(peer);
    }
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let addresses: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|text| text.trim().parse().ok()).collect();
    Counted::Address(addresses.into_iter().rev().find(|address| !app.config().trusts(*address)).unwrap_or(peer))
}

fn matched(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

impl Asked {
    fn of(request: &Request) -> Asked {
        let headers = request.headers();
        let route = router::route(request.method(), matched(request)).map_or("", |route| route.path);
        let known: HeaderMap = headers
            .get_all(http::header::IF_NONE_MATCH)
            .iter()
            .map(|value| (http::header::IF_NONE_MATCH, value.clone()))
            .collect();
        Asked {
            started: Instant::now(),
            method: request.method().clone(),
            path: shown(request.uri().path()),
            route,
            request_id: request_id(headers),
            trace: trace_id(headers).unwrap_or_default().to_owned(),
            known,
        }
    }

    /// Writes the one line of this request; never its query, its headers or its body.
    fn log(&self, status: StatusCode, problem: Option<&Problem>) {
        let took_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (method, path, request_id, trace) = (self.method.as_str(), &self.path, &self.request_id, &self.trace);
        let (code, reason) = problem.map_or(("", ""), |problem| (problem.code(), problem.logged().unwrap_or("")));
        let status = status.as_u16();
        if status >= 500 {
            tracing::error!(
                target: TARGET,
                method, path, status, took_us, request_id, trace, code, reason,
                "request failed"
            );
        } else {
            tracing::info!(target: TARGET, method, path, status, took_us, request_id, trace, code, "request");
        }
    }

    fn finish(&self, mut response: Response) -> Response {
        let reading = self.method == Method::GET || self.method == Method::HEAD;
        let known = response.headers().get(ETAG).is_some_and(|tag| conditional::is_known(&self.known, tag));
        if reading && known && response.status() == StatusCode::OK {
            *response.body_mut() = Body::empty();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
        response
    }
}

/// The caller's own id where it is plain, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |text: &&str| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// The trace's id out of `traceparent` (W3C Trace Context), where it is well formed.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, digits: usize| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex(version, 2) && hex(trace, 32) && hex(parent, 16)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_callers_are_taken_only_when_plain() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
        };
        assert_eq!(request_id(&headers("x-request-id", "abc-1")), "abc-1");
        for bad in ["a b", "", &"x".repeat(65), "a\"b"] {
            assert_ne!(request_id(&headers("x-request-id", bad)), bad);
        }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&headers("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))), Some(trace));
        assert_eq!(trace_id(&headers("traceparent", "00-x-y-01")), None);
    }
}
