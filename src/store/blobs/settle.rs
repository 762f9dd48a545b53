//! Ties a database to the place of its codes: both keep one id, so that a node with another place is refused at its start.
//!
//! A new id stands in the database as being settled by one node first, then in the place, then in the database for good;
//! a node that died in between is followed by the next one.

use std::time::Duration;
use std::{io, thread};

use super::super::error::{OpenError, StoreError};
use super::super::front::{Store, clock};
use super::super::settings;
use super::super::tx::Tx;
use super::{BlobPlace, Blobs, marker};
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::BLOB_SETTLE_WAIT_MS;
use crate::domain::time::Timestamp;

/// The setting that keeps the id of the place.
const SETTING: &str = "code_store_id";
/// What the setting begins with while a node settles it.
const SETTLING: &str = "settling";
/// Time between two looks at what another node is settling.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The newest codes, of which one at least has to be in the place.
const SAMPLE: i64 = 3;

/// What else is known when a place and a database meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Circumstances {
    /// Whether this process alone has the database.
    pub is_alone: bool,
    /// Whether the place lies in the database's own folder, where nobody else keeps codes.
    pub is_own_folder: bool,
}

/// How much is asked of a place at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Effort {
    /// Only whose it is.
    LookAtId,
    /// That it takes, gives back and removes a small object too.
    TryOut,
}

/// What the database keeps of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    Nothing,
    /// A node is about to mark its place with this id.
    Settling {
        id: String,
        since: Timestamp,
        /// As it stands in the database, for comparison.
        text: String,
    },
    For(String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Place and database have the same id.
    Settled(String),
    /// Neither has one.
    Begin,
    /// The id of the place is taken over.
    Adopt(String),
    /// The place is marked with the id that this node is settling.
    Mark(String),
    /// What a dead node was settling is carried on.
    TakeOver { id: String, text: String },
    /// Another node is at it.
    Wait,
    /// The place has no id; it is the right one if the codes are in it.
    LookForCodes(String),
    /// The place is another marketplace's.
    Foreign,
}

/// Ties a store that was just opened to the place of its codes; a place that was named has to show that it works.
///
/// # Errors
/// As [`settle`], and [`OpenError::Blobs`] for a place that does not do what it should.
pub(in crate::store) fn tie(
    store: &Store,
    place: &BlobPlace,
    circumstances: Circumstances,
    effort: Effort,
) -> Result<(), OpenError> {
    // On a thread with a runtime of its own, for whoever opens a store may be running async code. Its connections end
    // with it, so they are not those of the store.
    let blobs = Blobs::open(place).map_err(|error| of_place(store.blobs(), error))?;
    let settled = thread::scope(|scope| scope.spawn(|| tie_here(store, &blobs, circumstances, effort)).join());
    let panicked = || StoreError::Internal("looking at the place panicked".to_owned());
    store.blobs().belong_to(settled.unwrap_or_else(|_| Err(of_place(&blobs, panicked())))?);
    Ok(())
}

fn tie_here(store: &Store, blobs: &Blobs, circumstances: Circumstances, effort: Effort) -> Result<String, OpenError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let no_runtime = |error: io::Error| of_place(blobs, StoreError::Internal(format!("no runtime: {error}")));
    runtime.map_err(no_runtime)?.block_on(async {
        let id = settle(store, blobs, circumstances).await?;
        if effort == Effort::TryOut {
            match blobs.probe().await {
                // What is there can still be read, and the room may come back.
                Err(StoreError::Full(what)) => tracing::warn!(place = blobs.place(), what, "the store of code is full"),
                tried => tried.map_err(|error| of_place(blobs, error))?,
            }
        }
        Ok(id)
    })
}

