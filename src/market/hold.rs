//! Holding versions of an extension back, and letting go of them.

use semver::VersionReq;
use serde_json::json;

use super::act::{Act, IfMatch, Leave, last_change, leave_for};
use super::input::{Length, text};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::account::Role;
use crate::domain::extension::{Hold, Listing};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{Action, Block, Denied, Quarantine, Release};
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::extensions::{self, ExtensionRow};

/// What is held back, and why.
#[derive(Clone, Debug)]
pub struct HoldBack {
    /// The extension.
    pub extension: ExtensionRef,
    /// The extension's revision that was seen.
    pub if_match: IfMatch,
    /// The versions; none is all of them.
    pub range: Option<VersionReq>,
    /// Why.
    pub reason: String,
}

/// What is no longer held back, and why.
#[derive(Clone, Debug)]
pub struct LetGo {
    /// The extension.
    pub extension: ExtensionRef,
    /// The extension's revision that was seen.
    pub if_match: IfMatch,
    /// Why.
    pub reason: String,
}

/// Quarantines versions: nobody new gets them, what is installed runs on.
///
/// # Errors
/// The conflict `blocked` where an administrator has blocked the extension.
pub fn quarantine(tx: &mut Tx, act: &Act, input: &HoldBack) -> Result<ExtensionRow, Refused> {
    let row = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<Quarantine>(tx, act, &row)?;
    if let Listing::Blocked(hold) = &row.listing {
        let detail = format!("{} is blocked already: {}", row.slug, hold.reason);
        return Err(Refused::conflict("blocked", detail));
    }
    let hold = hold_of(&leave, input, act.now)?;
    let reason = hold.reason.clone();
    set(tx, act, row, &leave, input.if_match, Listing::Quarantined(hold), &reason)
}

/// Blocks versions: hosts stop running them.
pub fn block(tx: &mut Tx, act: &Act, input: &HoldBack) -> Result<ExtensionRow, Refused> {
    let row = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<Block>(tx, act, &row)?;
    let hold = hold_of(&leave, input, act.now)?;
    let reason = hold.reason.clone();
    set(tx, act, row, &leave, input.if_match, Listing::Blocked(hold), &reason)
}

/// Lifts a quarantine or a block; a block only administrators can lift. The extension is listed again.
///
/// # Errors
/// The conflict `not_held`.
pub fn let_go(tx: &mut Tx, act: &Act, input: &LetGo) -> Result<ExtensionRow, Refused> {
    let row = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<Release>(tx, act, &row)?;
    if row.listing.hold().is_none() {
        return Err(Refused::conflict("not_held", format!("{} is not held back", row.slug)));
    }
    let administers = leave.account.as_ref().is_none_or(|account| account.role >= Role::Administrator);
    if matches!(row.listing, Listing::Blocked(_)) && !administers {
        return Err(Denied::RoleTooLow(Role::Administrator).into());
    }
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    set(tx, act, row, &leave, input.if_match, Listing::Listed, &reason)
}

fn hold_of<A: Action>(leave: &Leave<A>, input: &HoldBack, now: Timestamp) -> Result<Hold, Refused> {
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    Ok(Hold { range: input.range.clone(), reason, by: leave.account()?.id, at: now })
}

fn set<A: Action>(
    tx: &mut Tx,
    act: &Act,
    mut row: ExtensionRow,
    leave: &Leave<A>,
    if_match: IfMatch,
    listing: Listing,
    reason: &str,
) -> Result<ExtensionRow, Refused> {
    if_match.check(row.revision, |_| last_change(tx, "extension", row.id))?;
    row.listing = listing;
    extensions::update(tx, &mut row, act.now)?;
    let hold = row.listing.hold();
    let detail = json!({
        "slug": row.slug.as_str(),
        "listing": row.listing.name(),
        "range": hold.and_then(|hold| hold.range.as_ref()).map(ToString::to_string),
        "reason": reason,
    });
    record(tx, leave, &Subject::Extension(row.id), &detail, act.now);
    tell_extension(tx, row.listing.name(), &row, &leave.name());
    super::notice::notify(tx, act, &row, row.listing.name(), &detail)?;
    Ok(row)
}
