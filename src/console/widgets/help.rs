//! The help: the keys that work right now, printed from the table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{paint, popup};
use crate::console::action::{Category, Contexts};
use crate::console::keymap::Keymap;
use crate::console::profile::Glyphs;
use crate::console::theme::{Role, Theme};

/// The lines of the help for these contexts, by category.
pub fn lines(theme: &Theme, keymap: &Keymap, contexts: Contexts, glyphs: Glyphs) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for category in Category::ALL {
        let mut headed = false;
        for action in keymap.available(contexts).filter(|action| action.category() == *category) {
            if !headed {
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                lines.push(Line::styled(category.title(), theme.style(Role::Title)));
                headed = true;
            }
            let keys = keymap.shown(action, glyphs);
            let keys = if keys.is_empty() { "(no key)".to_owned() } else { keys };
            lines.push(Line::from(vec![
                Span::styled(format!("  {keys:<14} "), theme.style(Role::Accent)),
                Span::raw(action.text()),
            ]));
        }
    }
    lines
}

/// Paints the help above the screen, scrolled to `top`.
pub fn draw(buf: &mut Buffer, area: Rect, theme: &Theme, lines: &[Line<'_>], top: usize) {
    let rows = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let frame = popup::middle(area, 78, rows.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, "Keys that work here", "j/k scroll, Esc close");
    let top = top.min(lines.len().saturating_sub(usize::from(inner.height)));
    paint::put_lines(buf, inner, &lines[top..]);
}
