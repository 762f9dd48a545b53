//! One submission under review: what changed, what was found, the code, a run here and now, what happened before.

pub mod changes;
pub mod decide;
pub mod update;
pub mod view;
pub mod writing;

use std::sync::Arc;

use crate::api::reviews::Review;
use crate::console::event::CodePair;
use crate::console::remote::Remote;
use crate::domain::kind::Kind;
use crate::domain::time::Timestamp;
use crate::sandbox::Report;

/// A part of the review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What changed against the published version.
    #[default]
    Changes,
    /// What the checks found.
    Findings,
    /// The difference of the code.
    Code,
    /// Both versions run here.
    Run,
    /// Notes, and what happened before.
    History,
}

/// The open review.
#[derive(Clone, Debug, Default)]
pub struct ReviewScreen {
    /// All about it.
    pub review: Remote<Review>,
    /// The part that is shown.
    pub part: Part,
    /// The first line shown of each part.
    pub tops: [usize; Part::ALL.len()],
    /// Both codes.
    pub code: Remote<Arc<CodePair>>,
    /// The event both versions are run with.
    pub kind: Option<Kind>,
    /// The run of the version under review.
    pub run_new: Remote<Arc<Report>>,
    /// The run of the published version.
    pub run_old: Remote<Arc<Report>>,
    /// Whether a run waits for the code.
    pub run_when_read: bool,
    /// When the claim is renewed.
    pub renew_at: Option<Timestamp>,
    /// What is opened over it once it is read: a kept draft.
    pub resume: Option<crate::console::drafts::Draft>,
    review_id: Option<String>,
}

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Changes, Part::Findings, Part::Code, Part::Run, Part::History];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Changes => "Changes",
            Part::Findings => "Findings",
            Part::Code => "Code",
            Part::Run => "Dry run",
            Part::History => "History",
        }
    }
}

impl ReviewScreen {
    /// Shows another review from its start.
    pub fn show(review_id: String) -> ReviewScreen {
        ReviewScreen { review: Remote::Loading, review_id: Some(review_id), ..ReviewScreen::default() }
    }

    /// The review that is open.
    pub fn id(&self) -> Option<&str> {
        self.review_id.as_deref()
    }

    /// Whether it is claimed by that account and the claim is alive.
    pub fn is_claimed_by(&self, name: &str, now: Timestamp) -> bool {
        self.review.value().is_some_and(|review| {
            review.open
                && review.item.claimed_by.as_deref() == Some(name)
                && self.lease_until().is_some_and(|until| until > now)
        })
    }

    /// When the claim ends.
    pub fn lease_until(&self) -> Option<Timestamp> {
        self.review.value()?.item.lease_until.as_deref()?.parse().ok()
    }

    /// The event both versions are run with.
    pub fn run_kind(&self) -> Option<Kind> {
        let first = || self.review.value()?.version.kinds.iter().find_map(|kind| kind.parse().ok());
        self.kind.or_else(first)
    }

    /// The first line shown of the open part.
    pub fn top(&self) -> usize {
        self.tops[self.part as usize]
    }
}
