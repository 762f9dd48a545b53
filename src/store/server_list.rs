//! Lists of servers: each with the instance that serves it and how much is on it, found by a filter.

use super::columns::contains_pattern;
use super::servers::{Whose, like};
use super::{FromRow, Row, StoreError, Tx, Value, instances};
use crate::domain::filter::{self, Direction, Filter, Op, Term};
use crate::domain::id::ServerId;
use crate::domain::instance::Instance;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;

const COLUMNS: &str = "s.id, s.guild, s.name, s.owner_id, s.managers, s.tier, s.instance_id, s.created_ms, s.revision, \
                       n.id, n.name, n.account_id, n.announced, n.heard_ms, n.created_ms, n.revision, a.name";
const FROM: &str = "FROM servers s JOIN instances n ON n.id = s.instance_id JOIN accounts a ON a.id = s.owner_id";
const INSTALLED: &str = "(SELECT count(*) FROM installations i WHERE i.server_id = s.id)";
/// A version that asks its server's owner stands in this stage.
const WAITING: &str =
    "(SELECT count(*) FROM installations i WHERE i.server_id = s.id AND i.stage = 'permission_validation')";

/// Which servers a list is about, and in which order: by when they became known.
#[derive(Clone, Debug)]
pub struct ServersQuery<'f> {
    /// The filter, over the fields of `filter::SERVERS`.
    pub filter: &'f Filter,
    /// Whose servers.
    pub whose: Whose,
    /// The last one of the page before.
    pub after: Option<ServerId>,
    /// Rows wanted.
    pub limit: usize,
    /// When: an instance is silent or not at a moment.
    pub now: Timestamp,
    /// How long an instance may not be heard before it counts as silent.
    pub silent_ms: i64,
}

/// One server as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLine {
    /// The server.
    pub server: Server,
    /// The instance that serves it.
    pub instance: Instance,
    /// Its owner's name.
    pub owner: String,
    /// Installations on it, in any state.
    pub installations: u64,
    /// Versions that wait for its owner's consent.
    pub waiting: u64,
}

struct Statement {
    now: Timestamp,
    silent_ms: i64,
    params: Vec<Value>,
}

impl FromRow for ServerLine {
    fn from_row(row: &Row) -> Result<ServerLine, StoreError> {
        Ok(ServerLine {
            server: Server::from_row(row)?,
            instance: instances::read(row, 9)?,
            owner: row.text(16)?,
            installations: row.number(17)?,
            waiting: row.number(18)?,
        })
    }
}

/// Reads up to `limit` servers.
pub fn page(tx: &mut Tx, query: &ServersQuery) -> Result<Vec<ServerLine>, StoreError> {
    let (mut statement, mut wheres) = conditions(query);
    let descending = query.filter.sort.is_some_and(|sort| sort.direction == Direction::Descending);
    let (direction, later) = if descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some(after) = query.after {
        wheres.push(format!("s.id {later} {}", statement.bind(after.into())));
    }
    let limit = statement.bind(query.limit.into());
    let sql = format!(
        "SELECT {COLUMNS}, {INSTALLED}, {WAITING} {FROM} WHERE {} ORDER BY s.id {direction} LIMIT {limit}",
        wheres.join(" AND ")
    );
    tx.query(&sql, &statement.params)
}

/// Counts what [`page`] would give on all its pages.
pub fn count(tx: &mut Tx, query: &ServersQuery) -> Result<u64, StoreError> {
    let (statement, wheres) = conditions(query);
    let sql = format!("SELECT count(*) {FROM} WHERE {}", wheres.join(" AND "));
    let count: Option<i64> = tx.query_one(&sql, &statement.params)?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

/// One server as lists show it.
pub fn line(tx: &mut Tx, id: ServerId) -> Result<Option<ServerLine>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, {INSTALLED}, {WAITING} {FROM} WHERE s.id = $1");
    tx.query_one(&sql, &[id.into()])
}

fn conditions(query: &ServersQuery) -> (Statement, Vec<String>) {
    let mut statement = Statement { now: query.now, silent_ms: query.silent_ms, params: Vec::new() };
    let mut wheres = vec![match query.whose {
        Whose::Everyones => "1 = 1".to_owned(),
        Whose::Instance(id) => format!("s.instance_id = {}", statement.bind(id.into())),
        Whose::Account(id) => {
            let (owner, pattern) = (statement.bind(id.into()), statement.bind(Value::shown(like(id))));
            format!("(s.owner_id = {owner} OR s.managers LIKE {pattern})")
        }
    }];
    for term in &query.filter.terms {
        let not = if term.negated { "NOT " } else { "" };
        wheres.push(format!("{not}({})", statement.term(term)));
    }
    for word in &query.filter.words {
        let pattern = statement.bind(contains_pattern(&word.text).into());
        let any = ["lower(s.name)", "lower(s.guild)"].map(|column| format!("{column} LIKE {pattern} ESCAPE '\\'"));
        wheres.push(format!("{}({})", if word.negated { "NOT " } else { "" }, any.join(" OR ")));
    }
    (statement, wheres)
}

impl Statement {
    fn bind(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    /// One term as a condition that is never NULL.
    fn term(&mut self, term: &Term) -> String {
        match (term.field, &term.value) {
            ("tier", filter::Value::Text(text)) => format!("s.tier = {}", self.bind(text.to_lowercase().into())),
            ("owner", filter::Value::Text(text)) => format!("a.name = {}", self.bind(text.to_lowercase().into())),
            ("instance", filter::Value::Text(text)) => format!("n.name = {}", self.bind(text.to_lowercase().into())),
            ("presence", value) => self.presence(&value.to_string()),
            ("consent", filter::Value::Truth(waits)) => format!("{WAITING} {} 0", if *waits { ">" } else { "=" }),
            ("installed", filter::Value::Number(number)) => {
                let sign = if term.op == Op::Is { "=" } else { term.op.text() };
                format!("{INSTALLED} {sign} {}", self.bind((*number).into()))
            }
            ("older", filter::Value::AgeMs(age)) => {
                format!("s.created_ms <= {}", self.bind(self.now.plus_ms(-age).into()))
            }
            ("younger", filter::Value::AgeMs(age)) => {
                format!("s.created_ms > {}", self.bind(self.now.plus_ms(-age).into()))
            }
            _ => "1 = 0".to_owned(),
        }
    }

    /// The same as `Instance::presence`.
    fn presence(&mut self, name: &str) -> String {
        let announced = "n.announced IS NOT NULL AND n.heard_ms IS NOT NULL";
        if name == "unannounced" {
            return format!("NOT ({announced})");
        }
        let since = self.bind(self.now.plus_ms(-self.silent_ms).into());
        let sign = if name == "live" { ">=" } else { "<" };
        format!("{announced} AND COALESCE(n.heard_ms, 0) {sign} {since}")
    }
}
