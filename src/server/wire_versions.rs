//! Versions as the wire has them.

use super::names::Names;
use crate::api::versions::{Rejection, Version};
use crate::domain::json::Json;
use crate::domain::stage::Stage;
use crate::domain::time::Timestamp;
use crate::market::Viewer;
use crate::store::extensions::ExtensionRow;
use crate::store::versions::VersionRow;
use crate::store::{StoreError, Tx, reviews, versions};

/// The version as `viewer` may see it.
///
/// # Errors
/// What the store says; [`StoreError::Corrupt`] for a document that makes no sense.
pub fn version(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRow,
    row: &VersionRow,
    now: Timestamp,
) -> Result<Version, StoreError> {
    let manifest = manifest(row)?;
    let sees_all = viewer.sees_all_of(extension);
    let review = if sees_all { reviews::open_of_version(tx, row.id)? } else { None };
    let revised_from = match row.parent.filter(|_| sees_all) {
        Some(parent) => versions::by_id(tx, parent)?.map(|parent| parent.number.to_string()),
        None => None,
    };
    let yanked = match &row.stage {
        Stage::Published { yanked, .. } => yanked.clone(),
        _ => None,
    };
    Ok(Version {
        id: row.id.to_string(),
        extension_id: row.extension.to_string(),
        slug: extension.slug.to_string(),
        number: row.number.to_string(),
        stage: row.stage.read_at(now).name().name().to_owned(),
        yanked,
        rejection: rejection(tx, &row.stage)?,
        review_id: review.map(|review| review.id.to_string()),
        kinds: row.kinds.iter().map(ToString::to_string).collect(),
        scopes: texts(row.scopes.names()),
        optional_scopes: optional_scopes(&manifest),
        runtime: row.runtime.name().to_owned(),
        md5: row.code.md5.to_string(),
        sha256: row.code.sha256.to_string(),
        bytes: row.code.bytes,
        manifest,
        revised_from,
        created_at: row.created_at.to_string(),
        updated_at: row.updated_at.to_string(),
        published_at: row.published_at.map(|at| at.to_string()),
        revision: row.revision,
    })
}

/// Names as owned texts.
pub fn texts(names: Vec<&'static str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn manifest(row: &VersionRow) -> Result<serde_json::Value, StoreError> {
    let damaged = |what: String| StoreError::Corrupt(format!("the document of the version {}: {what}", row.id));
    let document = Json::parse(row.document.as_bytes()).map_err(|fault| damaged(fault.to_string()))?;
    let version = document.get("extension").and_then(|extension| extension.get("version"));
    let text = version.ok_or_else(|| damaged("no version in it".to_owned()))?.to_compact();
    serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))
}

fn optional_scopes(manifest: &serde_json::Value) -> Vec<String> {
    let listed = manifest.get("optional_scopes").and_then(serde_json::Value::as_array);
    listed.into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
}

fn rejection(tx: &mut Tx, stage: &Stage) -> Result<Option<Rejection>, StoreError> {
    let Stage::Rejected { at, by, reason, feedback } = stage else { return Ok(None) };
    let by = match by {
        Some(id) => Some(Names::default().of(tx, *id)?),
        None => None,
    };
    Ok(Some(Rejection { reason: reason.name().to_owned(), feedback: feedback.clone(), by, at: at.to_string() }))
}
