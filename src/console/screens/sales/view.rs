//! How sales look: points and sums above, the open part's table below; bars stand beside the numbers they show.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{DAYS, Part, Whose};
use crate::api::purchases::{Purchase, StatementLine, Takings};
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::theme::Role;
use crate::console::widgets::list::{Align, Column, Focus};
use crate::console::widgets::{bar, gauge, list, paint};
use crate::domain::text::visible;
use crate::domain::time::Timestamp;

/// Rows above the table's headings.
const HEAD_ROWS: u16 = 4;

const fn name(title: &'static str, width: u16) -> Column {
    Column { title, width, grow: 1, priority: 0, align: Align::Left }
}

const fn number(title: &'static str, width: u16, priority: u8) -> Column {
    Column { title, width, grow: 0, priority, align: Align::Right }
}

const fn word(title: &'static str, width: u16, priority: u8) -> Column {
    Column { title, width, grow: 0, priority, align: Align::Left }
}

const EXTENSIONS: &[Column] = &[
    name("EXTENSION", 18),
    number("SOLD", 6, 0),
    number("POINTS", 11, 2),
    number("BACK", 5, 3),
    number("POINTS BACK", 11, 5),
    number("AUTHOR", 11, 0),
    number("MARKETPLACE", 11, 4),
];
const DAY_COLUMNS: &[Column] = &[
    word("DAY", 10, 0),
    Column { title: "POINTS", width: 12, grow: 1, priority: 5, align: Align::Left },
    number("SOLD", 6, 0),
    number("POINTS", 11, 0),
    number("BACK", 5, 3),
    number("POINTS BACK", 11, 6),
    number("AUTHOR", 11, 1),
    number("MARKETPLACE", 11, 4),
];
const STATEMENT: &[Column] = &[
    number("N", 5, 4),
    word("WHEN", 16, 0),
    word("WHAT", 8, 0),
    name("EXTENSION", 14),
    number("POINTS", 12, 0),
    number("BALANCE", 13, 1),
    Column { title: "WHY", width: 16, grow: 2, priority: 3, align: Align::Left },
    word("BY", 12, 5),
];
const PURCHASES: &[Column] = &[
    name("EXTENSION", 18),
    number("POINTS", 11, 0),
    word("BOUGHT", 16, 2),
    word("CAN BE TAKEN BACK", 22, 1),
    Column { title: "FROM", width: 12, grow: 1, priority: 3, align: Align::Left },
];

/// Paints the screen.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let (screen, theme) = (&model.sales, &model.theme);
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    paint::put_line(buf, inner.x, inner.y, inner.width, &points_line(model));
    paint::put_line(buf, inner.x, inner.y + 1, inner.width, &sum_line(model));
    let count = |part: Part| match part {
        Part::Extensions => screen.sales.value().map(|sales| sales.extensions.len()),
        Part::Days | Part::Statement | Part::Purchases => None,
    };
    let names: Vec<(&str, Option<usize>)> = Part::ALL.iter().map(|part| (part.title(), count(*part))).collect();
    paint::put_line(buf, inner.x, inner.y + 2, inner.width, &bar::tabs(theme, &names, screen.part as usize));
    bar::draw_rule(buf, area, area.y + 3, theme, "", &about(model));
    if screen.is_empty() {
        draw_nothing(model, buf, rows_area(area));
        return;
    }
    let columns = columns(screen.part);
    let rows = rows_area(area);
    let places = list::place(columns, rows.width.saturating_sub(1));
    let head = Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1.min(rows.height));
    list::draw_head(buf, head, theme, columns, &places);
    let bars = places.iter().find(|(at, ..)| *at == 1).map_or(0, |(_, _, wide)| *wide);
    list::draw_rows(buf, rows, theme, columns, &places, &screen.list(), screen.len(), Focus::Here, |row, column| {
        cell(model, row, column, bars)
    });
}

/// The room of the table's rows.
pub fn rows_area(area: Rect) -> Rect {
    let head = (HEAD_ROWS + 1).min(area.height);
    Rect::new(area.x + 1, area.y + head, area.width.saturating_sub(2), area.height - head)
}

/// A moment of the wire as it is shown here.
pub fn when(model: &Model, text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| visible(text).into_owned(), |at| moment::clock(at, &model.profile.zone))
}

