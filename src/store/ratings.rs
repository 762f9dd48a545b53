//! Ratings with their history, and the counts that change only together with them.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, ExtensionId, RatingId, VersionId};
use crate::domain::rating::{Histogram, RatingState, Stars};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// One account's rating of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// Its id.
    pub id: RatingId,
    /// The extension.
    pub extension: ExtensionId,
    /// Who rated.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The version it is about.
    pub version: VersionId,
    /// That version's number.
    pub number: VersionNumber,
    /// How good.
    pub stars: Stars,
    /// Why; may be empty.
    pub text: String,
    /// Whether it is shown.
    pub state: RatingState,
    /// What the owner answers.
    pub reply: Option<Reply>,
    /// Who owned the extension when it last counted.
    pub credited_to: AccountId,
    /// When it was first given.
    pub created_at: Timestamp,
    /// When it last changed; the reply aside.
    pub updated_at: Timestamp,
    /// Counts its changes; its `ETag`.
    pub revision: i64,
}

/// An owner's answer to a rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// Who owned the extension then.
    pub by: AccountId,
    /// That account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

/// What a rating was after one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingChange {
    /// The revision it made.
    pub revision: i64,
    /// What happened: `rated edited deleted hidden restored replied unreplied`.
    pub what: String,
    /// The number of the version.
    pub number: VersionNumber,
    /// The stars.
    pub stars: Stars,
    /// The text; empty once the rating was deleted.
    pub text: String,
    /// The name of who did it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How often one version of an extension was rated with so many stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingCount {
    /// The version.
    pub version: VersionId,
    /// Its number.
    pub number: VersionNumber,
    /// The stars.
    pub stars: Stars,
    /// How often.
    pub amount: u64,
}

/// What was given within one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which stretch, counted in its length from 1970.
    pub number: i64,
    /// How many ratings were given or changed.
    pub count: i64,
    /// Their stars, all together.
    pub stars: i64,
}

/// Which ratings a page shows.
#[derive(Clone, Debug)]
pub struct RatingQuery {
    /// Of this extension.
    pub extension: ExtensionId,
    /// Only those with so many stars.
    pub stars: Option<Stars>,
    /// Only those of this version.
    pub number: Option<VersionNumber>,
    /// Before this one, by the time of its last change and its id.
    pub before: Option<(i64, String)>,
    /// How many.
    pub limit: usize,
}

const COLUMNS: &str = "r.id, r.extension_id, r.account_id, (SELECT a.name FROM accounts a WHERE a.id = r.account_id), \
     r.version_id, r.number, r.stars, r.text, r.state, r.reply, r.reply_by, \
     (SELECT a.name FROM accounts a WHERE a.id = r.reply_by), r.reply_ms, r.credited_to, r.created_ms, r.updated_ms, \
     r.revision";

impl FromRow for RatingRow {
    fn from_row(row: &Row) -> Result<RatingRow, StoreError> {
        let reply = match row.optional_text(9)? {
            Some(text) => Some(Reply { text, by: row.parsed(10)?, by_name: row.text(11)?, at: row.timestamp(12)? }),
            None => None,
        };
        Ok(RatingRow {
            id: row.parsed(0)?,
            extension: row.parsed(1)?,
            account: row.parsed(2)?,
            account_name: row.text(3)?,
            version: row.parsed(4)?,
            number: row.parsed(5)?,
            stars: row.number(6)?,
            text: row.text(7)?,
            state: row.parsed(8)?,
            reply,
            credited_to: row.parsed(13)?,
            created_at: row.timestamp(14)?,
            updated_at: row.timestamp(15)?,
            revision: row.integer(16)?,
        })
    }
}

impl FromRow for RatingChange {
    fn from_row(row: &Row) -> Result<RatingChange, StoreError> {
        Ok(RatingChange {
            revision: row.integer(0)?,
            what: row.text(1)?,
            number: row.parsed(2)?,
            stars: row.number(3)?,
            text: row.text(4)?,
            by: row.text(5)?,
            at: row.timestamp(6)?,
        })
    }
}

impl FromRow for RatingCount {
    fn from_row(row: &Row) -> Result<RatingCount, StoreError> {
        let (version, number) = (row.parsed(0)?, row.parsed(1)?);
        Ok(RatingCount { version, number, stars: row.number(2)?, amount: row.number(3)? })
    }
}

impl FromRow for Given {
    fn from_row(row: &Row) -> Result<Given, StoreError> {
        Ok(Given { number: row.integer(0)?, count: row.integer(1)?, stars: row.integer(2)? })
    }
}

