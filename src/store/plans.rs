//! Plans: drafts of the policy with what they would change, kept for an hour and used once.

use super::error::StoreError;
use super::policy::document;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{AccountId, PlanId};
use crate::domain::policy::{Document, Impact, Place};
use crate::domain::time::Timestamp;

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// The revision that it starts from: of the policy, or of what the server overrides (0 where it never did).
    pub base: i64,
    /// The newest live event when it was made.
    pub event: i64,
    /// The draft.
    pub document: Document,
    /// SHA-256 of the draft as it is kept.
    pub sha256: Sha256Digest,
    /// The revision that it would go back to, where it does.
    pub restores: Option<i64>,
    /// Why the draft was written.
    pub reason: String,
    /// What it would change.
    pub impact: Impact,
    /// Who asked for it; nobody where the local operator did.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// Until when it can be applied.
    pub expires_at: Timestamp,
    /// When it was applied.
    pub used_at: Option<Timestamp>,
}

/// How long plans that nobody applied are kept to be looked at.
const UNUSED_KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// The plan with this id.
pub fn by_id(tx: &mut Tx, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
    let lock = tx.row_lock();
    let sql = format!(
        "SELECT id, base_number, event_n, document, document_sha256, restores, reason, impact, by_id, at_ms, \
         expires_ms, used_ms FROM policy_plans WHERE id = $1{lock}"
    );
    tx.query_one(&sql, &[id.into()])
}

/// Keeps a plan, and lets go of those that ran out long ago and were never used.
pub fn insert(tx: &mut Tx, plan: &PlanRow) -> Result<(), StoreError> {
    let outdated = "DELETE FROM policy_plans WHERE expires_ms < $1 AND used_ms IS NULL";
    tx.execute(outdated, &[plan.at.plus_ms(-UNUSED_KEPT_MS).into()])?;
    let sql = "INSERT INTO policy_plans (id, base_number, event_n, document, document_sha256, restores, reason, impact, \
               by_id, at_ms, expires_ms, used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let params = [
        plan.id.into(),
        plan.base.into(),
        plan.event.into(),
        plan.document.to_json().to_compact().into(),
        plan.sha256.into(),
        plan.restores.into(),
        (&plan.reason).into(),
        Value::json(&plan.impact)?,
        plan.by.map_or_else(|| Value::from(""), Value::from),
        plan.at.into(),
        plan.expires_at.into(),
        plan.used_at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Marks a plan as applied.
pub fn mark_used(tx: &mut Tx, id: PlanId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE policy_plans SET used_ms = $2 WHERE id = $1", &[id.into(), now.into()]).map(drop)
}

impl FromRow for PlanRow {
    fn from_row(row: &Row) -> Result<PlanRow, StoreError> {
        let impact: Impact = row.json(7)?;
        let place = if impact.server.is_some() { Place::Server } else { Place::Global };
        let by = if row.str(8)?.is_empty() { None } else { Some(row.parsed(8)?) };
        Ok(PlanRow {
            id: row.parsed(0)?,
            base: row.integer(1)?,
            event: row.integer(2)?,
            document: document(row.str(3)?, place)?,
            sha256: row.parsed(4)?,
            restores: row.optional_integer(5)?,
            reason: row.text(6)?,
            impact,
            by,
            at: row.timestamp(9)?,
            expires_at: row.timestamp(10)?,
            used_at: row.optional_timestamp(11)?,
        })
    }
}
