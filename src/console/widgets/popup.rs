//! The frame of everything that opens above a screen, and the question with its choices.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::list::ListState;
use super::paint;
use crate::console::theme::{Role, Theme};

/// A rectangle of that size in the middle of the area, never larger than it.
pub fn middle(area: Rect, columns: u16, rows: u16) -> Rect {
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    Rect::new(area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2, columns, rows)
}

/// Clears the area, paints a frame with its title and a foot, and gives the room inside.
pub fn draw_frame(buf: &mut Buffer, area: Rect, theme: &Theme, title: &str, foot: &str) -> Rect {
    let ground = theme.style(Role::Text).patch(theme.style(Role::Popup));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(ground);
            }
        }
    }
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let line = ground.patch(Style { bg: None, ..theme.style(Role::BorderFocus) });
    let across = "─".repeat(usize::from(area.width) - 2);
    buf.set_string(area.x, area.y, format!("╭{across}╮"), line);
    buf.set_string(area.x, area.bottom() - 1, format!("╰{across}╯"), line);
    for y in area.top() + 1..area.bottom() - 1 {
        buf.set_string(area.x, y, "│", line);
        buf.set_string(area.right() - 1, y, "│", line);
    }
    let room = area.width - 4;
    paint::put(buf, area.x + 2, area.y, room, &format!(" {title} "), theme.style(Role::Title));
    if !foot.is_empty() {
        let right = area.right() - 2;
        paint::put_right(buf, area.x + 2, right, area.bottom() - 1, &format!(" {foot} "), theme.style(Role::Muted));
    }
    Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
}

/// Paints a question: its text, then choices of which one is under the cursor.
pub fn draw_choices(buf: &mut Buffer, area: Rect, theme: &Theme, text: &[String], choices: &[String], cursor: usize) {
    let mut y = area.y;
    for line in text {
        if y >= area.bottom() {
            return;
        }
        paint::put(buf, area.x, y, area.width, line, Style::default());
        y += 1;
    }
    if !text.is_empty() {
        y += 1;
    }
    let rows = area.bottom().saturating_sub(y);
    let top = ListState { cursor: cursor.min(choices.len()), top: 0 }.first(choices.len(), rows);
    for (row, choice) in choices.iter().enumerate().skip(top).take(usize::from(rows)) {
        if row == cursor {
            paint::fill_row(buf, area, y, theme.style(Role::Selection));
        }
        let mark = if row == cursor { "▸ " } else { "  " };
        let x = paint::put(buf, area.x, y, area.width, mark, theme.style(Role::Accent));
        let style = if row == cursor { theme.style(Role::Selection) } else { Style::default() };
        paint::put(buf, x, y, area.right().saturating_sub(x), choice, style);
        y += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_popup_never_leaves_its_area() {
        let area = Rect::new(0, 0, 20, 5);
        assert_eq!(middle(area, 10, 3), Rect::new(5, 1, 10, 3));
        assert_eq!(middle(area, 90, 30), area);
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(20, 5));
        for (columns, rows) in [(20, 5), (3, 2), (1, 1), (4, 3)] {
            let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
            let all = buf.area;
            let inner = draw_frame(&mut buf, all, &theme, "title", "foot");
            draw_choices(&mut buf, inner, &theme, &["sure?".to_owned()], &["yes".to_owned(), "no".to_owned()], 1);
        }
    }
}