impl RatingRow {
    /// Whether it counts.
    pub fn counts(&self) -> bool {
        self.state == RatingState::Shown
    }
}

/// The rating of an extension by an account, whatever became of it.
pub fn of(tx: &mut Tx, extension: ExtensionId, account: AccountId) -> Result<Option<RatingRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM ratings r WHERE r.extension_id = $1 AND r.account_id = $2{lock}");
    tx.query_one(&sql, &[extension.into(), account.into()])
}

/// The rating with this id, whatever became of it.
pub fn by_id(tx: &mut Tx, id: RatingId) -> Result<Option<RatingRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM ratings r WHERE r.id = $1{lock}"), &[id.into()])
}

/// Ratings that are shown, those that changed last first.
pub fn page(tx: &mut Tx, query: &RatingQuery) -> Result<Vec<RatingRow>, StoreError> {
    let mut params = vec![query.extension.into()];
    let mut conditions = vec!["r.extension_id = $1 AND r.state = 'shown'".to_owned()];
    let mut bind = |value| {
        params.push(value);
        format!("${}", params.len())
    };
    if let Some((updated, id)) = &query.before {
        let (updated, id) = (bind((*updated).into()), bind(id.into()));
        conditions.push(format!("(r.updated_ms, r.id) < ({updated}, {id})"));
    }
    if let Some(stars) = query.stars {
        conditions.push(format!("r.stars = {}", bind(stars.number().into())));
    }
    if let Some(number) = &query.number {
        conditions.push(format!("r.number = {}", bind(number.to_string().into())));
    }
    let limit = bind(query.limit.into());
    let conditions = conditions.join(" AND ");
    let order = "ORDER BY r.updated_ms DESC, r.id DESC";
    tx.query(&format!("SELECT {COLUMNS} FROM ratings r WHERE {conditions} {order} LIMIT {limit}"), &params)
}

