//! A request that changes something: its body, its conditions, its key, and the one transaction that carries it out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::answer::Answer;
use super::app::{App, Turn, fresh_seed};
use super::body::{self, FromBody};
use super::caller::Asker;
use super::conditional::{self, Condition};
use super::idempotency::{self, Claim, Keyed};
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::router::{self, Guard};
use crate::domain::digest::CodeDigests;
use crate::store::idempotency::RequestKey;
use crate::store::{StoredBlob, Tx};

/// A request that changes something, read whole; who asks was looked up before the body was.
#[derive(Debug)]
pub struct Change<B, Q = NoQuery> {
    /// Its body.
    pub body: B,
    /// Its parameters besides `dry_run`.
    pub query: Q,
    /// What carries it out.
    pub order: Order,
}

/// Everything about a change but its content.
#[derive(Debug)]
pub struct Order {
    asker: Asker,
    condition: Condition,
    mode: Mode,
    claim: Option<Claim>,
    key: Option<String>,
}

/// Whether a change is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is carried out.
    Real,
    /// It is judged whole and undone (`?dry_run=true`).
    Rehearsal,
}

impl Order {
    /// Who asks.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Whether it is only rehearsed.
    pub fn is_rehearsal(&self) -> bool {
        self.mode == Mode::Rehearsal
    }

    /// What `Idempotency-Key` holds.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The revision that `If-Match` names.
    ///
    /// # Errors
    /// 428 without one, `*` included.
    pub fn if_match(&self) -> Result<i64, Problem> {
        self.condition.exact()
    }

    /// The revision that `If-Match` names, or nothing for `*`.
    ///
    /// # Errors
    /// 428 without the header.
    pub fn if_match_or_any(&self) -> Result<Option<i64>, Problem> {
        self.condition.exact_or_any()
    }

    /// The revision that `If-Match` names, where it does.
    pub fn if_match_if_given(&self) -> Option<i64> {
        self.condition.if_given()
    }

    /// Puts a code into the blob store before the transaction that names it; a rehearsal only digests it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn store_blob(&self, app: &App, code: Vec<u8>) -> Result<StoredBlob, Problem> {
        if self.is_rehearsal() {
            let digests = tokio::task::spawn_blocking(move || CodeDigests::of(&code)).await;
            return digests.map(StoredBlob::rehearsed).map_err(|error| Problem::internal(error.to_string()));
        }
        Ok(app.store().put_blob(code).await?)
    }

    /// Carries the change out in one transaction, together with the answer that a repeat gets; a rehearsal undoes it.
    ///
    /// # Errors
    /// What `change` says, and 422 where the request's key was used with another request before.
    pub async fn commit(
        self,
        app: &App,
        change: impl Fn(&mut Tx, &Turn) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let keyed = self.claim.as_ref().map(Claim::keyed);
        self.step(app, move |tx, turn| match &keyed {
            None => change(tx, turn),
            Some(keyed) => once(tx, turn, keyed, &change),
        })
        .await
    }

    /// Runs one transaction of several that the change is made of, without keeping an answer.
    ///
    /// # Errors
    /// What `step` says.
    pub async fn step<T: Send + 'static>(
        &self,
        app: &App,
        step: impl Fn(&mut Tx, &Turn) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (asker, now, seed) = (self.asker, app.now(), fresh_seed()?);
        let run = move |tx: &mut Tx| {
            let caller = asker.prove(tx, now)?;
            step(tx, &Turn { caller, now, seed })
        };
        match self.mode {
            Mode::Real => app.store().write(run).await,
            Mode::Rehearsal => app.store().rehearse(run).await,
        }
    }

    /// The answer that was given to the same request before; for changes of several transactions.
    ///
    /// # Errors
    /// 422 where the request's key was used with another request before.
    pub async fn replay(&self, app: &App) -> Result<Option<Answer>, Problem> {
        let Some(keyed) = self.claim.as_ref().map(Claim::keyed) else { return Ok(None) };
        app.read(&self.asker, move |tx, turn| idempotency::find(tx, &keyed, turn.now)).await
    }
}

