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
mod moving;
mod needed_key;
mod open;
mod postgres;
mod queue_row;
mod restore;
mod row;
mod schema;
mod sqlite;
mod tx;
mod value;

pub mod accounts;
pub mod audit;
pub mod blobs;
pub mod catalogue;
pub mod channels;
pub mod configs;
pub mod doctor;
pub mod events;
pub mod extensions;
pub mod findings;
pub mod flags;
pub mod idempotency;
pub mod impact;
pub mod installation_steps;
pub mod installations;
pub mod instances;
pub mod jobs;
pub mod ledger;
pub mod nodes;
pub mod notes;
pub mod notices;
pub mod plans;
pub mod policy;
pub mod purchases;
pub mod queue;
pub mod rating_reports;
pub mod ratings;
pub mod reputation;
pub mod reviews;
pub mod rollouts;
pub mod secrets;
pub mod server_list;
pub mod servers;
pub mod settings;
pub mod templates;
pub mod threads;
pub mod tokens;
pub mod usage;
pub mod versions;

#[cfg(test)]
mod scratch;
#[cfg(test)]
mod tests;

pub use backup::BackupReport;
#[doc(hidden)]
pub use blobs::Patience;
pub use blobs::{BlobOp, BlobOutcome, BlobPlace, BlobStats, Blobs, ListedBlob, StoredBlob, Swept};
pub use cursor::{Cursor, NotACursor};
pub use dialect::Dialect;
pub use error::{OpenError, StoreError};
pub use events::{Audience, Listener, NewEvent};
use front::clock;
pub use front::{Store, StoreStats};
pub use moving::{MoveError, MoveProgress, MoveStep, Moved, MovedCodes, MovedTable, move_rows};
pub use open::StoreConfig;
#[doc(hidden)]
pub use postgres::Locks;
pub use postgres::PostgresUrl;
#[cfg(test)]
pub use postgres::fresh::{FreshSchema, schema as fresh_schema};
pub use queue_row::QueueRow;
pub use restore::{RestoreError, Restored, restore};
pub use row::{FromRow, Row};
#[cfg(test)]
pub use scratch::{Dump, Scratch, scratch, scratch_in_memory, scratch_on_postgres, wait_for};
#[doc(hidden)]
pub use sqlite::Acknowledge;
pub use tx::{Purpose, Tx};
pub use value::Value;
