//! The object `store-id` beside the codes: it says which marketplace the place belongs to, and so that it is the right one.

use object_store::path::Path as Key;
use object_store::{Error, ObjectStoreExt as _, PutMode, PutPayload};

use super::attempts::{Failed, Objects};
use super::count::BlobOp;
use crate::domain::digest::Sha256Digest;
use crate::store::error::StoreError;

/// Its name, beside the folder of codes.
const NAME: &str = "store-id";
/// Its first word.
const KIND: &str = "skydeck-codes";
/// Bytes that are read of it at most.
const BYTES_MAX: u64 = 1_024;

/// Reads the id of a place; none where it was never used.
///
/// # Errors
/// [`StoreError`] where it cannot be read, or is not what a skydeck wrote.
pub(super) async fn read(objects: &Objects) -> Result<Option<String>, StoreError> {
    let found = objects.attempt(BlobOp::Probe, |store| async move {
        let failed = |error: Error| objects.failed(&error, "reading store-id");
        let object = store.get(&Key::from(NAME)).await.map_err(failed)?;
        if object.meta.size > BYTES_MAX {
            return Err(Failed::Damaged(Sha256Digest::of(b"")));
        }
        let bytes = object.bytes().await.map_err(failed)?;
        parse(&bytes).ok_or_else(|| Failed::Damaged(Sha256Digest::of(&bytes)))
    });
    match found.await {
        Ok(id) => Ok(Some(id)),
        Err(Failed::Missing) => Ok(None),
        Err(other) => {
            let damaged = |_| {
                let cure = "restore it from a copy of the place, or remove it where all codes are there";
                objects.trouble("its object store-id is damaged", cure)
            };
            let missing = StoreError::Internal("an object is missing and was read".to_owned());
            Err(other.into_error(missing, damaged))
        }
    }
}

/// Marks a place with an id, unless it has one; who else did so meanwhile is seen by reading it again.
///
/// # Errors
/// [`StoreError`] where it cannot be written.
pub(super) async fn write(objects: &Objects, id: &str) -> Result<(), StoreError> {
    let payload = PutPayload::from(text(id).into_bytes());
    let written = objects.attempt(BlobOp::Probe, |store| {
        let payload = payload.clone();
        async move {
            let key = Key::from(NAME);
            match store.put_opts(&key, payload.clone(), PutMode::Create.into()).await {
                Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
                // A store that cannot compare before it writes; reading it again afterwards has to do.
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                    store.put(&key, payload).await.map(drop).map_err(|error| objects.failed(&error, "writing store-id"))
                }
                Err(error) => Err(objects.failed(&error, "writing store-id")),
            }
        }
    });
    let impossible = |what: &str| StoreError::Internal(format!("writing store-id: {what}"));
    written.await.map_err(|failed| failed.into_error(impossible("missing"), |_| impossible("damaged")))
}

fn text(id: &str) -> String {
    format!("{KIND} {id} {}\n", Sha256Digest::of(id.as_bytes()))
}

/// The id, where every byte is as it was written.
fn parse(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.split_whitespace();
    let (kind, id, digest) = (words.next()?, words.next()?, words.next()?);
    let is_whole = kind == KIND && words.next().is_none() && digest == Sha256Digest::of(id.as_bytes()).to_string();
    is_whole.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_or_not_at_all() {
        let whole = text("0198-abc");
        assert_eq!(parse(whole.as_bytes()).as_deref(), Some("0198-abc"));
        for place in 0..whole.len() - 1 {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] ^= 1;
            assert_eq!(parse(&bytes), None, "{place}");
            assert_eq!(parse(&whole.as_bytes()[..place]), None, "{place}");
        }
        assert_eq!(parse(format!("{whole} more").as_bytes()), None);
    }
}
