//! Answers kept for a day under the caller's key, so that a request sent twice is done once.

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use crate::domain::digest::Sha256Digest;
use crate::domain::id::AccountId;
use crate::domain::limits::IDEMPOTENCY_KEPT_MS;
use crate::domain::time::Timestamp;

/// What an answer is kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Who asked.
    pub account: AccountId,
    /// The method, such as `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The key the caller chose.
    pub key: String,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The digest of the request's body; the same key with another body is a mistake.
    pub body_sha256: Sha256Digest,
    /// The status.
    pub status: u16,
    /// The headers, as the server writes them down.
    pub headers: String,
    /// The body.
    pub answer: String,
    /// When it was given.
    pub at: Timestamp,
}

/// The answer kept under a key, where it is not too old.
///
/// In a transaction that writes, one that carries out the same request on another node is waited for: a repeat that
/// looked past it would find the change done, no answer kept yet, and be refused.
pub fn lookup(tx: &mut Tx, key: &RequestKey, now: Timestamp) -> Result<Option<KeptAnswer>, StoreError> {
    tx.take_turn(&format!("{} {} {} {}", key.account, key.method, key.path, key.key))?;
    let sql = "SELECT body_sha256, status, headers, answer, at_ms FROM idempotency \
               WHERE account_id = $1 AND method = $2 AND path = $3 AND key = $4 AND at_ms > $5";
    let params =
        [key.account.into(), (&key.method).into(), (&key.path).into(), (&key.key).into(), oldest_kept(now).into()];
    tx.query_one(sql, &params)
}

/// Keeps an answer, in the transaction that it is the answer to; one that is too old makes room.
///
/// # Errors
/// [`StoreError::Constraint`] where an answer is kept under the key already: two requests raced.
pub fn insert(tx: &mut Tx, key: &RequestKey, kept: &KeptAnswer) -> Result<(), StoreError> {
    let sql = "INSERT INTO idempotency (account_id, method, path, key, body_sha256, status, headers, answer, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, method, path, key) DO UPDATE \
               SET body_sha256 = excluded.body_sha256, status = excluded.status, headers = excluded.headers, \
               answer = excluded.answer, at_ms = excluded.at_ms WHERE idempotency.at_ms <= $10";
    let params = [
        key.account.into(),
        (&key.method).into(),
        (&key.path).into(),
        (&key.key).into(),
        kept.body_sha256.into(),
        i64::from(kept.status).into(),
        (&kept.headers).into(),
        (&kept.answer).into(),
        kept.at.into(),
        oldest_kept(kept.at).into(),
    ];
    match tx.execute(sql, &params)? {
        0 => Err(tx.raced("idempotency: an answer is kept under this key")),
        _ => Ok(()),
    }
}

/// Removes the answers that are too old; gives their number.
pub fn expire(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM idempotency WHERE at_ms <= $1", &[oldest_kept(now).into()])
}

fn oldest_kept(now: Timestamp) -> Timestamp {
    now.plus_ms(-IDEMPOTENCY_KEPT_MS)
}

impl FromRow for KeptAnswer {
    fn from_row(row: &Row) -> Result<KeptAnswer, StoreError> {
        Ok(KeptAnswer {
            body_sha256: row.parsed(0)?,
            status: row.number(1)?,
            headers: row.text(2)?,
            answer: row.text(3)?,
            at: row.timestamp(4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::scratch;
    use super::*;
    use crate::domain::id::Entropy;

    #[test]
    fn an_answer_is_kept_for_a_day_and_then_replaced() {
        let scratch = scratch();
        let account = AccountId::mint(Timestamp::from_ms(1), &mut Entropy::from_seed([1; 32]));
        let text = str::to_owned;
        let key = RequestKey { account, method: text("POST"), path: text("/v1/x"), key: text("k") };
        let kept = |ms| KeptAnswer {
            body_sha256: Sha256Digest::of(b"body"),
            status: 201,
            headers: text("{}"),
            answer: text("done"),
            at: Timestamp::from_ms(ms),
        };
        let day = IDEMPOTENCY_KEPT_MS;
        let look = |ms| scratch.read(|tx| lookup(tx, &key, Timestamp::from_ms(ms))).unwrap();
        scratch.tx(|tx| insert(tx, &key, &kept(0))).unwrap();
        assert_eq!(look(day - 1), Some(kept(0)));
        assert_eq!(look(day), None);
        let raced = scratch.tx(|tx| insert(tx, &key, &kept(day - 1)));
        assert!(matches!(raced, Err(StoreError::Constraint(_))));
        scratch.tx(|tx| insert(tx, &key, &kept(day))).unwrap();
        assert_eq!(look(day), Some(kept(day)));
        assert_eq!(scratch.tx(|tx| expire(tx, Timestamp::from_ms(2 * day))).unwrap(), 1);
    }
}
