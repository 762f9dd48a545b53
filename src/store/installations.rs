//! Rows of installations: an extension on a server, with the state it is in and what is under way.

use std::collections::BTreeMap;

use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::id::{ExtensionId, InstallationId, InstanceId, ServerId, VersionId};
use crate::domain::installation::{Follow, Generation, Stands, State};
use crate::domain::time::Timestamp;

/// One installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationRow {
    /// Its id.
    pub id: InstallationId,
    /// Where.
    pub server: ServerId,
    /// What.
    pub extension: ExtensionId,
    /// The extension's slug, which never changes.
    pub slug: String,
    /// Where it stands.
    pub stands: Stands,
    /// What follows when the channel moves.
    pub follow: Follow,
    /// Attempts begun so far.
    pub attempts: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

/// How many installations of an extension stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: String,
    /// The version that runs; nothing where none does.
    pub version: Option<VersionId>,
    /// How many.
    pub count: i64,
}

/// Rows of one listing at most: what one server can have is cut there.
pub const LISTED_MAX: usize = 1_000;

const COLUMNS: &str = "i.id, i.server_id, i.extension_id, i.slug, i.data, i.previous, i.refused_id, i.follow, \
     i.attempts, i.created_ms, i.updated_ms, i.revision";

impl FromRow for InstallationRow {
    fn from_row(row: &Row) -> Result<InstallationRow, StoreError> {
        let previous: Option<Generation> = if row.is_null(5)? { None } else { Some(row.json(5)?) };
        let state: State = row.json(4)?;
        Ok(InstallationRow {
            id: row.parsed(0)?,
            server: row.parsed(1)?,
            extension: row.parsed(2)?,
            slug: row.text(3)?,
            stands: Stands { state, previous, refused: row.optional_parsed(6)? },
            follow: row.parsed(7)?,
            attempts: row.number(8)?,
            created_at: row.timestamp(9)?,
            updated_at: row.timestamp(10)?,
            revision: row.integer(11)?,
        })
    }
}

impl FromRow for Standing {
    fn from_row(row: &Row) -> Result<Standing, StoreError> {
        Ok(Standing { state: row.text(0)?, version: row.optional_parsed(1)?, count: row.integer(2)? })
    }
}

/// The installation with this id.
pub fn by_id(tx: &mut Tx, id: InstallationId) -> Result<Option<InstallationRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM installations i WHERE i.id = $1{lock}"), &[id.into()])
}

/// The installation of an extension on a server.
pub fn of(tx: &mut Tx, server: ServerId, extension: ExtensionId) -> Result<Option<InstallationRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!("SELECT {COLUMNS} FROM installations i WHERE i.server_id = $1 AND i.extension_id = $2{lock}");
    tx.query_one(&sql, &[server.into(), extension.into()])
}

/// Everything on a server, by slug; at most [`LISTED_MAX`].
pub fn of_server(tx: &mut Tx, server: ServerId) -> Result<Vec<InstallationRow>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM installations i WHERE i.server_id = $1 ORDER BY i.slug LIMIT {LISTED_MAX}");
    tx.query(&sql, &[server.into()])
}

/// Up to `limit` installations on the servers of an instance with ids after `after`, oldest first.
pub fn of_instance(
    tx: &mut Tx,
    instance: InstanceId,
    after: Option<InstallationId>,
    limit: usize,
) -> Result<Vec<InstallationRow>, StoreError> {
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let sql = format!(
        "SELECT {COLUMNS} FROM servers s JOIN installations i ON i.server_id = s.id \
         WHERE s.instance_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3"
    );
    tx.query(&sql, &[instance.into(), after, limit.into()])
}

/// Up to `limit` installations whose time has come by `now`, most overdue first.
pub fn due(tx: &mut Tx, now: Timestamp, limit: usize) -> Result<Vec<InstallationRow>, StoreError> {
    let lock = tx.row_lock();
    let sql =
        format!("SELECT {COLUMNS} FROM installations i WHERE i.due_ms <= $1 ORDER BY i.due_ms, i.id LIMIT $2{lock}");
    tx.query(&sql, &[now.into(), limit.into()])
}

/// Up to `limit` installations of an extension that follow the channel by themselves and run, or are getting, another
/// version than `head`, with ids after `after`.
pub fn behind(
    tx: &mut Tx,
    extension: ExtensionId,
    head: VersionId,
    after: &str,
    limit: usize,
) -> Result<Vec<InstallationRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM installations i WHERE i.extension_id = $1 AND i.id > $2 AND i.state = 'active' \
         AND (i.version_id <> $3 OR i.next_id IS NOT NULL) AND (i.next_id IS NULL OR i.next_id <> $3) \
         AND i.follow = 'automatic' AND (i.refused_id IS NULL OR i.refused_id <> $3) ORDER BY i.id LIMIT $4"
    );
    tx.query(&sql, &[extension.into(), after.into(), head.into(), limit.into()])
}

/// How many installations of an extension stand where.
pub fn standing(tx: &mut Tx, extension: ExtensionId) -> Result<Vec<Standing>, StoreError> {
    let sql = "SELECT state, version_id, count(*) FROM installations WHERE extension_id = $1 \
               GROUP BY state, version_id ORDER BY state, version_id";
    tx.query(sql, &[extension.into()])
}

