//! Moves a marketplace from a data folder into PostgreSQL: every row of every table, compared afterwards on both sides.
//!
//! The tables are those that the schema's steps make, so none can be forgotten. Rows go over in the order of their keys, in
//! bounded batches; what is there already tells where an interrupted move goes on. Until the last comparison is through,
//! the database holds a mark that keeps servers from starting on it, and nothing in the folder is changed but for the
//! file that says where its marketplace went.

mod codes;
mod compare;
mod source;
mod target;

use std::path::PathBuf;

use super::blobs::BlobPlace;
use super::clock;
use super::error::{OpenError, StoreError};
use super::open::StoreConfig;
use super::postgres::PostgresUrl;
use super::schema::{Schema, Table};
use crate::domain::audit::{AuditHead, ChainFault};
use crate::domain::digest::Sha256Digest;

use source::Source;
use target::{Claim, Target};

/// Bytes of rows that are sent together; one row may be longer.
const BATCH_BYTES: usize = 4 << 20;
/// Rows that are sent together at most.
const BATCH_ROWS: u64 = 10_000;

/// What is being done, told after each batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveProgress {
    /// What is done with the rows.
    pub step: MoveStep,
    /// The table in hand.
    pub table: String,
    /// Rows of all tables, or codes, that this is done with so far.
    pub rows: u64,
    /// Rows of all tables, or codes.
    pub rows_total: u64,
}

/// What is done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStep {
    /// They are written into the database.
    Copying,
    /// They are read again on both sides.
    Comparing,
    /// Codes, not rows, are copied into another place.
    Storing,
    /// The audit chain is followed in the database.
    Verifying,
}

/// One table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over its rows in the order of their keys; the same on both sides.
    pub sha256: Sha256Digest,
}

/// Codes that were copied into another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedCodes {
    /// The place.
    pub place: String,
    /// How many; every one was read there and has its digest.
    pub codes: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A move that is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Every table.
    pub tables: Vec<MovedTable>,
    /// The codes, where they were to be copied too.
    pub codes: Option<MovedCodes>,
    /// The audit log's head, verified in the database.
    pub audit_head: AuditHead,
    /// The newest event's number, from which streams of events go on.
    pub newest_event: i64,
    /// Rows that an interrupted move had brought over before.
    pub rows_before: u64,
    /// Whether the folder had changed since an interrupted move, so that all was brought over anew.
    pub started_over: bool,
    /// The fingerprint of the audit key that every node on the database needs.
    pub key_fingerprint: Sha256Digest,
    /// The key that every node needs too, where secrets are encrypted with one.
    pub secret_key: Option<PathBuf>,
    /// The key that every node needs too, where grants are signed with one.
    pub grant_key: Option<PathBuf>,
    /// The file in the data folder that now says where its marketplace went.
    pub marker: PathBuf,
}

/// Why a marketplace was not moved; what was brought over stays, and the next attempt goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The folder or the database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder was written by an older skydeck.
    #[error(
        "{path} has schema {found}, and this skydeck writes schema {known}; start `skydeck serve` on the folder once, \
         which brings it up to date, stop it, and move it then"
    )]
    OlderSchema {
        /// The database file.
        path: PathBuf,
        /// The schema's number.
        found: i64,
        /// The number known here.
        known: i64,
    },
    /// The database has rows of a marketplace.
    #[error(
        "{database} has a marketplace already (there are rows in its table {table}); \
         name an empty database, or an empty schema (?options=-csearch_path%3DNAME)"
    )]
    Occupied {
        /// The database.
        database: String,
        /// A table that is not empty.
        table: String,
    },
    /// Another marketplace was half moved into the database.
    #[error(
        "{database} holds a part of another marketplace (its audit key has the fingerprint {fingerprint}): \
         finish that move, or drop the schema's tables"
    )]
    OtherMove {
        /// The database.
        database: String,
        /// The fingerprint of that marketplace's audit key.
        fingerprint: String,
    },
    /// What arrived is not what was sent.
    #[error(
        "what is in {database} is not what is in the folder: {tables} differ; \
         drop the schema's tables and begin again, and report it if that does not help"
    )]
    Differs {
        /// The database.
        database: String,
        /// The tables, with commas between them.
        tables: String,
    },
    /// The audit log is broken, here as in the folder.
    #[error(
        "the audit log is not intact: {0}; look at it with `skydeck admin doctor`, and restore the folder from a backup"
    )]
    Chain(ChainFault),
    /// A statement failed.
    #[error("{0}; run the same command again: it goes on where it stopped")]
    Store(#[from] StoreError),
}