/// A number with its thousands apart: `12,345`.
pub fn grouped(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { String::from("-") } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const fn columns(part: Part) -> &'static [Column] {
    match part {
        Part::Extensions => EXTENSIONS,
        Part::Days => DAY_COLUMNS,
        Part::Statement => STATEMENT,
        Part::Purchases => PURCHASES,
    }
}

fn points_line(model: &Model) -> Line<'static> {
    let theme = &model.theme;
    let (muted, strong) = (theme.style(Role::Muted), theme.style(Role::Strong));
    let mut spans = match &model.sales.points {
        Remote::Absent | Remote::Loading => vec![Span::styled("Reading…", muted)],
        Remote::Failed { error, .. } => {
            vec![Span::styled(visible(error).into_owned(), theme.style(Role::Danger))]
        }
        Remote::Ready { value, .. } | Remote::Stale { value, .. } => {
            let style = if value.balance < 0 { theme.style(Role::Warning) } else { strong };
            let mut spans = vec![
                Span::styled("You have ", muted),
                Span::styled(grouped(value.balance), style),
                Span::styled(" points", muted),
            ];
            if value.balance < 0 {
                spans.push(Span::styled(": a refund took back what was spent", theme.style(Role::Warning)));
            }
            for (text, points) in [("issued", value.issued), ("marketplace", value.market)] {
                if let Some(points) = points {
                    spans.push(Span::styled(format!(" · {text} "), muted));
                    spans.push(Span::styled(grouped(points), strong));
                }
            }
            spans
        }
    };
    if let Some(error) = model.sales.sales.error() {
        spans.push(Span::styled(format!("  ! {}", visible(error)), theme.style(Role::Danger)));
    }
    Line::from(spans)
}

fn sum_line(model: &Model) -> Line<'static> {
    let theme = &model.theme;
    let (muted, strong) = (theme.style(Role::Muted), theme.style(Role::Strong));
    let Some(sales) = model.sales.sales.value() else { return Line::default() };
    let sum = &sales.sum;
    let mut spans = vec![
        Span::styled("Sold ", muted),
        Span::styled(grouped(sum.sold), strong),
        Span::styled(format!(" for {}", grouped(sum.sold_points)), muted),
        Span::styled(" · back ", muted),
        Span::styled(grouped(sum.refunded), strong),
        Span::styled(format!(" for {}", grouped(sum.refunded_points)), muted),
    ];
    for (text, points) in [("author", sum.author_points), ("marketplace", sum.market_points)] {
        spans.push(Span::styled(format!(" · {text} "), muted));
        spans.push(Span::styled(grouped(points), strong));
    }
    Line::from(spans)
}

/// At the right of the line under the tabs: whose, and how long.
fn about(model: &Model) -> String {
    let screen = &model.sales;
    let days = DAYS[screen.span % DAYS.len()];
    match (screen.part, screen.whose) {
        (Part::Purchases, _) | (Part::Statement, Whose::Mine) => "yours, newest first".to_owned(),
        (Part::Statement, Whose::Market) => "the marketplace's, newest first".to_owned(),
        (Part::Statement, Whose::Issued) => "what was granted, newest first".to_owned(),
        (_, Whose::Mine) => format!("yours, last {days} days (UTC)"),
        (_, Whose::Market | Whose::Issued) => format!("everybody's, last {days} days (UTC)"),
    }
}

fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let screen = &model.sales;
    let (waiting, error) = match screen.part {
        Part::Extensions | Part::Days => (screen.sales.value().is_none(), screen.sales.error()),
        Part::Statement => (screen.statement.value().is_none(), screen.statement.error()),
        Part::Purchases => (screen.purchases.value().is_none(), screen.purchases.error()),
    };
    let (text, role) = match (error, waiting, screen.part) {
        (Some(error), ..) => (visible(error).into_owned(), Role::Danger),
        (None, true, _) => ("Reading…".to_owned(), Role::Muted),
        (None, false, Part::Extensions | Part::Days) => {
            ("Nothing was sold in these days. A price makes an extension premium.".to_owned(), Role::Muted)
        }
        (None, false, Part::Statement) => ("No points have moved yet.".to_owned(), Role::Muted),
        (None, false, Part::Purchases) => ("Nothing was bought with this account.".to_owned(), Role::Muted),
    };
    for (y, line) in (area.top()..area.bottom()).zip(paint::wrap(&text, usize::from(area.width))) {
        paint::put(buf, area.x, y, area.width, &line, model.theme.style(role));
    }
}

