//! The client against a scripted server: what it sends, what it repeats, what it refuses.

use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Client, ClientError, EventsQuery, PageQuery, Secret, Seen, ServerUrl};
use crate::api::reviews::Approve;

const TOKEN: &str = "sky_0123456789abcdef";

fn client_of(server: &MockServer) -> Client {
    let secret: Secret = TOKEN.parse().unwrap();
    Client::new(server.uri().parse().unwrap(), Some(secret)).unwrap()
}

#[tokio::test]
async fn a_decision_carries_what_it_rests_on() {
    let server = MockServer::start().await;
    let decided = serde_json::json!({"review_id": "r", "stage": "published", "approvals_missing": 0, "revision": 9});
    Mock::given(method("POST"))
        .and(path("/reviews/r/approve"))
        .and(header("If-Match", "\"8\""))
        .and(header("Authorization", format!("Bearer {TOKEN}").as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_json(&decided))
        .expect(1)
        .mount(&server)
        .await;
    let client = client_of(&server);
    let decided = client.approve("r", 8, &Approve { sha256: "ab".into(), note: None }).await.unwrap();
    assert_eq!(decided.revision, 9);
    assert!(!format!("{client:?}").contains("0123456789"), "{client:?}");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_with_the_same_key() {
    let server = MockServer::start().await;
    let problem =
        serde_json::json!({"type": "/problems/overloaded", "title": "Busy", "status": 503, "code": "overloaded"});
    let busy = ResponseTemplate::new(503).insert_header("Retry-After", "0").set_body_json(&problem);
    Mock::given(path("/queue/claim-next")).respond_with(busy).up_to_n_times(2).mount(&server).await;
    Mock::given(path("/queue/claim-next")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let client = client_of(&server);
    assert_eq!(client.claim_next(None).await.unwrap(), None);
    let requests = server.received_requests().await.unwrap();
    let keys: Vec<_> = requests.iter().map(|request| request.headers["Idempotency-Key"].clone()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test]
async fn problems_and_strange_answers_are_told_apart() {
    let server = MockServer::start().await;
    let stale = serde_json::json!({"type": "/problems/stale", "title": "Changed", "status": 412, "code": "stale",
        "detail": "the review changed since it was shown", "etag": "9",
        "changed": [{"pointer": "/notes", "by": "mo", "at": "2026-01-01T00:00:00.000Z"}]});
    Mock::given(path("/me")).respond_with(ResponseTemplate::new(412).set_body_json(&stale)).mount(&server).await;
    Mock::given(path("/queue")).respond_with(ResponseTemplate::new(502).set_body_string("<html>")).mount(&server).await;
    Mock::given(path("/policy")).respond_with(ResponseTemplate::new(200).set_body_string("[]")).mount(&server).await;
    Mock::given(path("/extensions/a/versions/1.0.0/code"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![0; (4 << 20) + 1]))
        .mount(&server)
        .await;
    let client = client_of(&server);
    let error = client.me().await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(412), "stale"));
    assert!(error.to_string().contains("/notes changed by mo"), "{error}");
    assert!(matches!(client.queue(&PageQuery::default()).await, Err(ClientError::Protocol { .. })));
    assert!(matches!(client.policy().await, Err(ClientError::Protocol { .. })));
    assert!(matches!(client.code("a", "1.0.0").await, Err(ClientError::TooLarge { .. })));
}

#[tokio::test]
async fn nobody_there_is_offline_and_says_where() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(format!("http://{closed}").parse().unwrap(), None).unwrap();
    let error = client.me().await.unwrap_err();
    assert!(error.is_offline() && error.to_string().contains(&closed.to_string()), "{error}");
}

#[test]
fn a_token_does_not_travel_in_the_open() {
    let secret: Secret = TOKEN.parse().unwrap();
    let open: ServerUrl = "http://market.example".parse().unwrap();
    assert!(matches!(Client::new(open.clone(), Some(secret.clone())), Err(ClientError::TokenOverPlainHttp { .. })));
    assert!(Client::new(open, None).is_ok());
    assert!(Client::new("https://market.example".parse().unwrap(), Some(secret)).is_ok());
}

#[tokio::test]
async fn a_rehearsal_and_a_page_say_so_in_the_query() {
    let server = MockServer::start().await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"items": []})))
        .mount(&server)
        .await;
    let client = client_of(&server);
    client.rehearsing().delete_extension("greeter", Seen::Revision(3)).await.unwrap();
    client.queue(&PageQuery::filtered("scope:ban risk:>50").limited(50).after("c1")).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.query(), Some("dry_run=true"));
    assert_eq!(requests[1].url.query(), Some("q=scope%3Aban+risk%3A%3E50&cursor=c1&limit=50"));
}

#[tokio::test]
async fn a_stream_resumes_and_advances_over_what_it_does_not_see() {
    let server = MockServer::start().await;
    let event = r#"{"number":4,"topic":"queue","at":"2026-01-01T00:00:00.000Z","body":{"action":"claimed"}}"#;
    let body = format!(": hello\n\nid: 4\nevent: queue\ndata: {event}\n\nid: 6\n\n");
    Mock::given(path("/events"))
        .and(header("Last-Event-ID", "3"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream"))
        .mount(&server)
        .await;
    let client = client_of(&server);
    let query = EventsQuery { topics: vec!["queue".into()], after: Some(3) };
    let mut stream = client.events(&query).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().number, 4);
    assert!(stream.next().await.is_none());
    assert_eq!(stream.last_id(), Some(6));
}
