//! Keeps a code from being removed by one node while another puts it: rows that say who is at a code, for a while.
//!
//! A put and a removal of one code exclude each other by the row of that code, which both write before they touch the
//! object. So no object is removed after it was looked at and before its removal was put again. A row outlives its
//! owner by [`BLOB_GUARD_MS`] at most, longer than an operation may take and than clocks may differ.

use crate::domain::digest::Sha256Digest;
use crate::domain::limits::BLOB_GUARD_MS;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::Tx;

/// What the names of the settings begin with that keep the rows.
const PREFIX: &str = "code_guard/";

/// What is being done to a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Put,
    Removal,
}

/// Says that a code is about to be put; false while a node removes it.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn begin_put(tx: &mut Tx, sha256: Sha256Digest, now: Timestamp) -> Result<bool, StoreError> {
    begin(tx, sha256, Use::Put, now)
}

/// Says that a code is about to be removed; false where a version is made of it, or a node is at it.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn begin_removal(tx: &mut Tx, sha256: Sha256Digest, now: Timestamp) -> Result<bool, StoreError> {
    if !begin(tx, sha256, Use::Removal, now)? {
        return Ok(false);
    }
    let named = tx.query_one::<i64>("SELECT 1 FROM versions WHERE sha256 = $1 LIMIT 1", &[sha256.into()])?;
    if named.is_some() {
        end_removal(tx, sha256)?;
    }
    Ok(named.is_none())
}

/// Says that a removal has ended.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn end_removal(tx: &mut Tx, sha256: Sha256Digest) -> Result<(), StoreError> {
    let sql = "DELETE FROM settings WHERE key = $1 AND value LIKE 'removal %'";
    tx.execute(sql, &[key(sha256).into()]).map(drop)
}

/// Removes the rows that count no more.
///
/// # Errors
/// What the database says.
pub(in crate::store) fn forget_old(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let mut old = Vec::new();
    tx.each("SELECT key, value FROM settings WHERE key LIKE $1", &[format!("{PREFIX}%").into()], |row| {
        let (key, value) = (row.text(0)?, row.text(1)?);
        if at(&value).is_none_or(|(_, at)| is_over(at, now)) {
            old.push((key, value));
        }
        Ok(())
    })?;
    for (key, value) in old {
        tx.execute("DELETE FROM settings WHERE key = $1 AND value = $2", &[key.into(), value.into()])?;
    }
    Ok(())
}

fn begin(tx: &mut Tx, sha256: Sha256Digest, wanted: Use, now: Timestamp) -> Result<bool, StoreError> {
    let (key, value) = (key(sha256), value(wanted, now));
    let sql = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    if tx.execute(sql, &[key.clone().into(), value.clone().into()])? == 1 {
        return Ok(true);
    }
    let sql = format!("SELECT value FROM settings WHERE key = $1{}", tx.row_lock());
    // Gone between the two statements: whoever asks again finds out who was faster.
    let Some(found) = tx.query_one::<String>(&sql, &[key.clone().into()])? else { return Ok(false) };
    let free = match at(&found) {
        Some((Use::Put, since)) => wanted == Use::Put || is_over(since, now),
        Some((Use::Removal, since)) => is_over(since, now),
        None => true,
    };
    if free {
        tx.execute("UPDATE settings SET value = $1 WHERE key = $2", &[value.into(), key.into()])?;
    }
    Ok(free)
}

fn key(sha256: Sha256Digest) -> String {
    format!("{PREFIX}{sha256}")
}

fn value(of: Use, now: Timestamp) -> String {
    let word = match of {
        Use::Put => "put",
        Use::Removal => "removal",
    };
    format!("{word} {}", now.as_ms())
}

fn at(value: &str) -> Option<(Use, Timestamp)> {
    let (word, ms) = value.split_once(' ')?;
    let of = match word {
        "put" => Use::Put,
        "removal" => Use::Removal,
        _ => return None,
    };
    Some((of, Timestamp::from_ms(ms.parse().ok()?)))
}

fn is_over(since: Timestamp, now: Timestamp) -> bool {
    now.since_ms(since) >= BLOB_GUARD_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{scratch_in_memory, scratch_on_postgres};

    #[test]
    fn a_code_is_put_or_removed_and_what_a_dead_node_left_counts_for_a_while() {
        let now = Timestamp::from_ms(1_000_000);
        let (last, over) = (now.plus_ms(BLOB_GUARD_MS - 1), now.plus_ms(BLOB_GUARD_MS));
        let code = Sha256Digest::of(b"code");
        for scratch in std::iter::once(scratch_in_memory()).chain(scratch_on_postgres()) {
            let put = |at| scratch.tx(|tx| begin_put(tx, code, at)).unwrap();
            let remove = |at| scratch.tx(|tx| begin_removal(tx, code, at)).unwrap();
            assert!(put(now) && put(now), "many may put the same");
            assert!(!remove(now) && !remove(last));
            assert!(remove(over), "the put is over");
            assert!(!put(over) && !remove(over), "one removes, and alone");
            scratch.tx(|tx| end_removal(tx, code)).unwrap();
            assert!(put(over), "the removal has ended");

            scratch.tx(|tx| forget_old(tx, over.plus_ms(BLOB_GUARD_MS - 1))).unwrap();
            assert!(!remove(over), "a row that counts stays");
            scratch.tx(|tx| forget_old(tx, over.plus_ms(BLOB_GUARD_MS))).unwrap();
            let rows = scratch.dump()["settings"].iter().filter(|row| row.contains(PREFIX)).count();
            assert_eq!(rows, 0);
            assert!(remove(over));
            assert!(!put(over.plus_ms(BLOB_GUARD_MS - 1)) && put(over.plus_ms(BLOB_GUARD_MS)), "its node died");
        }
    }
}
