//! Three nodes on one PostgreSQL, whose processes are killed at random while many maintainers review: every submission
//! is reviewed once, nothing acknowledged is lost, and what everybody was told can have happened in some order.
//!
//! `SKYDECK_TEST_CHAOS` says how many submissions (60 where it is not set), `SKYDECK_TEST_SEED` repeats a run's dice.

mod dice;
mod disturb;
pub mod fill;
pub mod maintainer;
mod reader;
pub mod verdict;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use skydeck::store::{Locks, Store, StoreConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::dice::Dice;
use self::disturb::Deeds;
use self::reader::Heard;
use super::cluster::Cluster;
use super::history::Operation;
use super::node::{Node, NodeConfig};

/// How many submissions.
const SUBMISSIONS: &str = "SKYDECK_TEST_CHAOS";
/// Where the dice start.
const SEED: &str = "SKYDECK_TEST_SEED";
/// Nodes that share the database.
const NODES: usize = 3;
/// Readers of live events.
const READERS: usize = 4;
/// Longer than any run takes that goes on at all.
const RUN_MAX: Duration = Duration::from_mins(5);

/// How much happens.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub submissions: usize,
    pub maintainers: usize,
    /// Times that something is killed.
    pub deeds: usize,
    /// Submissions, one of so many, whose checks are left to the nodes; a job of a killed node has to lapse first.
    pub checked_by_nodes: Option<usize>,
    /// How long the maintainers may take.
    pub patience: Duration,
}

/// What all who take part share.
pub struct Arena {
    urls: Mutex<Vec<String>>,
    /// Numbers every request and every answer.
    moments: AtomicU64,
    histories: Mutex<BTreeMap<String, Vec<Operation>>>,
    faults: Mutex<Vec<String>>,
    /// Decisions that were acknowledged.
    pub decided: AtomicUsize,
    is_over: AtomicBool,
}

/// What came of a run.
pub struct Outcome {
    /// Submissions whose history no order explains.
    pub violations: Vec<String>,
    /// Submissions of which two people were told that they have it, by the same step of its revision.
    pub claimed_twice: usize,
    /// Everything else that is not as it has to be.
    pub faults: Vec<String>,
    pub operations: usize,
    /// Those that nobody got an answer to.
    pub unknown: usize,
}

impl Size {
    fn of(submissions: usize) -> Size {
        let is_full = submissions >= 500;
        Size {
            submissions,
            maintainers: if is_full { 64 } else { 8 },
            deeds: if is_full { 30 } else { 5 },
            checked_by_nodes: is_full.then_some(50),
            patience: RUN_MAX,
        }
    }
}

