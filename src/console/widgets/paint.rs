//! Painting text into a buffer: cut to its place, wrapped, or laid out as label and value.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::domain::text::{shorten, width};

/// Paints one line of text cut to `columns`, and gives the column after it. Outside the buffer nothing is painted.
pub fn put(buf: &mut Buffer, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
    if columns == 0 || y < buf.area.top() || y >= buf.area.bottom() || x >= buf.area.right() {
        return x;
    }
    let cut = shorten(text, usize::from(columns));
    buf.set_stringn(x, y, &cut, usize::from(columns), style).0
}

/// Paints text that ends at the column before `right`, and gives the column it starts in.
pub fn put_right(buf: &mut Buffer, left: u16, right: u16, y: u16, text: &str, style: Style) -> u16 {
    let room = right.saturating_sub(left);
    let cut = shorten(text, usize::from(room));
    let x = right.saturating_sub(u16::try_from(width(&cut)).unwrap_or(room));
    put(buf, x, y, room, &cut, style);
    x
}

/// Paints spans one after the other, cut to `columns`; gives the column after them.
pub fn put_line(buf: &mut Buffer, x: u16, y: u16, columns: u16, line: &Line<'_>) -> u16 {
    let end = x.saturating_add(columns);
    let mut at = x;
    for span in &line.spans {
        if at >= end {
            break;
        }
        at = put(buf, at, y, end - at, &span.content, line.style.patch(span.style));
    }
    at
}

/// Paints lines from the top of an area; what does not fit is left out.
pub fn put_lines(buf: &mut Buffer, area: Rect, lines: &[Line<'_>]) {
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        put_line(buf, area.x, y, area.width, line);
    }
}

/// Fills a row with a style.
pub fn fill_row(buf: &mut Buffer, area: Rect, y: u16, style: Style) {
    if y >= area.top() && y < area.bottom() {
        buf.set_style(Rect::new(area.x, y, area.width, 1), style);
    }
}

/// Gives blanks the text colour of what stands before them: it is not seen, and a colour that stays needs no bytes.
pub fn settle_blanks(buf: &mut Buffer) {
    let columns = usize::from(buf.area.width).max(1);
    for row in buf.content.chunks_mut(columns) {
        let mut before = None;
        for cell in row {
            match before {
                Some(colour) if cell.symbol() == " " && cell.modifier.is_empty() => cell.fg = colour,
                _ => before = Some(cell.fg),
            }
        }
    }
}

/// Breaks text into lines of at most `columns`, at spaces where it can; the text's own line ends stay.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_word_bounds() {
            let wide = width(word);
            if used + wide > columns && used > 0 {
                lines.push(line.trim_end().to_owned());
                line.clear();
                used = 0;
                if word.trim().is_empty() {
                    continue;
                }
            }
            for grapheme in word.graphemes(true) {
                let wide = width(grapheme);
                if used + wide > columns && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// A line of a label in its own column and a value.
pub fn labelled<'a>(label: &'a str, columns: usize, label_style: Style, value: Vec<Span<'a>>) -> Line<'a> {
    let mut spans = vec![Span::styled(format!("{label:<columns$} "), label_style)];
    spans.extend(value);
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_what_is_too_long() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert!(wrap("any", 0).len() == 3);
    }

    #[test]
    fn blanks_take_the_colour_before_them_unless_it_shows() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 2));
        buf.set_string(0, 0, "a", Style::new().red());
        buf.set_string(2, 0, " ", Style::new().blue().reversed());
        settle_blanks(&mut buf);
        let colours: Vec<Color> = buf.content.iter().map(|cell| cell.fg).collect();
        assert_eq!(colours[..4], [Color::Red, Color::Red, Color::Blue, Color::Blue]);
        assert_eq!(colours[4..], [Color::Reset; 4]);
    }

    #[test]
    fn text_is_cut_to_its_place_and_never_painted_outside() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        put(&mut buf, 0, 0, 4, "abcdefgh", Style::default());
        put(&mut buf, 9, 9, 4, "x", Style::default());
        put_right(&mut buf, 4, 6, 0, "z", Style::default());
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "abc… z");
    }
}
