//! The store on real files: what is together, what is undone, what is refused, and what survives.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::postgres::fresh::{self, FreshSchema};
use super::*;
use crate::domain::audit::{AuditEntry, AuditHead, ChainFault};
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::time::Timestamp;

fn open(folder: &Path) -> Store {
    Store::open(StoreConfig::in_folder(folder)).unwrap()
}

/// Where a test runs: in a folder, and on PostgreSQL too where a server is named.
struct Place {
    folder: tempfile::TempDir,
    schema: Option<FreshSchema>,
}

impl Place {
    fn both() -> Vec<Place> {
        let place = |schema| Place { folder: tempfile::tempdir().unwrap(), schema };
        let beyond = fresh::schema().map(|schema| place(Some(schema)));
        std::iter::once(place(None)).chain(beyond).collect()
    }

    fn config(&self) -> StoreConfig {
        let postgres = self.schema.as_ref().map(FreshSchema::url);
        StoreConfig { postgres, ..StoreConfig::in_folder(self.folder.path()) }
    }

    fn open(&self) -> Store {
        Store::open(self.config()).unwrap()
    }

    /// Changes something past the store.
    fn edit(&self, sql: &str) {
        if let Some(schema) = &self.schema {
            return schema.run(sql);
        }
        let other = Connection::open(self.folder.path().join("skydeck.db")).unwrap();
        assert_eq!(other.execute(sql, ()).unwrap(), 1, "{sql}");
    }
}

fn entry(detail: &str) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_ms(5),
        actor_kind: "system".to_owned(),
        actor_id: String::new(),
        action: "review.checks".to_owned(),
        subject_kind: "version".to_owned(),
        subject_id: "v".to_owned(),
        detail: detail.to_owned(),
    }
}

fn logged(tx: &mut Tx, detail: &str) -> Result<(), StoreError> {
    settings::set(tx, detail, "written")?;
    tx.audit(entry(detail));
    let body = serde_json::json!({ "detail": detail });
    tx.event(NewEvent { topic: "queue", audience: Audience::all(), body });
    Ok(())
}

/// Keeps the thread that writes busy until the sender goes, so that what comes meanwhile is one group.
async fn while_writer_waits(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let (release, released) = mpsc::channel::<()>();
    let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
    let released = Arc::new(Mutex::new(released));
    let store = store.clone();
    let blocked = tokio::spawn(async move {
        let work = move |_: &mut Tx| {
            let _ = entered.send(());
            let _ = released.lock().unwrap().recv();
            Ok(())
        };
        store.write(work).await
    });
    inside.recv().await;
    (release, blocked)
}

async fn until_waiting(store: &Store, count: usize) {
    while store.stats().writes_waiting < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_group_is_committed_once_and_one_that_fails_undoes_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (release, blocked) = while_writer_waits(&store).await;
    let before = store.stats();
    let mut tasks = Vec::new();
    for number in 0..20 {
        let theirs = store.clone();
        tasks.push(tokio::spawn(async move {
            let work = move |tx: &mut Tx| {
                logged(tx, &format!("s{number}"))?;
                match number {
                    7 => Err(StoreError::Internal("refused".to_owned())),
                    11 => panic!("on purpose"),
                    _ => Ok(number),
                }
            };
            theirs.write(work).await
        }));
        until_waiting(&store, number + 1).await;
    }
    drop(release);
    blocked.await.unwrap().unwrap();
    for (number, task) in tasks.into_iter().enumerate() {
        match (number, task.await.unwrap()) {
            (7, Err(StoreError::Internal(text))) => assert_eq!(text, "refused"),
            (11, Err(StoreError::Internal(text))) => assert!(text.ends_with("on purpose"), "{text}"),
            (_, answer) => assert_eq!(answer, Ok(number)),
        }
    }
    let after = store.stats();
    assert_eq!((after.batches - before.batches, after.undone - before.undone), (2, 2));
    let kept: i64 = store
        .read(|tx| Ok::<_, StoreError>(count(tx, "SELECT count(*) FROM settings WHERE key LIKE 's%'")))
        .await
        .unwrap();
    assert_eq!(kept, 18);
    let head = store.read(|tx| audit::verify(tx, None)).await.unwrap().unwrap();
    assert_eq!(head.number, 18);
    assert_eq!(*store.subscribe_events().borrow(), 18);
}

