//! One call: built, sent, sent again where that is safe, bounded, and read.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::chain;
use super::{Client, ClientError, Fetched, PageQuery, Rehearsal, Seen, Total};
use crate::api::problem::Problem;

/// Bytes of the largest JSON answer.
const JSON_BYTES_MAX: usize = 16 << 20;
/// Bytes kept of an answer that is no problem document.
const EXCERPT_CHARS: usize = 200;
/// Time for a call.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Times a call is sent at most.
const ATTEMPTS_MAX: u32 = 4;
/// The wait before the first repetition; it doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest `Retry-After` that is waited for here; a longer one is the caller's to decide.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(2);

/// A call being built.
pub(super) struct Call<'a> {
    client: &'a Client,
    method: Method,
    template: &'static str,
    url: reqwest::Url,
    body: Option<(&'static str, Vec<u8>)>,
    if_match: Option<String>,
    idempotency_key: Option<String>,
    bytes_max: usize,
    timeout: Duration,
    unencodable: Option<String>,
}

/// An answer that is no problem, read whole.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Vec<u8>,
}

enum Failure {
    /// Sending again may help after this wait.
    Again(ClientError, Option<Duration>),
    /// It will not.
    Final(ClientError),
}

impl Client {
    pub(super) fn get(&self, template: &'static str, parts: &[&str]) -> Call<'_> {
        self.call(Method::GET, template, parts)
    }

    /// A changing POST: it carries an `Idempotency-Key`, so it can be sent again.
    pub(super) fn post(&self, template: &'static str, parts: &[&str]) -> Call<'_> {
        let mut call = self.changing(Method::POST, template, parts);
        call.idempotency_key = Some(uuid::Uuid::now_v7().to_string());
        call
    }

    pub(super) fn put(&self, template: &'static str, parts: &[&str]) -> Call<'_> {
        self.changing(Method::PUT, template, parts)
    }

    pub(super) fn patch(&self, template: &'static str, parts: &[&str]) -> Call<'_> {
        self.changing(Method::PATCH, template, parts)
    }

    pub(super) fn delete(&self, template: &'static str, parts: &[&str]) -> Call<'_> {
        self.changing(Method::DELETE, template, parts)
    }

    fn changing(&self, method: Method, template: &'static str, parts: &[&str]) -> Call<'_> {
        let call = self.call(method, template, parts);
        match self.rehearsal {
            Rehearsal::Real => call,
            Rehearsal::DryRun => call.query("dry_run", "true"),
        }
    }

    fn call(&self, method: Method, template: &'static str, parts: &[&str]) -> Call<'_> {
        Call {
            client: self,
            method,
            template,
            url: self.inner.server.route(template, parts),
            body: None,
            if_match: None,
            idempotency_key: None,
            bytes_max: JSON_BYTES_MAX,
            timeout: TIMEOUT,
            unencodable: None,
        }
    }
}

impl Call<'_> {
    /// Adds a query parameter.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a query parameter that may be absent.
    pub(super) fn query_maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a page's parameters.
    pub(super) fn page(self, page: &PageQuery) -> Self {
        let limit = page.limit.map(|limit| limit.to_string());
        let call = self
            .query_maybe("q", page.q.as_deref())
            .query_maybe("cursor", page.cursor.as_deref())
            .query_maybe("limit", limit.as_deref());
        match page.total {
            Total::Uncounted => call,
            Total::Counted => call.query("total", "true"),
        }
    }

    /// Carries this `Idempotency-Key` in the place of a new one.
    pub(super) fn keyed(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    /// Adds a JSON body.
    pub(super) fn json<T: Serialize>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(("application/json", bytes)),
            Err(error) => self.unencodable = Some(error.to_string()),
        }
        self
    }

    /// Adds a body that is JSON already.
    pub(super) fn document(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some(("application/json", bytes));
        self
    }

    /// Adds `If-Match`.
    pub(super) fn if_match(mut self, seen: Seen) -> Self {
        self.if_match = Some(match seen {
            Seen::Nothing => "*".to_owned(),
            Seen::Revision(revision) => format!("\"{revision}\""),
        });
        self
    }

    /// Bounds the answer.
    pub(super) fn at_most(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// Waits longer than other calls do.
    pub(super) fn patient(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends, and reads a JSON answer with its `ETag`.
    pub(super) async fn fetch<T: DeserializeOwned>(self) -> Result<Fetched<T>, ClientError> {
        let answer = self.send().await?;
        let value = self.read(&answer)?;
        Ok(Fetched { value, etag: answer.etag })
    }

    /// Sends, and reads a JSON answer.
    pub(super) async fn value<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        Ok(self.fetch().await?.value)
    }

    /// Sends, and reads a JSON answer where there is one (204 is none).
    pub(super) async fn maybe<T: DeserializeOwned>(self) -> Result<Option<T>, ClientError> {
        let answer = self.send().await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        self.read(&answer).map(Some)
    }

    /// Sends, and reads the answer's bytes with its `ETag`.
    pub(super) async fn bytes(self) -> Result<Fetched<Vec<u8>>, ClientError> {
        let answer = self.send().await?;
        Ok(Fetched { value: answer.body, etag: answer.etag })
    }

    /// Sends, and wants no answer but success.
    pub(super) async fn done(self) -> Result<(), ClientError> {
        self.send().await.map(|_| ())
    }

    /// Sends once and hands over the open answer; for event streams. No bound on the whole time, but one on silence.
    pub(super) async fn open(self, last_event_id: Option<i64>) -> Result<reqwest::Response, ClientError> {
        let mut request = self.request()?;
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let sent = tokio::time::timeout(self.timeout, request.header("Accept", "text/event-stream").send()).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.offline(&error)),
            Err(_) => return Err(self.timed_out()),
        };
        if response.status().is_success() {
            return Ok(response);
        }
        Err(match self.take(response).await {
            Ok(_) => self.protocol("success turned into an error"),
            Err(Failure::Again(error, _) | Failure::Final(error)) => error,
        })
    }

    async fn send(&self) -> Result<Answer, ClientError> {
        let mut wait = BACKOFF_FIRST;
        let mut attempt = 1;
        loop {
            match self.attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again(error, _)) if attempt >= ATTEMPTS_MAX => return Err(error),
                Err(Failure::Again(_, asked)) => tokio::time::sleep(asked.unwrap_or(wait)).await,
            }
            attempt += 1;
            wait *= 2;
        }
    }

    async fn attempt(&self) -> Result<Answer, Failure> {
        let request = self.request().map_err(Failure::Final)?;
        let exchange = async {
            let response = request.send().await.map_err(|error| self.lost(&error))?;
            self.take(response).await
        };
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| Err(Failure::Final(self.timed_out())))
    }

    fn request(&self) -> Result<reqwest::RequestBuilder, ClientError> {
        if let Some(error) = &self.unencodable {
            return Err(self.protocol(&format!("the request cannot be written as JSON: {error}")));
        }
        let inner = &self.client.inner;
        let mut request = inner.http.request(self.method.clone(), self.url.clone());
        if let Some(secret) = &inner.secret {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.reveal()))
                .map_err(|_| self.protocol("the token has characters that a header cannot carry"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some((kind, body)) = &self.body {
            request = request.header(CONTENT_TYPE, *kind).body(body.clone());
        }
        if let Some(seen) = &self.if_match {
            request = request.header(IF_MATCH, seen);
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        Ok(request)
    }

    /// A lost connection: to be sent again where nothing can be done twice, or where nothing was sent.
    fn lost(&self, error: &reqwest::Error) -> Failure {
        let harmless = self.method == Method::GET || self.idempotency_key.is_some() || error.is_connect();
        let offline = if error.is_timeout() { self.timed_out() } else { self.offline(error) };
        if harmless && !error.is_timeout() { Failure::Again(offline, None) } else { Failure::Final(offline) }
    }

    async fn take(&self, mut response: reqwest::Response) -> Result<Answer, Failure> {
        let status = response.status();
        let text = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let etag = text(ETAG).map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned());
        let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > self.bytes_max {
                return Err(Failure::Final(ClientError::TooLarge {
                    server: self.server(),
                    what: self.what(),
                    bytes_max: self.bytes_max,
                }));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(Answer { status, etag, body });
        }
        Err(self.problem(status, &body, retry_after))
    }

    fn problem(&self, status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Failure {
        let Ok(mut problem) = serde_json::from_slice::<Problem>(body) else {
            let excerpt: String = String::from_utf8_lossy(body).chars().take(EXCERPT_CHARS).collect();
            let excerpt = crate::domain::text::visible(&excerpt);
            return Failure::Final(self.protocol(&format!("status {status} without a problem document: {excerpt:?}")));
        };
        problem.status = status.as_u16();
        let in_flight = status == StatusCode::CONFLICT && problem.code == "idempotency_in_flight";
        let busy = status == StatusCode::SERVICE_UNAVAILABLE && self.template != "/readyz";
        let wait = retry_after.unwrap_or(BACKOFF_FIRST);
        let harmless = self.method == Method::GET || self.idempotency_key.is_some();
        let error = ClientError::Problem(Box::new(problem));
        if harmless && (in_flight || busy) && wait <= RETRY_AFTER_MAX {
            return Failure::Again(error, Some(wait));
        }
        Failure::Final(error)
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        serde_json::from_slice(&answer.body).map_err(|error| self.protocol(&error.to_string()))
    }

    fn offline(&self, error: &reqwest::Error) -> ClientError {
        let mut detail = std::error::Error::source(error).map_or_else(|| error.to_string(), chain);
        if detail.contains("UnknownIssuer") {
            detail
                .push_str(" (where the certificate is of an authority of your own, name its file in SKYDECK_CA_FILE)");
        }
        ClientError::Offline { server: self.server(), detail }
    }

    fn timed_out(&self) -> ClientError {
        let after_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        ClientError::Timeout { server: self.server(), what: self.what(), after_ms }
    }

    fn protocol(&self, detail: &str) -> ClientError {
        ClientError::Protocol { server: self.server(), what: self.what(), detail: detail.to_owned() }
    }

    fn server(&self) -> String {
        self.client.inner.server.to_string()
    }

    fn what(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}
