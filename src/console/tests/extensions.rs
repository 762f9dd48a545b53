//! The extensions: the catalogue, one of them, and what is done to it.

use serde_json::json;

use super::desk::Desk;
use super::frames::check;
use crate::api::events::LiveEvent;
use crate::api::problem::Changed;
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Mouse, Reply};
use crate::console::fixture::NOW;
use crate::console::screens::extensions::Facts;
use crate::console::screens::extensions::ask::{Ask, Told};
use crate::console::screens::extensions::fixture::{extension, facts, facts_for_strangers, flags, installed, me, page};
use crate::console::screens::extensions::order::{Order, Verb};

/// A console on the catalogue, which has that many extensions.
fn catalogue(columns: u16, rows: u16, len: usize) -> Desk {
    let mut desk = Desk::with_rows(columns, rows, 3);
    desk.press("4");
    let generation = desk.model.extensions.catalogue.generation;
    tell(&mut desk, Told::Catalogue { generation, cursor: None, answer: Ok(page(len)) });
    desk.effects.clear();
    desk
}

/// A console on the first extension, as somebody sees it.
fn opened(columns: u16, rows: u16, (name, role): (&str, &str), facts: Facts) -> Desk {
    let mut desk = catalogue(columns, rows, 20);
    desk.reply(Reply::Me(Ok(Box::new(me(name, role)))));
    desk.press("enter");
    tell(&mut desk, Told::Facts { id: facts.extension.id.clone(), answer: Ok(Box::new(facts)) });
    desk.effects.clear();
    desk
}

fn maintained(columns: u16, rows: u16) -> Desk {
    opened(columns, rows, ("maria", "maintainer"), facts())
}

fn tell(desk: &mut Desk, told: Told) {
    desk.reply(Reply::Extensions(told));
}

fn orders(desk: &mut Desk) -> Vec<Order> {
    let order = |effect: Effect| match effect {
        Effect::Extensions(Ask::Do(order)) => Some(*order),
        _ => None,
    };
    desk.asked().into_iter().filter_map(order).collect()
}

fn live(topic: &str, body: serde_json::Value) -> Event {
    Event::Live(Live::Event(Box::new(LiveEvent { number: 9, topic: topic.to_owned(), at: NOW.to_string(), body })))
}

#[test]
fn screens_at_both_sizes() {
    for (columns, rows) in [(80, 24), (160, 45)] {
        let name = |screen: &str| format!("extensions_{screen}_{columns}x{rows}");
        check(&name("catalogue"), catalogue(columns, rows, 30).press("j j"));
        check(&name("versions"), &maintained(columns, rows));
        check(&name("channel"), maintained(columns, rows).press("l"));
        let mut desk = maintained(columns, rows);
        desk.press("l l");
        tell(&mut desk, Told::Installed { id: extension(0).id, cursor: None, answer: Ok(installed(25, None)) });
        check(&name("servers"), &desk);
        desk.press("l");
        tell(&mut desk, Told::Flags { id: extension(0).id, answer: Ok(flags("1.2.0")) });
        check(&name("flags"), &desk);
        check(&name("rollout"), desk.press("l"));
        check(&name("reason"), maintained(columns, rows).press("r").write("It crashes."));
        let mut desk = opened(columns, rows, ("root", "administrator"), facts());
        check(&name("block"), desk.press("j b").write("It steals tokens.").press("ctrl-s"));
    }
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    for columns in [40, 50, 79, 80, 139, 140] {
        for rows in [12, 15, 16, 24] {
            let mut desk = opened(columns, rows, ("root", "administrator"), facts());
            for keys in ["", "l", "l", "l", "l", "shift-g", "?", "esc", "b"] {
                desk.press(keys).screen();
            }
            catalogue(columns, rows, 0).screen();
        }
    }
}

