//! The server over real loopback HTTP: conventions that hold on every route.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::clock::Clock;
use super::config::{RateLimits, ServerConfig};
use super::{RunningServer, first_start, serve};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreConfig};

struct Running {
    server: RunningServer,
    token: String,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

async fn running(config: ServerConfig) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::in_folder(folder.path())).unwrap();
    let administrator = first_start(&store, &config.clock).await.unwrap().unwrap();
    assert!(first_start(&store, &config.clock).await.unwrap().is_none());
    let server = serve(config, store).await.unwrap();
    Running { server, token: administrator.secret.reveal().to_owned(), _folder: folder }
}

impl Running {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for (name, value) in headers {
            text = format!("{text}{name}: {value}\r\n");
        }
        if !body.is_empty() {
            text = format!("{text}Content-Length: {}\r\n", body.len());
        }
        let mut stream = TcpStream::connect(self.server.local_addr()).await.unwrap();
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        reply(&String::from_utf8(answer).unwrap())
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        self.ask_with(method, path, &[], body).await
    }

    async fn ask_with(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        headers.extend_from_slice(more);
        self.send(method, path, &headers, body).await
    }

    async fn events(&self, after: Option<i64>) -> TcpStream {
        let resume = after.map_or_else(String::new, |after| format!("Last-Event-ID: {after}\r\n"));
        let text = format!(
            "GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{resume}\r\n",
            self.token
        );
        let mut stream = TcpStream::connect(self.server.local_addr()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

fn reply(text: &str) -> Reply {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// Reads until the text has come, or the stream has ended.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = Vec::new();
    let mut part = [0_u8; 4096];
    loop {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut part)).await;
        let count =
            read.unwrap_or_else(|_| panic!("{text:?} did not come: {}", String::from_utf8_lossy(&seen))).unwrap();
        seen.extend_from_slice(&part[..count]);
        let so_far = String::from_utf8_lossy(&seen).into_owned();
        if count == 0 || so_far.contains(text) {
            return so_far;
        }
    }
}

#[tokio::test]
async fn every_bad_request_is_a_problem_that_names_its_path_and_id() {
    let running = running(ServerConfig::default()).await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(300 << 10));
    let json = ("Content-Type", "application/json");
    let bearer = format!("Bearer {}", running.token);
    let me = ("Authorization", bearer.as_str());
    let unknown = format!("Bearer sky_{}", "A".repeat(43));
    let unknown = ("Authorization", unknown.as_str());
    for (method, path, headers, body, status, code) in [
        ("GET", "/me", &[][..], "", 401, "token_missing"),
        ("GET", "/me", &[("Authorization", "Basic eDp5")], "", 401, "token_malformed"),
        ("GET", "/me", &[unknown], "", 401, "token_unknown"),
        ("POST", "/accounts", &[unknown, json], "{", 401, "token_unknown"),
        ("GET", "/nowhere", &[me], "", 404, "unknown_route"),
        ("GET", "/tokens?limti=3", &[me], "", 400, "bad_query"),
        ("GET", "/tokens?limit=0", &[me], "", 400, "bad_query"),
        ("GET", "/tokens?cursor=zzz", &[me], "", 400, "bad_query"),
        ("PUT", "/me", &[me], "", 405, "method_not_allowed"),
        ("POST", "/accounts", &[me, json], &large, 413, "body_too_large"),
        ("POST", "/accounts", &[me, ("Content-Type", "text/plain")], "{}", 415, "not_json"),
        ("POST", "/accounts", &[me, json], "{", 400, "bad_json"),
        ("POST", "/accounts", &[me, json], "{\"name\":\"ab\",\"name\":\"cd\"}", 400, "bad_json"),
        ("POST", "/accounts", &[me, json], "{\"name\":7}", 422, "invalid"),
        ("POST", "/accounts", &[me, json], "{\"name\":\"A B\"}", 422, "invalid"),
        ("POST", "/accounts?dry_run=yes", &[me, json], "{\"name\":\"ab\"}", 400, "bad_query"),
        ("PATCH", "/accounts/administrator", &[me, json], "{}", 428, "if_match_required"),
        ("PATCH", "/accounts/administrator", &[me, json, ("If-Match", "\"99\"")], "{}", 412, "stale"),
        ("PATCH", "/accounts/administrator", &[me, json, ("If-Match", "99")], "{}", 400, "bad_if_match"),
        ("DELETE", "/tokens/not-an-id", &[me], "", 404, "not_found"),
        ("GET", "/accounts/%ff", &[me], "", 400, "not_utf8"),
        ("GET", "/audit?action=%ff", &[me], "", 400, "not_utf8"),
        ("GET", "/events", &[me, ("Last-Event-ID", "x")], "", 400, "bad_last_event_id"),
        ("GET", "/audit/verify?head=x", &[me], "", 400, "bad_query"),
    ] {
        let reply = running.send(method, path, headers, body).await;
        let problem = reply.json();
        assert_eq!((reply.status, problem["code"].as_str()), (status, Some(code)), "{method} {path}: {problem}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(problem["request_id"].as_str(), reply.header("x-request-id"), "{path}");
        assert!(path.starts_with(problem["instance"].as_str().unwrap()), "{path}: {problem}");
        assert_eq!(reply.header("allow").is_some(), status == 405, "{path}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{path}");
    }
    running.server.shut_down().await;
}

