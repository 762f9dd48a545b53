//! Removes codes that no version is made of, on any place and beside other nodes.
//!
//! A code goes when it was put long ago, no version is made of it, and nobody is at it. All three are asked again, with
//! the code's guard held, right before it goes: a put that begins meanwhile waits for the guard and then puts it anew.

use std::collections::HashSet;
use std::path::Path;

use futures_util::TryStreamExt as _;
use object_store::path::Path as Key;
use object_store::{Error, ObjectMeta, ObjectStoreExt as _};
use tokio::task::spawn_blocking;

use super::super::error::StoreError;
use super::super::files;
use super::super::front::Store;
use super::attempts::Failed;
use super::count::BlobOp;
use super::{BY_SHA256, Blobs, Swept, guard, path_of, probe, referenced};
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::ORPHAN_BLOB_KEPT_MS;
use crate::domain::time::Timestamp;

/// Removes what was put more than [`ORPHAN_BLOB_KEPT_MS`] ago and is named by nothing.
pub(in crate::store) async fn sweep(store: &Store, now: Timestamp) -> Result<Swept, StoreError> {
    let (blobs, cutoff) = (store.blobs(), now.plus_ms(-ORPHAN_BLOB_KEPT_MS));
    blobs.remove_unfinished(cutoff).await?;
    store.write(move |tx| guard::forget_old(tx, now)).await?;
    let named = store.read(referenced).await?;
    let mut swept = Swept::default();
    for (sha256, bytes) in blobs.old(cutoff, &named).await? {
        if !store.write(move |tx| guard::begin_removal(tx, sha256, now)).await? {
            continue;
        }
        let removed = blobs.remove_if_old(sha256, cutoff).await;
        store.write(move |tx| guard::end_removal(tx, sha256)).await?;
        if removed? {
            swept.blobs += 1;
            swept.bytes += bytes;
        }
    }
    Ok(swept)
}

impl Blobs {
    /// Codes that were last put before `cutoff` and are not among `named`, with their bytes.
    pub(in crate::store) async fn old(
        &self,
        cutoff: Timestamp,
        named: &HashSet<Sha256Digest>,
    ) -> Result<Vec<(Sha256Digest, u64)>, StoreError> {
        let all = self.list().await?;
        let old = all.into_iter().filter(|found| found.put_at < cutoff && !named.contains(&found.sha256));
        Ok(old.map(|found| (found.sha256, found.bytes)).collect())
    }

    /// Removes a code, unless it was put again since `cutoff` or is being put; whether it is gone by this.
    pub(in crate::store) async fn remove_if_old(
        &self,
        sha256: Sha256Digest,
        cutoff: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(_turn) = self.turns.try_remove(sha256) else { return Ok(false) };
        let (objects, path) = (&self.objects, &path_of(&sha256));
        let removed = objects.attempt(BlobOp::Delete, |store| async move {
            let seen = store.head(path).await.map_err(|error| objects.failed(&error, "looking at a code"))?;
            if seen.last_modified.timestamp_millis() >= cutoff.as_ms() {
                return Ok(false);
            }
            match store.delete(path).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(true),
                Err(error) => Err(objects.failed(&error, "removing a code")),
            }
        });
        match removed.await {
            Ok(removed) => Ok(removed),
            // Removed by an attempt whose answer was lost, or by another node.
            Err(Failed::Missing) => Ok(true),
            Err(failed) => Err(self.failed(failed, sha256)),
        }
    }

    /// Removes what puts and probes left behind that were cut off before `cutoff`.
    pub(in crate::store) async fn remove_unfinished(&self, cutoff: Timestamp) -> Result<(), StoreError> {
        if let Some(folder) = self.folder().map(Path::to_owned) {
            let folder = folder.join(BY_SHA256);
            let removed = spawn_blocking(move || files::remove_unfinished(&folder, cutoff)).await;
            removed.map_err(std::io::Error::other).flatten().map_err(|error| {
                StoreError::of_files(&error, "removing codes that were half written when a server ended")
            })?;
        }
        let objects = &self.objects;
        let left: Result<Vec<ObjectMeta>, Failed> = objects
            .attempt(BlobOp::List, |store| async move {
                let all: Result<Vec<_>, _> = store.list(Some(&Key::from(probe::FOLDER))).try_collect().await;
                all.map_err(|error| objects.failed(&error, "listing small objects"))
            })
            .await;
        let left = left.map_err(|failed| self.failed_at_all(failed))?;
        for probe in left.into_iter().filter(|left| left.last_modified.timestamp_millis() < cutoff.as_ms()) {
            let path = &probe.location;
            let removed = objects.attempt(BlobOp::Delete, |store| async move {
                match store.delete(path).await {
                    Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(objects.failed(&error, "removing a small object")),
                }
            });
            removed.await.map_err(|failed| self.failed_at_all(failed))?;
        }
        Ok(())
    }
}
