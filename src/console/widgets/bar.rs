//! The bars at the top and the bottom, and the tabs inside a screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::paint;
use crate::console::theme::{Role, Theme};
use crate::domain::text::width;

/// How the tabs of the screens are written, from wide to narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tabs {
    /// ` 1 Queue ` with room around it.
    Wide,
    /// `1 Queue`.
    Names,
    /// `1 Que`; the open one in full.
    Short,
    /// `1`; the open one in full.
    Keys,
}

/// Letters of a short name.
const SHORT_CHARS: usize = 3;

/// Paints the bar at the top: the name, the screens with the open one marked, and at the right who and where. Where the
/// names do not all fit beside that, they are shortened, at last to their keys; the open one always has its name.
pub fn draw_header(buf: &mut Buffer, area: Rect, theme: &Theme, tabs: &[(char, &str)], open: usize, right: &Line<'_>) {
    let style = theme.style(Role::Header);
    buf.set_style(area, style);
    let mut x = paint::put(buf, area.x + 1, area.y, area.width.saturating_sub(1), "skydeck", strong(theme, style)) + 2;
    let wide = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let room = usize::from(area.right().saturating_sub(x).saturating_sub(wide.saturating_add(2)));
    let written = |how: Tabs| tabs.iter().enumerate().map(move |(at, tab)| tab_text(how, *tab, at == open));
    let fits = |how: &Tabs| written(*how).map(|text| width(&text) + 1).sum::<usize>() <= room;
    let how = [Tabs::Wide, Tabs::Names, Tabs::Short].into_iter().find(fits).unwrap_or(Tabs::Keys);
    for (at, text) in written(how).enumerate() {
        let look = if at == open { theme.style(Role::HeaderTab) } else { style };
        x = paint::put(buf, x, area.y, area.right().saturating_sub(x), &text, look) + 1;
    }
    let room = area.right().saturating_sub(x + 1);
    let start = area.right().saturating_sub(1 + wide.min(room));
    paint::put_line(buf, start, area.y, wide.min(room), right);
}

fn tab_text(how: Tabs, (key, name): (char, &str), is_open: bool) -> String {
    match how {
        _ if is_open || how == Tabs::Wide => format!(" {key} {name} "),
        Tabs::Wide | Tabs::Names => format!("{key} {name}"),
        Tabs::Short => format!("{key} {}", name.chars().take(SHORT_CHARS).collect::<String>()),
        Tabs::Keys => key.to_string(),
    }
}

/// The hints at the end that are always shown: help and leaving.
const KEPT: usize = 2;

/// Paints the bar at the bottom: keys with what they do, as many as fit, the last two always among them.
pub fn draw_footer(buf: &mut Buffer, area: Rect, theme: &Theme, hints: &[(String, &str)]) {
    buf.set_style(area, theme.style(Role::Footer));
    let wide = |hint: &(String, &str)| width(&hint.0) + hint.1.len() + 3;
    let kept = hints.len().saturating_sub(KEPT);
    let last: usize = hints[kept..].iter().map(wide).sum();
    let mut room = usize::from(area.width.saturating_sub(1)).saturating_sub(last);
    let mut x = area.x + 1;
    for (at, hint) in hints.iter().enumerate() {
        if at < kept {
            if wide(hint) > room {
                continue;
            }
            room -= wide(hint);
        }
        x = paint::put(buf, x, area.y, area.right().saturating_sub(x), &hint.0, theme.style(Role::FooterKey)) + 1;
        x = paint::put(buf, x, area.y, area.right().saturating_sub(x), hint.1, theme.style(Role::Footer)) + 2;
    }
}

/// The parts of a screen in one line, the open one marked.
pub fn tabs<'a>(theme: &Theme, names: &[(&'a str, Option<usize>)], open: usize) -> Line<'a> {
    let mut spans = Vec::new();
    for (at, (name, count)) in names.iter().enumerate() {
        let style = if at == open {
            theme.style(Role::Title).add_modifier(ratatui::style::Modifier::UNDERLINED)
        } else {
            theme.style(Role::Muted)
        };
        spans.push(Span::styled(*name, style));
        if let Some(count) = count {
            spans.push(Span::styled(format!(" {count}"), theme.style(Role::Muted)));
        }
        spans.push(Span::raw("   "));
    }
    Line::from(spans)
}

/// Paints a heading with a line after it to the right edge.
pub fn draw_rule(buf: &mut Buffer, area: Rect, y: u16, theme: &Theme, title: &str, right: &str) {
    if y >= area.bottom() {
        return;
    }
    let line = "─".repeat(usize::from(area.width));
    paint::put(buf, area.x, y, area.width, &line, theme.style(Role::Border));
    if !title.is_empty() {
        let text = format!(" {title} ");
        paint::put(buf, area.x + 1, y, area.width.saturating_sub(2), &text, theme.style(Role::Title));
    }
    if !right.is_empty() {
        let text = format!(" {right} ");
        paint::put_right(buf, area.x, area.right().saturating_sub(1), y, &text, theme.style(Role::Muted));
    }
}

fn strong(theme: &Theme, base: Style) -> Style {
    base.patch(Style { bg: base.bg, ..theme.style(Role::Strong) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tabs_fit_beside_who_and_where_and_the_open_one_has_its_name() {
        const TABS: [(char, &str); 10] = [
            ('1', "Queue"),
            ('2', "Review"),
            ('3', "Sandbox"),
            ('4', "Extensions"),
            ('5', "Servers"),
            ('6', "Policy"),
            ('7', "Ratings"),
            ('8', "Analytics"),
            ('9', "Authors"),
            ('0', "Sales"),
        ];
        let header = |columns: u16, open: usize| {
            let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(columns, 1));
            let mut buf = Buffer::empty(Rect::new(0, 0, columns, 1));
            let area = buf.area;
            draw_header(&mut buf, area, &theme, &TABS, open, &Line::from("maria @ market.example:…  ● live"));
            buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        assert_eq!(
            header(80, 3).trim_end(),
            " skydeck  1 2 3  4 Extensions  5 6 7 8 9 0     maria @ market.example:…  ● live"
        );
        assert!(header(120, 0).contains(" 1 Queue  2 Rev 3 San 4 Ext 5 Ser"), "{}", header(120, 0));
        assert!(header(160, 9).contains("8 Analytics 9 Authors  0 Sales "), "{}", header(160, 9));
        assert!(header(180, 0).contains(" 1 Queue   2 Review "), "{}", header(180, 0));
        for (open, (_, name)) in TABS.iter().enumerate() {
            for columns in [80, 100, 140] {
                let shown = header(columns, open);
                assert!(shown.contains(name) && shown.contains("● live"), "{shown}");
            }
        }
    }

    #[test]
    fn the_last_hints_are_shown_however_narrow_it_is() {
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(26, 1));
        let mut buf = Buffer::empty(Rect::new(0, 0, 26, 1));
        let hints = [("c", "claim"), ("C", "claim the next one"), ("q", "quit"), ("?", "help")];
        let hints = hints.map(|(key, text)| (key.to_owned(), text));
        let area = buf.area;
        draw_footer(&mut buf, area, &theme, &hints);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text.trim_end(), " c claim  q quit  ? help");
    }
}
