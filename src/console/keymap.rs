//! The keys: which action each one means in each context; help, footer and palette are printed from this.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use toml::de::{DeTable, DeValue};

use super::action::{Action, Contexts};
use super::profile::Glyphs;
use crate::domain::text::nearest;

/// Every action with its keys, after the configuration.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Action, Vec<KeyCombination>)>,
}

/// A `[keys]` table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// The file is no TOML.
    #[error("{file}:{line}: {why}")]
    NotToml {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// No action has that name.
    #[error("{file}:{line}: [keys] {action:?} is no action{}", nearest.map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    NoAction {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// As written.
        action: String,
        /// The nearest name.
        nearest: Option<&'static str>,
    },
    /// A key that cannot be read.
    #[error(
        "{file}:{line}: [keys] {action}: {key:?} is no key; write for example \"x\", \"shift-x\", \"ctrl-x\", \"f5\", \"enter\", \"space\", or [] for none"
    )]
    NoKey {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The action.
        action: &'static str,
        /// As written.
        key: String,
    },
    /// Two actions that can be meant at once have one key.
    #[error(
        "the key {key} would mean both {one} and {other}; give one of them another key under [keys] in config.toml"
    )]
    Conflict {
        /// The key.
        key: String,
        /// One action.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
}

impl Keymap {
    /// The keys as shipped.
    pub fn shipped() -> Keymap {
        let bindings = Action::ALL
            .iter()
            .map(|action| (*action, action.keys().iter().filter_map(|key| crokey::parse(key).ok()).collect()))
            .collect();
        Keymap { bindings }
    }

    /// The shipped keys, changed by the `[keys]` table of a configuration file's text; `file` is named in errors.
    ///
    /// # Errors
    /// No TOML, an unknown action or key, or a conflict, each with what to do.
    pub fn from_config(text: &str, file: &str) -> Result<Keymap, KeymapError> {
        let line = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        let mut map = Keymap::shipped();
        let document = DeTable::parse(text).map_err(|error| KeymapError::NotToml {
            file: file.to_owned(),
            line: line(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
        if let Some(DeValue::Table(keys)) = document.get_ref().get("keys").map(toml::Spanned::get_ref) {
            for (name, value) in keys {
                let at = line(name.span().start);
                let action = Action::named(name.get_ref()).ok_or_else(|| KeymapError::NoAction {
                    file: file.to_owned(),
                    line: at,
                    action: name.get_ref().to_string(),
                    nearest: nearest(name.get_ref(), Action::ALL.iter().map(|action| action.name())),
                })?;
                let keys = keys_of(value.get_ref()).map_err(|key| KeymapError::NoKey {
                    file: file.to_owned(),
                    line: at,
                    action: action.name(),
                    key,
                })?;
                map.bindings[action as usize].1 = keys;
            }
        }
        map.check()?;
        Ok(map)
    }

    /// The action a key means in these contexts.
    pub fn action(&self, contexts: Contexts, key: KeyEvent) -> Option<Action> {
        let key = combination(key);
        self.bindings
            .iter()
            .find(|(action, keys)| action.contexts().overlaps(contexts) && keys.contains(&key))
            .map(|(action, _)| *action)
    }

    /// The keys of an action as they are shown, `j/↓`; empty where it has none.
    pub fn shown(&self, action: Action, glyphs: Glyphs) -> String {
        let keys = &self.bindings[action as usize].1;
        keys.iter().map(|key| show(*key, glyphs)).collect::<Vec<_>>().join("/")
    }

    /// The first key of an action as it is shown.
    pub fn first(&self, action: Action, glyphs: Glyphs) -> Option<String> {
        self.bindings[action as usize].1.first().map(|key| show(*key, glyphs))
    }

    /// The actions that can be done in these contexts, in the order of the table.
    pub fn available(&self, contexts: Contexts) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| action.contexts().overlaps(contexts))
    }

    fn check(&self) -> Result<(), KeymapError> {
        for (at, (one, keys)) in self.bindings.iter().enumerate() {
            for (other, others) in &self.bindings[at + 1..] {
                if !one.contexts().overlaps(other.contexts()) {
                    continue;
                }
                if let Some(key) = keys.iter().find(|key| others.contains(key)) {
                    let key = show(*key, Glyphs::Ascii);
                    return Err(KeymapError::Conflict { key, one: one.name(), other: other.name() });
                }
            }
        }
        Ok(())
    }
}

/// A key event as the table knows it: terminals differ in whether they report Shift with a sign such as `?`.
pub fn combination(key: KeyEvent) -> KeyCombination {
    let mut modifiers = key.modifiers & (KeyModifiers::SHIFT | KeyModifiers::CONTROL | KeyModifiers::ALT);
    if matches!(key.code, KeyCode::Char(c) if !c.is_alphabetic()) {
        modifiers.remove(KeyModifiers::SHIFT);
    }
    KeyCombination::from(KeyEvent::new(key.code, modifiers))
}

/// A key as people write it: `G`, `Ctrl-p`, `↓`, `Space`.
pub fn show(key: KeyCombination, glyphs: Glyphs) -> String {
    let OneToThree::One(code) = key.codes else { return key.to_string() };
    let unicode = glyphs == Glyphs::Unicode;
    let (name, shift_shown) = match code {
        KeyCode::Char(' ') => ("Space".to_owned(), false),
        KeyCode::Char(c) => (c.to_string(), c.is_alphabetic()),
        KeyCode::Up if unicode => ("↑".to_owned(), false),
        KeyCode::Down if unicode => ("↓".to_owned(), false),
        KeyCode::Left if unicode => ("←".to_owned(), false),
        KeyCode::Right if unicode => ("→".to_owned(), false),
        KeyCode::PageUp => ("PgUp".to_owned(), false),
        KeyCode::PageDown => ("PgDn".to_owned(), false),
        KeyCode::BackTab => ("Shift-Tab".to_owned(), true),
        KeyCode::F(number) => (format!("F{number}"), false),
        other => (format!("{other:?}"), false),
    };
    let mut text = String::new();
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        text.push_str("Ctrl-");
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        text.push_str("Alt-");
    }
    if key.modifiers.contains(KeyModifiers::SHIFT) && !shift_shown {
        text.push_str("Shift-");
    }
    text.push_str(&name);
    text
}

