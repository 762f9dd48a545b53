//! The policy over real HTTP: an administrator sees beforehand what a draft does, and it does exactly that.

use serde_json::{Value, json};
use skydeck::api::policy::NewPlan;
use skydeck::client::{PageQuery, Seen};

use crate::harness::{Package, Server};

fn draft(document: Value) -> NewPlan {
    NewPlan { document: Some(document), revision: None, reason: "fewer bans".to_owned() }
}

#[tokio::test]
async fn a_draft_is_planned_applied_and_taken_back() {
    let server = Server::start().await;
    let (ada, mo, root) = (server.account("ada").await, server.maintainer("mo").await, server.administrator());
    server.published(&ada, &mo, &Package::banner("Ban Hammer")).await;
    let waiting = server.submitted(&ada, &Package::banner("Second Hammer")).await;
    let before = root.client.policy().await.unwrap().value;

    let document = json!({
        "locked": ["scopes.ban"],
        "scopes": {"ban": "deny"},
        "tiers": {"free": {"memory_mib": 16}},
        "review": {"sla_ms": 60_000},
    });
    let plan = root.client.plan_policy(&draft(document.clone())).await.unwrap();
    let effect = |code: &str| plan.impact.effects.iter().find(|effect| effect.code == code).unwrap();
    assert_eq!((effect("catalogue_denied").count, effect("queue_denied").count), (1, 1));
    assert_eq!(effect("queue_denied").examples[0].name, "second-hammer 1.0.0");
    let memory = plan.impact.measured.iter().find(|one| one.field == "tiers.free.memory_mib").unwrap();
    assert_eq!((memory.extensions, memory.unmeasured), (1, 0), "what the worker measured is counted");
    assert!(memory.most >= 65_536, "{memory:?}");
    assert_eq!(root.client.policy().await.unwrap().value, before, "a plan changes nothing");
    assert_eq!(root.client.policy_plan(&plan.id).await.unwrap(), plan);

    let other = root.client.plan_policy(&draft(json!({"review": {"lease_ms": 60_000}}))).await.unwrap();
    let rehearsed = root.client.rehearsing().apply_policy(&plan.id, plan.base).await.unwrap();
    assert_eq!(root.client.policy().await.unwrap().value, before, "{rehearsed:?} was a rehearsal");
    let applied = root.client.apply_policy(&plan.id, plan.base).await.unwrap();
    assert_eq!(applied.impact, plan.impact);
    assert_eq!(applied.revision.number, before.number + 1);
    assert_eq!(applied.revision.document["scopes"]["ban"], "deny");

    let stale = root.client.apply_policy(&other.id, other.base).await.unwrap_err();
    assert_eq!((stale.status(), stale.code()), (Some(412), "stale"));
    let changed = &stale.problem().unwrap().changed;
    let ban = changed.iter().find(|one| one.pointer == "/document/scopes/ban").unwrap();
    assert_eq!(Some(&ban.by), applied.revision.by.as_ref());
    mo.client.claim(&waiting.id, Seen::Nothing).await.unwrap();
    let refused = mo.approve(&waiting.id).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (Some(409), "scope_denied"));
    let denied = ada.client.import(Package::banner("Third Hammer").bytes(), None).await.unwrap();
    let third = ada.submit(&denied.extension.slug, "1.0.0").await;
    assert_eq!(server.checked(&third.review_id).await.item.stage, "rejected", "the checks read the new policy");

    let explained = ada.client.explain_policy("scopes.ban", None, None).await.unwrap();
    assert_eq!((explained.value.as_str(), explained.from.layer.as_str()), ("deny", "global"));
    assert_eq!(explained.from.revision, Some(applied.revision.number));
    assert_eq!(explained.lock.unwrap().by, applied.revision.by);

    let back = root.client.revert_policy(before.number, "too strict", applied.revision.number).await.unwrap();
    assert_eq!(back.revision.document, before.document);
    assert_eq!(back.revision.restores, Some(before.number));
    mo.approve(&waiting.id).await.unwrap();
    let history = mo.client.policy_revisions(&PageQuery::default().limited(2)).await.unwrap();
    assert_eq!(history.items.iter().map(|one| one.number).collect::<Vec<_>>(), [before.number + 2, before.number + 1]);
    let lines: Vec<&str> = history.items[1].changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(lines[0], "scopes.ban");
    assert!(mo.client.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn a_plan_whose_ground_moved_is_refused_with_the_difference() {
    let server = Server::start().await;
    let (ada, root) = (server.account("ada").await, server.administrator());
    let plan = root.client.plan_policy(&draft(json!({"scopes": {"ban": "deny"}}))).await.unwrap();
    server.submitted(&ada, &Package::banner("Ban Hammer")).await;
    let stale = root.client.apply_policy(&plan.id, plan.base).await.unwrap_err();
    assert_eq!(stale.status(), Some(412));
    let error = &stale.problem().unwrap().errors[0];
    assert_eq!(error.pointer, "/impact/effects/queue_denied");
    assert!(error.detail.contains("none before, 1 now, such as ban-hammer 1.0.0"), "{}", error.detail);
}

#[tokio::test]
async fn every_fault_of_a_draft_comes_at_once_and_nothing_is_kept() {
    let server = Server::start().await;
    let root = server.administrator();
    let faulty = json!({"document": {
        "scopes": {"webhook": "deny", "ban": "never"},
        "review": {"sla_ms": -1, "second_reviewer_per_mille": 1_001, "lease_ms": "long"},
        "tiers": {"free": {"memory_mib": 1_000_000_000_000_000_000_u64}},
        "network_allowlist": ["https://a.example", "*.b.example", "10.0.0.1"],
        "locked": ["review.sla_ms"],
    }, "reason": "x"});
    let answer = root.post("/policy/plan", &faulty).await;
    assert_eq!((answer.status, answer.code().as_str()), (422, "invalid"), "{}", answer.text);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        pointers,
        [
            "/document/scopes/webhook",
            "/document/scopes/ban",
            "/document/review/sla_ms",
            "/document/review/second_reviewer_per_mille",
            "/document/review/lease_ms",
            "/document/tiers/free/memory_mib",
            "/document/network_allowlist/0",
            "/document/network_allowlist/1",
            "/document/network_allowlist/2",
            "/document/locked/0",
        ]
    );
    assert!(errors[0]["detail"].as_str().unwrap().ends_with("did you mean webhooks?"));
    let both = root.post("/policy/plan", &json!({"document": {}, "revision": 1, "reason": "x"})).await;
    assert_eq!(both.status, 422, "{}", both.text);
    let empty = root.post("/policy/plan", &json!({"document": {"scopes": {"ban": "deny"}}, "reason": " "})).await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    let unknown = root.get("/policy/explain?field=scopes.webhook").await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.text.contains("did you mean scopes.webhooks?"), "{}", unknown.text);
    assert_eq!(root.client.policy().await.unwrap().value.number, 2, "nothing was put in force");
}

