//! Every stage against every command, and the guards that data decides.

use super::*;
use crate::domain::id::Entropy;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

fn account(seed: u8) -> AccountId {
    AccountId::mint(NOW, &mut Entropy::from_seed([seed; 32]))
}

fn owner() -> Actor {
    Actor::Account { account: account(1), role: Role::User, relation: Relation::Owner }
}

fn maintainer(seed: u8) -> Actor {
    Actor::Account { account: account(seed), role: Role::Maintainer, relation: Relation::Stranger }
}

fn code() -> Sha256Digest {
    Sha256Digest::of(b"code")
}

fn approve(needed: ApprovalsNeeded) -> Command {
    Command::Approve { seen: code(), stored: code(), needed }
}

fn reject(feedback: &str) -> Command {
    Command::Reject { reason: ReasonCode::Other, feedback: feedback.to_owned() }
}

fn in_review_by(seed: u8) -> Stage {
    Stage::Review { by: account(seed), lease_until: NOW.plus_ms(1), first_approval: None }
}

fn stages() -> Vec<Stage> {
    vec![
        Stage::Draft,
        Stage::Saved,
        Stage::Checking,
        Stage::Ready { first_approval: None },
        in_review_by(2),
        Stage::Rejected { at: NOW, by: None, reason: ReasonCode::Other, feedback: "no".to_owned() },
        Stage::Withdrawn { at: NOW },
        Stage::Published { at: NOW, yanked: None },
        Stage::Published { at: NOW, yanked: Some("bad".to_owned()) },
    ]
}

fn decided(stage: &Stage, command: &Command, actor: &Actor) -> Result<Outcome, Refusal> {
    decide(stage, command, actor, &Policy::default(), NOW)
}

fn name_after(result: Result<Outcome, Refusal>) -> &'static str {
    match result {
        Ok(Outcome::Becomes(stage)) => stage.name().name(),
        Ok(Outcome::NewDraft) => "new draft",
        Err(_) => "-",
    }
}

#[test]
fn the_whole_table() {
    let fail = Command::FailChecks { feedback: "x".to_owned(), reason: ReasonCode::Security };
    let yank = Command::Yank { reason: "bad".to_owned() };
    let rows: Vec<(Command, Actor, [&str; 9])> = vec![
        (Command::Save, owner(), ["saved", "-", "-", "-", "-", "-", "-", "-", "-"]),
        (Command::Edit, owner(), ["-", "draft", "-", "-", "-", "-", "-", "-", "-"]),
        (Command::Revise, owner(), ["-", "-", "-", "-", "-", "new draft", "new draft", "-", "-"]),
        (Command::Submit, owner(), ["-", "checking", "-", "-", "-", "-", "checking", "-", "-"]),
        (Command::PassChecks, Actor::System, ["-", "-", "ready", "-", "-", "-", "-", "-", "-"]),
        (fail, Actor::System, ["-", "-", "rejected", "-", "-", "-", "-", "-", "-"]),
        (Command::Withdraw, owner(), ["-", "-", "withdrawn", "withdrawn", "-", "-", "-", "-", "-"]),
        (Command::Claim, maintainer(3), ["-", "-", "-", "review", "-", "-", "-", "-", "-"]),
        (Command::Renew, maintainer(2), ["-", "-", "-", "-", "review", "-", "-", "-", "-"]),
        (Command::Release, maintainer(2), ["-", "-", "-", "-", "ready", "-", "-", "-", "-"]),
        (approve(ApprovalsNeeded::One), maintainer(2), ["-", "-", "-", "-", "published", "-", "-", "-", "-"]),
        (approve(ApprovalsNeeded::Two), maintainer(2), ["-", "-", "-", "-", "ready", "-", "-", "-", "-"]),
        (reject("no"), maintainer(2), ["-", "-", "-", "-", "rejected", "-", "-", "-", "-"]),
        (yank, owner(), ["-", "-", "-", "-", "-", "-", "-", "published", "published"]),
        (Command::Unyank, maintainer(2), ["-", "-", "-", "-", "-", "-", "-", "-", "published"]),
    ];
    for (command, actor, expected) in rows {
        for (stage, expected) in stages().iter().zip(expected) {
            let result = decided(stage, &command, &actor);
            assert_eq!(name_after(result.clone()), expected, "{stage:?} {command:?}");
            if let Err(Refusal::WrongStage { stage: named, allowed, .. }) = result {
                assert_eq!(named, stage.name());
                assert!(!allowed.is_empty());
            }
        }
    }
}

