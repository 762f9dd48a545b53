//! Code, kept by its SHA-256 in a folder or a bucket: put before the transaction that names it, checked whenever it is
//! read, and swept when nothing names it any more.

mod attempts;
mod count;
mod guard;
mod list;
mod marker;
mod place;
mod probe;
mod remote;
mod settle;
mod sweep;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectStore, ObjectStoreExt, PutPayload, PutResult};
use tokio::task::spawn_blocking;

use super::error::StoreError;
use super::front::{Store, clock};
use super::row::{FromRow, Row};
use super::tx::{Purpose, Tx};
use crate::domain::digest::{CodeDigests, Md5Digest, Sha256Digest};
use crate::domain::limits::{BLOB_GUARD_WAIT_MS, CODE_BYTES_MAX};
use crate::domain::time::Timestamp;
use attempts::{Failed, Objects};
use turns::Turns;

#[doc(hidden)]
pub use attempts::Patience;
pub use count::{BlobOp, BlobOutcome, BlobStats};
pub use list::ListedBlob;
pub use place::BlobPlace;
pub(super) use settle::{Circumstances, Effort, settled_id, tie};
pub(super) use sweep::sweep;
pub use turns::Held;

/// Bytes up to which a digest is taken on the spot; more is done on a thread for such work.
const DIGEST_HERE_BYTES_MAX: usize = 32 << 10;
/// The folder of blobs named by their SHA-256.
const BY_SHA256: &str = "sha256";
/// Time between two looks at whether another node has removed the code that is to be put.
const GUARD_LOOK_EVERY: Duration = Duration::from_millis(50);

/// The store of code.
#[derive(Clone)]
pub struct Blobs {
    objects: Objects,
    folder: Option<PathBuf>,
    turns: Turns,
    last_look: probe::LastLook,
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
    /// Opens a place; nothing is asked of it yet.
    ///
    /// # Errors
    /// [`StoreError::Blobs`] for settings that do not fit, and what the disk says of a folder.
    pub fn open(place: &BlobPlace) -> Result<Blobs, StoreError> {
        let folder = place.as_folder().map(Path::to_owned);
        Ok(Blobs {
            objects: Objects::at(place)?,
            folder,
            turns: Turns::default(),
            last_look: probe::LastLook::default(),
        })
    }

    /// Stores a code; it and its name are kept for good when this returns.
    ///
    /// A code that is there already is written again, which makes it young for a sweep. Beside other nodes that may
    /// sweep, use [`Store::put_blob`].
    ///
    /// # Errors
    /// [`StoreError::Blobs`]; of a folder also [`StoreError::Full`] and [`StoreError::ReadOnly`].
    pub async fn put(&self, code: Vec<u8>) -> Result<StoredBlob, StoreError> {
        let (digests, code) = digested(code, CodeDigests::of).await?;
        self.put_digested(digests, code).await
    }

    /// Reads a code and checks that it is what its digest says; other bytes are never given out.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], [`StoreError::BlobCorrupt`] or what the place says.
    pub async fn get(&self, sha256: Sha256Digest) -> Result<Vec<u8>, StoreError> {
        let (objects, path) = (&self.objects, &path_of(&sha256));
        let read = objects.attempt(BlobOp::Get, |store| read(objects, store, path, sha256));
        let code = read.await.map_err(|failed| self.failed(failed, sha256))?;
        objects.counts.add_read(code.len());
        Ok(code)
    }

    /// Whether a code is there; its bytes are not looked at.
    ///
    /// # Errors
    /// What the place says.
    pub async fn exists(&self, sha256: Sha256Digest) -> Result<bool, StoreError> {
        let (objects, path) = (&self.objects, &path_of(&sha256));
        let looked = objects.attempt(BlobOp::Look, |store| async move {
            store.head(path).await.map(drop).map_err(|error| objects.failed(&error, "looking at a code"))
        });
        match looked.await {
            Ok(()) => Ok(true),
            Err(Failed::Missing) => Ok(false),
            Err(failed) => Err(self.failed(failed, sha256)),
        }
    }

