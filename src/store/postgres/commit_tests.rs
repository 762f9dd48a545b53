//! A connection that breaks while a transaction is being committed: what was written is acknowledged, what was not is
//! written then, and what cannot be known is said to be so.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::fresh::{self, FreshSchema};
use super::tests::{logged, node, node_at};
use crate::store::{Store, StoreError, Tx, audit, events, settings};

/// What a client sends to commit, as it travels (PostgreSQL, "Message Formats": Query).
const COMMIT: &[u8] = b"COMMIT\0";

/// How long anything may take; reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the way breaks at the next commit.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Break {
    Nowhere,
    /// Before the server hears of the commit.
    Before,
    /// After the server did it, before the client hears of that.
    After,
}

/// A way to the server that breaks where it is told to.
struct Way {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    next: AtomicU8,
    closes_then: AtomicBool,
    is_closed: AtomicBool,
    broken: Mutex<u32>,
}

impl Way {
    fn to(schema: &FreshSchema) -> Way {
        let server = place(schema).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::<Shared>::default());
        let theirs = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if theirs.is_closed.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).unwrap();
                carry(client, server, &theirs);
            }
        });
        Way { address, shared }
    }

    fn url(&self, schema: &FreshSchema) -> String {
        schema.full_url().replacen(place(schema), &self.address.to_string(), 1)
    }

    fn breaks(&self, next: Break) {
        self.shared.next.store(next as u8, Ordering::SeqCst);
    }

    /// As [`breaks`](Way::breaks), and lets nobody through from then on.
    fn breaks_and_closes(&self, next: Break) {
        self.shared.closes_then.store(true, Ordering::SeqCst);
        self.breaks(next);
    }

    fn open_again(&self) {
        self.shared.is_closed.store(false, Ordering::SeqCst);
    }

    fn times_broken(&self) -> u32 {
        *self.shared.broken.lock().unwrap()
    }
}

/// `HOST:PORT` of the server.
fn place(schema: &FreshSchema) -> &str {
    let rest = schema.base().split_once('@').unwrap().1;
    rest.split('/').next().unwrap()
}

/// Carries bytes both ways until one side ends, or the connection is to break.
fn carry(client: TcpStream, server: TcpStream, shared: &Arc<Shared>) {
    let is_swallowing = Arc::new(AtomicBool::new(false));
    let both = |client: &TcpStream, server: &TcpStream| (client.try_clone().unwrap(), server.try_clone().unwrap());
    let end = |client: &TcpStream, server: &TcpStream| {
        // Either may be gone already.
        drop(client.shutdown(Shutdown::Both));
        drop(server.shutdown(Shutdown::Both));
    };
    let (mut from, mut to) = both(&client, &server);
    let (theirs, swallows) = (Arc::clone(shared), Arc::clone(&is_swallowing));
    thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let commits = bytes[..count].windows(COMMIT.len()).any(|window| window == COMMIT);
            let next = if commits { theirs.next.swap(Break::Nowhere as u8, Ordering::SeqCst) } else { 0 };
            if next != Break::Nowhere as u8 {
                let closes = theirs.closes_then.swap(false, Ordering::SeqCst);
                theirs.is_closed.store(closes, Ordering::SeqCst);
                *theirs.broken.lock().unwrap() += 1;
            }
            if next == Break::Before as u8 {
                break;
            }
            swallows.store(next == Break::After as u8, Ordering::SeqCst);
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        end(&from, &to);
    });
    let (mut to, mut from) = both(&client, &server);
    thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if is_swallowing.load(Ordering::SeqCst) || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        end(&to, &from);
    });
}

/// A node by the way, and one that goes straight to the server.
fn nodes(schema: &FreshSchema, way: &Way) -> (Store, Store) {
    (node_at(schema, &way.url(schema)), node(schema))
}

async fn found(node: &Store, key: &'static str) -> Option<String> {
    node.read(move |tx| settings::get(tx, key)).await.unwrap()
}

/// The newest audit row's and the newest event's number, in a chain that holds.
async fn numbers(node: &Store) -> (i64, i64) {
    let head = node.read(|tx| audit::verify(tx, None)).await.unwrap().unwrap();
    (head.number, node.read(events::newest).await.unwrap())
}

#[tokio::test]
async fn what_was_written_is_acknowledged_and_what_was_not_is_written_once() {
    let Some(schema) = fresh::schema() else { return };
    let way = Way::to(&schema);
    let (node, direct) = nodes(&schema, &way);
    for (round, at) in [Break::Before, Break::After, Break::After, Break::Before].into_iter().enumerate() {
        way.breaks(at);
        let detail = ["a", "b", "c", "d"][round];
        node.write(move |tx| logged(tx, detail)).await.unwrap();
        assert_eq!(way.times_broken() as usize, round + 1, "it broke");
        assert_eq!(found(&direct, detail).await.as_deref(), Some("written"));
        let once = i64::try_from(round).unwrap() + 1;
        assert_eq!(numbers(&direct).await, (once, once), "{detail} is in the log once");
    }
    assert_eq!(*node.subscribe_events().borrow(), 4);
}

#[tokio::test]
async fn what_left_nothing_in_the_log_may_be_written_or_not_and_the_answer_says_so() {
    let Some(schema) = fresh::schema() else { return };
    let way = Way::to(&schema);
    let (node, direct) = nodes(&schema, &way);
    for (at, key, expected) in [(Break::Before, "a", None), (Break::After, "b", Some("1"))] {
        way.breaks(at);
        let answer = node.write(move |tx| settings::set(tx, key, "1")).await;
        assert!(matches!(&answer, Err(StoreError::Unsure(_))), "{answer:?}");
        assert_eq!(found(&direct, key).await.as_deref(), expected);
    }
    assert_eq!(node.write(|tx| settings::set(tx, "c", "1")).await, Ok(()));
}

#[tokio::test]
async fn while_the_database_stays_away_nobody_is_told_that_it_failed_or_that_it_is_done() {
    let Some(schema) = fresh::schema() else { return };
    let way = Way::to(&schema);
    let (node, direct) = nodes(&schema, &way);
    way.breaks_and_closes(Break::After);
    let answer = node.write(|tx| logged(tx, "a")).await;
    assert!(matches!(&answer, Err(StoreError::Unsure(_))), "{answer:?}");
    assert_eq!(numbers(&direct).await, (1, 1), "it was written");
    let refused = node.write(|tx| logged(tx, "b")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    way.open_again();
    let recovers = async {
        while let Err(error) = node.write(|tx| logged(tx, "c")).await {
            assert!(matches!(&error, StoreError::Unavailable(_)), "{error}");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, recovers).await.expect("it recovers by itself");
    assert_eq!(numbers(&direct).await, (2, 2), "a and c");
}

#[tokio::test]
async fn a_number_that_another_was_given_meanwhile_is_no_proof() {
    let Some(schema) = fresh::schema() else { return };
    let way = Way::to(&schema);
    let (node, direct) = nodes(&schema, &way);
    way.breaks_and_closes(Break::Before);
    let store = node.clone();
    let writing = tokio::spawn(async move { store.write(|tx: &mut Tx| logged(tx, "first")).await });
    let breaks = async {
        while way.times_broken() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, breaks).await.expect("it breaks");
    direct.write(|tx| logged(tx, "second")).await.unwrap();
    assert_eq!(numbers(&direct).await, (1, 1));
    way.open_again();
    assert_eq!(writing.await.unwrap(), Ok(()));
    assert_eq!(numbers(&direct).await, (2, 2));
    assert_eq!(found(&direct, "first").await.as_deref(), Some("written"));
}
