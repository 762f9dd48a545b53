//! One line that is typed into: a filter, a path, a search.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::paint;
use crate::console::theme::{Role, Theme};
use crate::domain::text::{visible, width};

/// The most that can be typed, in bytes.
const BYTES_MAX: usize = 4_096;

/// The text and the cursor, which stands before a whole grapheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInput {
    text: String,
    cursor: usize,
}

impl LineInput {
    /// A line that holds a text, the cursor at its end.
    pub fn holding(text: &str) -> LineInput {
        LineInput { text: text.to_owned(), cursor: text.len() }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts pasted or completed text at the cursor; line ends become spaces, other control characters go.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars() {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            if !c.is_control() && self.text.len() + c.len_utf8() <= BYTES_MAX {
                self.text.insert(self.cursor, c);
                self.cursor += c.len_utf8();
            }
        }
    }

    /// Takes a key that edits; gives whether it was one.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (key.code, control) {
            (KeyCode::Char('a'), true) | (KeyCode::Home, _) => self.cursor = 0,
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => self.cursor = self.text.len(),
            (KeyCode::Char('u'), true) => self.remove(0, self.cursor),
            (KeyCode::Char('k'), true) => self.remove(self.cursor, self.text.len()),
            (KeyCode::Char('w'), true) => self.remove(self.word_start(), self.cursor),
            (KeyCode::Char(c), false) if !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            (KeyCode::Backspace, _) => self.remove(self.before(), self.cursor),
            (KeyCode::Delete, _) => self.remove(self.cursor, self.after()),
            (KeyCode::Left, _) => self.cursor = self.before(),
            (KeyCode::Right, _) => self.cursor = self.after(),
            _ => return false,
        }
        true
    }

    /// Paints a prompt and the text with its cursor; a long text is scrolled so that the cursor is seen.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, theme: &Theme, prompt: &str) {
        let style = theme.style(Role::Input);
        paint::fill_row(buf, area, area.y, style);
        let x = paint::put(buf, area.x, area.y, area.width, prompt, theme.style(Role::Accent).patch(ground(style)));
        let room = usize::from(area.right().saturating_sub(x));
        if room < 2 {
            return;
        }
        let mut start = 0;
        while width(&visible(&self.text[start..self.cursor])) + 1 > room {
            start += self.text[start..].graphemes(true).next().map_or(1, str::len);
        }
        let end = paint::put(buf, x, area.y, area.right() - x, &visible(&self.text[start..]), style);
        let at = x + u16::try_from(width(&visible(&self.text[start..self.cursor]))).unwrap_or(0);
        if at <= end.min(area.right() - 1) {
            buf.set_style(Rect::new(at, area.y, 1, 1), theme.style(Role::Cursor));
        }
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let trimmed = self.text[..self.cursor].trim_end();
        trimmed
            .rfind(|c: char| c.is_whitespace() || c == '/' || c == ':')
            .map_or(0, |at| at + trimmed[at..].chars().next().map_or(1, char::len_utf8))
    }
}

fn ground(style: ratatui::style::Style) -> ratatui::style::Style {
    ratatui::style::Style { bg: style.bg, ..ratatui::style::Style::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut LineInput, keys: &str) {
        for key in keys.split(' ') {
            input.key(crokey::parse(key).unwrap().into());
        }
    }

    #[test]
    fn edits_whole_graphemes() {
        let mut input = LineInput::holding("scope:e\u{301}");
        press(&mut input, "backspace");
        assert_eq!(input.text(), "scope:");
        press(&mut input, "b a n left left delete x");
        assert_eq!(input.text(), "scope:bxn");
        press(&mut input, "end ctrl-w");
        assert_eq!(input.text(), "scope:");
        press(&mut input, "home right ctrl-k");
        assert_eq!(input.text(), "s");
        press(&mut input, "ctrl-u left backspace delete");
        assert_eq!(input.text(), "");
    }

    #[test]
    fn pasted_control_characters_do_not_get_in() {
        let mut input = LineInput::default();
        input.insert("a\u{1b}[31m\nb\u{7}");
        assert_eq!(input.text(), "a[31m b");
    }

    #[test]
    fn the_cursor_is_seen_however_long_the_text_is() {
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(10, 1));
        let mut buf = Buffer::empty(Rect::new(0, 0, 10, 1));
        let area = buf.area;
        LineInput::holding("abcdefghijklmnop").draw(&mut buf, area, &theme, "/");
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "/ijklmnop ");
    }
}
