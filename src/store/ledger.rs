//! The ledger's rows: entries and postings, added and never changed; what an account has is in its newest posting.

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::id::{EntryId, PurchaseId};
use crate::domain::ledger::{EntryKind, LedgerAccount};
use crate::domain::time::Timestamp;

/// Where an account stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its postings so far.
    pub postings: i64,
    /// What it has.
    pub balance: i64,
}

/// One entry, without its postings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its id.
    pub id: EntryId,
    /// Why it was made.
    pub kind: EntryKind,
    /// The purchase that it is about.
    pub purchase: Option<PurchaseId>,
    /// In words, where somebody said why.
    pub reason: String,
    /// The id of the account that did it; empty where the local operator did.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// One posting before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPosting {
    /// Whose.
    pub account: LedgerAccount,
    /// Its number among the account's.
    pub n: i64,
    /// How many points come.
    pub points: i64,
    /// What the account has after it.
    pub balance: i64,
}

/// One line of an account's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Its number among the account's postings, from 1.
    pub n: i64,
    /// The entry.
    pub entry: EntryRow,
    /// The slug of what was bought or taken back.
    pub slug: Option<String>,
    /// How many points came.
    pub points: i64,
    /// What the account had after it.
    pub balance: i64,
}

impl FromRow for Standing {
    fn from_row(row: &Row) -> Result<Standing, StoreError> {
        Ok(Standing { postings: row.integer(0)?, balance: row.integer(1)? })
    }
}

impl FromRow for StatementLine {
    fn from_row(row: &Row) -> Result<StatementLine, StoreError> {
        Ok(StatementLine {
            n: row.integer(0)?,
            points: row.integer(1)?,
            balance: row.integer(2)?,
            entry: EntryRow {
                id: row.parsed(3)?,
                kind: row.parsed(4)?,
                purchase: row.optional_parsed(5)?,
                reason: row.text(6)?,
                by: row.text(7)?,
                at: row.timestamp(8)?,
            },
            slug: row.optional_text(9)?,
        })
    }
}

/// Where an account stands; a transaction that changes something has the account to itself from then on. Accounts are
/// asked for in their order, so that nobody waits in a ring.
pub fn standing(tx: &mut Tx, account: LedgerAccount) -> Result<Standing, StoreError> {
    tx.take_turn(&format!("ledger {account}"))?;
    let sql = "SELECT n, balance FROM ledger_postings WHERE account = $1 ORDER BY n DESC LIMIT 1";
    Ok(tx.query_one(sql, &[Value::shown(account)])?.unwrap_or_default())
}

/// Adds an entry with its postings.
pub fn append(tx: &mut Tx, entry: &EntryRow, postings: &[NewPosting]) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO ledger_entries (id, kind, purchase_id, reason, by_id, at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let params = [
        entry.id.into(),
        entry.kind.name().into(),
        entry.purchase.into(),
        (&entry.reason).into(),
        (&entry.by).into(),
        entry.at.into(),
    ];
    tx.execute(sql, &params)?;
    let sql = "INSERT INTO ledger_postings (account, n, entry_id, points, balance) VALUES ($1, $2, $3, $4, $5)";
    for posting in postings {
        let params = [
            Value::shown(posting.account),
            posting.n.into(),
            entry.id.into(),
            posting.points.into(),
            posting.balance.into(),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

/// Up to `limit` lines of an account's statement before number `before`, newest first.
pub fn statement(
    tx: &mut Tx,
    account: LedgerAccount,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<StatementLine>, StoreError> {
    let sql = "SELECT p.n, p.points, p.balance, e.id, e.kind, e.purchase_id, e.reason, e.by_id, e.at_ms, b.slug \
               FROM ledger_postings p JOIN ledger_entries e ON e.id = p.entry_id \
               LEFT JOIN purchases b ON b.id = e.purchase_id \
               WHERE p.account = $1 AND p.n < $2 ORDER BY p.n DESC LIMIT $3";
    tx.query(sql, &[Value::shown(account), before.unwrap_or(i64::MAX).into(), limit.into()])
}
