//! Code, kept by its SHA-256: put before the transaction that names it, checked whenever it is read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::sync::{RwLock, RwLockReadGuard};
use tokio::task::spawn_blocking;

use super::error::StoreError;
use super::files;
use super::row::{FromRow, Row};
use super::tx::{Purpose, Tx};
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::time::Timestamp;

/// Bytes up to which a digest is taken on the spot; more is done on a thread for such work.
const DIGEST_HERE_BYTES_MAX: usize = 32 << 10;
/// The folder of blobs named by their SHA-256.
const BY_SHA256: &str = "sha256";

/// The store of code.
#[derive(Clone)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    folder: PathBuf,
    /// Held shared while a blob is put or copied, alone while an old one is looked at and removed.
    sweeping: Arc<RwLock<()>>,
}

/// Proof that a code is on the disk under its digest, to be passed into the transaction that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    digests: CodeDigests,
    standing: Standing,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Whether a blob is really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    OnDisk,
    Rehearsed,
}

impl StoredBlob {
    /// What a rehearsal passes instead of storing anything; a transaction that writes refuses it.
    pub fn rehearsed(digests: CodeDigests) -> StoredBlob {
        StoredBlob { digests, standing: Standing::Rehearsed }
    }

    /// Both digests and the size.
    pub fn digests(&self) -> CodeDigests {
        self.digests
    }

    /// The SHA-256 it is kept under.
    pub fn sha256(&self) -> Sha256Digest {
        self.digests.sha256
    }

    /// The proof of what nobody stored, for unit tests.
    #[cfg(test)]
    pub(super) fn pretended(digests: CodeDigests) -> StoredBlob {
        StoredBlob { digests, standing: Standing::OnDisk }
    }
}

impl Blobs {
    /// Opens the store in a folder that exists.
    pub(super) fn in_folder(folder: &Path) -> Result<Blobs, StoreError> {
        let opened = LocalFileSystem::new_with_prefix(folder);
        let objects = opened.map_err(|error| StoreError::of_files(&error, "opening the folder of blobs"))?;
        let objects = Arc::new(objects.with_fsync(true));
        Ok(Blobs { objects, folder: folder.to_owned(), sweeping: Arc::default() })
    }

