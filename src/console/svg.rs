//! A frame as an SVG picture: every run of cells stands exactly on its columns, so that lines meet.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::colour;
use super::theme::{Role, Theme};
use crate::domain::text::width;

/// Width of one cell in the picture's units.
const CELL_WIDTH: f64 = 8.4;
/// Height of one cell.
const CELL_HEIGHT: f64 = 18.0;
/// Size of the font.
const FONT_SIZE: f64 = 14.0;
/// Room around the cells.
const MARGIN: f64 = 14.0;
/// Height of the window's bar.
const BAR: f64 = 30.0;
/// Fonts in the order they are looked for; the widths are set by `textLength`, so any will do.
const FONTS: &str = "'JetBrains Mono','Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace";

/// Colours and attributes that a run of cells shares.
#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: String,
    modifiers: Modifier,
}

/// Renders a frame in a window with a title; the terminal's own colours are taken from the theme.
pub fn render(buf: &Buffer, theme: &Theme, title: &str) -> String {
    let ground = theme.style(Role::Text);
    let fg = hex(ground.fg.unwrap_or_default(), "#d8dee9");
    let bg = hex(ground.bg.unwrap_or_default(), "#15181e");
    let wide = f64::from(buf.area.width) * CELL_WIDTH + 2.0 * MARGIN;
    let high = f64::from(buf.area.height) * CELL_HEIGHT + BAR + MARGIN;
    let frame = hex(theme.style(Role::Header).bg.unwrap_or_default(), "#2a2f3a");
    let muted = hex(theme.style(Role::Muted).fg.unwrap_or_default(), &fg);
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide:.1} {high:.1}\" width=\"{wide:.0}\" height=\"{high:.0}\" font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\" role=\"img\">"
    );
    let _ = writeln!(svg, "<title>{}</title>", escape(title));
    let _ = writeln!(svg, "<rect width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"8\" fill=\"{bg}\"/>");
    let _ = writeln!(
        svg,
        "<path d=\"M0 8a8 8 0 0 1 8-8h{:.1}a8 8 0 0 1 8 8v{:.1}H0z\" fill=\"{frame}\"/>",
        wide - 16.0,
        BAR - 12.0
    );
    for (at, dot) in ["#f28b8f", "#e6c384", "#93d18b"].iter().enumerate() {
        let x = MARGIN + 4.0 + f64::from(u32::try_from(at).unwrap_or(0)) * 16.0;
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"9\" r=\"4.5\" fill=\"{dot}\"/>");
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"13\" text-anchor=\"middle\" font-size=\"11\" fill=\"{muted}\">{}</text>",
        wide / 2.0,
        escape(title)
    );
    for row in 0..buf.area.height {
        draw_row(&mut svg, buf, row, &fg, &bg);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_row(svg: &mut String, buf: &Buffer, row: u16, fg: &str, bg: &str) {
    let mut runs: Vec<(u16, u16, Look, String)> = Vec::new();
    let mut column = 0;
    while column < buf.area.width {
        let Some(cell) = buf.cell((buf.area.x + column, buf.area.y + row)) else { break };
        let cells = u16::try_from(width(cell.symbol()).max(1)).unwrap_or(1);
        let look = look_of(cell, fg, bg);
        // Signs that touch their neighbours keep a run of their own: stretched text would tear them apart.
        match runs.last_mut() {
            Some((_, wide, known, text)) if *known == look && joins(text, cell.symbol()) => {
                *wide += cells;
                text.push_str(cell.symbol());
            }
            _ => runs.push((column, cells, look, cell.symbol().to_owned())),
        }
        column += cells;
    }
    let top = BAR + f64::from(row) * CELL_HEIGHT;
    for (column, cells, look, _) in &runs {
        if look.bg != bg {
            let (x, wide) = (MARGIN + f64::from(*column) * CELL_WIDTH, f64::from(*cells) * CELL_WIDTH);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                wide + 0.3,
                CELL_HEIGHT + 0.3,
                look.bg
            );
        }
    }
    for (column, cells, look, text) in &runs {
        let (x, wide) = (MARGIN + f64::from(*column) * CELL_WIDTH, f64::from(*cells) * CELL_WIDTH);
        if block(svg, text, x, top, wide, &look.fg) || text.trim().is_empty() {
            continue;
        }
        let mut extra = String::new();
        for (modifier, attribute) in [
            (Modifier::BOLD, " font-weight=\"bold\""),
            (Modifier::ITALIC, " font-style=\"italic\""),
            (Modifier::UNDERLINED, " text-decoration=\"underline\""),
            (Modifier::DIM, " opacity=\"0.7\""),
        ] {
            if look.modifiers.contains(modifier) {
                extra.push_str(attribute);
            }
        }
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{extra} xml:space=\"preserve\">{}</text>",
            top + CELL_HEIGHT * 0.74,
            look.fg,
            escape(text)
        );
    }
}

