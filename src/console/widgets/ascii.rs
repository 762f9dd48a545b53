//! The last step before the wire on a terminal that shows ASCII alone: every other character gets a stand-in.

use ratatui::buffer::Buffer;

/// Replaces each character outside ASCII: lines, blocks and arrows by what looks like them, all else by `?`.
pub fn fold(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let stand_in = symbol.chars().next().map_or('?', stand_in);
        cell.set_char(stand_in);
    }
}

fn stand_in(c: char) -> char {
    match c {
        '─' | '━' | '╌' | '┄' | '╴' | '╶' | '–' | '—' | '−' => '-',
        '│' | '┃' | '▏' | '▎' | '▌' | '▐' | '╎' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╰' | '╯' | '✓' | '✔' => {
            '+'
        }
        '█' | '▓' | '▉' | '▊' | '▋' | '■' | '▰' => '#',
        '░' | '▒' | '▱' | '·' | '…' | '∙' => '.',
        '●' | '◆' | '•' | '★' => '*',
        '○' | '◇' => 'o',
        '▲' | '↑' | '△' => '^',
        '▼' | '↓' | '▾' => 'v',
        '▶' | '▸' | '→' | '»' | '›' => '>',
        '◀' | '◂' | '←' | '«' | '‹' => '<',
        '✗' | '✘' | '×' => 'x',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn nothing_outside_ascii_is_left() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
        buf.set_string(0, 0, "╭─●█░… ↑ é 漢 ok", Style::default());
        fold(&mut buf);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("+-*#.. ^ ? ?"), "{text}");
    }
}
