//! Sales: how many points one has, what was sold by extension and by day, one's statement, and what one bought.

pub mod effect;
pub mod perform;
pub mod update;
pub mod view;

use crate::api::purchases::{Points, Purchase, Sales, StatementLine};
use crate::console::remote::Remote;
use crate::console::widgets::list::ListState;
use crate::domain::time::Timestamp;

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// What each extension sold.
    #[default]
    Extensions,
    /// What was sold on each day.
    Days,
    /// Each movement of points.
    Statement,
    /// What was bought.
    Purchases,
}

/// Whose sales and statement are shown; others' are for administrators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// One's own.
    #[default]
    Mine,
    /// Everybody's sales, and what the marketplace earned.
    Market,
    /// Everybody's sales, and what was granted.
    Issued,
}

/// A list that is read page by page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pages<T> {
    /// What was read so far.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// The screen as the console knows it.
#[derive(Clone, Debug, Default)]
pub struct SalesScreen {
    /// The open part.
    pub part: Part,
    /// Whose.
    pub whose: Whose,
    /// Which of [`DAYS`] is shown.
    pub span: usize,
    /// Counts the questions: answers to older ones are dropped.
    pub generation: u64,
    /// How many points there are.
    pub points: Remote<Points>,
    /// What was sold.
    pub sales: Remote<Sales>,
    /// The statement.
    pub statement: Remote<Pages<StatementLine>>,
    /// What was bought.
    pub purchases: Remote<Pages<Purchase>>,
    /// Whether a further page was asked for.
    pub reading_on: bool,
    /// Where each part's list stands.
    pub lists: [ListState; Part::ALL.len()],
    /// When it is read again since something was sold.
    pub read_again_at: Option<Timestamp>,
}

/// How many days can be looked at.
pub const DAYS: [i64; 3] = [30, 90, 365];

impl Part {
    /// Every part, in the order of the tabs.
    pub const ALL: &[Part] = &[Part::Extensions, Part::Days, Part::Statement, Part::Purchases];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Extensions => "By extension",
            Part::Days => "By day",
            Part::Statement => "Statement",
            Part::Purchases => "Bought",
        }
    }
}

impl Whose {
    /// The account of the ledger whose statement it is; one's own where absent.
    pub const fn account(self) -> Option<&'static str> {
        match self {
            Whose::Mine => None,
            Whose::Market => Some("market"),
            Whose::Issued => Some("issued"),
        }
    }

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Whose {
        match self {
            Whose::Mine => Whose::Market,
            Whose::Market => Whose::Issued,
            Whose::Issued => Whose::Mine,
        }
    }
}

impl SalesScreen {
    /// Where the open part's list stands.
    pub fn list(&self) -> ListState {
        self.lists[self.part as usize]
    }

    /// Rows of the open part.
    pub fn len(&self) -> usize {
        match self.part {
            Part::Extensions => self.sales.value().map_or(0, |sales| sales.extensions.len()),
            Part::Days => self.sales.value().map_or(0, |sales| sales.days.len()),
            Part::Statement => self.statement.value().map_or(0, |pages| pages.items.len()),
            Part::Purchases => self.purchases.value().map_or(0, |pages| pages.items.len()),
        }
    }

    /// Whether the open part has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The purchase under the cursor.
    pub fn purchase(&self) -> Option<&Purchase> {
        match self.part {
            Part::Purchases => self.purchases.value()?.items.get(self.list().cursor),
            Part::Extensions | Part::Days | Part::Statement => None,
        }
    }
}