#[tokio::test]
async fn accounts_and_tokens_from_the_first_start_on() {
    let running = running(ServerConfig::default()).await;
    let me = running.ask("GET", "/me", "").await;
    assert_eq!((me.status, me.json()["account"]["name"].as_str()), (200, Some("administrator")), "{}", me.body);
    assert!(me.header("ratelimit").is_some() && me.header("ratelimit-policy").is_some());

    let new = "{\"name\":\"mina\",\"role\":\"maintainer\"}";
    let rehearsed = running.ask("POST", "/accounts?dry_run=true", new).await;
    assert_eq!(rehearsed.status, 201, "{}", rehearsed.body);
    let made = running.ask_with("POST", "/accounts", &[("Idempotency-Key", "k1")], new).await;
    let again = running.ask_with("POST", "/accounts", &[("Idempotency-Key", "k1")], new).await;
    assert_eq!((made.status, again.status, &again.body), (201, 201, &made.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("location"), made.header("location"));
    let other = running.ask_with("POST", "/accounts", &[("Idempotency-Key", "k1")], "{\"name\":\"nora\"}").await;
    assert_eq!((other.status, other.json()["code"].as_str()), (422, Some("idempotency_key_reused")));
    assert_eq!(running.ask("POST", "/accounts", new).await.status, 409);

    let tag = made.header("etag").unwrap().to_owned();
    let known = running.ask_with("GET", "/accounts/mina", &[("If-None-Match", &tag)], "").await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let edited = running.ask_with("PATCH", "/accounts/mina", &[("If-Match", &tag)], "{\"verified\":true}").await;
    assert_eq!((edited.status, edited.json()["verified"].as_bool()), (200, Some(true)), "{}", edited.body);
    assert_ne!(edited.header("etag"), Some(tag.as_str()));

    let key = [("Idempotency-Key", "k2")];
    let token = running.ask_with("POST", "/accounts/mina/tokens", &key, "{\"name\":\"laptop\"}").await;
    let repeat = running.ask_with("POST", "/accounts/mina/tokens", &key, "{\"name\":\"laptop\"}").await;
    assert_eq!((token.status, repeat.json()["code"].as_str()), (201, Some("secret_already_shown")), "{}", token.body);
    assert_eq!(token.header("cache-control"), Some("no-store"));
    let mina = format!("Bearer {}", token.json()["secret"].as_str().unwrap());
    let mina = [("Authorization", mina.as_str())];
    assert_eq!(running.send("GET", "/audit/verify", &mina, "").await.json()["intact"].as_bool(), Some(true));
    assert_eq!(running.send("GET", "/accounts", &mina, "").await.json()["code"].as_str(), Some("role_too_low"));
    let tag = edited.header("etag").unwrap();
    let suspended = running.ask_with("PATCH", "/accounts/mina", &[("If-Match", tag)], "{\"suspended\":true}").await;
    assert_eq!(suspended.status, 200);
    assert_eq!(running.send("GET", "/me", &mina, "").await.json()["code"].as_str(), Some("account_suspended"));
    running.server.shut_down().await;
}

#[tokio::test]
async fn tokens_end_when_revoked_and_when_their_time_has_come() {
    let clock = Clock::standing_at(Timestamp::from_ms(1_800_000_000_000));
    let running = running(ServerConfig { clock: clock.clone(), ..ServerConfig::default() }).await;
    let end = clock.now().plus_ms(60_000);
    let made = running.ask("POST", "/tokens", &format!("{{\"expires_at\":\"{end}\",\"rights\":[\"read\"]}}")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let bearer = format!("Bearer {}", made.json()["secret"].as_str().unwrap());
    let short = [("Authorization", bearer.as_str())];
    assert_eq!(running.send("GET", "/me", &short, "").await.status, 200);
    let wanting = running.send("POST", "/accounts", &[short[0], ("Content-Type", "application/json")], "{}").await;
    assert_eq!(wanting.json()["code"].as_str(), Some("right_missing"));
    clock.advance_ms(60_000);
    assert_eq!(running.send("GET", "/me", &short, "").await.json()["code"].as_str(), Some("token_expired"));

    let listed = running.ask("GET", "/tokens?limit=1", "").await;
    let next = listed.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    let rest = running.ask("GET", &next, "").await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), rest["next"].as_str()), (1, None));
    let all = running.ask("GET", "/tokens", "").await.json();
    let own = all["items"].as_array().unwrap().iter().find(|token| token["name"] == "first start").unwrap();
    let own = own["id"].as_str().unwrap();
    assert_eq!(running.ask("DELETE", &format!("/tokens/{own}"), "").await.status, 200);
    assert_eq!(running.ask("GET", "/me", "").await.json()["code"].as_str(), Some("token_revoked"));
    running.server.shut_down().await;
}

