//! Every code of a place, listed page by page; a listing that breaks off goes on where it was.

use futures_util::TryStreamExt as _;
use object_store::ObjectMeta;
use object_store::path::Path as Key;

use super::super::error::StoreError;
use super::count::BlobOp;
use super::{BY_SHA256, Blobs};
use crate::domain::digest::Sha256Digest;
use crate::domain::time::Timestamp;

/// Codes that one attempt lists before the next one goes on: some pages of a bucket.
const PART: usize = 10_000;

/// A code as its place lists it; its bytes were not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedBlob {
    /// The digest that it is stored under.
    pub sha256: Sha256Digest,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was last put, by the clock of the place.
    pub put_at: Timestamp,
}

impl Blobs {
    /// Every code that is there, in no order that means anything.
    ///
    /// # Errors
    /// What the place says.
    pub async fn list(&self) -> Result<Vec<ListedBlob>, StoreError> {
        let (objects, folder) = (&self.objects, &Key::from(BY_SHA256));
        // A bucket lists by name, so that a later attempt can go on; a folder has no order and is listed at once.
        let part = if objects.is_remote { PART } else { usize::MAX };
        let mut listed = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let from = &after;
            let found = objects.attempt(BlobOp::List, |store| async move {
                let all = match from {
                    Some(from) => store.list_with_offset(Some(folder), from),
                    None => store.list(Some(folder)),
                };
                let failed = |error| objects.failed(&error, "listing codes");
                let mut all = all.map_err(failed);
                let mut found: Vec<ObjectMeta> = Vec::new();
                while let Some(object) = all.try_next().await? {
                    found.push(object);
                    if found.len() >= part {
                        break;
                    }
                }
                Ok(found)
            });
            let found = found.await.map_err(|failed| self.failed_at_all(failed))?;
            after = found.last().map(|object| object.location.clone());
            listed.extend(found.iter().filter_map(ListedBlob::of));
            if found.len() < part {
                return Ok(listed);
            }
        }
    }
}

impl ListedBlob {
    /// The code that an object is; nothing where it is none.
    fn of(object: &ObjectMeta) -> Option<ListedBlob> {
        let sha256 = object.location.filename()?.parse().ok()?;
        let put_at = Timestamp::from_ms(object.last_modified.timestamp_millis());
        Some(ListedBlob { sha256, bytes: object.size, put_at })
    }
}