#[test]
fn the_catalogue_is_read_when_it_is_first_shown_and_paged_as_the_cursor_nears_the_end() {
    let mut desk = Desk::with_rows(80, 24, 3);
    desk.press("4");
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Catalogue { cursor: None, .. })]));
    let mut first = page(100);
    first.next = Some("c1".to_owned());
    let generation = desk.model.extensions.catalogue.generation;
    tell(&mut desk, Told::Catalogue { generation, cursor: None, answer: Ok(first) });
    desk.sees("100+ extensions").press("1 4");
    assert_eq!(desk.asked().len(), 0, "it is not read again for being shown");
    desk.press("shift-g");
    let asked = desk.asked();
    assert!(
        matches!(&asked[..], [Effect::Extensions(Ask::Catalogue { cursor: Some(c), .. })] if c == "c1"),
        "{asked:?}"
    );
    desk.press("/").write("listing:blokked").press("enter").sees("column 9").sees("did you mean");
    desk.press("ctrl-u").write("listing:blocked").press("enter");
    let asked = desk.asked();
    assert!(matches!(&asked[..], [Effect::Extensions(Ask::Catalogue { query, .. })] if query == "listing:blocked"));
    tell(&mut desk, Told::Catalogue { generation, cursor: None, answer: Ok(page(5)) });
    desk.sees("Reading the catalogue");
}

#[test]
fn each_sees_only_what_they_may_do() {
    let hints = |who, facts| {
        let mut desk = opened(160, 45, who, facts);
        let footer = desk.screen().lines().last().unwrap().to_owned();
        desk.press("?");
        (footer, desk)
    };
    let (footer, mut desk) = hints(("eve", "user"), facts_for_strangers());
    assert!(!footer.contains("roll back") && !footer.contains("yank"), "{footer}");
    desk.does_not_see("Point the channel back").press("esc r b z");
    assert_eq!(orders(&mut desk), []);
    desk.does_not_see("Why?").sees("Only its owner and maintainers are told");
    let (footer, _) = hints(("alice", "user"), facts());
    assert!(footer.contains("roll back") && !footer.contains("quarantine"), "{footer}");
    let (footer, _) = hints(("maria", "maintainer"), facts());
    assert!(footer.contains("quarantine") && !footer.contains("block"), "{footer}");
    let (footer, mut desk) = hints(("root", "administrator"), facts());
    assert!(footer.contains("block"), "{footer}");
    desk.press("esc esc").sees("Catalogue");
    let mut owner = opened(80, 24, ("alice", "user"), facts());
    owner.press("l l").sees("its owner is told how many");
    assert_eq!(owner.asked().len(), 0, "what is refused is not asked");
}

#[test]
fn a_rollback_is_two_keys_and_a_reason_and_says_in_numbers_what_happens() {
    let mut desk = maintained(80, 24);
    desk.press("r").sees("roll back role-menu to 1.1.0").write("1.2.0 leaks.").press("ctrl-s");
    desk.sees("from 1.2.0 to 1.1.0 as its revision 8");
    desk.sees("292 installations have a newer version").sees("3 instances serve them, 2").sees("Reason: 1.2.0 leaks.");
    assert_eq!(orders(&mut desk), []);
    desk.press("enter");
    let sent = orders(&mut desk);
    let [order] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((order.verb, order.number.as_deref(), order.revision), (Verb::RollBack, Some("1.1.0"), 9));
    assert_eq!(order.reason, "1.2.0 leaks.");
    tell(&mut desk, Told::Done { order: Box::new(order.clone()), answer: Ok(()) });
    desk.sees("every instance is being told");
    let asked = desk.asked();
    assert!(asked.iter().any(|effect| matches!(effect, Effect::RemoveDraft(key) if key == &order.draft)), "{asked:?}");
    assert!(asked.iter().any(|effect| matches!(effect, Effect::Extensions(Ask::Facts { .. }))));
}

#[test]
fn the_channel_goes_back_to_the_version_under_the_cursor_where_that_can_be() {
    let mut desk = maintained(80, 24);
    desk.press("j j r").sees("roll back role-menu to 1.1.0").press("esc j r").sees("cannot go back to 1.0.0");
    desk.press("g l j j j r").sees("roll back role-menu to 1.1.0");
    let mut first = facts();
    first.versions.retain(|version| version.number == "1.2.0");
    opened(80, 24, ("maria", "maintainer"), first).press("r").sees("There is no older version");
}

