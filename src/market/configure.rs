//! What an installation is given: its configuration, its secrets, and feature flags for this one server.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::act::{Act, IfMatch};
use super::place::{InstallationRef, Site, manifest, open_site};
use super::progress::{log, settle};
use super::refused::Refused;
use crate::domain::config;
use crate::domain::fault::Faults;
use crate::domain::id::InstallationId;
use crate::domain::limits::SECRETS_MAX;
use crate::domain::manifest::{FlagDefault, Manifest};
use crate::domain::permit::{Configure, SetFlags, SetSecret, SetVersionFlags, TakeSecret};
use crate::domain::secret::{Origin, Sealed, SecretName};
use crate::store::configs::{self, ConfigRow};
use crate::store::extensions::ExtensionRow;
use crate::store::secrets::{self, SecretRow};
use crate::store::versions::VersionRow;
use crate::store::{StoreError, Tx, flags, versions};

/// A secret that was encrypted outside the transaction.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// What it is called.
    pub name: SecretName,
    /// The encrypted text.
    pub sealed: Sealed,
    /// Where it may be sent to.
    pub origins: Vec<Origin>,
}

/// Sets the configuration, judged by the schema of the version that runs, or that is coming where none runs.
///
/// # Errors
/// [`Refused::Invalid`] with every fault; [`Refused::Precondition`] where another configuration came meanwhile.
pub fn configure(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
    document: &Value,
    if_match: IfMatch,
) -> Result<ConfigRow, Refused> {
    let (mut site, leave) = open_site::<Configure>(tx, act, wanted)?;
    let current = configs::current(tx, site.row.id)?;
    let revision = current.as_ref().map_or(0, |config| config.revision);
    if_match.check(revision, |_| Ok(Vec::new()))?;
    let (_, manifest) = running(tx, &site)?;
    config::judge(manifest.config_schema.as_ref(), document).map_err(Refused::Invalid)?;
    let row = ConfigRow {
        revision: revision + 1,
        document: document.to_string(),
        version: manifest.number.to_string(),
        by: leave.account.as_ref().map(|account| account.id),
        at: act.now,
    };
    configs::append(tx, site.row.id, &row)?;
    // A version that was refused for its configuration may fit now.
    site.row.stands.refused = None;
    super::rollout::look_again(tx, site.extension.id, act.now)?;
    settle(tx, &leave, &mut site, "configured", &json!({ "config_revision": row.revision }), act.now)?;
    Ok(row)
}

/// Sets a secret. Nobody but the instance that serves the server ever gets it again.
///
/// # Errors
/// The conflict `too_many_secrets`.
pub fn set_secret(tx: &mut Tx, act: &Act, wanted: &InstallationRef, secret: &NewSecret) -> Result<SecretRow, Refused> {
    let (site, leave) = open_site::<SetSecret>(tx, act, wanted)?;
    let there = secrets::list(tx, site.row.id)?;
    if there.len() >= SECRETS_MAX && !there.iter().any(|known| known.name == secret.name) {
        let detail = format!("an installation has at most {SECRETS_MAX} secrets; remove one first");
        return Err(Refused::conflict("too_many_secrets", detail));
    }
    let row = SecretRow {
        name: secret.name.clone(),
        sealed: secret.sealed.clone(),
        origins: secret.origins.clone(),
        by: leave.account.as_ref().map(|account| account.id),
        at: act.now,
    };
    secrets::put(tx, site.row.id, &row)?;
    let origins: Vec<&str> = row.origins.iter().map(Origin::as_str).collect();
    let detail = json!({ "secret": row.name.as_str(), "origins": origins });
    log(tx, &leave, &site, "secret_set", &detail, act.now)?;
    Ok(row)
}

/// Removes a secret.
pub fn remove_secret(tx: &mut Tx, act: &Act, wanted: &InstallationRef, name: &SecretName) -> Result<(), Refused> {
    let (site, leave) = open_site::<SetSecret>(tx, act, wanted)?;
    if !secrets::delete(tx, site.row.id, name)? {
        return Err(Refused::NotFound("secret"));
    }
    log(tx, &leave, &site, "secret_removed", &json!({ "secret": name.as_str() }), act.now)
}

