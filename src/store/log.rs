//! What ends a transaction: its audit rows chained, its events numbered, and nothing after that.

use super::error::StoreError;
use super::events::NewEvent;
use super::row::{FromRow, Row};
use super::tx::{Purpose, Tx};
use super::value::Value;
use crate::domain::audit::{AuditEntry, AuditHead, ChainMac};
use crate::domain::limits::EVENTS_KEPT_MAX;
use crate::domain::time::Timestamp;

/// The one row that numbers are drawn from; updating it makes other transactions that want numbers wait.
struct Head {
    audit_n: i64,
    event_n: i64,
    mac: ChainMac,
}

/// What a transaction left in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Logged {
    /// The number of its newest event, where it wrote any.
    pub newest_event: Option<i64>,
    /// The number and MAC of its newest audit row, where it wrote any.
    pub newest_entry: Option<AuditHead>,
}

/// Writes what the transaction kept for its end.
///
/// `clock` is the time of events that come without an audit row.
///
/// # Errors
/// Those of the statements; [`StoreError::Internal`] where a transaction that reads has something to log.
pub(super) fn append(tx: &mut Tx, clock: Timestamp) -> Result<Logged, StoreError> {
    let (entries, events) = tx.take_kept();
    if entries.is_empty() && events.is_empty() {
        return Ok(Logged::default());
    }
    if tx.purpose() == Purpose::Read {
        return Err(StoreError::Internal("a transaction that reads has something to log".to_owned()));
    }
    let head = advance(tx, entries.len(), events.len())?;
    let at = entries.last().map_or(clock, |entry| entry.at);
    let newest = (!events.is_empty()).then_some(head.event_n);
    let first_event = head.event_n - i64::try_from(events.len()).unwrap_or(0) + 1;
    insert_events(tx, first_event, at, &events)?;
    let first_entry = head.audit_n - i64::try_from(entries.len()).unwrap_or(0) + 1;
    let newest_entry = insert_entries(tx, first_entry, head.mac, &entries)?;
    Ok(Logged { newest_event: newest, newest_entry })
}

fn advance(tx: &mut Tx, entries: usize, events: usize) -> Result<Head, StoreError> {
    let sql = "UPDATE log_head SET audit_n = audit_n + $1, event_n = event_n + $2 WHERE id = 1 \
               RETURNING audit_n, event_n, mac";
    tx.query_one(sql, &[entries.into(), events.into()])?
        .ok_or_else(|| StoreError::Corrupt("the log's head is missing".to_owned()))
}

fn insert_events(tx: &mut Tx, first: i64, at: Timestamp, events: &[NewEvent]) -> Result<(), StoreError> {
    let Some(last) = events.len().checked_sub(1) else { return Ok(()) };
    let sql = "INSERT INTO events (n, at_ms, topic, audience, body) VALUES ($1, $2, $3, $4, $5)";
    for (number, event) in (first..).zip(events) {
        let body = Value::json(&event.body)?;
        tx.execute(sql, &[number.into(), at.into(), event.topic.into(), (&event.audience).into(), body])?;
    }
    let newest = first + i64::try_from(last).unwrap_or(0);
    tx.execute("DELETE FROM events WHERE n <= $1", &[(newest - EVENTS_KEPT_MAX).into()])?;
    Ok(())
}

fn insert_entries(
    tx: &mut Tx,
    first: i64,
    mut mac: ChainMac,
    entries: &[AuditEntry],
) -> Result<Option<AuditHead>, StoreError> {
    let mut newest = None;
    let sql = "INSERT INTO audit (n, at_ms, actor_kind, actor_id, action, subject_kind, subject_id, detail, mac) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    for (number, entry) in (first..).zip(entries) {
        mac = tx.audit_key().chain(&mac, number, entry);
        let params = [
            number.into(),
            entry.at.into(),
            (&entry.actor_kind).into(),
            (&entry.actor_id).into(),
            (&entry.action).into(),
            (&entry.subject_kind).into(),
            (&entry.subject_id).into(),
            (&entry.detail).into(),
            mac.into(),
        ];
        tx.execute(sql, &params)?;
        newest = Some(AuditHead { number, mac });
    }
    if newest.is_some() {
        tx.execute("UPDATE log_head SET mac = $1 WHERE id = 1", &[mac.into()])?;
    }
    Ok(newest)
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Head, StoreError> {
        Ok(Head { audit_n: row.integer(0)?, event_n: row.integer(1)?, mac: row.parsed(2)? })
    }
}