#[tokio::test]
async fn events_resume_after_the_last_one_seen_and_end_with_the_server() {
    let running = running(ServerConfig { heartbeat_ms: 50, ..ServerConfig::default() }).await;
    let mut live = running.events(None).await;
    read_until(&mut live, ": connected").await;
    running.ask("POST", "/accounts", "{\"name\":\"first\"}").await;
    let seen = read_until(&mut live, "first").await;
    assert!(seen.contains("event: account\ndata: {"), "{seen}");
    assert!(read_until(&mut live, ": still here").await.contains(": still here"));
    drop(live);
    running.ask("POST", "/accounts", "{\"name\":\"second\"}").await;
    let number: i64 = seen.split("\nid: ").last().unwrap().split('\n').next().unwrap().parse().unwrap();
    let mut resumed = running.events(Some(number)).await;
    let seen = read_until(&mut resumed, "second").await;
    assert!(!seen.contains("\"first\"") && seen.contains(&format!("id: {}\n", number + 1)), "{seen}");
    let mut lost = running.events(Some(number + 100)).await;
    assert!(read_until(&mut lost, "event: resync").await.contains("event: resync"));
    let ended = tokio::spawn(async move { read_until(&mut resumed, "never sent").await });
    running.server.shut_down().await;
    ended.await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let running = running(ServerConfig { recheck_ms: 20, ..ServerConfig::default() }).await;
    let mut live = running.events(None).await;
    read_until(&mut live, ": connected").await;
    let own = running.ask("GET", "/tokens", "").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    running.ask("DELETE", &format!("/tokens/{own}"), "").await;
    let seen = read_until(&mut live, "never sent").await;
    assert!(seen.contains("event: end") && seen.contains("token_revoked"), "{seen}");
    running.server.shut_down().await;
}

