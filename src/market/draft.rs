//! Writing the draft: the one version of an extension that can still change.

use serde_json::json;

use super::act::{Act, IfMatch, Leave, last_change, leave_for};
use super::record::{Subject, record, tell_version};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use super::writing::{check_number, keep_code, new_version, put_package};
use crate::domain::id::VersionId;
use crate::domain::package::Package;
use crate::domain::permit::WriteDraft;
use crate::domain::stage::{Command, Stage, decide};
use crate::store::extensions::ExtensionRow;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoredBlob, Tx};

/// A package that was judged whole, to become the draft.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The extension.
    pub extension: ExtensionRef,
    /// The package; its number is the draft's.
    pub package: Package,
    /// Its code.
    pub blob: StoredBlob,
    /// The revision of the draft, or of the saved version that is edited.
    pub if_match: IfMatch,
}

/// Puts a package into the draft. A saved version of the same number that was never submitted becomes the draft; else
/// a new version is begun where there is no draft.
///
/// # Errors
/// The conflicts `number_taken` and `number_spent`; [`Refused::Precondition`] where the draft changed meanwhile.
pub fn draft(tx: &mut Tx, act: &Act, input: &Draft) -> Result<VersionRow, Refused> {
    let extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<WriteDraft>(tx, act, &extension)?;
    let replaced = replaced(tx, &extension, input, &leave, act)?;
    let own = replaced.as_ref().map(|row| row.id);
    check_number(tx, &extension, &input.package.manifest.number, own)?;
    let code = keep_code(tx, &input.package, &input.blob, &leave.policy, act.now)?;
    let row = if let Some(mut row) = replaced {
        row.stage = Stage::Draft;
        put_package(&mut row, &input.package, code);
        versions::update(tx, &mut row, act.now)?;
        row
    } else {
        let id = VersionId::mint(act.now, &mut act.entropy());
        let row = new_version(id, extension.id, &input.package, code, Stage::Draft, act.now);
        versions::insert(tx, &row)?;
        row
    };
    let detail = json!({
        "slug": extension.slug.as_str(),
        "number": row.number.to_string(),
        "sha256": code.sha256.to_string(),
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_version(tx, "drafted", &extension, &row, &leave.name());
    Ok(row)
}

/// The row that the package takes the place of.
fn replaced(
    tx: &mut Tx,
    extension: &ExtensionRow,
    input: &Draft,
    leave: &Leave<WriteDraft>,
    act: &Act,
) -> Result<Option<VersionRow>, Refused> {
    let draft = versions::draft(tx, extension.id)?;
    let row = match draft {
        Some(draft) => Some(draft),
        None => versions::by_number(tx, extension.id, &input.package.manifest.number)?
            .filter(|row| row.stage == Stage::Saved && !row.submitted_ever),
    };
    let (id, revision) = row.as_ref().map_or((None, 0), |row| (Some(row.id), row.revision));
    input.if_match.check(revision, |_| id.map_or(Ok(Vec::new()), |id| last_change(tx, "version", id)))?;
    if let Some(saved) = row.as_ref().filter(|row| row.stage == Stage::Saved) {
        let actor = leave.actor(extension.owner);
        decide(&saved.stage, &Command::Edit, &actor, &leave.policy, act.now)?;
    }
    Ok(row)
}
