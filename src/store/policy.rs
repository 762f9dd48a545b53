//! The policy's revisions, the marketplace's own and those of servers: appended, never changed; the newest is in force.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::id::{AccountId, PlanId};
use crate::domain::json::Json;
use crate::domain::policy::{Document, Enacted, InForce, Place, Policy, Stamp, Subject};
use crate::domain::time::Timestamp;

/// One revision of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRevision {
    /// Its document, who made it and when, and who set each of its fields.
    pub enacted: Enacted,
    /// Why it was made.
    pub reason: String,
    /// The earlier revision that it goes back to, where it does.
    pub restores: Option<i64>,
    /// The plan that it was applied from, where there was one.
    pub plan: Option<PlanId>,
}

/// What [`layers`] and all that rests on it read.
const NEWEST: &str = "SELECT number, document, stamps, by_id, at_ms FROM policy_revisions ORDER BY number DESC LIMIT 1";

const COLUMNS: &str = "number, document, stamps, reason, by_id, at_ms, restores, plan_id";

impl PolicyRevision {
    /// Its number, from 1.
    pub const fn number(&self) -> i64 {
        self.enacted.stamp.revision
    }

    /// What it says.
    pub const fn document(&self) -> &Document {
        &self.enacted.document
    }
}

/// The revision in force.
pub fn current(tx: &mut Tx) -> Result<PolicyRevision, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_revisions ORDER BY number DESC LIMIT 1");
    tx.query_one(&sql, &[])?.ok_or_else(missing)
}

/// What is in force; as long as it stays the same text it is parsed once for each thread.
pub fn layers(tx: &mut Tx) -> Result<Arc<InForce>, StoreError> {
    tx.query_one::<Parsed>(NEWEST, &[])?.map(|parsed| parsed.0).ok_or_else(missing)
}

/// Says that the policy will be asked for in this transaction; see [`in_force`].
pub fn foresee(tx: &mut Tx) {
    tx.foresee(NEWEST, &[]);
}

/// The policy in force at `now` for nobody in particular.
pub fn in_force(tx: &mut Tx, now: Timestamp) -> Result<Arc<Policy>, StoreError> {
    Ok(layers(tx)?.policy(&Subject::default(), now))
}

/// The policy in force at `now` for an extension, by its slug.
pub fn for_extension(tx: &mut Tx, slug: &str, now: Timestamp) -> Result<Arc<Policy>, StoreError> {
    Ok(layers(tx)?.policy(&Subject { server: None, extension: Some(slug) }, now))
}

/// The policy in force at `now` on a server, by its id, with what the server overrides; for an extension where one is
/// named.
pub fn on_server(
    tx: &mut Tx,
    server: &str,
    extension: Option<&str>,
    now: Timestamp,
) -> Result<Arc<Policy>, StoreError> {
    let layers = layers(tx)?;
    let own = of_server(tx, server)?.map(|revision| revision.enacted);
    let subject = Subject { server: Some(server), extension };
    Ok(Arc::new(layers.effective(own.as_ref(), &subject, now).policy))
}

/// One revision, where there is one with this number.
pub fn by_number(tx: &mut Tx, number: i64) -> Result<Option<PolicyRevision>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_revisions WHERE number = $1");
    tx.query_one(&sql, &[number.into()])
}

/// Up to `limit` revisions before the revision `before` (or the newest ones), newest first.
pub fn page(tx: &mut Tx, before: Option<i64>, limit: usize) -> Result<Vec<PolicyRevision>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_revisions WHERE number < $1 ORDER BY number DESC LIMIT $2");
    tx.query(&sql, &[before.unwrap_or(i64::MAX).into(), limit.into()])
}

