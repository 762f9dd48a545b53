//! How the screen looks: a list above or beside its row in full, or one server with its parts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Pages, Part, Shown, Whole, lists, parts};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::queue::view as frame;
use crate::console::theme::Role;
use crate::console::widgets::list::{Column, Focus, ListState};
use crate::console::widgets::{bar, list, paint};
use crate::domain::text::visible;

/// Rows above the open part: title, state, tabs, line.
const HEAD_ROWS: u16 = 4;

/// Where a part with rows has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    head: Rect,
    list: Rect,
    rule: Option<Rect>,
    rest: Rect,
}

/// Paints the screen.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let servers = &model.servers;
    let theme = &model.theme;
    match servers.shown {
        Shown::Servers => {
            let heading = vec![
                Span::styled(" Servers", theme.style(Role::Title)),
                Span::styled(format!("  {}", visible(&servers.filter)), theme.style(Role::Accent)),
            ];
            let cell = |row: usize, column: usize| lists::server_cell(theme, &servers.servers.rows[row], column);
            let detail = |_: u16| {
                let row = servers.servers.selected()?;
                Some((lists::named(theme, &row.name), lists::server_detail(model, row)))
            };
            draw_list(model, buf, area, &servers.servers, lists::SERVERS, heading, cell, detail);
        }
        Shown::Instances => {
            let heading = vec![Span::styled(" Instances", theme.style(Role::Title))];
            let read_at = servers.instances.state.at().unwrap_or(model.now);
            let cell =
                |row: usize, column: usize| lists::instance_cell(theme, &servers.instances.rows[row], read_at, column);
            let detail = |columns: u16| {
                let row = servers.instances.selected()?;
                Some((lists::named(theme, &row.name), lists::instance_detail(model, row, read_at, columns)))
            };
            draw_list(model, buf, area, &servers.instances, lists::INSTANCES, heading, cell, detail);
        }
        Shown::One => draw_one(model, buf, area),
    }
}

/// Rows of a list on this terminal.
pub fn list_rows(area: Rect) -> u16 {
    frame::parts(area).list.height
}

/// How many rows or lines the open part has, and how many of them are seen.
pub fn extent(model: &Model, area: Rect) -> (usize, u16) {
    let Some(one) = &model.servers.one else { return (0, 1) };
    let body = part_area(area);
    match rows_of(model) {
        Some(len) => (len, room(body, len).list.height),
        None if one.whole.value().is_none() => (0, 1),
        None => (parts::lines(model, body.width).len(), body.height),
    }
}

/// Which row stands on a row of the terminal.
pub fn row_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let (list, state, len) = match model.servers.shown {
        Shown::Servers => (frame::parts(area).list, model.servers.servers.list, model.servers.servers.rows.len()),
        Shown::Instances => (frame::parts(area).list, model.servers.instances.list, model.servers.instances.rows.len()),
        Shown::One => {
            let len = rows_of(model)?;
            (room(part_area(area), len).list, model.servers.one.as_ref()?.list(), len)
        }
    };
    let at = state.first(len, list.height) + usize::from(y.checked_sub(list.top())?);
    (y < list.bottom() && at < len).then_some(at)
}

type Detail = (Vec<Span<'static>>, Vec<Line<'static>>);

