//! Rows of purchases: what entitles an account to an extension, and what was sold when.

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::id::{AccountId, ExtensionId, InstanceId, PurchaseId, VersionId};
use crate::domain::ledger::Sale;
use crate::domain::time::Timestamp;

/// One purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRow {
    /// Its id.
    pub id: PurchaseId,
    /// What was bought.
    pub extension: ExtensionId,
    /// The extension's slug, which never changes.
    pub slug: String,
    /// Who bought it from whom, and for how much.
    pub sale: Sale,
    /// The author's share in percent, as the policy had it then.
    pub share_percent: u8,
    /// The buyer's own key for it.
    pub key: String,
    /// Until when it can be taken back.
    pub refundable_until: Timestamp,
    /// When it was bought.
    pub at: Timestamp,
    /// When it was taken back.
    pub refunded_at: Option<Timestamp>,
}

/// Whose sales are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sold {
    /// Everything.
    ByAll,
    /// What this account sold.
    By(AccountId),
    /// This extension.
    Of(ExtensionId),
}

/// What was sold and taken back, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takings {
    /// Purchases.
    pub sold: i64,
    /// Their prices together.
    pub sold_points: i64,
    /// The authors' parts of them.
    pub earned_points: i64,
    /// Refunds.
    pub refunded: i64,
    /// Their prices together.
    pub refunded_points: i64,
    /// The authors' parts of them.
    pub returned_points: i64,
}

/// The takings of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionTakings {
    /// The extension.
    pub extension: ExtensionId,
    /// Its slug.
    pub slug: String,
    /// What it sold.
    pub takings: Takings,
}

/// The takings of one day (UTC): purchases count on the day they were made, refunds on theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTakings {
    /// Its first moment.
    pub day: Timestamp,
    /// What was sold.
    pub takings: Takings,
}

const COLUMNS: &str = "id, account_id, extension_id, slug, author_id, price_points, share_percent, author_points, key, \
     refundable_until_ms, at_ms, refunded_ms";
const DAY_MS: i64 = 86_400_000;

impl FromRow for PurchaseRow {
    fn from_row(row: &Row) -> Result<PurchaseRow, StoreError> {
        Ok(PurchaseRow {
            id: row.parsed(0)?,
            extension: row.parsed(2)?,
            slug: row.text(3)?,
            sale: Sale {
                buyer: row.parsed(1)?,
                author: row.parsed(4)?,
                price_points: row.number(5)?,
                author_points: row.number(7)?,
            },
            share_percent: row.number(6)?,
            key: row.text(8)?,
            refundable_until: row.timestamp(9)?,
            at: row.timestamp(10)?,
            refunded_at: row.optional_timestamp(11)?,
        })
    }
}

impl Takings {
    fn from_columns(row: &Row, first: usize) -> Result<Takings, StoreError> {
        Ok(Takings {
            sold: row.integer(first)?,
            sold_points: row.integer(first + 1)?,
            earned_points: row.integer(first + 2)?,
            refunded: row.integer(first + 3)?,
            refunded_points: row.integer(first + 4)?,
            returned_points: row.integer(first + 5)?,
        })
    }
}

impl FromRow for ExtensionTakings {
    fn from_row(row: &Row) -> Result<ExtensionTakings, StoreError> {
        let takings = Takings::from_columns(row, 2)?;
        Ok(ExtensionTakings { extension: row.parsed(0)?, slug: row.text(1)?, takings })
    }
}

impl FromRow for DayTakings {
    fn from_row(row: &Row) -> Result<DayTakings, StoreError> {
        Ok(DayTakings { day: row.timestamp(0)?, takings: Takings::from_columns(row, 1)? })
    }
}

/// The purchase with this id.
pub fn by_id(tx: &mut Tx, id: PurchaseId) -> Result<Option<PurchaseRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM purchases WHERE id = $1{lock}"), &[id.into()])
}

/// The purchase that an account made with this key.
pub fn by_key(tx: &mut Tx, account: AccountId, key: &str) -> Result<Option<PurchaseRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM purchases WHERE account_id = $1 AND key = $2");
    tx.query_one(&sql, &[account.into(), key.into()])
}

/// The purchase that entitles an account to an extension.
pub fn live(tx: &mut Tx, account: AccountId, extension: ExtensionId) -> Result<Option<PurchaseRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM purchases WHERE account_id = $1 AND extension_id = $2 AND refunded_ms IS NULL");
    tx.query_one(&sql, &[account.into(), extension.into()])
}