fn cell(model: &Model, row: usize, column: usize, bars: u16) -> Line<'static> {
    let screen = &model.sales;
    let found = match screen.part {
        Part::Extensions => screen.sales.value().and_then(|sales| sales.extensions.get(row)).map(|one| {
            let named = || Line::styled(visible(&one.slug).into_owned(), model.theme.style(Role::Accent));
            if column == 0 { named() } else { takings_cell(model, &one.takings, column - 1) }
        }),
        Part::Days => screen.sales.value().and_then(|sales| {
            let one = sales.days.get(row)?;
            Some(match column {
                0 => Line::from(visible(&one.day).into_owned()),
                1 => {
                    let most = sales.days.iter().map(|day| day.takings.sold_points).max().unwrap_or(0);
                    let of = |points: i64| u64::try_from(points).unwrap_or(0);
                    let filled = gauge::bar(&model.theme, bars, of(one.takings.sold_points), of(most));
                    // A bar among bars says how much, not that something is nearly full.
                    let style = |at: usize| model.theme.style(if at == 0 { Role::Gauge } else { Role::GaugeTrack });
                    let spans = filled.spans.into_iter().enumerate();
                    Line::from(spans.map(|(at, span)| span.style(style(at))).collect::<Vec<_>>())
                }
                column => takings_cell(model, &one.takings, column - 2),
            })
        }),
        Part::Statement => screen
            .statement
            .value()
            .and_then(|pages| pages.items.get(row))
            .map(|line| statement_cell(model, line, column)),
        Part::Purchases => screen
            .purchases
            .value()
            .and_then(|pages| pages.items.get(row))
            .map(|purchase| purchase_cell(model, purchase, column)),
    };
    found.unwrap_or_default()
}

fn takings_cell(model: &Model, takings: &Takings, column: usize) -> Line<'static> {
    let numbers = [
        takings.sold,
        takings.sold_points,
        takings.refunded,
        takings.refunded_points,
        takings.author_points,
        takings.market_points,
    ];
    let points = numbers.get(column).copied().unwrap_or(0);
    let role = match column {
        2 | 3 if points > 0 => Role::Warning,
        _ if points < 0 => Role::Warning,
        2 | 3 => Role::Muted,
        _ => Role::Text,
    };
    Line::styled(grouped(points), plain(model, role))
}

fn statement_cell(model: &Model, line: &StatementLine, column: usize) -> Line<'static> {
    let text = |text: &str, role: Role| Line::styled(visible(text).into_owned(), plain(model, role));
    match column {
        0 => text(&line.n.to_string(), Role::Muted),
        1 => text(&when(model, &line.at), Role::Text),
        2 => text(&line.kind, if line.kind == "refund" { Role::Warning } else { Role::Text }),
        3 => text(line.slug.as_deref().unwrap_or("-"), Role::Accent),
        4 => {
            let sign = if line.points > 0 { "+" } else { "" };
            let role = if line.points > 0 { Role::Success } else { Role::Text };
            text(&format!("{sign}{}", grouped(line.points)), role)
        }
        5 => text(&grouped(line.balance), if line.balance < 0 { Role::Warning } else { Role::Strong }),
        6 => text(&line.reason, Role::Muted),
        _ => text(line.by.as_deref().unwrap_or("-"), Role::Muted),
    }
}

fn purchase_cell(model: &Model, purchase: &Purchase, column: usize) -> Line<'static> {
    let text = |text: &str, role: Role| Line::styled(visible(text).into_owned(), plain(model, role));
    match column {
        0 => text(&purchase.slug, Role::Accent),
        1 => text(&grouped(purchase.price_points), Role::Strong),
        2 => text(&when(model, &purchase.at), Role::Text),
        3 => match (&purchase.refunded_at, purchase.refundable_until.parse::<Timestamp>()) {
            (Some(at), _) => text(&format!("back {}", when(model, at)), Role::Warning),
            (None, Ok(until)) if until >= model.now => {
                text(&format!("until {}", when(model, &purchase.refundable_until)), Role::Success)
            }
            (None, _) => text("no more", Role::Muted),
        },
        _ => text(&purchase.author, Role::Muted),
    }
}

/// The look of a role without a ground of its own.
fn plain(model: &Model, role: Role) -> Style {
    Style { bg: None, ..model.theme.style(role) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
            (i64::MIN, "-9,223,372,036,854,775,808"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
