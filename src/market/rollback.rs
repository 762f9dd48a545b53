//! Pointing the channel back at an older version.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::input::{Length, text};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::find;
use super::writing::{VersionRef, version};
use crate::domain::extension::ChannelRevision;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::RollBack;
use crate::domain::stage::Stage;
use crate::store::extensions::{self, ExtensionRow, Head};
use crate::store::{Tx, channels};

/// Which version the channel is to point at, and why.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The version; published before the one that the channel points at.
    pub version: VersionRef,
    /// The extension's revision that was seen.
    pub if_match: IfMatch,
    /// Why.
    pub reason: String,
}

/// Appends a channel revision that points at an older published version.
///
/// # Errors
/// The conflict `not_installable` where that version is not published, or is yanked or held back.
pub fn rollback(tx: &mut Tx, act: &Act, input: &Rollback) -> Result<ExtensionRow, Refused> {
    let mut extension = find(tx, &act.viewer(), &input.version.extension)?;
    let leave = leave_for::<RollBack>(tx, act, &extension)?;
    input.if_match.check(extension.revision, |_| last_change(tx, "extension", extension.id))?;
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let row = version(tx, &extension, &input.version.number)?;
    let sound = matches!(row.stage, Stage::Published { yanked: None, .. }) && !extension.listing.withholds(&row.number);
    let Some(head) = extension.head.clone().filter(|_| sound) else {
        let detail = format!("{} {} is not published, or is yanked or held back", extension.slug, row.number);
        return Err(Refused::conflict("not_installable", detail));
    };
    if row.number >= head.number {
        let detail = format!("the channel points at {}, and {} is not older", head.number, row.number);
        return Err(Refused::conflict("not_older", detail));
    }
    let revision = head.revision + 1;
    let appended = ChannelRevision {
        number: revision.unsigned_abs(),
        version: row.number.clone(),
        version_id: row.id,
        reason: reason.clone(),
        by: leave.account()?.id,
        at: act.now,
    };
    channels::append(tx, extension.id, &appended)?;
    extension.head = Some(Head { version: row.id, number: row.number.clone(), revision });
    extensions::update(tx, &mut extension, act.now)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "from": head.number.to_string(),
        "to": row.number.to_string(),
        "channel_revision": revision,
        "reason": reason,
    });
    record(tx, &leave, &Subject::Extension(extension.id), &detail, act.now);
    tell_extension(tx, "rolled_back", &extension, &leave.name());
    super::rollout::moved(tx, &extension, act.now)?;
    super::notice::notify(tx, act, &extension, "rolled_back", &detail)?;
    Ok(extension)
}
