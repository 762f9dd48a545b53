//! From submitting to a decision.

use super::world::{World, code, finding, number, package, version_of, viewer};
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::Severity;
use crate::domain::id::ReviewId;
use crate::domain::package::Package;
use crate::domain::stage::StageName;
use crate::market::*;
use crate::store::reviews::ReviewOutcome;

#[test]
fn an_import_becomes_a_publication_that_anyone_can_export() {
    let world = World::new();
    let sent = package("Greeter", "1.0.0", &["messages_write"], b"greets");
    let imported = world.import(&world.ada, sent.clone()).unwrap();
    assert_eq!((imported.extension.slug.as_str(), imported.version.stage.name()), ("greeter", StageName::Saved));
    let wanted: ExtensionRef = "greeter".parse().unwrap();
    let hidden = world.reads(|tx| export(tx, &viewer(&world.ben), &wanted, None));
    assert_eq!(code(hidden), "not_found");

    let submitted = world.submit(&world.ada, &version_of(&imported)).unwrap();
    assert_eq!(world.queue(&world.mia, "stage:checking"), ["greeter"]);
    assert_eq!(code(world.claim(&world.mia, submitted.review.id)), "stage_conflict");
    let Recorded::Ready(_) = world.check(&submitted.review, Vec::new()) else { panic!("clean code passes") };
    let claimed = world.claim(&world.mia, submitted.review.id).unwrap();
    let Approved::Published { review, extension } = world.approve(&world.mia, &claimed).unwrap() else {
        panic!("one approval is enough")
    };
    assert_eq!(review.end.unwrap().outcome, ReviewOutcome::Published);
    assert_eq!(extension.head.unwrap().revision, 1);

    let export = world.reads(|tx| export(tx, &viewer(&world.ben), &wanted, None)).unwrap();
    let bytes = export.package(sent.code.bytes.clone(), world.now()).unwrap();
    let again = Package::parse(&bytes).unwrap();
    assert_eq!((again.digests, again.manifest.scopes), (sent.digests, sent.manifest.scopes));
    let detail = world.reads(|tx| review_of(tx, &world, claimed.id)).unwrap();
    let actions: Vec<&str> = detail.history.iter().map(|row| row.entry.action.as_str()).collect();
    assert_eq!(actions, ["review.approve", "review.claim", "review.checks", "version.submit"]);
    assert_eq!((detail.author.record.published, detail.reports.len()), (1, 1));
    world.verify();
}

fn review_of(tx: &mut crate::store::Tx, world: &World, id: ReviewId) -> Result<ReviewDetail, Refused> {
    review(tx, &viewer(&world.mia), id, world.now())
}

#[test]
fn dangerous_scopes_need_two_different_people() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Caller", "1.0.0", &["http_request"]);
    let claimed = world.claim(&world.mia, ready.id).unwrap();
    let Approved::First(first) = world.approve(&world.mia, &claimed).unwrap() else { panic!("two are needed") };
    assert_eq!((first.stage, first.claim), (StageName::Ready, None));
    assert_eq!(code(world.claim(&world.mia, ready.id)), "second_person_needed");
    let claimed = world.claim(&world.max, ready.id).unwrap();
    assert!(matches!(world.approve(&world.max, &claimed), Ok(Approved::Published { .. })));
    world.verify();
}

#[test]
fn of_two_who_claim_one_gets_it_and_the_other_is_told_who_has_it() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    world.claim(&world.mia, ready.id).unwrap();
    let Err(Refused::Stage { who: Some(who), .. }) = world.claim(&world.max, ready.id) else { panic!("it is taken") };
    assert_eq!(who.name, "mia");
    assert_eq!(code(world.claim(&world.mia, ready.id)), "already_yours");
    let seen = world.review(ready.id);
    assert_eq!(code(world.approve(&world.max, &seen)), "claimed_by_other");
    assert!(world.approve(&world.mia, &seen).is_ok());
    let Err(Refused::Precondition { changed, .. }) = world.approve(&world.max, &seen) else { panic!("it is decided") };
    assert_eq!((changed[0].pointer.as_str(), changed[0].by.as_str()), ("/stage", "mia"));
    let Err(Refused::Stage { who: Some(who), .. }) = world.reject(&world.max, &world.review(ready.id), "no") else {
        panic!("it is decided")
    };
    assert_eq!((who.did, who.name.as_str()), ("published", "mia"));
}

