//! Premium extensions over HTTP: bought, taken back, granted to an instance that verifies offline, and accounted for.

use reqwest::Method;
use serde_json::json;
use skydeck::api::extensions::ExtensionPatch;
use skydeck::api::installations::{Acknowledgement, NewInstallation};
use skydeck::api::instances::{Announcement, NewInstance};
use skydeck::api::purchases::PointsGrant;
use skydeck::api::servers::ServerDescription;
use skydeck::client::{Client, PageQuery, SalesQuery, Seen};
use skydeck::domain::entitlement::{GrantPublicKey, NotGranted};

use crate::harness::{Package, Person, Server, answer};

const DAY_MS: i64 = 86_400_000;

/// Ada sells `greeter` for 101 points, and Bea has 500.
async fn shop(server: &Server) -> (Person, Person) {
    let (ada, bea, mo) = (server.account("ada").await, server.account("bea").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let patch = ExtensionPatch { price_points: Some(101), ..ExtensionPatch::default() };
    ada.client.edit_extension("greeter", Seen::Nothing, &patch).await.unwrap();
    grant(server, "bea", 500).await;
    (ada, bea)
}

async fn grant(server: &Server, account: &str, points: u64) {
    let grant = PointsGrant { account: account.to_owned(), points, reason: "a prize".to_owned() };
    server.administrator().client.grant_points(&grant).await.unwrap();
}

fn keyed(person: &Person, path: &str, key: &str) -> reqwest::RequestBuilder {
    person.request(Method::POST, path).header("Idempotency-Key", key)
}

#[tokio::test]
async fn a_purchase_repeated_is_one_purchase_and_with_another_price_none() {
    let server = Server::start().await;
    let (_, bea) = shop(&server).await;
    let path = "/extensions/greeter/purchase";
    let first = answer(keyed(&bea, path, "k").json(&json!({"price_points": 101}))).await;
    let again = answer(keyed(&bea, path, "k").json(&json!({"price_points": 101}))).await;
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text);
    assert_eq!(first.json()["id"], again.json()["id"]);
    let other = answer(keyed(&bea, path, "k").json(&json!({"price_points": 100}))).await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
    // The kept answer is gone after a day; the purchase still knows its key.
    server.clock.advance_ms(2 * DAY_MS);
    let late = answer(keyed(&bea, path, "k").json(&json!({"price_points": 100}))).await;
    assert_eq!((late.status, late.code().as_str()), (409, "purchase_key_reused"));
    let late = answer(keyed(&bea, path, "k").json(&json!({"price_points": 101}))).await;
    assert_eq!((late.status, &late.json()["id"]), (200, &first.json()["id"]), "{}", late.text);
    let points = bea.client.points(None).await.unwrap();
    assert_eq!((points.balance, points.issued), (399, None));
}

#[tokio::test]
async fn nonsense_is_refused_and_no_point_moves() {
    let server = Server::start().await;
    let (ada, bea) = shop(&server).await;
    let root = server.administrator();
    for (person, path, body, status) in [
        (&bea, "/extensions/greeter/purchase", json!({"price_points": -101}), 422),
        (&bea, "/extensions/greeter/purchase", json!({"price_points": 101.5}), 422),
        (&bea, "/extensions/greeter/purchase", json!({"price_points": u64::MAX}), 422),
        (&bea, "/extensions/greeter/purchase", json!({}), 422),
        (&bea, "/extensions/greeter/purchase", json!({"price_points": 100}), 409),
        (&ada, "/extensions/greeter/purchase", json!({"price_points": 101}), 409),
        (&bea, "/points/grants", json!({"account": "bea", "points": 5, "reason": "x"}), 403),
        (root, "/points/grants", json!({"account": "bea", "points": -5, "reason": "x"}), 422),
        (root, "/points/grants", json!({"account": "bea", "points": 0, "reason": "x"}), 422),
        (root, "/points/grants", json!({"account": "bea", "points": u64::MAX, "reason": "x"}), 422),
        (root, "/points/grants", json!({"account": "bea", "points": 5, "reason": " "}), 422),
        (root, "/points/grants", json!({"account": "nobody", "points": 5, "reason": "x"}), 404),
    ] {
        let found = person.post(path, &body).await;
        assert_eq!(found.status, status, "{path} {body}: {}", found.text);
    }
    for query in ["from=2026-02-01&to=2026-01-01", "from=yesterday", "from=1999-01-01", "author=nobody"] {
        let found = ada.get(&format!("/sales?{query}")).await;
        assert!([400, 404].contains(&found.status), "{query}: {} {}", found.status, found.text);
    }
    let too_much = ExtensionPatch { price_points: Some(1_000_000_001), ..ExtensionPatch::default() };
    let refused = ada.client.edit_extension("greeter", Seen::Nothing, &too_much).await.unwrap_err();
    assert_eq!(refused.status(), Some(422));
    let whole = root.client.points(Some("bea")).await.unwrap();
    assert_eq!((whole.balance, whole.issued, whole.market), (500, Some(500), Some(0)));
}