/// Up to `limit` installations of an extension with ids after `after`, oldest first.
pub fn of_extension(
    tx: &mut Tx,
    extension: ExtensionId,
    after: Option<InstallationId>,
    limit: usize,
) -> Result<Vec<InstallationRow>, StoreError> {
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let sql =
        format!("SELECT {COLUMNS} FROM installations i WHERE i.extension_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3");
    tx.query(&sql, &[extension.into(), after, limit.into()])
}

/// How many servers have each of these extensions; what nobody has is left out.
pub fn counts(tx: &mut Tx, extensions: &[ExtensionId]) -> Result<BTreeMap<ExtensionId, u64>, StoreError> {
    let mut found = BTreeMap::new();
    if extensions.is_empty() {
        return Ok(found);
    }
    let places: Vec<String> = (1..=extensions.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT extension_id, count(*) FROM installations WHERE extension_id IN ({}) AND state <> 'failed' \
         GROUP BY extension_id",
        places.join(", ")
    );
    let params: Vec<Value> = extensions.iter().map(|id| (*id).into()).collect();
    tx.each(&sql, &params, |row| {
        found.insert(row.parsed(0)?, row.number(1)?);
        Ok(())
    })?;
    Ok(found)
}

/// The instances that serve a server where the extension is, and the accounts they speak as.
pub fn instances_with(
    tx: &mut Tx,
    extension: ExtensionId,
) -> Result<Vec<(InstanceId, crate::domain::id::AccountId)>, StoreError> {
    let sql = "SELECT DISTINCT n.id, n.account_id FROM installations i JOIN servers s ON s.id = i.server_id \
               JOIN instances n ON n.id = s.instance_id WHERE i.extension_id = $1 AND i.state <> 'failed' ORDER BY n.id";
    let mut found = Vec::new();
    tx.each(sql, &[extension.into()], |row| {
        found.push((row.parsed(0)?, row.parsed(1)?));
        Ok(())
    })?;
    Ok(found)
}

/// Adds an installation.
pub fn insert(tx: &mut Tx, row: &InstallationRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO installations (id, server_id, extension_id, slug, created_ms, state, data, previous, \
         refused_id, follow, version_id, next_id, stage, attempts, due_ms, updated_ms, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let mut params =
        vec![row.id.into(), row.server.into(), row.extension.into(), row.slug.as_str().into(), row.created_at.into()];
    params.extend(changeable(row)?);
    tx.execute(sql, &params).map(drop)
}

/// Writes everything that can change, as the next revision.
pub fn update(tx: &mut Tx, row: &mut InstallationRow, now: Timestamp) -> Result<(), StoreError> {
    row.revision += 1;
    row.updated_at = now;
    let sql = "UPDATE installations SET state = $2, data = $3, previous = $4, refused_id = $5, follow = $6, \
         version_id = $7, next_id = $8, stage = $9, attempts = $10, due_ms = $11, updated_ms = $12, revision = $13 \
         WHERE id = $1";
    let mut params = vec![row.id.into()];
    params.extend(changeable(row)?);
    tx.execute(sql, &params).map(drop)
}

/// What was freed with an installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Configurations.
    pub configs: u64,
    /// Secrets.
    pub secrets: u64,
    /// Flags set for the server.
    pub flags: u64,
    /// Recorded stages of attempts.
    pub steps: u64,
}

/// What an installation keeps besides its row.
pub fn kept(tx: &mut Tx, id: InstallationId) -> Result<Freed, StoreError> {
    let mut count = |table: &str| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {table} WHERE installation_id = $1");
        Ok(tx.query_one::<i64>(&sql, &[id.into()])?.unwrap_or(0).unsigned_abs())
    };
    Ok(Freed {
        configs: count("installation_configs")?,
        secrets: count("installation_secrets")?,
        flags: count("installation_flags")?,
        steps: count("installation_steps")?,
    })
}

/// Removes what an installation keeps besides its row and its recorded stages.
pub fn empty(tx: &mut Tx, id: InstallationId) -> Result<Freed, StoreError> {
    let mut clear = |table: &str| tx.execute(&format!("DELETE FROM {table} WHERE installation_id = $1"), &[id.into()]);
    Ok(Freed {
        configs: clear("installation_configs")?,
        secrets: clear("installation_secrets")?,
        flags: clear("installation_flags")?,
        steps: 0,
    })
}

/// Removes an installation with everything that it keeps; what was counted of its usage stays.
pub fn delete(tx: &mut Tx, id: InstallationId) -> Result<Freed, StoreError> {
    let freed = empty(tx, id)?;
    let steps = tx.execute("DELETE FROM installation_steps WHERE installation_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM installations WHERE id = $1", &[id.into()])?;
    Ok(Freed { steps, ..freed })
}

fn changeable(row: &InstallationRow) -> Result<Vec<Value>, StoreError> {
    let state = &row.stands.state;
    Ok(vec![
        state.name().name().into(),
        Value::json(state)?,
        row.stands.previous.as_ref().map(Value::json).transpose()?.unwrap_or(Value::Null),
        row.stands.refused.into(),
        row.follow.name().into(),
        state.now().map(|now| now.version_id).into(),
        state.next().map(|next| next.version_id).into(),
        state.next().map_or("", |next| next.stage.word()).into(),
        row.attempts.into(),
        state.due().into(),
        row.updated_at.into(),
        row.revision.into(),
    ])
}
