//! The screen of the policy: drafts judged as they are typed, plans read to their examples, and numbers that are typed.

use serde_json::json;

use super::desk::Desk;
use crate::api::page::Page;
use crate::api::policy::{
    Effect as Done, Example, Explanation, FieldChange, Impact, LayerSaid, LookedAt, Measured, Plan, PolicyApplied,
    PolicyRevision, Totals,
};
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Reply};
use crate::console::fixture::NOW;
use crate::console::screens::policy::effect::{Effect as Ask, Reply as Told};
use crate::domain::policy::{Format, Place, parse};

const IN_FORCE: &str = "locked = [\"scopes.ban\"]\n[scopes]\nban = \"two-person\"\nkick = \"review\"\n";
const ALLOWED: &str = "network_allowlist = [\"api.example.com\"]\n";
const HOUR_MS: i64 = 3_600_000;

fn change(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    FieldChange { field: field.to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn revision(number: i64, text: &str) -> PolicyRevision {
    let document = parse(text, Format::Toml, Place::Global).unwrap();
    PolicyRevision {
        number,
        document: json!({}),
        layer: serde_json::to_value(document.to_json()).unwrap(),
        changes: vec![change("scopes.ban", Some("review"), Some("two-person (locked)"))],
        reason: "after the raid of last week".to_owned(),
        by: (number > 1).then(|| "zoe".to_owned()),
        at: NOW.plus_ms((number - 14) * 5 * HOUR_MS).to_string(),
        restores: None,
        plan: None,
    }
}

fn done(code: &str, when: &str, what: &str, count: u64, servers: Option<u64>) -> Done {
    let example = |number: u64| Example {
        kind: "extension".to_owned(),
        id: format!("0190-{number}"),
        name: format!("webhook-relay-{number}"),
        note: "declares webhooks \u{202e}always".to_owned(),
    };
    Done {
        code: code.to_owned(),
        field: "scopes.webhooks".to_owned(),
        when: when.to_owned(),
        what: what.to_owned(),
        count,
        servers,
        installations: servers.map(|servers| servers + 11),
        examples: (0..count.min(20)).map(example).collect(),
    }
}

/// A plan that hits 14 extensions, 6 submissions and 320 servers.
pub fn plan() -> Plan {
    let impact = Impact {
        changes: vec![
            change("scopes.webhooks", Some("review"), Some("deny")),
            change("tiers.free.memory_mib", Some("16"), Some("8")),
        ],
        effects: vec![
            done("queue_denied", "now", "submissions can no longer be approved", 6, None),
            done("tier_breaks", "now", "extensions no longer fit the tier free", 14, Some(320)),
            done("installations_held", "later", "installations keep what they were granted", 45, Some(31)),
            done("decisions_changed", "past", "approvals would not have been possible", 9, None),
        ],
        measured: vec![Measured {
            field: "tiers.free.memory_mib".to_owned(),
            unit: "bytes".to_owned(),
            before: Some(16 << 20),
            after: 8 << 20,
            extensions: 112,
            unmeasured: 3,
            p50: 1 << 20,
            p95: 7 << 20,
            p99: 12 << 20,
            most: 15 << 20,
            over_before: 0,
            over_after: 14,
        }],
        looked_at: LookedAt {
            extensions: 120,
            submissions: 31,
            decisions: 900,
            accounts: 60,
            overrides: 4,
            installations: Some(300),
        },
        totals: Totals {
            extensions_hit: 14,
            submissions_hit: 6,
            reviews_created: 2,
            sla_missed: 0,
            servers_hit: Some(320),
        },
    };
    Plan {
        id: "plan-1".to_owned(),
        server_id: None,
        base: 13,
        document: json!({}),
        restores: None,
        reason: "webhooks are abused".to_owned(),
        impact,
        by: Some("maria".to_owned()),
        at: NOW.to_string(),
        expires_at: NOW.plus_ms(HOUR_MS).to_string(),
        used_at: None,
    }
}

/// A desk at which the screen has been read, for an administrator.
pub fn opened(columns: u16, rows: u16) -> Desk {
    let mut desk = opened_as(columns, rows, "administrator");
    desk.effects.clear();
    desk
}

fn opened_as(columns: u16, rows: u16, role: &str) -> Desk {
    let mut desk = Desk::with_rows(columns, rows, 3);
    if let Some(me) = desk.model.me.value_mut() {
        role.clone_into(&mut me.account.role);
    }
    desk.press("6");
    answer(&mut desk, 13);
    desk
}

fn answer(desk: &mut Desk, number: i64) {
    let generation = desk.model.policy.generation;
    tell(desk, Told::InForce { generation, answer: Ok(Box::new(revision(number, IN_FORCE))) });
    let items = (1..=number).rev().map(|number| revision(number, IN_FORCE)).collect();
    let page = Page { items, next: None, total: None };
    tell(desk, Told::Revisions { generation, further: false, answer: Ok(page) });
}

fn tell(desk: &mut Desk, told: Told) {
    desk.reply(Reply::Policy(told));
}

fn tell_plan(desk: &mut Desk, plan: Plan) {
    let asked = desk.model.policy.plans_asked;
    tell(desk, Told::Planned { asked, answer: Ok(Box::new(plan)) });
}

/// A desk at which a plan is shown.
pub fn planned(columns: u16, rows: u16) -> Desk {
    let mut desk = opened(columns, rows);
    desk.press("e").write("[scopes]").press("esc l");
    tell_plan(&mut desk, plan());
    desk.effects.clear();
    desk
}

/// A desk at which a draft with faults is written.
pub fn drafting(columns: u16, rows: u16) -> Desk {
    let mut desk = opened(columns, rows);
    desk.press("e");
    desk.give(Event::Paste(
        "netwrk_allowlist = []\nnetwork_allowlist = [\"https://a.example\", \"*.b.example\"]\n".to_owned(),
    ));
    desk
}

/// A desk at which two revisions stand beside one another.
pub fn compared(columns: u16, rows: u16) -> Desk {
    let mut desk = opened(columns, rows);
    desk.press("h d");
    let newer = "locked = [\"scopes.ban\"]\n[scopes]\nban = \"deny\"\nkick = \"review\"\nwebhooks = \"deny\"\n";
    tell(&mut desk, Told::Revisioned(Ok(Box::new((revision(13, newer), revision(12, IN_FORCE))))));
    desk
}

fn asked(desk: &mut Desk) -> Vec<Ask> {
    let of_policy = |effect| match effect {
        Effect::Policy(ask) => Some(ask),
        _ => None,
    };
    desk.asked().into_iter().filter_map(of_policy).collect()
}

fn explanation() -> Explanation {
    let said = |layer: &str, value: &str, revision: Option<i64>| LayerSaid {
        layer: layer.to_owned(),
        value: value.to_owned(),
        revision,
        by: revision.map(|_| "zoe".to_owned()),
        at: revision.map(|_| NOW.to_string()),
        until: None,
    };
    Explanation {
        field: "scopes.ban".to_owned(),
        about: "what happens to versions that declare it".to_owned(),
        stricter: "a later word of the list is stricter".to_owned(),
        value: "two-person".to_owned(),
        from: said("global", "two-person", Some(9)),
        lock: Some(said("global", "two-person", Some(9))),
        said: vec![said("defaults", "review", None), said("global", "two-person", Some(9))],
    }
}

#[test]
fn fields_stand_with_their_layer_and_are_explained_and_found() {
    let mut desk = opened(80, 24);
    desk.sees("Revision 13 by zoe").sees("scopes.ban").press("/").write("locked").press("enter");
    desk.sees("two-person").sees("global").sees("locked").does_not_see("scopes.kick");
    desk.press("j enter");
    assert_eq!(asked(&mut desk), [Ask::Explain { field: "scopes.ban".to_owned() }]);
    tell(&mut desk, Told::Explained(Ok(Box::new(explanation()))));
    desk.sees("revision 9 by zoe").sees("Locked: servers may only be stricter").press("esc esc").sees("scopes.kick");
}

#[test]
fn a_draft_is_judged_with_every_key_and_kept_as_it_is_typed() {
    let mut desk = opened(80, 24);
    desk.press("e").sees("It is a good policy");
    desk.write("netwrk_allowlist = []").press("enter").sees("line 1, column 1").sees("did you mean network_allowlist");
    desk.later(300);
    let kept = desk.asked().into_iter().any(
        |effect| matches!(effect, Effect::SaveDraft(draft) if draft.key == "policy-draft" && draft.text.contains("netwrk")),
    );
    assert!(kept, "what was typed is on its way to the disk");
    desk.press("ctrl-s").sees("did you mean");
    assert!(asked(&mut desk).is_empty(), "nothing faulty is sent");
    desk.press("esc e").sees("netwrk").press("ctrl-o").sees("once more").press("ctrl-o").does_not_see("netwrk");
    desk.press("ctrl-s").sees("This is what is in force");
}

#[test]
fn a_draft_is_planned_for_a_reason_and_put_in_force_by_its_numbers_alone() {
    let mut desk = opened(80, 24);
    desk.press("e");
    desk.give(Event::Paste(ALLOWED.to_owned()));
    desk.sees("It is a good policy").press("ctrl-s").sees("change the policy").press("ctrl-s").sees("Write something");
    desk.write("webhooks are abused").press("ctrl-s").sees("reckons");
    let asks = asked(&mut desk);
    let [Ask::Plan { document: Some(document), revision: None, reason, .. }] = asks.as_slice() else {
        panic!("{asks:?}")
    };
    assert_eq!(document["network_allowlist"][0], "api.example.com");
    assert_eq!(reason, "webhooks are abused");
    tell_plan(&mut desk, plan());
    desk.sees("14 extensions").sees("320 servers").sees("no longer fit the tier free").sees("1 h left");
    desk.press("j j enter").sees("webhook-relay-3").does_not_see("\u{202e}").press("esc");
    desk.press("a").sees("14 extensions, 6 submissions and 320 servers");
    desk.write("14 6 32").press("enter").sees("nothing was done");
    assert!(asked(&mut desk).is_empty());
    desk.write("0").press("enter");
    assert_eq!(asked(&mut desk), [Ask::Apply { plan: "plan-1".to_owned(), base: 13 }]);
    let applied = PolicyApplied { revision: revision(14, IN_FORCE), impact: plan().impact };
    tell(&mut desk, Told::Applied(Ok(Box::new(applied))));
    desk.sees("Revision 14 is in force");
    let forgotten =
        desk.asked().into_iter().any(|effect| matches!(effect, Effect::RemoveDraft(key) if key == "policy-draft"));
    assert!(forgotten, "a draft that is in force is no draft");
}

#[test]
fn a_plan_that_no_longer_holds_says_what_moved_and_keeps_the_draft() {
    let mut desk = planned(80, 24);
    desk.press("a").write("14 6 320").press("enter").asked();
    let text = "what this plan counted is no longer so\n  /effects/tier_breaks: 14 became 15".to_owned();
    let failure = Failure { text, status: Some(412), code: "plan_moved".to_owned(), changed: Vec::new() };
    tell(&mut desk, Told::Applied(Err(failure)));
    desk.sees("14 became 15").sees("Your draft is kept").press("esc").sees("Not put in force");
    assert_eq!(asked(&mut desk).len(), 2, "what is in force is read again");
    assert!(desk.model.drafts.iter().any(|draft| draft.key == "policy-draft"));
    desk.later(HOUR_MS).press("a").sees("This plan has ended");
}

#[test]
fn a_revision_is_gone_back_to_through_a_plan() {
    let mut desk = opened(80, 24);
    desk.press("h r").sees("Revision 13 is in force").press("j enter").sees("after the raid").press("esc r");
    desk.write("too strict").press("ctrl-s");
    let asks = asked(&mut desk);
    assert!(matches!(asks.as_slice(), [Ask::Plan { document: None, revision: Some(12), .. }]), "{asks:?}");
    desk.press("l").press("k space").sees("13 is marked").press("j j d");
    assert_eq!(asked(&mut desk), [Ask::Revision { number: 11, against: 13 }]);
}

#[test]
fn two_revisions_stand_beside_one_another() {
    let mut desk = compared(100, 24);
    desk.sees("revision 12 beside revision 13").sees("- ban = \"two-person\"").sees("+ webhooks = \"deny\"");
    desk.press("esc").does_not_see("beside");
}

#[test]
fn others_look_and_change_nothing() {
    let mut desk = opened_as(80, 24, "maintainer");
    desk.asked();
    for key in ["e", "a", "h r"] {
        desk.press(key).sees("Only administrators change the policy");
    }
    assert!(asked(&mut desk).is_empty());
}

#[test]
fn it_is_read_again_once_when_the_policy_changes() {
    let mut desk = opened(80, 24);
    let event = crate::api::events::LiveEvent {
        number: 9,
        topic: "policy".to_owned(),
        at: NOW.to_string(),
        body: json!({"action": "applied"}),
    };
    desk.give(Event::Live(Live::Event(Box::new(event.clone()))));
    desk.give(Event::Live(Live::Event(Box::new(event))));
    desk.later(1_000);
    assert_eq!(asked(&mut desk).len(), 2);
    answer(&mut desk, 14);
    desk.sees("Revision 14");
    let lost = Live::Lost { error: "gone".to_owned(), retry_at: NOW };
    desk.give(Event::Live(lost)).press("e");
    desk.give(Event::Paste(ALLOWED.to_owned()));
    desk.press("ctrl-s").write("why not").press("ctrl-s").sees("Not done");
    assert!(asked(&mut desk).is_empty(), "nothing is sent without a connection");
}

#[test]
fn what_comes_late_never_takes_the_place_of_what_is_typed() {
    let mut desk = opened(80, 24);
    desk.press("j j enter e").write("# typed");
    tell(&mut desk, Told::Explained(Ok(Box::new(explanation()))));
    desk.sees("# typed").press("esc");
    let mut desk = planned(80, 24);
    desk.press("a").write("14 6 320").press("enter e").write("# more");
    let failure = Failure { text: "it moved".to_owned(), status: Some(412), ..Failure::default() };
    tell(&mut desk, Told::Applied(Err(failure)));
    desk.sees("# more").press("esc").sees("it moved");
}

#[test]
fn an_answer_that_never_came_is_not_a_refusal() {
    let mut desk = planned(80, 24);
    desk.press("a").write("14 6 320").press("enter");
    let failure = Failure { text: "the server does not answer".to_owned(), ..Failure::default() };
    tell(&mut desk, Told::Applied(Err(failure)));
    desk.sees("not known").does_not_see("Nothing was changed");
}

#[test]
fn the_answer_to_an_older_plan_is_dropped() {
    let mut desk = opened(80, 24);
    for reason in ["first", "second"] {
        desk.press("e");
        desk.give(Event::Paste(ALLOWED.replace("api", reason)));
        desk.press("ctrl-s").write(reason).press("ctrl-s");
        desk.model.drafts.clear();
    }
    let asked = desk.model.policy.plans_asked;
    tell(&mut desk, Told::Planned { asked: asked - 1, answer: Ok(Box::new(plan())) });
    desk.sees("reckons");
    tell(&mut desk, Told::Planned { asked, answer: Ok(Box::new(plan())) });
    desk.sees("14 extensions");
}

#[test]
fn the_end_of_a_long_message_can_be_read() {
    let mut desk = opened(80, 24);
    let mut long = explanation();
    long.about = "a long sentence about what this field decides, again and again. ".repeat(30);
    tell(&mut desk, Told::Explained(Ok(Box::new(long))));
    desk.press("end").sees("Locked: servers may only be stricter");
}
