//! A copy of the marketplace, taken while it works: the database as of one moment, then the code it names.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::backup::StepResult;

use super::blobs::BlobPlace;
use super::error::StoreError;
use super::{files, sqlite};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it is.
    pub folder: PathBuf,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// How many code blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// What it does not hold and how to restore it; the same text lies in it as `RESTORE.txt`.
    pub note: String,
}

/// Copies the database and the blobs; blobs must not be removed meanwhile.
pub(super) fn copy(
    database: &Path,
    place: &BlobPlace,
    keys: [&Path; 3],
    to: &Path,
) -> Result<BackupReport, StoreError> {
    let refused = |error: std::io::Error| StoreError::of_files(&error, &format!("writing {}", to.display()));
    files::make_private_folder(to).map_err(refused)?;
    if fs::read_dir(to).map_err(refused)?.next().is_some() {
        return Err(StoreError::Unavailable(format!("{} is not empty; name an empty or a new folder", to.display())));
    }
    let copied = to.join("skydeck.db");
    copy_database(database, &copied)?;
    let (count, blob_bytes) = match place.as_folder() {
        Some(blobs) => copy_blobs(blobs, &to.join("blobs")).map_err(refused)?,
        None => (0, 0),
    };
    let elsewhere = match place.as_folder() {
        Some(_) => String::new(),
        None => format!(
            "The code is NOT in this backup: it is in {place}. Save it now, after the database, with the tools of that \
             store (such as a copy of the whole bucket), and name the place with SKYDECK_BLOBS when restoring.\n"
        ),
    };
    let [audit_key, secret_key, grant_key] = keys.map(Path::display);
    let keys = format!(
        "The audit key ({audit_key}) is NOT in this backup, nor is the key for secrets ({secret_key}, where there are any) \
         or the key for grants ({grant_key}, where anything was sold); \
         keep copies of them elsewhere.\n\
         To restore: skydeck admin restore --from THIS-FOLDER --data DIR --audit-key-file KEY, and put the key's file \
         there as DIR/audit.key (or name it with SKYDECK_AUDIT_KEY_FILE). Without the key no server starts on it; without \
         DIR/secret.key (or SKYDECK_SECRET_KEY_FILE) no secret can be read, and without DIR/grant.key (or SKYDECK_GRANT_KEY_FILE) no instance gets a grant.\n"
    );
    let note = elsewhere + &keys;
    fs::write(to.join("RESTORE.txt"), &note).map_err(refused)?;
    files::sync_folder(to).map_err(refused)?;
    let database_bytes = fs::metadata(&copied).map_err(refused)?.len();
    Ok(BackupReport { folder: to.to_owned(), database_bytes, blobs: count, blob_bytes, note })
}

/// Copies every page in one step: with a write-ahead log that keeps no writer waiting.
fn copy_database(from: &Path, to: &Path) -> Result<(), StoreError> {
    let doing = |error: rusqlite::Error| StoreError::of_sqlite(&error, "copying the database");
    let source = sqlite::connect_reading(from).map_err(doing)?;
    let refused = |error: std::io::Error| StoreError::of_files(&error, &format!("writing {}", to.display()));
    files::open_private_file(to).map_err(refused)?;
    let mut target = Connection::open(to).map_err(doing)?;
    let stepped = Backup::new(&source, &mut target).and_then(|backup| backup.step(-1)).map_err(doing)?;
    if stepped != StepResult::Done {
        return Err(StoreError::Busy("the database could not be copied at once; try again".to_owned()));
    }
    target.close().map_err(|(_, error)| doing(error))
}

/// Copies `sha256/ab/…` and leaves out files that are still being written.
fn copy_blobs(from: &Path, to: &Path) -> std::io::Result<(u64, u64)> {
    let (mut count, mut bytes) = (0, 0);
    let from = from.join("sha256");
    let to = to.join("sha256");
    files::make_private_folder(&to)?;
    if !from.exists() {
        return Ok((count, bytes));
    }
    for shelf in fs::read_dir(&from)? {
        let shelf = shelf?;
        let copied = to.join(shelf.file_name());
        files::make_private_folder(&copied)?;
        for blob in fs::read_dir(shelf.path())? {
            let blob = blob?;
            if blob.file_name().to_str().is_some_and(|name| name.len() == 64) {
                bytes += files::copy_durably(&blob.path(), &copied.join(blob.file_name()))?;
                count += 1;
            }
        }
        files::sync_folder(&copied)?;
    }
    files::sync_folder(&to)?;
    Ok((count, bytes))
}
