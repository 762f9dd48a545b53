//! Several servers on one PostgreSQL: what one of them was told, all of them know.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use skydeck::api::accounts::NewAccount;
use skydeck::api::events::LiveEvent;
use skydeck::api::reviews::Approve;
use skydeck::client::{EventStream, EventsQuery, PageQuery, Seen};
use skydeck::domain::limits::{NODE_CLOCK_OFF_MAX_MS, NODE_SILENCE_MAX_MS};
use skydeck::domain::time::Timestamp;
use skydeck::server::clock::Clock;
use skydeck::server::{RateLimits, ServerConfig, serve};
use skydeck::store::{Store, StoreConfig, jobs};

use crate::harness::{Package, Person, Server, answer, raw_client};
use crate::node::{Node, NodeConfig};
use crate::schema::Schema;

/// How long anything may take that has to happen by itself; reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two servers on one database.
async fn two() -> Option<(Server, Server)> {
    let first = Server::start_in(Some(Schema::make()?), |_| {}).await;
    let second = first.another(|_| {}).await;
    Some((first, second))
}

/// Asks again until it is so.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn real_now() -> Timestamp {
    Clock::System.now()
}

#[tokio::test]
async fn one_key_sent_to_two_nodes_at_once_is_carried_out_once() {
    let Some((first, second)) = two().await else { return };
    let ada = first.account("ada").await;
    let also_ada = ada.at(&second).await;
    for round in 0..5 {
        let send = |person: &Person| {
            let request =
                person.request(Method::POST, "/extensions").header("Idempotency-Key", format!("once {round}"));
            answer(request.json(&json!({"name": format!("Greeter {round}")})))
        };
        let (here, there) = tokio::join!(send(&ada), send(&also_ada));
        assert_eq!((here.status, there.status), (201, 201), "{} {}", here.text, there.text);
        assert_eq!(here.text, there.text, "both were told of the same extension");
        let replayed = [&here, &there].map(|one| one.header("idempotency-replayed") == "true");
        assert!(replayed[0] != replayed[1], "one carried it out, the other was told of it: {replayed:?}");
    }
    let made = ada.get("/extensions").await.json()["items"].as_array().unwrap().len();
    assert_eq!(made, 5);
}

#[tokio::test]
async fn what_is_claimed_on_one_node_is_held_and_lapses_on_the_other() {
    let Some((first, second)) = two().await else { return };
    let (ada, mo, zoe) = (first.account("ada").await, first.maintainer("mo").await, first.maintainer("zoe").await);
    let (mo_there, zoe_there) = (mo.at(&second).await, zoe.at(&second).await);
    let review = first.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let seen = mo_there.client.review(&review.id).await.unwrap().value;
    assert_eq!((seen.item.stage.as_str(), seen.item.claimed_by.as_deref()), ("review", Some("mo")));
    let held = zoe_there.client.claim(&review.id, Seen::Nothing).await.unwrap_err();
    assert_eq!((held.status(), held.code()), (Some(409), "claimed_by_other"), "{held}");
    assert_eq!(zoe_there.client.claim_next(None).await.unwrap(), None);

    // A revision that another node made stale is stale everywhere.
    zoe_there.client.note(&review.id, "look at the loop").await.unwrap();
    let approve = Approve { sha256: seen.version.sha256.clone(), note: None };
    let stale = mo.client.approve(&review.id, seen.revision, &approve).await.unwrap_err();
    assert_eq!((stale.status(), stale.code()), (Some(412), "stale"), "{stale}");

    let lease_until: Timestamp = seen.item.lease_until.unwrap().parse().unwrap();
    first.clock.advance_ms(lease_until.since_ms(first.clock.now()) - 1);
    assert_eq!(zoe_there.client.claim_next(None).await.unwrap(), None, "held to the last millisecond");
    first.clock.advance_ms(1);
    let claimed = zoe_there.client.claim_next(None).await.unwrap().expect("the claim lapsed");
    assert_eq!(claimed.id, review.id);
    let lost = mo.client.renew(&review.id).await.unwrap_err();
    assert_eq!(lost.status(), Some(409), "{lost}");
    assert_eq!(zoe.approve(&review.id).await.unwrap().stage, "published");
    assert!(mo_there.client.verify_audit(None).await.unwrap().intact);
}

/// Makes an account, which is one event.
async fn made(administrator: &Person, name: &str) {
    let account = NewAccount { name: name.into(), role: None, verified: false };
    administrator.client.create_account(&account).await.unwrap();
}

async fn next(stream: &mut EventStream) -> LiveEvent {
    let heard = tokio::time::timeout(PATIENCE, stream.next()).await.expect("an event comes");
    heard.expect("the stream goes on").unwrap()
}

