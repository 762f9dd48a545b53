//! The only place that speaks SQL: transactions, one file for each noun, code blobs, and the log that nothing follows.
//!
//! A use case is a plain function over a [`Tx`]. [`Store::read`], [`Store::write`] and [`Store::rehearse`] carry it to
//! a thread that owns a connection. In the embedded SQLite one thread writes, and it answers only after the commit is on
//! the disk; several read. On PostgreSQL a bounded pool does both. Code is put into [`Blobs`] before the transaction that names it. There is no clock in a noun's functions, no
//! await in a transaction, and no way to change a row without a transaction.

mod backup;
mod columns;
mod cursor;
mod dialect;
mod error;
mod files;
mod front;
mod inbox;
mod job;
mod key;
mod lock;
mod log;
mod migrations;
mod open;
mod postgres;
mod row;
mod sqlite;
mod tx;
mod value;

pub mod accounts;
pub mod audit;
pub mod blobs;
pub mod catalogue;
pub mod channels;
pub mod events;
pub mod extensions;
pub mod findings;
pub mod idempotency;
pub mod jobs;
pub mod notes;
pub mod policy;
pub mod queue;
pub mod reviews;
pub mod settings;
pub mod tokens;
pub mod versions;

#[cfg(test)]
mod scratch;
#[cfg(test)]
mod tests;

pub use backup::BackupReport;
pub use blobs::{Blobs, StoredBlob, Swept};
pub use cursor::{Cursor, NotACursor};
pub use dialect::Dialect;
pub use error::{OpenError, StoreError};
pub use events::{Audience, Listener, NewEvent};
use front::clock;
pub use front::{Store, StoreStats};
pub use open::StoreConfig;
pub use postgres::PostgresUrl;
pub use row::{FromRow, Row};
#[cfg(test)]
pub use scratch::{Dump, Scratch, scratch, scratch_in_memory, scratch_on_postgres, wait_for};
#[doc(hidden)]
pub use sqlite::Acknowledge;
pub use tx::{Purpose, Tx};
pub use value::Value;