    /// Looks whether the place is the right one and takes, gives back and removes a small object; what was found well
    /// a moment ago is not tried out again.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.last_look.look(&self.objects).await
    }

    /// What was done since the start.
    pub fn stats(&self) -> BlobStats {
        self.objects.counts.stats()
    }

    /// The place, as it may be shown.
    pub fn place(&self) -> String {
        self.objects.place.to_string()
    }

    /// The folder, where the place is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Keeps every blob in its place while the guard lives.
    pub fn hold(&self) -> Held {
        self.turns.hold()
    }

    /// The id that the place has; none where it was never used.
    pub(super) async fn id(&self) -> Result<Option<String>, StoreError> {
        marker::read(&self.objects).await
    }

    /// Gives the place an id, unless it has one.
    pub(super) async fn mark(&self, id: &str) -> Result<(), StoreError> {
        marker::write(&self.objects, id).await
    }

    /// The place has to have this id from now on.
    pub(super) fn belong_to(&self, id: String) {
        self.last_look.settle(id);
    }

    async fn put_digested(&self, digests: CodeDigests, code: Vec<u8>) -> Result<StoredBlob, StoreError> {
        let _turn = self.turns.put(digests.sha256).await;
        let (objects, path) = (&self.objects, &path_of(&digests.sha256));
        let payload = PutPayload::from(code);
        let put = objects.attempt(BlobOp::Put, |store| {
            let payload = payload.clone();
            async move {
                let put = store.put(path, payload).await;
                let put = put.map_err(|error| objects.failed(&error, "storing a code"))?;
                if !objects.is_remote || is_md5(&put, digests.md5) {
                    return Ok(());
                }
                read(objects, store, path, digests.sha256).await.map(drop)
            }
        });
        put.await.map_err(|failed| self.failed(failed, digests.sha256))?;
        objects.counts.add_written(digests.bytes);
        Ok(StoredBlob { digests, standing: Standing::OnDisk })
    }

    /// What is told of an operation on one code that failed.
    fn failed(&self, failed: Failed, wanted: Sha256Digest) -> StoreError {
        if failed != Failed::Missing {
            self.last_look.doubt();
        }
        failed.into_error(StoreError::BlobMissing(wanted), |found| StoreError::BlobCorrupt { wanted, found })
    }

    /// What is told of an operation that is about no single code.
    fn failed_at_all(&self, failed: Failed) -> StoreError {
        self.last_look.doubt();
        let gone = self.objects.trouble("its objects are not there", "check that it is the right place");
        let damaged = |_| self.objects.trouble("its answers are damaged", "check what is between here and the store");
        failed.into_error(gone, damaged)
    }
}

/// Stores a code as [`Blobs::put`] does, while no node removes it.
pub(super) async fn put_guarded(store: &Store, code: Vec<u8>) -> Result<StoredBlob, StoreError> {
    let (digests, code) = digested(code, CodeDigests::of).await?;
    if store.is_shared() {
        let end = tokio::time::Instant::now() + Duration::from_millis(BLOB_GUARD_WAIT_MS);
        let sha256 = digests.sha256;
        while !store.write(move |tx| guard::begin_put(tx, sha256, clock())).await? {
            if tokio::time::Instant::now() >= end {
                return Err(StoreError::Busy(format!("another node is removing the code {sha256}")));
            }
            tokio::time::sleep(GUARD_LOOK_EVERY).await;
        }
    }
    store.blobs().put_digested(digests, code).await
}

/// Whether the store says that it has the bytes of this MD5; stores that encrypt say something else.
fn is_md5(put: &PutResult, md5: Md5Digest) -> bool {
    put.e_tag.as_deref().is_some_and(|tag| tag.trim_matches('"').eq_ignore_ascii_case(&md5.to_string()))
}

async fn read(
    objects: &Objects,
    store: Arc<dyn ObjectStore>,
    path: &object_store::path::Path,
    sha256: Sha256Digest,
) -> Result<Vec<u8>, Failed> {
    let failed = |error: object_store::Error| objects.failed(&error, "reading a code");
    let found = store.get(path).await.map_err(failed)?;
    if found.meta.size > CODE_BYTES_MAX as u64 {
        let what = format!("the stored code {sha256} has {} bytes, more than any code may have", found.meta.size);
        return Err(Failed::Passing(StoreError::Corrupt(what)));
    }
    let code = found.bytes().await.map_err(failed)?;
    let (found, code) = digested(Vec::from(code), Sha256Digest::of).await.map_err(Failed::Lasting)?;
    if found == sha256 { Ok(code) } else { Err(Failed::Damaged(found)) }
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
