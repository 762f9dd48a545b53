//! The sandbox: a file of this machine, an event, what the run did, and what the marketplace would say to it.

pub mod update;
pub mod view;

use std::sync::Arc;

use crate::api::reviews::Checks;
use crate::console::event::LoadedFile;
use crate::console::remote::Remote;
use crate::domain::kind::Kind;
use crate::sandbox::Report;

/// A part of the sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What the run did.
    #[default]
    Run,
    /// What differs from the run before.
    Difference,
    /// What the marketplace would say.
    Verdict,
}

/// Whether the file is run again when it is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// Only by a key.
    #[default]
    Off,
    /// Whenever it is saved.
    On,
}

/// The sandbox as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct SandboxScreen {
    /// The file.
    pub path: String,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// What is in it.
    pub file: Remote<Arc<LoadedFile>>,
    /// The event it is run with.
    pub kind: Option<Kind>,
    /// What the last run did.
    pub report: Remote<Arc<Report>>,
    /// What the run before did.
    pub before: Option<Arc<Report>>,
    /// Whether it is run again when it is saved.
    pub watch: Watch,
    /// What the marketplace would say.
    pub verdict: Remote<Checks>,
    /// The part that is shown.
    pub part: Part,
    /// The first line shown of each part.
    pub tops: [usize; Part::ALL.len()],
}

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Run, Part::Difference, Part::Verdict];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Run => "Run",
            Part::Difference => "Since the run before",
            Part::Verdict => "Marketplace's verdict",
        }
    }
}

impl SandboxScreen {
    /// The event it is run with: the chosen one, else the first that it handles.
    pub fn run_kind(&self) -> Option<Kind> {
        let first = || self.file.value()?.kinds.first().copied();
        self.kind.or_else(first)
    }

    /// The first line shown of the open part.
    pub fn top(&self) -> usize {
        self.tops[self.part as usize]
    }
}