/// The keys of one entry: a string or an array of strings. The error is the text that is no key.
fn keys_of(value: &DeValue<'_>) -> Result<Vec<KeyCombination>, String> {
    let parse = |text: &str| crokey::parse(text).map_err(|_| text.to_owned());
    match value {
        DeValue::String(text) => Ok(vec![parse(text)?]),
        DeValue::Array(items) => {
            items.iter().map(|item| parse(item.get_ref().as_str().unwrap_or(item.get_ref().type_str()))).collect()
        }
        other => Err(other.type_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> KeyEvent {
        crokey::parse(text).unwrap().into()
    }

    #[test]
    fn the_shipped_keys_can_all_be_read_and_none_means_two_things() {
        for action in Action::ALL {
            for text in action.keys() {
                assert!(crokey::parse(text).is_ok(), "{}: {text}", action.name());
            }
        }
        assert_eq!(Keymap::shipped().check(), Ok(()));
    }

    #[test]
    fn vim_keys_and_arrows_mean_the_same() {
        let map = Keymap::shipped();
        for (one, other) in [("j", "down"), ("k", "up"), ("g", "home"), ("shift-g", "end"), ("h", "left")] {
            let action = map.action(Contexts::REVIEW, key(one));
            assert!(action.is_some(), "{one}");
            assert_eq!(action, map.action(Contexts::REVIEW, key(other)), "{one} {other}");
        }
    }

    #[test]
    fn signs_are_found_with_and_without_shift() {
        let map = Keymap::shipped();
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('?'), modifiers);
            assert_eq!(map.action(Contexts::QUEUE, event), Some(Action::Help));
        }
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(map.action(Contexts::QUEUE, event), Some(Action::Bottom));
    }

    #[test]
    fn the_configuration_changes_keys() {
        let map = Keymap::from_config("[keys]\nclaim = [\"f2\", \"shift-t\"]\nclaim-next = []\n", "c.toml").unwrap();
        assert_eq!(map.action(Contexts::QUEUE, key("f2")), Some(Action::Claim));
        assert_eq!(map.action(Contexts::QUEUE, key("c")), None);
        assert_eq!(map.shown(Action::Claim, Glyphs::Unicode), "F2/T");
        assert_eq!(map.shown(Action::ClaimNext, Glyphs::Unicode), "");
    }

    #[test]
    fn faults_in_the_configuration_say_where_and_what() {
        let fault = |text| Keymap::from_config(text, "c.toml").unwrap_err().to_string();
        assert_eq!(fault("[keys]\nclam = \"x\""), "c.toml:2: [keys] \"clam\" is no action; did you mean claim?");
        assert!(fault("[keys]\nclaim = \"hyper-x\"").starts_with("c.toml:2: [keys] claim: \"hyper-x\" is no key"));
        assert!(fault("[keys]\nclaim = \"q\"").starts_with("the key q would mean both"));
        assert!(fault("[keys]\nclaim = \"q\"").contains("quit"));
        assert!(fault("\n[keys").starts_with("c.toml:2: "));
    }

    #[test]
    fn keys_are_shown_as_people_write_them() {
        let cases = [("ctrl-p", "Ctrl-p"), ("shift-g", "G"), ("space", "Space"), ("down", "↓"), ("pageup", "PgUp")];
        for (text, shown) in cases {
            assert_eq!(show(crokey::parse(text).unwrap(), Glyphs::Unicode), shown);
        }
        assert_eq!(show(crokey::parse("down").unwrap(), Glyphs::Ascii), "Down");
    }
}
