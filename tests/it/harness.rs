//! A whole marketplace in a test: a server on loopback, people with tokens, packages with modules that run.
//!
//! The clock stands still until a test moves it. Waiting is waiting for an event, never for time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use skydeck::api::accounts::{NewAccount, NewToken};
use skydeck::api::reviews::{Approve, Decided, Review};
use skydeck::api::versions::Submitted;
use skydeck::client::{Client, ClientError, Secret, Seen};
use skydeck::domain::policy::{Setting, Stamp};
use skydeck::domain::time::Timestamp;
use skydeck::server::clock::Clock;
use skydeck::server::{RunningServer, ServerConfig, first_start, serve};
use skydeck::store::policy::{self, PolicyRevision};
use skydeck::store::{Store, StoreConfig};

use crate::schema::Schema;

/// A command that says hello.
const GREETER: &str = r#"(module
    (import "sky:core" "reply_text" (func $reply (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "hello")
    (func (export "on_command") (result i32)
        (drop (call $reply (i32.const 0) (i32.const 5) (i32.const 64) (i32.const 64))) i32.const 0))"#;
/// A command that bans.
const BANNER: &str = r#"(module
    (import "sky:ban" "member_ban" (func $ban (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "{\"user\":\"910000000000000105\",\"reason\":\"spam\"}")
    (func (export "on_command") (result i32)
        (drop (call $ban (i32.const 0) (i32.const 45) (i32.const 64) (i32.const 64))) i32.const 0))"#;
/// A command that never ends.
const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "on_command") (result i32) (loop $again (br $again)) i32.const 0))"#;

/// Turns off the unpredictable sample that gets a second reviewer, so that a test knows how many it needs.
pub async fn one_reviewer_is_enough(store: &Store) {
    store
        .write(|tx| {
            let current = policy::current(tx)?;
            let mut document = current.document().clone();
            document.put("review.second_reviewer_per_mille".parse().unwrap(), Setting::Whole(0));
            let stamp = Stamp { revision: current.number() + 1, ..current.enacted.stamp };
            let enacted = current.enacted.succeeded(document, stamp);
            policy::append(tx, &PolicyRevision { enacted, ..current })
        })
        .await
        .unwrap();
}

/// A server with its data folder; both are gone when it is dropped, and its schema where it is kept on PostgreSQL.
pub struct Server {
    running: Option<RunningServer>,
    url: String,
    pub store: Store,
    pub clock: Clock,
    administrator: Person,
    place: Arc<Place>,
}

/// Where a marketplace is kept; shared by those that serve it.
struct Place {
    folder: tempfile::TempDir,
    schema: Option<Schema>,
}

/// An account with a token.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub secret: Secret,
    pub client: Client,
    base: String,
    raw: reqwest::Client,
}

/// A `.skypkg` document in the making.
#[derive(Clone)]
pub struct Package(Value);

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Server {
    pub async fn start() -> Server {
        Server::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Server {
        Server::start_in(Schema::where_wanted(), change).await
    }

    /// Starts one whose rows are kept in a schema, where one is given.
    pub async fn start_in(schema: Option<Schema>, change: impl FnOnce(&mut ServerConfig)) -> Server {
        let place = Arc::new(Place { folder: tempfile::tempdir().unwrap(), schema });
        let store = place.open();
        one_reviewer_is_enough(&store).await;
        let clock = Clock::standing_at(Timestamp::from_ms(1_790_000_000_000));
        let config = standing_still(&clock, change);
        let secret = first_start(&store, &clock).await.unwrap().unwrap().secret;
        let running = serve(config, store.clone()).await.unwrap();
        let administrator = Person::new(&running.url(), secret.reveal()).await;
        Server { url: running.url(), running: Some(running), store, clock, administrator, place }
    }

    /// Starts another server beside this one, on the same database, folder and clock.
    pub async fn another(&self, change: impl FnOnce(&mut ServerConfig)) -> Server {
        let store = self.place.open();
        let running = serve(standing_still(&self.clock, change), store.clone()).await.unwrap();
        let administrator = Person::new(&running.url(), self.administrator.secret.reveal()).await;
        let (clock, place) = (self.clock.clone(), Arc::clone(&self.place));
        Server { url: running.url(), running: Some(running), store, clock, administrator, place }
    }

    /// The schema that its rows are kept in.
    pub fn schema(&self) -> &Schema {
        self.place.schema.as_ref().expect("a server on PostgreSQL")
    }

    /// Tells it to stop, and waits until it is gone.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shut_down().await;
        }
    }

    /// The folder that its code is kept in.
    pub fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn administrator(&self) -> &Person {
        &self.administrator
    }

    /// An ordinary account.
    pub async fn account(&self, name: &str) -> Person {
        self.person(name, "user").await
    }

    /// An account that reviews.
    pub async fn maintainer(&self, name: &str) -> Person {
        self.person(name, "maintainer").await
    }

    async fn person(&self, name: &str, role: &str) -> Person {
        let account = NewAccount { name: name.into(), role: Some(role.into()), verified: true };
        let made = self.administrator.client.create_account(&account).await.unwrap();
        self.token_of(&made.value.id, &NewToken::default()).await
    }

    /// The same account with another token.
    pub async fn token_of(&self, account: &str, token: &NewToken) -> Person {
        let made = self.administrator.client.create_account_token(account, token).await.unwrap();
        Person::new(&self.url(), &made.secret).await
    }

    /// The same account with a token that can do no more than `rights`.
    pub async fn with_rights(&self, person: &Person, rights: &[&str]) -> Person {
        let rights = rights.iter().map(|right| (*right).to_owned()).collect();
        self.token_of(&person.id, &NewToken { rights: Some(rights), ..NewToken::default() }).await
    }

    /// Suspends an account.
    pub async fn suspend(&self, person: &Person) {
        let administrator = &self.administrator.client;
        let etag = administrator.account(&person.id).await.unwrap().etag.unwrap();
        let patch = skydeck::api::accounts::AccountPatch { suspended: Some(true), ..Default::default() };
        administrator.edit_account(&person.id, Seen::Revision(etag.parse().unwrap()), &patch).await.unwrap();
    }

    /// Waits until the checks of a review have ended.
    pub async fn checked(&self, review: &str) -> Review {
        let mut news = self.store.subscribe_events();
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                let found = self.administrator.client.review(review).await.unwrap().value;
                if found.item.stage != "checking" {
                    return found;
                }
                news.changed().await.unwrap();
            }
        });
        waited.await.unwrap_or_else(|_| panic!("the checks of {review} did not end"))
    }

    /// Imports, submits and waits for the checks; the version's number is the package's.
    pub async fn submitted(&self, author: &Person, package: &Package) -> Review {
        let made = author.client.import(package.bytes(), None).await.unwrap();
        let submitted = author.submit(&made.extension.slug, &made.version.number).await;
        let review = self.checked(&submitted.review_id).await;
        assert_eq!(review.checks.state, "passed", "{:#?}", review.checks.findings);
        review
    }

    /// All the way to publication, by `reviewer`.
    pub async fn published(&self, author: &Person, reviewer: &Person, package: &Package) -> Review {
        let review = self.submitted(author, package).await;
        reviewer.client.claim(&review.id, Seen::Nothing).await.unwrap();
        let decided = reviewer.approve(&review.id).await.unwrap();
        assert_eq!(decided.stage, "published");
        reviewer.client.review(&review.id).await.unwrap().value
    }
}

