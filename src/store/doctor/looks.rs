//! One look is one question to the database, whose answer is empty where all is well.

use crate::domain::time::Timestamp;
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::tx::Tx;
use crate::store::value::Value;

/// Findings of one look that are listed; the rest is counted.
pub(super) const LISTED_MAX: u64 = 20;
/// For how long something may be overdue while a server is busy or just starting.
pub(super) const OVERDUE_MS: i64 = 15 * 60_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing is wrong: it mends itself, or only wants to be known.
    Note,
    /// Something works worse than it should, or will not start.
    Warning,
    /// Rows or code are lost or contradict each other.
    Damage,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the look, such as `review.claim`.
    pub check: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// Where: ids and names.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

/// A question to the database.
pub(super) struct Look {
    /// Its name.
    pub check: &'static str,
    pub grade: Grade,
    /// What the rows of the answer are, such as `version`.
    pub sort: &'static str,
    /// What is wrong with them.
    pub what: &'static str,
    pub cure: &'static str,
    /// Asks for an id and a text that people know the thing by; `$1` is the moment before which things are overdue.
    pub sql: &'static str,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Grade {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Grade::Note => "note",
            Grade::Warning => "warning",
            Grade::Damage => "damage",
        }
    }
}

impl Findings {
    pub(super) fn note(&mut self, check: &'static str, place: &str, what: &str, cure: &str) {
        self.push(check, Grade::Note, place, what, cure);
    }

    pub(super) fn warn(&mut self, check: &'static str, place: &str, what: &str, cure: &str) {
        self.push(check, Grade::Warning, place, what, cure);
    }

    pub(super) fn damage(&mut self, check: &'static str, place: &str, what: &str, cure: &str) {
        self.push(check, Grade::Damage, place, what, cure);
    }

    /// That rows could not be read.
    pub(super) fn unread(&mut self, check: &'static str, error: &StoreError) {
        self.damage(check, "the database", &format!("it could not be looked at: {error}"), RESTORE);
    }

    pub(super) fn push(&mut self, check: &'static str, grade: Grade, place: &str, what: &str, cure: &str) {
        let (place, what, cure) = (place.to_owned(), what.to_owned(), cure.to_owned());
        self.0.push(Finding { check, grade, place, what, cure });
    }

    pub(super) fn into_all(self) -> Vec<Finding> {
        self.0
    }
}

/// What to do about rows that are lost or contradict each other.
pub(super) const RESTORE: &str = "restore the database from a backup; if it came without a crash, report it";

/// Asks every question; after an error PostgreSQL answers no more in the same transaction.
pub(super) fn run(tx: &mut Tx, looks: &[Look], now: Timestamp, findings: &mut Findings) {
    for look in looks {
        if let Err(error) = ask(tx, look, now, findings) {
            findings.unread(look.check, &error);
            if tx.dialect() == Dialect::Postgres {
                return;
            }
        }
    }
}

/// Lists what an answer names, the first ones each and then their number.
pub(super) fn list(
    tx: &mut Tx,
    sql: &str,
    params: &[Value],
    mut found: impl FnMut(&str, &str),
) -> Result<u64, StoreError> {
    let mut rows = 0_u64;
    tx.each(sql, params, |row| {
        rows += 1;
        if rows <= LISTED_MAX {
            found(&shown(row, 0)?, &shown(row, 1)?);
        }
        Ok(())
    })?;
    Ok(rows.saturating_sub(LISTED_MAX))
}

fn ask(tx: &mut Tx, look: &Look, now: Timestamp, findings: &mut Findings) -> Result<(), StoreError> {
    let overdue = [now.plus_ms(-OVERDUE_MS).into()];
    let params: &[Value] = if look.sql.contains("$1") { &overdue } else { &[] };
    let more = list(tx, look.sql, params, |id, name| {
        findings.push(look.check, look.grade, &format!("{} {name} ({id})", look.sort), look.what, look.cure);
    })?;
    if more > 0 {
        let what = format!("{more} more of them: {}", look.what);
        findings.push(look.check, look.grade, "the database", &what, look.cure);
    }
    Ok(())
}

/// A text or a number as text.
fn shown(row: &Row, i: usize) -> Result<String, StoreError> {
    if row.is_null(i)? {
        return Ok("nothing".to_owned());
    }
    row.text(i).or_else(|_| row.integer(i).map(|number| number.to_string()))
}
