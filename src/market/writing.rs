//! What every way of writing a version has in common: its code, its number, its row.

use super::refused::Refused;
use super::sight::ExtensionRef;
use crate::domain::digest::CodeDigests;
use crate::domain::extension::Slug;
use crate::domain::id::{ExtensionId, VersionId};
use crate::domain::package::{Package, Source};
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, StoredBlob, Tx, blobs};

/// Names a version: its extension and its number.
#[derive(Clone, Debug)]
pub struct VersionRef {
    /// The extension.
    pub extension: ExtensionRef,
    /// The number, build metadata aside.
    pub number: VersionNumber,
}

/// Reads a version by its number.
pub(super) fn version(tx: &mut Tx, extension: &ExtensionRow, number: &VersionNumber) -> Result<VersionRow, Refused> {
    versions::by_number(tx, extension.id, number)?.ok_or(Refused::NotFound("version"))
}

/// Records the code of a package: within the policy's sizes, the code that was stored, and no collision.
pub(super) fn keep_code(
    tx: &mut Tx,
    package: &Package,
    blob: &StoredBlob,
    policy: &Policy,
    now: Timestamp,
) -> Result<CodeDigests, Refused> {
    let code = blob.digests();
    if code != package.digests {
        return Err(StoreError::Internal("the stored code is not the code of the package".to_owned()).into());
    }
    let bytes_max = policy.packages.code_bytes_max;
    if code.bytes > bytes_max {
        return Err(Refused::TooLarge { what: "code", bytes: code.bytes, bytes_max });
    }
    if let Some(known) = blobs::known_by_md5(tx, &code)? {
        code.check_collision(&known)?;
    }
    blobs::record(tx, blob, now)?;
    Ok(code)
}

/// Refuses a number that another version has, or that was submitted once under this slug.
pub(super) fn check_number(
    tx: &mut Tx,
    extension: &ExtensionRow,
    number: &VersionNumber,
    own: Option<VersionId>,
) -> Result<(), Refused> {
    if let Some(other) = versions::by_number(tx, extension.id, number)?.filter(|other| Some(other.id) != own) {
        let stage = other.stage.name().name();
        let detail = format!("{} {} exists and is {stage}; choose another number", extension.slug, other.number);
        return Err(Refused::conflict("number_taken", detail));
    }
    check_unspent(tx, &extension.slug, number, own)
}

/// Refuses a number that was submitted once under this slug.
pub(super) fn check_unspent(
    tx: &mut Tx,
    slug: &Slug,
    number: &VersionNumber,
    own: Option<VersionId>,
) -> Result<(), Refused> {
    if versions::is_spent(tx, slug, number, own)? {
        let detail = format!("{slug} {number} was submitted before, and a number is never used twice; choose another");
        return Err(Refused::conflict("number_spent", detail));
    }
    Ok(())
}

/// The row of a new version.
pub(super) fn new_version(
    id: VersionId,
    extension: ExtensionId,
    package: &Package,
    code: CodeDigests,
    stage: Stage,
    now: Timestamp,
) -> VersionRow {
    let mut row = VersionRow {
        id,
        extension,
        number: package.manifest.number.clone(),
        stage,
        document: String::new(),
        runtime: package.manifest.runtime,
        kinds: Vec::new(),
        scopes: package.manifest.scopes,
        code,
        parent: None,
        source: String::new(),
        submitted_ever: false,
        published_at: None,
        created_at: now,
        updated_at: now,
        revision: 1,
    };
    put_package(&mut row, package, code);
    row
}

/// Puts a package in the place of what a version was before.
pub(super) fn put_package(row: &mut VersionRow, package: &Package, code: CodeDigests) {
    row.number = package.manifest.number.clone();
    row.document = package.document_text();
    row.runtime = package.manifest.runtime;
    row.kinds.clone_from(&package.manifest.kinds);
    row.scopes = package.manifest.scopes;
    row.code = code;
    row.source = source_text(&package.source);
}

/// The slug that was asked for, or one from the name with `-2`, `-3`, … where that is taken.
pub(super) fn free_slug(tx: &mut Tx, asked: Option<&Slug>, name: &str) -> Result<Slug, Refused> {
    if let Some(slug) = asked {
        return if extensions::by_slug(tx, slug)?.is_none() {
            Ok(slug.clone())
        } else {
            Err(Refused::conflict("slug_taken", format!("the slug {slug} is taken; choose another")))
        };
    }
    let derived = Slug::derive(name);
    if extensions::by_slug(tx, &derived)?.is_none() {
        return Ok(derived);
    }
    for n in 2..=10_000 {
        let numbered = derived.with_suffix(n);
        if extensions::by_slug(tx, &numbered)?.is_none() {
            return Ok(numbered);
        }
    }
    Err(Refused::conflict("slug_taken", format!("{derived} and ten thousand like it are taken; choose a slug")))
}

fn source_text(source: &Source) -> String {
    serde_json::json!({ "original_id": source.original_id, "original_owner": source.original_owner }).to_string()
}
