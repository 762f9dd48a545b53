//! Threads about rejections, unread marks, whose turn it is, and the templates of feedback.

use super::world::{World, code, finding, package, version_of, viewer};
use crate::domain::extension::{ReasonCode, feedback_template};
use crate::domain::finding::Severity;
use crate::domain::id::ReviewId;
use crate::domain::limits::THREAD_MESSAGES_PER_HOUR_MAX;
use crate::domain::thread::{Side, Turn};
use crate::market::*;
use crate::store::threads::ThreadLine;

fn rejected(world: &World) -> ReviewId {
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, ready.id).unwrap();
    world.reject(&world.mia, &claimed, "too *loud*").unwrap().id
}

fn words(review: ReviewId, text: &str) -> Said {
    Said { review, text: text.to_owned(), turn: None }
}

fn lines(world: &World, who: &crate::domain::account::Caller, turn: Option<Turn>) -> Vec<ThreadLine> {
    world.reads(|tx| threads(tx, &viewer(who), turn, None, 10)).unwrap()
}

#[test]
fn a_rejection_opens_a_thread_in_which_owner_and_reviewers_take_turns() {
    let world = World::new();
    let review = rejected(&world);
    assert_eq!(lines(&world, &world.ada, Some(Turn::Owner))[0].unread, 1);
    assert_eq!(lines(&world, &world.mia, None)[0].unread, 0, "she wrote it");
    assert_eq!(lines(&world, &world.max, None)[0].unread, 1, "each reader has marks of their own");
    assert!(lines(&world, &world.ben, None).is_empty(), "it is not his");
    assert_eq!(code(world.reads(|tx| thread(tx, &viewer(&world.ben), review)).map(|_| ())), "not_found");
    let said = words(review, "how loud may it be?");
    assert_eq!(code(world.does(&world.ben, |tx, act| say(tx, act, &said))), "not_found");
    world.does(&world.ada, |tx, act| say(tx, act, &said)).unwrap();
    assert_eq!(lines(&world, &world.max, Some(Turn::Reviewers))[0].unread, 2);
    world.scratch.tx(|tx| mark_read(tx, &world.act(&world.max), review, i64::MAX)).unwrap();
    world.scratch.tx(|tx| mark_read(tx, &world.act(&world.max), review, 1)).unwrap();
    assert_eq!(lines(&world, &world.max, None)[0].unread, 0, "what was read stays read");
    let settling = Said { turn: Some(Turn::Nobody), ..words(review, "like the others") };
    world.does(&world.max, |tx, act| say(tx, act, &settling)).unwrap();
    let found = world.reads(|tx| thread(tx, &viewer(&world.ada), review)).unwrap();
    let told: Vec<_> = found.messages.iter().map(|one| (one.side, one.by_name.as_deref(), one.text.as_str())).collect();
    let expected = [
        (Side::Reviewer, Some("mia"), "too *loud*"),
        (Side::Owner, Some("ada"), "how loud may it be?"),
        (Side::Reviewer, Some("max"), "like the others"),
    ];
    assert_eq!((told.as_slice(), found.row.turn, found.read_until), (expected.as_slice(), Turn::Nobody, 2));
    world.verify();
}

#[test]
fn the_checks_open_one_too_and_a_new_submission_settles_it() {
    let world = World::new();
    let flawed = world.import(&world.ada, package("Flawed", "1.0.0", &[], b"x")).unwrap();
    let submitted = world.submit(&world.ada, &version_of(&flawed)).unwrap();
    world.check(&submitted.review, vec![finding(Severity::Error, "env.system")]);
    let found = world.reads(|tx| thread(tx, &viewer(&world.ada), submitted.review.id)).unwrap();
    assert_eq!(
        (found.row.turn, found.messages[0].side, &found.messages[0].by_name),
        (Turn::Owner, Side::Checks, &None)
    );
    world.draft(&world.ada, &flawed, package("Flawed", "1.0.1", &[], b"y")).unwrap();
    let of = ExtensionRef::Id(flawed.extension.id);
    world.does(&world.ada, |tx, act| save(tx, act, &of, IfMatch::Any)).unwrap();
    let next = VersionRef { extension: of, number: "1.0.1".parse().unwrap() };
    let second = world.submit(&world.ada, &next).unwrap();
    let found = world.reads(|tx| thread(tx, &viewer(&world.ada), submitted.review.id)).unwrap();
    assert_eq!(found.row.turn, Turn::Nobody);

    let asks = words(second.review.id, "why does it need a loop?");
    assert_eq!(code(world.does(&world.ada, |tx, act| say(tx, act, &asks))), "not_found", "nobody asked her anything");
    let asked = world.does(&world.mia, |tx, act| say(tx, act, &asks)).unwrap();
    assert_eq!(asked.turn, Turn::Owner);
}

#[test]
fn what_is_said_is_plain_and_not_too_much() {
    let world = World::new();
    let review = rejected(&world);
    for bad in ["", "a\u{1b}[2J", "a\u{2067}b", &"x".repeat(1 << 20)] {
        let said = words(review, bad);
        assert_eq!(code(world.does(&world.ada, |tx, act| say(tx, act, &said))), "invalid", "{bad:.9}");
    }
    let said = words(review, "and?");
    let quickly = world.act(&world.ada);
    for _ in 0..THREAD_MESSAGES_PER_HOUR_MAX {
        world.scratch.tx(|tx| say(tx, &quickly, &said)).unwrap();
    }
    assert_eq!(code(world.scratch.tx(|tx| say(tx, &quickly, &said))), "too_often");
}

#[test]
fn administrators_keep_the_templates() {
    let world = World::new();
    let spam = ReasonCode::Spam;
    let all = world.reads(templates).unwrap();
    assert_eq!(all.len(), ReasonCode::ALL.len());
    assert!(all.iter().all(|one| one.text == feedback_template(one.reason) && one.revision == 0));
    let refused = world.does(&world.mia, |tx, act| set_template(tx, act, spam, IfMatch::Any, "x"));
    assert_eq!(code(refused), "right_missing");
    let first = world.does(&world.root, |tx, act| set_template(tx, act, spam, IfMatch::Revision(0), "Stop.")).unwrap();
    assert_eq!((first.text.as_str(), first.revision), ("Stop.", 1));
    let stale = world.does(&world.root, |tx, act| set_template(tx, act, spam, IfMatch::Revision(0), "No."));
    assert_eq!(code(stale), "changed_meanwhile");
    let kept = world.reads(templates).unwrap();
    let kept = kept.iter().find(|one| one.reason == spam).unwrap();
    assert_eq!(kept.changed.as_ref().map(|(by, _)| by.as_str()), Some("root"));
}