#[test]
fn a_stale_decision_is_told_what_changed_and_by_whom() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, ready.id).unwrap();
    world.does(&world.max, |tx, act| note(tx, act, ready.id, "look at the loop")).unwrap();
    let renewed = world.does(&world.mia, |tx, act| renew(tx, act, ready.id)).unwrap();
    assert_eq!(renewed.revision, claimed.revision + 1, "a lease is no change that a decision rests on");
    let Err(Refused::Precondition { changed, revision }) = world.approve(&world.mia, &claimed) else {
        panic!("the note was not seen")
    };
    assert_eq!((changed.len(), changed[0].pointer.as_str(), changed[0].by.as_str()), (1, "/notes", "max"));
    assert_eq!(revision, renewed.revision);
    let other =
        Approve { review: ready.id, if_match: IfMatch::Revision(revision), seen: Sha256Digest::of(b"something else") };
    assert_eq!(code(world.does(&world.mia, |tx, act| approve(tx, act, &other))), "other_code");
    assert!(world.approve(&world.mia, &renewed).is_ok());
}

#[test]
fn nobody_reviews_their_own_submission_even_after_giving_it_away() {
    let world = World::new();
    let ready = world.ready(&world.mia, "Greeter", "1.0.0", &[]);
    assert_eq!(code(world.claim(&world.mia, ready.id)), "own_submission");
    assert_eq!(code(world.claim(&world.ada, ready.id)), "not_found");
    let to = Offer { extension: ready.extension.into(), to: "ben".parse().unwrap(), if_match: IfMatch::Any };
    world.does(&world.mia, |tx, act| offer(tx, act, &to)).unwrap();
    world.does(&world.ben, |tx, act| accept(tx, act, &ready.extension.into())).unwrap();
    assert_eq!(code(world.claim(&world.mia, ready.id)), "own_submission");
    assert!(world.claim(&world.max, ready.id).is_ok());
}

#[test]
fn a_lease_that_ran_out_reads_as_ready_before_and_after_it_is_swept() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, ready.id).unwrap();
    assert_eq!(world.queue(&world.max, "stage:review"), ["greeter"]);
    assert_eq!(world.queue(&world.mia, "claimed:me"), ["greeter"]);
    world.wait_ms(16 * 60_000);
    assert_eq!(world.queue(&world.max, "stage:ready claimed:none"), ["greeter"]);
    assert!(world.queue(&world.max, "stage:review").is_empty() && world.queue(&world.mia, "claimed:me").is_empty());
    assert_eq!(code(world.approve(&world.mia, &claimed)), "lease_lapsed");
    let before = world.head().number;
    assert_eq!(world.scratch.tx(|tx| lapse(tx, world.now())).unwrap(), [ready.id]);
    assert!(world.scratch.tx(|tx| lapse(tx, world.now())).unwrap().is_empty());
    assert_eq!(world.head().number, before + 1);
    let Err(Refused::Precondition { changed, .. }) = world.approve(&world.mia, &claimed) else { panic!("it lapsed") };
    assert_eq!((changed[0].pointer.as_str(), changed[0].by.as_str()), ("/claimed_by", "the marketplace"));
    assert!(world.claim(&world.max, ready.id).is_ok());
    world.verify();
}

#[test]
fn a_claim_can_be_taken_over_where_the_lease_ran_out_unswept() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    world.claim(&world.mia, ready.id).unwrap();
    world.wait_ms(16 * 60_000);
    let claimed = world.claim(&world.max, ready.id).unwrap();
    assert_eq!(claimed.claim.as_ref().unwrap().by_name, "max");
    world.does(&world.max, |tx, act| release(tx, act, ready.id)).unwrap();
    assert_eq!(world.review(ready.id).claim, None);
}

