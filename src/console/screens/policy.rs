//! The policy: the document with the layer of each value, a draft with what it would do, and the revisions before it.

pub mod confirm;
pub mod deed;
pub mod dialog_view;
pub mod draft;
pub mod effect;
pub mod lines;
pub mod perform;
pub mod rows;
pub mod update;
pub mod view;

use crate::api::policy::{Explanation, Plan, PolicyRevision};
use crate::console::remote::Remote;
use crate::console::screens::sales::Pages;
use crate::console::widgets::list::ListState;
use crate::domain::policy::Document;
use crate::domain::time::Timestamp;

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Every field that is in force, with its layer.
    #[default]
    Document,
    /// What a draft would do.
    Plan,
    /// What was in force before.
    Revisions,
}

/// What stands in the place of a part's list until it is closed.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// Some of what an effect of the plan touches: the effect's place in the plan.
    Examples(usize),
    /// Two revisions beside one another.
    Compared(Box<Compared>),
}

/// Two revisions beside one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The earlier one, with its document as a text.
    pub older: (i64, String),
    /// The later one, with its document as a text.
    pub newer: (i64, String),
    /// Their lines.
    pub lines: Vec<lines::Pair>,
}

/// The revision in force as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// The revision.
    pub revision: PolicyRevision,
    /// What it sets.
    pub document: Document,
    /// Every field, in sections.
    pub rows: Vec<rows::Row>,
}

/// The screen as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct PolicyScreen {
    /// The open part.
    pub part: Part,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// What is in force.
    pub in_force: Remote<InForce>,
    /// The fields that are shown: those whose name or value holds it.
    pub find: String,
    /// The plan that was made last.
    pub plan: Option<Plan>,
    /// Counts the plans that were asked for: answers to older ones are dropped.
    pub plans_asked: u64,
    /// Whether a plan is being made or put in force.
    pub planning: bool,
    /// Why the plan can no longer be put in force, where it cannot.
    pub refused: Option<String>,
    /// The revisions, newest first.
    pub revisions: Remote<Pages<PolicyRevision>>,
    /// Whether a further page was asked for.
    pub reading_on: bool,
    /// The revision that another one is compared with.
    pub marked: Option<i64>,
    /// What stands in the place of the list.
    pub opened: Option<Opened>,
    /// Where each part's list stands.
    pub lists: [ListState; Part::ALL.len()],
    /// Where the list of what is opened stands.
    pub opened_list: ListState,
    /// When it is read again since something changed.
    pub read_again_at: Option<Timestamp>,
}

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Document, Part::Plan, Part::Revisions];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Document => "In force",
            Part::Plan => "Plan",
            Part::Revisions => "Revisions",
        }
    }
}

impl PolicyScreen {
    /// Where the list that has the keys stands.
    pub fn list(&self) -> ListState {
        if self.opened.is_some() { self.opened_list } else { self.lists[self.part as usize] }
    }

    /// The rows of fields that are shown.
    pub fn fields(&self) -> Vec<&rows::Row> {
        let rows = self.in_force.value().map(|in_force| in_force.rows.as_slice()).unwrap_or_default();
        rows::found(rows, &self.find)
    }

    /// The rows of the plan.
    pub fn plan_rows(&self) -> Vec<rows::PlanRow> {
        self.plan.as_ref().map(|plan| rows::of_impact(&plan.impact)).unwrap_or_default()
    }

    /// Rows of the list that has the keys.
    pub fn len(&self) -> usize {
        match (&self.opened, self.part) {
            (Some(Opened::Examples(at)), _) => {
                let effect = self.plan.as_ref().and_then(|plan| plan.impact.effects.get(*at));
                effect.map_or(0, |effect| effect.examples.len())
            }
            (Some(Opened::Compared(compared)), _) => compared.lines.len(),
            (None, Part::Document) => self.fields().len(),
            (None, Part::Plan) => self.plan_rows().len(),
            (None, Part::Revisions) => self.revisions.value().map_or(0, |pages| pages.items.len()),
        }
    }

    /// Whether the list that has the keys has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The revision under the cursor.
    pub fn revision(&self) -> Option<&PolicyRevision> {
        let at = self.lists[Part::Revisions as usize].cursor;
        self.revisions.value()?.items.get(at).filter(|_| self.part == Part::Revisions)
    }
}

/// What is known of one field, as sentences for people.
pub fn explained(explanation: &Explanation, when: impl Fn(&str) -> String) -> Vec<String> {
    let said = |said: &crate::api::policy::LayerSaid| {
        let who = match (said.revision, &said.by, &said.at) {
            (Some(revision), Some(by), Some(at)) => format!(", revision {revision} by {by}, {}", when(at)),
            (Some(revision), ..) => format!(", revision {revision}"),
            _ => String::new(),
        };
        let until = said.until.as_deref().map(|until| format!(", until {}", when(until))).unwrap_or_default();
        format!("{:<10} {}{who}{until}", said.layer, said.value)
    };
    let mut lines = vec![
        explanation.about.clone(),
        String::new(),
        format!("It is {}, by the layer {}.", explanation.value, explanation.from.layer),
        format!("Stricter: {}", explanation.stricter),
        String::new(),
        "What each layer says, from the lowest to the highest:".to_owned(),
    ];
    lines.extend(explanation.said.iter().map(said));
    lines.push(String::new());
    lines.push(match &explanation.lock {
        Some(lock) => format!("Locked: servers may only be stricter than {}", said(lock).trim_start()),
        None => "Not locked.".to_owned(),
    });
    lines
}
