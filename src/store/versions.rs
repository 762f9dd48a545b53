//! Rows of versions: stage, package document and digests; the codes that are known, and the numbers that are spent.

use super::columns::{Words, words};
use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::digest::{CodeDigests, Sha256Digest};
use crate::domain::extension::Slug;
use crate::domain::id::{ExtensionId, VersionId};
use crate::domain::kind::Kind;
use crate::domain::manifest::Runtime;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::stage::Stage;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// One version of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its id.
    pub id: VersionId,
    /// The extension it belongs to.
    pub extension: ExtensionId,
    /// Its number; unique in the extension by precedence.
    pub number: VersionNumber,
    /// Where it stands.
    pub stage: Stage,
    /// The package without its code, as JSON text.
    pub document: String,
    /// What runs it.
    pub runtime: Runtime,
    /// What starts it.
    pub kinds: Vec<Kind>,
    /// The scopes it declares.
    pub scopes: ScopeSet,
    /// The digests and the length of its code.
    pub code: CodeDigests,
    /// The version it was revised from.
    pub parent: Option<VersionId>,
    /// Where the package came from, as JSON text.
    pub source: String,
    /// Whether it was ever submitted; its number is spent then.
    pub submitted_ever: bool,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

/// Rows of one listing at most: what one extension can have is cut there.
pub const VERSIONS_LISTED_MAX: usize = 1_000;

const COLUMNS: &str = "id, extension_id, number, stage_data, document, runtime, kinds, scopes, md5, sha256, bytes, \
     parent_id, source, submitted_ever, published_ms, created_ms, updated_ms, revision";

impl FromRow for VersionRow {
    fn from_row(row: &Row) -> Result<VersionRow, StoreError> {
        Ok(VersionRow {
            id: row.parsed(0)?,
            extension: row.parsed(1)?,
            number: row.parsed(2)?,
            stage: row.json(3)?,
            document: row.text(4)?,
            runtime: row.parsed(5)?,
            kinds: row.parsed::<Words<Kind>>(6)?.0,
            scopes: row.parsed::<Words<Scope>>(7)?.0.into_iter().collect(),
            code: CodeDigests { md5: row.parsed(8)?, sha256: row.parsed(9)?, bytes: row.number(10)? },
            parent: row.optional_parsed(11)?,
            source: row.text(12)?,
            submitted_ever: row.flag(13)?,
            published_at: row.optional_timestamp(14)?,
            created_at: row.timestamp(15)?,
            updated_at: row.timestamp(16)?,
            revision: row.integer(17)?,
        })
    }
}

/// The version with this id.
pub fn by_id(tx: &mut Tx, id: VersionId) -> Result<Option<VersionRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM versions WHERE id = $1{lock}"), &[id.into()])
}

/// The extension's version of this number, build metadata aside.
pub fn by_number(
    tx: &mut Tx,
    extension: ExtensionId,
    number: &VersionNumber,
) -> Result<Option<VersionRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM versions WHERE extension_id = $1 AND precedence = $2{lock}");
    tx.query_one(&sql, &[extension.into(), number.precedence_key().into()])
}

/// The extension's draft; there is one at most.
pub fn draft(tx: &mut Tx, extension: ExtensionId) -> Result<Option<VersionRow>, StoreError> {
    let lock = tx.row_lock();
    let sql =
        format!("SELECT {COLUMNS} FROM versions WHERE extension_id = $1 AND stage = 'draft' ORDER BY id LIMIT 1{lock}");
    tx.query_one(&sql, &[extension.into()])
}

/// The extension's versions, greatest number first; at most [`VERSIONS_LISTED_MAX`], the newest made.
pub fn list(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<VersionRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM versions WHERE extension_id = $1 ORDER BY id DESC LIMIT {VERSIONS_LISTED_MAX}");
    let mut rows: Vec<VersionRow> = tx.query(&sql, &[extension.into()])?;
    rows.sort_by(|a, b| b.number.cmp(&a.number));
    Ok(rows)
}

/// The versions with this code, newest first, at most 20.
pub fn with_code(tx: &mut Tx, sha256: Sha256Digest) -> Result<Vec<VersionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM versions WHERE sha256 = $1 ORDER BY id DESC LIMIT 20");
    tx.query(&sql, &[sha256.into()])
}

