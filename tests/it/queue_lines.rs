//! A line of the queue is written without the domain's types, and still says what the review itself says.

use serde_json::{Value, json};
use skydeck::api::page::Page;
use skydeck::api::queue::QueueItem;
use skydeck::client::Seen;

use crate::harness::{Package, Server};

#[tokio::test]
async fn a_line_of_the_queue_is_the_review_s_own_item() {
    let server = Server::start().await;
    let (ada, mo, zoe) = (server.account("ada").await, server.maintainer("mo").await, server.maintainer("zoe").await);
    let plain = server.submitted(&ada, &Package::greeter("Plain")).await;
    server.submitted(&ada, &Package::banner("Quote \" and \\ and ünïcode 日本")).await;
    let claimed = server.submitted(&ada, &Package::greeter("Claimed")).await;
    mo.client.claim(&claimed.id, Seen::Nothing).await.unwrap();
    zoe.client.note(&plain.id, "seen").await.unwrap();
    // Two people have to approve what asks for this one.
    let risky = server
        .submitted(&ada, &Package::banner("Two").with("/extension/version/scopes", json!(["ban", "guild_manage"])))
        .await;
    assert_eq!(risky.item.approvals_needed, 2);
    mo.client.claim(&risky.id, Seen::Nothing).await.unwrap();
    mo.approve(&risky.id).await.unwrap();

    let page = mo.get("/queue").await;
    let page: Value = serde_json::from_str(&page.text).unwrap();
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    for line in items {
        let review = mo.get(&format!("/reviews/{}", line["id"].as_str().unwrap())).await.json();
        assert_eq!(line, &review["item"]);
    }
    let typed: Page<QueueItem> = serde_json::from_value(page).unwrap();
    let of = |name: &str| typed.items.iter().find(|item| item.name.starts_with(name)).unwrap();
    assert_eq!(of("Quote").name, "Quote \" and \\ and ünïcode 日本");
    assert_eq!((of("Claimed").claimed_by.as_deref(), of("Claimed").stage.as_str()), (Some("mo"), "review"));
    assert_eq!((of("Plain").notes_count, of("Plain").claimed_by.as_deref()), (1, None));
    assert_eq!(of("Two").first_approval_by.as_deref(), Some("mo"));
}

#[tokio::test]
async fn a_page_that_ends_early_says_where_the_next_one_starts() {
    let server = Server::start().await;
    let (ada, mo) = (server.account("ada").await, server.maintainer("mo").await);
    for name in ["One", "Two", "Three"] {
        server.submitted(&ada, &Package::greeter(name)).await;
    }
    let first = mo.get("/queue?limit=2&total=true").await;
    let (link, page) = (first.header("link").to_owned(), first.json());
    assert_eq!((page["items"].as_array().unwrap().len(), page["total"].as_u64()), (2, Some(3)));
    let next = page["next"].as_str().unwrap();
    assert!(link.contains(next), "{link}");
    let second = mo.get(&format!("/queue?limit=2&cursor={next}")).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second.get("next").is_none() && second.get("total").is_none(), "{second}");
}
