//! Giving a version out as a package.

use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use super::writing::version;
use crate::domain::extension::Tier;
use crate::domain::package::{Exported, Package};
use crate::domain::stage::{Stage, StageName};
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::ExtensionRow;
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, reviews};

/// A version that the viewer may have; its code is to be fetched by `version.code.sha256`.
#[derive(Clone, Debug)]
pub struct Export {
    /// The extension.
    pub extension: ExtensionRow,
    /// The version.
    pub version: VersionRow,
}

/// Finds the version to export. With a number: that one. Without: the owner gets the newest in any stage, everyone else
/// what the channel points at.
///
/// # Errors
/// [`Refused::NotFound`] for what the viewer may not see; the conflicts `yanked`, `held` and `premium`.
pub fn export(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
    number: Option<&VersionNumber>,
) -> Result<Export, Refused> {
    let extension = find(tx, viewer, extension)?;
    let owns = viewer.account() == Some(extension.owner);
    let version = match (number, &extension.head) {
        (Some(number), _) => version(tx, &extension, number)?,
        (None, _) if owns => versions::list(tx, extension.id)?
            .into_iter()
            .max_by_key(|row| row.id)
            .ok_or(Refused::NotFound("version"))?,
        (None, Some(head)) => versions::by_id(tx, head.version)?.ok_or(Refused::NotFound("version"))?,
        (None, None) => return Err(Refused::NotFound("version")),
    };
    if !owns {
        check_may_have(tx, viewer, &extension, &version)?;
    }
    Ok(Export { extension, version })
}

impl Export {
    /// The package as a `.skypkg` document, from the code that was fetched.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where document and code do not make a package any more.
    pub fn package(&self, code: Vec<u8>, now: Timestamp) -> Result<Vec<u8>, Refused> {
        let package = Package::assemble(&self.version.document, code).map_err(|faults| {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            StoreError::Corrupt(format!("version {} is no package any more: {first}", self.version.id))
        })?;
        let row = &self.extension;
        let exported = Exported {
            exported_at: now,
            number: self.version.number.clone(),
            original_id: row.id,
            original_owner: row.owner,
        };
        Ok(package.with_details(&row.name, &row.description, &row.tags, row.tier).export(&exported))
    }
}

/// Whether someone who does not own the extension may have the version.
fn check_may_have(tx: &mut Tx, viewer: &Viewer, extension: &ExtensionRow, version: &VersionRow) -> Result<(), Refused> {
    if viewer.is_maintainer() {
        let private = matches!(version.stage.name(), StageName::Draft | StageName::Saved);
        let reviewed = !private || reviews::newest_of_version(tx, version.id)?.is_some();
        return if reviewed { Ok(()) } else { Err(Refused::NotFound("version")) };
    }
    let Stage::Published { yanked, .. } = &version.stage else { return Err(Refused::NotFound("version")) };
    let named = format!("{} {}", extension.slug, version.number);
    if let Some(reason) = yanked {
        return Err(Refused::conflict("yanked", format!("{named} was yanked: {reason}")));
    }
    if extension.listing.withholds(&version.number) {
        return Err(Refused::conflict("held", format!("{named} is held back by a maintainer")));
    }
    if extension.tier != Tier::Free {
        let detail = format!(
            "{named} is premium; its code is given out to its owner and to maintainers only, and to instances \
                             whose servers may run it"
        );
        return Err(Refused::conflict("premium", detail));
    }
    Ok(())
}