/// The published version with the greatest number, yanked ones included.
pub fn last_published(tx: &mut Tx, extension: ExtensionId) -> Result<Option<VersionRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM versions WHERE extension_id = $1 AND stage = 'published'");
    let rows: Vec<VersionRow> = tx.query(&sql, &[extension.into()])?;
    Ok(rows.into_iter().max_by(|a, b| a.number.cmp(&b.number)))
}

/// The published versions of an extension, yanked ones included, at most [`VERSIONS_LISTED_MAX`], the newest made.
pub fn published_of(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<VersionRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM versions WHERE extension_id = $1 AND stage = 'published' \
         ORDER BY id DESC LIMIT {VERSIONS_LISTED_MAX}"
    );
    tx.query(&sql, &[extension.into()])
}

/// Adds a version; its code is known before.
pub fn insert(tx: &mut Tx, row: &VersionRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO versions (id, extension_id, created_ms, number, precedence, stage, stage_data, document, \
         runtime, kinds, scopes, risk, md5, sha256, bytes, parent_id, source, submitted_ever, published_ms, updated_ms, \
         revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
    let mut params = vec![row.id.into(), row.extension.into(), row.created_at.into()];
    params.extend(changeable(row)?);
    tx.execute(sql, &params).map(|_| ())
}

/// Writes everything that can change, as the next revision.
pub fn update(tx: &mut Tx, row: &mut VersionRow, now: Timestamp) -> Result<(), StoreError> {
    row.revision += 1;
    row.updated_at = now;
    let sql = "UPDATE versions SET number = $2, precedence = $3, stage = $4, stage_data = $5, document = $6, \
         runtime = $7, kinds = $8, scopes = $9, risk = $10, md5 = $11, sha256 = $12, bytes = $13, parent_id = $14, \
         source = $15, submitted_ever = $16, published_ms = $17, updated_ms = $18, revision = $19 WHERE id = $1";
    let mut params = vec![row.id.into()];
    params.extend(changeable(row)?);
    tx.execute(sql, &params).map(|_| ())
}

/// Writes the stage, and what follows from it, as the next revision.
pub fn write_stage(tx: &mut Tx, row: &mut VersionRow, now: Timestamp) -> Result<(), StoreError> {
    row.revision += 1;
    row.updated_at = now;
    let sql = "UPDATE versions SET stage = $2, stage_data = $3, published_ms = $4, updated_ms = $5, revision = $6 \
         WHERE id = $1";
    let params = [
        row.id.into(),
        row.stage.name().name().into(),
        Value::json(&row.stage)?,
        row.published_at.into(),
        row.updated_at.into(),
        row.revision.into(),
    ];
    tx.execute(sql, &params).map(|_| ())
}

/// Whether this number was ever submitted under this slug by another version than `except`.
pub fn is_spent(
    tx: &mut Tx,
    slug: &Slug,
    number: &VersionNumber,
    except: Option<VersionId>,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM spent_numbers WHERE slug = $1 AND precedence = $2 AND version_id <> $3";
    let except = except.map(|id| id.to_string()).unwrap_or_default();
    let found = tx.query_one::<()>(sql, &[slug.as_str().into(), number.precedence_key().into(), except.into()])?;
    Ok(found.is_some())
}

/// Spends a number for ever.
pub fn spend(tx: &mut Tx, slug: &Slug, version: &VersionRow, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO spent_numbers (slug, precedence, version_id, at_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (slug, precedence) DO NOTHING";
    let params = [slug.as_str().into(), version.number.precedence_key().into(), version.id.into(), now.into()];
    tx.execute(sql, &params).map(|_| ())
}

fn changeable(row: &VersionRow) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        row.number.to_string().into(),
        row.number.precedence_key().into(),
        row.stage.name().name().into(),
        Value::json(&row.stage)?,
        row.document.as_str().into(),
        row.runtime.name().into(),
        words(row.kinds.iter().map(|kind| kind.name())).into(),
        words(row.scopes.names()).into(),
        row.scopes.risk().into(),
        row.code.md5.into(),
        row.code.sha256.into(),
        row.code.bytes.into(),
        row.parent.into(),
        row.source.as_str().into(),
        row.submitted_ever.into(),
        row.published_at.into(),
        row.updated_at.into(),
        row.revision.into(),
    ])
}
