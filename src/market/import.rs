//! Taking a package in as a new extension.

use serde_json::json;

use super::act::{Act, leave};
use super::create::{Details, new_extension};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::writing::{check_unspent, free_slug, keep_code, new_version};
use crate::domain::extension::Slug;
use crate::domain::id::{ExtensionId, VersionId};
use crate::domain::package::Package;
use crate::domain::permit::ImportExtension;
use crate::domain::stage::Stage;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{StoredBlob, Tx};

/// A package that was judged whole, with the proof that its code is stored.
#[derive(Clone, Debug)]
pub struct Import {
    /// The package.
    pub package: Package,
    /// Its code.
    pub blob: StoredBlob,
    /// The slug; derived from the name where it is left out.
    pub slug: Option<Slug>,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The extension.
    pub extension: ExtensionRow,
    /// Its version, saved.
    pub version: VersionRow,
}

/// Makes an extension with one saved version, owned by the caller.
///
/// # Errors
/// The conflicts `slug_taken` and `number_spent`, [`Refused::TooLarge`], and [`Refused::Collision`] where another code
/// is known by the same MD5.
pub fn import(tx: &mut Tx, act: &Act, input: &Import) -> Result<Imported, Refused> {
    let leave = leave::<ImportExtension>(tx, act)?;
    let package = &input.package;
    let slug = free_slug(tx, input.slug.as_ref(), package.name.as_str())?;
    check_unspent(tx, &slug, &package.manifest.number, None)?;
    let code = keep_code(tx, package, &input.blob, &leave.policy, act.now)?;
    let mut entropy = act.entropy();
    let details = Details {
        name: package.name.clone(),
        description: package.description.clone(),
        tags: package.tags.clone(),
        tier: package.tier.unwrap_or_default(),
    };
    let id = ExtensionId::mint(act.now, &mut entropy);
    let extension = new_extension(id, slug, &details, leave.account()?, act.now);
    extensions::insert(tx, &extension)?;
    let version = new_version(VersionId::mint(act.now, &mut entropy), id, package, code, Stage::Saved, act.now);
    versions::insert(tx, &version)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "name": extension.name.as_str(),
        "number": version.number.to_string(),
        "sha256": code.sha256.to_string(),
    });
    record(tx, &leave, &Subject::Extension(id), &detail, act.now);
    tell_extension(tx, "imported", &extension, &leave.name());
    Ok(Imported { extension, version })
}
