//! Whether a place does what it should: it is the right one, and takes, gives back and removes a small object.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::path::Path as Key;
use object_store::{Error, ObjectStoreExt as _, PutPayload};

use super::attempts::{Failed, Objects};
use super::count::BlobOp;
use super::marker;
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::{BLOB_PROBE_KEPT_MS, BLOB_PROBE_TIMEOUT_MS};
use crate::store::error::StoreError;

/// What the names of the small objects begin with.
pub(super) const FOLDER: &str = "probe";

/// What is known of a place from the last look at it.
#[derive(Clone, Default)]
pub(super) struct LastLook {
    shared: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// When all was well; none where something failed since.
    well_at: Option<Instant>,
    /// The id that the place has to have, once it is settled.
    id: Option<String>,
}

impl LastLook {
    /// The place has to have this id from now on.
    pub fn settle(&self, id: String) {
        self.locked(|known| known.id = Some(id));
    }

    /// Something failed, so the next look is a real one.
    pub fn doubt(&self) {
        self.locked(|known| known.well_at = None);
    }

    /// Looks at the place, unless all was well a moment ago.
    ///
    /// # Errors
    /// [`StoreError`] with what is wrong, and what to do about it.
    pub async fn look(&self, objects: &Objects) -> Result<(), StoreError> {
        let kept = Duration::from_millis(BLOB_PROBE_KEPT_MS);
        if self.locked(|known| known.well_at.is_some_and(|well_at| well_at.elapsed() < kept)) {
            return Ok(());
        }
        let id = self.locked(|known| known.id.clone());
        let bound = Duration::from_millis(BLOB_PROBE_TIMEOUT_MS);
        let silent = |_| {
            let what = format!("it did not do what it should within {BLOB_PROBE_TIMEOUT_MS} ms");
            Err(objects.trouble(what, "check that it runs, and the network to it"))
        };
        let looked = tokio::time::timeout(bound, try_out(objects, id)).await.unwrap_or_else(silent);
        self.locked(|known| known.well_at = looked.is_ok().then(Instant::now));
        looked
    }

    fn locked<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn try_out(objects: &Objects, id: Option<String>) -> Result<(), StoreError> {
    if let Some(id) = id
        && marker::read(objects).await? != Some(id)
    {
        let what = "its object store-id is gone or another one: this is not the place that the codes are in";
        return Err(objects.trouble(what, "mount the folder or name the bucket that the codes are in"));
    }
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| StoreError::Internal(format!("no random bytes: {error}")))?;
    let content = Sha256Digest::of(&random).to_string();
    let key = Key::from(format!("{FOLDER}/{content}"));
    let (key, content) = (&key, &content);
    let put = objects.attempt(BlobOp::Probe, |store| async move {
        let put = store.put(key, PutPayload::from(content.clone().into_bytes())).await;
        put.map(drop).map_err(|error| objects.failed(&error, "writing a small object"))
    });
    put.await.map_err(|failed| told(objects, failed))?;
    let got = objects.attempt(BlobOp::Probe, |store| async move {
        let failed = |error: Error| objects.failed(&error, "reading a small object again");
        let bytes = store.get(key).await.map_err(failed)?.bytes().await.map_err(failed)?;
        if bytes == content.as_bytes() { Ok(()) } else { Err(Failed::Damaged(Sha256Digest::of(&bytes))) }
    });
    got.await.map_err(|failed| told(objects, failed))?;
    let removed = objects.attempt(BlobOp::Probe, |store| async move {
        match store.delete(key).await {
            // Gone by an attempt whose answer was lost.
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(objects.failed(&error, "removing a small object")),
        }
    });
    removed.await.map_err(|failed| told(objects, failed))
}

fn told(objects: &Objects, failed: Failed) -> StoreError {
    let gone = objects.trouble("what was written is not there", "check that only one store answers at its address");
    let damaged = |_| {
        let cure = "check what is between here and the store: it changes what passes through it";
        objects.trouble("it gives back other bytes than it was given", cure)
    };
    failed.into_error(gone, damaged)
}