/// Up to `limit` purchases of an account before `before`, newest first.
pub fn of_account(
    tx: &mut Tx,
    account: AccountId,
    before: Option<PurchaseId>,
    limit: usize,
) -> Result<Vec<PurchaseRow>, StoreError> {
    // Nothing that an id is written with comes after `g`.
    let before = before.map_or_else(|| Value::from("g"), Value::from);
    let sql = format!("SELECT {COLUMNS} FROM purchases WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    tx.query(&sql, &[account.into(), before, limit.into()])
}

/// Adds a purchase.
///
/// # Errors
/// [`StoreError::Constraint`] where the account has a live one of the extension, or one with this key.
pub fn insert(tx: &mut Tx, row: &PurchaseRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO purchases (id, account_id, extension_id, slug, author_id, price_points, share_percent, \
         author_points, key, refundable_until_ms, at_ms, refunded_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let params = [
        row.id.into(),
        row.sale.buyer.into(),
        row.extension.into(),
        (&row.slug).into(),
        row.sale.author.into(),
        row.sale.price_points.into(),
        row.share_percent.into(),
        row.sale.author_points.into(),
        (&row.key).into(),
        row.refundable_until.into(),
        row.at.into(),
        row.refunded_at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Notes that a purchase was taken back; false where it was before.
pub fn refunded(tx: &mut Tx, id: PurchaseId, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE purchases SET refunded_ms = $2 WHERE id = $1 AND refunded_ms IS NULL";
    Ok(tx.execute(sql, &[id.into(), at.into()])? == 1)
}

/// What was sold in a range of time, from its first moment to before its last, by extension: the `limit` that earned most.
pub fn by_extension(
    tx: &mut Tx,
    sold: Sold,
    range: (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<ExtensionTakings>, StoreError> {
    let moves = moves(sold);
    let sql = format!(
        "SELECT t.extension_id, t.slug, {SUMS} FROM ({moves}) t GROUP BY t.extension_id, t.slug \
         ORDER BY SUM(t.earned) - SUM(t.returned) DESC, t.slug LIMIT $4"
    );
    tx.query(&sql, &[whose(sold), range.0.into(), range.1.into(), limit.into()])
}

/// What was sold in a range of time by day, oldest first; days without any are left out.
pub fn by_day(tx: &mut Tx, sold: Sold, range: (Timestamp, Timestamp)) -> Result<Vec<DayTakings>, StoreError> {
    let moves = moves(sold);
    let sql = format!("SELECT t.day_ms, {SUMS} FROM ({moves}) t GROUP BY t.day_ms ORDER BY t.day_ms");
    tx.query(&sql, &[whose(sold), range.0.into(), range.1.into()])
}

/// What was sold ever.
pub fn in_all(tx: &mut Tx, sold: Sold) -> Result<Takings, StoreError> {
    let days = by_day(tx, sold, (Timestamp::from_ms(0), Timestamp::from_ms(i64::MAX)))?;
    Ok(days.iter().fold(Takings::default(), |sum, day| sum.plus(&day.takings)))
}

/// The accounts of the instances that serve a server of `owner` where the extension is.
pub fn instances_of(tx: &mut Tx, owner: AccountId, extension: ExtensionId) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT DISTINCT n.account_id FROM installations i JOIN servers s ON s.id = i.server_id \
               JOIN instances n ON n.id = s.instance_id WHERE i.extension_id = $1 AND s.owner_id = $2 \
               ORDER BY n.account_id";
    let mut found = Vec::new();
    tx.each(sql, &[extension.into(), owner.into()], |row| {
        found.push(row.parsed(0)?);
        Ok(())
    })?;
    Ok(found)
}

/// The owners of the servers of an instance that have, or are getting, a version; each with when it was installed.
pub fn holders(
    tx: &mut Tx,
    instance: InstanceId,
    version: VersionId,
) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
    let sql = "SELECT s.owner_id, i.created_ms FROM versions v JOIN installations i \
               ON i.extension_id = v.extension_id AND (i.version_id = v.id OR i.next_id = v.id) \
               JOIN servers s ON s.id = i.server_id WHERE v.id = $1 AND s.instance_id = $2";
    let mut found = Vec::new();
    tx.each(sql, &[version.into(), instance.into()], |row| {
        found.push((row.parsed(0)?, row.timestamp(1)?));
        Ok(())
    })?;
    Ok(found)
}

/// Notes since when an extension costs points that was free before.
pub fn set_premium_since(tx: &mut Tx, extension: ExtensionId, since: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO premium_extensions (extension_id, since_ms) VALUES ($1, $2) \
               ON CONFLICT (extension_id) DO UPDATE SET since_ms = excluded.since_ms";
    tx.execute(sql, &[extension.into(), since.into()]).map(drop)
}

/// Since when an extension costs points, where it was free before.
pub fn premium_since(tx: &mut Tx, extension: ExtensionId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT since_ms FROM premium_extensions WHERE extension_id = $1";
    Ok(tx.query_one::<i64>(sql, &[extension.into()])?.map(Timestamp::from_ms))
}

impl Takings {
    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Takings) -> Takings {
        Takings {
            sold: self.sold + other.sold,
            sold_points: self.sold_points + other.sold_points,
            earned_points: self.earned_points + other.earned_points,
            refunded: self.refunded + other.refunded,
            refunded_points: self.refunded_points + other.refunded_points,
            returned_points: self.returned_points + other.returned_points,
        }
    }
}

/// The sums of [`Takings`], in its order.
const SUMS: &str = "CAST(SUM(t.sold) AS BIGINT), CAST(SUM(t.sold_points) AS BIGINT), CAST(SUM(t.earned) AS BIGINT), \
     CAST(SUM(t.refunded) AS BIGINT), CAST(SUM(t.refunded_points) AS BIGINT), CAST(SUM(t.returned) AS BIGINT)";

/// Purchases and refunds of a range of time, one row each.
fn moves(sold: Sold) -> String {
    let whose = match sold {
        Sold::ByAll => "$1 = 'all'",
        Sold::By(_) => "author_id = $1",
        Sold::Of(_) => "extension_id = $1",
    };
    format!(
        "SELECT extension_id, slug, at_ms / {DAY_MS} * {DAY_MS} AS day_ms, 1 AS sold, price_points AS sold_points, \
         author_points AS earned, 0 AS refunded, 0 AS refunded_points, 0 AS returned FROM purchases \
         WHERE {whose} AND at_ms >= $2 AND at_ms < $3 \
         UNION ALL SELECT extension_id, slug, refunded_ms / {DAY_MS} * {DAY_MS}, 0, 0, 0, 1, price_points, author_points \
         FROM purchases WHERE {whose} AND refunded_ms >= $2 AND refunded_ms < $3"
    )
}

fn whose(sold: Sold) -> Value {
    match sold {
        Sold::ByAll => "all".into(),
        Sold::By(account) => account.into(),
        Sold::Of(extension) => extension.into(),
    }
}