impl Arena {
    /// Nobody has asked anything yet, of the servers at these addresses.
    pub fn of(urls: Vec<String>) -> Arena {
        Arena {
            urls: Mutex::new(urls),
            moments: AtomicU64::new(0),
            histories: Mutex::default(),
            faults: Mutex::default(),
            decided: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// The address of one of the servers; the numbers begin again after the last.
    pub fn url(&self, node: usize) -> String {
        let urls = self.urls.lock().expect("unpoisoned");
        urls[node % urls.len()].clone()
    }

    /// One of the servers has another address now.
    pub fn move_to(&self, node: usize, url: &str) {
        url.clone_into(&mut self.urls.lock().expect("unpoisoned")[node]);
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    fn note(&self, review: &str, operation: Operation) {
        self.histories.lock().expect("unpoisoned").entry(review.to_owned()).or_default().push(operation);
    }

    fn fault(&self, text: String) {
        self.faults.lock().expect("unpoisoned").push(text);
    }
}

#[test]
fn every_submission_is_reviewed_once_while_nodes_and_backends_are_killed() {
    let Some(cluster) = Cluster::start() else { return };
    let submissions = std::env::var(SUBMISSIONS).ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = std::env::var(SEED)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| getrandom::u64().expect("random bytes"));
    let outcome = run(&cluster, "chaos", Size::of(submissions), seed, Locks::Taken);
    let wrong = [outcome.violations, outcome.faults].concat();
    assert!(wrong.is_empty(), "{SEED}={seed} repeats the dice of this run:\n{}", wrong.join("\n"));
}

#[test]
fn the_same_check_finds_reviews_that_are_claimed_twice_where_rows_are_not_locked() {
    let Some(cluster) = Cluster::start() else { return };
    // Reviews that two people have can stay undone for good, and what was told until then is enough.
    let size = Size { deeds: 1, patience: Duration::from_secs(5), ..Size::of(40) };
    let found = (1..=10).any(|seed| {
        let outcome = run(&cluster, &format!("unlocked{seed}"), size, seed, Locks::LeftOut);
        println!("{} claimed twice, {} without an explanation", outcome.claimed_twice, outcome.violations.len());
        assert!(outcome.violations.len() >= outcome.claimed_twice, "a claim that was given twice went unnoticed");
        outcome.claimed_twice > 0
    });
    assert!(found, "ten runs of a store that locks no rows gave nothing to two people");
}

/// One marketplace from its first row to its verdict, in a schema of its own.
fn run(cluster: &Cluster, schema: &str, size: Size, seed: u64, locks: Locks) -> Outcome {
    println!("{size:?}, {SEED}={seed}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    cluster.run(&format!("CREATE SCHEMA {schema}"));
    let database = format!("{}?options=-csearch_path%3D{schema}", cluster.url());
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let config = NodeConfig { database: Some(database), locks, ..NodeConfig::in_folder(folder.path()) };
    let postgres = config.database.as_deref().map(|url| url.parse().expect("a URL"));
    let store =
        Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(folder.path()) }).expect("the store opens");
    let began = Instant::now();
    let ground = runtime.block_on(fill::fill(&store, size));
    println!("filled after {:.1} s", began.elapsed().as_secs_f32());
    let mut nodes: Vec<Node> = (0..NODES).map(|_| Node::start(&config).expect("a node starts")).collect();
    let arena = Arc::new(Arena::of(nodes.iter().map(|node| node.url.clone()).collect()));
    let (heard, deeds) = std::thread::scope(|scope| {
        let disturbing = {
            let (arena, nodes, config) = (&arena, &mut nodes, &config);
            scope.spawn(move || disturb::disturb(cluster, nodes, config, arena, size, Dice::new(seed)))
        };
        let heard = runtime.block_on(take_part(&arena, &store, &ground, size, seed));
        arena.is_over.store(true, Ordering::SeqCst);
        (heard, disturbing.join().expect("the disturbance goes through"))
    });
    drop(nodes);
    println!("reviewed after {:.1} s", began.elapsed().as_secs_f32());
    let outcome = runtime.block_on(verdict::judge(&store, &arena, &ground, &heard));
    store.close();
    println!("judged after {:.1} s", began.elapsed().as_secs_f32());
    tell(size, &deeds, &outcome);
    outcome
}

/// Lets maintainers review until nothing is open, and readers hear of all of it.
async fn take_part(arena: &Arc<Arena>, store: &Store, ground: &fill::Ground, size: Size, seed: u64) -> Vec<Heard> {
    let (last, _) = watch::channel(None);
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let secret = ground.maintainers[number % size.maintainers].secret.clone();
        let dice = Dice::new(seed ^ (0xbeef + number as u64));
        readers.spawn(reader::hear(arena.clone(), secret, ground.newest_event, number, last.subscribe(), dice));
    }
    let mut maintainers = JoinSet::new();
    for (number, member) in ground.maintainers.iter().enumerate() {
        let dice = Dice::new(seed.wrapping_add(1 + number as u64));
        maintainers.spawn(maintainer::review(arena.clone(), member.secret.clone(), number, dice));
    }
    let ended = tokio::time::timeout(size.patience, maintainers.join_all()).await;
    if ended.is_err() {
        arena.fault(format!("the maintainers are not through after {:?}; {SEED}={seed}", size.patience));
        return Vec::new();
    }
    // Nothing changes any more: whoever has heard of what is newest now has heard of everything.
    last.send_replace(Some(verdict::newest_event(store).await));
    let heard = tokio::time::timeout(RUN_MAX, readers.join_all()).await;
    heard.unwrap_or_else(|_| panic!("the readers are not through after {RUN_MAX:?}; {SEED}={seed}"))
}

fn tell(size: Size, deeds: &Deeds, outcome: &Outcome) {
    println!(
        "{} submissions, {} maintainers; killed: {} nodes, {} backends, {} connections; {} operations, {} of them \
         without an answer; {} histories without an explanation, {} faults",
        size.submissions,
        size.maintainers,
        deeds.nodes,
        deeds.backends,
        deeds.connections,
        outcome.operations,
        outcome.unknown,
        outcome.violations.len(),
        outcome.faults.len()
    );
}
