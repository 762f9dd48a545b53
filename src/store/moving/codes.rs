//! Copies the code that versions are made of into the place that all nodes will share, each compared with its digest.

use futures_util::{StreamExt as _, stream};

use super::source::Source;
use super::{MoveError, MoveStep, MovedCodes, OpenError, Progress};
use crate::domain::digest::Sha256Digest;
use crate::store::blobs::{BlobPlace, Blobs};
use crate::store::error::StoreError;

/// Codes that are on their way at once.
const AT_ONCE: usize = 8;

/// Copies every code that some version is made of; what is there and whole already is left as it is.
pub(super) fn copy(
    source: &Source,
    from: &BlobPlace,
    to: &BlobPlace,
    progress: &mut Progress,
) -> Result<MovedCodes, MoveError> {
    let no_runtime = |error| StoreError::Internal(format!("no runtime for the place of codes: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let (from, to) = (Blobs::open(from)?, Blobs::open(to)?);
    let (codes, id) = (source.codes()?, source.place_id()?);
    progress.begin_with(MoveStep::Storing, codes.len() as u64);
    runtime.block_on(async {
        if let Some(found) = to.id().await?
            && id.as_ref() != Some(&found)
        {
            return Err(foreign(&to));
        }
        to.probe().await?;
        let mut copying = stream::iter(&codes).map(|code| copy_one(&from, &to, *code)).buffered(AT_ONCE);
        let mut bytes = 0;
        while let Some(copied) = copying.next().await {
            bytes += copied?;
            progress.count(1);
        }
        if let Some(id) = id {
            // With the id of the database's own place the new one is taken for it, even with no code in it yet.
            to.mark(&id).await?;
        }
        Ok(MovedCodes { place: to.place(), codes: codes.len() as u64, bytes })
    })
}

/// Copies one code unless it is there, and reads it again; gives its bytes.
async fn copy_one(from: &Blobs, to: &Blobs, code: Sha256Digest) -> Result<u64, StoreError> {
    match to.get(code).await {
        Ok(bytes) => return Ok(bytes.len() as u64),
        Err(StoreError::BlobMissing(_) | StoreError::BlobCorrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    to.put(from.get(code).await?).await?;
    to.get(code).await.map(|bytes| bytes.len() as u64)
}

fn foreign(to: &Blobs) -> MoveError {
    MoveError::Open(OpenError::Blobs {
        place: to.place(),
        what: "another marketplace keeps its codes there".to_owned(),
        cure: "name an empty place, or one that holds nothing but this marketplace's codes",
    })
}
