//! What keys and answers do to the screen of sales.

use super::effect::{Effect as Ask, Reply};
use super::{DAYS, Pages, Part, SalesScreen, Whose, view};
use crate::api::events::LiveEvent;
use crate::api::page::Page;
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::event::Answer;
use crate::console::model::{Model, ScreenName};
use crate::console::overlay::{Choice, ChoiceOf, Overlay};
use crate::console::remote::Remote;
use crate::console::widgets::list::Motion;
use crate::domain::time::Timestamp;

/// How long after something was sold the screen is read again: many sales are read at once.
const READ_AGAIN_MS: i64 = 1_000;
/// So near the end of a list the next page is read.
const READ_ON_ROWS: usize = 20;
const DAY_MS: i64 = 86_400_000;

/// Why a purchase is taken back.
const REASONS: &[&str] =
    &["It does not do what it says", "It does not work on my server", "I bought it by mistake", "I do not need it"];

/// Does an action on this screen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::NextPart => step_part(model, 1),
        Action::PreviousPart => step_part(model, Part::ALL.len() - 1),
        Action::SalesWhose => {
            if !is_administrator(model) {
                model.tell("Only administrators see more than their own".to_owned());
                return Vec::new();
            }
            let screen = &mut model.sales;
            *screen = SalesScreen { whose: screen.whose.next(), statement: Remote::Absent, ..screen.clone() };
            read_again(model)
        }
        Action::SalesDays => {
            model.sales.span = (model.sales.span + 1) % DAYS.len();
            read_again(model)
        }
        Action::SalesRefund => ask_refund(model),
        Action::Refresh => read_again(model),
        Action::Copy => {
            let id = model.sales.purchase().map(|purchase| purchase.id.clone());
            id.map(Effect::Copy).into_iter().collect()
        }
        Action::Back => {
            model.screen = ScreenName::Queue;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Reads everything that is shown.
pub fn read_again(model: &mut Model) -> Vec<Effect> {
    let today = model.now.as_ms().div_euclid(DAY_MS);
    let screen = &mut model.sales;
    screen.generation += 1;
    screen.read_again_at = None;
    screen.reading_on = false;
    screen.points.ask();
    screen.sales.ask();
    screen.statement.ask();
    screen.purchases.ask();
    let generation = screen.generation;
    let first = (today - DAYS[screen.span % DAYS.len()] + 1) * DAY_MS;
    let author = (screen.whose != Whose::Mine).then_some("all");
    [
        Ask::Points { generation },
        Ask::Sales { generation, author, from: Timestamp::from_ms(first).to_string() },
        Ask::Statement { generation, account: screen.whose.account(), cursor: None },
        Ask::Purchases { generation, cursor: None },
    ]
    .map(Effect::Sales)
    .into()
}

/// Reads it again where it is shown and something was sold meanwhile.
pub fn read_when_due(model: &mut Model) -> Vec<Effect> {
    let due = model.sales.read_again_at.is_some_and(|at| at <= model.now);
    if due && model.screen == ScreenName::Sales { read_again(model) } else { Vec::new() }
}

/// Reads on where the end of a list is near.
pub fn read_on(model: &mut Model) -> Vec<Effect> {
    let screen = &mut model.sales;
    if model.screen != ScreenName::Sales || screen.reading_on || screen.list().cursor + READ_ON_ROWS < screen.len() {
        return Vec::new();
    }
    let generation = screen.generation;
    let ask = match screen.part {
        Part::Statement => screen.statement.value().and_then(|pages| pages.next.clone()).map(|cursor| Ask::Statement {
            generation,
            account: screen.whose.account(),
            cursor: Some(cursor),
        }),
        Part::Purchases => (screen.purchases.value().and_then(|pages| pages.next.clone()))
            .map(|cursor| Ask::Purchases { generation, cursor: Some(cursor) }),
        Part::Extensions | Part::Days => None,
    };
    screen.reading_on = ask.is_some();
    ask.map(Effect::Sales).into_iter().collect()
}

/// Takes what was asked for.
pub fn take(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let now = model.now;
    let screen = &mut model.sales;
    match reply {
        Reply::Points { generation, answer } if generation == screen.generation => {
            screen.points.answer(answer.map_err(|failure| failure.text), now);
        }
        Reply::Sales { generation, answer } if generation == screen.generation => {
            screen.sales.answer(answer.map(|sales| *sales).map_err(|failure| failure.text), now);
        }
        Reply::Statement { generation, further, answer } if generation == screen.generation => {
            take_page(&mut screen.statement, further, answer, now);
            screen.reading_on = false;
        }
        Reply::Purchases { generation, further, answer } if generation == screen.generation => {
            take_page(&mut screen.purchases, further, answer, now);
            screen.reading_on = false;
        }
        Reply::Refunded(Ok(purchase)) => {
            let text = format!("{} was taken back: {} points are yours again", purchase.slug, purchase.price_points);
            model.tell(text);
            return read_again(model);
        }
        Reply::Refunded(Err(failure)) => {
            model.warn(format!("Not taken back: {}", failure.text));
            return read_again(model);
        }
        Reply::Points { .. } | Reply::Sales { .. } | Reply::Statement { .. } | Reply::Purchases { .. } => {}
    }
    keep_cursors(model);
    Vec::new()
}

/// Notes that something was sold, taken back or granted.
pub fn take_live(model: &mut Model, event: &LiveEvent) {
    if matches!(event.topic.as_str(), "purchase" | "resync") && model.screen == ScreenName::Sales {
        let at = model.now.plus_ms(READ_AGAIN_MS);
        model.sales.read_again_at.get_or_insert(at);
    }
}

/// Moves in the open part's list.
pub fn go(model: &mut Model, motion: Motion) {
    let height = view::rows_area(crate::console::view::body(model)).height;
    let len = model.sales.len();
    model.sales.lists[model.sales.part as usize].go(motion, len, height);
}

/// Takes a purchase back, for the reason that was chosen; the last choice keeps it.
pub fn choose_refund(model: &mut Model, purchase: String, at: usize) -> Vec<Effect> {
    match REASONS.get(at) {
        Some(reason) if model.can_send() => {
            vec![Effect::Sales(Ask::Refund { purchase, reason: (*reason).to_owned() })]
        }
        _ => Vec::new(),
    }
}

fn ask_refund(model: &mut Model) -> Vec<Effect> {
    let Some(purchase) = model.sales.purchase().cloned() else {
        model.tell(format!("Go to “{}” and choose what is to be taken back", Part::Purchases.title()));
        return Vec::new();
    };
    if purchase.refunded_at.is_some() {
        model.tell(format!("{} was taken back already", purchase.slug));
        return Vec::new();
    }
    let until = view::when(model, &purchase.refundable_until);
    if purchase.refundable_until.parse::<Timestamp>().is_ok_and(|until| until < model.now) {
        model.tell(format!("{} could be taken back until {until}", purchase.slug));
        return Vec::new();
    }
    let text = vec![
        format!(
            "{} points come back to you: {} from its author, the rest from the marketplace.",
            view::grouped(purchase.price_points),
            view::grouped(purchase.author_points)
        ),
        "Your servers get no more code and no more grants for it; what runs there ends with its grant.".to_owned(),
    ];
    let mut choices: Vec<String> = REASONS.iter().map(|reason| (*reason).to_owned()).collect();
    choices.push("Keep it".to_owned());
    let cursor = choices.len() - 1;
    let title = format!("Take {} back, because", purchase.slug);
    model.overlay = Overlay::Choice(Choice { title, text, choices, cursor, of: ChoiceOf::Refund(purchase.id) });
    Vec::new()
}

/// Takes a page: a further one is put behind what is there, another first one takes its place.
pub fn take_page<T>(kept: &mut Remote<Pages<T>>, further: bool, answer: Answer<Page<T>>, now: Timestamp) {
    match (answer, kept.value_mut().filter(|_| further)) {
        (Ok(page), Some(pages)) => {
            pages.items.extend(page.items);
            pages.next = page.next;
        }
        (answer, _) => {
            let pages = answer.map(|page| Pages { items: page.items, next: page.next });
            kept.answer(pages.map_err(|failure| failure.text), now);
        }
    }
}

fn step_part(model: &mut Model, step: usize) -> Vec<Effect> {
    model.sales.part = Part::ALL[(model.sales.part as usize + step) % Part::ALL.len()];
    Vec::new()
}

/// Keeps each cursor on a row after lists have changed.
fn keep_cursors(model: &mut Model) {
    let height = view::rows_area(crate::console::view::body(model)).height;
    let part = model.sales.part;
    for each in Part::ALL {
        model.sales.part = *each;
        let (len, list) = (model.sales.len(), &mut model.sales.lists[*each as usize]);
        list.cursor = list.cursor.min(len.saturating_sub(1));
        list.top = list.first(len, height);
    }
    model.sales.part = part;
}

fn is_administrator(model: &Model) -> bool {
    model.me.value().is_some_and(|me| me.account.role == "administrator")
}