/// Ties the store to the place of its codes.
///
/// # Errors
/// [`OpenError::Blobs`] for a place of another marketplace, an empty one beside a database that names codes, and one
/// that cannot be read or marked.
async fn settle(store: &Store, blobs: &Blobs, circumstances: Circumstances) -> Result<String, OpenError> {
    let mut mine = None;
    let mut is_first_look = true;
    loop {
        let mut found = marker::read(&blobs.objects).await.map_err(|error| of_place(blobs, error))?;
        // Through the writer, which sees what was written before even where it is not committed yet.
        let kept = store.write(kept).await.map_err(|error| of_database(blobs, error))?;
        // Another node may have marked the place and settled the id in between: the mark comes before the id.
        if found.is_none() && matches!(kept, Kept::For(_)) {
            found = marker::read(&blobs.objects).await.map_err(|error| of_place(blobs, error))?;
        }
        match next(found, kept, mine.as_deref(), circumstances, clock()) {
            Step::Settled(id) => {
                // A place that was moved away from has the id still, and lacks what came since.
                if is_first_look {
                    look_for_codes(store, blobs).await?;
                }
                return Ok(id);
            }
            Step::Begin => mine = Some(begin(store, blobs).await?),
            Step::Adopt(id) => {
                let set = store.write(move |tx| settings::set_once(tx, SETTING, &id));
                set.await.map_err(|error| of_database(blobs, error))?;
            }
            Step::Mark(id) => {
                marker::write(&blobs.objects, &id).await.map_err(|error| of_place(blobs, error))?;
                finish(store, blobs, &id).await?;
            }
            Step::TakeOver { id, text } => mine = Some(take_over(store, blobs, &id, &text).await?),
            Step::Wait => tokio::time::sleep(LOOK_EVERY).await,
            Step::LookForCodes(id) => {
                if !look_for_codes(store, blobs).await? && !circumstances.is_alone {
                    return Err(not_shared(blobs));
                }
                marker::write(&blobs.objects, &id).await.map_err(|error| of_place(blobs, error))?;
            }
            Step::Foreign => return Err(foreign(blobs)),
        }
        is_first_look = false;
    }
}

fn next(found: Option<String>, kept: Kept, mine: Option<&str>, circumstances: Circumstances, now: Timestamp) -> Step {
    match (found, kept) {
        (Some(found), Kept::For(id)) if found == id => Step::Settled(id),
        (None, Kept::For(id)) => Step::LookForCodes(id),
        (None, Kept::Nothing) => Step::Begin,
        (Some(found), Kept::Nothing) if circumstances.is_own_folder => Step::Adopt(found),
        (Some(_), Kept::For(_) | Kept::Nothing) => Step::Foreign,
        (found, Kept::Settling { id, since, text }) => {
            if mine == Some(text.as_str()) {
                return if found.is_none_or(|found| found == id) { Step::Mark(id) } else { Step::Foreign };
            }
            if circumstances.is_alone || now.since_ms(since) >= BLOB_SETTLE_WAIT_MS {
                Step::TakeOver { id, text }
            } else {
                Step::Wait
            }
        }
    }
}

/// Writes a fresh id as being settled, unless another node was faster; gives the text that counts as ours.
async fn begin(store: &Store, blobs: &Blobs) -> Result<String, OpenError> {
    let text = format!("{SETTLING} {} {} {}", random(blobs)?, clock().as_ms(), random(blobs)?);
    let written = text.clone();
    let set = store.write(move |tx| settings::set_once(tx, SETTING, &written));
    set.await.map_err(|error| of_database(blobs, error))?;
    Ok(text)
}

async fn take_over(store: &Store, blobs: &Blobs, id: &str, theirs: &str) -> Result<String, OpenError> {
    let text = format!("{SETTLING} {id} {} {}", clock().as_ms(), random(blobs)?);
    let (mine, theirs) = (text.clone(), theirs.to_owned());
    let taken = store.write(move |tx| replace(tx, &theirs, &mine));
    taken.await.map_err(|error| of_database(blobs, error))?;
    Ok(text)
}

async fn finish(store: &Store, blobs: &Blobs, id: &str) -> Result<(), OpenError> {
    let id = id.to_owned();
    let finished = store.write(move |tx| {
        if let Kept::Settling { id: kept, text, .. } = kept(tx)?
            && kept == id
        {
            replace(tx, &text, &id)?;
        }
        Ok::<_, StoreError>(())
    });
    finished.await.map_err(|error| of_database(blobs, error))
}

fn replace(tx: &mut Tx, old: &str, new: &str) -> Result<(), StoreError> {
    let sql = "UPDATE settings SET value = $1 WHERE key = $2 AND value = $3";
    tx.execute(sql, &[new.into(), SETTING.into(), old.into()]).map(drop)
}

fn kept(tx: &mut Tx) -> Result<Kept, StoreError> {
    let Some(text) = settings::get(tx, SETTING)? else { return Ok(Kept::Nothing) };
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        [SETTLING, id, ms, _] => {
            let since = ms.parse().map(Timestamp::from_ms);
            let since = since.map_err(|_| StoreError::Corrupt(format!("the setting {SETTING} has no time")))?;
            Ok(Kept::Settling { id: (*id).to_owned(), since, text })
        }
        [id] => Ok(Kept::For((*id).to_owned())),
        _ => Err(StoreError::Corrupt(format!("the setting {SETTING} makes no sense"))),
    }
}

/// The id of the place that belongs to the database, once it is settled.
pub(in crate::store) fn settled_id(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    Ok(match kept(tx)? {
        Kept::For(id) => Some(id),
        Kept::Nothing | Kept::Settling { .. } => None,
    })
}

