//! How the queue looks: its list above or beside the detail of the row under the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::console::action::Action;
use crate::console::model::{Link, Model};
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::queue::{Row, Turnstile};
use crate::console::screens::review::view::warning_of_name;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::list::{Align, Column, Focus};
use crate::console::widgets::{bar, list, paint};
use crate::domain::text::visible;

/// Where the queue's parts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The line that says what is shown.
    pub summary: Rect,
    /// The headings.
    pub head: Rect,
    /// The rows.
    pub list: Rect,
    /// The row under the cursor in full; empty where there is no room.
    pub detail: Rect,
    /// Whether the detail stands beside the list.
    pub beside: bool,
}

/// From this width on the detail stands beside the list.
pub const BESIDE_COLUMNS: u16 = 140;
const DETAIL_COLUMNS: u16 = 52;
const DETAIL_ROWS: u16 = 7;

const COLUMNS: &[Column] = &[
    Column { title: "", width: 1, grow: 0, priority: 0, align: Align::Left },
    Column { title: "PRIO", width: 4, grow: 0, priority: 5, align: Align::Right },
    Column { title: "DUE", width: 11, grow: 0, priority: 1, align: Align::Right },
    Column { title: "EXTENSION", width: 18, grow: 3, priority: 0, align: Align::Left },
    Column { title: "VERSION", width: 8, grow: 0, priority: 2, align: Align::Left },
    Column { title: "AUTHOR", width: 10, grow: 1, priority: 4, align: Align::Left },
    Column { title: "RISK", width: 4, grow: 0, priority: 3, align: Align::Right },
    Column { title: "FINDINGS", width: 11, grow: 0, priority: 7, align: Align::Left },
    Column { title: "TURN", width: 15, grow: 1, priority: 1, align: Align::Left },
];

/// Divides the room of the screen.
pub fn parts(area: Rect) -> Parts {
    let row = |y: u16, height: u16, width: u16| Rect::new(area.x, area.y + y, width, height);
    if area.width >= BESIDE_COLUMNS {
        let wide = area.width - DETAIL_COLUMNS - 1;
        let detail = Rect::new(area.x + wide + 1, area.y, DETAIL_COLUMNS, area.height);
        let list = row(2, area.height.saturating_sub(2), wide);
        return Parts { summary: row(0, 1, wide), head: row(1, 1, wide), list, detail, beside: true };
    }
    let detail_rows = if area.height >= 16 { DETAIL_ROWS } else { 0 };
    let list_rows = area.height.saturating_sub(2 + detail_rows);
    let detail = row((2 + list_rows).min(area.height), detail_rows, area.width);
    Parts {
        summary: row(0, 1.min(area.height), area.width),
        head: row(1.min(area.height), 1.min(area.height), area.width),
        list: row(2.min(area.height), list_rows, area.width),
        detail,
        beside: false,
    }
}

/// Paints the queue.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let parts = parts(area);
    draw_summary(model, buf, parts.summary);
    let queue = &model.queue;
    if queue.rows.is_empty() {
        draw_nothing(model, buf, parts.list);
        return;
    }
    let places = list::place(COLUMNS, parts.list.width.saturating_sub(1));
    list::draw_head(buf, parts.head, &model.theme, COLUMNS, &places);
    let me = model.my_name();
    list::draw_rows(
        buf,
        parts.list,
        &model.theme,
        COLUMNS,
        &places,
        &queue.list,
        queue.rows.len(),
        Focus::Here,
        |row, column| {
            let row = &queue.rows[row];
            cell(model, row, column, me)
        },
    );
    let Some(row) = queue.selected() else { return };
    if parts.beside {
        let line = model.theme.style(Role::Border);
        for y in parts.detail.top()..parts.detail.bottom() {
            paint::put(buf, parts.detail.x, y, 1, "│", line);
        }
        let inner = Rect::new(parts.detail.x + 2, parts.detail.y, parts.detail.width - 3, parts.detail.height);
        paint::put_lines(buf, inner, &tall_detail(model, row, inner.width));
    } else if parts.detail.height > 0 {
        let name = format!("{}{}", visible(&row.name), warning_of_name(&row.name));
        bar::draw_rule(buf, parts.detail, parts.detail.y, &model.theme, &row.title(), &name);
        let inner = Rect::new(
            parts.detail.x + 1,
            parts.detail.y + 1,
            parts.detail.width.saturating_sub(2),
            parts.detail.height - 1,
        );
        paint::put_lines(buf, inner, &detail(model, row));
    }
}

