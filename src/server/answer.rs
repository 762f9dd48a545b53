//! What a handler answers: a status, headers and a body that can be kept and given again.

use std::cell::RefCell;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::conditional::entity_tag;

/// Bytes of a buffer that is kept for the next answer.
const BUFFER_KEPT_MAX: usize = 1 << 20;

/// Whether an answer may be kept for a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It may.
    Allowed,
    /// It holds a secret: a repeat is told so instead.
    HoldsSecret,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    keeping: Keeping,
}

impl Answer {
    /// 200 with a JSON body.
    pub fn ok(body: &impl Serialize) -> Answer {
        Answer::json(StatusCode::OK, body)
    }

    /// 201 with a JSON body and the path of what was made.
    pub fn created(location: &str, body: &impl Serialize) -> Answer {
        let answer = Answer::json(StatusCode::CREATED, body);
        match HeaderValue::from_str(location) {
            Ok(value) => answer.header(LOCATION, value),
            Err(_) => answer,
        }
    }

    /// 202 with a JSON body: taken, and worked on from now.
    pub fn accepted(body: &impl Serialize) -> Answer {
        Answer::json(StatusCode::ACCEPTED, body)
    }

    /// 200 with a body that is JSON already.
    pub fn json_bytes(body: Vec<u8>) -> Answer {
        Answer::bytes("application/json", body, None)
    }

    /// 204 without a body.
    pub fn empty() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Vec::new(), keeping: Keeping::Allowed }
    }

    /// 207 with one result for each item of a request.
    pub fn multi_status(body: &impl Serialize) -> Answer {
        Answer::json(StatusCode::MULTI_STATUS, body)
    }

    /// 200 with these bytes, offered as a file where a name is given.
    pub fn bytes(content_type: &'static str, body: Vec<u8>, file_name: Option<&str>) -> Answer {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static(content_type))];
        let answer = Answer { status: StatusCode::OK, headers, body, keeping: Keeping::Allowed };
        let plain = |name: &&str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.+".contains(letter));
        let offered = file_name.filter(plain).map(|name| format!("attachment; filename=\"{name}\""));
        match offered.and_then(|text| HeaderValue::from_str(&text).ok()) {
            Some(value) => answer.header(CONTENT_DISPOSITION, value),
            None => answer,
        }
    }

    /// Adds the strong `ETag` of this revision.
    #[must_use]
    pub fn revision(self, revision: i64) -> Answer {
        match HeaderValue::from_str(&entity_tag(revision)) {
            Ok(tag) => self.header(ETAG, tag),
            Err(_) => self,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// Marks that it holds a secret: it is never kept, and no cache on the way may keep it either.
    #[must_use]
    pub fn holding_secret(mut self) -> Answer {
        self.keeping = Keeping::HoldsSecret;
        self.header(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Whether it may be kept.
    pub fn keeping(&self) -> Keeping {
        self.keeping
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The headers as a JSON object of texts, to be kept beside the body.
    pub fn headers_as_json(&self) -> String {
        let texts = self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        serde_json::to_string(&texts.collect::<Vec<_>>()).unwrap_or_else(|_| "[]".to_owned())
    }

    /// An answer as it was kept; nothing where what was kept makes no sense.
    pub fn kept(status: u16, headers: &str, body: String) -> Option<Answer> {
        let pairs: Vec<(String, String)> = serde_json::from_str(headers).ok()?;
        let headers = pairs
            .into_iter()
            .map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(&value).ok()?)));
        Some(Answer {
            status: StatusCode::from_u16(status).ok()?,
            headers: headers.collect::<Option<_>>()?,
            body: body.into_bytes(),
            keeping: Keeping::Allowed,
        })
    }

    fn json(status: StatusCode, body: &impl Serialize) -> Answer {
        match to_json(body) {
            Ok(body) => {
                let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
                Answer { status, headers, body, keeping: Keeping::Allowed }
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Answer { status: StatusCode::INTERNAL_SERVER_ERROR, ..Answer::empty() }
            }
        }
    }
}

/// Writes into a buffer that the thread keeps, and copies what came of it: a page of a list would else be moved from
/// one growing buffer to the next a dozen times.
fn to_json(body: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    thread_local! {
        static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let mut buffer = WRITTEN.take();
    buffer.clear();
    serde_json::to_writer(&mut buffer, body)?;
    let written = buffer.clone();
    if buffer.capacity() <= BUFFER_KEPT_MAX {
        WRITTEN.set(buffer);
    }
    Ok(written)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_answer_is_the_answer_again() {
        let answer = Answer::created("/accounts/1", &serde_json::json!({"a": 1})).revision(4);
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        let again = Answer::kept(answer.status().as_u16(), &answer.headers_as_json(), text).unwrap().into_response();
        let first = answer.into_response();
        assert_eq!((first.status(), first.headers()), (again.status(), again.headers()));
        assert_eq!(again.headers()[ETAG], "\"4\"");
        assert!(Answer::kept(42, "[]", String::new()).is_none());
        assert!(Answer::kept(200, "{", String::new()).is_none());
    }

    #[test]
    fn only_plain_names_are_offered_as_files() {
        let named = |name| Answer::bytes("application/json", Vec::new(), Some(name)).into_response();
        assert_eq!(named("a-1.0.0.skypkg").headers()[CONTENT_DISPOSITION], "attachment; filename=\"a-1.0.0.skypkg\"");
        assert!(!named("a\"b").headers().contains_key(CONTENT_DISPOSITION));
    }
}
