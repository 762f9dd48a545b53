//! What became of a transaction whose connection broke while it was being committed: the log knows.

use super::session::Session;
use crate::domain::audit::AuditHead;
use crate::store::error::StoreError;
use crate::store::tx::Purpose;

/// Whoever writes to the log holds the row of its head until they are done. Once it can be had, they are.
const WAIT: &str = "SELECT audit_n FROM log_head WHERE id = 1 FOR NO KEY UPDATE";
const FIND: &str = "SELECT mac FROM audit WHERE n = $1";

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written, for good.
    Written,
    /// Nothing of it is left, and nothing of it will come.
    Undone,
}

/// Finds out whether the transaction that wrote `entry` as its last audit row was committed.
///
/// The row's MAC is that of nothing else: it follows from the row's text, its number and the row before it. So a number
/// that somebody else was given meanwhile is told apart, also after a crash of the database.
///
/// # Errors
/// Where the database does not answer, or the transaction still runs.
pub(super) fn of(session: &mut Session, entry: &AuditHead) -> Result<Fate, StoreError> {
    session.begin(Purpose::Write);
    let mut fate = Fate::Undone;
    let asked = session.step("SET LOCAL lock_timeout = '1s'").and_then(|()| {
        session.each(WAIT, &[], |_| Ok(()))?;
        session.each(FIND, &[entry.number.into()], |row| {
            if row.str(0)? == entry.mac.to_string() {
                fate = Fate::Written;
            }
            Ok(())
        })
    });
    session.roll_back()?;
    asked.map(|()| fate)
}
