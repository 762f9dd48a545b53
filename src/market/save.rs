//! Completing the draft.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::record::{Subject, record, tell_version};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::permit::SaveVersion;
use crate::domain::stage::{Command, Outcome, decide};
use crate::store::Tx;
use crate::store::versions::{self, VersionRow};

/// Saves the extension's draft as a version that can be submitted.
///
/// # Errors
/// The conflict `no_draft`; [`Refused::Precondition`] where the draft changed meanwhile.
pub fn save(tx: &mut Tx, act: &Act, extension: &ExtensionRef, if_match: IfMatch) -> Result<VersionRow, Refused> {
    let extension = find(tx, &act.viewer(), extension)?;
    let leave = leave_for::<SaveVersion>(tx, act, &extension)?;
    let Some(mut row) = versions::draft(tx, extension.id)? else {
        return Err(Refused::conflict("no_draft", format!("{} has no draft; put one first", extension.slug)));
    };
    if_match.check(row.revision, |_| last_change(tx, "version", row.id))?;
    match decide(&row.stage, &Command::Save, &leave.actor(extension.owner), &leave.policy, act.now)? {
        Outcome::Becomes(stage) => row.stage = stage,
        Outcome::NewDraft => return Err(Refused::conflict("stage_conflict", "a draft cannot be revised")),
    }
    versions::update(tx, &mut row, act.now)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "number": row.number.to_string(),
        "sha256": row.code.sha256.to_string(),
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_version(tx, "saved", &extension, &row, &leave.name());
    Ok(row)
}
