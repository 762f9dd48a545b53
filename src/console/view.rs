//! One frame: header, the open screen, messages, footer, and the one thing above them. Reads the model, changes nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::action::Action;
use super::model::{Link, Model, ScreenName};
use super::overlay::{Choice, Entry, Overlay, ReasonText, Writing};
use super::profile::{Glyphs, Motion};
use super::screens::{extensions, policy, queue, review, sales, sandbox, servers};
use super::theme::Role;
use super::widgets::{ascii, bar, help, paint, palette, popup};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::text::{shorten, visible};

/// The least columns that anything is drawn in.
pub const COLUMNS_MIN: u16 = 40;
/// The least rows that anything is drawn in.
pub const ROWS_MIN: u16 = 12;

/// Columns of a message with its frame.
const MESSAGE_COLUMNS: u16 = 78;

/// Paints the console.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buf = frame.buffer_mut();
    buf.set_style(area, model.theme.style(Role::Text));
    if area.width < COLUMNS_MIN || area.height < ROWS_MIN {
        draw_too_small(buf, area);
    } else {
        draw(model, buf, area);
    }
    if model.profile.glyphs == Glyphs::Ascii {
        ascii::fold(buf);
    }
    paint::settle_blanks(buf);
}

/// The room of the open screen.
pub fn body(model: &Model) -> Rect {
    let (columns, rows) = (model.profile.columns, model.profile.rows);
    let banner = u16::from(banner(model).is_some());
    Rect::new(0, 1 + banner, columns, rows.saturating_sub(2 + banner))
}

fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let top = Rect::new(area.x, area.y, area.width, 1);
    let names: Vec<(char, &str)> = ScreenName::ALL.iter().map(|screen| (screen.digit(), screen.title())).collect();
    bar::draw_header(buf, top, theme, &names, model.screen as usize, &who_and_where(model, area.width));
    if let Some((text, role)) = banner(model) {
        let style = theme.style(role);
        paint::put(buf, area.x + 1, area.y + 1, area.width.saturating_sub(2), &text, style);
    }
    let room = body(model);
    match model.screen {
        ScreenName::Queue => queue::view::draw(model, buf, room),
        ScreenName::Review => review::view::draw(model, buf, room),
        ScreenName::Sandbox => sandbox::view::draw(model, buf, room),
        ScreenName::Extensions => extensions::view::draw(model, buf, room),
        ScreenName::Servers => servers::view::draw(model, buf, room),
        ScreenName::Policy => policy::view::draw(model, buf, room),
        ScreenName::Sales => sales::view::draw(model, buf, room),
    }
    let bottom = Rect::new(area.x, area.bottom() - 1, area.width, 1);
    bar::draw_footer(buf, bottom, theme, &hints(model));
    draw_message(model, buf, bottom);
    draw_overlay(model, buf, area);
}

/// At the right of the header: who, in which role, where, and whether the link is live; shorter where it is narrow.
fn who_and_where(model: &Model, columns: u16) -> Line<'static> {
    let theme = &model.theme;
    let style = theme.style(Role::Header);
    let on = |role: Role| ratatui::style::Style { bg: style.bg, ..theme.style(role) };
    let mut spans = Vec::new();
    if let Some(me) = model.me.value() {
        spans.push(Span::styled(visible(&me.account.name).into_owned(), on(Role::Strong)));
        if columns >= 90 {
            spans.push(Span::styled(format!(" {}", visible(&me.account.role)), on(Role::Muted)));
        }
        spans.push(Span::styled(" @ ", on(Role::Muted)));
    }
    let room = if columns >= 100 { 40 } else { 16 };
    spans.push(Span::styled(shorten(&visible(&model.server), room).into_owned(), style));
    let (dot, text, role) = match &model.link {
        Link::Connecting => ("○", "connecting", Role::Muted),
        Link::Live => ("●", "live", Role::Success),
        Link::Lost { .. } => ("○", "offline", Role::Danger),
        Link::Refused { .. } => ("✗", "signed out", Role::Danger),
    };
    spans.push(Span::styled(format!("  {dot} {text}"), on(role)));
    Line::from(spans)
}

/// One line under the header while something is wrong with the link.
fn banner(model: &Model) -> Option<(String, Role)> {
    match &model.link {
        Link::Connecting | Link::Live => None,
        Link::Lost { error, since } => Some((
            format!(
                "Connection lost {}. Reconnecting; nothing can be sent until then. {}",
                super::moment::ago(model.now, *since),
                visible(error)
            ),
            Role::Warning,
        )),
        Link::Refused { error } => Some((
            format!("Signed out: {}. Leave and run `skydeck login`.", visible(error.trim_end_matches('.'))),
            Role::Danger,
        )),
    }
}

