//! How the newest revision of each channel is being brought to the servers.

use super::{FromRow, Row, StoreError, Tx};
use crate::domain::id::ExtensionId;
use crate::domain::rollout::{Ring, Rollout};
use crate::domain::time::Timestamp;

/// The rollout of one extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutRow {
    /// The extension.
    pub extension: ExtensionId,
    /// How far it has gone.
    pub rollout: Rollout,
    /// The installation that was looked at last; empty at the start of a round.
    pub passed: String,
    /// When installations are looked at next; never again once all have it.
    pub look_at: Option<Timestamp>,
    /// Counts the changes; its `ETag`.
    pub revision: i64,
}

const COLUMNS: &str = "extension_id, channel_revision, ring, since_ms, paused, passed_id, look_ms, revision";

impl FromRow for RolloutRow {
    fn from_row(row: &Row) -> Result<RolloutRow, StoreError> {
        let ring: Ring = row.parsed(2)?;
        Ok(RolloutRow {
            extension: row.parsed(0)?,
            rollout: Rollout {
                channel_revision: row.integer(1)?,
                ring,
                since: row.timestamp(3)?,
                paused: row.optional_text(4)?,
            },
            passed: row.text(5)?,
            look_at: row.optional_timestamp(6)?,
            revision: row.integer(7)?,
        })
    }
}

/// The rollout of an extension, where its channel ever moved.
pub fn of(tx: &mut Tx, extension: ExtensionId) -> Result<Option<RolloutRow>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM rollouts WHERE extension_id = $1{lock}"), &[extension.into()])
}

/// The rollout that has to be looked at next, where its time has come.
pub fn due(tx: &mut Tx, now: Timestamp) -> Result<Option<RolloutRow>, StoreError> {
    let lock = tx.row_lock();
    let sql =
        format!("SELECT {COLUMNS} FROM rollouts WHERE look_ms <= $1 ORDER BY look_ms, extension_id LIMIT 1{lock}");
    tx.query_one(&sql, &[now.into()])
}

/// The rollouts that still bring something to somebody, with the extensions' slugs, by the extensions' ids.
pub fn open(tx: &mut Tx) -> Result<Vec<(String, RolloutRow)>, StoreError> {
    let sql = "SELECT r.extension_id, r.channel_revision, r.ring, r.since_ms, r.paused, r.passed_id, r.look_ms, \
               r.revision, e.slug FROM rollouts r JOIN extensions e ON e.id = r.extension_id \
               WHERE r.look_ms IS NOT NULL ORDER BY r.extension_id";
    let mut found = Vec::new();
    tx.each(sql, &[], |row| {
        found.push((row.text(8)?, RolloutRow::from_row(row)?));
        Ok(())
    })?;
    Ok(found)
}

/// Has every open rollout looked at by `now`, as after a change of what the rings are.
pub fn look_at_all(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE rollouts SET look_ms = $1 WHERE look_ms > $1", &[now.into()]).map(drop)
}

/// Writes a rollout, in the place of the one that the extension had, as the next revision.
pub fn put(tx: &mut Tx, row: &mut RolloutRow) -> Result<(), StoreError> {
    row.revision += 1;
    write(tx, row)
}

/// Notes how far a round of looking has come; the revision stays, since nothing was decided.
pub fn note(tx: &mut Tx, row: &RolloutRow) -> Result<(), StoreError> {
    write(tx, row)
}

fn write(tx: &mut Tx, row: &RolloutRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO rollouts (extension_id, channel_revision, ring, since_ms, paused, passed_id, look_ms, \
         revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (extension_id) DO UPDATE SET \
         channel_revision = excluded.channel_revision, ring = excluded.ring, since_ms = excluded.since_ms, \
         paused = excluded.paused, passed_id = excluded.passed_id, look_ms = excluded.look_ms, \
         revision = excluded.revision";
    let params = [
        row.extension.into(),
        row.rollout.channel_revision.into(),
        row.rollout.ring.name().into(),
        row.rollout.since.into(),
        row.rollout.paused.as_deref().into(),
        (&row.passed).into(),
        row.look_at.into(),
        row.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}
