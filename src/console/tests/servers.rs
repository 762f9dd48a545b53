//! The servers' screen: lists, one server with its parts, what is asked before anything changes, and changes by others.

use serde_json::json;

use super::desk::Desk;
use crate::api::events::LiveEvent;
use crate::api::installations::{AskedScope, InstallationOffer, OfferedExtension, Removed};
use crate::api::page::Page;
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Reply};
use crate::console::fixture::{NOW, servers as fixture};
use crate::console::screens::servers::ask::{Ask, Purpose, Told};
use crate::console::screens::servers::deed::Deed;
use crate::console::screens::servers::update::LOOK_AGAIN_MS;
use crate::domain::scope::Scope;

/// A desk at which the list of servers is read.
pub fn listing(columns: u16, rows: u16, len: usize) -> Desk {
    let mut desk = Desk::with_rows(columns, rows, 3);
    desk.press("5");
    answer_list(&mut desk, len, None);
    desk.asked();
    desk
}

/// A desk at which a server is open.
pub fn opened(columns: u16, rows: u16) -> Desk {
    let mut desk = listing(columns, rows, 9);
    desk.press("enter");
    told(&mut desk, Told::One { id: fixture::server_id(0), answer: Ok(Box::new(fixture::whole())) });
    told(&mut desk, Told::Steps { id: "id-dice".to_owned(), answer: Ok(fixture::steps()) });
    desk.asked();
    desk
}

/// The instances, read.
pub fn instances(columns: u16, rows: u16) -> Desk {
    let mut desk = listing(columns, rows, 3);
    desk.press("v");
    let generation = desk.model.servers.instances.generation;
    let page = Page { items: (0..3).map(fixture::instance).collect(), next: None, total: Some(3) };
    told(&mut desk, Told::Instances { generation, cursor: None, answer: Ok(page) });
    desk
}

/// The policy of the open server, read.
pub fn with_policy(columns: u16, rows: u16) -> Desk {
    let mut desk = opened(columns, rows);
    desk.press("l l");
    told_policy(&mut desk, Purpose::Show);
    desk
}

fn told(desk: &mut Desk, told: Told) {
    desk.reply(Reply::Servers(told));
}

fn told_policy(desk: &mut Desk, purpose: Purpose) {
    let answer = Ok(Box::new(fixture::policy()));
    told(desk, Told::Policy { id: fixture::server_id(0), purpose, answer });
}

fn answer_list(desk: &mut Desk, len: usize, next: Option<&str>) {
    let generation = desk.model.servers.servers.generation;
    let page =
        Page { items: (0..len).map(fixture::server).collect(), next: next.map(str::to_owned), total: Some(len as u64) };
    told(desk, Told::Servers { generation, cursor: None, answer: Ok(page) });
}

/// The one thing that was asked of the outside.
#[track_caller]
fn asked(desk: &mut Desk) -> Ask {
    let mut asked = desk.asked();
    match (asked.pop(), asked.is_empty()) {
        (Some(Effect::Servers(ask)), true) => ask,
        other => panic!("{other:?} after {asked:?}"),
    }
}

/// What is to be done, the one thing that was asked.
#[track_caller]
fn deed(desk: &mut Desk) -> Deed {
    match asked(desk) {
        Ask::Do(order) => order.deed,
        other => panic!("{other:?}"),
    }
}

fn live(topic: &str, body: serde_json::Value) -> Event {
    Event::Live(Live::Event(Box::new(LiveEvent { number: 9, topic: topic.to_owned(), at: NOW.to_string(), body })))
}

