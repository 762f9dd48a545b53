//! Pages of the review queue: a filter becomes conditions on one indexed path, and no page looks at more than a bounded
//! number of rows.

use super::columns::contains_pattern;
use super::cursor::{Cursor, NotACursor, Order, Place};
use super::queue_row::{COLUMNS, QueueRow};
use super::{StoreError, Tx, Value};
use crate::domain::filter::{self, Claim, Direction, Filter, Term};
use crate::domain::id::AccountId;
use crate::domain::limits::SCAN_ROWS_MAX;
use crate::domain::scope::Scope;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;

/// Which reviews a page is about, and in which order.
#[derive(Clone, Debug)]
pub struct QueueQuery<'f> {
    /// The filter, over the fields of `filter::QUEUE`.
    pub filter: &'f Filter,
    /// What `claimed:me` means.
    pub asker: Option<AccountId>,
    /// Only what this account submitted.
    pub only_author: Option<AccountId>,
    /// Only what stands in this stage.
    pub only_stage: Option<StageName>,
    /// Where the page starts.
    pub after: Option<Cursor>,
    /// Rows wanted.
    pub limit: usize,
    /// When; a claim that has run out by then reads as given back.
    pub now: Timestamp,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuePage {
    /// The reviews, in order.
    pub rows: Vec<QueueRow>,
    /// Where the next page starts; there can be more even where this page is short, since its bound on rows looked at
    /// may have been reached.
    pub next: Option<Cursor>,
}

/// Where the rows come from: each has an index that gives them in the wanted order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Open,
    Stage(StageName),
    Lapsed,
    Scope(Scope),
    Claimed(AccountId),
    Author(AccountId),
}

/// Rows of one path, complete up to the horizon; without one, there are no more.
struct Stretch {
    rows: Vec<QueueRow>,
    horizon: Option<Place>,
}

#[derive(Default)]
struct Statement {
    params: Vec<Value>,
    wheres: Vec<String>,
}

