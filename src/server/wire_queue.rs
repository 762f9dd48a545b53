//! Submissions in the queue as the wire has them.

use super::names::Names;
use super::object::Object;
use super::wire_versions::texts;
use crate::api::queue::{Priority, PriorityParts, QueueItem};
use crate::domain::policy::ApprovalsNeeded;
use crate::domain::time::Timestamp;
use crate::market::{self, QueueLine, QueueLines};
use crate::store::{StoreError, Tx};

/// Bytes that are kept ready for a line, so that a buffer seldom grows twice.
const LINE_BYTES: usize = 1_024;

/// Writes the submissions of a page behind one another, with commas between; each is a [`QueueItem`].
///
/// # Errors
/// What the store says.
pub fn write_lines(tx: &mut Tx, page: &QueueLines, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let mut names = Names::default();
    out.reserve(page.lines.len() * LINE_BYTES);
    for (place, line) in page.lines.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let first = line.row.first_by()?.map(|by| names.of(tx, by)).transpose()?;
        write_line(out, line, first.as_deref(), page.now);
    }
    Ok(())
}

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
        priority: points(priority),
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

/// Writes the fields of [`QueueItem`] in its order, out of texts as the store keeps them.
fn write_line(out: &mut Vec<u8>, line: &QueueLine, first_approval_by: Option<&str>, now: Timestamp) {
    let row = &line.row;
    let claim = row.claim_at(now);
    Object::write(out, |item| {
        item.text("id", row.id());
        item.text("review_id", row.id());
        item.text("extension_id", row.extension());
        item.text("version_id", row.version());
        item.text("slug", row.slug());
        item.text("name", row.name());
        item.text("number", row.number());
        item.text("stage", line.stage.name());
        item.text("author", row.author_name());
        item.value("author_reputation", &row.author_reputation);
        item.texts("kinds", row.kinds());
        item.text("runtime", row.runtime());
        item.texts("scopes", row.scopes());
        item.value("risk", &row.risk);
        item.object("priority", |priority| {
            priority.value("total", &line.priority.total);
            priority.value("parts", &points(line.priority).parts);
        });
        item.value("submitted_at", &row.submitted_at);
        item.value("due_at", &row.standing.due_at);
        item.text("sha256", row.sha256());
        if let Some((by, until)) = claim {
            item.text("claimed_by", by);
            item.value("lease_until", &until);
        }
        item.optional_text("first_approval_by", first_approval_by);
        item.value("approvals_needed", &row.approvals_needed);
        item.text("findings_worst", row.findings_worst());
        item.value("findings_count", &row.findings_count);
        item.value("notes_count", &row.notes_count);
        item.value("revision", &row.revision);
    });
}

fn points(priority: crate::domain::priority::Priority) -> Priority {
    let parts = PriorityParts { due: priority.due, risk: priority.risk, reputation: priority.reputation };
    Priority { total: priority.total, parts }
}