impl<B: FromBody, Q: DeserializeOwned + IntoParams + Send> FromRequest<App> for Change<B, Q> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Change<B, Q>, Problem> {
        let (mut parts, body) = request.into_parts();
        let asker = Asker::from_request_parts(&mut parts, app).await?;
        let account = app.read(&asker, |_, turn| Ok(turn.caller.account.id)).await?;
        let condition = conditional::if_match(&parts.headers)?;
        let matched = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        match router::route(&parts.method, matched).map_or(Guard::Nothing, |route| route.guard) {
            Guard::Exact => condition.exact().map(drop)?,
            Guard::OrAny => condition.exact_or_any().map(drop)?,
            Guard::Optional | Guard::Nothing => {}
        }
        let key = idempotency::key(&parts.headers)?;
        let (query, mode) = read_query(parts.uri.query())?;
        let bytes = body::read(&parts.headers, body, B::BYTES_MAX, app.config().body_timeout()).await?;
        let claim = match key.clone().filter(|_| mode == Mode::Real) {
            None => None,
            Some(key) => {
                let request = digested(&parts, bytes.clone()).await?;
                let path = parts.uri.path().to_owned();
                let name = RequestKey { account, method: parts.method.to_string(), path, key };
                let keyed = Keyed { name, request_sha256: request };
                Some(app.in_flight_keys().claim(Arc::new(keyed))?)
            }
        };
        let body = B::from_body(&parts.headers, bytes)?;
        Ok(Change { body, query, order: Order { asker, condition, mode, claim, key } })
    }
}

fn once(
    tx: &mut Tx,
    turn: &Turn,
    keyed: &Keyed,
    change: &impl Fn(&mut Tx, &Turn) -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    if let Some(answer) = idempotency::find(tx, keyed, turn.now)? {
        return Ok(answer);
    }
    let answer = change(tx, turn)?;
    idempotency::keep(tx, keyed, &answer, turn.now)?;
    Ok(answer)
}

/// The digest of all that makes a request: its query, its condition and its body.
async fn digested(parts: &http::request::Parts, bytes: Bytes) -> Result<crate::domain::digest::Sha256Digest, Problem> {
    let condition = parts.headers.get(http::header::IF_MATCH).map_or(&b""[..], |value| value.as_bytes());
    let mut text = format!("{}\n", parts.uri.query().unwrap_or("")).into_bytes();
    text.extend_from_slice(condition);
    text.push(b'\n');
    let digest = move || {
        text.extend_from_slice(&bytes);
        crate::domain::digest::Sha256Digest::of(&text)
    };
    tokio::task::spawn_blocking(digest).await.map_err(|error| Problem::internal(error.to_string()))
}

fn read_query<Q: DeserializeOwned + IntoParams>(query: Option<&str>) -> Result<(Q, Mode), Problem> {
    let read = query::read(query, &["dry_run"])?;
    let asked = query.unwrap_or("").split('&').find_map(|pair| pair.strip_prefix("dry_run"));
    let mode = match asked {
        None | Some("=false") => Mode::Real,
        Some("=true") => Mode::Rehearsal,
        Some(_) => return Err(Problem::bad_query("dry_run", "dry_run has to be true or false")),
    };
    Ok((read, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_is_asked_for_by_word() {
        let mode = |query| read_query::<NoQuery>(Some(query)).map(|(_, mode)| mode);
        assert_eq!(mode("dry_run=true").unwrap(), Mode::Rehearsal);
        assert_eq!(mode("dry_run=false").unwrap(), Mode::Real);
        for bad in ["dry_run", "dry_run=1", "dry_run=TRUE", "dryrun=true", "dry_run=true&dry_run=false"] {
            assert_eq!(mode(bad).unwrap_err().status(), 400, "{bad}");
        }
    }
}
