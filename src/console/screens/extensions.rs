//! The catalogue, and one extension in full: versions, channel, servers that have it, flags, rollout.

pub mod ask;
pub mod catalogue;
pub mod deed;
pub mod detail;
#[cfg(test)]
pub mod fixture;
pub mod foot;
pub mod order;
pub mod perform;
pub mod update;
pub mod view;

use std::collections::HashSet;

use crate::api::extensions::{ChannelRevision, Extension, Spread};
use crate::api::installations::{FlagSetting, InstalledOn, Rollout};
use crate::api::instances::Notice;
use crate::api::page::Page;
use crate::console::event::Answer;
use crate::console::remote::Remote;
use crate::console::widgets::list::ListState;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// Rows asked for at a time.
pub const PAGE_ROWS: usize = 100;
/// How near to the last loaded row the cursor comes before the next page is asked for.
const AHEAD_ROWS: usize = 40;
/// Live changes are gathered this long before anything is read again.
const GATHER_MS: i64 = 400;

/// A part of an extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Its versions.
    #[default]
    Versions,
    /// What its channel pointed at.
    Channel,
    /// The servers that have it.
    Installations,
    /// The feature flags of one version.
    Flags,
    /// How an update is being brought to the servers, and what instances were told.
    Rollout,
}

/// The screen as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct ExtensionsScreen {
    /// The list of all.
    pub catalogue: Catalogue,
    /// The one that is shown in full.
    pub open: Option<Box<Detail>>,
}

/// A list that is read page by page.
#[derive(Clone, Debug)]
pub struct Pages<T> {
    /// The rows read so far.
    pub rows: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
    /// How fresh the rows are.
    pub state: Remote<()>,
    /// The cursor and the scroll position.
    pub list: ListState,
    /// Whether a further page is on its way.
    pub reading_on: bool,
}

/// The catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The filter in force.
    pub filter: String,
    /// What the server said to it.
    pub filter_fault: Option<String>,
    /// The extensions.
    pub pages: Pages<Extension>,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// When it is read again because of live changes.
    pub read_again_at: Option<Timestamp>,
}

/// One extension in full.
#[derive(Clone, Debug)]
pub struct Detail {
    /// Its id.
    pub id: String,
    /// What is known of it.
    pub facts: Remote<Box<Facts>>,
    /// The part that is shown.
    pub part: Part,
    /// Where each part stands.
    pub lists: [ListState; Part::ALL.len()],
    /// The servers that have it.
    pub installed: Pages<InstalledOn>,
    /// The flags of one version.
    pub flags: Remote<FlagsOf>,
    /// When it is read again because of live changes.
    pub read_again_at: Option<Timestamp>,
    /// A text that is opened again once it is read.
    pub resume: Option<crate::console::drafts::Draft>,
}

/// What is known of an extension.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The extension.
    pub extension: Extension,
    /// Its versions, greatest number first.
    pub versions: Vec<VersionRow>,
    /// What its channel pointed at, newest first.
    pub channel: Vec<ChannelRevision>,
    /// How far it has spread, for its owner and maintainers.
    pub spread: Option<Spread>,
    /// How an update is being brought to the servers, for the same.
    pub rollout: Option<Rollout>,
    /// What instances were told, newest first, for the same.
    pub notices: Vec<Notice>,
}

/// A version as the list shows it: without its manifest, which may hold the code.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// Its id.
    pub id: String,
    /// Its number as it is written.
    pub number: String,
    /// Where it stands.
    pub stage: String,
    /// Why nobody new gets it.
    pub yanked: Option<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The scopes it declares.
    pub scopes: Vec<String>,
    /// What starts it.
    pub kinds: Vec<String>,
    /// `wasm` or `javascript`.
    pub runtime: String,
    /// The code's MD5.
    pub md5: String,
    /// The code's SHA-256.
    pub sha256: String,
    /// Bytes of code.
    pub bytes: u64,
    /// Its revision.
    pub revision: i64,
}

/// The flags of one version.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagsOf {
    /// The version's number.
    pub number: String,
    /// The flags by name.
    pub items: Vec<FlagSetting>,
}

/// What the caller may do with the open extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Look at it.
    #[default]
    Looks,
    /// Steer it: it is the caller's.
    Owns,
    /// Steer it, hold it back and let it go.
    Maintains,
    /// All of it, and stop it everywhere.
    Administers,
}

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Versions, Part::Channel, Part::Installations, Part::Flags, Part::Rollout];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Versions => "Versions",
            Part::Channel => "Channel",
            Part::Installations => "Servers",
            Part::Flags => "Flags",
            Part::Rollout => "Rollout",
        }
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { rows: Vec::new(), next: None, state: Remote::Absent, list: ListState::default(), reading_on: false }
    }
}