#[test]
fn the_list_is_read_when_the_screen_is_first_shown_and_says_what_waits() {
    let mut desk = Desk::with_rows(80, 24, 3);
    desk.press("5");
    assert!(matches!(asked(&mut desk), Ask::Servers { cursor: None, .. }));
    answer_list(&mut desk, 9, None);
    desk.sees("Night Owls").sees("! 1").sees("○ silent").sees("● live");
    desk.press("1 5");
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn the_end_of_what_is_read_brings_the_next_page_once() {
    let mut desk = listing(80, 24, 3);
    desk.press("f5");
    desk.asked();
    answer_list(&mut desk, 100, Some("c1"));
    desk.press("shift-g");
    assert!(matches!(asked(&mut desk), Ask::Servers { cursor: Some(cursor), .. } if cursor == "c1"));
    desk.press("k j");
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn a_filter_with_a_fault_is_not_sent_and_a_good_one_is() {
    let mut desk = listing(80, 24, 9);
    desk.press("/").write("teir:pro").press("enter").sees("column 1").sees("no field of servers");
    assert_eq!(desk.asked().len(), 0);
    desk.press("ctrl-u").write("tier:pro consent:yes").press("enter");
    assert!(matches!(asked(&mut desk), Ask::Servers { query, .. } if query == "tier:pro consent:yes"));
    answer_list(&mut desk, 0, None);
    desk.sees("Nothing matches the filter").press("esc");
    assert!(matches!(asked(&mut desk), Ask::Servers { query, .. } if query.is_empty()));
}

#[test]
fn an_event_reads_the_row_it_is_about_and_no_other() {
    let mut desk = listing(80, 24, 9);
    for _ in 0..30 {
        desk.give(live("installation", json!({"server_id": fixture::server_id(2), "action": "enabled"})));
    }
    desk.give(live("installation", json!({"server_id": "elsewhere", "action": "enabled"})));
    assert_eq!(desk.asked().len(), 0);
    desk.later(400);
    assert!(matches!(asked(&mut desk), Ask::Row { id } if id == fixture::server_id(2)));
    let mut row = fixture::server(2);
    row.name = "Raid Elsewhere".to_owned();
    told(&mut desk, Told::Row(Ok(Box::new(row))));
    desk.sees("Raid Elsewhere");
    desk.give(live("server", json!({"server_id": "new", "action": "created"}))).later(400);
    assert!(matches!(asked(&mut desk), Ask::Servers { .. }));
}

#[test]
fn events_of_the_open_server_read_it_again_and_those_of_others_do_not() {
    let mut desk = opened(80, 24);
    desk.give(live("installation", json!({"server_id": fixture::server_id(3)}))).later(400);
    assert_eq!(desk.asked().len(), 0);
    desk.give(live("installation", json!({"server_id": fixture::server_id(0)})));
    desk.give(live("extension", json!({"extension_id": "ext-role-menu"}))).later(400);
    assert!(matches!(asked(&mut desk), Ask::One { id } if id == fixture::server_id(0)));
    desk.press("1");
    desk.give(live("installation", json!({"server_id": fixture::server_id(0)}))).later(4_000);
    assert_eq!(desk.asked().len(), 0, "nothing is read for a screen that is not shown");
    desk.press("5");
    assert!(matches!(asked(&mut desk), Ask::One { .. }));
}

#[test]
fn an_installation_shows_the_stage_it_is_in() {
    let mut desk = opened(80, 24);
    desk.sees("4/5 sandbox prep").sees("asks for consent").sees("1.3.0 tenth").sees("pinned");
    desk.sees("✓ resource allocation").sees("● sandbox prep").sees("the instance is to prepare");
    desk.press("j");
    assert!(matches!(asked(&mut desk), Ask::Steps { id } if id == "id-raid-shield"));
}

#[test]
fn consent_leaves_out_what_may_be_left_out_unless_it_is_marked() {
    let mut desk = opened(80, 24);
    desk.press("l").sees("needed").press("enter").sees("Give consent to raid-shield on Night Owls");
    desk.press("space").sees("It cannot do without this one").press("enter");
    let Deed::Grant { scopes, revision, .. } = deed(&mut desk) else { panic!() };
    assert_eq!((scopes, revision), (vec!["ban".to_owned(), "kick".to_owned()], 7));
    desk.press("c shift-g space enter");
    let Deed::Grant { scopes, .. } = deed(&mut desk) else { panic!() };
    assert_eq!(scopes, ["ban", "kick", "modlog"]);
}

#[test]
fn a_refusal_needs_a_reason() {
    let mut desk = opened(80, 24);
    desk.press("l n enter").sees("Say why first");
    assert_eq!(desk.asked().len(), 0);
    desk.write("No bans here").press("enter");
    assert!(matches!(deed(&mut desk), Deed::Refuse { reason, .. } if reason == "No bans here"));
}

#[test]
fn an_extension_is_installed_after_what_it_asks_for_was_shown() {
    let mut desk = opened(80, 24);
    desk.press("i").write("starboard").press("enter");
    assert!(matches!(asked(&mut desk), Ask::Offer { slug, .. } if slug == "starboard"));
    let scope = |scope: Scope, optional| AskedScope {
        scope: scope.name().to_owned(),
        risk: scope.risk(),
        description: scope.description().to_owned(),
        optional,
        granted: false,
    };
    let item = |slug: &str, needed_by: &[&str], scopes: Vec<AskedScope>| OfferedExtension {
        extension_id: format!("ext-{slug}"),
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        version: "1.4.0".to_owned(),
        needed_by: needed_by.iter().map(|slug| (*slug).to_owned()).collect(),
        scopes,
    };
    let starboard = item("starboard", &[], vec![scope(Scope::MessagesWrite, false), scope(Scope::Reactions, true)]);
    let items = vec![starboard, item("ledger", &["starboard"], vec![scope(Scope::Storage, false)])];
    let answer = Ok(Box::new(InstallationOffer { items }));
    told(&mut desk, Told::Offer { server_id: fixture::server_id(0), answer });
    desk.sees("STARBOARD, version 1.4.0, on Night Owls").sees("It needs ledger 1.4.0").sees("3 scopes");
    desk.sees("ledger: ").press("enter");
    let Deed::Install { grant, number, along, .. } = deed(&mut desk) else { panic!() };
    assert_eq!((grant, number.as_str()), (vec!["messages_write".to_owned()], "1.4.0"));
    assert_eq!(along["ledger"].grant.as_deref(), Some(&["storage".to_owned()][..]));
}

#[test]
fn a_removal_is_weighed_first_and_keeping_is_what_enter_means() {
    let mut desk = opened(80, 24);
    desk.press("j j");
    desk.asked();
    desk.press("x");
    let Ask::Weigh(order) = asked(&mut desk) else { panic!() };
    let removed = Removed {
        installation_id: "id-role-menu".to_owned(),
        freed_at: Some(NOW.plus_ms(7 * 86_400_000).to_string()),
        configs: 1,
        secrets: 2,
        flags: 3,
        steps: 4,
    };
    let weigh = |desk: &mut Desk| told(desk, Told::Weighed { order: order.clone(), answer: Ok(removed.clone()) });
    weigh(&mut desk);
    desk.sees("1 configurations, 2 secrets, 3 flags and 4 recorded stages").press("enter");
    assert_eq!(desk.asked().len(), 0);
    weigh(&mut desk);
    desk.press("j enter");
    assert!(matches!(deed(&mut desk), Deed::Remove { extension_id, revision: 5 } if extension_id == "ext-role-menu"));
}

#[test]
fn what_is_done_to_an_installation_is_asked_first() {
    let mut desk = opened(80, 24);
    desk.press("j j");
    desk.asked();
    desk.press("shift-u").sees("from 1.2.0 to 1.3.0").press("enter");
    assert!(matches!(deed(&mut desk), Deed::Update { id } if id == "id-role-menu"));
    desk.press("b").sees("goes back to 1.1.0").write("It is slow").press("enter");
    assert!(matches!(deed(&mut desk), Deed::RollBack { reason, .. } if reason == "It is slow"));
    desk.press("p shift-g enter");
    assert!(matches!(deed(&mut desk), Deed::Follow { follow: "pinned", .. }));
    desk.press("w").sees("comes to no further server").write("Wait").press("enter");
    assert!(matches!(deed(&mut desk), Deed::Pause { reason, .. } if reason == "Wait"));
    desk.press("d").write("Stop").press("enter");
    assert!(matches!(deed(&mut desk), Deed::Disable { reason, .. } if reason == "Stop"));
    desk.press("r enter").sees("Mark the scopes").press("space enter");
    assert!(matches!(deed(&mut desk), Deed::Revoke { scopes, .. } if scopes == ["roles_manage"]));
    desk.press("j");
    desk.asked();
    desk.press("d").sees("runs again").press("enter");
    assert!(matches!(deed(&mut desk), Deed::Enable { id } if id == "id-welcome-card"));
}

#[test]
fn a_tier_is_set_by_administrators_alone() {
    let mut desk = opened(80, 24);
    desk.press("t").sees("Tiers are set by administrators");
    assert_eq!(desk.asked().len(), 0);
    let mut me = crate::console::fixture::me();
    me.account.role = "administrator".to_owned();
    desk.reply(Reply::Me(Ok(Box::new(me)))).press("t");
    assert!(matches!(asked(&mut desk), Ask::Policy { purpose: Purpose::Tier, .. }));
    told_policy(&mut desk, Purpose::Tier);
    desk.sees("Which tier?").press("j enter");
    assert!(matches!(deed(&mut desk), Deed::Tier { tier, revision: 3 } if tier == "pro"));
}

#[test]
fn an_override_is_judged_while_it_is_written_and_its_refusal_is_shown_whole() {
    let mut desk = with_policy(80, 24);
    desk.sees("Set by this server: 1").sees("locked, only stricter").press("e");
    desk.asked();
    told_policy(&mut desk, Purpose::Write);
    desk.sees("\"webhooks\": \"deny\"").sees("well-formed");
    desk.press("backspace").later(300);
    desk.does_not_see("well-formed");
    assert!(matches!(&desk.asked()[..], [Effect::SaveDraft(draft)] if draft.key.starts_with("override-")));
    desk.write("}").press("ctrl-s");
    desk.asked();
    desk.sees("Why is the policy overridden").write("Quiet").press("enter");
    let Ask::PlanOverride(order) = asked(&mut desk) else { panic!() };
    assert!(matches!(&order.deed, Deed::Override { number: 2, reason, document, plan: None } if reason == "Quiet"
        && document["scopes"]["webhooks"] == "deny"));
    let plan = Box::new(super::policy::plan());
    told(&mut desk, Told::OverridePlanned { order, answer: Ok(plan) });
    desk.sees("14 extensions").sees("scopes.webhooks: review → deny").press("enter");
    assert!(desk.asked().is_empty(), "the first choice does nothing");
    desk.press("e");
    told_policy(&mut desk, Purpose::Write);
    desk.press("ctrl-s").write("Quiet").asked();
    desk.press("enter");
    let Ask::PlanOverride(order) = asked(&mut desk) else { panic!() };
    told(&mut desk, Told::OverridePlanned { order, answer: Ok(Box::new(super::policy::plan())) });
    desk.press("j enter");
    let Ask::Do(order) = asked(&mut desk) else { panic!() };
    assert!(matches!(&order.deed, Deed::Override { plan: Some((id, 13)), .. } if id == "plan-1"));
    let text = "the document is refused\n  /document/scopes/ban: scopes.ban is set to two-person for every server by root \
                in revision 9 of the policy";
    let failure = Failure { text: text.to_owned(), status: Some(422), ..Failure::default() };
    told(&mut desk, Told::Done { order, answer: Err(failure) });
    desk.sees("by root in revision 9").sees("Your text is kept");
    desk.press("esc e");
    told_policy(&mut desk, Purpose::Write);
    desk.sees("Your draft goes on");
}

#[test]
fn a_configuration_is_judged_by_the_extensions_schema_before_it_is_sent() {
    let mut desk = opened(80, 24);
    desk.press("j j e");
    desk.asked();
    told(&mut desk, Told::Config { id: "id-role-menu".to_owned(), answer: Ok(Box::new(fixture::config())) });
    desk.sees("configure role-menu").sees("well-formed");
    desk.press("ctrl-home").write(" ").press("ctrl-s");
    let asked = desk.asked();
    let sent = asked.iter().find_map(|effect| match effect {
        Effect::Servers(Ask::Do(order)) => Some(order.deed.clone()),
        _ => None,
    });
    assert!(matches!(sent, Some(Deed::Configure { revision: 4, .. })), "{asked:?}");
    let mut config = fixture::config();
    config.document = json!({"greting": 1});
    desk.model.drafts.clear();
    told(&mut desk, Told::Config { id: "id-role-menu".to_owned(), answer: Ok(Box::new(config)) });
    desk.press("ctrl-s").sees("greting");
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn nothing_is_sent_while_the_connection_is_lost() {
    let mut desk = opened(80, 24);
    desk.give(Event::Live(Live::Lost { error: "connection refused".to_owned(), retry_at: NOW }));
    desk.press("j j");
    desk.asked();
    desk.press("x").sees("Not done: there is no connection");
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn instances_are_read_again_when_one_of_them_may_have_fallen_silent() {
    let mut desk = instances(80, 24);
    desk.sees("shard-1").sees("2048 MiB").sees("○ silent");
    desk.asked();
    desk.later(LOOK_AGAIN_MS);
    assert!(matches!(asked(&mut desk), Ask::Instances { .. }));
    desk.press("enter");
    assert!(matches!(asked(&mut desk), Ask::Servers { query, .. } if query == "instance:shard-1"));
}

#[test]
fn untrusted_names_never_reach_the_screen_raw() {
    let mut whole = fixture::whole();
    whole.server.name = "evil\u{1b}[2J\u{202e}fed".to_owned();
    whole.installations[0].slug = "zero\u{200b}width".to_owned();
    whole.installations[0].reason = Some("why\u{1b}]0;x\u{7}".to_owned());
    for (columns, rows) in [(80, 24), (160, 45)] {
        let mut desk = opened(columns, rows);
        told(&mut desk, Told::One { id: fixture::server_id(0), answer: Ok(Box::new(whole.clone())) });
        for keys in ["", "i", "esc x", "d", "esc l", "l l l"] {
            let screen = desk.press(keys).screen();
            for hidden in ['\u{1b}', '\u{202e}', '\u{200b}', '\u{7}'] {
                assert!(!screen.contains(hidden), "{hidden:?} at {columns} columns after {keys}");
            }
        }
    }
}