/// Appends a revision.
///
/// # Errors
/// [`StoreError::Constraint`] where its number is taken: two were made at once.
pub fn append(tx: &mut Tx, revision: &PolicyRevision) -> Result<(), StoreError> {
    let sql = "INSERT INTO policy_revisions (number, document, stamps, reason, by_id, at_ms, restores, plan_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (number) DO NOTHING";
    let mut params = params(revision)?;
    params.extend([revision.restores.into(), revision.plan.into()]);
    match tx.execute(sql, &params)? {
        0 => Err(tx.raced("policy_revisions: the number is taken")),
        _ => Ok(()),
    }
}

/// What a server overrides, where it does.
pub fn of_server(tx: &mut Tx, server: &str) -> Result<Option<PolicyRevision>, StoreError> {
    let sql = "SELECT number, document, stamps, reason, by_id, at_ms FROM server_policies WHERE server_id = $1 \
               ORDER BY number DESC LIMIT 1";
    Ok(tx.query_one::<OfServer>(sql, &[server.into()])?.map(|found| found.0))
}

/// What each server overrides, by the servers' ids.
pub fn of_servers(tx: &mut Tx) -> Result<Vec<(String, Enacted)>, StoreError> {
    let sql = "SELECT p.number, p.document, p.stamps, p.reason, p.by_id, p.at_ms, p.server_id FROM server_policies p \
               JOIN (SELECT server_id, MAX(number) AS newest FROM server_policies GROUP BY server_id) n \
               ON n.server_id = p.server_id AND n.newest = p.number ORDER BY p.server_id";
    let mut found = Vec::new();
    tx.each(sql, &[], |row| {
        found.push((row.text(6)?, OfServer::from_row(row)?.0.enacted));
        Ok(())
    })?;
    Ok(found)
}

/// Appends a revision of what a server overrides.
///
/// # Errors
/// As [`append`].
pub fn append_of_server(tx: &mut Tx, server: &str, revision: &PolicyRevision) -> Result<(), StoreError> {
    let sql = "INSERT INTO server_policies (number, document, stamps, reason, by_id, at_ms, server_id) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (server_id, number) DO NOTHING";
    let mut params = params(revision)?;
    params.push(server.into());
    match tx.execute(sql, &params)? {
        0 => Err(tx.raced("server_policies: the number is taken")),
        _ => Ok(()),
    }
}

/// Makes the built-in defaults revision 1, where there is none.
pub(super) fn set_first(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    let stamp = Stamp { revision: 1, by: None, at: now };
    let enacted = Enacted::first(Document::default(), stamp);
    let first = PolicyRevision { enacted, reason: "the built-in defaults".to_owned(), restores: None, plan: None };
    let sql = "INSERT INTO policy_revisions (number, document, stamps, reason, by_id, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING";
    tx.execute(sql, &params(&first)?).map(drop)
}

/// Reads a document as it is kept; the doctor asks for no more.
pub(super) fn document(text: &str, place: Place) -> Result<Document, StoreError> {
    let corrupt = |what: &dyn std::fmt::Display| StoreError::Corrupt(format!("a document of the policy: {what}"));
    let json = Json::parse(text.as_bytes()).map_err(|fault| corrupt(&fault))?;
    Document::from_json(&json, place).map_err(|faults| match faults.first() {
        Some(fault) => corrupt(fault),
        None => corrupt(&"unreadable"),
    })
}

fn missing() -> StoreError {
    StoreError::Corrupt("the policy has no revision".to_owned())
}

fn params(revision: &PolicyRevision) -> Result<Vec<Value>, StoreError> {
    let Enacted { document, stamp, stamps } = &revision.enacted;
    // A field that this very revision set is known by the row itself.
    let kept = stamps.iter().filter(|(_, one)| *one != stamp);
    let stamps: BTreeMap<String, Stamp> = kept.map(|(path, stamp)| (path.to_string(), *stamp)).collect();
    Ok(vec![
        stamp.revision.into(),
        document.to_json().to_compact().into(),
        Value::json(&stamps)?,
        (&revision.reason).into(),
        stamp.by.map_or_else(|| Value::from(""), Value::from),
        stamp.at.into(),
    ])
}

