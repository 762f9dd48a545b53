//! The queue: moving, filtering, marking, and changes by others.

use serde_json::json;

use super::desk::Desk;
use crate::api::events::LiveEvent;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::reviews::BulkResult;
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Mouse, Reply, Turn};
use crate::console::fixture::{NOW, queue_item};

fn live(topic: &str, body: serde_json::Value) -> Event {
    Event::Live(Live::Event(Box::new(LiveEvent { number: 9, topic: topic.to_owned(), at: NOW.to_string(), body })))
}

#[test]
fn a_change_by_somebody_else_is_read_once_for_many_and_never_moves_the_cursor() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.press("j j j j j");
    let before = desk.model.queue.selected().unwrap().review_id.clone();
    for _ in 0..50 {
        desk.give(live("queue", json!({"review_id": queue_item(0).id, "stage": "published", "by": "zoe"})));
    }
    desk.sees("(published)");
    assert_eq!(desk.asked().len(), 0);
    desk.later(400);
    assert_eq!(desk.asked().len(), 1);
    let generation = desk.model.queue.generation;
    let page = Page { items: (3..25).map(queue_item).collect(), next: None, total: Some(22) };
    desk.reply(Reply::Queue { generation, cursor: None, answer: Ok(page) });
    assert_eq!(desk.model.queue.selected().unwrap().review_id, before);
}

#[test]
fn the_end_of_what_is_read_brings_the_next_page() {
    let mut desk = Desk::fresh(80, 24);
    let generation = desk.model.queue.generation;
    let page = Page { items: (0..100).map(queue_item).collect(), next: Some("c1".to_owned()), total: Some(100_000) };
    desk.reply(Reply::Queue { generation, cursor: None, answer: Ok(page) });
    desk.asked();
    desk.press("shift-g").sees("100000 waiting");
    let asked = desk.asked();
    assert!(matches!(&asked[..], [Effect::LoadQueue { cursor: Some(cursor), .. }] if cursor == "c1"));
    desk.press("k j");
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut desk = Desk::with_rows(80, 24, 25);
    let old = desk.model.queue.generation;
    desk.press("/").write("scope:ban").press("enter");
    let page = Page { items: vec![queue_item(0)], next: None, total: None };
    desk.reply(Reply::Queue { generation: old, cursor: None, answer: Ok(page) });
    assert!(desk.model.queue.rows.is_empty());
}

#[test]
fn a_filter_with_a_fault_is_not_sent_and_says_where_it_is() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.press("/").write("scoope:ban").press("enter");
    desk.sees("column 1").sees("did you mean");
    assert_eq!(desk.asked().len(), 0);
    desk.press("ctrl-u").write("scope:ban").press("enter");
    assert!(matches!(&desk.asked()[..], [Effect::LoadQueue { query, .. }] if query == "scope:ban"));
    desk.press("esc");
    assert!(matches!(&desk.asked()[..], [Effect::LoadQueue { query, .. }] if query.is_empty()));
}

#[test]
fn marked_rows_are_claimed_together_and_each_failure_is_named() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.press("space space b").sees("2 marked submissions").press("enter");
    let asked = desk.asked();
    let [Effect::Bulk(items)] = &asked[..] else { panic!("{asked:?}") };
    assert!(items.len() == 2 && items.iter().all(|item| item.action == "claim"));
    let result = |number: usize, status, detail: &str| BulkResult {
        review_id: queue_item(number).id,
        status,
        stage: None,
        problem: (status > 299).then(|| Problem { detail: detail.to_owned(), ..Problem::default() }),
    };
    desk.reply(Reply::Bulk(Ok(vec![result(0, 200, ""), result(1, 409, "zoe has it since 13:50")])));
    desk.sees("1 of 2 done").sees("raid-shield 1.1.0: zoe has it since 13:50").press("esc").sees("1 marked");
}

#[test]
fn claim_next_opens_what_was_claimed_and_says_when_nothing_is_free() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.press("shift-c");
    assert!(matches!(&desk.asked()[..], [Effect::Turn { turn: Turn::ClaimNext, review_id: None, .. }]));
    let claimed = |answer| Reply::Turn { turn: Turn::ClaimNext, review_id: None, answer };
    desk.reply(claimed(Ok(None))).sees("Nothing is free to claim");
    desk.reply(claimed(Ok(Some(Box::new(queue_item(1)))))).answer_review(1).sees("yours, 24 min left");
}

#[test]
fn a_failure_keeps_the_rows_with_their_age() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.later(5 * 60_000).press("f5");
    let generation = desk.model.queue.generation;
    let failure = Failure { text: "cannot reach the server".to_owned(), ..Failure::default() };
    desk.reply(Reply::Queue { generation, cursor: None, answer: Err(failure) });
    desk.sees("not fresh: last read 5 min ago").sees("role-menu");
}

#[test]
fn a_lost_connection_is_said_and_its_return_reads_everything_again() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.give(Event::Live(Live::Lost { error: "connection refused".to_owned(), retry_at: NOW }));
    desk.sees("Connection lost just now. Reconnecting").sees("offline");
    desk.asked();
    desk.give(Event::Live(Live::Connected)).sees("● live").does_not_see("Connection lost");
    assert!(desk.asked().iter().any(|effect| matches!(effect, Effect::LoadQueue { .. })));
}

#[test]
fn the_mouse_does_what_keys_do() {
    let mut desk = Desk::with_rows(80, 24, 25);
    desk.give(Event::Mouse(Mouse::ScrollDown));
    assert_eq!(desk.model.queue.list.cursor, 1);
    desk.give(Event::Mouse(Mouse::Click { column: 10, row: 6 }));
    assert_eq!(desk.model.queue.list.cursor, 3);
    desk.give(Event::Mouse(Mouse::Click { column: 10, row: 6 }));
    assert!(matches!(&desk.asked()[..], [Effect::LoadReview { .. }]));
}

#[test]
fn untrusted_names_never_reach_the_screen_raw() {
    let mut item = queue_item(0);
    item.slug = "evil\u{1b}[2J".to_owned();
    item.name = "abc\u{202e}fed".to_owned();
    item.author = "zero\u{200b}width".to_owned();
    for (columns, rows) in [(80, 24), (160, 45)] {
        let mut desk = Desk::fresh(columns, rows);
        let generation = desk.model.queue.generation;
        let page = Page { items: vec![item.clone()], next: None, total: None };
        desk.reply(Reply::Queue { generation, cursor: None, answer: Ok(page) });
        let screen = desk.sees("bidi character").screen();
        for hidden in ['\u{1b}', '\u{202e}', '\u{200b}'] {
            assert!(!screen.contains(hidden), "{hidden:?} at {columns} columns");
        }
    }
}

#[test]
fn a_resize_keeps_the_selection() {
    let mut desk = Desk::with_rows(160, 45, 25);
    desk.press("shift-g");
    let before = desk.model.queue.selected().unwrap().review_id.clone();
    desk.give(Event::Resize { columns: 60, rows: 14 });
    assert_eq!(desk.model.queue.selected().unwrap().review_id, before);
    desk.sees("role-menu").give(Event::Resize { columns: 39, rows: 11 }).sees("skydeck needs 40x12");
}
