//! What keys and pasted text do to the one thing above the screen.

use crossterm::event::KeyEvent;

use super::action::Action;
use super::effect::Effect;
use super::model::{Model, ScreenName};
use super::overlay::{EntryOf, Overlay};
use super::screens::review::writing;
use super::screens::{extensions, policy, queue, sandbox, servers};
use super::widgets::line_input::LineInput;
use super::widgets::list::{ListState, Motion};
use super::widgets::palette;
use super::{reason, update, view};
use crate::domain::filter;

/// A draft is written when nothing was typed for this long.
const SAVE_AFTER_MS: i64 = 300;
/// Rows that a page is in a pop-up.
const PAGE_ROWS: u16 = 10;

/// Takes a key while something is open; `action` is what the table says it means there.
pub fn press(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    match &model.overlay {
        Overlay::None => Vec::new(),
        Overlay::Help { .. } | Overlay::Message { .. } => read(model, action),
        Overlay::Choice(_) => choose(model, action),
        Overlay::Palette { .. } => palette_key(model, key, action),
        Overlay::Filter { .. } => filter_key(model, key, action),
        Overlay::Path { .. } => path_key(model, key, action),
        Overlay::Editor(_) => editor_key(model, key, action),
        Overlay::Reason(_) => reason_key(model, key, action),
        Overlay::Entry(_) => entry_key(model, key, action),
        Overlay::Servers(_) => servers::dialog::press(model, key, action),
        Overlay::Policy(_) => policy::draft::press(model, key, action),
    }
}

/// Puts pasted text where text is typed; elsewhere it does nothing.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let now = model.now;
    let contexts = model.screen_contexts();
    match &mut model.overlay {
        Overlay::Editor(writing) => {
            writing.editor.insert(text);
            writing.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
            Vec::new()
        }
        Overlay::Reason(reason) => {
            reason.editor.insert(text);
            reason.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
            Vec::new()
        }
        Overlay::Filter { input, .. } => {
            input.insert(text);
            Vec::new()
        }
        Overlay::Entry(entry) => {
            entry.input.insert(text);
            Vec::new()
        }
        Overlay::Palette { input, found, cursor } => {
            input.insert(text);
            *found = palette::find(input.text(), contexts, &model.keymap);
            *cursor = 0;
            Vec::new()
        }
        Overlay::Path { input, cursor, .. } => {
            input.insert(text);
            *cursor = None;
            vec![Effect::ListPaths { typed: input.text().to_owned() }]
        }
        Overlay::Servers(_) => {
            servers::dialog::paste(model, text);
            Vec::new()
        }
        Overlay::Policy(_) => {
            policy::draft::paste(model, text);
            Vec::new()
        }
        Overlay::None | Overlay::Help { .. } | Overlay::Choice(_) | Overlay::Message { .. } => Vec::new(),
    }
}

/// Opens the palette with everything that can be done on the open screen.
pub fn open_palette(model: &mut Model) {
    let found = palette::find("", model.screen_contexts(), &model.keymap);
    model.overlay = Overlay::Palette { input: LineInput::default(), found, cursor: 0 };
}

/// Shows the paths that begin with what is typed.
pub fn take_paths(model: &mut Model, typed: &str, fresh: Vec<String>) {
    if let Overlay::Path { input, paths, .. } = &mut model.overlay
        && input.text() == typed
    {
        *paths = fresh;
    }
}

fn read(model: &mut Model, action: Option<Action>) -> Vec<Effect> {
    let (rows, contexts) = (model.profile.rows.saturating_sub(4), model.screen_contexts());
    let len = match &model.overlay {
        Overlay::Help { .. } => {
            super::widgets::help::lines(&model.theme, &model.keymap, contexts, model.profile.glyphs).len()
        }
        Overlay::Message { lines, .. } => view::message_lines(lines, model.profile.columns).len(),
        _ => 0,
    };
    if let (Some(motion), Overlay::Help { top } | Overlay::Message { top, .. }) =
        (motion_of(action), &mut model.overlay)
    {
        let most = len.saturating_sub(usize::from(rows));
        let mut state = ListState { cursor: (*top).min(most), top: 0 };
        state.go(motion, most + 1, rows);
        *top = state.cursor;
        return Vec::new();
    }
    if matches!(action, Some(Action::Confirm | Action::Decline)) {
        model.overlay = Overlay::None;
    }
    Vec::new()
}

