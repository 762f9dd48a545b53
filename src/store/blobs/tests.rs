//! A store and the place of its codes: which belong together, and who may remove a code while another puts it.

use std::fs;
use std::path::Path;

use super::super::postgres::fresh::{self, FreshSchema};
use super::super::{OpenError, Store, StoreConfig, StoreError, Tx, clock};
use super::{BlobPlace, guard};
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::{CODE_BYTES_MAX, ORPHAN_BLOB_KEPT_MS};
use crate::domain::time::Timestamp;

/// A node with a data folder of its own.
fn node(folder: &Path, schema: Option<&FreshSchema>, place: Option<BlobPlace>) -> Result<Store, OpenError> {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("audit.key"), "07".repeat(32)).unwrap();
    let postgres = schema.map(FreshSchema::url);
    Store::open(StoreConfig { postgres, blob_place: place, ..StoreConfig::in_folder(folder) })
}

fn refusal(opened: Result<Store, OpenError>) -> String {
    match opened {
        Err(error @ OpenError::Blobs { .. }) => error.to_string(),
        other => panic!("{:?}", other.err()),
    }
}

fn folder(base: &Path, name: &str) -> BlobPlace {
    fs::create_dir_all(base.join(name)).unwrap();
    BlobPlace::folder(base.join(name))
}

#[test]
fn a_node_with_another_folder_is_refused_and_told_what_to_do() {
    let Some(schema) = fresh::schema() else { return };
    let base = tempfile::tempdir().unwrap();
    let shared = || Some(folder(base.path(), "shared"));
    let first = node(&base.path().join("a"), Some(&schema), shared()).unwrap();
    let second = node(&base.path().join("b"), Some(&schema), shared()).unwrap();
    for place in [None, Some(folder(base.path(), "empty"))] {
        let told = refusal(node(&base.path().join("c"), Some(&schema), place));
        assert!(told.contains("other nodes") && told.contains("SKYDECK_BLOBS"), "{told}");
    }
    drop((first, second));

    // Another marketplace's folder.
    let other = folder(base.path(), "other");
    drop(node(&base.path().join("d"), None, Some(other.clone())).unwrap());
    let told = refusal(node(&base.path().join("c"), Some(&schema), Some(other)));
    assert!(told.contains("another marketplace") && told.contains("store-id"), "{told}");
}

