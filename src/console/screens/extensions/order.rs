//! What can be done to a published extension, as it is ready to be sent.

use crate::console::action::Action;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Point the channel at an older version.
    RollBack,
    /// Let nobody new have it.
    Quarantine,
    /// Stop it everywhere.
    Block,
    /// Lift a quarantine or a block.
    Release,
    /// Let nobody new have one version.
    Yank,
    /// Take that back.
    Unyank,
    /// Hold an update up.
    Pause,
    /// Go on with it.
    Resume,
    /// Bring it to the next ring now.
    Widen,
}

/// One deed, bound to what was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is done.
    pub verb: Verb,
    /// The extension.
    pub id: String,
    /// Its slug.
    pub slug: String,
    /// The version that it is about: to roll back to, to yank, or alone to be held back.
    pub number: Option<String>,
    /// The ring of an update.
    pub ring: Option<String>,
    /// The revision that was shown: of the extension, the version or the rollout.
    pub revision: i64,
    /// Why.
    pub reason: String,
    /// The draft that holds the reason until it is done; empty where no reason is asked.
    pub draft: String,
}

impl Verb {
    /// Every verb.
    pub const ALL: &[Verb] = &[
        Verb::RollBack,
        Verb::Quarantine,
        Verb::Block,
        Verb::Release,
        Verb::Yank,
        Verb::Unyank,
        Verb::Pause,
        Verb::Resume,
        Verb::Widen,
    ];

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Verb::RollBack => "roll back",
            Verb::Quarantine => "quarantine",
            Verb::Block => "block",
            Verb::Release => "release",
            Verb::Yank => "yank",
            Verb::Unyank => "unyank",
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Widen => "widen",
        }
    }

    /// The word in the key of a draft.
    pub const fn key(self) -> &'static str {
        match self {
            Verb::RollBack => "rollback",
            other => other.name(),
        }
    }

    /// Whether a reason is asked.
    pub const fn asks_why(self) -> bool {
        matches!(self, Verb::RollBack | Verb::Quarantine | Verb::Block | Verb::Release | Verb::Yank | Verb::Pause)
    }

    /// The action that begins it.
    pub const fn action(self) -> Action {
        match self {
            Verb::RollBack => Action::RollBack,
            Verb::Quarantine => Action::Quarantine,
            Verb::Block => Action::Block,
            Verb::Release => Action::LetGo,
            Verb::Yank | Verb::Unyank => Action::Yank,
            Verb::Pause | Verb::Resume => Action::PauseRollout,
            Verb::Widen => Action::WidenRollout,
        }
    }
}

impl Order {
    /// What it is about, for people.
    pub fn title(&self) -> String {
        let number = self.number.as_deref().map(|number| format!(" {number}")).unwrap_or_default();
        let joint = if self.verb == Verb::RollBack { " to" } else { "" };
        crate::domain::text::visible(&format!("{}{joint}{number}", self.slug)).into_owned()
    }

    /// What it is about before it is settled which versions: a hold may still be of all of them.
    pub fn subject(&self) -> String {
        match self.verb {
            Verb::Quarantine | Verb::Block => crate::domain::text::visible(&self.slug).into_owned(),
            _ => self.title(),
        }
    }
}

/// The key of the draft that holds the reason for a deed.
pub fn draft_key(verb: Verb, id: &str) -> String {
    let plain: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    format!("{}-{plain}", verb.key())
}

/// The verb and the extension of a draft's key, where it is one of this screen's.
pub fn read_key(key: &str) -> Option<(Verb, &str)> {
    let (word, id) = key.split_once('-')?;
    Verb::ALL.iter().copied().find(|verb| verb.asks_why() && verb.key() == word).map(|verb| (verb, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_draft_leads_back_to_its_extension() {
        let id = "01910000-0000-7000-8000-000000000001";
        for verb in Verb::ALL.iter().copied().filter(|verb| verb.asks_why()) {
            assert_eq!(read_key(&draft_key(verb, id)), Some((verb, id)));
        }
        for other in ["reject-1", "note-1", "unyank-1", "rollback"] {
            assert_eq!(read_key(other), None, "{other}");
        }
    }
}