#[tokio::test]
async fn an_event_stream_that_moves_to_another_node_misses_nothing_and_repeats_nothing() {
    let Some((first, second)) = two().await else { return };
    let (boss, boss_there) = (first.administrator(), second.administrator());
    let mut stream = boss.client.events(&EventsQuery::default()).await.unwrap();
    let mut numbers = Vec::new();
    for round in 0..4 {
        // One on each node while the stream is open, one on each while it is moving.
        made(boss, &format!("here-{round}")).await;
        made(boss_there, &format!("there-{round}")).await;
        for name in ["here", "there"] {
            let event = next(&mut stream).await;
            assert_eq!(event.body["name"], format!("{name}-{round}"), "{event:?}");
            numbers.push(event.number);
        }
        let after = stream.last_id();
        drop(stream);
        made(boss_there, &format!("away-{round}")).await;
        let elsewhere = if round % 2 == 0 { boss_there } else { boss };
        stream = elsewhere.client.events(&EventsQuery { after, ..EventsQuery::default() }).await.unwrap();
        let event = next(&mut stream).await;
        assert_eq!(event.body["name"], format!("away-{round}"), "{event:?}");
        numbers.push(event.number);
    }
    let gapless: Vec<i64> = (numbers[0]..).take(numbers.len()).collect();
    assert_eq!(numbers, gapless);
}

#[tokio::test]
async fn a_job_that_a_killed_node_had_in_hand_is_done_by_another() {
    let Some(schema) = Schema::make() else { return };
    let database = schema.url();
    let mut first = Server::start_in(Some(schema), |_| {}).await;
    let ada = first.account("ada").await;
    first.stop().await;

    let node = NodeConfig { database: Some(database), ..NodeConfig::in_folder(first.folder()) };
    let node = tokio::task::spawn_blocking(move || Node::start(&node)).await.unwrap().expect("a node starts");
    let there = ada.at_url(&node.url).await;
    let endless = Package::endless("Endless").with("/extension/version/timeout", 2_000.into());
    let made = there.client.import(endless.bytes(), None).await.unwrap();
    let submitted = there.submit(&made.extension.slug, &made.version.number).await;
    let running = || async { first.store.read(jobs::counts).await.unwrap().running == 1 };
    until("the node has the job in hand", running).await;
    drop(node);
    assert!(running().await, "the job was cut off");

    // The lease ends by the clock of whoever looks.
    first.clock.advance_ms(real_now().plus_ms(60_000).since_ms(first.clock.now()));
    let second = first.another(|_| {}).await;
    let review = second.checked(&submitted.review_id).await;
    assert_eq!(review.outcome.as_deref(), Some("rejected"), "{review:?}");
    let rows = second.administrator().get("/audit?action=review.checks").await.json();
    assert_eq!(rows["items"].as_array().unwrap().len(), 1, "{rows}");
    let left = second.store.read(jobs::counts).await.unwrap();
    assert_eq!(left, jobs::JobCounts::default());
}

/// The limit that an answer's headers tell of.
async fn limit(person: &Person) -> String {
    person.get("/me").await.header("ratelimit-policy").to_owned()
}

#[tokio::test]
async fn nodes_know_of_each_other_and_share_the_limits() {
    let Some(schema) = Schema::make() else { return };
    let quick = |config: &mut ServerConfig| {
        config.node_beat_ms = 50;
        config.rates = RateLimits { token_per_minute: Some(6_000), address_per_minute: Some(600) };
    };
    let first = Server::start_in(Some(schema), quick).await;
    let boss = first.administrator();
    assert!(limit(boss).await.contains("q=6000;"));
    let mut second = first.another(quick).await;
    until("two share the limits", || async { limit(boss).await.contains("q=3000;") }).await;
    assert!(limit(second.administrator()).await.contains("q=3000;"));
    let listed = second.administrator().client.nodes().await.unwrap().items;
    let mut addresses: Vec<(String, bool)> = listed.iter().map(|node| (node.address.clone(), node.answers)).collect();
    addresses.sort();
    let mut expected = [(first.url(), false), (second.url(), true)];
    expected.sort();
    assert_eq!(addresses, expected);
    assert!(listed.iter().all(|node| node.alive && node.key_fingerprint == listed[0].key_fingerprint), "{listed:?}");
    let metrics = raw_client().get(format!("{}/metrics", first.url()));
    assert!(answer(metrics).await.text.contains("skydeck_nodes_alive 2"));

    second.stop().await;
    until("one has the limits alone again", || async { limit(boss).await.contains("q=6000;") }).await;
    assert_eq!(boss.client.nodes().await.unwrap().items.len(), 1);

    // One that dies without a word is counted until it was silent for too long.
    let ghost = |silent_ms: i64| {
        let id = "0192f0c1-2222-7000-8000-000000000000";
        first.schema().run(&format!(
            "DELETE FROM nodes WHERE id = '{id}'; \
             INSERT INTO nodes SELECT '{id}', 'h', 'a', 'v', key_fingerprint, 0, 0, beat_ms - {silent_ms} FROM nodes LIMIT 1"
        ));
    };
    let counted = || async {
        ghost(NODE_SILENCE_MAX_MS - 1_000);
        limit(boss).await.contains("q=3000;")
    };
    until("the silent one is counted", counted).await;
    until("and then forgotten", || async { limit(boss).await.contains("q=6000;") }).await;
    ghost(NODE_SILENCE_MAX_MS + 1_000);
    until("a dead one is removed", || async { boss.client.nodes().await.unwrap().items.len() == 1 }).await;
}