fn by(row: &Row, i: usize) -> Result<Option<AccountId>, StoreError> {
    if row.str(i)?.is_empty() { Ok(None) } else { row.parsed(i).map(Some) }
}

fn enacted(text: &str, stamps: &str, stamp: Stamp, place: Place) -> Result<Enacted, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("the stamps of a policy: {error}"));
    let stamps: BTreeMap<String, Stamp> = serde_json::from_str(stamps).map_err(corrupt)?;
    // Fields that are no more have no stamp either.
    let stamps = stamps.into_iter().filter_map(|(path, stamp)| Some((path.parse().ok()?, stamp))).collect();
    Ok(Enacted { document: document(text, place)?, stamp, stamps })
}

/// What is in force, which may have been parsed before.
struct Parsed(Arc<InForce>);

/// What a text was parsed to.
struct Known {
    document: String,
    stamps: String,
    in_force: Arc<InForce>,
}

impl FromRow for Parsed {
    fn from_row(row: &Row) -> Result<Parsed, StoreError> {
        thread_local! {
            static LAST: RefCell<Option<Known>> = const { RefCell::new(None) };
        }
        let (text, stamps) = (row.str(1)?, row.str(2)?);
        let stamp = Stamp { revision: row.integer(0)?, by: by(row, 3)?, at: row.timestamp(4)? };
        LAST.with_borrow_mut(|last| match last {
            Some(known) if known.document == text && known.stamps == stamps && known.in_force.global.stamp == stamp => {
                Ok(Parsed(Arc::clone(&known.in_force)))
            }
            _ => {
                let in_force = Arc::new(InForce::new(enacted(text, stamps, stamp, Place::Global)?));
                let known = Arc::clone(&in_force);
                *last = Some(Known { document: text.to_owned(), stamps: stamps.to_owned(), in_force: known });
                Ok(Parsed(in_force))
            }
        })
    }
}

impl FromRow for PolicyRevision {
    fn from_row(row: &Row) -> Result<PolicyRevision, StoreError> {
        let stamp = Stamp { revision: row.integer(0)?, by: by(row, 4)?, at: row.timestamp(5)? };
        Ok(PolicyRevision {
            enacted: enacted(row.str(1)?, row.str(2)?, stamp, Place::Global)?,
            reason: row.text(3)?,
            restores: row.optional_integer(6)?,
            plan: row.optional_parsed(7)?,
        })
    }
}

/// A revision of a server's override.
struct OfServer(PolicyRevision);

impl FromRow for OfServer {
    fn from_row(row: &Row) -> Result<OfServer, StoreError> {
        let stamp = Stamp { revision: row.integer(0)?, by: by(row, 4)?, at: row.timestamp(5)? };
        let enacted = enacted(row.str(1)?, row.str(2)?, stamp, Place::Server)?;
        Ok(OfServer(PolicyRevision { enacted, reason: row.text(3)?, restores: None, plan: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::scratch;
    use super::*;

    #[test]
    fn a_document_from_before_the_layers_says_the_same() {
        let (scratch, now) = (scratch(), Timestamp::from_ms(5));
        let mut whole = Policy::default();
        whole.review.lease_ms = 120_000;
        let text = serde_json::to_string(&whole).unwrap();
        scratch.tx(|tx| tx.execute("UPDATE policy_revisions SET document = $1", &[text.into()])).unwrap();
        assert_eq!(*scratch.read(|tx| in_force(tx, now)).unwrap(), whole);
        scratch.tx(|tx| tx.execute("UPDATE policy_revisions SET document = '{\"reviw\":{}}'", &[])).unwrap();
        let refused = scratch.read(|tx| in_force(tx, now)).unwrap_err();
        assert!(refused.to_string().contains("did you mean review?"), "{refused}");
    }
}
