//! What the owner of a server grants to a version, declines, or takes back.

use serde_json::json;

use super::act::{Act, IfMatch, last_change};
use super::input::{Length, text};
use super::place::{InstallationRef, Site, find_server, manifest, open_site, policy_for};
use super::progress::{drive, or_refused, settle};
use super::refused::Refused;
use super::sight::Viewer;
use crate::domain::consent::{Asked, Revoked, revoke};
use crate::domain::id::InstallationId;
use crate::domain::installation::{Command, Stage, StateName};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{Consent, RevokeScopes};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::store::installations::{self, InstallationRow};
use crate::store::{StoreError, Tx, versions};

/// What the owner answers.
#[derive(Clone, Debug)]
pub struct ConsentGiven {
    /// The installation.
    pub installation: InstallationId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// The answer.
    pub answer: Answer,
}

/// One answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These scopes are granted.
    Grant(ScopeSet),
    /// The version is declined, with the reason.
    Decline(String),
}

/// Grants scopes to the version that waits for them, or more optional ones to the version that runs; or declines the
/// version that waits.
///
/// # Errors
/// [`Refused::Invalid`] for a scope that was never asked for, or where one that is needed is left out.
pub fn consent(tx: &mut Tx, act: &Act, input: &ConsentGiven) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<Consent>(tx, act, &InstallationRef::Id(input.installation))?;
    input.if_match.check(site.row.revision, |_| last_change(tx, "installation", site.row.id))?;
    let waits =
        matches!(site.row.stands.state.next().map(|next| &next.stage), Some(Stage::PermissionValidation { .. }));
    let (action, detail) = match &input.answer {
        Answer::Grant(granted) if waits => {
            let stage = drive(tx, &mut site, None, &Command::Grant(*granted), act.now)?;
            or_refused(&stage)?;
            ("granted", json!({ "granted": granted.names() }))
        }
        Answer::Grant(granted) => {
            grant_more(tx, &mut site, *granted, act.now)?;
            ("granted", json!({ "granted": granted.names() }))
        }
        Answer::Decline(why) => {
            let why = text("/decline", why, Length::needed(REASON_CHARS_MAX))?;
            drive(tx, &mut site, None, &Command::Decline(why.clone()), act.now)?;
            ("declined", json!({ "reason": why }))
        }
    };
    settle(tx, &leave, &mut site, action, &detail, act.now)?;
    Ok(site.row)
}

/// Takes scopes back at any time. A version that cannot do without one of them stops.
///
/// # Errors
/// [`Refused::Invalid`] where the version was never granted one of them.
pub fn revoke_scopes(
    tx: &mut Tx,
    act: &Act,
    installation: InstallationId,
    scopes: ScopeSet,
) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<RevokeScopes>(tx, act, &InstallationRef::Id(installation))?;
    let Some(now) = site.row.stands.state.now().cloned() else {
        return Err(Refused::conflict("nothing_granted", "nothing was granted to this installation yet"));
    };
    let never = scopes.minus(now.granted);
    if scopes.is_empty() || !never.is_empty() {
        let message = format!("it was granted {}, and not {}", listed(now.granted), listed(never));
        return Err(Refused::field("/scopes", "never_granted", message));
    }
    let version = versions::by_id(tx, now.version_id)?
        .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", now.version_id)))?;
    let needed = manifest(&version)?.mandatory_scopes();
    let (left, stops) = match revoke(now.granted, needed, scopes) {
        Revoked::RunsOn(left) => (left, false),
        Revoked::Stops(left) => (left, true),
    };
    site.row.stands.regrant(left)?;
    if stops && site.row.stands.state.name() == StateName::Active {
        let reason = format!("{} was taken back, which {} cannot do without", listed(scopes), now.version);
        site.row.stands.disable(reason, act.now)?;
    }
    let detail = json!({ "revoked": scopes.names(), "left": left.names(), "stops": stops });
    settle(tx, &leave, &mut site, "revoked", &detail, act.now)?;
    Ok(site.row)
}

/// What waits for the consent of a server's owner.
pub fn waiting_for_consent(
    tx: &mut Tx,
    viewer: &Viewer,
    server: &super::place::ServerRef,
) -> Result<Vec<(InstallationRow, Asked)>, Refused> {
    let (server, _) = find_server(tx, viewer, server)?;
    let rows = installations::of_server(tx, server.id)?;
    let waits = |row: InstallationRow| match row.stands.state.next().map(|next| &next.stage) {
        Some(Stage::PermissionValidation { asked, .. }) => {
            let asked = *asked;
            Some((row, asked))
        }
        _ => None,
    };
    Ok(rows.into_iter().filter_map(waits).collect())
}

/// More of what the running version called optional.
fn grant_more(tx: &mut Tx, site: &mut Site, granted: ScopeSet, at: Timestamp) -> Result<(), Refused> {
    let Some(now) = site.row.stands.state.now().cloned() else {
        return Err(Refused::conflict("nothing_under_way", "nothing waits for consent here"));
    };
    let version = versions::by_id(tx, now.version_id)?
        .ok_or_else(|| StoreError::Corrupt(format!("the version {} is gone", now.version_id)))?;
    let manifest = manifest(&version)?;
    let denied = policy_for(tx, &site.server, Some(&site.row.slug), at)?.denied(granted);
    if !denied.is_empty() {
        let message = format!("the policy for this server denies {}", listed(denied));
        return Err(Refused::field("/scopes", "scope_denied", message));
    }
    let asked = Asked::of(manifest.scopes, manifest.optional_scopes, now.granted);
    let all = asked
        .settle(granted.or(now.granted))
        .map_err(|refusal| Refused::field("/scopes", "never_asked", refusal.to_string()))?;
    Ok(site.row.stands.regrant(all)?)
}

fn listed(scopes: ScopeSet) -> String {
    if scopes.is_empty() { "nothing".to_owned() } else { scopes.names().join(", ") }
}