/// Draws lines and blocks as shapes, which meet at every size; gives whether the run was one of them.
fn block(svg: &mut String, text: &str, x: f64, top: f64, wide: f64, fg: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    let middle = top + CELL_HEIGHT / 2.0;
    let (centre, right, bottom) = (x + CELL_WIDTH / 2.0, x + CELL_WIDTH, top + CELL_HEIGHT);
    let line = |svg: &mut String, path: String| {
        let _ = writeln!(svg, "<path d=\"{path}\" stroke=\"{fg}\" stroke-width=\"1.2\" fill=\"none\"/>");
    };
    match first {
        '─' => line(svg, format!("M{x:.1} {middle:.1}h{wide:.1}")),
        '│' => line(svg, format!("M{centre:.1} {top:.1}V{bottom:.1}")),
        '╭' => line(svg, format!("M{right:.1} {middle:.1}Q{centre:.1} {middle:.1} {centre:.1} {bottom:.1}")),
        '╮' => line(svg, format!("M{x:.1} {middle:.1}Q{centre:.1} {middle:.1} {centre:.1} {bottom:.1}")),
        '╰' => line(svg, format!("M{right:.1} {middle:.1}Q{centre:.1} {middle:.1} {centre:.1} {top:.1}")),
        '╯' => line(svg, format!("M{x:.1} {middle:.1}Q{centre:.1} {middle:.1} {centre:.1} {top:.1}")),
        '█' | '░' | '▐' => {
            let (left, wide) = if first == '▐' { (centre, CELL_WIDTH / 2.0) } else { (x, wide) };
            let high = if first == '▐' { CELL_HEIGHT } else { CELL_HEIGHT * 0.55 };
            let y = if first == '▐' { top } else { top + CELL_HEIGHT * 0.22 };
            let opacity = if first == '░' { " opacity=\"0.6\"" } else { "" };
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" fill=\"{fg}\"{opacity}/>"
            );
        }
        _ => return false,
    }
    true
}

/// Whether a cell goes on with a run: drawn shapes only with their like, text only with text.
fn joins(text: &str, next: &str) -> bool {
    const SHAPES: &str = "─│╭╮╰╯█░▐";
    let (Some(last), Some(next)) = (text.chars().next_back(), next.chars().next()) else { return false };
    match (SHAPES.contains(last), SHAPES.contains(next)) {
        (false, false) => true,
        (true, true) => last == next && matches!(next, '─' | '█' | '░'),
        _ => false,
    }
}

fn look_of(cell: &Cell, fg: &str, bg: &str) -> Look {
    let (mut front, mut back) = (hex(cell.fg, fg), hex(cell.bg, bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut front, &mut back);
    }
    Look { fg: front, bg: back, modifiers: cell.modifier.difference(Modifier::REVERSED) }
}

fn hex(color: Color, own: &str) -> String {
    colour::rgb(color).map_or_else(|| own.to_owned(), |[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::console::profile::TerminalProfile;

    #[test]
    fn text_is_escaped_and_stands_on_its_columns() {
        let theme = Theme::fitting(&TerminalProfile::plain(20, 2));
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 2));
        buf.set_string(0, 0, "a<b & c", Style::default());
        buf.set_string(10, 0, "bold", Style::default().add_modifier(Modifier::BOLD));
        buf.set_string(0, 1, "──┤", Style::default().fg(Color::Rgb(1, 2, 3)));
        let svg = render(&buf, &theme, "a & b");
        assert!(svg.contains("a&lt;b &amp; c"));
        assert!(svg.contains("font-weight=\"bold\""));
        assert!(svg.contains("stroke=\"#010203\""));
        assert!(svg.contains("<title>a &amp; b</title>"));
        assert!(!svg.contains("a<b"));
    }
}
