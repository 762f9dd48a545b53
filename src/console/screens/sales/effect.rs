//! What the screen of sales asks of the server, and what comes back.

use crate::api::page::Page;
use crate::api::purchases::{Points, Purchase, Sales, StatementLine};
use crate::console::event::Answer;

/// Something to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// How many points there are.
    Points {
        /// Given back with the answer.
        generation: u64,
    },
    /// What was sold.
    Sales {
        /// Given back with the answer.
        generation: u64,
        /// `all`, or one's own.
        author: Option<&'static str>,
        /// The first day.
        from: String,
    },
    /// A page of a statement.
    Statement {
        /// Given back with the answer.
        generation: u64,
        /// The account of the ledger, or one's own.
        account: Option<&'static str>,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// A page of what was bought.
    Purchases {
        /// Given back with the answer.
        generation: u64,
        /// Where the page begins.
        cursor: Option<String>,
    },
    /// Take a purchase back.
    Refund {
        /// Its id.
        purchase: String,
        /// Why.
        reason: String,
    },
}

/// What was asked.
#[derive(Clone, Debug)]
pub enum Reply {
    /// How many points there are.
    Points {
        /// The question it answers.
        generation: u64,
        /// The answer.
        answer: Answer<Points>,
    },
    /// What was sold.
    Sales {
        /// The question it answers.
        generation: u64,
        /// The answer.
        answer: Answer<Box<Sales>>,
    },
    /// A page of a statement.
    Statement {
        /// The question it answers.
        generation: u64,
        /// Whether it follows what was read before.
        further: bool,
        /// The answer.
        answer: Answer<Page<StatementLine>>,
    },
    /// A page of what was bought.
    Purchases {
        /// The question it answers.
        generation: u64,
        /// Whether it follows what was read before.
        further: bool,
        /// The answer.
        answer: Answer<Page<Purchase>>,
    },
    /// A purchase was taken back, or not.
    Refunded(Answer<Box<Purchase>>),
}
