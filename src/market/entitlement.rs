//! Who may run a premium extension: whoever bought it and did not take that back, its owner, and servers that had it before
//! it cost anything.

use super::place::{InstallationRef, find_installation, policy_for};
use super::refused::Refused;
use super::sight::Viewer;
use crate::domain::digest::Sha256Digest;
use crate::domain::entitlement::Grant;
use crate::domain::extension::Tier;
use crate::domain::id::{AccountId, InstanceId};
use crate::domain::installation::Why;
use crate::domain::permit::Denied;
use crate::domain::server::ServerRelation;
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

/// What is granted to the instance that serves a server, for as long as the policy lets it go on without asking.
///
/// # Errors
/// The conflicts `free`, where nothing has to be granted, and `not_entitled`.
pub fn grant_of(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &InstallationRef,
    (key, now): (Sha256Digest, Timestamp),
) -> Result<Grant, Refused> {
    let (site, relation) = find_installation(tx, viewer, wanted)?;
    if relation == ServerRelation::Stranger && !viewer.is_administrator() {
        return Err(Denied::NotInstance.into());
    }
    let (extension, server) = (&site.extension, &site.server);
    if extension.tier == Tier::Free {
        return Err(Refused::conflict("free", format!("{} costs nothing, and runs without a grant", extension.slug)));
    }
    if !is_entitled(tx, extension, server.owner)? && !had_it_free(tx, extension, site.row.created_at)? {
        let detail = format!("the owner of this server has not bought {}, or took that back", extension.slug);
        return Err(Refused::conflict("not_entitled", detail));
    }
    let policy = policy_for(tx, server, Some(extension.slug.as_str()), now)?;
    Ok(Grant {
        extension_id: extension.id,
        slug: extension.slug.clone(),
        server_id: server.id,
        instance_id: server.instance,
        account_id: server.owner,
        issued_at: now,
        expires_at: now.plus_ms(policy.premium.grant_ms),
        key,
    })
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
