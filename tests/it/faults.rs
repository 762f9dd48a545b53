//! Disks that fail, are full or take no changes, and a database that says no, under the hands of maintainers at work:
//! what cannot be kept is refused, nothing acknowledged is lost, and the server recovers by itself.

mod disk;
mod postgres;
mod probe;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use skydeck::store::{Locks, Store, StoreConfig};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::probe::Probe;
use crate::chaos::{Arena, Size, fill, maintainer, verdict};
use crate::node::{Node, NodeConfig};

/// Enough work for several faults, one after the other.
const SIZE: Size = Size { submissions: 150, maintainers: 6, deeds: 0, checked_by_nodes: None, patience: PATIENCE };
/// Decisions after which the first fault comes.
const FIRST: usize = 5;
/// Longer than anything takes that goes on at all.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server with maintainers at work on it.
struct Trial {
    runtime: Runtime,
    node: Option<Node>,
    config: NodeConfig,
    arena: Arc<Arena>,
    ground: fill::Ground,
    at_work: JoinSet<()>,
}

impl Trial {
    /// Starts a server on what is in the folder or the database, and maintainers who work through all of it.
    fn begin(config: NodeConfig, ground: fill::Ground, runtime: Runtime) -> Trial {
        let node = Node::start(&config).expect("the server starts");
        let arena = Arc::new(Arena::of(vec![node.url.clone()]));
        let mut at_work = JoinSet::new();
        for (number, member) in ground.maintainers.iter().enumerate() {
            let review = maintainer::review(
                arena.clone(),
                member.secret.clone(),
                number,
                crate::chaos::Dice::new(number as u64),
            );
            at_work.spawn_on(review, runtime.handle());
        }
        let trial = Trial { runtime, node: Some(node), config, arena, ground, at_work };
        trial.wait_until("the first decisions are made", || trial.arena.decided.load(Ordering::SeqCst) >= FIRST);
        trial
    }

    /// What asks the server from outside.
    fn probe(&self) -> Probe<'_> {
        Probe { runtime: &self.runtime, url: self.arena.url(0), secret: &self.ground.maintainers[0].secret }
    }

    fn node(&self) -> &Node {
        self.node.as_ref().expect("a running server")
    }

    /// `kill -9`, and another server in its place; `between` is done while none runs.
    fn replace_node(&mut self, between: impl FnOnce()) {
        self.node = None;
        between();
        let node = Node::start(&self.config).expect("the server starts again");
        self.arena.move_to(0, &node.url);
        self.node = Some(node);
    }

    #[expect(clippy::unused_self, reason = "read as a sentence where it is called")]
    fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        let began = std::time::Instant::now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets the maintainers finish, opens what is left and compares it with what everybody was told.
    fn end(mut self, open: impl FnOnce(&mut Trial) -> Store) {
        let at_work = std::mem::take(&mut self.at_work);
        let ended = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, at_work.join_all()).await });
        assert!(ended.is_ok(), "the maintainers are not through after {PATIENCE:?}");
        let store = open(&mut self);
        let outcome = self.runtime.block_on(verdict::judge(&store, &self.arena, &self.ground, &[]));
        println!("{} operations, {} of them without an answer", outcome.operations, outcome.unknown);
        let wrong = [outcome.violations, outcome.faults].concat();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        store.close();
    }
}

fn runtime() -> Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn open(folder: &Path, database: Option<&str>) -> Store {
    let postgres = database.map(|url| url.parse().expect("a URL"));
    Store::open(StoreConfig { postgres, locks: Locks::Taken, ..StoreConfig::in_folder(folder) })
        .expect("the store opens")
}

/// Fills a marketplace with submissions that wait.
fn filled(runtime: &Runtime, folder: &Path, database: Option<&str>) -> fill::Ground {
    let store = open(folder, database);
    let ground = runtime.block_on(fill::fill(&store, SIZE));
    store.close();
    ground
}
