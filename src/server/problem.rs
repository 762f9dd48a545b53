//! Errors become HTTP here and nowhere else: one problem type (RFC 9457), built from whatever went wrong below.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::api::problem::{Changed, PointedError, Problem as Wire};
use crate::domain::account::NotAnAccountPart;
use crate::domain::fault::Fault;
use crate::domain::json::JsonFault;
use crate::domain::permit::Denied;
use crate::domain::text::visible;
use crate::store::StoreError;

/// What went wrong: what the caller may see, and what only the log keeps.
#[derive(Clone, Debug)]
pub struct Problem(Arc<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    retryable: bool,
    errors: Vec<PointedError>,
    changed: Vec<Changed>,
    etag: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    logged: Option<String>,
}

impl Problem {
    /// A problem with this status, stable code (snake case) and sentence for the caller.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Problem {
        Problem(Arc::new(Parts {
            status,
            code: code.into(),
            detail: detail.into(),
            retryable: false,
            errors: Vec::new(),
            changed: Vec::new(),
            etag: None,
            headers: Vec::new(),
            logged: None,
        }))
    }

    /// 404: there is no such thing, or the caller may not know of it.
    pub fn not_found(noun: &str, name: &str) -> Problem {
        let shown: String = name.chars().take(80).collect();
        let detail = format!("there is no {noun} {:?}, or it is not yours to see", visible(&shown));
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 422: one member of the body does not fit.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail.clone()).pointer(pointer, detail)
    }

    /// 400: one parameter of the query does not fit.
    pub fn bad_query(parameter: &str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail.clone()).pointer(format!("?{parameter}"), detail)
    }

    /// 422: a document with faults, all of them listed.
    pub fn faults(code: impl Into<Cow<'static, str>>, detail: impl Into<String>, faults: &[Fault]) -> Problem {
        faults.iter().fold(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail), |problem, fault| {
            problem.pointer(fault.pointer.clone(), fault.message.clone())
        })
    }

    /// 400: the body is no acceptable JSON.
    pub fn bad_json(faults: &[JsonFault]) -> Problem {
        let first = faults.first().map_or_else(String::new, |fault| format!("; first fault: {fault}"));
        let start =
            Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("the body is not acceptable JSON{first}"));
        faults.iter().fold(start, |problem, fault| problem.pointer(fault.pointer.clone(), fault.to_string()))
    }

    /// 500: a mistake of ours; `logged` stays in the log.
    pub fn internal(logged: impl Into<String>) -> Problem {
        let detail = "something went wrong inside the server; it is in its log under this request's id";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).logging(logged)
    }

    /// 412: it changed since it was shown; the answer says what changed, and the `ETag` that is current.
    pub fn stale(changed: Vec<Changed>, revision: i64) -> Problem {
        let etag = super::conditional::entity_tag(revision);
        let detail = "it changed since you read it; look at what changed, read it again, and decide again";
        let mut problem = Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail);
        let parts = problem.parts();
        parts.changed = changed;
        parts.etag = Some(etag.clone());
        match HeaderValue::from_str(&etag) {
            Ok(value) => problem.header(http::header::ETAG, value),
            Err(_) => problem,
        }
    }

    /// 401: no token that is good for anything.
    pub fn unauthenticated(code: &'static str, detail: &'static str) -> Problem {
        let challenge = if code == "token_missing" {
            HeaderValue::from_static("Bearer realm=\"skydeck\"")
        } else {
            HeaderValue::from_static("Bearer realm=\"skydeck\", error=\"invalid_token\"")
        };
        Problem::new(StatusCode::UNAUTHORIZED, code, detail).header(WWW_AUTHENTICATE, challenge)
    }

    /// Adds one fault with its place: a JSON pointer, or `?name` for a parameter.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        let error = PointedError { pointer: pointer.into(), detail: detail.into(), column: None };
        self.parts().errors.push(error);
        self
    }

    /// Adds one fault at a column (from 1) of a parameter.
    #[must_use]
    pub fn column(mut self, pointer: impl Into<String>, detail: impl Into<String>, column: usize) -> Problem {
        let column = u32::try_from(column).ok();
        self.parts().errors.push(PointedError { pointer: pointer.into(), detail: detail.into(), column });
        self
    }

    /// Marks that the same request may succeed later.
    #[must_use]
    pub fn retryable(mut self) -> Problem {
        self.parts().retryable = true;
        self
    }

    /// Marks that the same request may succeed after some seconds, with `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Problem {
        self.retryable().header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.parts().headers.push((name, value));
        self
    }

    /// Keeps a text for the log that the caller does not see.
    #[must_use]
    pub fn logging(mut self, text: impl Into<String>) -> Problem {
        self.parts().logged = Some(text.into());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable word for programs.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The text for the log, where there is one.
    pub fn logged(&self) -> Option<&str> {
        self.0.logged.as_deref()
    }

    /// The problem as it is sent, for the path it happened at and the request's id.
    pub fn to_wire(&self, instance: &str, request_id: &str) -> Wire {
        let parts = &*self.0;
        Wire {
            kind: format!("/problems/{}", parts.code.replace('_', "-")),
            title: title(&parts.code),
            status: parts.status.as_u16(),
            detail: parts.detail.clone(),
            instance: instance.to_owned(),
            code: parts.code.clone().into_owned(),
            retryable: parts.retryable,
            request_id: request_id.to_owned(),
            errors: parts.errors.clone(),
            changed: parts.changed.clone(),
            etag: parts.etag.clone(),
        }
    }

    /// The whole answer, for the path it happened at and the request's id.
    pub fn render(&self, instance: &str, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.to_wire(instance, request_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in &self.0.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }

    fn parts(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

/// What the log says of it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.logged().unwrap_or(&self.0.detail))
    }
}

impl std::error::Error for Problem {}

/// An answer without its text: the envelope, which knows the path and the request's id, renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let unavailable = |code: &'static str, detail: &str| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1).logging(error.to_string())
        };
        match &error {
            StoreError::Busy(_) => unavailable("busy", "too much is waiting to be stored; try again in a moment"),
            StoreError::Unavailable(_) => {
                unavailable("unavailable", "the database does not answer; try again in a moment")
            }
            StoreError::Blobs { .. } => {
                let detail = "the place where code is kept does not do what it should; its operator has to look at it";
                unavailable("blobs_unavailable", detail)
            }
            StoreError::Unsure(_) => {
                let detail = "the database went away while this was being stored, so it may be done or not: look before you \
                              do it again. With the same Idempotency-Key it is done once, however often it is sent";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", detail).logging(error.to_string())
            }
            StoreError::NotText(_) => {
                let detail = "a text holds the character U+0000, which is never stored; leave it out";
                Problem::new(StatusCode::BAD_REQUEST, "bad_text", detail).logging(error.to_string())
            }
            StoreError::ReadOnly(_) => {
                let detail = "the server's data folder or database takes no changes; nothing was stored. Its operator has \
                              to look at it";
                unavailable("read_only", detail)
            }
            StoreError::Full(_) => {
                let detail = "the server's disk is full; nothing was stored. Its operator has to free some space";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", detail)
                    .retryable()
                    .logging(error.to_string())
            }
            StoreError::BlobMissing(_) => {
                let detail = "the code is not where it should be kept; the server's operator has to restore it";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "code_missing", detail).logging(error.to_string())
            }
            StoreError::BlobCorrupt { .. } => {
                let detail = "the stored code is not what its digest says, so it is not given out; the server's operator \
                              has to restore it";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "code_damaged", detail).logging(error.to_string())
            }
            StoreError::Corrupt(_) | StoreError::Constraint(_) | StoreError::Internal(_) => {
                Problem::internal(error.to_string())
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        let code = match denied {
            Denied::Unknown => return Problem::new(StatusCode::NOT_FOUND, "not_found", denied.to_string()),
            Denied::Suspended => "account_suspended",
            Denied::RightMissing(right) => {
                let detail = format!("this token lacks the right {right}; make one that has it");
                return Problem::new(StatusCode::FORBIDDEN, "right_missing", detail);
            }
            Denied::RoleTooLow(_) => "role_too_low",
            Denied::NotOwner => "not_owner",
            Denied::NotReceiver => "not_receiver",
            Denied::OwnSubmission => "own_submission",
            Denied::NotServerOwner => "not_server_owner",
            Denied::NotServerManager => "not_server_manager",
            Denied::NotInstance => "not_instance",
        };
        Problem::new(StatusCode::FORBIDDEN, code, denied.to_string())
    }
}

