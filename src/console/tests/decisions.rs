//! Decisions: never by one key, held back, kept when they cannot be sent.

use super::desk::Desk;
use crate::api::problem::Changed;
use crate::api::reviews::Decided;
use crate::console::drafts::Draft;
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Reply, Signal, Verb};
use crate::console::fixture::NOW;

const ID: &str = "01920000-0000-7000-8000-000000000001";

fn decided(effects: &[Effect]) -> Vec<(Verb, String)> {
    let text = |effect: &Effect| match effect {
        Effect::Decide(decision) => Some((decision.verb, decision.text.clone())),
        _ => None,
    };
    effects.iter().filter_map(text).collect()
}

fn saved(effects: &[Effect]) -> Vec<Draft> {
    let draft = |effect: &Effect| match effect {
        Effect::SaveDraft(draft) => Some(draft.clone()),
        _ => None,
    };
    effects.iter().filter_map(draft).collect()
}

#[test]
fn a_rejection_is_asked_written_confirmed_and_held_back_before_it_is_sent() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("x").sees("Reject: for which reason?");
    desk.press("down enter").write("Tell members what you keep.").press("ctrl-s");
    desk.sees("27 characters of feedback").sees("privacy");
    assert_eq!(decided(&desk.asked()), []);
    desk.press("enter").sees("To be sent in 5 s: reject raid-shield 1.1.0");
    desk.later(4_900);
    let asked = desk.asked();
    assert_eq!(decided(&asked), []);
    assert_eq!(saved(&asked).last().unwrap().text, "Tell members what you keep.");
    desk.later(100);
    assert_eq!(decided(&desk.asked()), [(Verb::Reject, "Tell members what you keep.".to_owned())]);
    desk.does_not_see("To be sent");
}

#[test]
fn a_decision_taken_back_sends_nothing_and_keeps_the_text() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("x enter").write("No.").press("ctrl-s enter").later(2_000).press("u");
    desk.later(60_000);
    assert_eq!(decided(&desk.asked()), []);
    desk.press("x").sees("No.").sees("security");
}

#[test]
fn an_approval_says_in_numbers_what_it_does_and_carries_what_was_seen() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("a").sees("1 new of 4 scopes: ban").sees("every server can install it");
    desk.press("down enter").does_not_see("To be sent");
    desk.press("a enter").later(5_000);
    let asked = desk.asked();
    let decision = asked.iter().find_map(|effect| match effect {
        Effect::Decide(decision) => Some(decision),
        _ => None,
    });
    let decision = decision.unwrap();
    assert_eq!((decision.revision, decision.sha256.starts_with("9f86")), (4, true));
}

#[test]
fn what_is_not_claimed_cannot_be_decided() {
    let mut desk = Desk::reviewing(80, 24, 0);
    desk.press("a").sees("Claim it first");
    desk.press("x").sees("Claim it first").does_not_see("which reason");
}

#[test]
fn leaving_within_the_time_sends_nothing_and_the_draft_is_offered_again() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("x enter").write("Kept.").press("ctrl-s enter").later(1_000);
    desk.give(Event::Signal(Signal::Terminate));
    assert!(desk.model.leaving);
    let asked = desk.asked();
    assert_eq!(decided(&asked), []);
    let draft = saved(&asked).pop().unwrap();
    let mut next = Desk::with_rows(80, 24, 25);
    next.reply(Reply::Drafts(Ok(vec![draft]))).sees("Kept from last time").sees("reject raid-shield 1.1.0");
    next.press("enter").answer_review(1).sees("Kept.").sees("security");
}

#[test]
fn what_is_typed_is_on_disk_a_moment_later_and_at_the_latest_when_leaving() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("n").write("half a sen");
    assert_eq!(saved(&desk.asked()), []);
    desk.later(300);
    assert_eq!(saved(&desk.asked())[0].text, "half a sen");
    desk.write("tence").give(Event::Signal(Signal::Terminate));
    assert_eq!(saved(&desk.asked())[0].text, "half a sentence");
}

#[test]
fn a_decision_on_something_that_changed_keeps_its_text_and_says_what_changed() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("x enter").write("Mind the scope.").press("ctrl-s enter").later(5_000);
    let changed = vec![Changed { pointer: "/notes".to_owned(), by: "zoe".to_owned(), at: NOW.to_string() }];
    let failure = Failure { text: "changed".to_owned(), status: Some(412), changed, ..Failure::default() };
    desk.asked();
    let draft = Some(format!("reject-{ID}"));
    desk.reply(Reply::Decided { review_id: ID.to_owned(), verb: Verb::Reject, draft, answer: Err(failure) });
    desk.sees("It changed").sees("notes by zoe");
    let asked = desk.asked();
    assert!(asked.iter().any(|effect| matches!(effect, Effect::LoadReview { .. })));
    assert!(!asked.iter().any(|effect| matches!(effect, Effect::RemoveDraft(_))));
    desk.press("esc x").sees("Mind the scope.");
}

#[test]
fn a_decision_that_is_done_removes_its_draft() {
    let mut desk = Desk::reviewing(80, 24, 1);
    let done = Decided { review_id: ID.to_owned(), stage: "published".to_owned(), approvals_missing: 0, revision: 5 };
    let draft = Some(format!("approve-{ID}"));
    desk.reply(Reply::Decided { review_id: ID.to_owned(), verb: Verb::Approve, draft, answer: Ok(Some(done)) });
    desk.sees("raid-shield 1.1.0 is published");
    assert!(
        desk.asked().iter().any(|effect| matches!(effect, Effect::RemoveDraft(key) if key.starts_with("approve-")))
    );
}

#[test]
fn without_a_connection_decisions_are_refused_and_texts_kept() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("n").write("Later.");
    desk.give(Event::Live(Live::Lost { error: "connection refused".to_owned(), retry_at: NOW }));
    desk.press("ctrl-s").sees("there is no connection").sees("Later.");
    let asked = desk.asked();
    assert_eq!(decided(&asked), []);
    assert_eq!(saved(&asked)[0].text, "Later.");
}

#[test]
fn a_claim_is_renewed_at_a_third_of_its_lease_while_the_review_is_open() {
    let mut desk = Desk::reviewing(80, 24, 1);
    let renewed = |effects: Vec<Effect>| {
        effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Turn { turn: crate::console::event::Turn::Renew, .. }))
            .count()
    };
    desk.later(7 * 60_000);
    assert_eq!(renewed(desk.asked()), 0);
    desk.later(62_000);
    assert_eq!(renewed(desk.asked()), 1);
}

#[test]
fn a_finding_is_dismissed_with_a_reason() {
    let mut desk = Desk::reviewing(80, 24, 1);
    desk.press("m").sees("which finding?").press("enter").write("It is optional.").press("ctrl-s");
    let asked = desk.asked();
    let found = asked.iter().any(
        |effect| matches!(effect, Effect::Decide(decision) if decision.finding.as_deref() == Some("scopes") && decision.text == "It is optional."),
    );
    assert!(found, "{asked:?}");
}
