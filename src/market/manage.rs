//! What those who run a server do to an installation: another version, back again, stop, go on, keep or remove it.

use serde_json::json;

use super::act::{Act, IfMatch, last_change};
use super::along::removed_before_it_was_there;
use super::dependencies::needed_by;
use super::input::{Length, text};
use super::place::{InstallationRef, Site, manifest, open_site, policy_for};
use super::progress::{attempt, or_refused, settle, start};
use super::record::{Subject, record};
use super::refused::Refused;
use super::writing;
use crate::domain::installation::{Follow, Removal, Why};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{
    DisableInstallation, EnableInstallation, RemoveInstallation, RollBackInstallation, SetFollow, UpdateInstallation,
};
use crate::domain::version::VersionNumber;
use crate::store::installations::{self, Freed, InstallationRow};
use crate::store::versions::VersionRow;
use crate::store::{Audience, NewEvent, StoreError, Tx, versions};

/// What a removal frees, and when.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The installation; with its grace in its state, where it has any.
    pub row: InstallationRow,
    /// When it is gone; nothing where it is gone now.
    pub after: Option<crate::domain::time::Timestamp>,
    /// What goes with it.
    pub freed: Freed,
}

/// Brings another version to a server: the one named, or what the channel points at.
///
/// # Errors
/// The reason's own code where a stage refuses at once; nothing changed then.
pub fn update(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
    number: Option<&VersionNumber>,
) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<UpdateInstallation>(tx, act, wanted)?;
    let number = match (number, &site.extension.head) {
        (Some(number), _) => number.clone(),
        (None, Some(head)) => head.number.clone(),
        (None, None) => return Err(Refused::conflict("not_installable", "nothing of it is published")),
    };
    let version = writing::version(tx, &site.extension, &number)?;
    if site.row.stands.state.now().is_some_and(|now| now.version_id == version.id) {
        let detail = format!("{} {number} is what runs on this server", site.row.slug);
        return Err(Refused::conflict("current_already", detail));
    }
    begin(tx, act, &mut site, &version, Why::Update)?;
    settle(tx, &leave, &mut site, "updating", &json!({ "number": number.to_string() }), act.now)?;
    Ok(site.row)
}

/// Brings back the version that a server had before; it is not brought forward again by itself.
///
/// # Errors
/// The conflict `no_previous`, and the reason's own code where a stage refuses at once.
pub fn roll_back(tx: &mut Tx, act: &Act, wanted: &InstallationRef, reason: &str) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<RollBackInstallation>(tx, act, wanted)?;
    let reason = text("/reason", reason, Length::needed(REASON_CHARS_MAX))?;
    let previous = site.row.stands.to_go_back_to()?.clone();
    let version = versions::by_id(tx, previous.version_id)?
        .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", previous.version_id)))?;
    begin(tx, act, &mut site, &version, Why::Rollback)?;
    let detail = json!({ "to": previous.version.to_string(), "reason": reason });
    settle(tx, &leave, &mut site, "rolling_back", &detail, act.now)?;
    Ok(site.row)
}

/// Says what follows when the channel moves.
pub fn set_follow(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
    follow: Follow,
    if_match: IfMatch,
) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<SetFollow>(tx, act, wanted)?;
    if_match.check(site.row.revision, |_| last_change(tx, "installation", site.row.id))?;
    site.row.follow = follow;
    if follow == Follow::Automatic {
        site.row.stands.refused = None;
        super::rollout::look_again(tx, site.extension.id, act.now)?;
    }
    settle(tx, &leave, &mut site, "follow", &json!({ "follow": follow.name() }), act.now)?;
    Ok(site.row)
}

/// Lets run what was stopped, or keeps what was to be removed.
///
/// # Errors
/// The conflict `scopes_missing` where what it cannot do without was taken back.
pub fn enable(tx: &mut Tx, act: &Act, wanted: &InstallationRef) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<EnableInstallation>(tx, act, wanted)?;
    if let Some(now) = site.row.stands.state.now() {
        let version = versions::by_id(tx, now.version_id)?
            .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", now.version_id)))?;
        let missing = manifest(&version)?.mandatory_scopes().minus(now.granted);
        if !missing.is_empty() {
            let detail = format!("{} was taken back; grant it again first", missing.names().join(", "));
            return Err(Refused::conflict("scopes_missing", detail));
        }
    }
    site.row.stands.enable()?;
    settle(tx, &leave, &mut site, "enabled", &json!({}), act.now)?;
    Ok(site.row)
}

