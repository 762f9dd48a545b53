//! `kill -9` of a server under load, again and again: nothing that was acknowledged may be missing afterwards.
//!
//! The test binary runs itself as the server. With a store that answers before it commits, which no flag of the product
//! can ask for, the same check finds losses.

mod installing;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use skydeck::api::reviews::{Approve, Reject};
use skydeck::client::{Client, PageQuery};
use skydeck::domain::account::Role;
use skydeck::domain::time::Timestamp;
use skydeck::market::{self, Act, By, CreateAccount, CreateToken};
use skydeck::server::{ServerConfig, serve};
use skydeck::store::{Acknowledge, Store, StoreConfig};

use crate::schema::is_left_out;

/// Names the folder that the test binary is to serve, where it runs as the server.
const SERVE: &str = "SKYDECK_TEST_SERVE";
/// `early` has that server's store answer before it commits.
const ACKNOWLEDGE: &str = "SKYDECK_TEST_ACKNOWLEDGE";
/// How often the server is killed; 20 where it is not set.
const KILLS: &str = "SKYDECK_TEST_KILLS";
/// The path of the test that turns into the server.
const SERVER_TEST: &str = "kill::a_killed_server_leaves_no_lock_behind";

/// Everything the server said yes to.
#[derive(Default)]
struct Acknowledged {
    imports: Vec<String>,
    notes: Vec<(String, String)>,
    decisions: BTreeMap<String, &'static str>,
}

type Record = Arc<Mutex<Acknowledged>>;

struct People {
    author: String,
    reviewers: [String; 3],
}

struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(folder: &Path, acknowledge: &str) -> Served {
        let this = std::env::current_exe().expect("the test binary's own path");
        let mut child = Command::new(this)
            .args([SERVER_TEST, "--exact", "--nocapture", "--test-threads=1"])
            .env(SERVE, folder)
            .env(ACKNOWLEDGE, acknowledge)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the test binary starts as a server");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()))
            .expect("the server says where it listens");
        Served { child, url }
    }

    fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("the process ends");
    }

    fn client(&self, token: &str) -> Client {
        Client::new(self.url.parse().expect("a URL"), Some(token.parse().expect("a token"))).expect("a client")
    }
}

