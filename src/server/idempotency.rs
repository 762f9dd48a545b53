//! Repeats of a request that changed something: the committed answer is given again, and nothing happens twice.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::answer::{Answer, Keeping};
use super::problem::Problem;
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::domain::time::Timestamp;
use crate::store::idempotency::{KeptAnswer, RequestKey};
use crate::store::{Tx, idempotency};

/// The header that a repeated answer carries.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What stands in place of an answer that held a secret.
const SECRET_SHOWN: u16 = 0;

/// A request with a key, and the digest of all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// Whose request, its method, path and key.
    pub name: RequestKey,
    /// SHA-256 of its query, condition and body.
    pub request_sha256: Sha256Digest,
}

/// The keys of requests that are being carried out.
#[derive(Debug, Default)]
pub struct InFlightKeys(Arc<Mutex<HashSet<RequestKey>>>);

/// One key held while its request is carried out; given back when dropped.
#[derive(Debug)]
pub struct Claim {
    keyed: Arc<Keyed>,
    keys: Arc<Mutex<HashSet<RequestKey>>>,
}

impl InFlightKeys {
    /// Holds a key.
    ///
    /// # Errors
    /// 409 where a request with the same key is being carried out.
    pub fn claim(&self, keyed: Arc<Keyed>) -> Result<Claim, Problem> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(keyed.name.clone()) {
            return Ok(Claim { keyed, keys: Arc::clone(&self.0) });
        }
        let detail = "a request with this Idempotency-Key is still being carried out; repeat it in a moment";
        Err(Problem::new(StatusCode::CONFLICT, "idempotency_in_flight", detail).retry_after(1))
    }
}

impl Claim {
    /// The request it is held for.
    pub fn keyed(&self) -> Arc<Keyed> {
        Arc::clone(&self.keyed)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.keyed.name);
    }
}

/// Reads `Idempotency-Key`.
///
/// # Errors
/// 400 where it is empty, too long or not plain ASCII, or stands twice.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or("").trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if plain && (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && values.next().is_none() {
        return Ok(Some(text.to_owned()));
    }
    let detail = format!("Idempotency-Key has to be one text of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} ASCII characters");
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", detail))
}

/// The answer that was given to the same request before.
///
/// # Errors
/// 422 where the key was used with another request, 409 where the answer held a secret.
pub fn find(tx: &mut Tx, keyed: &Keyed, now: Timestamp) -> Result<Option<Answer>, Problem> {
    let Some(kept) = idempotency::lookup(tx, &keyed.name, now)? else { return Ok(None) };
    if kept.body_sha256 != keyed.request_sha256 {
        let detail = "this Idempotency-Key was used with another request; take a new key for a new request";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
    }
    if kept.status == SECRET_SHOWN {
        let detail = "this was done already, and the secret was shown then; it cannot be shown again. \
                      Where it was lost, revoke it and make a new one";
        return Err(Problem::new(StatusCode::CONFLICT, "secret_already_shown", detail));
    }
    let answer = Answer::kept(kept.status, &kept.headers, kept.answer).ok_or_else(|| {
        Problem::internal(format!("a kept answer of {} {} is damaged", keyed.name.method, keyed.name.path))
    })?;
    Ok(Some(answer.header(REPLAYED, HeaderValue::from_static("true"))))
}

/// Keeps an answer in the transaction that it tells of.
///
/// # Errors
/// What the store says.
pub fn keep(tx: &mut Tx, keyed: &Keyed, answer: &Answer, now: Timestamp) -> Result<(), Problem> {
    let (status, headers, body) = match answer.keeping() {
        Keeping::HoldsSecret => (SECRET_SHOWN, String::from("[]"), String::new()),
        Keeping::Allowed => {
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            (answer.status().as_u16(), answer.headers_as_json(), body)
        }
    };
    let kept = KeptAnswer { body_sha256: keyed.request_sha256, status, headers, answer: body, at: now };
    Ok(idempotency::insert(tx, &keyed.name, &kept)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{AccountId, Entropy};

    #[test]
    fn a_key_is_one_plain_text() {
        let headers = |values: &[&str]| -> HeaderMap {
            let name = HeaderName::from_static("idempotency-key");
            values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect()
        };
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(key(&headers(&["a-1"])).unwrap().as_deref(), Some("a-1"));
        assert!(key(&headers(&[&"x".repeat(200)])).is_ok());
        for bad in [&[""][..], &["é"], &["a", "b"], &[&"x".repeat(201)]] {
            assert_eq!(key(&headers(bad)).unwrap_err().status(), 400, "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_held_until_its_request_is_through() {
        let keys = InFlightKeys::default();
        let account = AccountId::mint(Timestamp::from_ms(1), &mut Entropy::from_seed([1; 32]));
        let request_sha256 = Sha256Digest::of(b"");
        let keyed = |key: &str| {
            let (method, path) = ("POST".to_owned(), "/extensions".to_owned());
            Arc::new(Keyed { name: RequestKey { account, method, path, key: key.to_owned() }, request_sha256 })
        };
        let held = keys.claim(keyed("a")).unwrap();
        assert!(keys.claim(keyed("b")).is_ok());
        assert_eq!(keys.claim(keyed("a")).unwrap_err().status(), 409);
        drop(held);
        assert!(keys.claim(keyed("a")).is_ok());
    }
}