#[test]
fn confirmations_count_live_and_everything_else_is_read_again_once() {
    let mut desk = maintained(80, 24);
    desk.sees("2 of 3 instances have confirmed");
    let told = json!({"notice_id": "n-2", "extension_id": extension(0).id, "confirmed": 3, "instances": 3});
    desk.give(live("confirmation", told)).sees("3 of 3 instances have confirmed");
    assert_eq!(desk.later(500).asked().len(), 0, "nothing has to be read for that");
    for _ in 0..20 {
        desk.give(live("installation", json!({"extension_id": extension(0).id})));
        desk.give(live("version", json!({"extension_id": "another"})));
    }
    assert_eq!(desk.asked().len(), 0);
    desk.later(400);
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Facts { .. })]));
    desk.give(live("extension", json!({"extension_id": extension(5).id}))).later(400);
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Catalogue { .. })]));
}

#[test]
fn a_hold_is_of_all_versions_or_of_one_and_a_yank_of_one() {
    let mut desk = opened(80, 24, ("root", "administrator"), facts());
    desk.press("j b").write("It steals.").press("ctrl-s").sees("stops running everywhere").sees("Block 1.2.0 alone");
    desk.sees("1.2.0 alone is on 280 servers").press("enter");
    assert_eq!(orders(&mut desk)[0].number, None);
    desk.press("z").write("Look.").press("ctrl-s").press("down enter");
    let sent = orders(&mut desk);
    assert_eq!((sent[0].verb, sent[0].number.as_deref()), (Verb::Quarantine, Some("1.2.0")));
    desk.press("o").sees("is not held back");
    desk.press("d").write("Broken.").press("ctrl-s").sees("280 installations keep it").press("enter");
    assert_eq!((orders(&mut desk)[0].verb, desk.model.extensions.open.is_some()), (Verb::Yank, true));
    desk.press("k d").sees("Unyank role-menu 1.3.0?").press("enter");
    let sent = orders(&mut desk);
    assert_eq!((sent[0].verb, sent[0].revision, sent[0].reason.as_str()), (Verb::Unyank, 4, ""));
}

#[test]
fn a_rollout_is_held_up_with_a_reason_and_widened_with_a_question() {
    let mut desk = maintained(80, 24);
    desk.press("w").sees("a tenth of the servers").press("down enter");
    assert_eq!(orders(&mut desk), [], "not now");
    desk.press("w enter");
    assert_eq!(orders(&mut desk)[0].ring.as_deref(), Some("tenth"));
    desk.press("p").write("Too many errors.").press("ctrl-s enter");
    assert_eq!(orders(&mut desk)[0].verb, Verb::Pause);
    let mut still = facts();
    still.rollout.as_mut().unwrap().paused = Some("errors".to_owned());
    let mut desk = opened(80, 24, ("maria", "maintainer"), still);
    desk.press("h").sees("stands still: errors").press("p").sees("goes on").press("enter");
    assert_eq!(orders(&mut desk)[0].verb, Verb::Resume);
}

#[test]
fn a_flag_is_typed_checked_and_confirmed_with_the_others_kept() {
    let mut desk = maintained(80, 24);
    desk.press("s");
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Flags { number, .. })] if number == "1.3.0"));
    tell(&mut desk, Told::Flags { id: extension(0).id, answer: Ok(flags("1.2.0")) });
    desk.press("j s").write("101").press("enter").sees("from 0 to 100").press("ctrl-u").write("10").press("enter");
    desk.sees("10 % of the servers instead of on").sees("280 servers have this version; 5 of them").press("enter");
    let asked = desk.asked();
    let [Effect::Extensions(Ask::SetFlags { number, flags, .. })] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(number, "1.2.0");
    assert_eq!(serde_json::to_value(&flags.flags).unwrap(), json!({"fast_path": 25, "new_menu": 10}));
    let failure = Failure { text: "the version has no such flag".to_owned(), ..Failure::default() };
    tell(&mut desk, Told::Flags { id: extension(0).id, answer: Err(failure) });
    desk.sees("no such flag").sees("fast_path");
}

