//! The queue: a list of any length, read page by page, whose rows change while the cursor stays where it is.

pub mod row;
pub mod update;
pub mod view;

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

pub use row::{Row, Turnstile};

use crate::api::page::Page;
use crate::api::queue::QueueItem;
use crate::console::event::Answer;
use crate::console::remote::Remote;
use crate::console::widgets::list::ListState;
use crate::domain::time::Timestamp;

/// Rows asked for at a time.
pub const PAGE_ROWS: usize = 100;
/// How near to the last loaded row the cursor comes before the next page is asked for.
const AHEAD_ROWS: usize = 40;
/// Live changes are gathered this long before the list is read again.
const GATHER_MS: i64 = 400;

/// The saved views: a name, and the filter it stands for.
pub const VIEWS: &[(&str, &str)] = &[
    ("All", ""),
    ("Ready", "stage:ready"),
    ("Mine", "claimed:me"),
    ("Overdue", "overdue:yes"),
    ("Risky", "risk:>=20"),
];

/// The queue as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The filter in force.
    pub filter: String,
    /// The rows read so far, most urgent first.
    pub rows: Vec<Row>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
    /// How many there are in all, as last told.
    pub total: Option<u64>,
    /// How fresh the rows are.
    pub state: Remote<()>,
    /// The cursor and the scroll position.
    pub list: ListState,
    /// Reviews marked for a bulk action.
    pub marked: BTreeSet<Box<str>>,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// Whether a further page is on its way.
    pub reading_on: bool,
    /// When the list is read again because of live changes.
    pub read_again_at: Option<Timestamp>,
    /// What the server said to the filter.
    pub filter_fault: Option<String>,
    /// The keys of all rows, so that no review is in the list twice.
    known: HashSet<u64>,
}

impl Queue {
    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        self.rows.get(self.list.cursor)
    }

    /// The row of a review.
    pub fn row(&self, review_id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| &*row.review_id == review_id)
    }

    /// The view whose filter is in force.
    pub fn view_name(&self) -> Option<&'static str> {
        VIEWS.iter().find(|(_, filter)| *filter == self.filter).map(|(name, _)| *name)
    }

    /// Whether the next page should be asked for now.
    pub fn wants_more(&self) -> bool {
        self.next.is_some() && !self.reading_on && self.list.cursor + AHEAD_ROWS >= self.rows.len()
    }

    /// Notes that the server's list changed; it is read again a moment later, once for many changes.
    pub fn changed(&mut self, now: Timestamp) {
        self.read_again_at.get_or_insert(now.plus_ms(GATHER_MS));
    }

    /// Takes the first page: rows keep their place under the cursor, rows read further down stay.
    pub fn take_first(&mut self, page: Page<QueueItem>, now: Timestamp, height: u16) {
        let selected = self.selected().map(|row| row.review_id.clone());
        let above = self.list.cursor.saturating_sub(self.list.first(self.rows.len(), height));
        let fresh: Vec<Row> = page.items.iter().map(Row::read).collect();
        if page.next.is_some() && self.rows.len() > fresh.len() {
            self.replace_start(fresh);
        } else {
            self.next = page.next;
            self.known = fresh.iter().map(|row| key(&row.review_id)).collect();
            self.rows = fresh;
        }
        self.total = if self.next.is_none() { Some(self.rows.len() as u64) } else { page.total };
        self.state = Remote::Ready { value: (), at: now };
        self.filter_fault = None;
        self.stay_on(selected.as_deref(), above);
        self.marked.retain(|marked| self.known.contains(&key(marked)));
    }

    /// Takes a further page.
    pub fn take_next(&mut self, answer: Answer<Page<QueueItem>>, now: Timestamp) {
        self.reading_on = false;
        match answer {
            Ok(page) => {
                let known = &mut self.known;
                let fresh = page.items.iter().filter(|item| known.insert(key(&item.review_id)));
                self.rows.extend(fresh.map(Row::read));
                self.next = page.next;
                self.state = Remote::Ready { value: (), at: now };
            }
            Err(failure) => self.state.answer(Err(failure.text), now),
        }
    }

    /// Brings rows up to date from a review or a page, without moving any.
    pub fn renew(&mut self, item: &QueueItem) {
        if let Some(row) = self.rows.iter_mut().find(|row| *row.review_id == *item.review_id) {
            *row = Row::read(item);
        }
    }

    /// Puts fresh rows in the place of those they stand for at the start. What stood above the last row that both pages
    /// have is gone where the fresh one does not have it; what stood below was pushed down and still waits. Only rows that
    /// moved up from further down are looked for there.
    fn replace_start(&mut self, fresh: Vec<Row>) {
        let before = &self.rows[..self.rows.len().min(fresh.len())];
        let place = |fresh: &Row| before.iter().position(|row| row.review_id == fresh.review_id);
        let replaced = fresh.iter().rev().find_map(place).map_or(0, |last| last + 1);
        for row in &self.rows[..replaced] {
            self.known.remove(&key(&row.review_id));
        }
        let moved: HashSet<&str> =
            fresh.iter().map(|row| &*row.review_id).filter(|id| !self.known.insert(key(id))).collect();
        if !moved.is_empty() {
            let mut at = 0;
            self.rows.retain(|row| {
                at += 1;
                at <= replaced || !moved.contains(&*row.review_id)
            });
        }
        self.rows.splice(..replaced, fresh);
    }

    /// Keeps the cursor on its review, as many rows below the top of the screen as before.
    fn stay_on(&mut self, selected: Option<&str>, above: usize) {
        let is_there = |id: &str| self.selected().is_some_and(|row| *row.review_id == *id);
        if let Some(id) = selected.filter(|id| !is_there(id)) {
            let place = self.rows.iter().position(|row| *row.review_id == *id);
            self.list.cursor = place.unwrap_or(self.list.cursor);
        }
        self.list.cursor = self.list.cursor.min(self.rows.len().saturating_sub(1));
        self.list.top = self.list.cursor.saturating_sub(above);
    }
}

