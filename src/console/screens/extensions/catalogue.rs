//! How the catalogue looks: its list above or beside the extension under the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::api::extensions::Extension;
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::queue::view::{BESIDE_COLUMNS, Parts};
use crate::console::screens::review::changes::visible_paragraphs;
use crate::console::screens::review::view::warning_of_name;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::list::{Align, Column, Focus};
use crate::console::widgets::{bar, list, paint};
use crate::domain::text::visible;
use crate::domain::time::Timestamp;

const DETAIL_COLUMNS: u16 = 52;
const DETAIL_ROWS: u16 = 7;

const COLUMNS: &[Column] = &[
    Column { title: "EXTENSION", width: 18, grow: 2, priority: 0, align: Align::Left },
    Column { title: "NAME", width: 16, grow: 3, priority: 6, align: Align::Left },
    Column { title: "OWNER", width: 10, grow: 1, priority: 4, align: Align::Left },
    Column { title: "VERSION", width: 8, grow: 0, priority: 1, align: Align::Left },
    Column { title: "SERVERS", width: 7, grow: 0, priority: 2, align: Align::Right },
    Column { title: "IS", width: 11, grow: 0, priority: 1, align: Align::Left },
    Column { title: "TIER", width: 7, grow: 0, priority: 5, align: Align::Left },
    Column { title: "CHANGED", width: 11, grow: 0, priority: 3, align: Align::Right },
];

/// Divides the room of the catalogue.
pub fn parts(area: Rect) -> Parts {
    let row = |y: u16, height: u16, width: u16| Rect::new(area.x, area.y + y.min(area.height), width, height);
    let beside = area.width >= BESIDE_COLUMNS;
    let wide = if beside { area.width - DETAIL_COLUMNS - 1 } else { area.width };
    let detail_rows = if !beside && area.height >= 16 { DETAIL_ROWS } else { 0 };
    let list_rows = area.height.saturating_sub(2 + detail_rows);
    let detail = if beside {
        Rect::new(area.x + wide + 1, area.y, DETAIL_COLUMNS, area.height)
    } else {
        row(2 + list_rows, detail_rows, wide)
    };
    Parts {
        summary: row(0, 1.min(area.height), wide),
        head: row(1, 1.min(area.height.saturating_sub(1)), wide),
        list: row(2, list_rows, wide),
        detail,
        beside,
    }
}

/// Paints the catalogue.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let (parts, theme) = (parts(area), &model.theme);
    draw_summary(model, buf, parts.summary);
    let pages = &model.extensions.catalogue.pages;
    if pages.rows.is_empty() {
        draw_nothing(model, buf, parts.list);
        return;
    }
    let places = list::place(COLUMNS, parts.list.width.saturating_sub(1));
    list::draw_head(buf, parts.head, theme, COLUMNS, &places);
    let len = pages.rows.len();
    list::draw_rows(buf, parts.list, theme, COLUMNS, &places, &pages.list, len, Focus::Here, |row, column| {
        cell(model, &pages.rows[row], column)
    });
    let Some(row) = pages.selected() else { return };
    if parts.beside {
        for y in parts.detail.top()..parts.detail.bottom() {
            paint::put(buf, parts.detail.x, y, 1, "│", theme.style(Role::Border));
        }
        let inner = Rect::new(parts.detail.x + 2, parts.detail.y, parts.detail.width - 3, parts.detail.height);
        let mut lines = vec![
            Line::styled(visible(&row.slug).into_owned(), theme.style(Role::Strong)),
            Line::from(vec![
                Span::styled(visible(&row.name).into_owned(), theme.style(Role::Muted)),
                Span::styled(warning_of_name(&row.name), theme.style(Role::Danger)),
            ]),
            Line::default(),
        ];
        lines.extend(about(model, row, inner.width));
        paint::put_lines(buf, inner, &lines);
    } else if parts.detail.height > 0 {
        let name = format!("{}{}", visible(&row.name), warning_of_name(&row.name));
        bar::draw_rule(buf, parts.detail, parts.detail.y, theme, &visible(&row.slug), &name);
        let (x, y) = (parts.detail.x + 1, parts.detail.y + 1);
        let inner = Rect::new(x, y, parts.detail.width.saturating_sub(2), parts.detail.height - 1);
        paint::put_lines(buf, inner, &about(model, row, inner.width));
    }
}

/// The look of how an extension stands in the marketplace.
pub fn listing_role(listing: &str) -> Role {
    match listing {
        "blocked" => Role::Danger,
        "quarantined" => Role::Warning,
        "listed" => Role::Success,
        _ => Role::Muted,
    }
}

/// A moment of the wire.
pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

/// How fresh something is, for the right end of a line.
pub fn freshness<T>(theme: &Theme, remote: &Remote<T>, now: Timestamp) -> Line<'static> {
    let (text, role) = match remote {
        Remote::Ready { at, .. } => (format!("as of {}", moment::ago(now, *at)), Role::Muted),
        Remote::Stale { at, .. } => (format!("not fresh: last read {}", moment::ago(now, *at)), Role::Warning),
        Remote::Loading => ("reading…".to_owned(), Role::Muted),
        Remote::Absent | Remote::Failed { .. } => (String::new(), Role::Muted),
    };
    Line::styled(text, theme.style(role))
}

