//! Parameters of a path, with problems for those that make no sense.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The parameters of the matched route: one value, or a tuple of several.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// Reads an id from a path; a text that is none names nothing, so the answer is the 404 of a missing thing.
///
/// # Errors
/// 404 naming the noun.
pub fn id<T: FromStr>(noun: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(noun, text))
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(PathRejection::FailedToDeserializePathParams(fault)) => Err(match fault.kind() {
                ErrorKind::InvalidUtf8InPathParam { key } => not_utf8(&format!("the part {key:?} of the path")),
                other => Problem::new(StatusCode::BAD_REQUEST, "bad_path", format!("the path makes no sense: {other}")),
            }),
            Err(other) => Err(Problem::internal(other.to_string())),
        }
    }
}

/// 400: bytes that are no text.
pub fn not_utf8(what: &str) -> Problem {
    let detail = format!("{what} is not UTF-8 once its percent signs are resolved; write it as UTF-8 and encode that");
    Problem::new(StatusCode::BAD_REQUEST, "not_utf8", detail)
}

/// Whether a part of an address is UTF-8 once its percent signs are resolved.
pub fn is_utf8(text: &str) -> bool {
    if !text.contains('%') {
        return true;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    std::str::from_utf8(&bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ReviewId;

    #[test]
    fn a_path_is_judged_with_its_percent_signs_resolved() {
        for (path, utf8) in [("/a", true), ("/%C3%A9", true), ("/%ff", false), ("/%C3", false), ("/%zz%", true)] {
            assert_eq!(is_utf8(path), utf8, "{path}");
        }
    }

    #[test]
    fn what_is_no_id_names_nothing() {
        let problem = id::<ReviewId>("review", "x\u{202e}y").unwrap_err();
        let wire = problem.to_wire("", "");
        assert_eq!((wire.status, wire.code.as_str()), (404, "not_found"));
        assert!(!wire.detail.contains('\u{202e}'), "{}", wire.detail);
        assert!(id::<ReviewId>("review", "0192f0c1-2222-7000-8000-000000000000").is_ok());
    }
}
