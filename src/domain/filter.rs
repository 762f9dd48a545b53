//! The filter language of every list: `stage:ready scope:ban risk:>50 author:acme older:2d sort:-priority words`.

mod fields;
mod parse;

use std::cmp::Ordering;
use std::fmt;

use super::kind::Kind;
use super::scope::Scope;
use super::time::Timestamp;

pub use fields::{AUDIT, EXTENSIONS, Field, FieldKind, FieldSet, QUEUE, SERVERS};

/// What is looked for; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The named conditions, as they were written.
    pub terms: Vec<Term>,
    /// The bare words; each is looked for in name and slug (of servers: in name and chat platform's id; of the audit: in subject and detail).
    pub words: Vec<Word>,
    /// The order, where one was asked for.
    pub sort: Option<Sort>,
}

/// One named condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether the opposite is looked for.
    pub negated: bool,
    /// The field's name, as in its [`FieldSet`].
    pub field: &'static str,
    /// How the field is compared with the value; [`Op::Is`] for all but numbers.
    pub op: Op,
    /// The value.
    pub value: Value,
}

/// One bare word or quoted phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Whether it must not be there.
    pub negated: bool,
    /// The text; looked for anywhere and without regard to case.
    pub text: String,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The key, one of the field set's.
    pub by: &'static str,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The same.
    Is,
    /// Less.
    Less,
    /// Less or the same.
    LessOrSame,
    /// Greater.
    Greater,
    /// Greater or the same.
    GreaterOrSame,
}

/// A typed value; which one a field has is told by its [`FieldKind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A name or an id, compared without regard to ASCII case.
    Text(String),
    /// One name of a closed list.
    Choice(&'static str),
    /// A scope.
    Scope(Scope),
    /// A kind.
    Kind(Kind),
    /// A whole number.
    Number(i64),
    /// An age in milliseconds, at least 0.
    AgeMs(i64),
    /// Yes or no.
    Truth(bool),
    /// Who has claimed it.
    Claim(Claim),
    /// A moment.
    Moment(Timestamp),
}

/// Who has claimed a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Whoever asks.
    Me,
    /// Nobody.
    Nobody,
    /// The account of this name.
    Account(String),
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}{}", .suggestion.as_ref().map(|better| format!("; did you mean {better}?")).unwrap_or_default())]
pub struct FilterFault {
    /// The first character that is wrong, from 1.
    pub column: usize,
    /// How many characters are.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What was probably meant, to be written in the place of those characters.
    pub suggestion: Option<String>,
}

impl Filter {
    /// Reads a filter over the fields of one list.
    ///
    /// # Errors
    /// The first fault with its column.
    pub fn parse(text: &str, fields: &FieldSet) -> Result<Filter, FilterFault> {
        parse::parse(text, fields)
    }

    /// Whether nothing is asked for, no order either.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.words.is_empty() && self.sort.is_none()
    }

    /// The terms on one field.
    pub fn on<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Term> {
        self.terms.iter().filter(move |term| term.field == field)
    }

    /// Whether something fits: `holds` tells of one term (negation left aside), `searched` are the texts for words.
    pub fn fits(&self, searched: &[&str], mut holds: impl FnMut(&Term) -> bool) -> bool {
        let lowered: Vec<String> = searched.iter().map(|text| text.to_lowercase()).collect();
        let has = |word: &Word| {
            let word = word.text.to_lowercase();
            lowered.iter().any(|text| text.contains(&word))
        };
        self.words.iter().all(|word| has(word) != word.negated)
            && self.terms.iter().all(|term| holds(term) != term.negated)
    }
}

impl Op {
    /// Every operator that can be written before a number, longest first.
    pub const WRITTEN: &[(&'static str, Op)] =
        &[("<=", Op::LessOrSame), (">=", Op::GreaterOrSame), ("<", Op::Less), (">", Op::Greater), ("=", Op::Is)];

    /// Whether it holds between two things that compare so.
    pub const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Op::Is => ordering.is_eq(),
            Op::Less => ordering.is_lt(),
            Op::LessOrSame => ordering.is_le(),
            Op::Greater => ordering.is_gt(),
            Op::GreaterOrSame => ordering.is_ge(),
        }
    }

    /// The operator in a filter, and in SQL where it is not empty.
    pub const fn text(self) -> &'static str {
        match self {
            Op::Is => "",
            Op::Less => "<",
            Op::LessOrSame => "<=",
            Op::Greater => ">",
            Op::GreaterOrSame => ">=",
        }
    }
}

/// The canonical text: terms, words, order, one space between them. Reading it gives the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = self.terms.iter().map(ToString::to_string);
        let words = self.words.iter().map(ToString::to_string);
        let parts: Vec<String> = terms.chain(words).chain(self.sort.iter().map(ToString::to_string)).collect();
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negated { "-" } else { "" };
        write!(f, "{sign}{}:{}{}", self.field, self.op.text(), self.value)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negated { "-" } else { "" };
        write!(f, "{sign}{}", quote(&self.text, |text| text.starts_with('-') || text.contains(':')))
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Descending { "-" } else { "" };
        write!(f, "sort:{sign}{}", self.by)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(&quote(text, |_| false)),
            Value::Choice(name) => f.write_str(name),
            Value::Scope(scope) => scope.fmt(f),
            Value::Kind(kind) => kind.fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::AgeMs(ms) => {
                let unit = parse::UNITS.iter().find(|(_, unit_ms)| ms % unit_ms == 0).unwrap_or(&("ms", 1));
                write!(f, "{}{}", ms / unit.1, unit.0)
            }
            Value::Truth(true) => f.write_str("yes"),
            Value::Truth(false) => f.write_str("no"),
            Value::Claim(Claim::Me) => f.write_str("me"),
            Value::Claim(Claim::Nobody) => f.write_str("none"),
            Value::Claim(Claim::Account(name)) => f.write_str(&quote(name, |text| matches!(text, "me" | "none"))),
            Value::Moment(moment) => moment.fmt(f),
        }
    }
}

/// The text as it is, or in quotes where it would be read otherwise.
fn quote(text: &str, is_special: impl Fn(&str) -> bool) -> String {
    let needs_quotes = text.is_empty() || text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\\'));
    if needs_quotes || is_special(text) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text.to_owned()
    }
}