fn count(tx: &mut Tx, sql: &str) -> i64 {
    tx.query_one::<i64>(sql, &[]).unwrap().unwrap()
}

#[tokio::test]
async fn a_full_disk_is_told_to_the_one_that_fills_it_and_the_others_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let pages = "SELECT page_count + 20 FROM pragma_page_count";
    let room: i64 = store.read(move |tx| Ok::<_, StoreError>(count(tx, pages))).await.unwrap();
    let bound = format!("PRAGMA max_page_count = {room}");
    store.write(move |tx| tx.query::<i64>(&bound, &[]).map(drop)).await.unwrap();

    let (release, blocked) = while_writer_waits(&store).await;
    let mut tasks = Vec::new();
    for number in 0..3 {
        let theirs = store.clone();
        let value = if number == 1 { "x".repeat(1 << 20) } else { String::new() };
        tasks.push(tokio::spawn(async move {
            theirs.write(move |tx| settings::set(tx, &format!("s{number}"), &value)).await
        }));
        until_waiting(&store, number + 1).await;
    }
    drop(release);
    blocked.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(matches!(answers.as_slice(), [Ok(()), Err(StoreError::Full(_)), Ok(())]), "{answers:?}");
    assert_eq!(store.read(|tx| settings::get(tx, "s2")).await, Ok(Some(String::new())));
}

#[tokio::test]
async fn a_rehearsal_leaves_nothing_and_a_read_cannot_write() {
    for place in Place::both() {
        let store = place.open();
        let digests = CodeDigests::of(b"code");
        let rehearsed = store.rehearse(move |tx| {
            logged(tx, "x")?;
            blobs::record(tx, &StoredBlob::rehearsed(digests), Timestamp::from_ms(1))?;
            settings::get(tx, "x")
        });
        assert_eq!(rehearsed.await, Ok(Some("written".to_owned())));
        let written =
            store.write(move |tx| blobs::record(tx, &StoredBlob::rehearsed(digests), Timestamp::from_ms(1))).await;
        assert!(matches!(written, Err(StoreError::Internal(_))), "{written:?}");
        for work in [
            (|tx: &mut Tx| settings::set(tx, "x", "y")) as fn(&mut Tx) -> Result<(), StoreError>,
            |tx| tx.query::<String>("INSERT INTO settings (key, value) VALUES ('x', 'y') RETURNING key", &[]).map(drop),
            |tx| {
                tx.audit(entry("x"));
                Ok(())
            },
        ] {
            assert!(store.read(work).await.is_err());
        }
        assert_eq!(store.read(|tx| settings::get(tx, "x")).await, Ok(None));
        assert_eq!(store.read(audit::head).await.map(|head| head.number), Ok(0));
    }
}

#[tokio::test]
async fn an_edit_behind_the_back_is_named_and_so_is_a_cut() {
    for place in Place::both() {
        let store = place.open();
        for number in 0..5 {
            store.write(move |tx| logged(tx, &format!("s{number}"))).await.unwrap();
        }
        let seen = store.read(audit::head).await.unwrap();
        let verify = async |seen: Option<AuditHead>| store.read(move |tx| audit::verify(tx, seen)).await.unwrap();
        assert_eq!(verify(Some(seen)).await, Ok(seen));

        let edit = |sql: &str| place.edit(sql);
        edit("UPDATE audit SET detail = 'forged' WHERE n = 3");
        assert_eq!(verify(None).await, Err(ChainFault::Edited(3)));
        edit("UPDATE audit SET detail = 's2' WHERE n = 3");
        edit("UPDATE audit SET mac = 'no digest' WHERE n = 4");
        assert_eq!(verify(None).await, Err(ChainFault::Edited(4)));
        edit("DELETE FROM audit WHERE n = 4");
        assert_eq!(verify(None).await, Err(ChainFault::Missing(4)));
        edit("DELETE FROM audit WHERE n = 5");
        assert_eq!(verify(None).await, Err(ChainFault::Cut { ends_at: 3, seen: 5 }));
        edit("UPDATE log_head SET audit_n = 3, mac = (SELECT mac FROM audit WHERE n = 3)");
        assert_eq!(verify(None).await.map(|head| head.number), Ok(3));
        assert_eq!(verify(Some(seen)).await, Err(ChainFault::Cut { ends_at: 3, seen: 5 }));
    }
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    for place in Place::both() {
        let store = place.open();
        store.write(|tx| logged(tx, "a")).await.unwrap();
        if place.schema.is_none() {
            assert!(matches!(Store::open(place.config()), Err(OpenError::Locked { holder, .. })
            if holder == format!("process {}", std::process::id())));
        }
        drop(store);
        let store = place.open();
        assert_eq!(*store.subscribe_events().borrow(), 1);
        store.write(|tx| logged(tx, "b")).await.unwrap();
        assert_eq!(store.read(|tx| audit::verify(tx, None)).await.unwrap().map(|head| head.number), Ok(2));
        assert_eq!(store.read(policy::current).await.map(|revision| revision.number()), Ok(1));
        store.close();
        assert!(matches!(store.read(policy::current).await, Err(StoreError::Unavailable(_))));
    }
}