/// Stops an installation.
pub fn disable(tx: &mut Tx, act: &Act, wanted: &InstallationRef, reason: &str) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<DisableInstallation>(tx, act, wanted)?;
    let reason = text("/reason", reason, Length::needed(REASON_CHARS_MAX))?;
    site.row.stands.disable(reason.clone(), act.now)?;
    settle(tx, &leave, &mut site, "disabled", &json!({ "reason": reason }), act.now)?;
    Ok(site.row)
}

/// Begins a removal; what has nothing to keep is gone at once.
///
/// # Errors
/// The conflict `needed_by_others` where another extension on the server cannot do without it.
pub fn remove(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
    reason: &str,
    if_match: IfMatch,
) -> Result<Removed, Refused> {
    let (mut site, leave) = open_site::<RemoveInstallation>(tx, act, wanted)?;
    if_match.check(site.row.revision, |_| last_change(tx, "installation", site.row.id))?;
    let reason: String = reason.trim().chars().take(REASON_CHARS_MAX).collect();
    check_needed(tx, &site)?;
    let waits = policy_for(tx, &site.server, Some(&site.row.slug), act.now)?.installations;
    match site.row.stands.remove(reason.clone(), &waits, act.now)? {
        Removal::After(until) => {
            let freed = installations::kept(tx, site.row.id)?;
            let detail = json!({ "reason": reason, "until": until.to_string() });
            settle(tx, &leave, &mut site, "removing", &detail, act.now)?;
            Ok(Removed { row: site.row, after: Some(until), freed })
        }
        Removal::AtOnce => {
            removed_before_it_was_there(tx, &mut site, act.now)?;
            let freed = installations::delete(tx, site.row.id)?;
            let detail = json!({
                "reason": reason,
                "slug": site.row.slug,
                "freed": freed_as_json(&freed),
                "taken_back": site.taken_back,
            });
            record(tx, &leave, &Subject::Installation(site.row.id), &detail, act.now);
            tell_removed(tx, &site, &freed);
            Ok(Removed { row: site.row, after: None, freed })
        }
    }
}

/// What was freed, for the audit log and for those who are told.
pub(super) fn freed_as_json(freed: &Freed) -> serde_json::Value {
    json!({ "configs": freed.configs, "secrets": freed.secrets, "flags": freed.flags, "stages": freed.steps })
}

/// Tells everybody concerned that an installation is gone for good.
pub(super) fn tell_removed(tx: &mut Tx, site: &Site, freed: &Freed) {
    let body = json!({
        "action": "removed",
        "installation_id": site.row.id.to_string(),
        "server_id": site.server.id.to_string(),
        "guild": site.server.guild.as_str(),
        "extension_id": site.extension.id.to_string(),
        "slug": site.row.slug,
        "freed": freed_as_json(freed),
    });
    let people = site.server.managers.iter().copied().chain([site.server.owner, site.instance.account]);
    tx.event(NewEvent { topic: "installation", audience: Audience::maintainers_and(people), body });
}

fn begin(tx: &mut Tx, act: &Act, site: &mut Site, version: &VersionRow, why: Why) -> Result<(), Refused> {
    let attempt = attempt(site, version, why, act.now);
    site.row.stands.begin(attempt)?;
    let stage = start(tx, site, act.now)?;
    or_refused(&stage)
}

fn check_needed(tx: &mut Tx, site: &Site) -> Result<(), Refused> {
    // What is not there yet is refused with everything that waits for it.
    if site.row.stands.state.now().is_none() {
        return Ok(());
    }
    let others = needed_by(tx, site.server.id, &site.extension.slug, site.row.id)?;
    if others.is_empty() {
        return Ok(());
    }
    let by: Vec<String> = others.into_iter().map(|other| other.slug).collect();
    let detail = format!("{} cannot do without {}; remove that first", by.join(", "), site.row.slug);
    Err(Refused::conflict("needed_by_others", detail))
}
