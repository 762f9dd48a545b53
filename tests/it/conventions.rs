//! What holds on every route: preconditions, repeats, rehearsals, pages, bad requests, tokens, limits, live events.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use skydeck::api::accounts::NewToken;
use skydeck::api::extensions::NewExtension;
use skydeck::client::{ClientError, EventsQuery, PageQuery, Seen, Total};
use skydeck::server::RateLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Package, Person, Server, answer};

fn extension(name: &str) -> NewExtension {
    NewExtension { name: name.into(), slug: None, description: String::new(), tags: Vec::new() }
}

async fn count(person: &Person) -> usize {
    person.client.extensions(&PageQuery::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn an_edit_names_what_it_saw() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let made = ada.client.create_extension(&extension("Greeter")).await.unwrap();
    let path = format!("/extensions/{}", made.value.slug);
    let tag = format!("\"{}\"", made.etag.unwrap());
    let read = ada.get(&path).await;
    assert_eq!((read.header("etag"), read.json()["revision"].to_string()), (tag.as_str(), tag.replace('"', "")));
    let known = answer(ada.request(Method::GET, &path).header("If-None-Match", &tag)).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));

    let patch = |tag: Option<&str>| {
        let request = ada.request(Method::PATCH, &path).json(&json!({"description": "greets"}));
        match tag {
            Some(tag) => request.header("If-Match", tag),
            None => request,
        }
    };
    let without = answer(patch(None)).await;
    assert_eq!((without.status, without.code()), (428, "if_match_required".into()), "{}", without.text);
    let edited = answer(patch(Some(&tag))).await;
    assert_eq!(edited.status, 200, "{}", edited.text);
    let stale = answer(patch(Some(&tag))).await;
    assert_eq!((stale.status, stale.code()), (412, "stale".into()));
    assert_eq!(stale.json()["etag"].as_str().unwrap(), edited.header("etag"));
}

#[tokio::test]
async fn a_repeat_is_answered_and_not_done_again() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let package = Package::greeter("Greeter");
    let import = |package: &Package, key: &str, query: &str| {
        ada.request(Method::POST, &format!("/extensions/import{query}"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .body(package.bytes())
    };
    let first = answer(import(&package, "key-1", "")).await;
    let again = answer(import(&package, "key-1", "")).await;
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text), "{}", again.text);
    assert_eq!(count(&ada).await, 1);
    let other = answer(import(&Package::banner("Banner"), "key-1", "")).await;
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused".into()));
    let rehearsed = answer(import(&package, "key-2", "?dry_run=true")).await;
    assert_eq!(rehearsed.status, 201, "{}", rehearsed.text);
    assert_eq!(count(&ada).await, 1, "a rehearsal keeps nothing");
    let real = answer(import(&package, "key-2", "")).await;
    assert_eq!((real.status, real.json()["extension"]["slug"].as_str()), (201, Some("greeter-2")));
    let at_once: Vec<_> = (0..8).map(|_| answer(import(&package, "key-3", ""))).collect();
    let statuses: Vec<u16> = futures_util::future::join_all(at_once).await.iter().map(|answer| answer.status).collect();
    assert!(statuses.contains(&201) && statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
    assert_eq!(count(&ada).await, 3);
}

