//! Deleting an extension that was never published.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::permit::DeleteExtension;
use crate::store::{Tx, extensions, reviews};

/// Deletes an extension with its versions and ended reviews; numbers that were submitted stay spent under its slug.
///
/// # Errors
/// The conflicts `published` and `in_review`.
pub fn delete(tx: &mut Tx, act: &Act, extension: &ExtensionRef, if_match: IfMatch) -> Result<(), Refused> {
    let row = find(tx, &act.viewer(), extension)?;
    let leave = leave_for::<DeleteExtension>(tx, act, &row)?;
    if_match.check(row.revision, |_| last_change(tx, "extension", row.id))?;
    if row.head.is_some() {
        let detail = format!("{} was published and cannot be deleted; yank its versions or unlist it", row.slug);
        return Err(Refused::conflict("published", detail));
    }
    if let Some(open) = reviews::open_of_extension(tx, row.id)?.first() {
        let detail = format!("{} {} waits for review; withdraw it first", row.slug, open.number);
        return Err(Refused::conflict("in_review", detail));
    }
    extensions::delete(tx, row.id)?;
    let detail = json!({ "slug": row.slug.as_str(), "name": row.name.as_str() });
    record(tx, &leave, &Subject::Extension(row.id), &detail, act.now);
    tell_extension(tx, "deleted", &row, &leave.name());
    Ok(())
}
