//! Chat servers and the instances that serve them: two lists, and one server in full with everything its people decide.

pub mod act;
pub mod ask;
pub mod deed;
pub mod dialog;
pub mod dialog_view;
pub mod fetch;
pub mod lists;
pub mod override_plan;
pub mod parts;
pub mod update;
pub mod view;

use std::collections::BTreeSet;

use crate::api::installations::{ConsentAsked, Installation, InstallationStep};
use crate::api::instances::Instance;
use crate::api::page::Page;
use crate::api::policy::ServerPolicy;
use crate::api::servers::Server;
use crate::console::event::Answer;
use crate::console::remote::Remote;
use crate::console::widgets::list::ListState;
use crate::domain::time::Timestamp;

/// Rows asked for at a time.
pub const PAGE_ROWS: usize = 100;
/// How near to the last loaded row the cursor comes before the next page is asked for.
const AHEAD_ROWS: usize = 40;
/// Live changes are gathered this long before anything is read again.
pub const GATHER_MS: i64 = 400;
/// Servers that changed at once and are read one by one; more make the list be read again.
pub const TOUCHED_MAX: usize = 20;

/// What the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// The list of servers.
    #[default]
    Servers,
    /// The list of instances.
    Instances,
    /// One server.
    One,
}

/// A part of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What is installed.
    #[default]
    Installations,
    /// What waits for its owner.
    Consents,
    /// The policy that holds there.
    Policy,
    /// Its subscription tier.
    Tier,
    /// The instance that serves it.
    Instance,
}

/// A list that is read page by page.
#[derive(Clone, Debug)]
pub struct Pages<T> {
    /// The rows read so far.
    pub rows: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
    /// How many there are in all, as last told.
    pub total: Option<u64>,
    /// How fresh the rows are.
    pub state: Remote<()>,
    /// The cursor and the scroll position.
    pub list: ListState,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// Whether a further page is on its way.
    pub reading_on: bool,
}

/// A server with what is on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The server.
    pub server: Server,
    /// Everything on it, by slug.
    pub installations: Vec<Installation>,
    /// What waits for its owner, by slug.
    pub consents: Vec<ConsentAsked>,
    /// The instance that serves it, for those who may see all of it.
    pub instance: Option<Instance>,
}

/// The open server.
#[derive(Clone, Debug)]
pub struct One {
    /// Its id.
    pub id: String,
    /// It, with what is on it.
    pub whole: Remote<Whole>,
    /// The policy that holds on it.
    pub policy: Remote<ServerPolicy>,
    /// The installation whose stages were read, and they.
    pub steps: (String, Remote<Vec<InstallationStep>>),
    /// The part that is shown.
    pub part: Part,
    /// The cursor of each part: of those with rows, else the first line shown.
    pub lists: [ListState; Part::ALL.len()],
}

/// The screen as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// What is shown.
    pub shown: Shown,
    /// The filter of the servers in force.
    pub filter: String,
    /// What the server said to the filter.
    pub filter_fault: Option<String>,
    /// The servers.
    pub servers: Pages<Server>,
    /// The instances.
    pub instances: Pages<Instance>,
    /// The open server.
    pub one: Option<One>,
    /// Servers that changed and are read again.
    pub touched: BTreeSet<String>,
    /// When what is shown is read again.
    pub read_again_at: Option<Timestamp>,
}

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Installations, Part::Consents, Part::Policy, Part::Tier, Part::Instance];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Installations => "Installations",
            Part::Consents => "Consents",
            Part::Policy => "Policy override",
            Part::Tier => "Tier",
            Part::Instance => "Instance",
        }
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages {
            rows: Vec::new(),
            next: None,
            total: None,
            state: Remote::Absent,
            list: ListState::default(),
            generation: 0,
            reading_on: false,
        }
    }
}

impl<T> Pages<T> {
    /// The row under the cursor.
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.list.cursor)
    }

    /// Whether the next page should be asked for now.
    pub fn wants_more(&self) -> bool {
        self.next.is_some() && !self.reading_on && self.list.cursor + AHEAD_ROWS >= self.rows.len()
    }

    /// Asks anew, from the start.
    pub fn ask(&mut self) {
        self.generation += 1;
        self.reading_on = false;
        self.state.ask();
    }

    /// Takes a page; a first one keeps the row under the cursor where it is still there.
    pub fn take(&mut self, is_first: bool, answer: Answer<Page<T>>, now: Timestamp, id: impl Fn(&T) -> &str) {
        self.reading_on = false;
        let page = match answer {
            Ok(page) => page,
            Err(failure) => return self.state.answer(Err(failure.text), now),
        };
        if is_first {
            let selected = self.selected().map(|row| id(row).to_owned());
            let place = selected.and_then(|selected| page.items.iter().position(|row| id(row) == selected));
            self.list.cursor = place.unwrap_or(self.list.cursor).min(page.items.len().saturating_sub(1));
            self.rows = page.items;
        } else {
            self.rows.extend(page.items);
        }
        self.next = page.next;
        self.total = match (&self.next, is_first) {
            (None, _) => Some(self.rows.len() as u64),
            (Some(_), true) => page.total,
            (Some(_), false) => self.total,
        };
        self.state = Remote::Ready { value: (), at: now };
    }
}

impl One {
    /// A server that has not been read.
    pub fn unread(id: String) -> One {
        One {
            id,
            whole: Remote::Absent,
            policy: Remote::Absent,
            steps: (String::new(), Remote::Absent),
            part: Part::default(),
            lists: [ListState::default(); Part::ALL.len()],
        }
    }

    /// The cursor of the open part.
    pub fn list(&self) -> ListState {
        self.lists[self.part as usize]
    }

    /// The installation under the cursor, where installations are shown.
    pub fn installation(&self) -> Option<&Installation> {
        let rows = &self.whole.value().filter(|_| self.part == Part::Installations)?.installations;
        rows.get(self.list().cursor)
    }

    /// What waits for consent under the cursor, where that is shown; of an installation what it waits for.
    pub fn asked(&self) -> Option<&ConsentAsked> {
        let whole = self.whole.value()?;
        if self.part == Part::Consents {
            return whole.consents.get(self.list().cursor);
        }
        let id = &self.installation()?.id;
        whole.consents.iter().find(|asked| asked.installation_id == *id)
    }
}

impl Servers {
    /// The open server, read.
    pub fn whole(&self) -> Option<&Whole> {
        self.one.as_ref()?.whole.value()
    }
}
