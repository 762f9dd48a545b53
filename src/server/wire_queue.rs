//! Submissions in the queue as the wire has them.

use super::names::Names;
use super::wire_versions::texts;
use crate::api::queue::{Priority, PriorityParts, QueueItem};
use crate::domain::policy::ApprovalsNeeded;
use crate::market;
use crate::store::{StoreError, Tx};

/// One submission as it stands now.
///
/// # Errors
/// What the store says.
pub fn item(tx: &mut Tx, names: &mut Names, item: market::QueueItem) -> Result<QueueItem, StoreError> {
    let (row, priority) = (item.row, item.priority);
    let first_approval_by = match row.first_approval {
        Some(first) => Some(names.of(tx, first.by)?),
        None => None,
    };
    let id = row.id.to_string();
    let (claimed_by, lease_until) = match item.claim {
        Some(claim) => (Some(claim.by_name), Some(claim.lease_until.to_string())),
        None => (None, None),
    };
    Ok(QueueItem {
        review_id: id.clone(),
        id,
        extension_id: row.extension.to_string(),
        version_id: row.version.to_string(),
        slug: row.slug,
        name: row.name,
        number: row.number.to_string(),
        stage: item.stage.name().to_owned(),
        author: row.author_name,
        author_reputation: row.author_reputation,
        kinds: row.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
        runtime: row.runtime.name().to_owned(),
        scopes: texts(row.scopes.names()),
        risk: i64::from(row.scopes.risk()),
        priority: Priority {
            total: priority.total,
            parts: PriorityParts { due: priority.due, risk: priority.risk, reputation: priority.reputation },
        },
        submitted_at: row.submitted_at.to_string(),
        due_at: row.standing.due_at.to_string(),
        sha256: row.sha256.to_string(),
        claimed_by,
        lease_until,
        first_approval_by,
        approvals_needed: match row.approvals_needed {
            ApprovalsNeeded::One => 1,
            ApprovalsNeeded::Two => 2,
        },
        findings_worst: row.findings_worst.map_or("", |severity| severity.name()).to_owned(),
        findings_count: row.findings_count,
        notes_count: row.notes_count,
        revision: row.revision,
    })
}