#[tokio::test]
async fn what_watches_the_server_needs_no_token() {
    let running = running(ServerConfig::default()).await;
    for (path, said) in [
        ("/healthz", "alive"),
        ("/readyz", "ready"),
        ("/docs", "skydeck API"),
        ("/openapi.json", "\"openapi\":\"3.1"),
        ("/metrics", "skydeck_http_requests_total{route=\"/healthz\",method=\"GET\",status=\"200\"} 1"),
    ] {
        let reply = running.send("GET", path, &[], "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert!(reply.body.contains(said), "{path}: {}", reply.body);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let head = running.send("HEAD", path, &[], "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
    }
    let options = running.send("OPTIONS", "/accounts", &[], "").await;
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, POST, HEAD, OPTIONS")));
    running.server.shut_down().await;
}

#[tokio::test]
async fn limits_answer_instead_of_falling_over() {
    let rates = RateLimits { token_per_minute: Some(2), address_per_minute: Some(1) };
    let running =
        running(ServerConfig { rates, event_streams_max: 0, body_timeout_ms: 50, ..ServerConfig::default() }).await;
    assert_eq!(running.ask("GET", "/events", "").await.json()["code"].as_str(), Some("too_many_streams"));
    let slow = [("Content-Length", "5"), ("Content-Type", "application/json")];
    let timed_out = running.ask_with("POST", "/accounts", &slow, "").await;
    assert_eq!((timed_out.status, timed_out.json()["code"].as_str()), (408, Some("body_timeout")));
    let over = running.ask("GET", "/me", "").await;
    assert_eq!((over.status, over.json()["code"].as_str()), (429, Some("too_many_requests")));
    assert!(over.header("retry-after").is_some() && over.header("ratelimit").is_some());
    assert_eq!(running.send("GET", "/me", &[], "").await.status, 401);
    assert_eq!(running.send("GET", "/me", &[], "").await.status, 429);
    assert_eq!(running.send("GET", "/healthz", &[], "").await.status, 200);
    running.server.shut_down().await;
}

#[tokio::test]
async fn more_requests_than_are_taken_at_once_are_told_to_come_back() {
    let running = running(ServerConfig { requests_in_flight_max: 0, ..ServerConfig::default() }).await;
    let over = running.ask("GET", "/me", "").await;
    assert_eq!((over.status, over.json()["code"].as_str()), (503, Some("too_many_in_flight")), "{}", over.body);
    assert!(over.json()["retryable"] == true && over.header("retry-after").is_some());
    running.server.shut_down().await;
}

#[tokio::test]
async fn an_address_beyond_loopback_needs_protection() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::in_folder(folder.path())).unwrap();
    let config = ServerConfig { listen: ([0, 0, 0, 0], 0).into(), ..ServerConfig::default() };
    let refused = serve(config, store.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("--tls-cert"), "{refused}");
    let first = serve(ServerConfig::default(), store.clone()).await.unwrap();
    let config = ServerConfig { listen: first.local_addr(), ..ServerConfig::default() };
    let taken = serve(config, store).await.unwrap_err();
    assert!(taken.to_string().contains("--listen"), "{taken}");
    first.shut_down().await;
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_and_the_server_goes_on() {
    async fn boom() -> &'static str {
        panic!("a secret of the handler")
    }
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::in_folder(folder.path())).unwrap();
    let (_stopper, stop) = super::stop::Stopper::new();
    let membership = super::membership::Membership::new(&store, &ServerConfig::default(), "").unwrap();
    let app = super::app::App::new(store, ServerConfig::default(), membership, stop);
    let around = axum::middleware::from_fn_with_state(app, super::envelope::around);
    let service = axum::Router::new().route("/boom", axum::routing::get(boom)).layer(around);
    for _ in 0..2 {
        let request = http::Request::get("/boom").body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(service.clone(), request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("\"code\":\"internal\"") && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_request_that_runs_may_end_after_the_stop() {
    let running = running(ServerConfig::default()).await;
    let body = "{\"name\":\"late-comer\"}";
    let head = format!(
        "POST /accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{}",
        running.token,
        body.len(),
        &body[..5]
    );
    let mut stream = TcpStream::connect(running.server.local_addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    while !running.send("GET", "/metrics", &[], "").await.body.contains("skydeck_http_requests_in_flight 2") {}
    let address = running.server.local_addr();
    let stopping = tokio::spawn(running.server.shut_down());
    while TcpStream::connect(address).await.is_ok() {}
    stream.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(reply(&answer).status, 201, "{answer}");
    stopping.await.unwrap();
}
