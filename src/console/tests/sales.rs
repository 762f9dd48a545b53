//! The screen of sales: what it asks, what it shows, and what it takes back.

use super::desk::Desk;
use crate::api::page::Page;
use crate::api::purchases::{DaySales, ExtensionSales, Points, Purchase, Sales, StatementLine, Takings};
use crate::console::effect::Effect;
use crate::console::event::{Event, Failure, Live, Reply};
use crate::console::fixture::NOW;
use crate::console::screens::sales::effect::{Effect as Ask, Reply as Told};

const DAY_MS: i64 = 86_400_000;

fn takings(sold: i64, price: i64, refunded: i64) -> Takings {
    let (sold_points, refunded_points) = (sold * price, refunded * price);
    let author_points = (sold - refunded) * (price * 7 / 10);
    Takings {
        sold,
        sold_points,
        refunded,
        refunded_points,
        author_points,
        market_points: sold_points - refunded_points - author_points,
    }
}

fn purchase(number: i64) -> Purchase {
    Purchase {
        id: format!("01940000-0000-7000-8000-{number:012}"),
        extension_id: "01910000-0000-7000-8000-000000000001".to_owned(),
        slug: ["raid-shield", "casino", "dice"][usize::try_from(number).unwrap() % 3].to_owned(),
        buyer_id: "id-maria".to_owned(),
        buyer: "maria".to_owned(),
        author_id: "id-northwind".to_owned(),
        author: "northwind".to_owned(),
        price_points: 1_200,
        author_points: 840,
        share_percent: 70,
        at: NOW.plus_ms(-number * 3 * DAY_MS).to_string(),
        refundable_until: NOW.plus_ms((7 - number * 3) * DAY_MS).to_string(),
        refunded_at: (number == 1).then(|| NOW.plus_ms(-DAY_MS).to_string()),
    }
}

fn line(n: i64) -> StatementLine {
    let (kind, points, slug) = match n % 3 {
        0 => ("refund", -840, Some("raid-shield")),
        1 => ("grant", 5_000, None),
        _ => ("purchase", 840, Some("raid-shield")),
    };
    StatementLine {
        n,
        at: NOW.plus_ms((n - 40) * 3_600_000).to_string(),
        kind: kind.to_owned(),
        points,
        balance: 4_000 + n * 10,
        slug: slug.map(str::to_owned),
        purchase_id: None,
        reason: if kind == "purchase" { String::new() } else { "a prize \u{202e}for the best".to_owned() },
        by: (kind == "grant").then(|| "zoe".to_owned()),
        entry_id: format!("e{n}"),
    }
}

fn sales() -> Sales {
    let extension =
        |slug: &str, takings| ExtensionSales { extension_id: slug.to_owned(), slug: slug.to_owned(), takings };
    let day = |number: i64| DaySales {
        day: NOW.plus_ms((number - 11) * DAY_MS).to_string()[..10].to_owned(),
        takings: takings(number % 5 + 1, 1_200, number % 3),
    };
    Sales {
        from: NOW.plus_ms(-29 * DAY_MS).to_string(),
        to: NOW.plus_ms(DAY_MS).to_string(),
        sum: takings(36, 1_200, 12),
        extensions: vec![extension("raid-shield", takings(30, 1_200, 9)), extension("casino", takings(6, 1_200, 3))],
        days: (0..12).map(day).collect(),
    }
}

/// A desk at which the screen has been read; for an administrator where `administers`.
pub fn opened(columns: u16, rows: u16, administers: bool) -> Desk {
    let mut desk = Desk::with_rows(columns, rows, 3);
    if administers && let Some(me) = desk.model.me.value_mut() {
        me.account.role = "administrator".to_owned();
    }
    desk.press("0");
    answer(&mut desk, administers);
    desk.effects.clear();
    desk
}

/// Answers what the screen asked.
fn answer(desk: &mut Desk, administers: bool) {
    let generation = desk.model.sales.generation;
    let points = Points {
        account_id: "id-maria".to_owned(),
        account: "maria".to_owned(),
        balance: 12_345,
        issued: administers.then_some(1_000_000),
        market: administers.then_some(8_640),
    };
    let page = |items| Page { items, next: Some("next".to_owned()), total: None };
    for told in [
        Told::Points { generation, answer: Ok(points) },
        Told::Sales { generation, answer: Ok(Box::new(sales())) },
        Told::Statement { generation, further: false, answer: Ok(page((1..=30).rev().map(line).collect())) },
    ] {
        desk.reply(Reply::Sales(told));
    }
    let items = (0..4).map(purchase).collect();
    let bought = Page { items, next: None, total: None };
    desk.reply(Reply::Sales(Told::Purchases { generation, further: false, answer: Ok(bought) }));
}

fn asked(desk: &mut Desk) -> Vec<Ask> {
    let of_sales = |effect| match effect {
        Effect::Sales(ask) => Some(ask),
        _ => None,
    };
    desk.asked().into_iter().filter_map(of_sales).collect()
}

