//! Threads between an extension's owner and its reviewers, one a review, with what each account has read.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::{AccountId, ExtensionId, ReviewId};
use crate::domain::thread::{Side, Turn};
use crate::domain::time::Timestamp;

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// The review it is about.
    pub review: ReviewId,
    /// The extension.
    pub extension: ExtensionId,
    /// Whose side the owner's is: who owned the extension when it was opened.
    pub owner: AccountId,
    /// Who has to say something next.
    pub turn: Turn,
    /// How many messages it has.
    pub messages: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When something was last said.
    pub updated_at: Timestamp,
    /// Counts its changes; its `ETag`.
    pub revision: i64,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its number in the thread, from 1.
    pub n: i64,
    /// Whose side it is on.
    pub side: Side,
    /// The name of who wrote it; nobody's where the checks speak.
    pub by_name: Option<String>,
    /// The text: markdown, never rendered here.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A thread as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadLine {
    /// The thread.
    pub row: ThreadRow,
    /// The extension's slug.
    pub slug: String,
    /// The version's number.
    pub number: String,
    /// The stage of the review.
    pub stage: String,
    /// Messages that the reader has not read.
    pub unread: i64,
}

/// Which threads a page shows.
#[derive(Clone, Debug)]
pub struct ThreadQuery {
    /// Whose unread marks are shown.
    pub reader: Option<AccountId>,
    /// Only those of this owner.
    pub owner: Option<AccountId>,
    /// Only those where it is this side's turn.
    pub turn: Option<Turn>,
    /// Before this one, by the time of its last message and its review.
    pub before: Option<(i64, String)>,
    /// How many.
    pub limit: usize,
}

const COLUMNS: &str =
    "t.review_id, t.extension_id, t.owner_id, t.turn, t.messages, t.opened_ms, t.updated_ms, t.revision";

impl FromRow for ThreadRow {
    fn from_row(row: &Row) -> Result<ThreadRow, StoreError> {
        Ok(ThreadRow {
            review: row.parsed(0)?,
            extension: row.parsed(1)?,
            owner: row.parsed(2)?,
            turn: row.parsed(3)?,
            messages: row.integer(4)?,
            opened_at: row.timestamp(5)?,
            updated_at: row.timestamp(6)?,
            revision: row.integer(7)?,
        })
    }
}

impl FromRow for ThreadLine {
    fn from_row(row: &Row) -> Result<ThreadLine, StoreError> {
        let thread = ThreadRow::from_row(row)?;
        let unread = (thread.messages - row.integer(11)?).max(0);
        Ok(ThreadLine { row: thread, slug: row.text(8)?, number: row.text(9)?, stage: row.text(10)?, unread })
    }
}

impl FromRow for MessageRow {
    fn from_row(row: &Row) -> Result<MessageRow, StoreError> {
        Ok(MessageRow {
            n: row.integer(0)?,
            side: row.parsed(1)?,
            by_name: row.optional_text(2)?,
            text: row.text(3)?,
            at: row.timestamp(4)?,
        })
    }
}

/// The thread of a review, where there is one.
pub fn of(tx: &mut Tx, review: ReviewId) -> Result<Option<ThreadRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM threads t WHERE t.review_id = $1{lock}"), &[review.into()])
}

/// The threads of an extension that are not settled.
pub fn unsettled(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<ThreadRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!(
        "SELECT {COLUMNS} FROM threads t WHERE t.extension_id = $1 AND t.turn IN ('owner', 'reviewers') \
         ORDER BY t.review_id{lock}"
    );
    tx.query(&sql, &[extension.into()])
}

/// Threads, those in which something was said last first.
pub fn page(tx: &mut Tx, query: &ThreadQuery) -> Result<Vec<ThreadLine>, StoreError> {
    let reader = query.reader.map_or_else(String::new, |id| id.to_string());
    let mut params = vec![reader.into()];
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut bind = |value| {
        params.push(value);
        format!("${}", params.len())
    };
    if let Some(owner) = query.owner {
        conditions.push(format!("t.owner_id = {}", bind(owner.into())));
    }
    if let Some(turn) = query.turn {
        conditions.push(format!("t.turn = {}", bind(turn.name().into())));
    }
    if let Some((updated, id)) = &query.before {
        let (updated, id) = (bind((*updated).into()), bind(id.into()));
        conditions.push(format!("(t.updated_ms, t.review_id) < ({updated}, {id})"));
    }
    let limit = bind(query.limit.into());
    let read = "COALESCE((SELECT d.read_n FROM thread_reads d \
         WHERE d.review_id = t.review_id AND d.account_id = $1), 0)";
    let sql = format!(
        "SELECT {COLUMNS}, r.slug, r.number, r.stage, {read} FROM threads t JOIN reviews r ON r.id = t.review_id \
         WHERE {} ORDER BY t.updated_ms DESC, t.review_id DESC LIMIT {limit}",
        conditions.join(" AND ")
    );
    tx.query(&sql, &params)
}

