//! Who may call what: every route, cell by cell, over real HTTP. Changes are rehearsed, so no row disturbs the next.

use reqwest::Method;
use serde_json::{Value, json};
use skydeck::client::Seen;
use skydeck::server::ROUTES;
use skydeck::server::router::{Access, Guard};

use crate::harness::{Package, Person, Server, raw_client};

/// One route with what it is asked and the status for a stranger, the owner, a maintainer and an administrator. The
/// maintainer has claimed the review.
struct Row {
    route: &'static str,
    body: Value,
    statuses: [u16; 4],
}

struct World {
    stranger: Person,
    owner: Person,
    maintainer: Person,
    suspended: Person,
    review: String,
    revision: i64,
    sha256: String,
    owners_revision: String,
    instance: String,
    installation: String,
}

const EVERYONE: [u16; 4] = [200, 200, 200, 200];
const MAINTAINERS: [u16; 4] = [403, 403, 200, 200];
const OWNER: [u16; 4] = [403, 200, 403, 403];
const NOWHERE: &str = "01890000-0000-7000-8000-000000000000";

async fn world(server: &Server) -> World {
    let (owner, stranger) = (server.account("ada").await, server.account("bea").await);
    let (maintainer, suspended) = (server.maintainer("mo").await, server.maintainer("sam").await);
    let published = server.published(&owner, &maintainer, &Package::greeter("Greeter")).await;
    owner
        .client
        .put_draft("greeter", Seen::Nothing, Package::greeter("Greeter").numbered("1.1.0").bytes())
        .await
        .unwrap();
    let review = server.submitted(&owner, &Package::greeter("Second Thing")).await;
    let claimed = maintainer.client.claim(&review.id, Seen::Nothing).await.unwrap().value;
    let (instance, installation) = installed(server, &owner).await;
    server.suspend(&suspended).await;
    let owners_revision = server.administrator().client.account("ada").await.unwrap().etag.unwrap();
    World {
        stranger,
        owner,
        maintainer,
        suspended,
        review: review.id,
        revision: claimed.revision,
        sha256: published.version.sha256,
        owners_revision,
        instance,
        installation,
    }
}

/// An instance, and the owner's extension on the owner's own server.
async fn installed(server: &Server, owner: &Person) -> (String, String) {
    use skydeck::api::{installations, instances, servers};
    let new = instances::NewInstance { name: "shard-1".to_owned() };
    let made = server.administrator().client.create_instance(&new).await.unwrap();
    let bot = skydeck::client::Client::new(server.url().parse().unwrap(), Some(made.secret.parse().unwrap())).unwrap();
    let described = servers::ServerDescription { name: "Here".to_owned(), owner: "ada".to_owned(), tier: None };
    bot.describe_server("100", &described).await.unwrap();
    let said = instances::Announcement { host_api: "1.0.0".to_owned(), memory_mib: 1, ..Default::default() };
    bot.announce(&made.instance.id, &said).await.unwrap();
    let new = installations::NewInstallation { extension: "greeter".to_owned(), ..Default::default() };
    let row = owner.client.install("100", &new).await.unwrap();
    let ack =
        |stage: &str| installations::Acknowledgement { attempt: 1, stage: stage.to_owned(), ok: true, reason: None };
    bot.acknowledge(&row.id, &ack("sandbox_prep")).await.unwrap();
    bot.acknowledge(&row.id, &ack("state_init")).await.unwrap();
    (made.instance.id, row.id)
}

fn row(route: &'static str, body: Value, statuses: [u16; 4]) -> Row {
    Row { route, body, statuses }
}

