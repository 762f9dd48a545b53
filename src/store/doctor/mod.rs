//! Looks whether everything that is kept fits together, changes nothing, and says for each thing that does not: what, where,
//! how bad, and what to do.
//!
//! It takes no lock, so a server may be running meanwhile: all rows are read from one snapshot.

mod codes;
mod ledger;
mod log;
mod looks;
mod reviews;
mod schema;
mod versions;
mod work;

use std::path::Path;

use rusqlite::Connection;

use super::error::{OpenError, StoreError};
use super::migrations::MIGRATIONS;
use super::open::{self, StoreConfig};
use super::postgres;
use super::schema::Schema;
use super::tx::{Purpose, Tx};
use super::{blobs, key, needed_key, settings, sqlite};
use crate::domain::audit::{AuditHead, AuditKey};
use crate::domain::time::Timestamp;

pub use codes::{NamedCode, examine_codes};
use looks::Findings;
pub use looks::{Finding, Grade};

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The database, without a password.
    pub database: String,
    /// The schema's number.
    pub schema: i64,
    /// The audit log's head, where its chain was followed to the end with the key and is intact.
    pub audit_head: Option<AuditHead>,
    /// Rows of all tables.
    pub rows: u64,
    /// The codes that versions are made of, for [`examine_codes`].
    pub codes: Vec<NamedCode>,
    /// The id of the place that they are in, where it is settled.
    pub place_id: Option<String>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Adds what was found elsewhere, and keeps the order.
    pub fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    }

    /// The worst that was found.
    pub fn worst(&self) -> Option<Grade> {
        self.findings.iter().map(|finding| finding.grade).max()
    }
}

/// Looks at all rows of the marketplace that `config` names; nothing is written.
///
/// Only on a thread that runs no async code.
///
/// # Errors
/// [`OpenError`] where nothing can be looked at: no database, another program's, a newer schema.
pub fn examine(config: &StoreConfig, now: Timestamp) -> Result<Examination, OpenError> {
    match &config.postgres {
        None => examine_file(config, now),
        Some(url) => examine_server(config, url, now),
    }
}

/// Looks at the rows as a running transaction sees them, for tests that break something and take it back.
#[cfg(test)]
pub fn examine_within(tx: &mut Tx, now: Timestamp) -> Examination {
    let newest = MIGRATIONS.last().map_or(0, |step| step.number);
    examine_rows(tx, "a transaction".to_owned(), newest, true, Findings::default(), now)
}

fn examine_file(config: &StoreConfig, now: Timestamp) -> Result<Examination, OpenError> {
    let path = config.database();
    let refused = |source| OpenError::Database { path: path.clone(), source };
    let (connection, applied) = match open::open_to_look(&path) {
        Err(OpenError::Database { source: error @ StoreError::Corrupt(_), .. }) => {
            let mut findings = Findings::default();
            findings.damage("database.integrity", "the database file", &error.to_string(), schema::DAMAGED);
            return Ok(ended(path.display().to_string(), 0, findings));
        }
        opened => opened?,
    };
    sqlite::step(&connection, "BEGIN DEFERRED").map_err(refused)?;
    let mut findings = Findings::default();
    if let Some(to) = open::moved_to(&config.moved_marker()) {
        let what = format!("its marketplace was moved to {to}, and this database is as it was then");
        findings.note(
            "moved",
            &path.display().to_string(),
            &what,
            "look at that database instead (SKYDECK_DATABASE_URL)",
        );
    }
    if schema::integrity(&connection, &mut findings) == schema::Readable::No {
        return Ok(ended(path.display().to_string(), applied, findings));
    }
    let key = key_for(&connection, config, &mut findings).map_err(refused)?;
    look_for_needed_keys(&mut Tx::new(&connection, &NO_KEY, Purpose::Read), config, &mut findings);
    let mut tx = Tx::new(&connection, key.as_ref().unwrap_or(&NO_KEY), Purpose::Read);
    Ok(examine_rows(&mut tx, path.display().to_string(), applied, key.is_some(), findings, now))
}

fn examine_server(
    config: &StoreConfig,
    url: &super::postgres::PostgresUrl,
    now: Timestamp,
) -> Result<Examination, OpenError> {
    let (mut session, applied) = postgres::visit(url)?;
    let refused = |source| OpenError::Database { path: url.to_string().into(), source };
    let mut findings = Findings::default();
    if postgres::is_unfinished(&mut session).map_err(refused)? {
        let what = "a marketplace is being moved into it, and not all of it is there yet";
        findings.warn("moved", &url.to_string(), what, "wait for `skydeck admin migrate`, or run it again to finish");
    }
    session.begin(Purpose::Read);
    let kept = open::kept_fingerprint(&mut Tx::on_postgres(&mut session, &NO_KEY, Purpose::Read)).map_err(refused)?;
    let key = readable(key::given(&config.key(), kept), &config.key(), &mut findings);
    look_for_needed_keys(&mut Tx::on_postgres(&mut session, &NO_KEY, Purpose::Read), config, &mut findings);
    let mut tx = Tx::on_postgres(&mut session, key.as_ref().unwrap_or(&NO_KEY), Purpose::Read);
    Ok(examine_rows(&mut tx, url.to_string(), applied, key.is_some(), findings, now))
}

