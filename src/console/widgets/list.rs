//! A list of any length: only the rows on the screen are asked for, and columns give way when it is narrow.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::paint;
use crate::console::theme::{Role, Theme};

/// Where a list stands: the row under the cursor and the first row on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
}

/// A way to move in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// One screen down.
    PageDown,
    /// One screen up.
    PageUp,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right, for numbers.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// The columns of the terminal that it needs.
    pub width: u16,
    /// Its share of what is left over; 0 stays at its width.
    pub grow: u16,
    /// Higher numbers are left out first when it is narrow; 0 always stays.
    pub priority: u8,
    /// Where its text stands.
    pub align: Align,
}

/// Whether the list has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// It has.
    Here,
    /// Another part has.
    Elsewhere,
}

/// A column's place: its number, its left edge from the list's left edge, and its width.
pub type Place = (usize, u16, u16);

impl ListState {
    /// Moves in a list of `len` rows of which `height` are on the screen.
    pub fn go(&mut self, motion: Motion, len: usize, height: u16) {
        let page = usize::from(height.max(2)) - 1;
        let last = len.saturating_sub(1);
        self.cursor = match motion {
            Motion::Down => self.cursor + 1,
            Motion::Up => self.cursor.saturating_sub(1),
            Motion::PageDown => self.cursor + page,
            Motion::PageUp => self.cursor.saturating_sub(page),
            Motion::Top => 0,
            Motion::Bottom => last,
        }
        .min(last);
        self.top = self.first(len, height);
    }

    /// The first row to show so that the cursor is on the screen.
    pub fn first(&self, len: usize, height: u16) -> usize {
        let height = usize::from(height.max(1));
        let least = self.cursor.saturating_add(1).saturating_sub(height);
        let most = self.cursor.min(len.saturating_sub(height));
        self.top.clamp(least.min(most), most.max(least))
    }
}

/// Places the columns that fit into `width`, one column apart: those of high priority numbers go first.
pub fn place(columns: &[Column], width: u16) -> Vec<Place> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let needed = |kept: &[usize]| -> u16 {
        let gaps = u16::try_from(kept.len().saturating_sub(1)).unwrap_or(0);
        kept.iter().map(|at| columns[*at].width).sum::<u16>() + gaps
    };
    while needed(&kept) > width {
        let Some(worst) =
            kept.iter().copied().filter(|at| columns[*at].priority > 0).max_by_key(|at| columns[*at].priority)
        else {
            break;
        };
        kept.retain(|at| *at != worst);
    }
    let spare = width.saturating_sub(needed(&kept));
    let shares: u16 = kept.iter().map(|at| columns[*at].grow).sum();
    let mut places = Vec::with_capacity(kept.len());
    let mut x = 0;
    for at in kept {
        let extra = (spare * columns[at].grow).checked_div(shares).unwrap_or(0);
        let wide = (columns[at].width + extra).min(width.saturating_sub(x));
        places.push((at, x, wide));
        x = (x + wide + 1).min(width);
    }
    places
}

/// Paints the headings.
pub fn draw_head(buf: &mut Buffer, area: Rect, theme: &Theme, columns: &[Column], places: &[Place]) {
    let style = theme.style(Role::Muted);
    for (at, x, wide) in places {
        let left = area.x + x;
        match columns[*at].align {
            Align::Left => paint::put(buf, left, area.y, *wide, columns[*at].title, style),
            Align::Right => paint::put_right(buf, left, left + wide, area.y, columns[*at].title, style),
        };
    }
}

/// Paints the rows on the screen; `cell` is asked for (row, column) of those alone.
#[expect(clippy::too_many_arguments, reason = "a table is its place, its look, its columns and its rows")]
pub fn draw_rows<'a>(
    buf: &mut Buffer,
    area: Rect,
    theme: &Theme,
    columns: &[Column],
    places: &[Place],
    state: &ListState,
    len: usize,
    focus: Focus,
    mut cell: impl FnMut(usize, usize) -> Line<'a>,
) {
    let top = state.first(len, area.height);
    for (y, row) in (area.top()..area.bottom()).zip(top..len) {
        for (at, x, wide) in places {
            let line = cell(row, *at);
            let left = area.x + x;
            let text = u16::try_from(line.width()).unwrap_or(u16::MAX);
            let left = match columns[*at].align {
                Align::Left => left,
                Align::Right => left + wide.saturating_sub(text),
            };
            paint::put_line(buf, left, y, (area.x + x + wide).saturating_sub(left), &line);
        }
        if row == state.cursor {
            let role = if focus == Focus::Here { Role::Selection } else { Role::SelectionIdle };
            paint::fill_row(buf, area, y, theme.style(role));
        }
    }
    draw_thumb(buf, area, theme, top, len);
}

/// A thumb at the right edge says where in the list the screen is; painted only when there is more than fits.
fn draw_thumb(buf: &mut Buffer, area: Rect, theme: &Theme, top: usize, len: usize) {
    let height = usize::from(area.height);
    if len <= height || area.height < 3 || area.width == 0 {
        return;
    }
    let size = (height * height / len).max(1);
    let start = top * (height - size) / (len - height).max(1);
    for row in start..(start + size).min(height) {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        buf.set_string(area.right() - 1, y, "▐", theme.style(Role::Border));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column { title: "name", width: 10, grow: 1, priority: 0, align: Align::Left },
        Column { title: "risk", width: 4, grow: 0, priority: 1, align: Align::Right },
        Column { title: "note", width: 20, grow: 1, priority: 2, align: Align::Left },
    ];

    #[test]
    fn columns_of_low_rank_give_way_and_the_rest_grows() {
        assert_eq!(place(COLUMNS, 40), [(0, 0, 12), (1, 13, 4), (2, 18, 22)]);
        assert_eq!(place(COLUMNS, 20), [(0, 0, 15), (1, 16, 4)]);
        assert_eq!(place(COLUMNS, 12), [(0, 0, 12)]);
        assert_eq!(place(COLUMNS, 4), [(0, 0, 4)]);
    }

    #[test]
    fn the_cursor_stays_on_the_screen_and_in_the_list() {
        let mut state = ListState::default();
        state.go(Motion::Up, 0, 10);
        assert_eq!(state, ListState { cursor: 0, top: 0 });
        state.go(Motion::Bottom, 100, 10);
        assert_eq!(state, ListState { cursor: 99, top: 90 });
        state.go(Motion::Up, 100, 10);
        assert_eq!(state, ListState { cursor: 98, top: 90 });
        state.go(Motion::PageUp, 100, 10);
        assert_eq!(state, ListState { cursor: 89, top: 89 });
        state.go(Motion::Top, 100, 10);
        assert_eq!(state, ListState { cursor: 0, top: 0 });
        state.go(Motion::PageDown, 5, 10);
        assert_eq!(state, ListState { cursor: 4, top: 0 });
    }

    #[test]
    fn only_the_rows_on_the_screen_are_asked_for() {
        let theme = Theme::fitting(&crate::console::profile::TerminalProfile::plain(30, 4));
        let mut buf = Buffer::empty(Rect::new(0, 0, 30, 4));
        let area = buf.area;
        let places = place(COLUMNS, 30);
        let state = ListState { cursor: 500_000, top: 499_999 };
        let mut asked = Vec::new();
        draw_rows(&mut buf, area, &theme, COLUMNS, &places, &state, 1_000_000, Focus::Here, |row, column| {
            asked.push((row, column));
            Line::from(row.to_string())
        });
        assert_eq!(asked.len(), 4 * places.len());
        assert!(asked.iter().all(|(row, _)| (499_999..500_003).contains(row)));
    }
}