impl<T> Pages<T> {
    /// Whether the next page should be asked for now.
    pub fn wants_more(&self) -> bool {
        self.next.is_some() && !self.reading_on && self.list.cursor + AHEAD_ROWS >= self.rows.len()
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.list.cursor)
    }

    /// Takes the first page. Rows read further down stay where the page's last row is known; the cursor stays on its row,
    /// as many rows below the top of the screen as before.
    pub fn take_first(&mut self, page: Page<T>, now: Timestamp, id: impl Fn(&T) -> &str) {
        let selected = self.selected().map(|row| id(row).to_owned());
        let above = self.list.cursor.saturating_sub(self.list.top);
        let last = page.items.last().map(&id);
        let known = last.and_then(|last| self.rows.iter().position(|row| id(row) == last));
        let tail = match known {
            Some(last) if page.next.is_some() && last + 1 < self.rows.len() => self.rows.split_off(last + 1),
            _ => Vec::new(),
        };
        if tail.is_empty() {
            self.next = page.next;
        }
        let fresh: HashSet<String> = page.items.iter().map(|row| id(row).to_owned()).collect();
        self.rows = page.items;
        self.rows.extend(tail.into_iter().filter(|row| !fresh.contains(id(row))));
        self.state = Remote::Ready { value: (), at: now };
        let place = selected.and_then(|selected| self.rows.iter().position(|row| id(row) == selected));
        self.list.cursor = place.unwrap_or(self.list.cursor).min(self.rows.len().saturating_sub(1));
        self.list.top = self.list.cursor.saturating_sub(above);
    }

    /// Takes a further page.
    pub fn take_next(&mut self, answer: Answer<Page<T>>, now: Timestamp) {
        self.reading_on = false;
        match answer {
            Ok(page) => {
                self.rows.extend(page.items);
                self.next = page.next;
                self.state = Remote::Ready { value: (), at: now };
            }
            Err(failure) => self.state.answer(Err(failure.text), now),
        }
    }
}

impl Detail {
    /// An extension of which nothing is known yet.
    pub fn of(id: String) -> Detail {
        Detail {
            id,
            facts: Remote::Loading,
            part: Part::Versions,
            lists: <[ListState; Part::ALL.len()]>::default(),
            installed: Pages::default(),
            flags: Remote::Absent,
            read_again_at: None,
            resume: None,
        }
    }

    /// Where the open part stands.
    pub const fn list(&self) -> &ListState {
        match self.part {
            Part::Installations => &self.installed.list,
            part => &self.lists[part as usize],
        }
    }

    /// Where the open part stands, to move it.
    pub const fn list_mut(&mut self) -> &mut ListState {
        match self.part {
            Part::Installations => &mut self.installed.list,
            part => &mut self.lists[part as usize],
        }
    }

    /// The version under the cursor of the list of versions.
    pub fn version(&self) -> Option<&VersionRow> {
        self.facts.value()?.versions.get(self.lists[Part::Versions as usize].cursor)
    }

    /// The number that a channel's revision under the cursor points at, or that of the version under the cursor.
    pub fn number_here(&self) -> Option<&str> {
        match self.part {
            Part::Channel => {
                let facts = self.facts.value()?;
                facts.channel.get(self.lists[Part::Channel as usize].cursor).map(|one| one.number.as_str())
            }
            _ => self.version().map(|version| version.number.as_str()),
        }
    }
}

impl Facts {
    /// The version of that number.
    pub fn version(&self, number: &str) -> Option<&VersionRow> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// How many installations have a version.
    pub fn installations_of(&self, number: &str) -> Option<u64> {
        let spread = self.spread.as_ref()?;
        Some(spread.versions.iter().find(|one| one.number == number).map_or(0, |one| one.installations))
    }

    /// How many installations have a version that is newer than this one.
    pub fn installations_after(&self, number: &str) -> Option<u64> {
        let target: VersionNumber = number.parse().ok()?;
        let newer = |one: &&crate::api::extensions::VersionSpread| {
            one.number.parse::<VersionNumber>().is_ok_and(|number| number > target)
        };
        Some(self.spread.as_ref()?.versions.iter().filter(newer).map(|one| one.installations).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[&str], next: Option<&str>) -> Page<String> {
        let items = rows.iter().map(|row| (*row).to_owned()).collect();
        Page { items, next: next.map(str::to_owned), total: None }
    }

    #[test]
    fn the_row_under_the_cursor_stays_and_so_do_rows_read_further_down() {
        let now = Timestamp::from_ms(1);
        let mut pages = Pages::default();
        pages.take_first(page(&["b", "d"], Some("1")), now, String::as_str);
        pages.take_next(Ok(page(&["f", "h"], Some("2"))), now);
        pages.list = ListState { cursor: 2, top: 1 };
        // Another one comes in above; the second page still follows the first.
        pages.take_first(page(&["a", "b", "d"], Some("1")), now, String::as_str);
        assert_eq!(pages.rows, ["a", "b", "d", "f", "h"]);
        assert_eq!((pages.selected().unwrap().as_str(), pages.list.top, pages.next.as_deref()), ("f", 2, Some("2")));
        // The first page ends with a row that was not known: what followed is read again when it is come to.
        pages.take_first(page(&["a", "c"], Some("9")), now, String::as_str);
        assert_eq!((pages.rows.len(), pages.next.as_deref(), pages.list.cursor), (2, Some("9"), 1));
        pages.take_first(page(&[], None), now, String::as_str);
        assert!(pages.selected().is_none() && !pages.wants_more());
    }
}