#[tokio::test]
async fn the_author_has_a_statement_that_does_not_name_the_buyer() {
    let server = Server::start().await;
    let (ada, bea) = shop(&server).await;
    let bought = bea.client.purchase("greeter", 101, "k").await.unwrap();
    let lines = ada.client.statement(None, &PageQuery::default()).await.unwrap().items;
    assert_eq!((lines.len(), lines[0].points, lines[0].slug.as_deref()), (1, 70, Some("greeter")));
    assert_eq!((&lines[0].by, &lines[0].purchase_id), (&None, &None));
    let mine = bea.client.statement(None, &PageQuery::default().limited(1)).await.unwrap();
    assert_eq!(mine.items[0].purchase_id.as_ref(), Some(&bought.id));
    let rest = bea.client.statement(None, &PageQuery::default().after(mine.next.unwrap())).await.unwrap();
    assert_eq!((rest.items[0].kind.as_str(), rest.next), ("grant", None));
    bea.client.refund(&bought.id, "not for me").await.unwrap();
    let refused = bea.client.refund(&bought.id, "again").await.unwrap_err();
    assert_eq!(refused.status(), Some(409));
    let sales = ada.client.sales(&SalesQuery::default()).await.unwrap();
    assert_eq!((sales.sum.sold, sales.sum.refunded, sales.sum.author_points), (1, 1, 0));
    assert_eq!((sales.extensions.len(), sales.days.len()), (1, 1));
    assert_eq!(ada.client.sales_of("greeter", None, None).await.unwrap().sum, sales.sum);
    let all = SalesQuery { author: Some("all".to_owned()), ..SalesQuery::default() };
    assert_eq!(server.administrator().client.sales(&all).await.unwrap().sum, sales.sum);
    let market = server.administrator().client.statement(Some("market"), &PageQuery::default()).await.unwrap();
    assert_eq!(market.items.iter().map(|line| line.points).collect::<Vec<_>>(), [-31, 31]);
    assert_eq!(bea.client.purchases(None, &PageQuery::default()).await.unwrap().items.len(), 1);
    assert!(server.administrator().client.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn an_instance_verifies_offline_and_gets_nothing_after_a_refund() {
    let server = Server::start().await;
    let (_, bea) = shop(&server).await;
    let new = NewInstance { name: "shard-1".to_owned() };
    let made = server.administrator().client.create_instance(&new).await.unwrap();
    let bot = Client::new(server.url().parse().unwrap(), Some(made.secret.parse().unwrap())).unwrap();
    let described = ServerDescription { name: "Here".to_owned(), owner: "bea".to_owned(), tier: None };
    bot.describe_server("100", &described).await.unwrap();
    let said = Announcement { host_api: "1.0.0".to_owned(), memory_mib: 1, ..Default::default() };
    bot.announce(&made.instance.id, &said).await.unwrap();
    let new = NewInstallation { extension: "greeter".to_owned(), ..Default::default() };
    let refused = bea.client.install("100", &new).await.unwrap_err();
    assert!(refused.to_string().contains("has not bought it"), "{refused}");
    let bought = bea.client.purchase("greeter", 101, "k").await.unwrap();
    let row = bea.client.install("100", &new).await.unwrap();
    let sha256 = row.attempt.as_ref().and_then(|attempt| attempt.sha256.clone()).unwrap();
    bot.blob(&sha256).await.unwrap();
    for stage in ["sandbox_prep", "state_init"] {
        let done = Acknowledgement { attempt: 1, stage: stage.to_owned(), ok: true, reason: None };
        bot.acknowledge(&row.id, &done).await.unwrap();
    }
    let granted = bot.grant(&row.id).await.unwrap();
    let key = bot.grant_key().await.unwrap();
    assert_eq!(key.algorithm, "Ed25519");
    let public: GrantPublicKey = key.public_key.parse().unwrap();
    let place = (granted.extension_id.parse().unwrap(), granted.server_id.parse().unwrap());
    let judge = |ms: i64| public.judge(&granted.grant, place, server.clock.now().plus_ms(ms));
    assert!(judge(0).is_ok() && judge(3 * DAY_MS - 1).is_ok());
    assert!(matches!(judge(3 * DAY_MS), Err(NotGranted::Expired(_))));
    // The key is the one in the file, which is for its owner's eyes only.
    let file = server.folder().join("grant.key");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).unwrap()) & 0o777, 0o600);
    assert_eq!(server.store.grant_key().await.unwrap().fingerprint().to_string(), key.fingerprint);
    bea.client.refund(&bought.id, "not for me").await.unwrap();
    assert_eq!(bot.grant(&row.id).await.unwrap_err().status(), Some(409));
    assert_eq!(bot.blob(&sha256).await.unwrap_err().status(), Some(404), "no code after a refund");
    assert!(judge(0).is_ok(), "what was granted ends by itself");
}