/// In the place of the footer: a decision that can still be taken back, else a passing message.
fn draw_message(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    if let Some(decision) = &model.undo {
        let left = decision.send_at.since_ms(model.now).max(0);
        let when = match model.profile.motion {
            Motion::Full => format!("in {} s", (left + 999) / 1_000),
            Motion::Calm => "in a moment".to_owned(),
        };
        let style = theme.style(Role::Undo);
        blank(buf, area, style);
        let undo = model.key(Action::Undo);
        let text = format!(" To be sent {when}: {} {}", decision.verb.name(), decision.title);
        let end = paint::put(buf, area.x, area.y, area.width, &text, style);
        paint::put_right(buf, end, area.right().saturating_sub(1), area.y, &format!("{undo} takes it back"), style);
        return;
    }
    if let Some(toast) = &model.toast {
        let style = theme.style(Role::Toast);
        blank(buf, area, style);
        let look = if toast.role == Role::Toast {
            style
        } else {
            ratatui::style::Style { bg: style.bg, ..theme.style(toast.role) }
        };
        let sign = if toast.role == Role::Toast { " " } else { " ! " };
        let x = paint::put(buf, area.x, area.y, area.width, sign, look);
        paint::put(buf, x, area.y, area.right().saturating_sub(x + 1), &visible(&toast.text), look);
    }
}

/// Takes what is painted in an area away.
fn blank(buf: &mut Buffer, area: Rect, style: ratatui::style::Style) {
    let spaces = " ".repeat(usize::from(area.width));
    paint::put(buf, area.x, area.y, area.width, &spaces, style);
}

/// The footer's hints: what can be done here, with help and leaving at the end.
fn hints(model: &Model) -> Vec<(String, &'static str)> {
    let contexts = model.contexts();
    let glyphs = model.profile.glyphs;
    model
        .keymap
        .available(contexts)
        .filter(|action| !action.hint().is_empty())
        .filter_map(|action| Some((model.keymap.first(action, glyphs)?, action.hint())))
        .collect()
}

fn draw_overlay(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    match &model.overlay {
        Overlay::None => {}
        Overlay::Help { top } => {
            let lines = help::lines(theme, &model.keymap, model.screen_contexts(), model.profile.glyphs);
            help::draw(buf, area, theme, &lines, *top);
        }
        Overlay::Palette { input, found, cursor } => {
            palette::draw(buf, area, theme, &model.keymap, model.profile.glyphs, input, found, *cursor);
        }
        Overlay::Filter { input, fault } => draw_filter(model, buf, area, input, fault.as_deref()),
        Overlay::Path { input, paths, cursor } => {
            let frame = popup::middle(area, 78, 14.min(area.height.saturating_sub(2)));
            let inner = popup::draw_frame(buf, frame, theme, "File to run", "Tab completes, Enter opens, Esc closes");
            input.draw(buf, Rect { height: 1, ..inner }, theme, "");
            let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2));
            let paths: Vec<String> = paths.iter().map(|path| visible(path).into_owned()).collect();
            popup::draw_choices(buf, list, theme, &[], &paths, cursor.unwrap_or(usize::MAX));
        }
        Overlay::Choice(choice) => draw_choice(model, buf, area, choice),
        Overlay::Editor(writing) => draw_editor(model, buf, area, writing),
        Overlay::Reason(reason) => draw_reason(model, buf, area, reason),
        Overlay::Entry(entry) => draw_entry(model, buf, area, entry),
        Overlay::Servers(dialog) => servers::dialog_view::draw(model, buf, area, dialog),
        Overlay::Policy(dialog) => policy::dialog_view::draw(model, buf, area, dialog),
        Overlay::Message { title, lines, top } => {
            let wrapped = message_lines(lines, area.width);
            let rows = u16::try_from(wrapped.len() + 2).unwrap_or(u16::MAX);
            let frame = popup::middle(area, MESSAGE_COLUMNS, rows.clamp(3, area.height.saturating_sub(2)));
            let inner = popup::draw_frame(buf, frame, theme, title, "Esc closes");
            for (y, line) in (inner.top()..inner.bottom()).zip(wrapped.iter().skip(*top)) {
                paint::put(buf, inner.x, y, inner.width, line, ratatui::style::Style::default());
            }
        }
    }
}

/// The lines of a message as they stand on a terminal of so many columns.
pub fn message_lines(lines: &[String], columns: u16) -> Vec<String> {
    let room = usize::from(MESSAGE_COLUMNS.min(columns).saturating_sub(4));
    lines.iter().flat_map(|line| paint::wrap(&visible(line), room)).collect()
}

