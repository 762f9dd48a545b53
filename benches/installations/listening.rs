//! How long it takes until everybody who listens knows of a rollback: a server on loopback, and streams of one instance.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use serde_json::json;
use skydeck::api::accounts::{NewAccount, NewToken};
use skydeck::api::extensions::Rollback;
use skydeck::api::installations::{Acknowledgement, NewInstallation};
use skydeck::api::instances::{Announcement, NewInstance};
use skydeck::api::reviews::Approve;
use skydeck::api::servers::ServerDescription;
use skydeck::client::{Client, EventStream, EventsQuery, Secret, Seen};
use skydeck::domain::policy::{FieldPath, Setting, Stamp};
use skydeck::server::clock::Clock;
use skydeck::server::{RateLimits, RunningServer, ServerConfig, first_start, serve};
use skydeck::store::policy::{self, PolicyRevision};
use skydeck::store::{Store, StoreConfig};
use tokio::task::JoinSet;

/// Streams that are open at once.
const CLIENTS: usize = 200;
/// What everybody knows of it within.
const TARGET: Duration = Duration::from_secs(1);
/// Requests a minute; counted and told like any other limit.
const PER_MINUTE: u32 = 100_000_000;
/// The extension that goes back.
const SLUG: &str = "shaky";

/// The people of the marketplace, and the instance that runs the extension.
struct World {
    running: RunningServer,
    root: Client,
    author: Client,
    bot: Client,
}

/// Prints how long a rollback takes to the first, the middle and the last stream.
pub async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::in_folder(folder.path()))?;
    let world = World::start(store).await?;
    world.publish("1.0.0").await?;
    world.install().await?;
    world.publish("1.1.0").await?;
    let mut streams = JoinSet::new();
    for _ in 0..CLIENTS {
        let query = EventsQuery { topics: vec!["notice".to_owned()], after: None };
        let stream = world.bot.events(&query).await?;
        streams.spawn(told(stream));
    }
    let start = Instant::now();
    let back = Rollback { number: "1.0.0".to_owned(), reason: "it crashes".to_owned() };
    world.author.roll_back(SLUG, Seen::Nothing, &back).await?;
    let mut times = Vec::with_capacity(CLIENTS);
    while let Some(at) = streams.join_next().await {
        times.push(at??.saturating_duration_since(start));
    }
    times.sort_unstable();
    let (first, middle, last) = (times[0], times[CLIENTS / 2], times[CLIENTS - 1]);
    let verdict = if last <= TARGET { "met" } else { "NOT MET" };
    println!(
        "telling of a rollback: {CLIENTS} streams: first {first:?}, median {middle:?}, last {last:?}; \
         within {TARGET:?}: {verdict}"
    );
    world.running.shut_down().await;
    Ok(())
}

/// When the notice of the rollback came.
async fn told(mut stream: EventStream) -> Result<Instant> {
    loop {
        let event = stream.next().await.context("the stream ended")??;
        if event.topic == "notice" && event.body["action"] == "rolled_back" {
            return Ok(Instant::now());
        }
    }
}

impl World {
    async fn start(store: Store) -> Result<World> {
        no_second_reviewer(&store).await?;
        let clock = Clock::default();
        let secret = first_start(&store, &clock).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        let secret = secret.context("the folder is new")?.secret;
        let rates = RateLimits { token_per_minute: Some(PER_MINUTE), address_per_minute: Some(PER_MINUTE) };
        let running = serve(ServerConfig { rates, clock, ..ServerConfig::default() }, store).await?;
        let url = running.url();
        let client = |secret: &str| -> Result<Client> {
            let secret: Secret = secret.parse()?;
            Ok(Client::new(url.parse()?, Some(secret))?)
        };
        let root = client(secret.reveal())?;
        let account = NewAccount { name: "ada".to_owned(), role: None, verified: true };
        let account = root.create_account(&account).await?.value;
        let author = client(&root.create_account_token(&account.id, &NewToken::default()).await?.secret)?;
        let made = root.create_instance(&NewInstance { name: "shard-1".to_owned() }).await?;
        let bot = client(&made.secret)?;
        let here = ServerDescription { name: "Here".to_owned(), owner: "ada".to_owned(), tier: None };
        bot.describe_server("100", &here).await?;
        let said = Announcement { host_api: "1.0.0".to_owned(), memory_mib: 1, ..Announcement::default() };
        bot.announce(&made.instance.id, &said).await?;
        Ok(World { running, root, author, bot })
    }

    async fn publish(&self, number: &str) -> Result<()> {
        let package = package(number)?;
        if number == "1.0.0" {
            self.author.import(package, Some(SLUG)).await?;
        } else {
            self.author.put_draft(SLUG, Seen::Nothing, package).await?;
            self.author.save_draft(SLUG, Seen::Nothing).await?;
        }
        let review = self.author.submit(SLUG, number, Seen::Nothing).await?.review_id;
        while self.root.review(&review).await?.value.item.stage == "checking" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.root.claim(&review, Seen::Nothing).await?;
        let seen = self.root.review(&review).await?.value;
        let approve = Approve { sha256: seen.version.sha256, note: None };
        let decided = self.root.approve(&review, seen.revision, &approve).await?;
        ensure!(decided.stage == "published", "it is {}", decided.stage);
        Ok(())
    }

    async fn install(&self) -> Result<()> {
        let new = NewInstallation { extension: SLUG.to_owned(), ..NewInstallation::default() };
        let row = self.author.install("100", &new).await?;
        for stage in ["sandbox_prep", "state_init"] {
            let done = Acknowledgement { attempt: 1, stage: stage.to_owned(), ok: true, reason: None };
            self.bot.acknowledge(&row.id, &done).await?;
        }
        Ok(())
    }
}

/// Turns off the sample that gets a second reviewer.
async fn no_second_reviewer(store: &Store) -> Result<()> {
    let field: FieldPath = "review.second_reviewer_per_mille".parse()?;
    let set = store.write(move |tx| {
        let current = policy::current(tx)?;
        let mut document = current.document().clone();
        document.put(field.clone(), Setting::Whole(0));
        let stamp = Stamp { revision: current.number() + 1, ..current.enacted.stamp };
        let enacted = current.enacted.succeeded(document, stamp);
        policy::append(tx, &PolicyRevision { enacted, ..current })
    });
    Ok(set.await?)
}

fn package(number: &str) -> Result<Vec<u8>> {
    let text = format!(
        "(module (memory (export \"memory\") 1) (func (export \"on_command\") (result i32) (i32.const 0)) \
         (@custom \"of\" \"{number}\"))"
    );
    let code = base64::engine::general_purpose::STANDARD.encode(wat::parse_str(text)?);
    let version = json!({"number": number, "type": "command", "key": "go", "scopes": []});
    let document = json!({"package_version": "1.0", "extension": {"name": "Shaky", "version": version, "code": code}});
    Ok(document.to_string().into_bytes())
}