fn own_things(world: &World) -> Vec<Row> {
    let reason = json!({"reason": "a reason"});
    let package: Value = serde_json::from_slice(&Package::greeter("Third Thing").bytes()).unwrap();
    let draft: Value = serde_json::from_slice(&Package::greeter("Greeter").numbered("1.1.0").bytes()).unwrap();
    vec![
        row("GET /extensions", Value::Null, EVERYONE),
        row("POST /extensions", json!({"name": "Brand New"}), [201, 201, 201, 201]),
        row("POST /extensions/import", package, [201, 201, 201, 201]),
        row("GET /extensions/{extid}", Value::Null, EVERYONE),
        row("PATCH /extensions/{extid}", json!({"description": "x"}), OWNER),
        row("DELETE /extensions/{extid}", Value::Null, [403, 409, 403, 403]),
        row("GET /extensions/{extid}/export", Value::Null, [200, 200, 200, 200]),
        row("POST /extensions/{extid}/transfer", json!({"to": "bea"}), OWNER),
        row("POST /extensions/{extid}/transfer/accept", Value::Null, [403, 403, 403, 403]),
        row("POST /extensions/{extid}/transfer/decline", Value::Null, [403, 403, 403, 403]),
        row("POST /extensions/{extid}/rollback", json!({"number": "9.9.9", "reason": "x"}), [403, 404, 404, 404]),
        row("POST /extensions/{extid}/quarantine", reason.clone(), MAINTAINERS),
        row("POST /extensions/{extid}/release", reason.clone(), [403, 403, 409, 409]),
        row("POST /extensions/{extid}/block", reason.clone(), [403, 403, 403, 200]),
        row("GET /extensions/{extid}/draft", Value::Null, [404, 200, 200, 200]),
        row("PUT /extensions/{extid}/draft", draft, OWNER),
        row("POST /extensions/{extid}/draft/save", Value::Null, OWNER),
        row("GET /extensions/{extid}/versions", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/versions/{number}", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/versions/{number}/code", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/versions/{number}/checks", Value::Null, [403, 200, 200, 200]),
        row("POST /extensions/{extid}/versions/{number}/submit", Value::Null, [403, 409, 403, 403]),
        row("POST /extensions/{extid}/versions/{number}/withdraw", Value::Null, [403, 409, 403, 403]),
        row("POST /extensions/{extid}/versions/{number}/revise", json!({"number": "2.0.0"}), [403, 409, 403, 403]),
        row("POST /extensions/{extid}/versions/{number}/yank", reason, [403, 200, 200, 200]),
        row("POST /extensions/{extid}/versions/{number}/unyank", Value::Null, [403, 409, 409, 409]),
        row("GET /blobs/{sha256}", Value::Null, EVERYONE),
        row("POST /dry-runs", json!({"sha256": world.sha256, "kind": "command"}), EVERYONE),
    ]
}

fn reviewing(world: &World) -> Vec<Row> {
    let approve = json!({"sha256": world.sha256});
    let reject = json!({"reason": "quality", "feedback": "say more"});
    vec![
        row("GET /queue", Value::Null, EVERYONE),
        row("POST /queue/claim-next", Value::Null, [403, 403, 204, 204]),
        row("POST /reviews/bulk", json!([]), [403, 403, 422, 422]),
        row("GET /reviews/{id}", Value::Null, [404, 200, 200, 200]),
        row("POST /reviews/{id}/claim", Value::Null, [403, 403, 409, 409]),
        row("POST /reviews/{id}/renew", Value::Null, [403, 403, 200, 409]),
        row("POST /reviews/{id}/release", Value::Null, [403, 403, 200, 409]),
        row("POST /reviews/{id}/approve", approve, [403, 403, 200, 409]),
        row("POST /reviews/{id}/reject", reject, [403, 403, 200, 409]),
        row("POST /reviews/{id}/note", json!({"text": "seen"}), [403, 403, 201, 201]),
        row("POST /findings/{id}/dismiss", json!({"reason": "x"}), [403, 403, 404, 404]),
        row("GET /authors/{id}", Value::Null, [404, 200, 200, 200]),
    ]
}

fn running_it() -> Vec<Row> {
    vec![
        row("GET /me", Value::Null, EVERYONE),
        row("GET /tokens", Value::Null, EVERYONE),
        row("POST /tokens", json!({"name": "x"}), [201, 201, 201, 201]),
        row("DELETE /tokens/{id}", Value::Null, [404, 404, 404, 404]),
        row("GET /accounts", Value::Null, [403, 403, 403, 200]),
        row("POST /accounts", json!({"name": "somebody"}), [403, 403, 403, 201]),
        row("GET /accounts/{id}", Value::Null, [404, 200, 200, 200]),
        row("PATCH /accounts/{id}", json!({"verified": true}), [403, 403, 403, 200]),
        row("POST /accounts/{id}/tokens", json!({"name": "x"}), [403, 403, 403, 201]),
        row("GET /policy", Value::Null, EVERYONE),
        row("GET /policy/revisions", Value::Null, MAINTAINERS),
        row("GET /policy/revisions/{n}", Value::Null, MAINTAINERS),
        row("POST /policy/plan", json!({"document": {"scopes": {"ban": "deny"}}, "reason": "x"}), [403, 403, 403, 201]),
        row("GET /policy/plans/{id}", Value::Null, [403, 403, 403, 404]),
        row("POST /policy/apply", json!({"plan": NOWHERE}), [403, 403, 403, 404]),
        row("POST /policy/revert", json!({"revision": 1, "reason": "x"}), [403, 403, 403, 200]),
        row("GET /policy/explain", Value::Null, EVERYONE),
        row("GET /servers/{id}/policy", Value::Null, [404, 200, 200, 200]),
        row("PUT /servers/{id}/policy", json!({"document": {}, "reason": "x"}), [404, 412, 403, 412]),
        row(
            "POST /servers/{id}/policy/plan",
            json!({"document": {"scopes": {"ban": "deny"}}, "reason": "x"}),
            [404, 201, 403, 201],
        ),
        row("GET /servers/{id}/policy/plans/{plan}", Value::Null, [404, 404, 404, 404]),
        row("POST /servers/{id}/policy/apply", json!({"plan": NOWHERE}), [404, 404, 403, 404]),
        row("GET /audit", Value::Null, MAINTAINERS),
        row("GET /audit/head", Value::Null, MAINTAINERS),
        row("GET /audit/verify", Value::Null, MAINTAINERS),
        row("GET /nodes", Value::Null, [403, 403, 403, 200]),
        row("GET /events", Value::Null, EVERYONE),
        row("GET /healthz", Value::Null, EVERYONE),
        row("GET /readyz", Value::Null, EVERYONE),
        row("GET /metrics", Value::Null, EVERYONE),
        row("GET /openapi.json", Value::Null, EVERYONE),
        row("GET /docs", Value::Null, EVERYONE),
    ]
}

fn on_servers() -> Vec<Row> {
    let reason = json!({"reason": "a reason"});
    let owners = [404, 200, 403, 200];
    let seen = [404, 200, 200, 200];
    let conflict = [404, 409, 403, 409];
    let described = json!({"name": "Here", "owner": "ada"});
    let announced = json!({"host_api": "1.0.0", "scopes": [], "memory_mib": 1});
    let ack = json!({"attempt": 1, "stage": "state_init", "ok": true});
    let instances = [403, 403, 403, 403];
    vec![
        row("GET /servers", Value::Null, EVERYONE),
        row("GET /servers/{id}", Value::Null, seen),
        row("PUT /servers/{id}", described, instances),
        row("PATCH /servers/{id}", json!({"tier": "plus"}), [404, 403, 403, 200]),
        row("GET /servers/{id}/consents", Value::Null, seen),
        row("GET /servers/{id}/installations", Value::Null, seen),
        row("POST /servers/{id}/installations", json!({"extension": "greeter"}), conflict),
        row("GET /servers/{id}/offers/{extid}", Value::Null, seen),
        row("GET /servers/{id}/installations/{extid}", Value::Null, seen),
        row("PATCH /servers/{id}/installations/{extid}", json!({"follow": "pinned"}), owners),
        row("DELETE /servers/{id}/installations/{extid}", Value::Null, owners),
        row("GET /installations/{id}", Value::Null, seen),
        row("POST /installations/{id}/consent", json!({"grant": []}), [404, 200, 403, 403]),
        row("POST /installations/{id}/revoke", json!({"scopes": ["ban"]}), [404, 422, 403, 422]),
        row("POST /installations/{id}/update", json!({}), conflict),
        row("POST /installations/{id}/rollback", reason.clone(), conflict),
        row("POST /installations/{id}/enable", Value::Null, conflict),
        row("POST /installations/{id}/disable", reason, owners),
        row("POST /installations/{id}/acknowledge", ack, instances),
        row("GET /installations/{id}/config", Value::Null, [404, 200, 404, 200]),
        row("PUT /installations/{id}/config", json!({}), owners),
        row("GET /installations/{id}/flags", Value::Null, seen),
        row("PUT /installations/{id}/flags", json!({"flags": {}}), owners),
        row("GET /installations/{id}/usage", Value::Null, seen),
        row("GET /installations/{id}/secrets", Value::Null, [404, 200, 404, 200]),
        row(
            "PUT /installations/{id}/secrets/{name}",
            json!({"value": "x", "origins": ["https://api.example.com"]}),
            owners,
        ),
        row("DELETE /installations/{id}/secrets/{name}", Value::Null, [404, 404, 403, 404]),
        row("POST /installations/{id}/secrets/{name}/take", Value::Null, instances),
        row("GET /instances", Value::Null, MAINTAINERS),
        row("POST /instances", json!({"name": "shard-2"}), [403, 403, 403, 201]),
        row("GET /instances/{id}", Value::Null, [404, 404, 200, 200]),
        row("PUT /instances/{id}", announced, instances),
        row("POST /instances/{id}/heartbeat", Value::Null, instances),
        row("POST /instances/{id}/acknowledge", json!({"event_id": 1}), instances),
        row("POST /instances/{id}/usage", json!({}), instances),
        row("GET /instances/{id}/installations", Value::Null, [404, 404, 200, 200]),
        row("GET /extensions/{extid}/channel", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/spread", Value::Null, seen),
        row("GET /extensions/{extid}/installations", Value::Null, MAINTAINERS),
        row("GET /extensions/{extid}/versions/{number}/flags", Value::Null, seen),
        row("GET /extensions/{extid}/rollout", Value::Null, seen),
        row("PATCH /extensions/{extid}/rollout", json!({"ring": "all"}), [403, 200, 200, 200]),
        row("GET /extensions/{extid}/notices", Value::Null, seen),
        row("PUT /extensions/{extid}/versions/{number}/flags", json!({"flags": {}}), [403, 204, 204, 204]),
    ]
}

fn selling() -> Vec<Row> {
    let nowhere = [404, 404, 404, 404];
    let reason = json!({"reason": "a reason"});
    let points = json!({"account": "ada", "points": 5, "reason": "a prize"});
    vec![
        row("POST /extensions/{extid}/purchase", json!({"price_points": 5}), [409, 409, 409, 409]),
        row("GET /extensions/{extid}/sales", Value::Null, [404, 200, 404, 200]),
        row("GET /purchases", Value::Null, EVERYONE),
        row("GET /purchases/{id}", Value::Null, nowhere),
        row("POST /purchases/{id}/refund", reason, nowhere),
        row("GET /installations/{id}/grant", Value::Null, [404, 409, 403, 409]),
        row("GET /grants/key", Value::Null, EVERYONE),
        row("GET /points", Value::Null, EVERYONE),
        row("POST /points/grants", points, [403, 403, 403, 201]),
        row("GET /ledger", Value::Null, EVERYONE),
        row("GET /sales", Value::Null, EVERYONE),
    ]
}

fn talking() -> Vec<Row> {
    let reason = json!({"reason": "a reason"});
    let nowhere = [404, 404, 404, 404];
    vec![
        row("GET /authors", Value::Null, MAINTAINERS),
        row("GET /reviews/{id}/thread", Value::Null, nowhere),
        row("POST /reviews/{id}/thread", json!({"text": "hello"}), [404, 404, 200, 200]),
        row("POST /reviews/{id}/thread/read", json!({"n": 1}), nowhere),
        row("GET /threads", Value::Null, EVERYONE),
        row("GET /feedback-templates", Value::Null, MAINTAINERS),
        row("PUT /feedback-templates/{reason}", json!({"text": "say more"}), [403, 403, 403, 200]),
        row("GET /extensions/{extid}/ratings", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/ratings/summary", Value::Null, EVERYONE),
        row("GET /extensions/{extid}/ratings/mine", Value::Null, nowhere),
        row("PUT /extensions/{extid}/ratings/mine", json!({"stars": 4}), [409, 409, 409, 409]),
        row("DELETE /extensions/{extid}/ratings/mine", Value::Null, nowhere),
        row("GET /ratings/{id}", Value::Null, nowhere),
        row("POST /ratings/{id}/reply", json!({"text": "thank you"}), nowhere),
        row("DELETE /ratings/{id}/reply", Value::Null, nowhere),
        row("POST /ratings/{id}/report", json!({"reason": "spam"}), nowhere),
        row("GET /rating-reports", Value::Null, MAINTAINERS),
        row("POST /rating-reports/{id}/uphold", reason.clone(), [403, 403, 404, 404]),
        row("POST /rating-reports/{id}/dismiss", reason, [403, 403, 404, 404]),
    ]
}

fn path_of(route: &str, world: &World) -> String {
    let (method, template) = route.split_once(' ').unwrap();
    let noun = template.split('/').nth(1).unwrap();
    let id = match noun {
        "reviews" => world.review.as_str(),
        "accounts" | "authors" => "ada",
        "servers" => "100",
        "instances" => world.instance.as_str(),
        "installations" => world.installation.as_str(),
        _ => NOWHERE,
    };
    let path = template
        .replace("{extid}", "greeter")
        .replace("{number}", "1.0.0")
        .replace("{sha256}", &world.sha256)
        .replace("{n}", "1")
        .replace("{name}", "API_KEY")
        .replace("{plan}", NOWHERE)
        .replace("{reason}", "quality")
        .replace("{id}", id);
    if template == "/policy/explain" {
        return format!("{path}?field=review.sla_ms");
    }
    if method == "GET" { path } else { format!("{path}?dry_run=true") }
}

/// The status alone: a stream of events has no end to wait for.
async fn status(who: Option<&Person>, url: &str, row: &Row, world: &World) -> u16 {
    let (method, template) = row.route.split_once(' ').unwrap();
    let path = path_of(row.route, world);
    let method: Method = method.parse().unwrap();
    let mut request = match who {
        Some(person) => person.request(method, &path),
        None => raw_client().request(method, format!("{url}{path}")),
    };
    let revision = match template.split('/').nth(1).unwrap() {
        "accounts" => world.owners_revision.clone(),
        // The harness has made the second one.
        "policy" => "2".to_owned(),
        _ => world.revision.to_string(),
    };
    let guard = ROUTES.iter().find(|route| format!("{} {}", route.method, route.path) == row.route).unwrap().guard;
    request = match guard {
        Guard::Exact => request.header("If-Match", format!("\"{revision}\"")),
        Guard::OrAny => request.header("If-Match", "*"),
        Guard::Nothing | Guard::Optional => request,
    };
    if !row.body.is_null() {
        request = request.json(&row.body);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_route_for_every_sort_of_caller() {
    let server = Server::start().await;
    let world = world(&server).await;
    let rows: Vec<Row> = own_things(&world)
        .into_iter()
        .chain(reviewing(&world))
        .chain(running_it())
        .chain(on_servers())
        .chain(selling())
        .chain(talking())
        .collect();
    let mut listed: Vec<&str> = rows.iter().map(|row| row.route).collect();
    let mut routed: Vec<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    listed.sort_unstable();
    routed.sort_unstable();
    assert_eq!(listed, routed, "every route has its row here");

    let administrator = server.administrator();
    let narrow = server.with_rights(administrator, &["read"]).await;
    let unread = server.with_rights(administrator, &["author"]).await;
    let callers = [&world.stranger, &world.owner, &world.maintainer, administrator];
    let mut wrong = Vec::new();
    for row in &rows {
        let access =
            ROUTES.iter().find(|route| format!("{} {}", route.method, route.path) == row.route).unwrap().access;
        let mut found = Vec::new();
        for caller in callers {
            found.push(status(Some(caller), &server.url(), row, &world).await);
        }
        let (nobody, suspended, few) = match access {
            Access::Open => (200, 200, 200),
            Access::Token { .. } => (401, 403, 403),
        };
        found.push(status(None, &server.url(), row, &world).await);
        found.push(status(Some(&world.suspended), &server.url(), row, &world).await);
        let reads = matches!(access, Access::Token { right, .. } if right.name() == "read");
        found.push(status(Some(if reads { &unread } else { &narrow }), &server.url(), row, &world).await);
        let expected: Vec<u16> = row.statuses.into_iter().chain([nobody, suspended, few]).collect();
        if found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", row.route));
        }
    }
    let head = "route: [stranger, owner, maintainer, administrator, nobody, suspended, token with too few rights]";
    assert!(wrong.is_empty(), "{head}\n{}", wrong.join("\n"));
    assert!(world.maintainer.client.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn what_is_not_published_does_not_exist_for_strangers() {
    let server = Server::start().await;
    let (ada, bea) = (server.account("ada").await, server.account("bea").await);
    ada.client.import(Package::greeter("Greeter").bytes(), None).await.unwrap();
    let paths =
        ["", "/export", "/versions", "/versions/1.0.0", "/versions/1.0.0/code", "/versions/1.0.0/checks", "/draft"];
    let mut bodies = Vec::new();
    for path in paths {
        let real = bea.get(&format!("/extensions/greeter{path}")).await;
        let absent = bea.get(&format!("/extensions/nothing{path}")).await;
        assert_eq!((real.status, real.code()), (404, "not_found".to_owned()), "{path}: {}", real.text);
        assert_eq!((absent.status, absent.code()), (404, "not_found".to_owned()), "{path}");
        bodies.push((real.json()["detail"].clone(), absent.json()["detail"].clone()));
    }
    for (real, absent) in bodies {
        let real = real.as_str().unwrap().replace("greeter", "nothing");
        assert_eq!(real, absent.as_str().unwrap(), "the two cannot be told apart");
    }
    let found = bea.client.extensions(&skydeck::client::PageQuery::filtered("greeter")).await.unwrap();
    assert!(found.items.is_empty());
}

#[test]
fn every_route_has_its_method_in_the_client() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let client: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    // A page for people, not for programs.
    let for_people = ["/docs"];
    let missing: Vec<String> = ROUTES
        .iter()
        .filter(|route| !for_people.contains(&route.path))
        .filter(|route| !client.contains(&format!("self.{}(\"{}\"", route.method.to_lowercase(), route.path)))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert!(missing.is_empty(), "not in the client: {missing:?}");
}