/// Adds a rating with its first line of history, and counts it.
pub fn insert(tx: &mut Tx, row: &RatingRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO ratings (id, extension_id, account_id, created_ms, version_id, number, stars, text, state, \
         reply, reply_by, reply_ms, credited_to, updated_ms, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (extension_id, account_id) DO NOTHING";
    let mut params = vec![row.id.into(), row.extension.into(), row.account.into(), row.created_at.into()];
    params.extend(changeable(row));
    if tx.execute(sql, &params)? == 0 {
        return Err(tx.raced("ratings: this account was faster"));
    }
    note(tx, row, "rated", row.account, row.created_at)?;
    if row.counts() { count(tx, row, 1) } else { Ok(()) }
}

/// Writes a rating as its next revision with a line of history, and counts what it is instead of what it was.
pub fn update(
    tx: &mut Tx,
    was: &RatingRow,
    row: &mut RatingRow,
    what: &str,
    by: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    row.revision = was.revision + 1;
    let sql = "UPDATE ratings SET version_id = $2, number = $3, stars = $4, text = $5, state = $6, reply = $7, \
         reply_by = $8, reply_ms = $9, credited_to = $10, updated_ms = $11, revision = $12 WHERE id = $1";
    let mut params = vec![row.id.into()];
    params.extend(changeable(row));
    tx.execute(sql, &params)?;
    note(tx, row, what, by, at)?;
    if was.counts() {
        count(tx, was, -1)?;
    }
    if row.counts() { count(tx, row, 1) } else { Ok(()) }
}

/// Takes the words of a rating out of its history.
pub fn forget_words(tx: &mut Tx, id: RatingId) -> Result<(), StoreError> {
    tx.execute("UPDATE rating_history SET text = '' WHERE rating_id = $1", &[id.into()]).map(drop)
}

/// What a rating was after each change, oldest first.
pub fn history(tx: &mut Tx, id: RatingId) -> Result<Vec<RatingChange>, StoreError> {
    let sql = "SELECT h.revision, h.what, h.number, h.stars, h.text, a.name, h.at_ms FROM rating_history h \
         JOIN accounts a ON a.id = h.by_id WHERE h.rating_id = $1 ORDER BY h.revision";
    tx.query(sql, &[id.into()])
}

/// How often an account changed ratings of its own since then.
pub fn changes_by(tx: &mut Tx, account: AccountId, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM rating_history WHERE by_id = $1 AND at_ms > $2 \
         AND what IN ('rated', 'edited', 'deleted')";
    Ok(tx.query_one(sql, &[account.into(), since.into()])?.unwrap_or(0))
}

/// The counts of an extension, by version and stars.
pub fn counts(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<RatingCount>, StoreError> {
    let sql = "SELECT version_id, number, stars, amount FROM rating_counts WHERE extension_id = $1 AND amount > 0 \
         ORDER BY version_id, stars";
    tx.query(sql, &[extension.into()])
}

/// The histogram of the whole catalogue, and how many extensions anybody rated.
pub fn catalogue(tx: &mut Tx) -> Result<(Histogram, u64), StoreError> {
    let mut histogram = Histogram::default();
    let sql = "SELECT stars, CAST(SUM(amount) AS BIGINT) FROM rating_counts WHERE amount > 0 GROUP BY stars";
    tx.each(sql, &[], |row| {
        histogram.add(row.number(0)?, row.number(1)?);
        Ok(())
    })?;
    let rated = "SELECT COUNT(DISTINCT extension_id) FROM rating_counts WHERE amount > 0";
    let rated: i64 = tx.query_one(rated, &[])?.unwrap_or(0);
    Ok((histogram, u64::try_from(rated).unwrap_or(0)))
}

/// The histogram of the ratings that count for an account as the owner of what was rated.
pub fn credited(tx: &mut Tx, account: AccountId) -> Result<Histogram, StoreError> {
    let mut histogram = Histogram::default();
    let sql = "SELECT stars, COUNT(*) FROM ratings WHERE credited_to = $1 AND state = 'shown' GROUP BY stars";
    tx.each(sql, &[account.into()], |row| {
        histogram.add(row.number(0)?, row.number(1)?);
        Ok(())
    })?;
    Ok(histogram)
}

/// What was given to an extension since then, for each stretch of `length_ms`, oldest first.
pub fn given(tx: &mut Tx, extension: ExtensionId, since: Timestamp, length_ms: i64) -> Result<Vec<Given>, StoreError> {
    let sql = "SELECT at_ms / $3, COUNT(*), CAST(SUM(stars) AS BIGINT) FROM rating_history \
         WHERE extension_id = $1 AND at_ms >= $2 AND what IN ('rated', 'edited') GROUP BY 1 ORDER BY 1";
    tx.query(sql, &[extension.into(), since.into(), length_ms.into()])
}

/// The versions of an extension that are on servers that the account owns or manages, what changed last first.
pub fn runs_version(tx: &mut Tx, extension: ExtensionId, account: AccountId) -> Result<Vec<VersionId>, StoreError> {
    let pattern = super::columns::contains_pattern(&account.to_string());
    let sql = "SELECT i.version_id FROM servers s JOIN installations i ON i.server_id = s.id AND i.extension_id = $1 \
         WHERE (s.owner_id = $2 OR s.managers LIKE $3 ESCAPE '\\') AND i.version_id IS NOT NULL \
         ORDER BY i.updated_ms DESC, i.id DESC LIMIT 100";
    let found: Vec<String> = tx.query(sql, &[extension.into(), account.into(), pattern.into()])?;
    let parsed =
        found.into_iter().map(|id| id.parse().map_err(|error| StoreError::Corrupt(format!("a version: {error}"))));
    parsed.collect()
}

fn count(tx: &mut Tx, row: &RatingRow, by: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO rating_counts (extension_id, version_id, stars, number, amount) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (extension_id, version_id, stars) DO UPDATE SET amount = rating_counts.amount + excluded.amount";
    let params =
        [row.extension.into(), row.version.into(), row.stars.number().into(), row.number.to_string().into(), by.into()];
    tx.execute(sql, &params).map(drop)
}

fn note(tx: &mut Tx, row: &RatingRow, what: &str, by: AccountId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO rating_history (rating_id, revision, extension_id, what, number, stars, text, by_id, at_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let params = [
        row.id.into(),
        row.revision.into(),
        row.extension.into(),
        what.into(),
        row.number.to_string().into(),
        row.stars.number().into(),
        (&row.text).into(),
        by.into(),
        at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

fn changeable(row: &RatingRow) -> [super::Value; 11] {
    let reply = row.reply.as_ref();
    [
        row.version.into(),
        row.number.to_string().into(),
        row.stars.number().into(),
        (&row.text).into(),
        row.state.name().into(),
        reply.map(|reply| reply.text.as_str()).into(),
        reply.map(|reply| reply.by).into(),
        reply.map(|reply| reply.at).into(),
        row.credited_to.into(),
        row.updated_at.into(),
        row.revision.into(),
    ]
}
