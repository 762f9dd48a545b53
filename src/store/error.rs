//! What can go wrong below the use cases, sorted by what the caller can do about it.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::domain::digest::Sha256Digest;

/// Why the store did not do what it was asked; the texts are for the log and the operator, not for callers over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting already; the same request may be sent again in a moment.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The disk is full; nothing was written.
    #[error("the disk is full: {0}; free some space, nothing was half written")]
    Full(String),
    /// The database or its folder cannot be written to.
    #[error("the database is read-only: {0}; check the rights and the mount of the data folder")]
    ReadOnly(String),
    /// The database cannot be reached, or it is being closed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database went away while it was committing, and does not say what came of it.
    #[error("it cannot be known whether this was stored: {0}; look before doing it again")]
    Unsure(String),
    /// A text that not every database can keep.
    #[error("a text holds the character U+0000, which cannot be stored (in: {0})")]
    NotText(String),
    /// What is stored makes no sense.
    #[error("the stored data is damaged: {0}; restore it from a backup")]
    Corrupt(String),
    /// A rule of the schema (unique, not null, a reference) refused a row; names `table.column` where known.
    #[error("a rule of the database refused the row: {0}")]
    Constraint(String),
    /// No code is stored under this digest.
    #[error("the code {0} is not stored")]
    BlobMissing(Sha256Digest),
    /// The stored code has another digest than its name.
    #[error("the stored code {wanted} is damaged: its bytes have the SHA-256 {found}; restore it from a backup")]
    BlobCorrupt {
        /// The digest it is stored under.
        wanted: Sha256Digest,
        /// The digest of what is there.
        found: Sha256Digest,
    },
    /// The place where code is kept does not do what it should.
    #[error("the store of code {place}: {what}; {cure}")]
    Blobs {
        /// The place, without secrets.
        place: String,
        /// What is wrong; names neither the place nor a path.
        what: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// A mistake in the program.
    #[error("a mistake in the program: {0}")]
    Internal(String),
}

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder cannot be made, read or written.
    #[error("cannot {what} {path}: {source}")]
    Files {
        /// What was tried, such as `create`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error(
        "the data folder {path} is in use by {holder}; \
         send the command to that server (--server or SKYDECK_SERVER), or stop it first"
    )]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// Who holds it, such as `process 4711`.
        holder: String,
    },
    /// The database file belongs to something else.
    #[error("{path} is not a skydeck database ({what}); choose another data folder")]
    NotOurs {
        /// The database file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The database was written by a newer skydeck.
    #[error(
        "{path} has schema {found}, and this skydeck knows schemas up to {known}; \
         start the newer skydeck that wrote it, or restore a backup from before"
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// The schema's number.
        found: i64,
        /// The newest number known here.
        known: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error(
        "schema step {number} of {path} was made by another text than this skydeck has; \
         start the skydeck that wrote it, or restore a backup"
    )]
    OtherMigration {
        /// The database file.
        path: PathBuf,
        /// The migration's number.
        number: i64,
    },
    /// The database has a key's fingerprint and the key's file is gone.
    #[error(
        "the audit key {path} is missing, and the database was made with one (fingerprint {fingerprint}); \
         put the file back (it is in no backup), or name it with SKYDECK_AUDIT_KEY_FILE"
    )]
    KeyMissing {
        /// The key's file.
        path: PathBuf,
        /// What the database keeps of the key.
        fingerprint: Sha256Digest,
    },
    /// The key's file holds no key.
    #[error("the audit key {path} is not 64 hexadecimal digits; put the right file back")]
    KeyMalformed {
        /// The key's file.
        path: PathBuf,
    },
    /// The key is another one than the database was made with.
    #[error(
        "the audit key {path} is not the one this database was made with \
         (its fingerprint is {given}, the database has {kept}): with another key the audit log could not be verified; \
         put the right file back, or name it with SKYDECK_AUDIT_KEY_FILE"
    )]
    OtherKey {
        /// The key's file.
        path: PathBuf,
        /// The fingerprint of the key in the file.
        given: Sha256Digest,
        /// The fingerprint in the database.
        kept: Sha256Digest,
    },
    /// The marketplace of the folder was moved into PostgreSQL.
    #[error(
        "the marketplace of {path} was moved to {to}: name that database with SKYDECK_DATABASE_URL; \
         to go on with the folder's own database, and without what happened since, remove {file}"
    )]
    MovedAway {
        /// The database file.
        path: PathBuf,
        /// Where it went, without a password.
        to: String,
        /// The file that says so.
        file: PathBuf,
    },
    /// The URL of a PostgreSQL database cannot be read.
    #[error("the URL of the database: {what}; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    DatabaseUrl {
        /// What is wrong with it.
        what: String,
    },
    /// The URL of the place for code cannot be read.
    #[error("the URL of the store of code: {what}; write it as file:///FOLDER or s3://BUCKET/PREFIX")]
    BlobPlace {
        /// What is wrong with it.
        what: String,
    },
    /// The place for code cannot be used.
    #[error("cannot use the store of code {place}: {what}; {cure}")]
    Blobs {
        /// The place, without secrets.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// A PostgreSQL database cannot be used.
    #[error("cannot use the database {database}: {what}; {cure}")]
    Postgres {
        /// The database, without the password.
        database: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// The database itself refuses.
    #[error("cannot open {path}: {source}")]
    Database {
        /// The database file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

impl StoreError {
    /// Sorts an error of SQLite; `doing` is the statement or step it came from.
    pub(super) fn of_sqlite(error: &rusqlite::Error, doing: &str) -> StoreError {
        let text = format!("{error} (in: {doing})");
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(text),
            Some(ErrorCode::DiskFull) => StoreError::Full(text),
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied) => {
                StoreError::Unavailable(text)
            }
            Some(ErrorCode::ConstraintViolation) => StoreError::Constraint(error.to_string()),
            _ => StoreError::Internal(text),
        }
    }

    /// Sorts an error of the file system, found anywhere in a chain of errors; `doing` says what was tried.
    pub(super) fn of_files(error: &(dyn Error + 'static), doing: &str) -> StoreError {
        let text = format!("{doing}: {error}");
        let mut next = Some(error);
        while let Some(link) = next {
            match link.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => return StoreError::Full(text),
                Some(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
                    return StoreError::ReadOnly(text);
                }
                _ => next = link.source(),
            }
        }
        StoreError::Unavailable(text)
    }
}

impl OpenError {
    /// Wraps an error of the file system.
    pub(super) fn files(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> OpenError {
        let path = path.into();
        move |source| OpenError::Files { what, path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_files_are_sorted_by_their_deepest_reason() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(StoreError::of_files(&full, "write"), StoreError::Full(_)));
        let locked = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
        assert!(matches!(StoreError::of_files(&locked, "write"), StoreError::ReadOnly(_)));
        let other = io::Error::other("cable");
        assert!(
            matches!(StoreError::of_files(&other, "write"), StoreError::Unavailable(text) if text == "write: cable")
        );
    }
}