/// Gives a secret, still encrypted, to the instance that serves the server; each time is in the audit log.
pub fn take_secret(
    tx: &mut Tx,
    act: &Act,
    installation: InstallationId,
    name: &SecretName,
) -> Result<SecretRow, Refused> {
    let (site, leave) = open_site::<TakeSecret>(tx, act, &InstallationRef::Id(installation))?;
    let row = secrets::get(tx, site.row.id, name)?.ok_or(Refused::NotFound("secret"))?;
    let detail = json!({ "secret": name.as_str(), "slug": site.row.slug });
    super::record::record(tx, &leave, &super::record::Subject::Installation(installation), &detail, act.now);
    Ok(row)
}

/// Sets feature flags for one server, in the place of all that were set.
///
/// # Errors
/// [`Refused::Invalid`] for flags that the version does not have.
pub fn set_flags(
    tx: &mut Tx,
    act: &Act,
    wanted: &InstallationRef,
    values: &BTreeMap<String, bool>,
) -> Result<Site, Refused> {
    let (mut site, leave) = open_site::<SetFlags>(tx, act, wanted)?;
    let (_, manifest) = running(tx, &site)?;
    check_flags(&manifest, values.keys())?;
    flags::set_for_installation(tx, site.row.id, values)?;
    settle(tx, &leave, &mut site, "flags", &json!({ "flags": values }), act.now)?;
    Ok(site)
}

/// Sets the feature flags of a version, in the place of all that were set.
///
/// # Errors
/// [`Refused::Invalid`] for flags that the version does not have, and shares beyond a hundred.
pub fn set_version_flags(
    tx: &mut Tx,
    act: &Act,
    wanted: &super::writing::VersionRef,
    values: &BTreeMap<String, FlagDefault>,
) -> Result<(ExtensionRow, VersionRow), Refused> {
    let extension = super::sight::find(tx, &act.viewer(), &wanted.extension)?;
    let leave = super::act::leave_for::<SetVersionFlags>(tx, act, &extension)?;
    let version = super::writing::version(tx, &extension, &wanted.number)?;
    check_flags(&manifest(&version)?, values.keys())?;
    let mut faults = Faults::none();
    for (name, value) in values {
        if matches!(value, FlagDefault::Percentage(share) if *share > 100) {
            let pointer = crate::domain::json::pointer_to("/flags", name);
            faults.add(pointer, "out_of_range", "a share of the servers is 0 to 100");
        }
    }
    if !faults.is_empty() {
        return Err(Refused::Invalid(faults.into_list()));
    }
    flags::set_for_version(tx, version.id, values)?;
    let detail = json!({ "slug": extension.slug.as_str(), "number": version.number.to_string(), "flags": values });
    super::record::record(tx, &leave, &super::record::Subject::Version(version.id), &detail, act.now);
    super::record::tell_version(tx, "flags", &extension, &version, &leave.name());
    super::notice::tell_instances(tx, &extension, "flags", &json!({ "number": version.number.to_string() }))?;
    Ok((extension, version))
}

/// The version that runs, or that is coming where none runs, with its manifest.
pub(super) fn running(tx: &mut Tx, site: &Site) -> Result<(VersionRow, Manifest), Refused> {
    let state = &site.row.stands.state;
    let id = state.now().map(|now| now.version_id).or_else(|| state.next().map(|next| next.version_id));
    let id =
        id.ok_or_else(|| Refused::conflict("installation_state", "nothing is installed here; install it again"))?;
    let version = versions::by_id(tx, id)?.ok_or_else(|| StoreError::Corrupt(format!("the version {id} is gone")))?;
    let manifest = manifest(&version)?;
    Ok((version, manifest))
}

fn check_flags<'a>(manifest: &Manifest, names: impl Iterator<Item = &'a String>) -> Result<(), Refused> {
    let mut faults = Faults::none();
    for name in names.filter(|name| !manifest.flags.contains_key(*name)) {
        let known: Vec<&str> = manifest.flags.keys().map(String::as_str).collect();
        let pointer = crate::domain::json::pointer_to("/flags", name);
        let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        faults.add(pointer, "unknown_flag", format!("{} has no such flag; it has {has}", manifest.number));
    }
    if faults.is_empty() { Ok(()) } else { Err(Refused::Invalid(faults.into_list())) }
}