/// Moves the marketplace of a data folder, which no server may be running on, into an empty database.
///
/// Only on a thread that runs no async code. Code stays where it is, and is copied to `codes` where that is named.
///
/// # Errors
/// [`MoveError`].
pub fn move_rows(
    config: &StoreConfig,
    to: &PostgresUrl,
    codes: Option<&BlobPlace>,
    heard: &mut dyn FnMut(&MoveProgress),
) -> Result<Moved, MoveError> {
    let schema = Schema::known()?;
    let mut source = Source::open(config)?;
    let (mut target, claim) = Target::open(to, clock(), &schema, &source)?;
    let mut started_over = claim == Claim::Changed;
    let mut rows_before = 0;
    if claim == Claim::Resumed {
        rows_before = target.rows(&schema)?;
    }
    let mut progress = Progress::new(source.rows(&schema)?, heard);
    copy_all(&mut source, &mut target, &schema, &mut progress)?;
    let mut differing = compare::differing(&source, &mut target, &schema, &mut progress)?;
    if !differing.tables.is_empty() && claim == Claim::Resumed {
        // Rows changed in the folder between the attempts without a trace in the log, such as a lease.
        target.empty(&schema)?;
        (started_over, rows_before) = (true, 0);
        copy_all(&mut source, &mut target, &schema, &mut progress)?;
        differing = compare::differing(&source, &mut target, &schema, &mut progress)?;
    }
    if !differing.tables.is_empty() {
        let (database, tables) = (target.database().to_owned(), differing.tables.join(", "));
        return Err(MoveError::Differs { database, tables });
    }
    let copied = codes.map(|place| codes::copy(&source, &config.place(), place, &mut progress)).transpose()?;
    progress.begin(MoveStep::Verifying, "audit");
    let audit_head = target.verify(source.key())?.map_err(MoveError::Chain)?;
    let newest_event = source.newest_event()?;
    let secret_key = source.has_secrets()?.then(|| config.secret_key());
    let grant_key = source.has_grants()?.then(|| config.grant_key());
    let marker = source.mark_moved(to)?;
    target.finish()?;
    Ok(Moved {
        tables: differing.same,
        codes: copied,
        audit_head,
        newest_event,
        rows_before,
        started_over,
        key_fingerprint: source.key().fingerprint(),
        secret_key,
        grant_key,
        marker,
    })
}

fn copy_all(
    source: &mut Source,
    target: &mut Target,
    schema: &Schema,
    progress: &mut Progress,
) -> Result<(), MoveError> {
    progress.begin(MoveStep::Copying, "");
    for table in &schema.tables {
        let after = target.greatest_key(table)?;
        if after.is_some() {
            progress.advance(table, target.count(table)?);
        }
        source.send(table, after, |rows, bytes| {
            target.put(table, bytes)?;
            progress.advance(table, rows);
            Ok(())
        })?;
    }
    Ok(())
}

/// How far it is, and who wants to know.
struct Progress<'h> {
    told: MoveProgress,
    heard: &'h mut dyn FnMut(&MoveProgress),
}

impl<'h> Progress<'h> {
    fn new(rows_total: u64, heard: &'h mut dyn FnMut(&MoveProgress)) -> Progress<'h> {
        let told = MoveProgress { step: MoveStep::Copying, table: String::new(), rows: 0, rows_total };
        Progress { told, heard }
    }

    /// Begins a step.
    fn begin(&mut self, step: MoveStep, table: &str) {
        (self.told.step, self.told.rows) = (step, 0);
        table.clone_into(&mut self.told.table);
        (self.heard)(&self.told);
    }

    /// Begins a step that is not about rows but about so many other things.
    fn begin_with(&mut self, step: MoveStep, total: u64) {
        self.told.rows_total = total;
        self.begin(step, "");
    }

    /// Counts what is done of a step that is about no table.
    fn count(&mut self, things: u64) {
        self.told.rows += things;
        (self.heard)(&self.told);
    }

    /// Counts rows that are done.
    fn advance(&mut self, table: &Table, rows: u64) {
        self.told.table.clone_from(&table.name);
        self.told.rows += rows;
        (self.heard)(&self.told);
    }
}