#[tokio::test]
async fn a_node_that_does_not_fit_is_refused_or_not_ready_and_says_what_to_do() {
    let Some(schema) = Schema::make() else { return };
    let first = Server::start_in(Some(schema), |_| {}).await;
    let ready = |url: String| async move { answer(raw_client().get(format!("{url}/readyz"))).await };
    assert_eq!(ready(first.url()).await.status, 200);

    let postgres = Some(first.schema().url().parse().unwrap());
    let store = Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(first.folder()) }).unwrap();
    for (off_ms, said) in [(3_600_000 + 10_000, "1 h ahead of"), (-3_600_000 - 10_000, "1 h behind")] {
        let clock = Clock::standing_at(real_now().plus_ms(off_ms));
        let refused = serve(ServerConfig { clock, ..ServerConfig::default() }, store.clone()).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(said) && text.contains("time server"), "{text}");
    }
    // A clock that is right at the start and wrong later, and right again.
    let clock = Clock::standing_at(real_now());
    let config =
        ServerConfig { clock: clock.clone(), node_beat_ms: 50, clock_off_max_ms: 600_000, ..ServerConfig::default() };
    assert!(config.clock_off_max_ms > NODE_CLOCK_OFF_MAX_MS);
    let second = serve(config, store.clone()).await.unwrap();
    assert_eq!(ready(second.url()).await.status, 200);
    clock.advance_ms(3_600_000);
    until("not ready", || async { ready(second.url()).await.code() == "clock_off" }).await;
    let told = ready(second.url()).await;
    assert!(told.status == 503 && !told.header("retry-after").is_empty(), "{told:?}");
    assert!(told.json()["detail"].as_str().unwrap().contains("time server"), "{}", told.text);
    clock.advance_ms(-3_600_000);
    until("ready again", || async { ready(second.url()).await.status == 200 }).await;

    let fingerprint = "UPDATE settings SET value =";
    let keyed = "WHERE key = 'audit_key_fingerprint'";
    first.schema().run(&format!("{fingerprint} repeat('07', 32) {keyed}"));
    until("not ready", || async { ready(second.url()).await.code() == "other_audit_key" }).await;
    let refused = serve(ServerConfig::default(), store.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("audit key") && refused.contains("SKYDECK_AUDIT_KEY_FILE"), "{refused}");
    second.shut_down().await;
    store.close();
    let stranger = tempfile::tempdir().unwrap();
    std::fs::write(stranger.path().join("audit.key"), "08".repeat(32)).unwrap();
    let postgres = Some(first.schema().url().parse().unwrap());
    let refused = Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(stranger.path()) }).err().unwrap();
    assert!(refused.to_string().contains("is not the one this database was made with"), "{refused}");
}

#[tokio::test]
async fn a_page_of_the_queue_goes_on_at_another_node() {
    let Some((first, second)) = two().await else { return };
    let (ada, mo) = (first.account("ada").await, first.maintainer("mo").await);
    for number in 0..3 {
        first.submitted(&ada, &Package::greeter(&format!("Greeter {number}"))).await;
    }
    let whole = mo.client.queue(&PageQuery::default()).await.unwrap().items;
    let start = mo.client.queue(&PageQuery::default().limited(2)).await.unwrap();
    let rest = PageQuery { cursor: start.next, ..PageQuery::default().limited(2) };
    let rest = mo.at(&second).await.client.queue(&rest).await.unwrap();
    let ids =
        |items: &[skydeck::api::queue::QueueItem]| items.iter().map(|item| item.review_id.clone()).collect::<Vec<_>>();
    assert_eq!([ids(&start.items), ids(&rest.items)].concat(), ids(&whole));
}