/// The look that says that the key for secrets is not there.
pub const SECRET_KEY_CHECK: &str = "secrets.key";
/// The look that says that the key for grants is not there.
pub const GRANT_KEY_CHECK: &str = "grants.key";
/// What stands for a key where none is at hand; nothing is verified with it.
const NO_KEY: AuditKey = AuditKey::from_bytes([0; 32]);

fn key_for(
    connection: &Connection,
    config: &StoreConfig,
    findings: &mut Findings,
) -> Result<Option<AuditKey>, StoreError> {
    let kept = open::kept_fingerprint(&mut Tx::new(connection, &NO_KEY, Purpose::Read))?;
    Ok(readable(key::given(&config.key(), kept), &config.key(), findings))
}

/// Whether the keys are there that secrets were encrypted and grants were signed with, where any were.
fn look_for_needed_keys(tx: &mut Tx, config: &StoreConfig, findings: &mut Findings) {
    let checks = [
        (SECRET_KEY_CHECK, &needed_key::SECRETS, config.secret_key()),
        (GRANT_KEY_CHECK, &needed_key::GRANTS, config.grant_key()),
    ];
    for (check, needed, path) in checks {
        let kept = match settings::get(tx, needed.fingerprint) {
            Ok(None) => continue,
            Ok(Some(text)) => text.parse().ok(),
            Err(error) => {
                findings.unread(check, &error);
                continue;
            }
        };
        let place = path.display().to_string();
        if kept.is_none() {
            let what = format!("the fingerprint of {} is no digest", needed.name);
            findings.damage(check, &place, &what, looks::RESTORE);
        } else if let Err(error) = needed.obtain(&path, kept) {
            let cure = format!("put the right key there; {}", needed.without);
            findings.warn(check, &place, &error.to_string(), &cure);
        }
    }
}

/// The key, or a finding that says why there is none.
fn readable(key: Result<AuditKey, OpenError>, path: &Path, findings: &mut Findings) -> Option<AuditKey> {
    key.map_err(|error| {
        let what = format!("{error}; the audit chain was not followed");
        let cure = "put the right key there, or name it with --audit-key-file; no server starts without it";
        findings.warn("audit.key", &path.display().to_string(), &what, cure);
    })
    .ok()
}

fn examine_rows(
    tx: &mut Tx,
    database: String,
    applied: i64,
    has_key: bool,
    mut findings: Findings,
    now: Timestamp,
) -> Examination {
    let steps = MIGRATIONS.iter().take_while(|step| step.number <= applied).count();
    let schema = match Schema::made_by(&MIGRATIONS[..steps]) {
        Ok(schema) => schema,
        Err(error) => {
            findings.damage("schema", &database, &error.to_string(), "report this; it is a mistake in skydeck");
            return ended(database, applied, findings);
        }
    };
    if let Some(newest) = MIGRATIONS.last().filter(|newest| newest.number > applied) {
        let what = format!("it has schema {applied}, and this skydeck writes schema {}", newest.number);
        findings.note("schema", &database, &what, "nothing; the next start of a server brings it up to date");
    }
    if schema::tables(tx, &schema, &mut findings) == schema::Readable::No {
        return ended(database, applied, findings);
    }
    schema::indexes(tx, &schema, &mut findings);
    schema::references(tx, &schema, &mut findings);
    let audit_head = log::look(tx, has_key, &mut findings);
    for looks in [versions::LOOKS, reviews::LOOKS, work::LOOKS, ledger::LOOKS] {
        looks::run(tx, looks, now, &mut findings);
    }
    let codes = codes::named(tx).unwrap_or_else(|error| {
        findings.unread("codes", &error);
        Vec::new()
    });
    let place_id = blobs::settled_id(tx).unwrap_or_else(|error| {
        findings.unread("codes.place", &error);
        None
    });
    let rows = schema::rows(tx, &schema).unwrap_or_else(|error| {
        findings.unread("rows", &error);
        0
    });
    Examination { audit_head, rows, codes, place_id, ..ended(database, applied, findings) }
}

fn ended(database: String, schema: i64, findings: Findings) -> Examination {
    let (codes, findings_so_far) = (Vec::new(), Vec::new());
    let mut examination =
        Examination { database, schema, audit_head: None, rows: 0, codes, place_id: None, findings: findings_so_far };
    examination.add(findings.into_all());
    examination
}