/// Refuses a place that has none of the newest codes that the database names; gives whether it names any.
async fn look_for_codes(store: &Store, blobs: &Blobs) -> Result<bool, OpenError> {
    let named = store.read(|tx| {
        let mut found: Vec<Sha256Digest> = Vec::new();
        tx.each("SELECT sha256 FROM versions ORDER BY id DESC LIMIT $1", &[SAMPLE.into()], |row| {
            found.push(row.parsed(0)?);
            Ok(())
        })?;
        Ok::<_, StoreError>(found)
    });
    let named = named.await.map_err(|error| of_database(blobs, error))?;
    for digest in &named {
        if blobs.exists(*digest).await.map_err(|error| of_place(blobs, error))? {
            return Ok(true);
        }
    }
    if named.is_empty() {
        return Ok(false);
    }
    Err(OpenError::Blobs {
        place: blobs.place(),
        what: "the newest codes that the database names are not in it".to_owned(),
        cure: "name the place that they are in with --blobs or SKYDECK_BLOBS; to move them, copy everything that is in the \
               old place and start with the new one",
    })
}

fn not_shared(blobs: &Blobs) -> OpenError {
    OpenError::Blobs {
        place: blobs.place(),
        what: "it is not the place where the other nodes keep their codes".to_owned(),
        cure: "name the one place that all nodes share with --blobs or SKYDECK_BLOBS (file:///FOLDER or s3://BUCKET)",
    }
}

fn random(blobs: &Blobs) -> Result<String, OpenError> {
    let mut bytes = [0_u8; 16];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| of_place(blobs, StoreError::Internal(format!("no random bytes: {error}"))))?;
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn foreign(blobs: &Blobs) -> OpenError {
    OpenError::Blobs {
        place: blobs.place(),
        what: "another marketplace keeps its codes there, or this is not where this one keeps them".to_owned(),
        cure: "name the right place with --blobs or SKYDECK_BLOBS; where its codes are this marketplace's all the same, \
               such as after a restore, remove the object store-id from it",
    }
}

/// An error of the place, with what to do about it.
fn of_place(blobs: &Blobs, error: StoreError) -> OpenError {
    match error {
        StoreError::Blobs { place, what, cure } => OpenError::Blobs { place, what, cure },
        other => {
            let cure = "check the folder's rights, its mount and its disk";
            OpenError::Blobs { place: blobs.place(), what: other.to_string(), cure }
        }
    }
}

fn of_database(blobs: &Blobs, source: StoreError) -> OpenError {
    let cure = "the database keeps which place it is; see to the database first";
    OpenError::Blobs { place: blobs.place(), what: source.to_string(), cure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_place_and_a_database_say_decides_the_next_step() {
        let now = Timestamp::from_ms(100_000);
        let (alone, shared) = (
            Circumstances { is_alone: true, is_own_folder: true },
            Circumstances { is_alone: false, is_own_folder: false },
        );
        let settling = |age_ms: i64| Kept::Settling {
            id: "a".to_owned(),
            since: now.plus_ms(-age_ms),
            text: "settling a".to_owned(),
        };
        let (a, b) = (|| Some("a".to_owned()), || Some("b".to_owned()));
        let taken = Step::TakeOver { id: "a".to_owned(), text: "settling a".to_owned() };
        for (found, kept, mine, circumstances, expected) in [
            (None, Kept::Nothing, None, shared, Step::Begin),
            (a(), Kept::For("a".to_owned()), None, shared, Step::Settled("a".to_owned())),
            (b(), Kept::For("a".to_owned()), None, shared, Step::Foreign),
            (b(), Kept::For("a".to_owned()), None, alone, Step::Foreign),
            (None, Kept::For("a".to_owned()), None, shared, Step::LookForCodes("a".to_owned())),
            (b(), Kept::Nothing, None, shared, Step::Foreign),
            (b(), Kept::Nothing, None, alone, Step::Adopt("b".to_owned())),
            (None, settling(0), Some("settling a"), shared, Step::Mark("a".to_owned())),
            (a(), settling(0), Some("settling a"), shared, Step::Mark("a".to_owned())),
            (b(), settling(0), Some("settling a"), shared, Step::Foreign),
            (None, settling(BLOB_SETTLE_WAIT_MS - 1), Some("settling c"), shared, Step::Wait),
            (None, settling(BLOB_SETTLE_WAIT_MS), Some("settling c"), shared, taken.clone()),
            (None, settling(0), None, alone, taken),
        ] {
            let step = next(found.clone(), kept.clone(), mine, circumstances, now);
            assert_eq!(step, expected, "{found:?} {kept:?} {mine:?} {circumstances:?}");
        }
    }
}
