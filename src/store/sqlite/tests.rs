//! The write-ahead log stays short, and connections are given up and made again without anyone noticing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::inbox::Inbox;
use super::super::{Store, StoreConfig, settings};
use super::{LOG_PAGES_LEAST, LOG_PAGES_MOST, log_pages_max};

/// Bytes of a page, as SQLite has it where nobody says otherwise.
const PAGE_BYTES: u64 = 4_096;

#[tokio::test]
async fn the_log_starts_again_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::in_folder(folder.path())).unwrap();
    let mut written = 0;
    let bound = 2 * LOG_PAGES_LEAST.unsigned_abs() * PAGE_BYTES;
    for number in 0..600 {
        let value = "x".repeat(10 * 4_096);
        written += value.len() as u64;
        store.write(move |tx| settings::set(tx, &format!("key{number}"), &value)).await.unwrap();
        let log = store.stats().wal_bytes;
        assert!(log < bound, "{log} bytes of log after {written}");
    }
    assert!(written > bound);
    store.close();
    assert_eq!(store.stats().wal_bytes, 0);
}

#[test]
fn a_recess_finds_no_connection_open_and_ends() {
    let (inbox, open, rounds) = (Arc::new(Inbox::new()), Arc::new(AtomicUsize::new(0)), 50);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (inbox, open) = (inbox.clone(), open.clone());
            thread::spawn(move || {
                open.fetch_add(1, Ordering::SeqCst);
                let mut recesses = 0;
                while inbox.take(1).is_some() {
                    open.fetch_sub(1, Ordering::SeqCst);
                    recesses += 1;
                    inbox.sit_out();
                    open.fetch_add(1, Ordering::SeqCst);
                }
                recesses
            })
        })
        .collect();
    for _ in 0..rounds {
        assert_eq!(inbox.hold_recess(threads.len(), || open.load(Ordering::SeqCst)), 0);
    }
    inbox.close();
    for thread in threads {
        assert!(thread.join().unwrap() > 0);
    }
}

#[test]
fn the_log_may_grow_with_the_file_within_bounds() {
    for (file, most) in [
        (0, LOG_PAGES_LEAST),
        (2 * LOG_PAGES_LEAST - 2, LOG_PAGES_LEAST),
        (2 * LOG_PAGES_LEAST + 2, LOG_PAGES_LEAST + 1),
        (2 * LOG_PAGES_MOST - 2, LOG_PAGES_MOST - 1),
        (2 * LOG_PAGES_MOST + 2, LOG_PAGES_MOST),
        (i64::MAX, LOG_PAGES_MOST),
    ] {
        assert_eq!(log_pages_max(file), most, "of {file}");
    }
}
