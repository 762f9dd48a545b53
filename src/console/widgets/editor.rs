//! The text editor for feedback and notes: undo, selection and wrapping come from `tui_textarea`.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use crate::console::theme::{Role, Theme};

/// A text of several lines that is typed into.
#[derive(Clone, Debug)]
pub struct Editor {
    area: TextArea<'static>,
}

impl Editor {
    /// An editor that holds a text, the cursor at its end.
    pub fn holding(text: &str, hint: &str, theme: &Theme) -> Editor {
        let mut area = TextArea::new(text.lines().map(clean).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_placeholder_text(hint);
        area.set_placeholder_style(theme.style(Role::Muted));
        area.set_cursor_line_style(Style::default());
        area.set_cursor_style(theme.style(Role::Cursor));
        area.set_selection_style(theme.style(Role::Selection));
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Editor { area }
    }

    /// An editor for a document, with the numbers of its lines.
    pub fn numbered(text: &str, theme: &Theme) -> Editor {
        let mut editor = Editor::holding(text, "", theme);
        editor.area.set_line_number_style(theme.style(Role::Muted));
        editor
    }

    /// Puts the cursor at a line and a column, both from 1.
    pub fn go(&mut self, line: usize, column: usize) {
        let at = |place: usize| u16::try_from(place.saturating_sub(1)).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(at(line), at(column)));
    }

    /// Where the cursor is: line and column, both from 1.
    pub fn cursor(&self) -> (usize, usize) {
        let place = self.area.cursor();
        (place.0 + 1, place.1 + 1)
    }

    /// What was typed.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// How many characters were typed.
    pub fn chars(&self) -> usize {
        self.area.lines().iter().map(|line| line.chars().count() + 1).sum::<usize>().saturating_sub(1)
    }

    /// Takes a key; gives whether the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        self.area.input(key)
    }

    /// Puts pasted text at the cursor without its control characters.
    pub fn insert(&mut self, text: &str) {
        let text: Vec<String> = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(clean).collect();
        self.area.insert_str(text.join("\n"));
    }

    /// Paints the text and its cursor.
    pub fn draw(&self, buf: &mut Buffer, area: Rect) {
        (&self.area).render(area, buf);
    }
}

/// The line without control characters (a tab becomes spaces).
fn clean(line: &str) -> String {
    line.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_and_pasting_keep_the_lines_and_drop_control_characters() {
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(40, 10));
        let mut editor = Editor::holding("first", "why?", &theme);
        editor.key(crokey::parse("enter").unwrap().into());
        editor.insert("a\u{1b}]0;evil\u{7}\r\nb\tc");
        assert_eq!(editor.text(), "first\na]0;evil\nb    c");
        assert_eq!(editor.chars(), editor.text().chars().count());
    }
}
