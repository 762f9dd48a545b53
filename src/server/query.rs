//! Parameters of a query: unknown ones are refused with the name that was probably meant.

use axum::extract::{self, FromRequestParts};
use http::Uri;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::domain::text::nearest;

/// The parameters of a query.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// A query without parameters.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
pub struct NoQuery {}

/// Reads the query of a request; `known_besides` are names that somebody else reads.
///
/// # Errors
/// 400 for a parameter that is unknown, stands twice or does not fit.
pub fn read<T: DeserializeOwned + IntoParams>(query: Option<&str>, known_besides: &[&str]) -> Result<T, Problem> {
    let text = query.unwrap_or("");
    let uri: Uri = format!("/?{text}").parse().map_err(|_| unreadable())?;
    if !text.is_empty() {
        let known: Vec<String> = T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
        for name in names(&uri)? {
            if !known.contains(&name) && !known_besides.contains(&name.as_str()) {
                return Err(unknown(&name, known.iter().map(String::as_str).chain(known_besides.iter().copied())));
            }
        }
    }
    extract::Query::<T>::try_from_uri(&uri).map(|query| query.0).map_err(|rejection| {
        let text = rejection.body_text();
        let reason = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
        let (name, detail) = reason.split_once(": ").unwrap_or(("", reason));
        Problem::bad_query(name, format!("the query parameter {name} does not fit: {detail}"))
    })
}

impl<T: DeserializeOwned + IntoParams + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Query<T>, Problem> {
        read(parts.uri.query(), &[]).map(Query)
    }
}

fn names(uri: &Uri) -> Result<Vec<String>, Problem> {
    let pairs = extract::Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| unreadable())?.0;
    let mut names: Vec<String> = Vec::with_capacity(pairs.len());
    for (name, _) in pairs {
        if names.contains(&name) {
            return Err(Problem::bad_query(&name, format!("the query parameter {name:?} stands twice; keep one")));
        }
        names.push(name);
    }
    Ok(names)
}

fn unreadable() -> Problem {
    Problem::bad_query("", "the query cannot be read: write it as name=value, joined by &, percent-encoded")
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<&str> = known.collect();
    let shown: String = name.chars().take(40).collect();
    let hint = match nearest(&shown, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.is_empty() => "it takes none".to_owned(),
        None => format!("it takes {}", known.join(", ")),
    };
    Problem::bad_query(&shown, format!("there is no query parameter {shown:?} here; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, IntoParams)]
    struct Filters {
        q: Option<String>,
        limit: Option<u32>,
        total: Option<bool>,
    }

    #[test]
    fn what_is_unknown_or_does_not_fit_is_named() {
        for (query, pointer, said) in [
            ("limt=3", "?limt", "did you mean \"limit\"?"),
            ("zzzzzzzz=3", "?zzzzzzzz", "it takes q, limit, total"),
            ("limit=x", "?limit", "limit does not fit"),
            ("limit=1&limit=2", "?limit", "stands twice"),
            ("total=yes", "?total", "total does not fit"),
        ] {
            let wire = read::<Filters>(Some(query), &[]).unwrap_err().to_wire("", "");
            assert_eq!((wire.status, wire.errors[0].pointer.as_str()), (400, pointer), "{query}: {}", wire.detail);
            assert!(wire.detail.contains(said), "{query}: {}", wire.detail);
        }
        let read = read::<Filters>(Some("q=a%20b&limit=5&dry_run=true"), &["dry_run"]).unwrap();
        assert_eq!((read.q.as_deref(), read.limit, read.total), (Some("a b"), Some(5), None));
    }
}
