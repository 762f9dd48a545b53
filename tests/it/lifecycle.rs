//! The main job over real HTTP: a package goes in, is checked, claimed, decided, and comes out byte for byte.

use serde_json::{Value, json};
use skydeck::api::extensions::{ExtensionPatch, Reason, Restriction, Rollback};
use skydeck::api::reviews::{Approve, BulkItem, Reject};
use skydeck::api::runs::NewDryRun;
use skydeck::api::versions::Revise;
use skydeck::client::{PageQuery, Seen};
use skydeck::domain::digest::CodeDigests;

use crate::harness::{Package, Server};

/// The document without what an export says about itself.
fn without_provenance(package: &[u8]) -> String {
    let mut document: Value = serde_json::from_slice(package).unwrap();
    document["exported_at"] = Value::Null;
    document["source"] = Value::Null;
    serde_json::to_string(&document).unwrap()
}

#[tokio::test]
async fn from_import_to_an_export_that_is_the_same_byte_for_byte() {
    let server = Server::start().await;
    let (ada, mo, bea) = (server.account("ada").await, server.maintainer("mo").await, server.account("bea").await);

    let made = ada.client.import(Package::banner("Ban Hammer").bytes(), None).await.unwrap();
    assert_eq!((made.extension.slug.as_str(), made.version.stage.as_str()), ("ban-hammer", "saved"));
    let own = ada.client.export("ban-hammer", None).await.unwrap();
    assert_eq!(bea.client.export("ban-hammer", None).await.unwrap_err().status(), Some(404));

    let submitted = ada.submit("ban-hammer", "1.0.0").await;
    assert_eq!(submitted.version.stage, "checking");
    let review = server.checked(&submitted.review_id).await;
    assert_eq!((review.item.stage.as_str(), review.checks.state.as_str()), ("ready", "passed"));
    assert_eq!(review.scopes.declared, ["ban"]);
    assert_eq!(review.scopes.reachable, ["ban"]);
    assert_eq!(review.scopes.exercised, ["ban"]);
    assert_eq!(review.checks.runs.len(), 1);
    assert!(review.checks.rules.iter().any(|rule| rule.rule == "dry_run"));

    let queue = mo.client.queue(&PageQuery::filtered("scope:ban")).await.unwrap();
    assert_eq!(queue.items.len(), 1);
    let parts = queue.items[0].priority.parts;
    assert_eq!(queue.items[0].priority.total, parts.due + parts.risk + parts.reputation);
    assert!(mo.client.queue(&PageQuery::filtered("scope:kick")).await.unwrap().items.is_empty());

    let claimed = mo.client.claim(&review.id, Seen::Nothing).await.unwrap().value;
    assert_eq!((claimed.stage.as_str(), claimed.claimed_by.as_deref()), ("review", Some("mo")));
    mo.client.note(&review.id, "reads like what it says").await.unwrap();
    let run = NewDryRun {
        sha256: review.version.sha256.clone(),
        kind: "command".into(),
        event: None,
        scopes: Some(Vec::new()),
        seed: 7,
    };
    let report = mo.client.dry_run(&run).await.unwrap().report;
    assert_eq!(report["result"]["outcome"]["kind"], "finished", "{report}");
    assert_eq!(report["result"]["scopes"]["exercised"], json!([]), "a scope that is not granted is not exercised");
    let decided = mo.approve(&review.id).await.unwrap();
    let decided = if decided.stage == "ready" {
        let zoe = server.maintainer("zoe").await;
        zoe.client.claim(&review.id, Seen::Nothing).await.unwrap();
        zoe.approve(&review.id).await.unwrap()
    } else {
        decided
    };
    assert_eq!((decided.stage.as_str(), decided.approvals_missing), ("published", 0));

    let published = bea.client.export("ban-hammer", None).await.unwrap();
    assert_eq!(without_provenance(&own), without_provenance(&published));
    let again = bea.client.import(published.clone(), Some("ban-hammer-again")).await.unwrap();
    let twice = bea.client.export(&again.extension.id, None).await.unwrap();
    assert_eq!(without_provenance(&published), without_provenance(&twice));
    let text = String::from_utf8(twice).unwrap();
    assert!(text.contains("18446744073709551615") && text.contains("\"score\": 0.1"), "{text}");
    let code = bea.client.code("ban-hammer", "1.0.0").await.unwrap();
    assert!(code.starts_with(b"\0asm"));
    assert_eq!(bea.client.blob(&review.version.sha256).await.unwrap(), code);

    let verdict = mo.client.verify_audit(None).await.unwrap();
    assert!(verdict.intact && verdict.rows > 5, "{verdict:?}");
    let history = mo.client.review(&review.id).await.unwrap().value.history;
    let actions: Vec<&str> = history.iter().map(|entry| entry.action.as_str()).collect();
    for action in ["version.submit", "review.checks", "review.claim", "review.note", "review.approve"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
}

#[tokio::test]
async fn a_rejected_version_is_revised_saved_and_submitted_again() {
    let server = Server::start().await;
    let (ada, mo) = (server.account("ada").await, server.maintainer("mo").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let seen = mo.client.review(&review.id).await.unwrap().value.revision;
    let empty = Reject { reason: "quality".into(), feedback: "  ".into() };
    assert_eq!(mo.client.reject(&review.id, seen, &empty).await.unwrap_err().status(), Some(422));
    let reject = Reject { reason: "quality".into(), feedback: "say what it greets".into() };
    assert_eq!(mo.client.reject(&review.id, seen, &reject).await.unwrap().stage, "rejected");

    let version = ada.client.version("greeter", "1.0.0").await.unwrap();
    let rejection = version.value.rejection.unwrap();
    assert_eq!((rejection.by.as_deref(), rejection.feedback.as_str()), (Some("mo"), "say what it greets"));
    let error = ada.client.submit("greeter", "1.0.0", Seen::Nothing).await.unwrap_err();
    assert_eq!(error.code(), "stage_conflict", "{error}");

    let revise = Revise { number: "1.0.1".into() };
    let draft = ada.client.revise("greeter", "1.0.0", Seen::Nothing, &revise).await.unwrap().value;
    assert_eq!((draft.stage.as_str(), draft.revised_from.as_deref()), ("draft", Some("1.0.0")));
    let written = ada.client.draft("greeter").await.unwrap();
    let seen = Seen::Revision(written.etag.unwrap().parse().unwrap());
    let package =
        Package::greeter("Greeter").numbered("1.0.1").with("/extension/description", json!("Greets the caller"));
    ada.client.put_draft("greeter", seen, package.bytes()).await.unwrap();
    assert_eq!(ada.client.put_draft("greeter", seen, package.bytes()).await.unwrap_err().status(), Some(412));
    assert_eq!(ada.client.save_draft("greeter", Seen::Nothing).await.unwrap().value.stage, "saved");
    let submitted = ada.submit("greeter", "1.0.1").await;
    assert_eq!(server.checked(&submitted.review_id).await.item.stage, "ready");
    assert_eq!(ada.client.withdraw("greeter", "1.0.1", Seen::Nothing).await.unwrap().value.stage, "withdrawn");
}

#[tokio::test]
async fn checks_reject_what_does_not_end_and_a_rehearsal_says_so_before() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let spinner = Package::endless("Spinner").with("/extension/version/timeout", json!(100));
    ada.client.import(spinner.bytes(), None).await.unwrap();
    let rehearsed = ada.client.rehearsing().submit("spinner", "1.0.0", Seen::Nothing).await.unwrap();
    let checks = rehearsed.checks.unwrap();
    assert_eq!(checks.state, "failed");
    assert!(checks.findings.iter().any(|finding| finding.rule == "dry_run"), "{:?}", checks.findings);
    assert_eq!(ada.client.version("spinner", "1.0.0").await.unwrap().value.stage, "saved", "a rehearsal keeps nothing");

    let submitted = ada.submit("spinner", "1.0.0").await;
    let review = server.checked(&submitted.review_id).await;
    assert_eq!((review.open, review.outcome.as_deref()), (false, Some("rejected")));
    let checks = ada.client.checks("spinner", "1.0.0").await.unwrap();
    assert_eq!(checks.state, "failed");
    assert_eq!(checks.runs[0].report["result"]["outcome"]["kind"], "timed_out");
    let version = ada.client.version("spinner", "1.0.0").await.unwrap().value;
    assert_eq!(version.rejection.unwrap().by, None, "the checks rejected it, nobody else");
}

#[tokio::test]
async fn owners_edit_list_transfer_yank_and_maintainers_hold_and_roll_back() {
    let server = Server::start().await;
    let (ada, bea, mo) = (server.account("ada").await, server.account("bea").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let second = Package::greeter("Greeter").numbered("1.1.0");
    ada.client.put_draft("greeter", Seen::Nothing, second.bytes()).await.unwrap();
    ada.client.save_draft("greeter", Seen::Nothing).await.unwrap();
    let submitted = ada.submit("greeter", "1.1.0").await;
    server.checked(&submitted.review_id).await;
    mo.client.claim(&submitted.review_id, Seen::Nothing).await.unwrap();
    mo.approve(&submitted.review_id).await.unwrap();
    let extension = bea.client.extension("greeter").await.unwrap().value;
    assert_eq!((extension.head.as_deref(), extension.head_revision), (Some("1.1.0"), 2));

    let rollback = Rollback { number: "1.0.0".into(), reason: "1.1.0 greets twice".into() };
    let back = mo.client.roll_back("greeter", Seen::Nothing, &rollback).await.unwrap().value;
    assert_eq!((back.head.as_deref(), back.head_revision), (Some("1.0.0"), 3));
    let yanked = ada.client.yank("greeter", "1.1.0", Seen::Nothing, &Reason { reason: "greets twice".into() }).await;
    assert_eq!(yanked.unwrap().value.yanked.as_deref(), Some("greets twice"));
    assert_eq!(bea.client.export("greeter", Some("1.1.0")).await.unwrap_err().code(), "yanked");
    assert_eq!(ada.client.unyank("greeter", "1.1.0", Seen::Nothing).await.unwrap().value.yanked, None);

    let patch = ExtensionPatch { listing: Some("unlisted".into()), ..ExtensionPatch::default() };
    ada.client.edit_extension("greeter", Seen::Nothing, &patch).await.unwrap();
    assert!(bea.client.extensions(&PageQuery::default()).await.unwrap().items.is_empty());
    assert_eq!(bea.client.extension("greeter").await.unwrap().value.listing, "unlisted");
    let hold = Restriction { reason: "looked into".into(), range: None };
    assert_eq!(mo.client.quarantine("greeter", Seen::Nothing, &hold).await.unwrap().value.listing, "quarantined");
    assert_eq!(bea.client.extension("greeter").await.unwrap_err().status(), Some(404));
    let why = Reason { reason: "nothing was found".into() };
    assert_eq!(mo.client.release_extension("greeter", Seen::Nothing, &why).await.unwrap().value.listing, "listed");
    let rows = mo.get("/audit?action=extension.release").await.json();
    assert_eq!(rows["items"][0]["detail"]["reason"], "nothing was found", "{rows}");

    let offered = ada.client.transfer("greeter", "bea", Seen::Nothing).await.unwrap().value;
    assert_eq!(offered.offered_to.as_deref(), Some("bea"));
    assert_eq!(mo.client.accept_transfer("greeter").await.unwrap_err().status(), Some(403));
    assert_eq!(bea.client.accept_transfer("greeter").await.unwrap().value.owner, "bea");
    assert_eq!(ada.client.edit_extension("greeter", Seen::Nothing, &patch).await.unwrap_err().code(), "not_owner");
    assert_eq!(bea.client.delete_extension("greeter", Seen::Nothing).await.unwrap_err().code(), "published");
}

#[tokio::test]
async fn a_lapsed_claim_is_free_again_and_says_so() {
    let server = Server::start().await;
    let (ada, mo, zoe) = (server.account("ada").await, server.maintainer("mo").await, server.maintainer("zoe").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let before = mo.client.renew(&review.id).await.unwrap().value.lease_until.unwrap();
    server.clock.advance_ms(60_000);
    let after = mo.client.renew(&review.id).await.unwrap().value.lease_until.unwrap();
    assert!(after > before);
    server.clock.advance_ms(24 * 3_600_000);
    let error = mo.approve(&review.id).await.unwrap_err();
    assert!(["lease_lapsed", "stage_conflict"].contains(&error.code()), "{error}");
    let taken = zoe.client.claim_next(None).await.unwrap().unwrap();
    assert_eq!((taken.id.as_str(), taken.claimed_by.as_deref()), (review.id.as_str(), Some("zoe")));
    assert_eq!(mo.client.claim_next(None).await.unwrap(), None);
    zoe.client.release(&review.id).await.unwrap();
    assert!(mo.client.claim_next(Some("author:ada")).await.unwrap().is_some());
}

#[tokio::test]
async fn bulk_answers_for_each_item() {
    let server = Server::start().await;
    let (ada, mo) = (server.account("ada").await, server.maintainer("mo").await);
    let first = server.submitted(&ada, &Package::greeter("First Greeter")).await;
    let second = server.submitted(&ada, &Package::greeter("Other Thing")).await;
    let item = |review: &str, action: &str| BulkItem {
        review_id: review.into(),
        etag: None,
        action: action.into(),
        sha256: None,
        reason: None,
        feedback: None,
    };
    let claims =
        [item(&first.id, "claim"), item(&second.id, "claim"), item("nothing", "claim"), item(&first.id, "dance")];
    let statuses: Vec<u16> = mo.client.bulk(&claims).await.unwrap().iter().map(|result| result.status).collect();
    assert_eq!(statuses, [200, 200, 404, 422]);
    let seen = mo.client.review(&first.id).await.unwrap().value;
    let approve = BulkItem {
        etag: Some(format!("\"{}\"", seen.revision)),
        sha256: Some(seen.version.sha256.clone()),
        ..item(&first.id, "approve")
    };
    let results = mo.client.bulk(&[approve.clone(), item(&second.id, "approve"), approve]).await.unwrap();
    let statuses: Vec<u16> = results.iter().map(|result| result.status).collect();
    assert_eq!((statuses.as_slice(), results[0].stage.as_deref()), (&[200, 428, 412][..], Some("published")));
    assert_eq!(mo.client.bulk(&[]).await.unwrap_err().status(), Some(422));
}

#[tokio::test]
async fn a_changed_byte_is_refused_naming_both_digests() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    ada.client.import(Package::greeter("Greeter").bytes(), None).await.unwrap();
    let exported = String::from_utf8(ada.client.export("greeter", None).await.unwrap()).unwrap();
    let document: Value = serde_json::from_str(&exported).unwrap();
    let code = document["extension"]["code"].as_str().unwrap();
    let claimed = document["extension"]["version"]["sha256"].as_str().unwrap();
    let at = code.len() / 2;
    let other = if &code[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &code[..at], &code[at + 1..]);
    let error = ada.client.import(exported.replace(code, &changed).into_bytes(), Some("other")).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(422), "invalid_package"), "{error}");
    let problem = error.problem().unwrap();
    let sha256 = problem.errors.iter().find(|fault| fault.pointer == "/extension/version/sha256").unwrap();
    assert!(sha256.detail.contains(claimed), "{}", sha256.detail);
    let digests = sha256.detail.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).count();
    assert_eq!(digests, 2, "{}", sha256.detail);
}