fn draw_summary(model: &Model, buf: &mut Buffer, area: Rect) {
    let (queue, theme) = (&model.queue, &model.theme);
    let muted = theme.style(Role::Muted);
    let mut spans = vec![Span::raw(" ")];
    let view = queue.view_name().unwrap_or("Filter");
    spans.push(Span::styled(view, theme.style(Role::Title)));
    if !queue.filter.is_empty() {
        spans.push(Span::styled(format!("  {}", visible(&queue.filter)), theme.style(Role::Accent)));
    }
    let more = if queue.next.is_some() { "+" } else { "" };
    let count = queue.total.map_or_else(|| format!("{}{more}", queue.rows.len()), |total| total.to_string());
    spans.push(Span::styled(format!("  {count} waiting"), muted));
    if !queue.marked.is_empty() {
        spans.push(Span::styled(format!("  {} marked", queue.marked.len()), theme.style(Role::Marked)));
    }
    let end = paint::put_line(buf, area.x, area.y, area.width, &Line::from(spans));
    let (text, role) = match &queue.state {
        Remote::Ready { at, .. } => (format!("as of {}", moment::ago(model.now, *at)), Role::Muted),
        Remote::Stale { at, .. } => (format!("not fresh: last read {}", moment::ago(model.now, *at)), Role::Warning),
        Remote::Loading => ("reading…".to_owned(), Role::Muted),
        Remote::Absent | Remote::Failed { .. } => (String::new(), Role::Muted),
    };
    paint::put_right(buf, end + 1, area.right().saturating_sub(1), area.y, &text, theme.style(role));
}

/// What stands in the place of rows, and what to do about it.
fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let (queue, theme) = (&model.queue, &model.theme);
    let key = |action| model.key(action);
    let (title, role, lines) = match &queue.state {
        Remote::Absent | Remote::Loading => ("Reading the queue…", Role::Muted, Vec::new()),
        Remote::Failed { error, .. } | Remote::Stale { error, .. } => (
            "The queue cannot be read",
            Role::Danger,
            vec![
                visible(error).into_owned(),
                format!("{} tries again; {} changes the filter.", key(Action::Refresh), key(Action::Filter)),
            ],
        ),
        Remote::Ready { .. } if queue.filter.is_empty() => (
            "Nothing waits for review",
            Role::Success,
            vec!["New submissions appear here by themselves while the link is live.".to_owned()],
        ),
        Remote::Ready { .. } => (
            "Nothing matches the filter",
            Role::Info,
            vec![
                visible(&queue.filter).into_owned(),
                format!(
                    "{} changes it, {} clears it, {} chooses a view.",
                    key(Action::Filter),
                    key(Action::Back),
                    key(Action::Views)
                ),
            ],
        ),
    };
    let y = area.y + area.height / 3;
    let room = area.width.saturating_sub(4);
    paint::put(buf, area.x + 2, y, room, title, theme.style(role));
    let wrapped = lines.iter().flat_map(|line| paint::wrap(line, usize::from(room)));
    for (y, line) in (y + 1..area.bottom()).zip(wrapped) {
        paint::put(buf, area.x + 2, y, room, &line, theme.style(Role::Muted));
    }
}