#[test]
fn what_changed_meanwhile_is_said_and_the_reason_kept_for_another_day() {
    let mut desk = maintained(80, 24);
    desk.press("z").write("Looked into.").later(300);
    let saved = desk.asked();
    let Some(Effect::SaveDraft(draft)) = saved.last().cloned() else { panic!("{saved:?}") };
    desk.press("ctrl-s enter");
    let order = orders(&mut desk).remove(0);
    let changed = vec![Changed { pointer: "/listing".to_owned(), by: "zoe".to_owned(), at: NOW.to_string() }];
    let failure = Failure { text: "changed".to_owned(), status: Some(412), changed, ..Failure::default() };
    tell(&mut desk, Told::Done { order: Box::new(order), answer: Err(failure) });
    desk.sees("It changed").sees("listing by zoe");
    assert!(!desk.asked().iter().any(|effect| matches!(effect, Effect::RemoveDraft(_))));
    let mut next = Desk::with_rows(80, 24, 3);
    next.reply(Reply::Me(Ok(Box::new(me("maria", "maintainer")))));
    next.reply(Reply::Drafts(Ok(vec![draft]))).sees("quarantine role-menu").press("enter");
    tell(&mut next, Told::Facts { id: extension(0).id, answer: Ok(Box::new(facts())) });
    next.sees("Looked into.").press("ctrl-s").sees("Nobody new gets role-menu");
}

#[test]
fn without_a_connection_nothing_is_done() {
    let mut desk = maintained(80, 24);
    desk.press("r").write("Now.");
    desk.give(Event::Live(Live::Lost { error: "connection refused".to_owned(), retry_at: NOW }));
    desk.press("ctrl-s").sees("there is no connection").sees("Now.");
    assert_eq!(orders(&mut desk), []);
    desk.give(Event::Live(Live::Connected));
    assert!(desk.asked().iter().any(|effect| matches!(effect, Effect::Extensions(Ask::Facts { .. }))));
}

#[test]
fn servers_are_read_page_by_page() {
    let mut desk = maintained(80, 24);
    desk.press("l l");
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Installed { cursor: None, .. })]));
    tell(&mut desk, Told::Installed { id: extension(0).id, cursor: None, answer: Ok(installed(100, Some("c1"))) });
    desk.press("shift-g").sees("100 of 100+").sees("The owner stopped it.");
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Installed { cursor: Some(_), .. })]));
    tell(&mut desk, Told::Installed { id: extension(9).id, cursor: None, answer: Ok(installed(1, None)) });
    desk.sees("100 of 100+");
}

#[test]
fn the_mouse_does_what_keys_do() {
    let mut desk = catalogue(80, 24, 20);
    desk.give(Event::Mouse(Mouse::ScrollDown));
    assert_eq!(desk.model.extensions.catalogue.pages.list.cursor, 1);
    desk.give(Event::Mouse(Mouse::Click { column: 4, row: 6 }));
    assert_eq!(desk.model.extensions.catalogue.pages.list.cursor, 3);
    desk.give(Event::Mouse(Mouse::Click { column: 4, row: 6 }));
    assert!(matches!(&desk.asked()[..], [Effect::Extensions(Ask::Facts { .. })]));
}

#[test]
fn untrusted_texts_never_reach_the_screen_raw() {
    let mut evil = facts();
    evil.extension.slug = "evil\u{1b}[2J".to_owned();
    evil.extension.name = "abc\u{202e}fed".to_owned();
    evil.versions[0].yanked = Some("zero\u{200b}width".to_owned());
    evil.channel[0].reason = "a\u{1b}]0;b".to_owned();
    evil.notices[0].body = json!({"what": {"reason": "\u{202e}x"}});
    let mut desk = opened(160, 45, ("root", "administrator"), evil);
    for keys in ["", "l", "l", "l", "l", "b"] {
        let screen = desk.press(keys).screen();
        for hidden in ['\u{1b}', '\u{202e}', '\u{200b}'] {
            assert!(!screen.contains(hidden), "{hidden:?}");
        }
    }
}
