//! Rows of extensions: who owns what, under which slug, how it is listed and what its channel points at.

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::extension::{Description, ExtensionName, Listing, Slug, Tag, Tier};
use crate::domain::id::{AccountId, ExtensionId, VersionId};
use crate::domain::text::skeleton;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionRow {
    /// Its id.
    pub id: ExtensionId,
    /// Its slug; never changes.
    pub slug: Slug,
    /// The name shown to people.
    pub name: ExtensionName,
    /// What it does.
    pub description: Description,
    /// Words to find it by.
    pub tags: Vec<Tag>,
    /// Its owner.
    pub owner: AccountId,
    /// The owner's name.
    pub owner_name: String,
    /// What it costs.
    pub tier: Tier,
    /// How it is listed.
    pub listing: Listing,
    /// Whom it is offered to.
    pub offered_to: Option<AccountId>,
    /// What the channel `stable` points at.
    pub head: Option<Head>,
    /// Whether any version of it was ever submitted.
    pub submitted_ever: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

/// The newest revision of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The version.
    pub version: VersionId,
    /// Its number.
    pub number: VersionNumber,
    /// The channel's revision.
    pub revision: i64,
}

/// An extension whose name or slug looks like another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// Its slug.
    pub slug: Slug,
    /// Whether everyone may know of it.
    pub published: bool,
}

/// The columns of [`ExtensionRow`].
pub(super) const COLUMNS: &str = "e.id, e.slug, e.name, e.description, e.tags, e.owner_id, a.name, e.tier, e.listing, e.offered_to, \
     e.head_version_id, e.head_number, e.head_revision, e.submitted_ever, e.created_ms, e.updated_ms, e.revision";
/// The tables they come from.
pub(super) const FROM: &str = "FROM extensions e JOIN accounts a ON a.id = e.owner_id";

impl FromRow for ExtensionRow {
    fn from_row(row: &Row) -> Result<ExtensionRow, StoreError> {
        let head = match row.optional_parsed(10)? {
            Some(version) => Some(Head { version, number: row.parsed(11)?, revision: row.integer(12)? }),
            None => None,
        };
        Ok(ExtensionRow {
            id: row.parsed(0)?,
            slug: row.parsed(1)?,
            name: row.parsed(2)?,
            description: row.parsed(3)?,
            tags: row.json(4)?,
            owner: row.parsed(5)?,
            owner_name: row.text(6)?,
            tier: row.json(7)?,
            listing: row.json(8)?,
            offered_to: row.optional_parsed(9)?,
            head,
            submitted_ever: row.flag(13)?,
            created_at: row.timestamp(14)?,
            updated_at: row.timestamp(15)?,
            revision: row.integer(16)?,
        })
    }
}

impl FromRow for LookAlike {
    fn from_row(row: &Row) -> Result<LookAlike, StoreError> {
        Ok(LookAlike { slug: row.parsed(0)?, published: row.flag(1)? })
    }
}

/// The extension with this id.
pub fn by_id(tx: &mut Tx, id: ExtensionId) -> Result<Option<ExtensionRow>, StoreError> {
    let lock = of_extension(tx);
    tx.query_one(&format!("SELECT {COLUMNS} {FROM} WHERE e.id = $1{lock}"), &[id.into()])
}

/// The extension with this slug.
pub fn by_slug(tx: &mut Tx, slug: &Slug) -> Result<Option<ExtensionRow>, StoreError> {
    let lock = of_extension(tx);
    tx.query_one(&format!("SELECT {COLUMNS} {FROM} WHERE e.slug = $1{lock}"), &[slug.as_str().into()])
}