#[tokio::test]
async fn events_follow_or_tell_of_a_gap() {
    for place in Place::both() {
        let store = place.open();
        for number in 0..4 {
            store.write(move |tx| logged(tx, &format!("s{number}"))).await.unwrap();
        }
        let after = async |number| store.read(move |tx| events::after(tx, number, 10)).await.unwrap();
        let events::EventsAfter::Following(all) = after(1).await else { panic!("a gap") };
        assert_eq!(all.iter().map(|event| event.number).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!((all[0].at, all[0].body.as_str()), (Timestamp::from_ms(5), r#"{"detail":"s1"}"#));
        assert_eq!(after(4).await, events::EventsAfter::Following(Vec::new()));
        assert_eq!(after(9).await, events::EventsAfter::Gap { newest: 4 });
        store.write(|tx| tx.execute("DELETE FROM events WHERE n <= 2", &[])).await.unwrap();
        assert_eq!(after(1).await, events::EventsAfter::Gap { newest: 4 });
        assert!(matches!(after(2).await, events::EventsAfter::Following(found) if found.len() == 2));
    }
}

#[test]
fn databases_that_are_not_ours_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("skydeck.db");
    let refusal = || Store::open(StoreConfig::in_folder(folder.path())).err().unwrap();

    fs::write(&database, "dear diary, this is no database at all, and long enough to be looked at").unwrap();
    assert!(matches!(refusal(), OpenError::NotOurs { .. }));
    fs::remove_file(&database).unwrap();

    let other = Connection::open(&database).unwrap();
    other.execute_batch("CREATE TABLE songs (title TEXT);").unwrap();
    drop(other);
    let before = fs::read(&database).unwrap();
    assert!(matches!(refusal(), OpenError::NotOurs { .. }));
    assert_eq!(fs::read(&database).unwrap(), before);
    assert!(!folder.path().join("audit.key").exists());
    fs::remove_file(&database).unwrap();

    drop(open(folder.path()));
    let newer = Connection::open(&database).unwrap();
    newer.execute("INSERT INTO migrations VALUES (900, 'later', 'x', 1)", ()).unwrap();
    drop(newer);
    assert!(matches!(refusal(), OpenError::NewerSchema { found: 900, .. }));
}

#[test]
fn another_audit_key_is_refused_and_the_right_one_elsewhere_is_taken() {
    for place in Place::both() {
        let folder = &place.folder;
        drop(place.open());
        let key = folder.path().join("audit.key");
        let elsewhere = folder.path().join("kept.key");
        fs::rename(&key, &elsewhere).unwrap();
        let refusal = |config| Store::open(config).err().unwrap();
        assert!(matches!(refusal(place.config()), OpenError::KeyMissing { .. }));
        fs::write(&key, "07".repeat(32)).unwrap();
        assert!(matches!(refusal(place.config()), OpenError::OtherKey { .. }));
        let config = StoreConfig { audit_key_file: Some(elsewhere), ..place.config() };
        assert!(Store::open(config).is_ok());
    }
}

#[tokio::test]
async fn a_blob_is_checked_when_it_is_read_and_swept_when_nobody_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let big = vec![9_u8; 100_000];
    let codes = [b"old".to_vec(), b"named".to_vec(), b"young".to_vec(), big];
    let mut digests = Vec::new();
    for code in &codes {
        let stored = store.blobs().put(code.clone()).await.unwrap();
        assert_eq!(store.blobs().get(stored.sha256()).await.as_ref(), Ok(code));
        digests.push(stored.sha256());
    }
    let file = |digest: &Sha256Digest| {
        let name = digest.to_string();
        folder.path().join("blobs/sha256").join(&name[..2]).join(name)
    };
    let old = SystemTime::now() - Duration::from_hours(25);
    let age = |digest: &Sha256Digest| fs::File::options().write(true).open(file(digest)).unwrap().set_modified(old);
    for digest in &digests {
        age(digest).unwrap();
    }
    let unfinished = file(&digests[1]).with_extension("#1");
    fs::write(&unfinished, b"nam").unwrap();
    fs::File::options().write(true).open(&unfinished).unwrap().set_modified(old).unwrap();
    store.blobs().put(codes[2].clone()).await.unwrap();
    let referenced = HashSet::from([digests[1], digests[3]]);
    let cutoff = clock().plus_ms(-86_400_000);
    assert_eq!(store.blobs().old(cutoff, &referenced).await, Ok(vec![(digests[0], 3)]));
    store.blobs().remove_unfinished(cutoff).await.unwrap();
    assert_eq!(store.blobs().remove_if_old(digests[0], cutoff).await, Ok(true));
    assert_eq!(store.blobs().remove_if_old(digests[2], cutoff).await, Ok(false), "put again since");
    assert_eq!(store.blobs().get(digests[0]).await, Err(StoreError::BlobMissing(digests[0])));
    assert!(store.blobs().get(digests[1]).await.is_ok());
    assert!(!unfinished.exists());

    fs::write(file(&digests[1]), b"Named").unwrap();
    let found = Sha256Digest::of(b"Named");
    assert_eq!(store.blobs().get(digests[1]).await, Err(StoreError::BlobCorrupt { wanted: digests[1], found }));
}

#[tokio::test]
async fn a_backup_opens_with_the_key_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("live"));
    store.write(|tx| logged(tx, "a")).await.unwrap();
    let blob = store.blobs().put(b"code".to_vec()).await.unwrap();
    let to = folder.path().join("copy");
    let report = store.backup(&to).await.unwrap();
    assert_eq!((report.blobs, report.blob_bytes), (1, 4));
    assert!(report.note.contains("NOT in this backup"));
    assert!(store.backup(&to).await.is_err(), "it is not empty any more");

    assert!(matches!(Store::open(StoreConfig::in_folder(&to)), Err(OpenError::KeyMissing { .. })));
    fs::copy(folder.path().join("live/audit.key"), to.join("audit.key")).unwrap();
    let restored = open(&to);
    assert_eq!(restored.blobs().get(blob.sha256()).await, Ok(b"code".to_vec()));
    assert_eq!(restored.read(|tx| audit::verify(tx, None)).await.unwrap().map(|head| head.number), Ok(1));
}

