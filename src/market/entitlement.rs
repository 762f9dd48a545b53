//! Who may run a premium extension: whoever bought it and did not take that back, its owner, and servers that had it before
//! it cost anything.

use super::refused::Refused;
use crate::domain::extension::Tier;
use crate::domain::id::{AccountId, InstanceId};
use crate::domain::installation::Why;
use crate::domain::time::Timestamp;
use crate::store::extensions::ExtensionRow;
use crate::store::versions::VersionRow;
use crate::store::{StoreError, Tx, extensions, purchases};

/// Whether an account may have an extension on its servers.
pub(super) fn is_entitled(tx: &mut Tx, extension: &ExtensionRow, account: AccountId) -> Result<bool, StoreError> {
    let costs = extension.tier != Tier::Free && extension.owner != account;
    Ok(!costs || purchases::live(tx, account, extension.id)?.is_some())
}

/// Whether an installation was there before the extension cost anything: it keeps what it has.
pub(super) fn had_it_free(tx: &mut Tx, extension: &ExtensionRow, installed_at: Timestamp) -> Result<bool, StoreError> {
    Ok(purchases::premium_since(tx, extension.id)?.is_some_and(|since| installed_at < since))
}

/// Whether the owner of a server may be brought a version now, for this reason: going back to what was there before is
/// free for those who had it free.
pub(super) fn may_be_brought(
    tx: &mut Tx,
    extension: &ExtensionRow,
    (owner, installed_at): (AccountId, Timestamp),
    why: Why,
) -> Result<bool, StoreError> {
    if is_entitled(tx, extension, owner)? {
        return Ok(true);
    }
    Ok(matches!(why, Why::Rollback | Why::Recall) && had_it_free(tx, extension, installed_at)?)
}

/// Whether an instance may have the code of a version: one of its servers has it or is getting it, and is entitled.
pub fn instance_may_have(tx: &mut Tx, instance: InstanceId, version: &VersionRow) -> Result<bool, Refused> {
    let holders = purchases::holders(tx, instance, version.id)?;
    if holders.is_empty() {
        return Ok(false);
    }
    let Some(extension) = extensions::by_id(tx, version.extension)? else { return Ok(false) };
    for (owner, installed_at) in holders {
        if is_entitled(tx, &extension, owner)? || had_it_free(tx, &extension, installed_at)? {
            return Ok(true);
        }
    }
    Ok(false)
}
