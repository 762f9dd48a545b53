//! A database in memory for unit tests of use cases: single-threaded, synchronous, gone with its value.

use rusqlite::Connection;

use super::blobs::StoredBlob;
use super::error::StoreError;
use super::job::{Verdict, attempt};
use super::migrations::{MIGRATIONS, migrate};
use super::tx::{Purpose, Tx};
use super::{open, sqlite};
use crate::domain::audit::AuditKey;
use crate::domain::digest::CodeDigests;
use crate::domain::time::Timestamp;

/// An empty marketplace in memory.
pub struct Scratch {
    connection: Connection,
    key: AuditKey,
}

/// Makes one, with its first rows written.
///
/// # Panics
/// Where the schema is broken, which is what its tests are for.
pub fn scratch() -> Scratch {
    let mut connection = Connection::open_in_memory().unwrap();
    sqlite::settle(&connection).unwrap();
    migrate(&mut connection, MIGRATIONS, Timestamp::from_ms(0)).unwrap();
    let key = AuditKey::from_bytes([7; 32]);
    open::first_rows(&connection, &key, Timestamp::from_ms(0)).unwrap();
    Scratch { connection, key }
}

impl Scratch {
    /// Runs a transaction; an error or a panic undoes it.
    pub fn tx<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Write, work)
    }

    /// Runs a transaction and undoes it.
    pub fn rehearse<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Rehearse, work)
    }

    /// Runs a transaction that reads.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Read, work)
    }

    /// The proof of a blob that nobody stored.
    pub fn blob(&self, code: &[u8]) -> StoredBlob {
        self.blob_of(CodeDigests::of(code))
    }

    /// As [`blob`](Scratch::blob), with digests of the caller's choice.
    pub fn blob_of(&self, digests: CodeDigests) -> StoredBlob {
        StoredBlob::pretended(digests)
    }

    fn run<T, E: From<StoreError>>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        sqlite::step(&self.connection, "BEGIN IMMEDIATE")?;
        let tx = &mut Tx::new(&self.connection, &self.key, purpose);
        let (outcome, verdict) = attempt(work, tx, Timestamp::from_ms(0));
        let kept = purpose == Purpose::Write && matches!(verdict, Verdict::Keep(_));
        sqlite::step(&self.connection, if kept { "COMMIT" } else { "ROLLBACK" })?;
        outcome
    }
}