fn cell<'a>(model: &'a Model, row: &'a Row, column: usize, me: &str) -> Line<'a> {
    let theme = &model.theme;
    let marked = model.queue.marked.contains(&row.review_id);
    match column {
        0 => Line::styled(if marked { "*" } else { " " }, theme.style(Role::Marked)),
        1 => Line::styled(row.priority[0].to_string(), theme.style(Role::Strong)),
        2 => Line::styled(moment::due_short(model.now, row.due_at), theme.style(due_role(model, row))),
        3 => {
            let style = if marked { theme.style(Role::Marked) } else { Style::default() };
            Line::styled(visible(&row.slug), style)
        }
        4 => Line::styled(visible(&row.number), theme.style(Role::Accent)),
        5 => Line::styled(visible(&row.author), theme.style(Role::Muted)),
        6 => Line::styled(row.risk.to_string(), risk_style(theme, row.risk)),
        7 => findings(theme, row),
        _ => turn(model, row, me),
    }
}

fn due_role(model: &Model, row: &Row) -> Role {
    const SOON_MS: i64 = 4 * 3_600_000;
    match row.due_at.since_ms(model.now) {
        ..0 => Role::Danger,
        0..SOON_MS => Role::Warning,
        _ => Role::Text,
    }
}

fn risk_style(theme: &Theme, risk: i32) -> Style {
    theme.scope(match risk {
        ..10 => 1,
        10..20 => 5,
        _ => 9,
    })
}

fn findings<'a>(theme: &Theme, row: &Row) -> Line<'a> {
    if row.findings == 0 {
        return Line::styled("none", theme.style(Role::Muted));
    }
    let worst = row.worst.map_or("", |severity| severity.name());
    Line::styled(format!("{} {worst}", row.findings), theme.style(severity_role(worst)))
}

/// The look of a severity.
pub fn severity_role(severity: &str) -> Role {
    match severity {
        "critical" | "error" => Role::Danger,
        "warning" => Role::Warning,
        _ => Role::Info,
    }
}

fn turn<'a>(model: &Model, row: &Row, me: &str) -> Line<'a> {
    let theme = &model.theme;
    match &row.turn {
        Turnstile::Checks => Line::styled("checks run", theme.style(Role::Muted)),
        Turnstile::Free if row.first_approval_by.is_some() => Line::styled("free, 1 of 2", theme.style(Role::Success)),
        Turnstile::Free => Line::styled("free", theme.style(Role::Success)),
        Turnstile::Claimed { until, .. } if *until <= model.now => {
            Line::styled("free (lapsed)", theme.style(Role::Success))
        }
        Turnstile::Claimed { by, until } if **by == *me => {
            Line::styled(format!("you, {}", moment::span(until.since_ms(model.now))), theme.style(Role::Accent))
        }
        Turnstile::Claimed { by, .. } => Line::styled(visible(by).into_owned(), theme.style(Role::Muted)),
        Turnstile::Gone { how } => Line::styled(format!("({how})"), theme.style(Role::Muted)),
    }
}

/// Whose turn it is, as a sentence.
fn turn_sentence(model: &Model, row: &Row) -> String {
    match &row.turn {
        Turnstile::Checks => "the marketplace's checks run".to_owned(),
        Turnstile::Free => "free to claim".to_owned(),
        Turnstile::Claimed { by, until } => {
            let who = if **by == *model.my_name() { "you".into() } else { visible(by) };
            format!("claimed by {who}, {}", moment::left(model.now, *until))
        }
        Turnstile::Gone { how } => format!("left the queue: {how}"),
    }
}

/// The scopes by name, the riskiest first, each in its look.
pub fn scope_spans<'a>(theme: &Theme, scopes: crate::domain::scope::ScopeSet) -> Vec<Span<'a>> {
    let mut scopes: Vec<_> = scopes.iter().collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.risk()));
    if scopes.is_empty() {
        return vec![Span::styled("none", theme.style(Role::Muted))];
    }
    let span = |scope: &crate::domain::scope::Scope| {
        vec![Span::styled(scope.name(), theme.scope(scope.risk())), Span::raw(" ")]
    };
    scopes.iter().flat_map(span).collect()
}