#[tokio::test]
async fn pages_walk_the_whole_list_once() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    for name in ["Apple", "Brick", "Cloud", "Delta", "Eagle"] {
        ada.client.create_extension(&extension(name)).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut page = PageQuery::filtered("sort:slug").limited(2);
    loop {
        let found = ada.client.extensions(&page).await.unwrap();
        seen.extend(found.items.into_iter().map(|item| item.slug));
        match found.next {
            Some(next) => page = page.after(next),
            None => break,
        }
    }
    assert_eq!(seen, ["apple", "brick", "cloud", "delta", "eagle"]);
    let first = ada.get("/extensions?limit=2&q=sort%3A-slug").await;
    assert_eq!(first.json()["items"][0]["slug"], "eagle");
    let link = first.header("link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(ada.get(next).await.json()["items"][0]["slug"], "cloud", "{link}");
    let cursor = first.json()["next"].as_str().unwrap().to_owned();
    let elsewhere = ada.get(&format!("/extensions?limit=2&cursor={cursor}")).await;
    assert_eq!((elsewhere.status, elsewhere.json()["errors"][0]["pointer"].as_str()), (400, Some("?cursor")));
    let counted = PageQuery { total: Total::Counted, ..PageQuery::default() };
    assert_eq!(server.administrator().client.queue(&counted).await.unwrap().total, Some(0));
}

#[tokio::test]
async fn a_bad_filter_points_at_the_column() {
    let server = Server::start().await;
    let mo = server.maintainer("mo").await;
    for (filter, column) in [("stage:reddy", 7), ("stage:ready scpe:ban", 13), ("risk:>many", 6), ("older:2x", 7)] {
        let error = mo.client.queue(&PageQuery::filtered(filter)).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!((problem.status, problem.code.as_str()), (400, "bad_filter"), "{filter}");
        let fault = &problem.errors[0];
        assert_eq!((fault.pointer.as_str(), fault.column), ("?q", Some(column)), "{filter}: {}", fault.detail);
    }
    let long = PageQuery::filtered("x".repeat(600));
    assert_eq!(mo.client.queue(&long).await.unwrap_err().status(), Some(400));
}

#[tokio::test]
async fn every_bad_request_has_a_clear_problem_and_writes_nothing() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(9 << 20));
    let reply = |method: Method, path: &'static str, kind: &'static str, body: String| {
        answer(ada.request(method, path).header("Content-Type", kind).header("If-Match", "*").body(body))
    };
    let json_kind = "application/json";
    for (method, path, kind, body, status, code) in [
        (Method::POST, "/extensions", json_kind, "{\"name\":", 400, "bad_json"),
        (Method::POST, "/extensions", json_kind, "{\"name\":\"ab\",\"name\":\"cd\"}", 400, "bad_json"),
        (Method::POST, "/extensions", json_kind, deep.as_str(), 400, "bad_json"),
        (Method::POST, "/extensions", json_kind, "{\"name\":7}", 422, "invalid"),
        (Method::POST, "/extensions", json_kind, "{\"name\":\"\",\"tags\":[\"!\"],\"slug\":\"A\"}", 422, "invalid"),
        (Method::POST, "/extensions", "text/plain", "{}", 415, "not_json"),
        (Method::POST, "/extensions", json_kind, large.as_str(), 413, "body_too_large"),
        (Method::POST, "/extensions/import", json_kind, large.as_str(), 413, "body_too_large"),
        (Method::POST, "/extensions/import", json_kind, "{}", 422, "invalid_package"),
        (Method::POST, "/extensions/import", json_kind, "nonsense", 422, "invalid_package"),
        (Method::POST, "/extensions/import", json_kind, deep.as_str(), 422, "invalid_package"),
        (Method::POST, "/extensions/import?slug=Not%20One", json_kind, "{}", 400, "bad_query"),
        (Method::PUT, "/extensions", json_kind, "{}", 405, "method_not_allowed"),
        (Method::GET, "/extensionz", json_kind, "", 404, "unknown_route"),
        (Method::GET, "/extensions/%ff%fe", json_kind, "", 400, "not_utf8"),
        (Method::GET, "/extensions?limit=1000", json_kind, "", 400, "bad_query"),
        (Method::GET, "/extensions?limti=1", json_kind, "", 400, "bad_query"),
        (Method::GET, "/reviews/not-an-id", json_kind, "", 404, "not_found"),
        (Method::GET, "/extensions/a/versions/one", json_kind, "", 404, "not_found"),
        (Method::POST, "/dry-runs", json_kind, "{\"sha256\":\"zz\",\"kind\":\"command\"}", 422, "invalid"),
    ] {
        let given: String = body.chars().take(60).collect();
        let reply = reply(method.clone(), path, kind, body.to_owned()).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{method} {path} {given}: {}", reply.text);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{method} {path}");
        let problem = reply.json();
        assert!(!problem["detail"].as_str().unwrap().is_empty() && !problem["request_id"].as_str().unwrap().is_empty());
    }
    let faults = ada.post("/extensions", &json!({"name": "", "tags": ["!"], "slug": "A"})).await.json();
    let pointers: Vec<&str> =
        faults["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/name", "/slug", "/tags/0"], "every fault at once");
    assert_eq!(count(&ada).await, 0, "nothing was written");
}

#[tokio::test]
async fn every_bad_package_is_refused_with_pointers() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/packages/bad");
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "skypkg") {
            continue;
        }
        let error = ada.client.import(std::fs::read(&path).unwrap(), None).await.unwrap_err();
        assert!(matches!(error.status(), Some(413 | 422)), "{name}: {error}");
        assert!(error.status() == Some(413) || !error.problem().unwrap().errors.is_empty(), "{name}: {error}");
        tried += 1;
    }
    assert!(tried > 5, "{tried} bad packages in {folder}");
    assert_eq!(count(&ada).await, 0, "no half-written row");
}

