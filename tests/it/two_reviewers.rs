//! Two people at the same thing at once: exactly one succeeds, and the other learns who and when.

use reqwest::Method;
use serde_json::json;
use skydeck::client::{AuditQuery, PageQuery, Seen};

use crate::harness::{Package, Server, answer};

#[tokio::test]
async fn two_claims_at_once_have_one_winner() {
    let server = Server::start().await;
    let (ada, mo, zoe) = (server.account("ada").await, server.maintainer("mo").await, server.maintainer("zoe").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    let (first, second) =
        tokio::join!(mo.client.claim(&review.id, Seen::Nothing), zoe.client.claim(&review.id, Seen::Nothing));
    let (won, lost) = match (first, second) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.value, lost),
        both => panic!("one has to win: {both:?}"),
    };
    assert_eq!((lost.status(), lost.code()), (Some(409), "claimed_by_other"));
    assert!(lost.to_string().contains(&won.claimed_by.unwrap()), "{lost}");
    assert!(lost.to_string().contains(&won.lease_until.unwrap()), "{lost}");
}

#[tokio::test]
async fn two_approvals_at_once_have_one_winner_and_the_other_learns_who_and_when() {
    let server = Server::start().await;
    let (ada, mo, zoe) = (server.account("ada").await, server.maintainer("mo").await, server.maintainer("zoe").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let seen = mo.client.review(&review.id).await.unwrap().value;
    let approve = skydeck::api::reviews::Approve { sha256: seen.version.sha256.clone(), note: None };
    // The same person in two windows, and another maintainer: one decision is taken.
    let other_window = server.with_rights(&mo, &["read", "review"]).await;
    let (first, second, third) = tokio::join!(
        mo.client.approve(&review.id, seen.revision, &approve),
        other_window.client.approve(&review.id, seen.revision, &approve),
        zoe.client.approve(&review.id, seen.revision, &approve),
    );
    let outcomes = [first, second, third];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(lost.status(), Some(409 | 412)), "{lost}");
        let said = lost.to_string();
        assert!(said.contains("mo") && said.contains("2026-"), "{said}");
    }
    let rows = mo
        .client
        .audit(&AuditQuery { action: Some("review.approve".into()), ..AuditQuery::default() }, &PageQuery::default())
        .await
        .unwrap();
    assert_eq!(rows.items.len(), 1);
}

#[tokio::test]
async fn nobody_reviews_their_own_submission() {
    let server = Server::start().await;
    let (mo, zoe) = (server.maintainer("mo").await, server.maintainer("zoe").await);
    let review = server.submitted(&mo, &Package::greeter("Greeter")).await;
    let error = mo.client.claim(&review.id, Seen::Nothing).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(403), "own_submission"), "{error}");
    assert_eq!(mo.client.claim_next(None).await.unwrap(), None, "claim-next passes over one's own");
    zoe.client.claim(&review.id, Seen::Nothing).await.unwrap();
    assert_eq!(mo.approve(&review.id).await.unwrap_err().code(), "own_submission");
}

#[tokio::test]
async fn a_stale_decision_is_refused_and_says_what_changed() {
    let server = Server::start().await;
    let (ada, mo, zoe) = (server.account("ada").await, server.maintainer("mo").await, server.maintainer("zoe").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let seen = mo.client.review(&review.id).await.unwrap().value;
    zoe.client.note(&review.id, "look at the manifest again").await.unwrap();
    let approve = skydeck::api::reviews::Approve { sha256: seen.version.sha256.clone(), note: None };
    let error = mo.client.approve(&review.id, seen.revision, &approve).await.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (412, "stale"));
    assert_eq!((problem.changed[0].pointer.as_str(), problem.changed[0].by.as_str()), ("/notes", "zoe"));
    assert_eq!(problem.etag.as_deref(), Some(format!("\"{}\"", seen.revision + 1).as_str()));
    mo.client.renew(&review.id).await.unwrap();
    assert_eq!(mo.client.approve(&review.id, seen.revision + 1, &approve).await.unwrap().stage, "published");
}

#[tokio::test]
async fn an_approval_without_a_revision_is_428() {
    let server = Server::start().await;
    let (ada, mo) = (server.account("ada").await, server.maintainer("mo").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let path = format!("/reviews/{}/approve", review.id);
    let body = json!({"sha256": review.version.sha256});
    assert_eq!(mo.post(&path, &body).await.status, 428);
    let anything = mo.request(Method::POST, &path).header("If-Match", "*").json(&body);
    assert_eq!(answer(anything).await.status, 428);
    let nonsense = mo.request(Method::POST, &path).header("If-Match", "W/\"1\"").json(&body);
    assert_eq!(answer(nonsense).await.status, 400);
}