#[test]
fn a_killed_server_leaves_no_lock_behind() {
    if let Some(folder) = std::env::var_os(SERVE) {
        return serve_until_killed(PathBuf::from(folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let first = Served::start(folder.path(), "late");
    assert!(Store::open(StoreConfig::in_folder(folder.path())).is_err(), "the folder is locked while it is served");
    first.kill();
    let second = Served::start(folder.path(), "late");
    second.kill();
}

fn serve_until_killed(folder: PathBuf) {
    let early = std::env::var(ACKNOWLEDGE).is_ok_and(|value| value == "early");
    let acknowledge = if early { Acknowledge::BeforeCommit } else { Acknowledge::AfterCommit };
    let config = StoreConfig { acknowledge, ..StoreConfig::in_folder(folder) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(config).expect("the store opens");
        let server = serve(ServerConfig::default(), store).await.expect("it listens");
        println!("listening on {}", server.url());
        std::future::pending::<()>().await;
    });
}

#[test]
fn no_acknowledged_decision_is_lost_when_the_server_is_killed() {
    if is_left_out("the servers that are killed have an embedded database") {
        return;
    }
    let kills = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let losses = losses_of(kills, "late");
    assert!(losses.is_empty(), "after {kills} kills:\n{}", losses.join("\n"));
}

#[test]
fn the_same_check_finds_what_an_early_answer_loses() {
    if is_left_out("the servers that are killed have an embedded database") {
        return;
    }
    let losses = (0..5).map(|_| losses_of(10, "early")).find(|losses| !losses.is_empty());
    assert!(losses.is_some(), "50 kills of a server that answers before it commits lost nothing");
}

/// Kills a server under load so many times; gives a line for everything acknowledged that is missing in the end.
fn losses_of(kills: u32, acknowledge: &str) -> Vec<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let people = runtime.block_on(people(folder.path()));
    let record = Record::default();
    for round in 0..kills {
        let served = Served::start(folder.path(), acknowledge);
        // Moments spread over the work of a round: 40 ms to 220 ms in steps that do not repeat soon.
        let moment = Duration::from_millis(40 + u64::from(round * 37 % 181));
        runtime.block_on(load(&served, &people, &record, round, moment));
        served.kill();
    }
    let served = Served::start(folder.path(), "late");
    let losses = runtime.block_on(missing(&served, &people, &record));
    served.kill();
    let acknowledged = record.lock().expect("no panic in the load");
    let (imports, notes, decisions) =
        (acknowledged.imports.len(), acknowledged.notes.len(), acknowledged.decisions.len());
    println!(
        "{kills} kills: {imports} imports, {notes} notes, {decisions} decisions acknowledged; {} lost",
        losses.len()
    );
    assert!(imports >= kills as usize, "too little load: {imports} imports");
    losses
}

async fn people(folder: &Path) -> People {
    let store = Store::open(StoreConfig::in_folder(folder)).expect("the store opens");
    let mut tokens = Vec::new();
    for (place, (name, role)) in
        [("ada", Role::User), ("mo", Role::Maintainer), ("mi", Role::Maintainer), ("mu", Role::Maintainer)]
            .into_iter()
            .enumerate()
    {
        let secret = format!("sky_{}", format!("{name}{place}").repeat(20).get(..43).unwrap_or_default());
        let kept = secret.clone();
        let place = u8::try_from(place).expect("a few people");
        let seed = move |salt: u8| [place * 2 + salt + 1; 32];
        let act =
            move |salt| Act { by: By::LocalOperator, now: Timestamp::from_ms(1_790_000_000_000), seed: seed(salt) };
        let account = CreateAccount { name: name.parse().expect("a name"), role, verified: true };
        store
            .write(move |tx| {
                let account = market::create_account(tx, &act(0), &account)?;
                let token = CreateToken { name: "test".to_owned(), rights: None, expires_at: None };
                market::create_token_for(tx, &act(1), account.id, &token, &kept).map(drop)
            })
            .await
            .expect("an account and its token");
        tokens.push(secret);
    }
    store.close();
    let reviewers = [tokens[1].clone(), tokens[2].clone(), tokens[3].clone()];
    People { author: tokens[0].clone(), reviewers }
}

/// Authors submit and reviewers note and decide, until the moment comes.
async fn load(served: &Served, people: &People, record: &Record, round: u32, moment: Duration) {
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..3 {
        tasks.spawn(author(served.client(&people.author), record.clone(), round, lane));
    }
    for token in &people.reviewers {
        tasks.spawn(reviewer(served.client(token), record.clone()));
    }
    let before = acknowledged(record);
    tokio::time::sleep(moment).await;
    // A slow machine gets the time it needs: a round in which nothing was acknowledged would show nothing.
    let started = std::time::Instant::now();
    while acknowledged(record) == before && started.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The tasks are dropped as they stand, like sessions whose link breaks with the server.
    tasks.shutdown().await;
}

fn acknowledged(record: &Record) -> usize {
    let record = record.lock().expect("unpoisoned");
    record.imports.len() + record.notes.len() + record.decisions.len()
}

async fn author(client: Client, record: Record, round: u32, lane: u32) {
    for count in 0.. {
        let slug = format!("ext-{round}-{lane}-{count}");
        let Ok(imported) = client.import(package(&slug), Some(&slug)).await else { return };
        record.lock().expect("unpoisoned").imports.push(slug.clone());
        let number = imported.version.number;
        if client.submit(&slug, &number, skydeck::client::Seen::Nothing).await.is_err() {
            return;
        }
    }
}

async fn reviewer(client: Client, record: Record) {
    for count in 0_u32.. {
        let Ok(claimed) = client.claim_next(None).await else { return };
        let Some(item) = claimed else {
            tokio::time::sleep(Duration::from_millis(3)).await;
            continue;
        };
        let text = format!("note {count}");
        let Ok(_) = client.note(&item.id, &text).await else { return };
        record.lock().expect("unpoisoned").notes.push((item.id.clone(), text));
        let Ok(review) = client.review(&item.id).await else { return };
        let revision = review.value.revision;
        let (decided, outcome) = if count % 2 == 0 {
            let approve = Approve { sha256: item.sha256.clone(), note: None };
            (client.approve(&item.id, revision, &approve).await, "published")
        } else {
            let reject = Reject { reason: "other".to_owned(), feedback: "no".to_owned() };
            (client.reject(&item.id, revision, &reject).await, "rejected")
        };
        let Ok(decided) = decided else { return };
        if decided.stage == outcome {
            record.lock().expect("unpoisoned").decisions.insert(item.id.clone(), outcome);
        }
    }
}

async fn missing(served: &Served, people: &People, record: &Record) -> Vec<String> {
    let author = served.client(&people.author);
    let reviewer = served.client(&people.reviewers[0]);
    let (imports, notes, decisions) = {
        let record = record.lock().expect("unpoisoned");
        (record.imports.clone(), record.notes.clone(), record.decisions.clone())
    };
    let mut losses = Vec::new();
    for slug in imports {
        if author.extension(&slug).await.is_err() {
            losses.push(format!("the import of {slug} is gone"));
        }
    }
    let mut noted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (review, text) in notes {
        noted.entry(review).or_default().push(text);
    }
    for (id, texts) in noted {
        let found = reviewer.review(&id).await.map(|review| review.value);
        let there =
            |text: &String| found.as_ref().is_ok_and(|review| review.notes.iter().any(|note| note.text == *text));
        losses.extend(texts.iter().filter(|text| !there(text)).map(|text| format!("{text:?} on {id} is gone")));
        if let (Some(outcome), Ok(review)) = (decisions.get(&id), &found)
            && review.outcome.as_deref() != Some(outcome)
        {
            losses.push(format!("{id} was {outcome} and is {:?}", review.outcome));
        }
    }
    let verdict = reviewer.verify_audit(None).await.expect("the audit log can be read");
    if !verdict.intact {
        losses.push(format!("the audit chain is broken: {:?}", verdict.fault));
    }
    if !checks_end(&reviewer).await {
        losses.push("a submission waits for its checks for ever".to_owned());
    }
    losses
}

/// Whether every submission leaves `checking`: the jobs survived.
async fn checks_end(client: &Client) -> bool {
    for _ in 0..600 {
        let page =
            client.queue(&PageQuery::filtered("stage:checking").limited(1)).await.expect("the queue can be read");
        if page.items.is_empty() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

fn package(slug: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text = format!(
        "(module (memory (export \"memory\") 1) (func (export \"on_command\") (result i32) (i32.const 0)) (@custom \"of\" \"{slug}\"))"
    );
    let code = wat::parse_str(text).expect("a module");
    let document = json!({
        "package_version": "1.0",
        "exported_at": "2026-01-01T00:00:00.000Z",
        "extension": {
            "name": format!("Extension {slug}"),
            "description": "",
            "version": {"number": "1.0.0", "type": "command", "key": "go", "scopes": []},
            "code": base64::engine::general_purpose::STANDARD.encode(code),
        },
        "source": {},
    });
    document.to_string().into_bytes()
}