impl Place {
    fn open(&self) -> Store {
        let postgres = self.schema.as_ref().map(|schema| schema.url().parse().unwrap());
        Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(self.folder.path()) }).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A schema goes more quietly when nothing works in it any more.
        if self.place.schema.is_some() {
            self.store.close();
        }
    }
}

/// How a server is set up whose clock is moved by the test, and so is far from any database's.
fn standing_still(clock: &Clock, change: impl FnOnce(&mut ServerConfig)) -> ServerConfig {
    let mut config = ServerConfig { clock: clock.clone(), clock_off_max_ms: i64::MAX, ..ServerConfig::default() };
    change(&mut config);
    config
}

impl Person {
    async fn new(url: &str, secret: &str) -> Person {
        let secret: Secret = secret.parse().unwrap();
        let client = Client::new(url.parse().unwrap(), Some(secret.clone())).unwrap();
        let id = client.me().await.map(|me| me.account.id).unwrap_or_default();
        Person { id, secret, client, base: url.into(), raw: raw_client() }
    }

    /// The same person, talking to another server.
    pub async fn at(&self, server: &Server) -> Person {
        self.at_url(&server.url()).await
    }

    /// The same, by the server's address.
    pub async fn at_url(&self, url: &str) -> Person {
        Person::new(url, self.secret.reveal()).await
    }

    /// Submits what is saved.
    pub async fn submit(&self, extension: &str, number: &str) -> Submitted {
        self.client.submit(extension, number, Seen::Nothing).await.unwrap()
    }

    /// Reads a review and approves what was read.
    pub async fn approve(&self, review: &str) -> Result<Decided, ClientError> {
        let seen = self.client.review(review).await?.value;
        let approve = Approve { sha256: seen.version.sha256, note: None };
        self.client.approve(review, seen.revision, &approve).await
    }

    /// A request as it is written, with this token.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.raw.request(method, format!("{}{path}", self.base)).bearer_auth(self.secret.reveal())
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }
}

impl Package {
    /// A command that says hello; no rule has anything to say about it.
    pub fn greeter(name: &str) -> Package {
        Package::of(name, GREETER, &[])
    }

    /// A command that bans, and says so.
    pub fn banner(name: &str) -> Package {
        Package::of(name, BANNER, &["ban"])
    }

    /// A command that never ends.
    pub fn endless(name: &str) -> Package {
        Package::of(name, ENDLESS, &[])
    }

    fn of(name: &str, wat: &str, scopes: &[&str]) -> Package {
        let code = base64::engine::general_purpose::STANDARD.encode(wat::parse_str(wat).unwrap());
        Package(json!({
            "package_version": "1.0",
            "exported_at": "2026-01-01T00:00:00.000Z",
            "made_with": {"tool": "by hand", "score": 0.1},
            "extension": {
                "name": name,
                "description": "For a test",
                "tags": ["test"],
                "version": {
                    "number": "1.0.0",
                    "type": "command",
                    "key": "hello",
                    "scopes": scopes,
                    "big": 18_446_744_073_709_551_615_u64,
                },
                "code": code,
            },
            "source": {"original_id": "elsewhere", "original_owner": "somebody"},
        }))
    }

    pub fn numbered(mut self, number: &str) -> Package {
        self.0["extension"]["version"]["number"] = number.into();
        self
    }

    /// Changes the document by hand.
    pub fn with(mut self, pointer: &str, value: Value) -> Package {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        self.0.pointer_mut(parent).unwrap()[key] = value;
        self
    }

    /// The module.
    pub fn code(&self) -> Vec<u8> {
        let text = self.0["extension"]["code"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.0).unwrap()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends a request and reads all of its answer.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

/// A client that adds nothing to a request.
pub fn raw_client() -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}