impl<'f> QueueQuery<'f> {
    /// The first page of 50 for a filter.
    pub const fn of(filter: &'f Filter, now: Timestamp) -> QueueQuery<'f> {
        QueueQuery { filter, asker: None, only_author: None, only_stage: None, after: None, limit: 50, now }
    }
}

/// Reads a cursor for the order that a filter asks for.
///
/// # Errors
/// [`NotACursor`], also for a cursor of another order.
pub fn parse_cursor(text: &str, filter: &Filter) -> Result<Cursor, NotACursor> {
    Cursor::parse(text, order_of(filter).by)
}

/// Reads one page.
pub fn page(tx: &mut Tx, query: &QueueQuery) -> Result<QueuePage, StoreError> {
    let order = order_of(query.filter);
    let paths = paths(tx, query, order)?;
    let one = paths.len() == 1;
    let mut rows: Vec<QueueRow> = Vec::new();
    let mut horizon: Option<Place> = None;
    for path in paths {
        let stretch = stretch(tx, query, order, path)?;
        rows.extend(stretch.rows);
        horizon = match (horizon, stretch.horizon) {
            (Some(a), Some(b)) => Some(if order.precedes(&a, &b) { a } else { b }),
            (a, b) => a.or(b),
        };
    }
    let place = |row: &QueueRow| row.place(order);
    // The rows of one path are in order, and end at its horizon.
    if !one {
        rows.sort_by_cached_key(place);
        if order.descending {
            rows.reverse();
        }
        if let Some(end) = &horizon {
            rows.retain(|row| !order.precedes(end, &place(row)));
        }
    }
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let last = if more { rows.last().map(place) } else { horizon };
    Ok(QueuePage { rows, next: last.map(|place| Cursor { by: order.by, place }) })
}

/// How many reviews fit the query, wherever its page stands; nothing where that would mean looking at more than
/// [`SCAN_ROWS_MAX`] rows one by one.
pub fn count(tx: &mut Tx, query: &QueueQuery) -> Result<Option<i64>, StoreError> {
    let mut total = 0;
    for path in paths(tx, query, order_of(query.filter))? {
        let (from, walked) = source(path, query.now);
        let mut wanted = Statement { params: walked.params.clone(), wheres: walked.wheres.clone() };
        wanted.narrow(query, path);
        let mut counted = |statement: &Statement| {
            let conditions = statement.wheres.join(" AND ");
            tx.query_one::<i64>(&format!("SELECT COUNT(*) {from} WHERE {conditions}"), &statement.params)
        };
        let walks = counted(&walked)?.unwrap_or(0);
        if wanted.wheres.len() == walked.wheres.len() {
            total += walks;
        } else if usize::try_from(walks).is_ok_and(|rows| rows <= SCAN_ROWS_MAX) {
            total += counted(&wanted)?.unwrap_or(0);
        } else {
            return Ok(None);
        }
    }
    Ok(Some(total))
}

/// How many reviews are open.
pub fn count_open(tx: &mut Tx) -> Result<i64, StoreError> {
    Ok(tx.query_one("SELECT COUNT(*) FROM reviews WHERE open = 1", &[])?.unwrap_or(0))
}

/// The indexed paths that together give every row that can fit.
fn paths(tx: &mut Tx, query: &QueueQuery, order: Order) -> Result<Vec<Path>, StoreError> {
    let wanted = |field: &'static str| query.filter.on(field).find(|term| !term.negated).map(|term| &term.value);
    if let Some(author) = query.only_author {
        return Ok(vec![Path::Author(author)]);
    }
    if let Some(filter::Value::Text(name)) = wanted("author") {
        let named = "SELECT id FROM accounts WHERE name = $1";
        let author = tx.query_one::<String>(named, &[name.to_lowercase().into()])?;
        return Ok(author.and_then(|id| id.parse().ok()).map(Path::Author).into_iter().collect());
    }
    match query.only_stage.or(wanted_stage(query)) {
        Some(StageName::Ready) => return Ok(vec![Path::Stage(StageName::Ready), Path::Lapsed]),
        Some(stage) => return Ok(vec![Path::Stage(stage)]),
        None => {}
    }
    if order.by == "priority" {
        if let (Some(filter::Value::Claim(Claim::Me)), Some(me)) = (wanted("claimed"), query.asker) {
            return Ok(vec![Path::Claimed(me)]);
        }
        if let Some(filter::Value::Scope(scope)) = wanted("scope") {
            return Ok(vec![Path::Scope(*scope)]);
        }
    }
    Ok(vec![Path::Open])
}

fn wanted_stage(query: &QueueQuery) -> Option<StageName> {
    match query.filter.on("stage").find(|term| !term.negated).map(|term| &term.value) {
        Some(filter::Value::Choice(name)) => name.parse().ok(),
        _ => None,
    }
}

fn stretch(tx: &mut Tx, query: &QueueQuery, order: Order, path: Path) -> Result<Stretch, StoreError> {
    let (column, id) = match path {
        Path::Scope(_) => ("s.rank_ms", "s.review_id"),
        _ => (order.column, "r.id"),
    };
    let ordered = format!("ORDER BY {column} {direction}, {id} {direction}", direction = order.direction());
    let (from, mut walked) = source(path, query.now);
    if let Some(after) = &query.after {
        walked.beyond(column, id, order.later(), &after.place);
    }
    let mut wanted = Statement { params: walked.params.clone(), wheres: walked.wheres.clone() };
    wanted.narrow(query, path);
    let mut end = None;
    if wanted.wheres.len() > walked.wheres.len() {
        let (conditions, last) = (walked.wheres.join(" AND "), SCAN_ROWS_MAX - 1);
        let sql = format!("SELECT {column}, {id} {from} WHERE {conditions} {ordered} LIMIT 1 OFFSET {last}");
        end = tx.query_one::<Place>(&sql, &walked.params)?;
    }
    if let Some(end) = &end {
        wanted.beyond(column, id, order.not_later(), end);
    }
    let limit = wanted.bind((query.limit + 1).into());
    let conditions = wanted.wheres.join(" AND ");
    let sql = format!("SELECT {COLUMNS} {from} WHERE {conditions} {ordered} LIMIT {limit}");
    let rows: Vec<QueueRow> = tx.query(&sql, &wanted.params)?;
    let full = rows.len() > query.limit;
    let horizon = if full { rows.last().map(|row| row.place(order)) } else { end };
    Ok(Stretch { rows, horizon })
}

fn source(path: Path, now: Timestamp) -> (&'static str, Statement) {
    let mut statement = Statement::default();
    let condition = match path {
        Path::Open => "r.open = 1".to_owned(),
        Path::Stage(stage) => format!("r.stage = '{}'", stage.name()),
        Path::Lapsed => {
            format!("r.open = 1 AND r.stage = 'review' AND r.lease_until_ms <= {}", statement.bind(now.into()))
        }
        Path::Scope(scope) => format!("s.scope = '{}'", scope.name()),
        Path::Claimed(account) => {
            let (account, now) = (statement.bind(account.into()), statement.bind(now.into()));
            format!("r.open = 1 AND r.claimed_by = {account} AND r.lease_until_ms > {now}")
        }
        Path::Author(account) => format!("r.author_id = {}", statement.bind(account.into())),
    };
    statement.wheres.push(condition);
    let from = match path {
        Path::Scope(_) => "FROM review_scopes s JOIN reviews r ON r.id = s.review_id",
        _ => "FROM reviews r",
    };
    (from, statement)
}

impl Statement {
    fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    fn beyond(&mut self, column: &str, id: &str, sign: &str, place: &Place) {
        let (key, last) = (self.bind(place.key.value()), self.bind((&place.id).into()));
        self.wheres.push(format!("({column}, {id}) {sign} ({key}, {last})"));
    }