#[test]
fn checks_reject_by_the_policy_and_what_was_dismissed_stays_dismissed() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"x")).unwrap();
    let submitted = world.submit(&world.ada, &version_of(&imported)).unwrap();
    let Recorded::Rejected(rejected) = world.check(&submitted.review, vec![finding(Severity::Error, "env.system")])
    else {
        panic!("an error is rejected")
    };
    assert_eq!(rejected.end.as_ref().unwrap().outcome, ReviewOutcome::FailedChecks);
    assert!(matches!(world.check(&submitted.review, Vec::new()), Recorded::Moot));
    let detail = world.reads(|tx| review_of(tx, &world, rejected.id)).unwrap();
    assert_eq!((detail.author.record.rejected, detail.findings.len()), (0, 1), "only people's rejections count");

    let dismissal = Dismiss {
        finding: detail.findings[0].id,
        if_match: IfMatch::Revision(rejected.revision),
        reason: "known and harmless".to_owned(),
    };
    let after = world.does(&world.mia, |tx, act| dismiss(tx, act, &dismissal)).unwrap();
    assert_eq!((after.findings_count, after.findings_worst), (0, None));
    let revise_as = Revise { version: version_of(&imported), number: number("1.0.1"), if_match: IfMatch::Any };
    let revised = world.does(&world.ada, |tx, act| revise(tx, act, &revise_as)).unwrap();
    assert_eq!((revised.parent, revised.stage.name()), (Some(imported.version.id), StageName::Draft));
    let extension: ExtensionRef = imported.extension.id.into();
    world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Revision(revised.revision))).unwrap();
    let again = world.submit(&world.ada, &VersionRef { extension, number: number("1.0.1") }).unwrap();
    let same = vec![finding(Severity::Error, "env.system"), finding(Severity::Warning, "other")];
    let Recorded::Ready(ready) = world.check(&again.review, same) else { panic!("the finding was dismissed") };
    assert_eq!((ready.findings_count, ready.findings_worst), (1, Some(Severity::Warning)));
    world.verify();
}

#[test]
fn rejecting_needs_words_and_counts_against_the_author() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let waiting = world.ready(&world.ada, "Other", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, ready.id).unwrap();
    assert_eq!(code(world.reject(&world.mia, &claimed, "  ")), "invalid");
    let rejected = world.reject(&world.mia, &claimed, "It greets too often.").unwrap();
    assert_eq!(rejected.end.unwrap().by_name.as_deref(), Some("mia"));
    assert_eq!(world.review(waiting.id).standing, waiting.standing, "a decision does not wait for what it moves");
    assert_eq!(world.scratch.tx(|tx| move_due(tx, world.now())).unwrap(), 1);
    assert_eq!(world.scratch.tx(|tx| move_due(tx, world.now())).unwrap(), 0);
    let after = world.review(waiting.id);
    assert!(after.author_reputation < waiting.author_reputation);
    assert!(after.standing.rank_ms > waiting.standing.rank_ms, "what still waits moves back");
    assert_eq!(after.revision, waiting.revision);
    let version = VersionRef { extension: ready.extension.into(), number: number("1.0.0") };
    assert_eq!(code(world.submit(&world.ada, &version)), "stage_conflict");
}

#[test]
fn the_next_claim_is_the_most_urgent_one_that_is_not_ones_own() {
    let world = World::new();
    world.ready(&world.mia, "Own", "1.0.0", &["ban", "kick"]);
    let risky = world.ready(&world.ada, "Risky", "1.0.0", &["ban"]);
    let plain = world.ready(&world.ada, "Plain", "1.0.0", &[]);
    let next = |filter: &str| {
        let filter = crate::domain::filter::Filter::parse(filter, &crate::domain::filter::QUEUE).unwrap();
        world.does(&world.mia, |tx, act| {
            claim_next(tx, act, &filter).and_then(|row| row.ok_or(Refused::NotFound("claim")))
        })
    };
    assert_eq!(next("-scope:ban").unwrap().id, plain.id);
    assert_eq!(next("").unwrap().id, risky.id);
    assert_eq!(code(next("")), "not_found");
    let nobody = world.does(&world.ada, |tx, act| claim_next(tx, act, &crate::domain::filter::Filter::default()));
    assert_eq!(code(nobody), "right_missing");
}

#[test]
fn a_smaller_number_is_not_published_over_a_greater_one() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.1.0", &[], b"a")).unwrap();
    world.draft(&world.ada, &imported, package("Greeter", "1.2.0", &[], b"b")).unwrap();
    let extension: ExtensionRef = imported.extension.id.into();
    world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Any)).unwrap();
    let ready = |number_text: &str| {
        let version = VersionRef { extension: extension.clone(), number: number(number_text) };
        let submitted = world.submit(&world.ada, &version).unwrap();
        let Recorded::Ready(review) = world.check(&submitted.review, Vec::new()) else { panic!("clean") };
        world.claim(&world.mia, review.id).unwrap()
    };
    let (smaller, greater) = (ready("1.1.0"), ready("1.2.0"));
    world.approve(&world.mia, &greater).unwrap();
    assert_eq!(code(world.approve(&world.mia, &smaller)), "number_not_greater");
}