/// Paints a line that ends at the right edge of an area's first row, after column `left`.
pub fn put_line_right(buf: &mut Buffer, left: u16, area: Rect, line: &Line<'_>) {
    let room = area.right().saturating_sub(left + 1);
    let wide = u16::try_from(line.width()).unwrap_or(room).min(room);
    paint::put_line(buf, area.right().saturating_sub(wide + 1), area.y, wide, line);
}

fn draw_summary(model: &Model, buf: &mut Buffer, area: Rect) {
    let (catalogue, theme) = (&model.extensions.catalogue, &model.theme);
    let mut spans = vec![Span::raw(" "), Span::styled("Catalogue", theme.style(Role::Title))];
    if !catalogue.filter.is_empty() {
        spans.push(Span::styled(format!("  {}", visible(&catalogue.filter)), theme.style(Role::Accent)));
    }
    let more = if catalogue.pages.next.is_some() { "+" } else { "" };
    let count = format!("  {}{more} extensions", catalogue.pages.rows.len());
    spans.push(Span::styled(count, theme.style(Role::Muted)));
    let end = paint::put_line(buf, area.x, area.y, area.width, &Line::from(spans));
    put_line_right(buf, end, area, &freshness(theme, &catalogue.pages.state, model.now));
}

fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let (catalogue, theme) = (&model.extensions.catalogue, &model.theme);
    let (filter, back) = (model.key(Action::Filter), model.key(Action::Back));
    let (title, role, line) = match &catalogue.pages.state {
        Remote::Absent | Remote::Loading => ("Reading the catalogue…", Role::Muted, String::new()),
        Remote::Failed { error, .. } | Remote::Stale { error, .. } => {
            ("The catalogue cannot be read", Role::Danger, visible(error).into_owned())
        }
        Remote::Ready { .. } if catalogue.filter.is_empty() => {
            ("Nothing is published yet", Role::Info, "What is approved appears here by itself.".to_owned())
        }
        Remote::Ready { .. } => {
            let text = format!("{}: {filter} changes it, {back} clears it.", visible(&catalogue.filter));
            ("Nothing matches the filter", Role::Info, text)
        }
    };
    let y = area.y + area.height / 3;
    let room = area.width.saturating_sub(4);
    paint::put(buf, area.x + 2, y, room, title, theme.style(role));
    for (y, line) in (y + 1..area.bottom()).zip(paint::wrap(&line, usize::from(room))) {
        paint::put(buf, area.x + 2, y, room, &line, theme.style(Role::Muted));
    }
}

fn cell<'a>(model: &'a Model, row: &'a Extension, column: usize) -> Line<'a> {
    let theme = &model.theme;
    match column {
        0 => Line::raw(visible(&row.slug)),
        1 => Line::styled(visible(&row.name), theme.style(Role::Muted)),
        2 => Line::styled(visible(&row.owner), theme.style(Role::Muted)),
        3 => Line::styled(visible(row.head.as_deref().unwrap_or("none")), theme.style(Role::Accent)),
        4 => Line::styled(
            row.installations.map_or_else(String::new, |count| count.to_string()),
            theme.style(Role::Strong),
        ),
        5 => Line::styled(visible(&row.listing), theme.style(listing_role(&row.listing))),
        6 => Line::styled(visible(&row.tier), theme.style(Role::Muted)),
        _ => Line::styled(moment::ago(model.now, time(&row.updated_at)), theme.style(Role::Muted)),
    }
}

fn about(model: &Model, row: &Extension, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let line = |label: &'static str, value: Vec<Span<'static>>| paint::labelled(label, 9, muted, value);
    let price = row.price_points.map_or_else(String::new, |points| format!(", {points} points"));
    let head = match &row.head {
        Some(head) => vec![
            Span::styled(visible(head).into_owned(), theme.style(Role::Accent)),
            Span::styled(format!("  ·  revision {} of its channel", row.head_revision), muted),
        ],
        None => vec![Span::styled("never published", muted)],
    };
    let mut lines = vec![
        line(
            "Owner",
            vec![
                Span::raw(visible(&row.owner).into_owned()),
                Span::styled(format!("  ·  {}{price}", visible(&row.tier)), muted),
            ],
        ),
        line("Version", head),
        line("Is", vec![Span::styled(visible(&row.listing).into_owned(), theme.style(listing_role(&row.listing)))]),
    ];
    if let Some(reason) = &row.listing_reason {
        lines.push(line("Why", vec![Span::styled(visible(&reason.replace('\n', " ")).into_owned(), muted)]));
    }
    if !row.tags.is_empty() {
        lines.push(line("Tags", vec![Span::raw(visible(&row.tags.join(", ")).into_owned())]));
    }
    let text = visible_paragraphs(&row.description, usize::from(columns));
    lines.extend(text.into_iter().map(|text| Line::styled(text, muted)));
    lines
}
