//! How the screen's dialogs look.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::dialog::{Dialog, DocumentWritten, ReasonAsked, ScopesToChoose};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::theme::Role;
use crate::console::widgets::line_input::LineInput;
use crate::console::widgets::list::ListState;
use crate::console::widgets::{paint, popup};
use crate::domain::filter::SERVERS;
use crate::domain::text::{shorten, visible};

/// Columns of a dialog.
const COLUMNS: u16 = 76;
/// Rows of faults below a document.
const FAULT_ROWS: usize = 4;

/// Paints what stands above the screen.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect, dialog: &Dialog) {
    match dialog {
        Dialog::Filter { input, fault } => draw_filter(model, buf, area, input, fault.as_deref()),
        Dialog::Slug { input, .. } => {
            let frame = popup::middle(area, COLUMNS, 5);
            let inner =
                popup::draw_frame(buf, frame, &model.theme, "Install an extension", "Enter goes on, Esc closes");
            input.draw(buf, Rect { height: 1.min(inner.height), ..inner }, &model.theme, "");
            let text = "Its slug. What it asks for is shown before anything is installed.";
            paint::put(buf, inner.x, inner.y + 2, inner.width, text, model.theme.style(Role::Muted));
        }
        Dialog::Scopes(choosing) => draw_scopes(model, buf, area, choosing),
        Dialog::Reason(asked) => draw_reason(model, buf, area, asked),
        Dialog::Document(document) => draw_document(model, buf, area, document),
    }
}

fn draw_filter(model: &Model, buf: &mut Buffer, area: Rect, input: &LineInput, fault: Option<&str>) {
    let theme = &model.theme;
    let rows = u16::try_from(SERVERS.fields.len() + 6).unwrap_or(12);
    let frame = popup::middle(area, COLUMNS, rows.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, "Filter the servers", "Enter filters, Esc closes");
    input.draw(buf, Rect { height: 1.min(inner.height), ..inner }, theme, "/ ");
    let (text, role) = fault
        .map_or(("For example: tier:pro presence:silent consent:yes installed:>5", Role::Muted), |fault| {
            (fault, Role::Danger)
        });
    let mut y = inner.y + 1;
    for line in paint::wrap(&visible(text), usize::from(inner.width)) {
        if y < inner.bottom() {
            paint::put(buf, inner.x, y, inner.width, &line, theme.style(role));
        }
        y += 1;
    }
    for (y, field) in (y + 1..inner.bottom()).zip(SERVERS.fields) {
        let x = paint::put(buf, inner.x, y, 12, &format!("{:<12}", field.name), theme.style(Role::Accent));
        paint::put(buf, x, y, inner.right().saturating_sub(x), field.help, theme.style(Role::Muted));
    }
}

fn draw_scopes(model: &Model, buf: &mut Buffer, area: Rect, choosing: &ScopesToChoose) {
    let theme = &model.theme;
    let columns = COLUMNS.min(area.width);
    let about: Vec<String> = choosing
        .about
        .iter()
        .flat_map(|line| paint::wrap(&visible(line), usize::from(columns.saturating_sub(4))))
        .collect();
    let rows = u16::try_from(about.len() + choosing.rows.len() + 3).unwrap_or(u16::MAX);
    let frame = popup::middle(area, columns, rows.min(area.height.saturating_sub(2)));
    let toggle = model.key(Action::Toggle);
    let foot = format!("{toggle} marks, Enter does it, Esc closes");
    let inner = popup::draw_frame(buf, frame, theme, &choosing.title, &foot);
    let mut y = inner.y;
    for line in &about {
        if y < inner.bottom() {
            paint::put(buf, inner.x, y, inner.width, line, Style::default());
        }
        y += 1;
    }
    let list = Rect::new(inner.x, (y + 1).min(inner.bottom()), inner.width, inner.bottom().saturating_sub(y + 1));
    let top = ListState { cursor: choosing.cursor, top: 0 }.first(choosing.rows.len(), list.height);
    for (y, (at, row)) in (list.top()..list.bottom()).zip(choosing.rows.iter().enumerate().skip(top)) {
        let mark = match (row.marked, row.may_be_left_out) {
            (true, true) => "[x]",
            (true, false) => "[!]",
            (false, _) => "[ ]",
        };
        let note = match (row.granted, row.may_be_left_out) {
            (true, false) => "has it, needed",
            (true, true) => "has it",
            (false, true) => "optional",
            (false, false) => "needed",
        };
        let x = paint::put(buf, list.x, y, 4, &format!("{mark} "), theme.style(Role::Accent));
        let name = format!("{:>2} {:<17} {note:<14} ", row.risk, visible(&row.scope));
        let x = paint::put(buf, x, y, list.right().saturating_sub(x), &name, theme.scope(row.risk));
        let room = list.right().saturating_sub(x);
        let text =
            row.along.as_ref().map_or_else(|| row.description.clone(), |slug| format!("{slug}: {}", row.description));
        let text = visible(&text);
        paint::put(buf, x, y, room, &shorten(&text, usize::from(room)), theme.style(Role::Muted));
        if at == choosing.cursor {
            paint::fill_row(buf, list, y, theme.style(Role::Selection));
        }
    }
}

fn draw_reason(model: &Model, buf: &mut Buffer, area: Rect, asked: &ReasonAsked) {
    let theme = &model.theme;
    let columns = COLUMNS.min(area.width);
    let room = usize::from(columns.saturating_sub(4));
    let about = paint::wrap(&visible(&asked.about), room);
    let rows = u16::try_from(about.len() + 5).unwrap_or(7);
    let frame = popup::middle(area, columns, rows.min(area.height.saturating_sub(2)));
    let title = format!("{} {}", asked.order.deed.verb(), asked.order.title);
    let inner = popup::draw_frame(buf, frame, theme, &shorten(&title, room), "Enter does it, Esc closes");
    let mut y = inner.y;
    for line in &about {
        paint::put(buf, inner.x, y, inner.width, line, Style::default());
        y += 1;
    }
    if y < inner.bottom() {
        asked.input.draw(buf, Rect::new(inner.x, y, inner.width, 1), theme, "");
    }
    if let Some(fault) = asked.fault.as_ref().filter(|_| y + 1 < inner.bottom()) {
        paint::put(buf, inner.x, y + 1, inner.width, fault, theme.style(Role::Danger));
    }
}

fn draw_document(model: &Model, buf: &mut Buffer, area: Rect, document: &DocumentWritten) {
    let theme = &model.theme;
    let frame = popup::middle(area, area.width.saturating_sub(2).min(110), area.height.saturating_sub(2));
    let title = format!("{} {}", document.order.deed.verb(), document.order.title);
    let send = model.key(Action::Send);
    let inner = popup::draw_frame(buf, frame, theme, &title, &format!("{send} sends it, Esc keeps a draft"));
    let width = usize::from(inner.width);
    let faults: Vec<String> =
        document.faults.iter().flat_map(|fault| paint::wrap(&visible(fault), width)).take(FAULT_ROWS).collect();
    let below = u16::try_from(faults.len().max(1) + 1).unwrap_or(2);
    let text = Rect { height: inner.height.saturating_sub(below), ..inner };
    document.editor.draw(buf, text);
    let y = text.bottom() + 1;
    if faults.is_empty() && y < inner.bottom() {
        paint::put(buf, inner.x, y, inner.width, "✓ It is well-formed.", theme.style(Role::Success));
    }
    for (y, fault) in (y..inner.bottom()).zip(&faults) {
        paint::put(buf, inner.x, y, inner.width, fault, theme.style(Role::Danger));
    }
}