#[tokio::test]
async fn an_early_answer_comes_before_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig { acknowledge: Acknowledge::BeforeCommit, ..StoreConfig::in_folder(folder.path()) };
    let store = Store::open(config).unwrap();
    let (release, first) = while_writer_waits(&store).await;
    let theirs = store.clone();
    let early = tokio::spawn(async move { theirs.write(|tx| settings::set(tx, "a", "b")).await });
    until_waiting(&store, 1).await;
    let (go, blocker) = (Arc::new(Mutex::new(None)), store.clone());
    let (hold, held) = mpsc::channel::<()>();
    *go.lock().unwrap() = Some(held);
    let last = tokio::spawn(async move {
        let work = move |_: &mut Tx| {
            let _ = go.lock().unwrap().take().map(|held| held.recv());
            Ok::<_, StoreError>(())
        };
        blocker.write(work).await
    });
    until_waiting(&store, 2).await;
    drop(release);
    first.await.unwrap().unwrap();
    early.await.unwrap().unwrap();
    let other = Connection::open(folder.path().join("skydeck.db")).unwrap();
    let seen = other.query_row("SELECT count(*) FROM settings WHERE key = 'a'", (), |row| row.get::<_, i64>(0));
    assert_eq!(seen, Ok(0), "the answer is there and the row is not");
    drop(hold);
    last.await.unwrap().unwrap();
}
