//! How a draft, the question before it is put in force, and two revisions beside one another look.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Compared;
use super::confirm::Confirm;
use super::draft::{Dialog, DraftWritten};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::theme::Role;
use crate::console::widgets::{paint, popup};
use crate::domain::text::{shorten, visible};

/// Columns of the question.
const COLUMNS: u16 = 76;
/// Rows of faults below a draft.
const FAULT_ROWS: u16 = 4;

/// Paints what stands above the screen.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect, dialog: &Dialog) {
    match dialog {
        Dialog::Draft(written) => draw_draft(model, buf, area, written),
        Dialog::Confirm(confirm) => draw_confirm(model, buf, area, confirm),
    }
}

fn draw_draft(model: &Model, buf: &mut Buffer, area: Rect, written: &DraftWritten) {
    let theme = &model.theme;
    let frame = popup::middle(area, area.width.saturating_sub(2).min(120), area.height.saturating_sub(2));
    let title = format!("The marketplace's policy, a draft on revision {}", written.base);
    let (send, fault) = (model.key(Action::Send), model.key(Action::NextFault));
    let foot = format!("{send} plans it, {fault} next fault, Esc keeps it");
    let inner = popup::draw_frame(buf, frame, theme, &title, &foot);
    let below = (FAULT_ROWS + 1).min(inner.height / 2);
    let text = Rect { height: inner.height.saturating_sub(below), ..inner };
    written.editor.draw(buf, text);
    let line = "─".repeat(usize::from(inner.width));
    paint::put(buf, inner.x, text.bottom(), inner.width, &line, theme.style(Role::Border));
    for (y, (text, role)) in (text.bottom() + 1..inner.bottom()).zip(said_of(written, usize::from(inner.width))) {
        paint::put(buf, inner.x, y, inner.width, &text, theme.style(role));
    }
}

/// The faults with their places, those at the cursor's line first, in as many rows as there are; or that there is none.
fn said_of(written: &DraftWritten, columns: usize) -> Vec<(String, Role)> {
    let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
        paint::wrap(&visible(text), columns).into_iter().map(|line| (line, role)).collect()
    };
    if let Some(notice) = &written.notice {
        return lines(notice, Role::Warning);
    }
    if written.faults.is_empty() {
        return lines("✓ It is a good policy. Nothing changes before its plan is put in force.", Role::Success);
    }
    let (line, _) = written.editor.cursor();
    let mut faults: Vec<_> = written.faults.iter().collect();
    faults.sort_by_key(|fault| (fault.line != line, fault.line, fault.column));
    let (mut said, rows) = (Vec::new(), usize::from(FAULT_ROWS));
    for (at, fault) in faults.iter().enumerate() {
        let fresh = lines(&fault.to_string(), Role::Danger);
        let left = faults.len() - at;
        let is_last = left == 1;
        if said.len() + fresh.len() + usize::from(!is_last) > rows && at > 0 {
            said.push((format!("and {left} more"), Role::Muted));
            break;
        }
        said.extend(fresh);
    }
    said.truncate(rows);
    said
}

fn draw_confirm(model: &Model, buf: &mut Buffer, area: Rect, confirm: &Confirm) {
    let theme = &model.theme;
    let [extensions, submissions, servers] = confirm.wanted;
    let text = [
        format!("This makes a new revision on {} for every server at once.", confirm.base),
        format!("It hits {extensions} extensions, {submissions} submissions and {servers} servers."),
        String::new(),
        "Type these three numbers to put it in force:".to_owned(),
    ];
    let frame = popup::middle(area, COLUMNS, 10.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, "Put the plan in force?", "Enter does it, Esc closes");
    let mut y = inner.y;
    for line in &text {
        paint::put(buf, inner.x, y, inner.width, line, Style::default());
        y += 1;
    }
    if y < inner.bottom() {
        confirm.input.draw(buf, Rect::new(inner.x, y, inner.width, 1), theme, "");
    }
    let (said, role) = confirm.fault.as_ref().map_or_else(
        || (format!("{extensions} {submissions} {servers}"), Role::Muted),
        |fault| (fault.clone(), Role::Danger),
    );
    if y + 1 < inner.bottom() {
        paint::put(buf, inner.x, y + 1, inner.width, &said, theme.style(role));
    }
}

/// Paints two revisions beside one another; what differs has a sign.
pub fn draw_compared(model: &Model, buf: &mut Buffer, area: Rect, compared: &Compared) {
    let theme = &model.theme;
    let half = area.width.saturating_sub(1) / 2;
    let state = model.policy.opened_list;
    let top = state.first(compared.lines.len(), area.height);
    for (side, revision) in [(0, compared.older.0), (1, compared.newer.0)] {
        let (x, title) = (area.x + side * (half + 1), format!("revision {revision}"));
        paint::put(buf, x, area.y.saturating_sub(1), half, &title, theme.style(Role::Title));
    }
    for (y, (at, pair)) in (area.top()..area.bottom()).zip(compared.lines.iter().enumerate().skip(top)) {
        for (side, text, sign, role) in [(0, &pair.old, "-", Role::DiffRemove), (1, &pair.new, "+", Role::DiffAdd)] {
            let x = area.x + side * (half + 1);
            let (sign, role) = if pair.is_same() { (" ", Role::Text) } else { (sign, role) };
            if let Some(text) = text {
                let text = format!("{sign} {}", visible(text));
                paint::put(buf, x, y, half, &shorten(&text, usize::from(half)), theme.style(role));
            }
        }
        paint::put(buf, area.x + half, y, 1, "│", theme.style(Role::Border));
        if at == state.cursor {
            paint::fill_row(buf, area, y, theme.style(Role::Selection));
        }
    }
}
