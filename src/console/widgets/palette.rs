//! The palette: every action by a fuzzy match of its name and text, with its key.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line_input::LineInput;
use super::list::ListState;
use super::{paint, popup};
use crate::console::action::{Action, Contexts};
use crate::console::keymap::Keymap;
use crate::console::profile::Glyphs;
use crate::console::theme::{Role, Theme};

/// An action that matches, and the places of the matched letters in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The action.
    pub action: Action,
    /// Character places in [`Action::text`].
    pub letters: Vec<u32>,
}

/// The actions of these contexts that match, best first; all of them in the table's order for an empty needle.
pub fn find(needle: &str, contexts: Contexts, keymap: &Keymap) -> Vec<Found> {
    let offered = keymap.available(contexts).filter(|action| *action != Action::Palette);
    if needle.trim().is_empty() {
        return offered.map(|action| Found { action, letters: Vec::new() }).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(needle, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, Found)> = offered
        .filter_map(|action| {
            let mut letters = Vec::new();
            let text = pattern.indices(Utf32Str::new(action.text(), &mut buffer), &mut matcher, &mut letters);
            let name = pattern.score(Utf32Str::new(action.name(), &mut buffer), &mut matcher);
            letters.sort_unstable();
            // A match of the short name says more than one spread over a sentence.
            let score = text.max(name.map(|score| score + 20))?;
            Some((score, Found { action, letters: if text.is_some() { letters } else { Vec::new() } }))
        })
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.action.name().cmp(other.1.action.name())));
    found.into_iter().map(|(_, found)| found).collect()
}

/// Paints the palette above the screen.
#[expect(clippy::too_many_arguments, reason = "the palette is its line, its matches and how both look")]
pub fn draw(
    buf: &mut Buffer,
    area: Rect,
    theme: &Theme,
    keymap: &Keymap,
    glyphs: Glyphs,
    input: &LineInput,
    found: &[Found],
    cursor: usize,
) {
    let frame = popup::middle(area, 74, 18.min(area.height.saturating_sub(2)));
    let inner = popup::draw_frame(buf, frame, theme, "Commands", "Enter does it, Esc closes");
    input.draw(buf, Rect { height: 1.min(inner.height), ..inner }, theme, ": ");
    let list = Rect::new(inner.x, inner.y + 2.min(inner.height), inner.width, inner.height.saturating_sub(2));
    if found.is_empty() {
        paint::put(buf, list.x, list.y, list.width, "no action matches", theme.style(Role::Muted));
        return;
    }
    let top = ListState { cursor, top: 0 }.first(found.len(), list.height);
    for (y, (row, item)) in (list.top()..list.bottom()).zip(found.iter().enumerate().skip(top)) {
        let style = if row == cursor { theme.style(Role::Selection) } else { Style::default() };
        paint::fill_row(buf, list, y, style);
        let keys = keymap.shown(item.action, glyphs);
        let right = paint::put_right(buf, list.x, list.right(), y, &keys, theme.style(Role::Accent).patch(style));
        let room = right.saturating_sub(list.x + 1);
        paint::put(buf, list.x, y, room, item.action.text(), style);
        for letter in &item.letters {
            let x = list.x + u16::try_from(*letter).unwrap_or(u16::MAX - list.x);
            if x < list.x + room {
                let look = theme.style(Role::Match);
                let look = if row == cursor { Style { fg: None, ..look } } else { look };
                buf.set_style(Rect::new(x, y, 1, 1), look);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_action_comes_first() {
        let keymap = Keymap::shipped();
        let first = |needle, contexts| find(needle, contexts, &keymap).first().map(|found| found.action);
        assert_eq!(first("claim", Contexts::QUEUE), Some(Action::Claim));
        assert_eq!(first("clmnxt", Contexts::QUEUE), Some(Action::ClaimNext));
        assert_eq!(first("aprv", Contexts::REVIEW), Some(Action::Approve));
        assert_eq!(first("approve", Contexts::SANDBOX), None);
        assert_eq!(find("", Contexts::QUEUE, &keymap).len(), keymap.available(Contexts::QUEUE).count() - 1);
    }
}