fn choose(model: &mut Model, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Choice(choice) = &mut model.overlay else { return Vec::new() };
    if let Some(motion) = motion_of(action) {
        let mut state = ListState { cursor: choice.cursor, top: 0 };
        state.go(motion, choice.choices.len(), PAGE_ROWS);
        choice.cursor = state.cursor;
        return Vec::new();
    }
    match action {
        Some(Action::Confirm) => {
            let choice = choice.clone();
            model.overlay = Overlay::None;
            update::choose(model, choice)
        }
        Some(Action::Decline) => {
            model.overlay = Overlay::None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn palette_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let contexts = model.screen_contexts();
    let Overlay::Palette { input, found, cursor } = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let chosen = found.get(*cursor).map(|found| found.action);
            model.overlay = Overlay::None;
            return chosen.map(|action| update::act(model, action)).unwrap_or_default();
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        Some(Action::Previous) => *cursor = cursor.saturating_sub(1),
        Some(Action::Next | Action::Complete) => *cursor = (*cursor + 1).min(found.len().saturating_sub(1)),
        _ => {
            if input.key(key) {
                *found = palette::find(input.text(), contexts, &model.keymap);
                *cursor = 0;
            }
        }
    }
    Vec::new()
}

/// The filter is checked here before it is sent: a fault is shown with its column at once.
fn filter_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let screen = model.screen;
    let Overlay::Filter { input, fault } = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let text = input.text().trim().to_owned();
            let parsed = screen.filter().map(|fields| filter::Filter::parse(&text, fields));
            if let Some(Err(problem)) = parsed {
                *fault = Some(problem.to_string());
                return Vec::new();
            }
            model.overlay = Overlay::None;
            return match screen {
                ScreenName::Queue => queue::update::filter(model, text),
                ScreenName::Extensions => extensions::update::filter(model, text),
                ScreenName::Review
                | ScreenName::Sandbox
                | ScreenName::Servers
                | ScreenName::Policy
                | ScreenName::Sales => Vec::new(),
            };
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            if input.key(key) {
                *fault = None;
            }
        }
    }
    Vec::new()
}

fn path_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Path { input, paths, cursor } = &mut model.overlay else { return Vec::new() };
    let last = paths.len().saturating_sub(1);
    match action {
        Some(Action::Accept) => {
            let path = cursor.and_then(|at| paths.get(at)).cloned().unwrap_or_else(|| input.text().to_owned());
            if path.ends_with('/') {
                return complete(input, cursor, &path);
            }
            if path.trim().is_empty() {
                return Vec::new();
            }
            model.overlay = Overlay::None;
            return sandbox::update::open(model, &path);
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        Some(Action::Previous) => *cursor = Some(cursor.map_or(last, |at| at.saturating_sub(1))),
        Some(Action::Next) => *cursor = Some(cursor.map_or(0, |at| (at + 1).min(last))),
        Some(Action::Complete) => {
            let chosen = cursor.and_then(|at| paths.get(at)).cloned();
            if let Some(path) = chosen.or_else(|| common_start(paths)) {
                return complete(input, cursor, &path);
            }
        }
        _ => {
            if input.key(key) {
                *cursor = None;
                return vec![Effect::ListPaths { typed: input.text().to_owned() }];
            }
        }
    }
    Vec::new()
}

fn complete(input: &mut LineInput, cursor: &mut Option<usize>, path: &str) -> Vec<Effect> {
    *input = LineInput::holding(path);
    *cursor = None;
    vec![Effect::ListPaths { typed: path.to_owned() }]
}

fn editor_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    if let Some(action) = action {
        return writing::act(model, action);
    }
    let now = model.now;
    let Overlay::Editor(writing) = &mut model.overlay else { return Vec::new() };
    if writing.editor.key(key) {
        writing.fault = None;
        writing.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
    }
    Vec::new()
}

fn reason_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    if let Some(action) = action {
        return reason::act(model, action);
    }
    let now = model.now;
    let Overlay::Reason(reason) = &mut model.overlay else { return Vec::new() };
    if reason.editor.key(key) {
        reason.fault = None;
        reason.save_at.get_or_insert(now.plus_ms(SAVE_AFTER_MS));
    }
    Vec::new()
}

fn entry_key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let Overlay::Entry(entry) = &mut model.overlay else { return Vec::new() };
    match action {
        Some(Action::Accept) => {
            let (typed, of) = (entry.input.text().to_owned(), entry.of.clone());
            let name = match of {
                EntryOf::Flag(name) => name,
                EntryOf::PolicyField => {
                    model.overlay = Overlay::None;
                    policy::update::find(model, &typed);
                    return Vec::new();
                }
            };
            if let Err(fault) = extensions::deed::set_flag(model, &name, &typed)
                && let Overlay::Entry(entry) = &mut model.overlay
            {
                entry.fault = Some(fault);
            }
        }
        Some(Action::Cancel) => model.overlay = Overlay::None,
        _ => {
            if entry.input.key(key) {
                entry.fault = None;
            }
        }
    }
    Vec::new()
}

/// What all paths begin with.
fn common_start(paths: &[String]) -> Option<String> {
    let first = paths.first()?;
    let end = first
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| paths.iter().all(|path| path.get(..*end) == first.get(..*end)))
        .last()?;
    Some(first[..end].to_owned())
}

fn motion_of(action: Option<Action>) -> Option<Motion> {
    Some(match action? {
        Action::Down => Motion::Down,
        Action::Up => Motion::Up,
        Action::PageDown => Motion::PageDown,
        Action::PageUp => Motion::PageUp,
        Action::Top => Motion::Top,
        Action::Bottom => Motion::Bottom,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_goes_as_far_as_all_paths_agree() {
        let paths = ["fixtures/rôle-a.wasm", "fixtures/rôle-b.wasm"].map(str::to_owned);
        assert_eq!(common_start(&paths).as_deref(), Some("fixtures/rôle-"));
        assert_eq!(common_start(&[]), None);
    }
}