/// Adds an extension.
pub fn insert(tx: &mut Tx, row: &ExtensionRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO extensions (id, slug, slug_skeleton, name, name_skeleton, description, tags, owner_id, tier, \
         listing, listing_name, offered_to, head_version_id, head_number, head_revision, submitted_ever, created_ms, \
         updated_ms, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let mut params = vec![row.id.into(), row.slug.as_str().into(), skeleton(row.slug.as_str()).into()];
    params.extend(changeable(row)?);
    params.extend([row.created_at.into(), row.updated_at.into(), row.revision.into()]);
    tx.execute(sql, &params).map(|_| ())
}

/// Writes everything that can change, as the next revision.
pub fn update(tx: &mut Tx, row: &mut ExtensionRow, now: Timestamp) -> Result<(), StoreError> {
    row.revision += 1;
    row.updated_at = now;
    let sql = "UPDATE extensions SET name = $4, name_skeleton = $5, description = $6, tags = $7, owner_id = $8, \
         tier = $9, listing = $10, listing_name = $11, offered_to = $12, head_version_id = $13, head_number = $14, \
         head_revision = $15, submitted_ever = $16, updated_ms = $2, revision = $3 WHERE id = $1";
    let mut params = vec![row.id.into(), row.updated_at.into(), row.revision.into()];
    params.extend(changeable(row)?);
    tx.execute(sql, &params).map(|_| ())
}

/// Removes an extension with everything that hangs on it; spent numbers and audit rows stay.
pub fn delete(tx: &mut Tx, id: ExtensionId) -> Result<(), StoreError> {
    for table in [
        "review_scopes",
        "review_changes",
        "notes",
        "checks",
        "findings",
        "run_reports",
        "thread_reads",
        "thread_messages",
        "threads",
    ] {
        let sql = format!("DELETE FROM {table} WHERE review_id IN (SELECT id FROM reviews WHERE extension_id = $1)");
        tx.execute(&sql, &[id.into()])?;
    }
    for table in ["premium_extensions", "dismissals", "reviews", "channel_revisions", "versions"] {
        tx.execute(&format!("DELETE FROM {table} WHERE extension_id = $1"), &[id.into()])?;
    }
    tx.execute("DELETE FROM extensions WHERE id = $1", &[id.into()]).map(|_| ())
}

/// Extensions of other owners, published or waiting for review, whose name or slug has one of these skeletons.
pub fn look_alikes(tx: &mut Tx, forms: &[String], owner: AccountId) -> Result<Vec<LookAlike>, StoreError> {
    let mut found: Vec<LookAlike> = Vec::new();
    for form in forms {
        for column in ["name_skeleton", "slug_skeleton"] {
            let sql = format!(
                "SELECT e.slug, CASE WHEN e.head_version_id IS NULL THEN 0 ELSE 1 END FROM extensions e \
                 WHERE e.{column} = $1 AND e.owner_id <> $2 AND (e.head_version_id IS NOT NULL \
                 OR EXISTS (SELECT 1 FROM reviews r WHERE r.extension_id = e.id AND r.open = 1)) \
                 ORDER BY e.slug LIMIT 5"
            );
            found.extend(tx.query::<LookAlike>(&sql, &[form.as_str().into(), owner.into()])?);
        }
    }
    found.sort_by(|a, b| b.published.cmp(&a.published).then_with(|| a.slug.cmp(&b.slug)));
    found.dedup();
    Ok(found)
}

/// The lock of the extension alone; its owner's account stays free.
fn of_extension(tx: &Tx) -> String {
    let lock = tx.row_lock();
    if lock.is_empty() { String::new() } else { format!("{lock} OF e") }
}

fn changeable(row: &ExtensionRow) -> Result<Vec<Value>, StoreError> {
    let head = row.head.as_ref();
    Ok(vec![
        row.name.as_str().into(),
        skeleton(row.name.as_str()).into(),
        row.description.as_str().into(),
        Value::json(&row.tags)?,
        row.owner.into(),
        Value::json(&row.tier)?,
        Value::json(&row.listing)?,
        row.listing.name().into(),
        row.offered_to.into(),
        head.map(|head| head.version).into(),
        head.map(|head| head.number.to_string()).into(),
        head.map_or(0, |head| head.revision).into(),
        row.submitted_ever.into(),
    ])
}