fn detail<'a>(model: &Model, row: &'a Row) -> Vec<Line<'a>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let line = |label: &'static str, value: Vec<Span<'a>>| paint::labelled(label, 9, muted, value);
    let approvals = row
        .first_approval_by
        .as_ref()
        .map_or_else(String::new, |by| format!("  ·  1 of {} approvals, by {}", row.approvals_needed, visible(by)));
    vec![
        line(
            "Author",
            vec![
                Span::raw(visible(&row.author)),
                Span::styled(
                    format!("  reputation {}  ·  {}  ·  {} notes", row.reputation, row.kinds(), row.notes),
                    muted,
                ),
            ],
        ),
        line("Scopes", scope_spans(theme, row.scopes)),
        line("Priority", priority_spans(theme, row)),
        line(
            "Due",
            vec![
                Span::styled(moment::due(model.now, row.due_at), theme.style(due_role(model, row))),
                Span::styled(format!("  ·  submitted {}", moment::ago(model.now, row.submitted_at)), muted),
            ],
        ),
        line("Findings", findings(theme, row).spans.into_iter().map(|span| findings_span(theme, row, span)).collect()),
        line("Turn", vec![Span::raw(turn_sentence(model, row)), Span::styled(approvals, muted)]),
    ]
}

fn findings_span<'a>(theme: &Theme, row: &Row, span: Span<'a>) -> Span<'a> {
    let role =
        if row.findings == 0 { Role::Muted } else { severity_role(row.worst.map_or("", |severity| severity.name())) };
    Span::styled(span.content, theme.style(role))
}

fn priority_spans<'a>(theme: &Theme, row: &Row) -> Vec<Span<'a>> {
    let [total, due, risk, reputation] = row.priority;
    vec![
        Span::styled(total.to_string(), theme.style(Role::Strong)),
        Span::styled(format!(" = due {due} + risk {risk} + reputation {reputation}"), theme.style(Role::Muted)),
    ]
}

fn tall_detail<'a>(model: &Model, row: &'a Row, columns: u16) -> Vec<Line<'a>> {
    let theme = &model.theme;
    let mut lines = vec![
        Line::from(vec![
            Span::styled(visible(&row.slug), theme.style(Role::Strong)),
            Span::raw(" "),
            Span::styled(visible(&row.number), theme.style(Role::Accent)),
        ]),
        Line::from(vec![
            Span::styled(visible(&row.name), theme.style(Role::Muted)),
            Span::styled(warning_of_name(&row.name), theme.style(Role::Danger)),
        ]),
        Line::default(),
    ];
    let muted = theme.style(Role::Muted);
    for line in detail(model, row).into_iter().filter(|line| !line.spans[0].content.starts_with("Scopes")) {
        // What stands after a dot on one line of the low detail gets a line of its own where there is room.
        let (first, more) = line.spans.split_at(2.min(line.spans.len()));
        lines.push(Line::from(first.to_vec()));
        let more: String = more.iter().map(|span| span.content.as_ref()).collect();
        if more.starts_with(" =") {
            lines.push(Line::styled(format!("{:<10}{}", "", more.trim()), muted));
            continue;
        }
        for part in more.split('·').map(str::trim).filter(|part| !part.is_empty()) {
            lines.push(Line::styled(format!("{:<10}{part}", ""), muted));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled(format!("Scopes, risk {}", row.risk), theme.style(Role::Title)));
    let mut scopes: Vec<_> = row.scopes.iter().collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.risk()));
    for scope in scopes {
        let room = usize::from(columns).saturating_sub(20);
        let text = crate::domain::text::shorten(scope.description(), room).into_owned();
        lines.push(Line::from(vec![
            Span::styled(format!("{:>2} ", scope.risk()), theme.scope(scope.risk())),
            Span::styled(format!("{:<16} ", scope.name()), theme.scope(scope.risk())),
            Span::styled(text, theme.style(Role::Muted)),
        ]));
    }
    if let Link::Lost { error, .. } = &model.link {
        lines.push(Line::default());
        lines.push(Line::styled(format!("Not live: {}", visible(error)), theme.style(Role::Warning)));
    }
    lines
}