#[expect(clippy::too_many_arguments, reason = "a list is its place, its rows, its columns and its row in full")]
fn draw_list<'a, T>(
    model: &Model,
    buf: &mut Buffer,
    area: Rect,
    pages: &Pages<T>,
    columns: &[Column],
    heading: Vec<Span<'_>>,
    cell: impl FnMut(usize, usize) -> Line<'a>,
    detail: impl Fn(u16) -> Option<Detail>,
) {
    let (theme, places) = (&model.theme, frame::parts(area));
    draw_summary(model, buf, places.summary, pages, heading);
    if pages.rows.is_empty() {
        draw_nothing(model, buf, places.list, &pages.state);
        return;
    }
    draw_table(model, buf, (places.head, places.list), columns, pages.list, pages.rows.len(), cell);
    let side = places.detail;
    if places.beside {
        for y in side.top()..side.bottom() {
            paint::put(buf, side.x, y, 1, "│", theme.style(Role::Border));
        }
        let inner = Rect::new(side.x + 2, side.y, side.width.saturating_sub(3), side.height);
        let Some((title, lines)) = detail(inner.width) else { return };
        paint::put_line(buf, inner.x, inner.y, inner.width, &Line::from(title));
        let below = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2));
        paint::put_lines(buf, below, &lines);
    } else if side.height > 0 {
        let inner = Rect::new(side.x + 1, side.y + 1, side.width.saturating_sub(2), side.height - 1);
        let Some((title, lines)) = detail(inner.width) else { return };
        let title: String = title.iter().map(|span| span.content.as_ref()).collect();
        bar::draw_rule(buf, side, side.y, theme, &title, "");
        paint::put_lines(buf, inner, &lines);
    }
}

fn draw_table<'a>(
    model: &Model,
    buf: &mut Buffer,
    (head, rows): (Rect, Rect),
    columns: &[Column],
    state: ListState,
    len: usize,
    cell: impl FnMut(usize, usize) -> Line<'a>,
) {
    let theme = &model.theme;
    let inner = |area: Rect| Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let places = list::place(columns, inner(rows).width.saturating_sub(1));
    list::draw_head(buf, inner(head), theme, columns, &places);
    list::draw_rows(buf, inner(rows), theme, columns, &places, &state, len, Focus::Here, cell);
}

fn draw_summary<T>(model: &Model, buf: &mut Buffer, area: Rect, pages: &Pages<T>, mut heading: Vec<Span<'_>>) {
    let theme = &model.theme;
    let more = if pages.next.is_some() { "+" } else { "" };
    let count = pages.total.map_or_else(|| format!("{}{more}", pages.rows.len()), |total| total.to_string());
    heading.push(Span::styled(format!("  {count}"), theme.style(Role::Muted)));
    let end = paint::put_line(buf, area.x, area.y, area.width, &Line::from(heading));
    let (text, role) = freshness(model, &pages.state);
    paint::put_right(buf, end + 1, area.right().saturating_sub(1), area.y, &text, theme.style(role));
}

fn freshness<T>(model: &Model, state: &Remote<T>) -> (String, Role) {
    match state {
        Remote::Ready { at, .. } => (format!("as of {}", moment::ago(model.now, *at)), Role::Muted),
        Remote::Stale { at, .. } => (format!("not fresh: last read {}", moment::ago(model.now, *at)), Role::Warning),
        Remote::Loading => ("reading…".to_owned(), Role::Muted),
        Remote::Absent | Remote::Failed { .. } => (String::new(), Role::Muted),
    }
}

/// What stands in the place of rows, and what to do about it.
fn draw_nothing<T>(model: &Model, buf: &mut Buffer, area: Rect, state: &Remote<T>) {
    let key = |action| model.key(action);
    let instances = model.servers.shown == Shown::Instances;
    let (title, role, line) = match state {
        Remote::Absent | Remote::Loading => ("Reading…", Role::Muted, String::new()),
        Remote::Failed { error, .. } | Remote::Stale { error, .. } => (
            "This cannot be read",
            Role::Danger,
            format!("{}. {} tries again.", visible(error.trim_end_matches('.')), key(Action::Refresh)),
        ),
        Remote::Ready { .. } if instances => (
            "There is no instance",
            Role::Info,
            "`skydeck instance create NAME` makes one and shows its token.".to_owned(),
        ),
        Remote::Ready { .. } if model.servers.filter.is_empty() => (
            "There is no server",
            Role::Info,
            "Servers become known when their instance describes them; yours are shown here.".to_owned(),
        ),
        Remote::Ready { .. } => (
            "Nothing matches the filter",
            Role::Info,
            format!("{} changes it, {} clears it.", key(Action::ServerFilter), key(Action::Back)),
        ),
    };
    say(model, buf, area, title, role, &line);
}

