//! Letting nobody new have a published version, and taking that back.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::input::{Length, text};
use super::record::{Subject, record, tell_extension, tell_version};
use super::refused::Refused;
use super::sight::find;
use super::writing::{VersionRef, version};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::YankVersion;
use crate::domain::stage::{Command, Outcome, decide};
use crate::store::Tx;
use crate::store::versions::{self, VersionRow};

/// Which version is yanked, and why.
#[derive(Clone, Debug)]
pub struct Yank {
    /// The version.
    pub version: VersionRef,
    /// Its revision that was seen.
    pub if_match: IfMatch,
    /// Why.
    pub reason: String,
}

/// Yanks a published version: what is installed stays, nobody new gets it.
pub fn yank(tx: &mut Tx, act: &Act, input: &Yank) -> Result<VersionRow, Refused> {
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    turn(tx, act, &input.version, input.if_match, &Command::Yank { reason })
}

/// Takes a yank back.
pub fn unyank(tx: &mut Tx, act: &Act, input: &VersionRef, if_match: IfMatch) -> Result<VersionRow, Refused> {
    turn(tx, act, input, if_match, &Command::Unyank)
}

fn turn(
    tx: &mut Tx,
    act: &Act,
    wanted: &VersionRef,
    if_match: IfMatch,
    command: &Command,
) -> Result<VersionRow, Refused> {
    let extension = find(tx, &act.viewer(), &wanted.extension)?;
    let leave = leave_for::<YankVersion>(tx, act, &extension)?;
    let mut row = version(tx, &extension, &wanted.number)?;
    if_match.check(row.revision, |_| last_change(tx, "version", row.id))?;
    match decide(&row.stage, command, &leave.actor(extension.owner), &leave.policy, act.now)? {
        Outcome::Becomes(stage) => row.stage = stage,
        Outcome::NewDraft => return Err(Refused::conflict("stage_conflict", "a published version cannot be revised")),
    }
    versions::update(tx, &mut row, act.now)?;
    let reason = if let Command::Yank { reason } = command { Some(reason.as_str()) } else { None };
    let detail = json!({
        "slug": extension.slug.as_str(),
        "number": row.number.to_string(),
        "done": command.participle(),
        "reason": reason,
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_version(tx, command.participle(), &extension, &row, &leave.name());
    tell_extension(tx, command.participle(), &extension, &leave.name());
    Ok(row)
}