/// A review's id in eight bytes, to find out quickly whether it is in a long list.
fn key(review_id: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    review_id.hash(&mut hash);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::queue_item;

    fn page(numbers: impl Iterator<Item = usize>, next: Option<&str>) -> Page<QueueItem> {
        Page { items: numbers.map(queue_item).collect(), next: next.map(str::to_owned), total: None }
    }

    #[test]
    fn the_row_under_the_cursor_stays_where_it_is() {
        let mut queue = Queue::default();
        let now = Timestamp::from_ms(0);
        queue.take_first(page(10..30, None), now, 10);
        queue.list = ListState { cursor: 12, top: 8 };
        let before = queue.selected().unwrap().review_id.clone();
        // Three more urgent ones come in, and two above the cursor are gone.
        queue.take_first(page((0..3).chain(12..30), None), now, 10);
        assert_eq!(queue.selected().unwrap().review_id, before);
        assert_eq!(queue.list.cursor - queue.list.first(queue.rows.len(), 10), 4);
    }

    #[test]
    fn rows_that_new_ones_push_out_of_the_first_page_still_wait() {
        let mut queue = Queue::default();
        let now = Timestamp::from_ms(0);
        queue.take_first(page(10..110, Some("a")), now, 10);
        queue.take_next(Ok(page(110..210, Some("b"))), now);
        // Three more urgent ones come in, so the last three of the first page stand on the second now; one is decided.
        queue.take_first(page((0..3).chain(10..50).chain(51..108), Some("c")), now, 10);
        let numbers = |queue: &Queue| queue.rows.iter().map(|row| row.review_id.clone()).collect::<Vec<_>>();
        let mut expected = Queue::default();
        expected.take_first(page((0..3).chain(10..50).chain(51..210), None), now, 10);
        assert_eq!(numbers(&queue), numbers(&expected));
        assert_eq!(queue.next.as_deref(), Some("b"));
        // One from far below has moved up.
        queue.take_first(page((205..206).chain(0..3).chain(10..50).chain(51..107), Some("c")), now, 10);
        expected.take_first(page((205..206).chain(0..3).chain(10..50).chain(51..205).chain(206..210), None), now, 10);
        assert_eq!(numbers(&queue), numbers(&expected));
        // Nothing is left of the old page: all of it is below.
        queue.take_first(page(300..400, Some("d")), now, 10);
        assert_eq!(queue.rows.len(), 100 + expected.rows.len(), "{:?}", queue.next);
    }

    #[test]
    fn rows_read_further_down_survive_a_fresh_first_page() {
        let mut queue = Queue::default();
        let now = Timestamp::from_ms(0);
        queue.take_first(page(0..100, Some("a")), now, 10);
        queue.take_next(Ok(page(100..200, Some("b"))), now);
        queue.take_first(page(0..100, Some("a")), now, 10);
        assert_eq!((queue.rows.len(), queue.next.as_deref()), (200, Some("b")));
    }

    #[test]
    fn the_next_page_is_asked_for_before_the_end_is_reached() {
        let mut queue = Queue::default();
        queue.take_first(page(0..100, Some("a")), Timestamp::from_ms(0), 10);
        assert!(!queue.wants_more());
        queue.list.cursor = 70;
        assert!(queue.wants_more());
        queue.reading_on = true;
        assert!(!queue.wants_more());
    }

    #[test]
    fn a_cursor_past_the_end_comes_back() {
        let mut queue = Queue::default();
        queue.take_first(page(0..20, None), Timestamp::from_ms(0), 10);
        queue.list.cursor = 19;
        queue.take_first(page(0..2, None), Timestamp::from_ms(1), 10);
        assert_eq!(queue.list.cursor, 1);
        queue.take_first(page(0..0, None), Timestamp::from_ms(2), 10);
        assert!(queue.selected().is_none());
    }
}
