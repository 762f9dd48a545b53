//! Starting a new version from one that was rejected or withdrawn.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::record::{Subject, record, tell_version};
use super::refused::Refused;
use super::sight::find;
use super::writing::{VersionRef, check_number, version};
use crate::domain::id::VersionId;
use crate::domain::json::Json;
use crate::domain::permit::ReviseVersion;
use crate::domain::stage::{Command, Outcome, Stage, decide};
use crate::domain::version::VersionNumber;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx};

/// Which version is revised, and as which number.
#[derive(Clone, Debug)]
pub struct Revise {
    /// The old version.
    pub version: VersionRef,
    /// The new version's number.
    pub number: VersionNumber,
    /// The old version's revision.
    pub if_match: IfMatch,
}

/// Makes a draft with the old version's package and code, linked to it.
///
/// # Errors
/// The conflicts `draft_exists`, `number_taken` and `number_spent`; [`Refused::Stage`] for other stages.
pub fn revise(tx: &mut Tx, act: &Act, input: &Revise) -> Result<VersionRow, Refused> {
    let extension = find(tx, &act.viewer(), &input.version.extension)?;
    let leave = leave_for::<ReviseVersion>(tx, act, &extension)?;
    let old = version(tx, &extension, &input.version.number)?;
    input.if_match.check(old.revision, |_| last_change(tx, "version", old.id))?;
    match decide(&old.stage, &Command::Revise, &leave.actor(extension.owner), &leave.policy, act.now)? {
        Outcome::NewDraft => {}
        Outcome::Becomes(_) => return Err(Refused::conflict("stage_conflict", "this version cannot be revised")),
    }
    if let Some(draft) = versions::draft(tx, extension.id)? {
        let detail = format!("{} has the draft {}; save it first", extension.slug, draft.number);
        return Err(Refused::conflict("draft_exists", detail));
    }
    check_number(tx, &extension, &input.number, None)?;
    let row = VersionRow {
        id: VersionId::mint(act.now, &mut act.entropy()),
        number: input.number.clone(),
        stage: Stage::Draft,
        document: renumbered(&old.document, &input.number)?,
        parent: Some(old.id),
        submitted_ever: false,
        published_at: None,
        created_at: act.now,
        updated_at: act.now,
        revision: 1,
        ..old
    };
    versions::insert(tx, &row)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "from": input.version.number.to_string(),
        "number": row.number.to_string(),
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_version(tx, "revised", &extension, &row, &leave.name());
    Ok(row)
}

/// The stored document with another number in it.
fn renumbered(document: &str, number: &VersionNumber) -> Result<String, Refused> {
    let damaged = |what: String| StoreError::Corrupt(format!("a version's document: {what}"));
    let mut json = Json::parse(document.as_bytes()).map_err(|fault| damaged(fault.to_string()))?;
    let version = json.get_mut("extension").and_then(|extension| extension.get_mut("version"));
    version.ok_or_else(|| damaged("no version in it".to_owned()))?.set("number", Json::text(number.to_string()));
    Ok(json.to_compact())
}
