//! Opens a data folder: lock, database, schema, audit key, first rows, in the order in which nothing can be spoilt.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::blobs::BlobPlace;
use super::error::{OpenError, StoreError};
use super::lock::{self, FolderLock};
use super::migrations::{self, MIGRATIONS, MigrationError};
use super::postgres::{Locks, PostgresUrl};
use super::sqlite::Acknowledge;
use super::tx::{Purpose, Tx};
use super::{files, key, policy, settings, sqlite};
use crate::domain::audit::AuditKey;
use crate::domain::digest::Sha256Digest;
use crate::domain::time::Timestamp;

/// Marks the database file as skydeck's, for `file` and for us: "skyd" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x736b_7964;
/// The setting that keeps the audit key's fingerprint.
const KEY_FINGERPRINT: &str = "audit_key_fingerprint";

/// What a store is opened with.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The folder that holds everything: `skydeck.db`, `blobs/`, `lock`, and by default `audit.key`.
    pub data_dir: PathBuf,
    /// Where the audit key is, when not in the data folder.
    pub audit_key_file: Option<PathBuf>,
    /// Where the key is that secrets are encrypted with, when not in the data folder.
    pub secret_key_file: Option<PathBuf>,
    /// Where the key is that grants of premium extensions are signed with, when not in the data folder.
    pub grant_key_file: Option<PathBuf>,
    /// The place for code, when not the folder `blobs` of the data folder.
    pub blob_place: Option<BlobPlace>,
    /// The database, when not the embedded one; code and the audit key stay in the folder.
    pub postgres: Option<PostgresUrl>,
    /// When writes are answered; for the test that kills servers.
    #[doc(hidden)]
    pub acknowledge: Acknowledge,
    /// Whether rows are locked on PostgreSQL; for the test that looks for reviews claimed twice.
    #[doc(hidden)]
    pub locks: Locks,
}

/// A data folder, opened and brought up to date.
pub(super) struct Opened {
    pub lock: FolderLock,
    pub connection: Connection,
    pub key: AuditKey,
    pub newest_event: i64,
}

impl StoreConfig {
    /// The data folder with everything in its usual place.
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> StoreConfig {
        let (acknowledge, locks) = (Acknowledge::AfterCommit, Locks::Taken);
        StoreConfig {
            data_dir: data_dir.into(),
            audit_key_file: None,
            secret_key_file: None,
            grant_key_file: None,
            blob_place: None,
            postgres: None,
            acknowledge,
            locks,
        }
    }

    /// The database's file.
    pub(super) fn database(&self) -> PathBuf {
        self.data_dir.join("skydeck.db")
    }

    /// The place for code.
    pub(super) fn place(&self) -> BlobPlace {
        self.blob_place.clone().unwrap_or_else(|| BlobPlace::folder(self.blobs()))
    }

    /// Makes the folder for code, unless code is kept elsewhere.
    pub(super) fn make_blobs_folder(&self) -> Result<(), OpenError> {
        let folder = self.blobs();
        match self.blob_place {
            Some(_) => Ok(()),
            None => files::make_private_folder(&folder).map_err(OpenError::files("create", &folder)),
        }
    }

    /// The folder of code blobs, where no other place is named.
    pub(super) fn blobs(&self) -> PathBuf {
        self.data_dir.join("blobs")
    }

    /// The file that says where the marketplace went, once it was moved away.
    pub(super) fn moved_marker(&self) -> PathBuf {
        self.data_dir.join("moved.txt")
    }