impl From<NotAnAccountPart> for Problem {
    fn from(fault: NotAnAccountPart) -> Problem {
        let pointer = match fault {
            NotAnAccountPart::Name(_) => "/name",
            NotAnAccountPart::Role(_) => "/role",
            NotAnAccountPart::Right(_) => "/rights",
        };
        Problem::invalid(pointer, fault.to_string())
    }
}

fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Right, Role};

    #[test]
    fn every_store_error_hides_its_text() {
        let secret = "token FROM /var/lib";
        for (error, status) in [
            (StoreError::Busy(secret.into()), 503),
            (StoreError::Unavailable(secret.into()), 503),
            (StoreError::ReadOnly(secret.into()), 503),
            (StoreError::Unsure(secret.into()), 503),
            (StoreError::NotText(secret.into()), 400),
            (StoreError::Full(secret.into()), 507),
            (StoreError::Corrupt(secret.into()), 500),
            (StoreError::Constraint(secret.into()), 500),
            (StoreError::Internal(secret.into()), 500),
        ] {
            let problem = Problem::from(error);
            let wire = serde_json::to_string(&problem.to_wire("/x", "r1")).unwrap();
            assert_eq!(problem.status().as_u16(), status, "{wire}");
            assert!(!wire.contains("SELECT") && !wire.contains("/var"), "{wire}");
            assert!(problem.logged().is_some_and(|text| text.contains(secret)));
        }
    }

    #[test]
    fn trouble_with_code_is_told_apart_and_names_no_place() {
        let sha256 = crate::domain::digest::Sha256Digest::of(b"x");
        let away = StoreError::Blobs { place: "s3://codes".into(), what: "HTTP status 500".into(), cure: "wait" };
        for (error, status, code) in [
            (away, 503, "blobs_unavailable"),
            (StoreError::BlobMissing(sha256), 500, "code_missing"),
            (StoreError::BlobCorrupt { wanted: sha256, found: sha256 }, 500, "code_damaged"),
        ] {
            let problem = Problem::from(error);
            let wire = serde_json::to_string(&problem.to_wire("/x", "r1")).unwrap();
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code));
            assert!(!wire.contains("s3://") && problem.logged().is_some(), "{wire}");
        }
    }

    #[test]
    fn what_is_denied_is_403_but_hidden_things_are_404() {
        for (denied, status, code) in [
            (Denied::Unknown, 404, "not_found"),
            (Denied::Suspended, 403, "account_suspended"),
            (Denied::RightMissing(Right::Review), 403, "right_missing"),
            (Denied::RoleTooLow(Role::Maintainer), 403, "role_too_low"),
            (Denied::OwnSubmission, 403, "own_submission"),
        ] {
            let problem = Problem::from(denied);
            assert_eq!((problem.status().as_u16(), problem.code()), (status, code));
        }
    }

    #[test]
    fn a_problem_is_what_rfc_9457_asks_for() {
        let problem = Problem::stale(Vec::new(), 7).pointer("/a", "is wrong");
        let wire = problem.to_wire("/reviews/1", "r9");
        assert_eq!(wire.kind, "/problems/stale");
        assert_eq!((wire.title.as_str(), wire.status, wire.etag.as_deref()), ("Stale", 412, Some("\"7\"")));
        let response = problem.render("/reviews/1", "r9");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[http::header::ETAG], "\"7\"");
    }
}