#[test]
fn it_is_read_when_it_is_shown_and_again_after_a_sale() {
    let mut desk = Desk::with_rows(80, 24, 3);
    desk.press("0").sees("Reading");
    assert_eq!(asked(&mut desk).len(), 4);
    answer(&mut desk, false);
    desk.sees("You have 12,345 points").sees("raid-shield").does_not_see("issued");
    let event = crate::api::events::LiveEvent {
        number: 9,
        topic: "purchase".to_owned(),
        at: NOW.to_string(),
        body: serde_json::json!({"action": "bought"}),
    };
    desk.asked();
    desk.give(Event::Live(Live::Event(Box::new(event.clone()))))
        .give(Event::Live(Live::Event(Box::new(event.clone()))));
    assert!(asked(&mut desk).is_empty());
    assert!(desk.model.next_tick().is_some_and(|at| at <= NOW.plus_ms(1_000)));
    desk.later(1_000);
    assert_eq!(asked(&mut desk).len(), 4, "two sales are read once");
    desk.press("1").give(Event::Live(Live::Event(Box::new(event)))).later(2_000);
    assert!(asked(&mut desk).is_empty(), "nothing is read that is not shown");
}

#[test]
fn answers_to_older_questions_are_dropped_and_failures_keep_what_is_there() {
    let mut desk = opened(80, 24, false);
    desk.press("t");
    let generation = desk.model.sales.generation;
    let old = Told::Points {
        generation: generation - 1,
        answer: Err(Failure { text: "too late".to_owned(), ..Failure::default() }),
    };
    desk.reply(Reply::Sales(old)).does_not_see("too late").sees("last 90 days");
    let asks = asked(&mut desk);
    let from = asks.iter().find_map(|ask| match ask {
        Ask::Sales { from, .. } => Some(from.as_str()),
        _ => None,
    });
    assert_eq!(from, Some("2026-06-24T00:00:00.000Z"), "{asks:?}");
    let failed = Failure { text: "the server is away".to_owned(), ..Failure::default() };
    desk.reply(Reply::Sales(Told::Sales { generation, answer: Err(failed) }));
    desk.sees("the server is away").sees("raid-shield");
}

#[test]
fn a_purchase_is_taken_back_for_a_reason_and_never_by_one_key() {
    let mut desk = opened(80, 24, false);
    desk.press("x").sees("choose what is to be taken back");
    desk.press("h x").sees("840 from its author").sees("Keep it");
    desk.press("enter");
    assert!(asked(&mut desk).is_empty(), "the first choice keeps it");
    desk.press("x k enter");
    let asks = asked(&mut desk);
    let [Ask::Refund { purchase, reason }] = asks.as_slice() else { panic!("{asks:?}") };
    assert_eq!((purchase.as_str(), reason.as_str()), ("01940000-0000-7000-8000-000000000000", "I do not need it"));
    desk.reply(Reply::Sales(Told::Refunded(Ok(Box::new(self::purchase(0))))));
    desk.sees("1,200").sees("points are yours again");
    assert_eq!(asked(&mut desk).len(), 4);
    desk.press("j x").sees("taken back already");
    desk.press("j j x").sees("could be taken back until");
    let late = Failure { text: "this could be taken back until yesterday".to_owned(), ..Failure::default() };
    desk.reply(Reply::Sales(Told::Refunded(Err(late)))).sees("Not taken back");
    desk.give(Event::Live(Live::Lost { error: "gone".to_owned(), retry_at: NOW })).asked();
    desk.press("g x k enter").sees("Not done");
    assert!(asked(&mut desk).is_empty(), "nothing is sent without a connection");
}

#[test]
fn administrators_see_everybodys_and_nobody_else_does() {
    let mut desk = opened(160, 45, false);
    desk.press("m").sees("Only administrators");
    assert!(asked(&mut desk).is_empty());
    let mut desk = opened(160, 45, true);
    desk.sees("issued 1,000,000").sees("marketplace 8,640");
    desk.press("m").sees("everybody's");
    let asks = asked(&mut desk);
    assert!(asks.iter().any(|ask| matches!(ask, Ask::Sales { author: Some("all"), .. })), "{asks:?}");
    assert!(asks.iter().any(|ask| matches!(ask, Ask::Statement { account: Some("market"), .. })), "{asks:?}");
}

#[test]
fn long_statements_are_read_page_by_page() {
    let mut desk = opened(80, 24, false);
    desk.press("l l");
    assert!(asked(&mut desk).is_empty());
    desk.press("pagedown");
    let asks = asked(&mut desk);
    assert!(matches!(asks.as_slice(), [Ask::Statement { cursor: Some(_), .. }]), "{asks:?}");
    desk.press("j");
    assert!(asked(&mut desk).is_empty(), "one page at a time");
    let generation = desk.model.sales.generation;
    let page = Page { items: (1..=9).map(line).collect(), next: None, total: None };
    desk.reply(Reply::Sales(Told::Statement { generation, further: true, answer: Ok(page) })).press("shift-g");
    assert_eq!(desk.model.sales.len(), 39);
    assert!(asked(&mut desk).is_empty(), "that was the last page");
    desk.does_not_see("\u{202e}");
}