    /// Stores a code; it and its name are on the disk when this returns.
    ///
    /// A code that is there already is written again, which makes it young for [`sweep`](Blobs::sweep).
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::ReadOnly`] or [`StoreError::Unavailable`].
    pub async fn put(&self, code: Vec<u8>) -> Result<StoredBlob, StoreError> {
        let (digests, code) = digested(code, CodeDigests::of).await?;
        let _shared = self.sweeping.read().await;
        let put = self.objects.put(&path_of(&digests.sha256), PutPayload::from(code)).await;
        put.map_err(|error| StoreError::of_files(&error, "storing a code"))?;
        Ok(StoredBlob { digests, standing: Standing::OnDisk })
    }

    /// Reads a code and checks that it is what its digest says.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], [`StoreError::BlobCorrupt`] or what the disk says.
    pub async fn get(&self, sha256: Sha256Digest) -> Result<Vec<u8>, StoreError> {
        let refused = |error: object_store::Error| match error {
            object_store::Error::NotFound { .. } => StoreError::BlobMissing(sha256),
            other => StoreError::of_files(&other, "reading a code"),
        };
        let found = self.objects.get(&path_of(&sha256)).await.map_err(refused)?;
        let code = found.bytes().await.map_err(refused)?;
        let (found, code) = digested(Vec::from(code), Sha256Digest::of).await?;
        if found == sha256 { Ok(code) } else { Err(StoreError::BlobCorrupt { wanted: sha256, found }) }
    }

    /// Removes blobs that were last put before `cutoff` and are not among `referenced`.
    ///
    /// The cutoff has to lie further back than the longest time between a put and its transaction's commit; then a
    /// blob that is about to be named is never old.
    pub async fn sweep(&self, cutoff: Timestamp, referenced: &HashSet<Sha256Digest>) -> Result<Swept, StoreError> {
        let refused = |error: object_store::Error| StoreError::of_files(&error, "sweeping the folder of blobs");
        let prefix = object_store::path::Path::from(BY_SHA256);
        let mut all = self.objects.list(Some(&prefix));
        let mut swept = Swept::default();
        let folder = self.folder.join(BY_SHA256);
        let unfinished = spawn_blocking(move || files::remove_unfinished(&folder, cutoff)).await;
        unfinished.map_err(std::io::Error::other).flatten().map_err(|error| {
            StoreError::of_files(&error, "removing codes that were half written when a server ended")
        })?;
        while let Some(seen) = all.try_next().await.map_err(refused)? {
            let old = seen.last_modified.timestamp_millis() < cutoff.as_ms();
            let digest = seen.location.filename().and_then(|name| name.parse::<Sha256Digest>().ok());
            let Some(digest) = digest.filter(|digest| old && !referenced.contains(digest)) else { continue };
            let _alone = self.sweeping.write().await;
            let again = self.objects.head(&path_of(&digest)).await;
            if again.is_ok_and(|now| now.last_modified.timestamp_millis() < cutoff.as_ms()) {
                self.objects.delete(&path_of(&digest)).await.map_err(refused)?;
                swept.blobs += 1;
                swept.bytes += seen.size;
            }
        }
        Ok(swept)
    }

    /// Keeps every blob in its place while the guard lives.
    pub(super) async fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.sweeping.read().await
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Records that a code is kept; one that is known already stays as it is.
///
/// # Errors
/// [`StoreError::Constraint`] for a second code with a known MD5 (ask [`known_by_md5`] first), and
/// [`StoreError::Internal`] for a rehearsed blob in a transaction that is no rehearsal.
pub fn record(tx: &mut Tx, blob: &StoredBlob, now: Timestamp) -> Result<(), StoreError> {
    if blob.standing == Standing::Rehearsed && tx.purpose() != Purpose::Rehearse {
        return Err(StoreError::Internal("a rehearsed blob came into a transaction that writes".to_owned()));
    }
    let CodeDigests { md5, sha256, bytes } = blob.digests;
    let sql = "INSERT INTO blobs (sha256, md5, bytes, stored_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (sha256) DO NOTHING";
    tx.execute(sql, &[sha256.into(), md5.into(), bytes.into(), now.into()]).map(drop)
}

/// The code that is known by the MD5 of `digests`, for the check against collisions.
pub fn known_by_md5(tx: &mut Tx, digests: &CodeDigests) -> Result<Option<CodeDigests>, StoreError> {
    tx.query_one("SELECT md5, sha256, bytes FROM blobs WHERE md5 = $1", &[digests.md5.into()])
}

/// Every code that some version is made of.
pub fn referenced(tx: &mut Tx) -> Result<HashSet<Sha256Digest>, StoreError> {
    let mut found = HashSet::new();
    tx.each("SELECT DISTINCT sha256 FROM versions", &[], |row| {
        found.insert(row.parsed(0)?);
        Ok(())
    })?;
    Ok(found)
}

impl FromRow for CodeDigests {
    fn from_row(row: &Row) -> Result<CodeDigests, StoreError> {
        Ok(CodeDigests { md5: row.parsed(0)?, sha256: row.parsed(1)?, bytes: row.number(2)? })
    }
}

/// Where a blob lies: `sha256/ab/abcdef…`.
fn path_of(sha256: &Sha256Digest) -> object_store::path::Path {
    let name = sha256.to_string();
    object_store::path::Path::from(format!("{BY_SHA256}/{}/{name}", &name[..2]))
}

async fn digested<D: Send + 'static>(code: Vec<u8>, digest: fn(&[u8]) -> D) -> Result<(D, Vec<u8>), StoreError> {
    if code.len() <= DIGEST_HERE_BYTES_MAX {
        return Ok((digest(&code), code));
    }
    let done = spawn_blocking(move || (digest(&code), code)).await;
    done.map_err(|error| StoreError::Unavailable(format!("taking a digest ended early: {error}")))
}