fn draw_filter(
    model: &Model,
    buf: &mut Buffer,
    area: Rect,
    input: &super::widgets::line_input::LineInput,
    fault: Option<&str>,
) {
    let theme = &model.theme;
    let Some(set) = model.screen.filter() else { return };
    let (fields, queue) = (set.fields, model.screen == ScreenName::Queue);
    let (title, example) = if queue {
        ("Filter the queue", "For example: stage:ready scope:ban risk:>50 -author:acme older:2d")
    } else {
        ("Filter the catalogue", "For example: listing:quarantined scope:ban author:acme sort:-updated")
    };
    let rows = u16::try_from(fields.len() + 6).unwrap_or(12);
    let frame = popup::middle(area, 76, rows.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, title, "Enter filters, Esc closes");
    input.draw(buf, Rect { height: 1, ..inner }, theme, "/ ");
    let (text, role) = fault.map_or((example, Role::Muted), |fault| (fault, Role::Danger));
    let mut top = inner.y + 1;
    for line in paint::wrap(&visible(text), usize::from(inner.width)) {
        paint::put(buf, inner.x, top, inner.width, &line, theme.style(role));
        top += 1;
    }
    for (y, field) in (top + 1..inner.bottom()).zip(fields) {
        let x = paint::put(buf, inner.x, y, 12, &format!("{:<12}", field.name), theme.style(Role::Accent));
        paint::put(buf, x, y, inner.right().saturating_sub(x), field.help, theme.style(Role::Muted));
    }
}

fn draw_choice(model: &Model, buf: &mut Buffer, area: Rect, choice: &Choice) {
    let columns = 72.min(area.width);
    let text: Vec<String> =
        choice.text.iter().flat_map(|line| paint::wrap(&visible(line), usize::from(columns - 4))).collect();
    let gap = usize::from(!text.is_empty());
    let rows = u16::try_from(text.len() + gap + choice.choices.len() + 2).unwrap_or(u16::MAX);
    let frame = popup::middle(area, columns, rows.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, &model.theme, &choice.title, "Enter chooses, Esc closes");
    popup::draw_choices(buf, inner, &model.theme, &text, &choice.choices, choice.cursor);
}

fn draw_editor(model: &Model, buf: &mut Buffer, area: Rect, writing: &Writing) {
    let theme = &model.theme;
    let frame = popup::middle(area, 78, area.height.saturating_sub(4).min(20));
    let title = format!("{} {}", writing.verb.name(), writing.title);
    let send = model.key(Action::Send);
    let foot = format!("{send} goes on, Esc keeps a draft");
    let inner = popup::draw_frame(buf, frame, theme, &title, &foot);
    let about = match (&writing.fault, writing.reason) {
        (Some(fault), _) => (fault.clone(), Role::Danger),
        (None, Some(reason)) => (format!("{}: {}.", reason.name(), reason.description()), Role::Muted),
        (None, None) => ("Author and reviewers can read this.".to_owned(), Role::Muted),
    };
    paint::put(buf, inner.x, inner.y, inner.width, &about.0, theme.style(about.1));
    let count = format!("{} characters", writing.editor.chars());
    paint::put_right(buf, inner.x, inner.right(), inner.bottom() - 1, &count, theme.style(Role::Muted));
    let text = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(3));
    writing.editor.draw(buf, text);
}

fn draw_reason(model: &Model, buf: &mut Buffer, area: Rect, reason: &ReasonText) {
    let theme = &model.theme;
    let frame = popup::middle(area, 78, area.height.saturating_sub(4).min(12));
    let foot = format!("{} goes on, Esc keeps a draft", model.key(Action::Send));
    let inner = popup::draw_frame(buf, frame, theme, &reason.title, &foot);
    let about = reason.fault.as_deref().map_or((reason.hint.as_str(), Role::Muted), |fault| (fault, Role::Danger));
    paint::put(buf, inner.x, inner.y, inner.width, about.0, theme.style(about.1));
    let count = format!("{} of {REASON_CHARS_MAX} characters", reason.editor.chars());
    paint::put_right(buf, inner.x, inner.right(), inner.bottom() - 1, &count, theme.style(Role::Muted));
    let text = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(3));
    reason.editor.draw(buf, text);
}

fn draw_entry(model: &Model, buf: &mut Buffer, area: Rect, entry: &Entry) {
    let theme = &model.theme;
    let frame = popup::middle(area, 76, 6.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, &entry.title, "Enter goes on, Esc closes");
    entry.input.draw(buf, Rect { height: 1, ..inner }, theme, "");
    let (text, role) = entry.fault.as_deref().map_or((entry.hint.as_str(), Role::Muted), |fault| (fault, Role::Danger));
    for (y, line) in (inner.y + 1..inner.bottom()).zip(paint::wrap(text, usize::from(inner.width))) {
        paint::put(buf, inner.x, y, inner.width, &line, theme.style(role));
    }
}

fn draw_too_small(buf: &mut Buffer, area: Rect) {
    let text = format!("skydeck needs {COLUMNS_MIN}x{ROWS_MIN}; this is {}x{}", area.width, area.height);
    for (y, line) in (area.top()..area.bottom()).zip(paint::wrap(&text, usize::from(area.width))) {
        paint::put(buf, area.x, y, area.width, &line, ratatui::style::Style::default());
    }
}