fn say(model: &Model, buf: &mut Buffer, area: Rect, title: &str, role: Role, line: &str) {
    let theme = &model.theme;
    let y = area.y + area.height / 3;
    let room = area.width.saturating_sub(4);
    paint::put(buf, area.x + 2, y, room, title, theme.style(role));
    for (y, line) in (y + 1..area.bottom()).zip(paint::wrap(line, usize::from(room))) {
        paint::put(buf, area.x + 2, y, room, &line, theme.style(Role::Muted));
    }
}

fn part_area(area: Rect) -> Rect {
    let head = HEAD_ROWS.min(area.height);
    Rect::new(area.x, area.y + head, area.width, area.height - head)
}

/// Rows of the open part; none where it has lines.
fn rows_of(model: &Model) -> Option<usize> {
    let one = model.servers.one.as_ref()?;
    let whole = one.whole.value()?;
    match one.part {
        Part::Installations => Some(whole.installations.len()),
        Part::Consents => Some(whole.consents.len()),
        Part::Policy | Part::Tier | Part::Instance => None,
    }
}

/// The rest stands beside the rows where it is wide, else below them, with the more room the fewer rows there are.
fn room(area: Rect, len: usize) -> Room {
    let head = Rect { height: 1.min(area.height), ..area };
    let below = area.height.saturating_sub(1);
    if area.width >= frame::BESIDE_COLUMNS {
        let wide = area.width * 11 / 20;
        let list = Rect::new(area.x, area.y + head.height, wide, below);
        let rest = Rect::new(area.x + wide + 3, area.y, area.width.saturating_sub(wide + 4), area.height);
        return Room { head: Rect { width: wide, ..head }, list, rule: None, rest };
    }
    let most = (below * 2 / 5).max(3).min(below);
    let rows = u16::try_from(len).unwrap_or(u16::MAX).clamp(1, most.max(1)).min(below);
    let list = Rect::new(area.x, area.y + head.height, area.width, rows);
    let rule = Rect::new(area.x, list.bottom().min(area.bottom()), area.width, (below - rows).min(1));
    let left = area.bottom().saturating_sub(rule.bottom());
    let rest = Rect::new(area.x + 1, rule.bottom(), area.width.saturating_sub(2), left);
    Room { head, list, rule: Some(rule), rest }
}

fn draw_one(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let Some(one) = &model.servers.one else { return };
    let Some(whole) = one.whole.value() else {
        match &one.whole {
            Remote::Failed { error, .. } => {
                let line =
                    format!("{}. {} tries again.", visible(error.trim_end_matches('.')), model.key(Action::Refresh));
                say(model, buf, area, "The server cannot be read", Role::Danger, &line);
            }
            _ => say(model, buf, area, "Reading the server…", Role::Muted, ""),
        }
        return;
    };
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    let end = paint::put_line(buf, inner.x, inner.y, inner.width, &title_line(model, whole));
    let (text, role) = freshness(model, &one.whole);
    paint::put_right(buf, end + 1, inner.right(), inner.y, &text, theme.style(role));
    paint::put_line(buf, inner.x, inner.y + 1, inner.width, &state_line(model, whole));
    let names: Vec<(&str, Option<usize>)> = Part::ALL
        .iter()
        .map(|part| match part {
            Part::Installations => (part.title(), Some(whole.installations.len())),
            Part::Consents => (part.title(), Some(whole.consents.len())),
            Part::Policy | Part::Tier | Part::Instance => (part.title(), None),
        })
        .collect();
    paint::put_line(buf, inner.x, inner.y + 2, inner.width, &bar::tabs(theme, &names, one.part as usize));
    let body = part_area(area);
    if rows_of(model).is_some() {
        bar::draw_rule(buf, area, area.y + 3, theme, "", "");
        draw_rows(model, buf, body, whole);
        return;
    }
    let body = Rect::new(body.x + 1, body.y, body.width.saturating_sub(2), body.height);
    let lines = parts::lines(model, body.width);
    let shown = usize::from(body.height);
    let top = one.list().cursor.min(lines.len().saturating_sub(shown));
    let all = lines.len();
    let place = if all > shown { format!("{}–{} of {all}", top + 1, (top + shown).min(all)) } else { String::new() };
    bar::draw_rule(buf, area, area.y + 3, theme, "", &place);
    paint::put_lines(buf, body, &lines[top..]);
}

