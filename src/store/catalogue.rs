//! Pages of the catalogue: a filter becomes conditions on extensions, what each points at, and their newest version.

use super::columns::contains_pattern;
use super::cursor::{Cursor, Key, NotACursor, Order, Place};
use super::extensions::{COLUMNS, ExtensionRow, FROM};
use super::{StoreError, Tx, Value};
use crate::domain::filter::{self, Direction, Filter, Term};
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;

/// Which extensions a page is about, and in which order.
#[derive(Clone, Debug)]
pub struct CatalogueQuery<'f> {
    /// The filter, over the fields of `filter::EXTENSIONS`.
    pub filter: &'f Filter,
    /// How much the reader may see.
    pub reach: Reach,
    /// Where the page starts.
    pub after: Option<Cursor>,
    /// Rows wanted.
    pub limit: usize,
    /// When.
    pub now: Timestamp,
}

/// How much of the catalogue the reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What is published and listed.
    Public,
    /// That, and everything of this account or offered to it.
    PublicAndOwn(AccountId),
    /// Everything.
    Everything,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CataloguePage {
    /// The extensions, in order.
    pub rows: Vec<ExtensionRow>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

const PUBLIC: &str = "(e.head_version_id IS NOT NULL AND e.listing_name = 'listed')";
/// What strangers are told of an extension's newest version is that it is published.
const NEWEST: &str = "(SELECT v.stage FROM versions v WHERE v.extension_id = e.id ORDER BY v.id DESC LIMIT 1)";

struct Statement {
    reach: Reach,
    now: Timestamp,
    params: Vec<Value>,
}

/// Reads a cursor for the order that a filter asks for.
///
/// # Errors
/// [`NotACursor`], also for a cursor of another order.
pub fn parse_cursor(text: &str, filter: &Filter) -> Result<Cursor, NotACursor> {
    Cursor::parse(text, order_of(filter).by)
}

/// Reads one page.
pub fn page(tx: &mut Tx, query: &CatalogueQuery) -> Result<CataloguePage, StoreError> {
    let order = order_of(query.filter);
    let mut statement = Statement { reach: query.reach, now: query.now, params: Vec::new() };
    let mut wheres = vec![statement.reach()];
    for term in &query.filter.terms {
        let not = if term.negated { "NOT " } else { "" };
        wheres.push(format!("{not}({})", statement.term(term)));
    }
    for word in &query.filter.words {
        let pattern = statement.bind(contains_pattern(&word.text).into());
        let columns = ["e.slug", "lower(e.name)", "lower(e.description)", "e.tags"];
        let any = columns.map(|column| format!("{column} LIKE {pattern} ESCAPE '\\'")).join(" OR ");
        wheres.push(format!("{}({any})", if word.negated { "NOT " } else { "" }));
    }
    if let Some(after) = &query.after {
        let (key, id) = (statement.bind(after.place.key.value()), statement.bind((&after.place.id).into()));
        wheres.push(format!("({}, e.id) {} ({key}, {id})", order.column, order.later()));
    }
    let limit = statement.bind((query.limit + 1).into());
    let sql = format!(
        "SELECT {COLUMNS} {FROM} LEFT JOIN versions h ON h.id = e.head_version_id WHERE {} \
         ORDER BY {} {direction}, e.id {direction} LIMIT {limit}",
        wheres.join(" AND "),
        order.column,
        direction = order.direction()
    );
    let mut rows: Vec<ExtensionRow> = tx.query(&sql, &statement.params)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let last = rows.last().filter(|_| more).map(|row| place(order, row));
    Ok(CataloguePage { rows, next: last.map(|place| Cursor { by: order.by, place }) })
}

impl Statement {
    fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    fn reach(&mut self) -> String {
        match self.reach {
            Reach::Everything => "1 = 1".to_owned(),
            Reach::Public => PUBLIC.to_owned(),
            Reach::PublicAndOwn(me) => {
                let me = self.bind(me.into());
                format!("({PUBLIC} OR e.owner_id = {me} OR e.offered_to = {me})")
            }
        }
    }

    /// One term as a condition that is never NULL.
    fn term(&mut self, term: &Term) -> String {
        match (term.field, &term.value) {
            ("author" | "slug", filter::Value::Text(text)) => {
                let column = if term.field == "author" { "a.name" } else { "e.slug" };
                format!("{column} = {}", self.bind(text.to_lowercase().into()))
            }
            ("listing", value) => format!("e.listing_name = {}", self.bind(value.to_string().into())),
            ("tier", value) => {
                let sign = if value.to_string() == "free" { "=" } else { "<>" };
                format!("e.tier {sign} '\"free\"'")
            }
            ("scope" | "kind", value) => {
                let pattern = self.bind(contains_pattern(&format!(" {value} ")).into());
                let column = if term.field == "scope" { "h.scopes" } else { "h.kinds" };
                format!("COALESCE({column}, '') LIKE {pattern} ESCAPE '\\'")
            }
            ("tag", filter::Value::Text(text)) => {
                let pattern = self.bind(contains_pattern(&format!("\"{text}\"")).into());
                format!("e.tags LIKE {pattern} ESCAPE '\\'")
            }
            ("stage", value) => {
                let stage = self.bind(value.to_string().into());
                let newest = match self.reach {
                    Reach::Everything => NEWEST.to_owned(),
                    Reach::Public => "'published'".to_owned(),
                    Reach::PublicAndOwn(me) => {
                        format!("CASE WHEN e.owner_id = {} THEN {NEWEST} ELSE 'published' END", self.bind(me.into()))
                    }
                };
                format!("COALESCE({newest}, '') = {stage}")
            }
            ("older", filter::Value::AgeMs(age)) => {
                format!("e.created_ms <= {}", self.bind(self.now.plus_ms(-age).into()))
            }
            ("younger", filter::Value::AgeMs(age)) => {
                format!("e.created_ms > {}", self.bind(self.now.plus_ms(-age).into()))
            }
            _ => "1 = 0".to_owned(),
        }
    }
}

fn order_of(filter: &Filter) -> Order {
    let (by, direction) = filter.sort.map_or(("slug", Direction::Ascending), |sort| (sort.by, sort.direction));
    let descending = direction == Direction::Descending;
    match by {
        "name" => Order { by: "name", column: "e.name", descending },
        "created" => Order { by: "created", column: "e.created_ms", descending },
        "updated" => Order { by: "updated", column: "e.updated_ms", descending },
        _ => Order { by: "slug", column: "e.slug", descending },
    }
}

fn place(order: Order, row: &ExtensionRow) -> Place {
    let key = match order.by {
        "name" => Key::Text(row.name.to_string()),
        "created" => Key::Number(row.created_at.as_ms()),
        "updated" => Key::Number(row.updated_at.as_ms()),
        _ => Key::Text(row.slug.to_string()),
    };
    Place { key, id: row.id.to_string() }
}