#[test]
fn nodes_that_start_at_once_settle_on_one_place() {
    let Some(schema) = fresh::schema() else { return };
    let base = tempfile::tempdir().unwrap();
    let places = ["one", "one", "two"].map(|name| folder(base.path(), name));
    let opened: Vec<Result<Store, OpenError>> = std::thread::scope(|scope| {
        let starting: Vec<_> = places
            .iter()
            .enumerate()
            .map(|(number, place)| {
                let data = base.path().join(format!("n{number}"));
                scope.spawn(|| node(&{ data }, Some(&schema), Some(place.clone())))
            })
            .collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let marked = ["one", "two"].map(|name| base.path().join(name).join("store-id").exists());
    assert!(marked == [true, false] || marked == [false, true], "{marked:?}");
    let fits: Vec<bool> = opened.iter().map(Result::is_ok).collect();
    assert_eq!(fits, if marked[0] { [true, true, false] } else { [false, false, true] });
}

#[tokio::test]
async fn a_folder_from_before_is_marked_and_a_moved_one_is_known_by_its_codes() {
    let base = tempfile::tempdir().unwrap();
    let data = base.path().join("data");
    let store = node(&data, None, None).unwrap();
    let marker = data.join("blobs/store-id");
    let id = fs::read_to_string(&marker).unwrap();
    let code = store.put_blob(b"code".to_vec()).await.unwrap();
    name_code(&store, code.sha256());
    drop(store);

    fs::remove_file(&marker).unwrap();
    drop(node(&data, None, None).unwrap());
    assert_eq!(fs::read_to_string(&marker).unwrap(), id, "the same marketplace, the same id");

    let told = refusal(node(&data, None, Some(folder(base.path(), "empty"))));
    assert!(told.contains("are not in it") && told.contains("copy everything"), "{told}");
    fs::rename(data.join("blobs"), base.path().join("moved")).unwrap();
    let told = refusal(node(&data, None, None));
    assert!(told.contains("are not in it"), "{told}");
    let store = node(&data, None, Some(folder(base.path(), "moved"))).unwrap();
    assert_eq!(store.blobs().get(code.sha256()).await, Ok(b"code".to_vec()));

    fs::write(base.path().join("moved/store-id"), "nonsense").unwrap();
    drop(store);
    let told = refusal(node(&data, None, Some(folder(base.path(), "moved"))));
    assert!(told.contains("store-id is damaged"), "{told}");
}

/// Has a version of an extension be made of a code.
fn name_code(store: &Store, sha256: Sha256Digest) {
    let connection = rusqlite::Connection::open(store.data_dir().join("skydeck.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let columns: Vec<(String, String, bool)> = connection
        .prepare("SELECT name, type, \"notnull\" FROM pragma_table_info('versions')")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let value = |name: &str, kind: &str| match (name, kind) {
        ("sha256", _) => format!("'{sha256}'"),
        (_, "INTEGER") => "1".to_owned(),
        _ => "'x'".to_owned(),
    };
    let needed = columns.iter().filter(|(.., needed)| *needed);
    let (names, values): (Vec<_>, Vec<_>) = needed.map(|(name, kind, _)| (name.as_str(), value(name, kind))).unzip();
    connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
    let sql = format!("INSERT INTO versions ({}) VALUES ({})", names.join(", "), values.join(", "));
    connection.execute(&sql, ()).unwrap();
}

#[tokio::test]
async fn a_place_that_went_away_is_told_and_taken_again_when_it_is_back() {
    let base = tempfile::tempdir().unwrap();
    let (data, shared) = (base.path().join("data"), base.path().join("shared"));
    let missing = refusal(node(&data, None, Some(BlobPlace::folder(&shared))));
    assert!(missing.contains("mount it"), "{missing}");
    let store = node(&data, None, Some(folder(base.path(), "shared"))).unwrap();
    assert_eq!(store.blobs().probe().await, Ok(()));
    let code = store.put_blob(b"code".to_vec()).await.unwrap();

    // The mount is gone, and what is below it shows.
    fs::rename(&shared, base.path().join("away")).unwrap();
    fs::create_dir(&shared).unwrap();
    assert_eq!(store.blobs().get(code.sha256()).await, Err(StoreError::BlobMissing(code.sha256())));
    let told = until(&store, Result::is_err).await.unwrap_err().to_string();
    assert!(told.contains("not the place that the codes are in") && told.contains("mount"), "{told}");
    fs::remove_dir_all(&shared).unwrap();
    fs::rename(base.path().join("away"), &shared).unwrap();
    until(&store, Result::is_ok).await.unwrap();
    assert_eq!(store.blobs().get(code.sha256()).await, Ok(b"code".to_vec()));
}

/// Asks until the answer is as wanted.
async fn until(store: &Store, wanted: impl Fn(&Result<(), StoreError>) -> bool) -> Result<(), StoreError> {
    let asked = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            let told = store.blobs().probe().await;
            if wanted(&told) {
                return told;
            }
        }
    });
    asked.await.expect("the answer changes")
}

#[tokio::test]
async fn a_put_waits_for_the_node_that_removes_the_same_code_and_no_other() {
    let Some(schema) = fresh::schema() else { return };
    let base = tempfile::tempdir().unwrap();
    let shared = || Some(folder(base.path(), "shared"));
    let putting = node(&base.path().join("a"), Some(&schema), shared()).unwrap();
    let sweeping = node(&base.path().join("b"), Some(&schema), shared()).unwrap();
    let later = clock().plus_ms(ORPHAN_BLOB_KEPT_MS + 1_000);
    let code = sweeping.blobs().put(b"orphan".to_vec()).await.unwrap().sha256();

    let begin = move |tx: &mut Tx| guard::begin_removal(tx, code, clock());
    assert_eq!(sweeping.write(begin).await, Ok(true));
    putting.put_blob(b"another".to_vec()).await.unwrap();
    let theirs = putting.clone();
    let put = tokio::spawn(async move { theirs.put_blob(b"orphan".to_vec()).await });
    assert_eq!(sweeping.blobs().remove_if_old(code, cutoff(later)).await, Ok(true));
    assert!(!put.is_finished(), "the removal has not ended");
    sweeping.write(move |tx| guard::end_removal(tx, code)).await.unwrap();
    put.await.unwrap().unwrap();
    assert_eq!(sweeping.blobs().get(code).await, Ok(b"orphan".to_vec()));
    assert_eq!(sweeping.write(begin).await, Ok(false), "it was just put");
    // A day later both are old, named by nothing, and nobody is at them.
    assert_eq!(sweeping.sweep_blobs(later).await.map(|swept| swept.blobs), Ok(2));
}

fn cutoff(now: Timestamp) -> Timestamp {
    now.plus_ms(-ORPHAN_BLOB_KEPT_MS)
}

#[tokio::test]
async fn an_object_larger_than_any_code_is_not_read() {
    let base = tempfile::tempdir().unwrap();
    let store = node(base.path(), None, None).unwrap();
    for (bytes, fits) in [(CODE_BYTES_MAX, true), (CODE_BYTES_MAX + 1, false)] {
        let code = vec![7; bytes];
        let sha256 = store.blobs().put(code.clone()).await.unwrap().sha256();
        match store.blobs().get(sha256).await {
            Ok(found) => assert!(fits && found == code),
            Err(error) => assert!(!fits && matches!(error, StoreError::Corrupt(_)), "{error}"),
        }
    }
    let listed = store.blobs().list().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(store.blobs().exists(listed[0].sha256).await.unwrap());
    assert!(!store.blobs().exists(Sha256Digest::of(b"nothing")).await.unwrap());
}