#[tokio::test]
async fn an_approval_is_of_the_code_that_was_seen() {
    let server = Server::start().await;
    let (ada, mo) = (server.account("ada").await, server.maintainer("mo").await);
    let review = server.submitted(&ada, &Package::greeter("Greeter")).await;
    mo.client.claim(&review.id, Seen::Nothing).await.unwrap();
    let revision = mo.client.review(&review.id).await.unwrap().value.revision;
    let approve = Approve { sha256: "0".repeat(64), note: None };
    assert_eq!(mo.client.approve(&review.id, revision, &approve).await.unwrap_err().code(), "other_code");
}

#[tokio::test]
async fn two_codes_with_one_md5_are_refused_as_a_collision() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let (first, second) = (Package::greeter("Greeter"), Package::banner("Banner"));
    ada.client.import(first.bytes(), None).await.unwrap();
    // Nobody has two modules with one MD5 at hand, so the one that is stored is said to have the other's.
    let md5 = CodeDigests::of(&second.code()).md5;
    let sql = "UPDATE blobs SET md5 = $1";
    server.store.write(move |tx| tx.execute(sql, &[md5.into()])).await.unwrap();
    let refused = ada.client.import(second.bytes(), None).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (Some(422), "collision"), "{refused}");
    assert!(refused.to_string().contains("attack") && refused.to_string().contains(&md5.to_string()), "{refused}");
    assert_eq!(ada.client.extensions(&PageQuery::default()).await.unwrap().items.len(), 1, "nothing was written");
}