#[test]
fn who_may_command_is_looked_at_first() {
    let stranger = Actor::Account { account: account(9), role: Role::User, relation: Relation::Stranger };
    let owning_maintainer = Actor::Account { account: account(1), role: Role::Maintainer, relation: Relation::Owner };
    let ready = Stage::Ready { first_approval: None };
    for command in [Command::Save, Command::Submit, Command::Withdraw, Command::Revise, Command::Edit] {
        assert!(matches!(decided(&Stage::Saved, &command, &maintainer(2)), Err(Refusal::NotAllowed(_))), "{command:?}");
    }
    assert!(matches!(decided(&ready, &Command::Claim, &stranger), Err(Refusal::NotAllowed(_))));
    assert!(matches!(decided(&ready, &Command::Claim, &owning_maintainer), Err(Refusal::NotAllowed(_))));
    assert!(matches!(decided(&Stage::Checking, &Command::PassChecks, &owner()), Err(Refusal::NotAllowed(_))));
    assert!(matches!(decided(&Stage::Saved, &Command::Submit, &Actor::System), Err(Refusal::NotAllowed(_))));
    assert!(matches!(decided(&ready, &Command::Claim, &Actor::LocalOperator), Err(Refusal::NotAllowed(_))));
}

#[test]
fn a_lease_lives_until_its_last_millisecond() {
    let alive = Stage::Review { by: account(2), lease_until: NOW.plus_ms(1), first_approval: None };
    let lapsed = Stage::Review { by: account(2), lease_until: NOW, first_approval: None };
    assert_eq!(name_after(decided(&alive, &Command::Renew, &maintainer(2))), "review");
    assert_eq!(decided(&lapsed, &Command::Renew, &maintainer(2)), Err(Refusal::LeaseLapsed { at: NOW }));
    assert_eq!(decided(&lapsed, &approve(ApprovalsNeeded::One), &maintainer(2)), Err(Refusal::LeaseLapsed { at: NOW }));
    assert_eq!(name_after(decided(&lapsed, &Command::Claim, &maintainer(3))), "review");
    let refusal = decided(&alive, &Command::Claim, &maintainer(3));
    assert_eq!(refusal, Err(Refusal::ClaimedByOther { by: account(2), until: NOW.plus_ms(1) }));
}

#[test]
fn two_approvals_come_from_two_people_for_one_code() {
    let first = decided(&in_review_by(2), &approve(ApprovalsNeeded::Two), &maintainer(2)).unwrap();
    let Outcome::Becomes(waiting) = first else { panic!("a stage was expected") };
    assert_eq!(decided(&waiting, &Command::Claim, &maintainer(2)), Err(Refusal::SecondPersonNeeded));
    let Outcome::Becomes(second) = decided(&waiting, &Command::Claim, &maintainer(3)).unwrap() else {
        panic!("a stage was expected")
    };
    let Outcome::Becomes(released) = decided(&second, &Command::Release, &maintainer(3)).unwrap() else {
        panic!("a stage was expected")
    };
    assert_eq!(released, waiting, "a release keeps the first approval");
    let other = Command::Approve {
        seen: Sha256Digest::of(b"other"),
        stored: Sha256Digest::of(b"other"),
        needed: ApprovalsNeeded::Two,
    };
    assert!(matches!(decided(&second, &other, &maintainer(3)), Err(Refusal::OtherCode { .. })));
    assert_eq!(name_after(decided(&second, &approve(ApprovalsNeeded::Two), &maintainer(3))), "published");
}

#[test]
fn approval_is_bound_to_what_was_seen_and_rejection_to_a_text() {
    let stale = Command::Approve { seen: Sha256Digest::of(b"old"), stored: code(), needed: ApprovalsNeeded::One };
    assert!(matches!(decided(&in_review_by(2), &stale, &maintainer(2)), Err(Refusal::OtherCode { .. })));
    assert_eq!(decided(&in_review_by(2), &reject(" \n"), &maintainer(2)), Err(Refusal::TextMissing));
    let yank = Command::Yank { reason: "  ".to_owned() };
    assert_eq!(decided(&Stage::Published { at: NOW, yanked: None }, &yank, &owner()), Err(Refusal::TextMissing));
}

#[test]
fn closed_submissions_refuse_submitting_and_nothing_else() {
    let mut policy = Policy::default();
    policy.switches.submissions_open = false;
    let submit = decide(&Stage::Saved, &Command::Submit, &owner(), &policy, NOW);
    assert_eq!(submit, Err(Refusal::SubmissionsClosed));
    assert!(decide(&Stage::Draft, &Command::Save, &owner(), &policy, NOW).is_ok());
}

#[test]
fn a_stage_survives_json() {
    for stage in stages() {
        let text = serde_json::to_string(&stage).unwrap();
        assert_eq!(serde_json::from_str::<Stage>(&text).unwrap(), stage, "{text}");
    }
}