/// Opens a thread without messages.
pub fn insert(tx: &mut Tx, row: &ThreadRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO threads (review_id, extension_id, owner_id, turn, messages, opened_ms, updated_ms, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (review_id) DO NOTHING";
    let params = [
        row.review.into(),
        row.extension.into(),
        row.owner.into(),
        row.turn.name().into(),
        row.messages.into(),
        row.opened_at.into(),
        row.updated_at.into(),
        row.revision.into(),
    ];
    match tx.execute(sql, &params)? {
        0 => Err(tx.raced("threads: somebody opened it first")),
        _ => Ok(()),
    }
}

/// Says something, which makes the next revision of the thread.
pub fn say(
    tx: &mut Tx,
    thread: &mut ThreadRow,
    side: Side,
    by: Option<AccountId>,
    text: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    thread.messages += 1;
    thread.updated_at = at;
    let sql = "INSERT INTO thread_messages (review_id, n, side, by_id, text, at_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let params = [thread.review.into(), thread.messages.into(), side.name().into(), by.into(), text.into(), at.into()];
    tx.execute(sql, &params)?;
    update(tx, thread)
}

/// Writes a thread as its next revision, and whose turn it is beside its review.
pub fn update(tx: &mut Tx, thread: &mut ThreadRow) -> Result<(), StoreError> {
    thread.revision += 1;
    let sql = "UPDATE threads SET turn = $2, messages = $3, updated_ms = $4, revision = $5 WHERE review_id = $1";
    let params = [
        thread.review.into(),
        thread.turn.name().into(),
        thread.messages.into(),
        thread.updated_at.into(),
        thread.revision.into(),
    ];
    tx.execute(sql, &params)?;
    let sql = "UPDATE reviews SET thread_turn = $2 WHERE id = $1";
    tx.execute(sql, &[thread.review.into(), thread.turn.name().into()]).map(drop)
}

/// Gives every thread of an extension to its new owner.
pub fn hand_over(tx: &mut Tx, extension: ExtensionId, owner: AccountId) -> Result<(), StoreError> {
    let sql = "UPDATE threads SET owner_id = $2 WHERE extension_id = $1";
    tx.execute(sql, &[extension.into(), owner.into()]).map(drop)
}

/// The newest messages of a thread, oldest first.
pub fn messages(tx: &mut Tx, review: ReviewId, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
    let sql = "SELECT m.n, m.side, (SELECT a.name FROM accounts a WHERE a.id = m.by_id), m.text, m.at_ms \
         FROM thread_messages m WHERE m.review_id = $1 ORDER BY m.n DESC LIMIT $2";
    let mut found: Vec<MessageRow> = tx.query(sql, &[review.into(), limit.into()])?;
    found.reverse();
    Ok(found)
}

/// How many messages an account wrote since then.
pub fn count_by(tx: &mut Tx, account: AccountId, since: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM thread_messages WHERE by_id = $1 AND at_ms > $2";
    Ok(tx.query_one(sql, &[account.into(), since.into()])?.unwrap_or(0))
}

/// Up to which message an account has read.
pub fn read_until(tx: &mut Tx, review: ReviewId, account: AccountId) -> Result<i64, StoreError> {
    let sql = "SELECT read_n FROM thread_reads WHERE review_id = $1 AND account_id = $2";
    Ok(tx.query_one(sql, &[review.into(), account.into()])?.unwrap_or(0))
}

/// Notes that an account has read up to a message; what it had read already stays read.
pub fn mark_read(tx: &mut Tx, review: ReviewId, account: AccountId, n: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO thread_reads (review_id, account_id, read_n) VALUES ($1, $2, $3) \
         ON CONFLICT (review_id, account_id) DO UPDATE SET read_n = CASE WHEN excluded.read_n > thread_reads.read_n \
         THEN excluded.read_n ELSE thread_reads.read_n END";
    tx.execute(sql, &[review.into(), account.into(), n.into()]).map(drop)
}
