//! Bodies of requests: bounded in bytes and time, of the right type, strict JSON with a pointer for every fault.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::domain::json::{Json as Document, pointer_to};
use crate::domain::limits::{BODY_BYTES_MAX, PACKAGE_BYTES_MAX};

/// A JSON body, required.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A JSON body that may be left out.
#[derive(Clone, Debug)]
pub struct Maybe<T>(pub Option<T>);

/// No body; an empty JSON object passes too.
#[derive(Clone, Copy, Debug)]
pub struct Empty;

/// The bytes of a `.skypkg` document.
#[derive(Clone, Debug)]
pub struct Package(pub Bytes);

/// What a route takes as its body.
pub trait FromBody: Sized + Send {
    /// Bytes at most.
    const BYTES_MAX: usize = BODY_BYTES_MAX;

    /// Judges a body that was read whole.
    ///
    /// # Errors
    /// 415 for another type, 400 for what is no JSON, 422 for JSON that does not fit.
    fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<Self, Problem>;
}

impl<T: DeserializeOwned + Send> FromBody for Json<T> {
    fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<Json<T>, Problem> {
        require_json(headers)?;
        parse(&bytes).map(Json)
    }
}

impl<T: DeserializeOwned + Send> FromBody for Maybe<T> {
    fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<Maybe<T>, Problem> {
        if bytes.is_empty() {
            return Ok(Maybe(None));
        }
        require_json(headers)?;
        parse(&bytes).map(|value| Maybe(Some(value)))
    }
}

impl FromBody for Empty {
    fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<Empty, Problem> {
        if bytes.is_empty() {
            return Ok(Empty);
        }
        require_json(headers)?;
        match judged(&bytes)? {
            Document::Object(_) => Ok(Empty),
            _ => Err(Problem::invalid("", "this takes no body, or a JSON object; its members are ignored")),
        }
    }
}

impl FromBody for Package {
    const BYTES_MAX: usize = PACKAGE_BYTES_MAX;

    fn from_body(headers: &HeaderMap, bytes: Bytes) -> Result<Package, Problem> {
        require_json(headers)?;
        Ok(Package(bytes))
    }
}

/// Reads a body whole.
///
/// # Errors
/// 413 where it is larger than `bytes_max`, 408 where it takes longer than `timeout`, 400 where it breaks off.
pub async fn read(headers: &HeaderMap, body: Body, bytes_max: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(too_large(bytes_max));
    }
    let closing = |problem: Problem| problem.header(CONNECTION, HeaderValue::from_static("close"));
    match tokio::time::timeout(timeout, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(_)) => {
            let detail = "the body broke off before its end; send the request again";
            Err(closing(Problem::new(StatusCode::BAD_REQUEST, "body_broken_off", detail).retryable()))
        }
        Err(_) => {
            let detail = format!("the body did not arrive within {} seconds; send it again, faster", timeout.as_secs());
            Err(closing(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).retryable()))
        }
    }
}

/// Reads strict JSON into a type: no key twice, bounded depth, the pointer of what does not fit.
///
/// # Errors
/// 400 for what is no acceptable JSON, 422 for what does not fit the type.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    judged(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = error.path().iter().fold(String::new(), |pointer, step| match step {
            serde_path_to_error::Segment::Map { key } => pointer_to(&pointer, key),
            serde_path_to_error::Segment::Seq { index } => pointer_to(&pointer, &index.to_string()),
            _ => pointer,
        });
        let whole = error.inner().to_string();
        let detail = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(detail, _)| detail);
        let place = if pointer.is_empty() { "the body" } else { pointer.as_str() };
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("{place} does not fit: {detail}"))
            .pointer(pointer.clone(), detail)
    })
}

fn judged(bytes: &[u8]) -> Result<Document, Problem> {
    match Document::judge(bytes) {
        (Some(document), faults) if faults.is_empty() => Ok(document),
        (_, faults) => Err(Problem::bad_json(&faults)),
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let detail = "send the body as JSON, with Content-Type: application/json";
    let accepted = HeaderValue::from_static("application/json");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail).header(http::header::ACCEPT, accepted))
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("the body is larger than the {bytes_max} bytes that are read here");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::accounts::NewAccount;

    fn json() -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))])
    }

    #[test]
    fn every_bad_body_has_its_status_and_pointer() {
        for (body, status, pointer) in [
            (&b"{"[..], 400, Some("")),
            (b"", 400, Some("")),
            (br#"{"name":"a","name":"b"}"#, 400, Some("/name")),
            (b"\xff", 400, Some("")),
            (br#"{"name":1}"#, 422, Some("/name")),
            (br#"{"name":"ab","verified":"yes"}"#, 422, Some("/verified")),
            (b"{}", 422, Some("")),
            (b"[]", 422, Some("")),
        ] {
            let problem = Json::<NewAccount>::from_body(&json(), Bytes::from_static(body)).unwrap_err();
            let wire = problem.to_wire("", "");
            let found = (wire.status, wire.errors.first().map(|error| error.pointer.as_str()));
            assert_eq!(found, (status, pointer), "{body:?}: {}", wire.detail);
        }
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(parse::<NewAccount>(deep.as_bytes()).unwrap_err().status(), 400);
        let read = Json::<NewAccount>::from_body(&json(), Bytes::from_static(br#"{"name":"ada","unknown":1}"#));
        assert_eq!(read.unwrap().0.name, "ada");
    }

    #[test]
    fn another_type_is_415_and_no_body_needs_none() {
        let bytes = Bytes::from_static(b"{}");
        assert_eq!(Json::<NewAccount>::from_body(&HeaderMap::new(), bytes.clone()).unwrap_err().status(), 415);
        assert_eq!(Package::from_body(&HeaderMap::new(), bytes.clone()).unwrap_err().status(), 415);
        assert!(Empty::from_body(&HeaderMap::new(), Bytes::new()).is_ok());
        assert!(Empty::from_body(&json(), bytes).is_ok());
        assert_eq!(Empty::from_body(&json(), Bytes::from_static(b"[]")).unwrap_err().status(), 422);
        assert!(Maybe::<NewAccount>::from_body(&HeaderMap::new(), Bytes::new()).unwrap().0.is_none());
    }

    #[tokio::test]
    async fn a_body_is_bounded_whether_it_announces_its_size_or_not() {
        let read =
            |headers: HeaderMap| async move { read(&headers, Body::from("12345"), 4, Duration::from_secs(5)).await };
        assert_eq!(read(HeaderMap::new()).await.unwrap_err().status(), 413);
        let announcing = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("5"))]);
        assert_eq!(read(announcing).await.unwrap_err().status(), 413);
    }
}