#[tokio::test]
async fn a_servers_owner_plans_and_applies_what_the_server_overrides() {
    use skydeck::api::policy::NewServerPolicy;
    let server = Server::start().await;
    let (ada, mo, root) = (server.account("ada").await, server.maintainer("mo").await, server.administrator());
    let shard = skydeck::api::instances::NewInstance { name: "shard-1".to_owned() };
    let made = root.client.create_instance(&shard);
    let made = made.await.unwrap();
    let bot = skydeck::client::Client::new(server.url().parse().unwrap(), Some(made.secret.parse().unwrap())).unwrap();
    let described =
        skydeck::api::servers::ServerDescription { name: "Here".to_owned(), owner: "ada".to_owned(), tier: None };
    let id = bot.describe_server("100", &described).await.unwrap().id;
    let new = |document: Value| NewServerPolicy { document, reason: "quieter".to_owned() };
    let plan = ada.client.plan_server_policy("100", &new(json!({"scopes": {"ban": "deny"}}))).await.unwrap();
    assert_eq!((plan.server_id.as_ref(), plan.base), (Some(&id), 0));
    assert_eq!(ada.client.server_policy_plan("100", &plan.id).await.unwrap(), plan);
    let moved = ada.client.plan_server_policy("100", &new(json!({"scopes": {"kick": "deny"}}))).await.unwrap();
    let applied = ada.client.apply_server_policy("100", &plan.id, plan.base).await.unwrap();
    assert_eq!((applied.policy.number, applied.impact), (1, plan.impact));
    let stale = ada.client.apply_server_policy("100", &moved.id, 1).await.unwrap_err();
    assert_eq!((stale.status(), stale.problem().unwrap().changed[0].by.as_str()), (Some(412), "ada"));
    let read = mo.client.apply_server_policy("100", &moved.id, 1).await.unwrap_err();
    assert_eq!(read.status(), Some(403), "a maintainer only looks");
    let explained = ada.client.explain_policy("scopes.ban", Some("100"), None).await.unwrap();
    assert_eq!((explained.value.as_str(), explained.from.layer.as_str()), ("deny", "server"));
}

#[tokio::test]
async fn of_two_administrators_at_once_one_is_told_what_the_other_did() {
    let server = Server::start().await;
    let root = server.administrator();
    let account = skydeck::api::accounts::NewAccount {
        name: "rita".to_owned(),
        role: Some("administrator".to_owned()),
        verified: true,
    };
    let made = root.client.create_account(&account).await.unwrap().value;
    let rita = server.token_of(&made.id, &skydeck::api::accounts::NewToken::default()).await;
    let before = root.client.policy().await.unwrap().value.number;
    let (first, second) = (
        root.client.plan_policy(&draft(json!({"scopes": {"ban": "deny"}}))).await.unwrap(),
        rita.client.plan_policy(&draft(json!({"scopes": {"kick": "deny"}}))).await.unwrap(),
    );
    let (one, two) = tokio::join!(
        root.client.apply_policy(&first.id, first.base),
        rita.client.apply_policy(&second.id, second.base)
    );
    let current = root.client.policy().await.unwrap().value;
    assert_eq!(current.number, before + 1, "one of the two was put in force");
    let (won, lost, field) = match (one, two) {
        (Ok(won), Err(lost)) => (won, lost, "/document/scopes/ban"),
        (Err(lost), Ok(won)) => (won, lost, "/document/scopes/kick"),
        both => panic!("{both:?}"),
    };
    assert_eq!((lost.status(), lost.code()), (Some(412), "stale"));
    let changed = &lost.problem().unwrap().changed;
    assert!(changed.iter().any(|one| one.pointer == field && Some(&one.by) == won.revision.by.as_ref()), "{changed:?}");
    assert_eq!(current.document["scopes"], won.revision.document["scopes"]);
}
