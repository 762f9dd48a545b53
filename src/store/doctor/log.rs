//! Whether the log is whole: the audit chain to its head, the numbers of events, the policy's revisions, the first rows.

use super::looks::{Findings, RESTORE};
use crate::domain::audit::AuditHead;
use crate::domain::policy::Place;
use crate::store::error::StoreError;
use crate::store::row::{FromRow, Row};
use crate::store::tx::Tx;
use crate::store::{audit, events, open, policy};

/// The first and the last number of rows, and how many there are.
struct Span {
    first: i64,
    last: i64,
    count: i64,
}

/// Looks at the log; gives the audit log's head where its chain was followed and is intact.
pub(super) fn look(tx: &mut Tx, has_key: bool, findings: &mut Findings) -> Option<AuditHead> {
    let told = [first_rows(tx, findings), numbers(tx, findings), policies(tx, findings)];
    for error in told.into_iter().filter_map(Result::err) {
        findings.unread("log", &error);
    }
    if !has_key {
        return None;
    }
    match audit::verify(tx, None) {
        Ok(Ok(head)) => Some(head),
        Ok(Err(fault)) => {
            let cure = "find out who could write to the database; compare with a backup (`skydeck audit verify --head` \
                        with heads noted down elsewhere tells what was changed since)";
            findings.damage("audit.chain", "the audit log", &fault.to_string(), cure);
            None
        }
        Err(error) => {
            findings.unread("audit.chain", &error);
            None
        }
    }
}

fn first_rows(tx: &mut Tx, findings: &mut Findings) -> Result<(), StoreError> {
    if open::kept_fingerprint(tx)?.is_none() {
        let what = "the audit key's fingerprint is missing, so that a wrong key would not be noticed";
        findings.damage("settings.key", "the settings", what, RESTORE);
    }
    let heads = tx.query_one::<i64>("SELECT count(*) FROM log_head", &[])?.unwrap_or(0);
    if heads != 1 {
        let what = format!("it has {heads} heads, and one belongs there");
        findings.damage("log.head", "the log", &what, RESTORE);
    }
    let sql = "SELECT count(*), COALESCE(sum(CASE WHEN role = 'administrator' AND suspended = 0 THEN 1 ELSE 0 END), 0) \
               FROM accounts";
    let mut accounts = (0, 0);
    tx.each(sql, &[], |row| {
        accounts = (row.integer(0)?, row.integer(1)?);
        Ok(())
    })?;
    if accounts.0 > 0 && accounts.1 == 0 {
        let cure = "make one on the machine itself: skydeck admin account create NAME --role administrator --data DIR";
        findings.warn("accounts.administrator", "the accounts", "no account is an administrator that may act", cure);
    }
    Ok(())
}

fn numbers(tx: &mut Tx, findings: &mut Findings) -> Result<(), StoreError> {
    let (head, newest) = (audit::head(tx)?, events::newest(tx)?);
    let rows = span(tx, "audit")?;
    if rows.count != head.number || rows.last != head.number || (rows.count > 0 && rows.first != 1) {
        let what = format!(
            "its head says {} rows, and there are {} with the numbers {} to {}",
            head.number, rows.count, rows.first, rows.last
        );
        findings.damage("audit.numbers", "the audit log", &what, RESTORE);
    }
    let kept = span(tx, "events")?;
    let gapless = kept.count == 0 || kept.last - kept.first + 1 == kept.count;
    if !gapless || (kept.count > 0 && kept.last != newest) || (kept.count == 0 && newest > 0) {
        let what = format!(
            "the newest is number {newest}, and {} are kept with the numbers {} to {}",
            kept.count, kept.first, kept.last
        );
        let cure = "nothing; readers that ask for what is missing are told to read everything anew";
        findings.warn("events.numbers", "the live events", &what, cure);
    }
    Ok(())
}

fn policies(tx: &mut Tx, findings: &mut Findings) -> Result<(), StoreError> {
    let mut expected = 1;
    tx.each("SELECT number, document FROM policy_revisions ORDER BY number", &[], |row| {
        let number = row.integer(0)?;
        if number != expected {
            let what = format!("revision {expected} is missing");
            findings.damage("policy.revisions", "the policy", &what, RESTORE);
        }
        expected = number + 1;
        if let Err(error) = policy::document(row.str(1)?, Place::Global) {
            let place = format!("policy revision {number}");
            findings.damage("policy.document", &place, &error.to_string(), RESTORE);
        }
        Ok(())
    })?;
    if expected == 1 {
        findings.damage("policy.revisions", "the policy", "it has no revision at all", RESTORE);
    }
    Ok(())
}

fn span(tx: &mut Tx, table: &str) -> Result<Span, StoreError> {
    let sql = format!("SELECT COALESCE(min(n), 0), COALESCE(max(n), 0), count(*) FROM {table}");
    Ok(tx.query_one(&sql, &[])?.unwrap_or(Span { first: 0, last: 0, count: 0 }))
}

impl FromRow for Span {
    fn from_row(row: &Row) -> Result<Span, StoreError> {
        Ok(Span { first: row.integer(0)?, last: row.integer(1)?, count: row.integer(2)? })
    }
}
