//! A server in a process of its own: the test binary runs itself, so that a test can take the process away.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use skydeck::server::{RateLimits, ServerConfig, serve};
use skydeck::store::{Locks, Store, StoreConfig};

/// Names the folder to be served, where the test binary runs as the server.
const FOLDER: &str = "SKYDECK_TEST_NODE_FOLDER";
/// Names the database, when not the embedded one.
const DATABASE: &str = "SKYDECK_TEST_NODE_DATABASE";
/// `left-out` has that server's store lock no rows.
const LOCKS: &str = "SKYDECK_TEST_NODE_LOCKS";
/// The path of the test that turns into the server.
const SERVER_TEST: &str = "node::a_node_answers_and_can_be_killed";

/// How a node is started.
#[derive(Clone)]
pub struct NodeConfig {
    pub folder: PathBuf,
    pub database: Option<String>,
    pub locks: Locks,
    /// What the server's process is started by, with its arguments; it is handed the server's command.
    pub starter: Vec<OsString>,
    /// Further variables of its environment.
    pub environment: Vec<(&'static str, OsString)>,
}

/// A running one.
pub struct Node {
    child: Child,
    pub url: String,
}

impl NodeConfig {
    pub fn in_folder(folder: &Path) -> NodeConfig {
        NodeConfig {
            folder: folder.to_owned(),
            database: None,
            locks: Locks::Taken,
            starter: Vec::new(),
            environment: Vec::new(),
        }
    }
}

impl Node {
    /// Starts one; nothing where it ended before it listened.
    pub fn start(config: &NodeConfig) -> Option<Node> {
        let this = std::env::current_exe().expect("the test binary's own path").into_os_string();
        let arguments = [SERVER_TEST, "--exact", "--nocapture", "--test-threads=1"].map(OsString::from);
        let mut words = config.starter.iter().cloned().chain([this]).chain(arguments);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).env(FOLDER, &config.folder).envs(config.environment.iter().cloned());
        if let Some(database) = &config.database {
            command.env(DATABASE, database);
        }
        if config.locks == Locks::LeftOut {
            command.env(LOCKS, "left-out");
        }
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the test binary starts as a server");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
        let mut node = Node { child, url: url.unwrap_or_default() };
        if node.url.is_empty() {
            node.kill();
            return None;
        }
        Some(node)
    }

    /// The process that serves.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // Ended already is as good.
        drop(self.child.kill());
        self.child.wait().expect("the process ends");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Limits that no test comes near.
fn unhurried() -> RateLimits {
    RateLimits { token_per_minute: Some(10_000_000), address_per_minute: Some(10_000_000) }
}

fn serve_until_killed(folder: PathBuf) {
    let database = std::env::var(DATABASE).ok().map(|url| url.parse().expect("a URL"));
    let locks = if std::env::var_os(LOCKS).is_some() { Locks::LeftOut } else { Locks::Taken };
    let config = StoreConfig { postgres: database, locks, ..StoreConfig::in_folder(folder) };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(config).expect("the store opens");
        let config = ServerConfig { rates: unhurried(), heartbeat_ms: 500, ..ServerConfig::default() };
        let server = serve(config, store).await.expect("it listens");
        println!("listening on {}", server.url());
        std::future::pending::<()>().await;
    });
}

#[test]
fn a_node_answers_and_can_be_killed() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return serve_until_killed(PathBuf::from(folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = NodeConfig::in_folder(folder.path());
    let node = Node::start(&config).expect("it starts");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let alive = || {
        let url = format!("{}/healthz", node.url);
        let request = super::harness::raw_client().get(url).timeout(Duration::from_secs(30));
        runtime.block_on(async { request.send().await.map(|answer| answer.status().as_u16()) })
    };
    assert_eq!(alive().expect("an answer"), 200);
    let url = node.url.clone();
    drop(node);
    let gone = runtime.block_on(super::harness::raw_client().get(url).send());
    assert!(gone.is_err(), "nobody answers any more");
}