#[tokio::test]
async fn tokens_end_by_time_and_by_hand_and_hold_no_more_than_their_rights() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let end = server.clock.now().plus_ms(60_000).to_string();
    let short = server.token_of(&ada.id, &NewToken { expires_at: Some(end), ..NewToken::default() }).await;
    assert!(short.client.me().await.unwrap().token_expires_at.is_some());
    server.clock.advance_ms(60_000);
    assert_eq!(short.client.me().await.unwrap_err().code(), "token_expired");
    let other = server.with_rights(&ada, &["read"]).await;
    let error = other.client.create_extension(&extension("Greeter")).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(403), "right_missing"), "{error}");
    let tokens = ada.client.tokens(&PageQuery::default()).await.unwrap().items;
    let newest = tokens.iter().find(|token| token.rights == ["read"]).unwrap();
    ada.client.revoke_token(&newest.id).await.unwrap();
    assert_eq!(other.client.me().await.unwrap_err().code(), "token_revoked");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let limited = |config: &mut skydeck::server::ServerConfig| {
        config.rates = RateLimits { token_per_minute: Some(20), ..RateLimits::default() };
    };
    let server = Server::start_with(limited).await;
    let ada = server.account("ada").await;
    let mut last = ada.get("/me").await;
    assert!(!last.header("ratelimit").is_empty() && !last.header("ratelimit-policy").is_empty());
    for _ in 0..25 {
        last = ada.get("/me").await;
    }
    assert_eq!((last.status, last.json()["retryable"].as_bool()), (429, Some(true)), "{}", last.text);
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(matches!(ada.client.me().await, Err(ClientError::Problem(problem)) if problem.status == 429));
}

#[tokio::test]
async fn live_events_resume_and_show_no_more_than_a_read_would() {
    let server = Server::start().await;
    let (ada, bea, mo) = (server.account("ada").await, server.account("bea").await, server.maintainer("mo").await);
    let queue = EventsQuery { topics: vec!["queue".into()], after: None };
    let mut live = mo.client.events(&queue).await.unwrap();
    let mut stranger = bea.client.events(&EventsQuery::default()).await.unwrap();
    let first = server.submitted(&ada, &Package::greeter("First Greeter")).await;
    let event = next(&mut live).await;
    assert_eq!((event.topic.as_str(), &event.body["action"]), ("queue", &Value::from("submitted")));
    assert_eq!(event.body["review_id"], first.id.as_str());
    let left_at = live.last_id().unwrap();
    drop(live);

    mo.client.claim(&first.id, Seen::Nothing).await.unwrap();
    let mut resumed = mo.client.events(&EventsQuery { after: Some(left_at), ..queue }).await.unwrap();
    let mut actions = Vec::new();
    while actions.last().is_none_or(|action| action != "claimed") {
        let event = next(&mut resumed).await;
        assert!(event.number > left_at);
        actions.push(event.body["action"].as_str().unwrap().to_owned());
    }
    assert!(!actions.contains(&"submitted".to_owned()), "{actions:?}");
    mo.approve(&first.id).await.unwrap();
    let seen = next(&mut stranger).await;
    assert_eq!(seen.body["action"], "published", "what was not public before was not told: {seen:?}");
}

async fn next(stream: &mut skydeck::client::EventStream) -> skydeck::api::events::LiveEvent {
    let waited = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
    waited.expect("an event within 10 s").expect("the stream goes on").unwrap()
}

#[tokio::test]
async fn http_that_is_none_is_refused_and_the_server_lives() {
    let server = Server::start().await;
    let address = server.url().replace("http://", "");
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /me HTTP/1.1\r\nA: \x00\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut reply = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut reply)).await;
        read.expect("the connection is closed").ok();
        assert!(!String::from_utf8_lossy(&reply).contains(" 200 "), "{bytes:?}");
    }
    server.administrator().client.healthz().await.unwrap();
}

#[tokio::test]
async fn a_total_counts_what_fits_the_filter() {
    let server = Server::start().await;
    let (ada, bob, mo) = (server.account("ada").await, server.account("bob").await, server.maintainer("mo").await);
    let banning = server.submitted(&ada, &Package::banner("Hammer")).await;
    server.submitted(&ada, &Package::greeter("Hello")).await;
    server.submitted(&bob, &Package::greeter("Morning")).await;
    mo.client.claim(&banning.id, Seen::Nothing).await.unwrap();
    for (person, filter, total) in [
        (&mo, "", 3),
        (&mo, "scope:ban", 1),
        (&mo, "scope:kick", 0),
        (&mo, "stage:ready", 2),
        (&mo, "stage:review", 1),
        (&mo, "claimed:me", 1),
        (&mo, "author:ada risk:0", 1),
        (&mo, "author:nobody", 0),
        (&ada, "", 2),
        (&bob, "stage:ready", 1),
    ] {
        let page = PageQuery { total: Total::Counted, ..PageQuery::filtered(filter).limited(1) };
        let found = person.client.queue(&page).await.unwrap();
        assert_eq!(found.total, Some(total), "{filter}");
    }
}