fn draw_rows(model: &Model, buf: &mut Buffer, body: Rect, whole: &Whole) {
    let theme = &model.theme;
    let Some(one) = &model.servers.one else { return };
    let len = rows_of(model).unwrap_or(0);
    if len == 0 {
        let (title, line) = match one.part {
            Part::Consents => ("Nothing waits for consent", String::new()),
            _ => ("Nothing is installed here", format!("{} installs an extension.", model.key(Action::ServerInstall))),
        };
        return say(model, buf, body, title, Role::Info, &line);
    }
    let room = room(body, len);
    let (state, places) = (one.list(), (room.head, room.list));
    let (title, lines) = if one.part == Part::Consents {
        let cell = |row: usize, column: usize| parts::consent_cell(model, &whole.consents[row], column);
        draw_table(model, buf, places, parts::CONSENTS, state, len, cell);
        let Some(row) = whole.consents.get(state.cursor) else { return };
        (
            format!("{} {}", visible(&row.slug), visible(&row.version)),
            parts::consent_detail(model, row, room.rest.width),
        )
    } else {
        let cell = |row: usize, column: usize| parts::installation_cell(theme, &whole.installations[row], column);
        draw_table(model, buf, places, parts::INSTALLATIONS, state, len, cell);
        let Some(row) = whole.installations.get(state.cursor) else { return };
        let version = row.version.as_deref().map_or("".into(), visible);
        let lines = parts::installation_detail(model, whole, row, room.rest.width);
        (format!("{} {version}", visible(&row.slug)), lines)
    };
    if let Some(rule) = room.rule {
        bar::draw_rule(buf, rule, rule.y, theme, title.trim(), "");
        paint::put_lines(buf, room.rest, &lines);
        return;
    }
    let rest = room.rest;
    for y in rest.top()..rest.bottom() {
        paint::put(buf, rest.x - 2, y, 1, "│", theme.style(Role::Border));
    }
    paint::put(buf, rest.x, rest.y, rest.width, title.trim(), theme.style(Role::Title));
    let below = Rect { y: rest.y + 1, height: rest.height.saturating_sub(1), ..rest };
    paint::put_lines(buf, below, &lines);
}

fn title_line(model: &Model, whole: &Whole) -> Line<'static> {
    let theme = &model.theme;
    let server = &whole.server;
    let mut spans = lists::named(theme, &server.name);
    spans.push(Span::styled(format!("  {}", visible(&server.guild)), theme.style(Role::Muted)));
    spans.push(Span::styled(format!("  tier {}", visible(&server.tier)), theme.style(Role::Accent)));
    Line::from(spans)
}

fn state_line(model: &Model, whole: &Whole) -> Line<'static> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let server = &whole.server;
    let managers = match server.managers.len() {
        0 => String::new(),
        1 => " and 1 manager".to_owned(),
        len => format!(" and {len} managers"),
    };
    let mut spans = vec![
        Span::styled("owned by ".to_owned(), muted),
        Span::raw(visible(&server.owner).into_owned()),
        Span::styled(format!("{managers}  ·  served by {} ", visible(&server.instance)), muted),
    ];
    spans.extend(lists::presence(theme, &server.presence).spans);
    if !whole.consents.is_empty() {
        let waiting = whole.consents.len();
        let text = format!("  ·  {waiting} {} for consent", if waiting == 1 { "waits" } else { "wait" });
        spans.push(Span::styled(text, theme.style(Role::Warning)));
    }
    Line::from(spans)
}