    /// Adds what the path does not hold by itself.
    fn narrow(&mut self, query: &QueueQuery, path: Path) {
        match (path, query.only_stage) {
            (Path::Author(_), Some(stage)) => {
                let condition = self.stage(stage.name(), query.now);
                self.wheres.push(condition);
            }
            // The plus keeps the planner from walking all that is open, in order, for the few rows of one author.
            (Path::Author(_), None) if wanted_stage(query).is_none() => self.wheres.push("+r.open = 1".to_owned()),
            _ => {}
        }
        let mut held = match path {
            Path::Stage(_) | Path::Lapsed if query.only_stage.is_some() => None,
            Path::Stage(_) | Path::Lapsed => query.filter.on("stage").find(|term| !term.negated),
            Path::Scope(_) => query.filter.on("scope").find(|term| !term.negated),
            Path::Claimed(_) => query.filter.on("claimed").find(|term| !term.negated),
            Path::Author(_) if query.only_author.is_none() => query.filter.on("author").find(|term| !term.negated),
            Path::Open | Path::Author(_) => None,
        };
        for term in &query.filter.terms {
            if held.is_some_and(|held| std::ptr::eq(held, term)) {
                held = None;
                continue;
            }
            let condition = self.term(query, term);
            let not = if term.negated { "NOT " } else { "" };
            self.wheres.push(format!("{not}({condition})"));
        }
        if path == Path::Stage(StageName::Review) {
            let now = self.bind(query.now.into());
            self.wheres.push(format!("r.lease_until_ms > {now}"));
        }
        for word in &query.filter.words {
            let pattern = self.bind(contains_pattern(&word.text).into());
            let not = if word.negated { "NOT " } else { "" };
            let has = format!("(lower(r.name) LIKE {pattern} ESCAPE '\\' OR r.slug LIKE {pattern} ESCAPE '\\')");
            self.wheres.push(format!("{not}{has}"));
        }
    }

    /// One term as a condition that is never NULL.
    fn term(&mut self, query: &QueueQuery, term: &Term) -> String {
        let now = query.now;
        match (term.field, &term.value) {
            ("stage", value) => self.stage(&value.to_string(), now),
            ("scope" | "kind", value) => {
                let pattern = self.bind(contains_pattern(&format!(" {value} ")).into());
                let column = if term.field == "scope" { "r.scopes" } else { "r.kinds" };
                format!("{column} LIKE {pattern} ESCAPE '\\'")
            }
            ("risk", filter::Value::Number(points)) => {
                let sign = if term.op == filter::Op::Is { "=" } else { term.op.text() };
                format!("r.risk {sign} {}", self.bind((*points).into()))
            }
            ("author" | "slug", filter::Value::Text(text)) => {
                let column = if term.field == "author" { "r.author_name" } else { "r.slug" };
                format!("{column} = {}", self.bind(text.to_lowercase().into()))
            }
            ("number", filter::Value::Text(text)) => format!("r.number = {}", self.bind(text.into())),
            ("runtime", value) => format!("r.runtime = {}", self.bind(value.to_string().into())),
            ("older", filter::Value::AgeMs(age)) => {
                format!("r.submitted_ms <= {}", self.bind(now.plus_ms(-age).into()))
            }
            ("younger", filter::Value::AgeMs(age)) => {
                format!("r.submitted_ms > {}", self.bind(now.plus_ms(-age).into()))
            }
            ("overdue", filter::Value::Truth(overdue)) => {
                let sign = if *overdue { "<" } else { ">=" };
                format!("r.due_ms {sign} {}", self.bind(now.into()))
            }
            ("claimed", filter::Value::Claim(claim)) => self.claimed(query, claim),
            _ => "1 = 0".to_owned(),
        }
    }

    fn stage(&mut self, name: &str, now: Timestamp) -> String {
        let (now, stage) = (self.bind(now.into()), self.bind(name.into()));
        let lapsed = format!("r.stage = 'review' AND COALESCE(r.lease_until_ms, 0) <= {now}");
        format!("CASE WHEN {lapsed} THEN 'ready' ELSE r.stage END = {stage}")
    }

    fn claimed(&mut self, query: &QueueQuery, claim: &Claim) -> String {
        let now = self.bind(query.now.into());
        let (column, value) = match claim {
            Claim::Nobody => return format!("COALESCE(r.lease_until_ms, 0) <= {now}"),
            Claim::Me => ("r.claimed_by", query.asker.map(|id| id.to_string()).unwrap_or_default()),
            Claim::Account(name) => ("r.claimed_by_name", name.to_lowercase()),
        };
        let value = self.bind(value.into());
        format!("COALESCE({column}, '') = {value} AND COALESCE(r.lease_until_ms, 0) > {now}")
    }
}

fn order_of(filter: &Filter) -> Order {
    let (by, direction) = filter.sort.map_or(("priority", Direction::Descending), |sort| (sort.by, sort.direction));
    let descending = direction == Direction::Descending;
    match by {
        "due" => Order { by: "due", column: "r.due_ms", descending },
        "submitted" => Order { by: "submitted", column: "r.submitted_ms", descending },
        "risk" => Order { by: "risk", column: "r.risk", descending },
        "slug" => Order { by: "slug", column: "r.slug", descending },
        // The highest priority is the least rank.
        _ => Order { by: "priority", column: "r.rank_ms", descending: !descending },
    }
}