    /// The file of the key that secrets are encrypted with.
    pub(super) fn secret_key(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// The file of the key that grants of premium extensions are signed with.
    pub(super) fn grant_key(&self) -> PathBuf {
        self.grant_key_file.clone().unwrap_or_else(|| self.data_dir.join("grant.key"))
    }

    /// The audit key's file.
    pub(super) fn key(&self) -> PathBuf {
        self.audit_key_file.clone().unwrap_or_else(|| self.data_dir.join("audit.key"))
    }
}

/// Opens or makes everything in the folder.
///
/// # Errors
/// [`OpenError`]; a folder that is refused is left as it was.
pub(super) fn open(config: &StoreConfig, now: Timestamp) -> Result<Opened, OpenError> {
    files::make_private_folder(&config.data_dir).map_err(OpenError::files("create", &config.data_dir))?;
    let lock = lock::take(&config.data_dir)?;
    let path = config.database();
    if let Some(to) = moved_to(&config.moved_marker()) {
        return Err(OpenError::MovedAway { path, to, file: config.moved_marker() });
    }
    let refused = |source| OpenError::Database { path: path.clone(), source };
    let sqlite = |doing| move |error: rusqlite::Error| StoreError::of_sqlite(&error, doing);

    files::open_private_file(&path).map_err(OpenError::files("open", &path))?;
    let mut connection = sqlite::connect_writing(&path).map_err(sqlite("opening")).map_err(refused)?;
    check_ours(&connection, &path)?;
    let applied = migrations::applied(&connection, MIGRATIONS).map_err(migration(&path))?;
    let unkeyed = AuditKey::from_bytes([0; 32]);
    let kept = match applied {
        0 => None,
        _ => kept_fingerprint(&mut Tx::new(&connection, &unkeyed, Purpose::Read)).map_err(refused)?,
    };
    let key = key::obtain(&config.key(), kept)?;
    sqlite::make_durable(&connection).map_err(sqlite("setting up")).map_err(refused)?;
    let mark = connection.pragma_update(None, "application_id", APPLICATION_ID);
    mark.map_err(sqlite("marking")).map_err(refused)?;
    migrations::migrate(&mut connection, MIGRATIONS, now).map_err(migration(&path))?;
    let newest_event = first_rows_committed(&connection, &key, now).map_err(refused)?;
    config.make_blobs_folder()?;
    files::sync_folder(&config.data_dir).map_err(OpenError::files("write", &config.data_dir))?;
    Ok(Opened { lock, connection, key, newest_event })
}

/// Writes what every database has from its first moment on; gives the newest event's number.
pub(super) fn first_rows(tx: &mut Tx, now: Timestamp) -> Result<i64, StoreError> {
    let key = tx.audit_key().clone();
    settings::set_once(tx, KEY_FINGERPRINT, &key.fingerprint().to_string())?;
    let head = "INSERT INTO log_head (id, audit_n, event_n, mac) VALUES (1, 0, 0, $1) ON CONFLICT (id) DO NOTHING";
    tx.execute(head, &[key.genesis().into()])?;
    policy::set_first(tx, now)?;
    super::events::newest(tx)
}

/// Writes the first rows in a transaction of their own.
pub(super) fn first_rows_committed(connection: &Connection, key: &AuditKey, now: Timestamp) -> Result<i64, StoreError> {
    sqlite::step(connection, "BEGIN IMMEDIATE")?;
    let newest_event = first_rows(&mut Tx::new(connection, key, Purpose::Write), now)?;
    sqlite::step(connection, "COMMIT")?;
    Ok(newest_event)
}

/// Where a marketplace went: the first line of the file that its move left behind.
pub(super) fn moved_to(marker: &Path) -> Option<String> {
    let text = std::fs::read_to_string(marker).ok()?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// Opens a database that is there only to look at it; gives the number of its schema too.
pub(super) fn open_to_look(path: &Path) -> Result<(Connection, i64), OpenError> {
    if !path.is_file() {
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no marketplace in this folder");
        return Err(OpenError::files("open", path)(missing));
    }
    let connection = sqlite::connect_reading(path).map_err(|error| unreadable(path, &error))?;
    check_ours(&connection, path)?;
    let applied = migrations::applied(&connection, MIGRATIONS).map_err(migration(path))?;
    Ok((connection, applied))
}

/// Refuses files that something else wrote; an empty one becomes ours.
fn check_ours(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let not_ours = |what: String| OpenError::NotOurs { path: path.to_owned(), what };
    let refused = |error: rusqlite::Error| unreadable(path, &error);
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(refused)?;
    let tables = connection.query_row("SELECT count(*) FROM sqlite_master", (), |row| row.get::<_, i64>(0));
    match (id, tables.map_err(refused)?) {
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        (0, tables) => Err(not_ours(format!("it has {tables} tables and indexes of another program"))),
        (other, _) => Err(not_ours(format!("its application id is {other:#x}"))),
    }
}

/// The fingerprint of the key that the database was made with.
pub(super) fn kept_fingerprint(tx: &mut Tx) -> Result<Option<Sha256Digest>, StoreError> {
    let kept = settings::get(tx, KEY_FINGERPRINT)?;
    let damaged = |_| StoreError::Corrupt("the audit key's fingerprint is no digest".to_owned());
    kept.map(|text| text.parse().map_err(damaged)).transpose()
}

fn unreadable(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            OpenError::NotOurs { path: path.to_owned(), what: "no SQLite file at all".to_owned() }
        }
        _ => OpenError::Database { path: path.to_owned(), source: StoreError::of_sqlite(error, "looking at it") },
    }
}

fn migration(path: &Path) -> impl FnOnce(MigrationError) -> OpenError {
    let path = path.to_owned();
    move |error| match error {
        MigrationError::Newer { found, known } => OpenError::NewerSchema { path, found, known },
        MigrationError::OtherText { number } => OpenError::OtherMigration { path, number },
        MigrationError::Store(source) => OpenError::Database { path, source },
    }
}
