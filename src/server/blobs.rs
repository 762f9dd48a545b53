//! Code by its SHA-256, for whoever may have a version with that code.

use axum::extract::State;

use super::answer::Answer;
use super::app::{App, Turn};
use super::caller::Asker;
use super::path::{self, Path};
use super::problem::Problem;
use super::versions::content_type;
use crate::domain::digest::Sha256Digest;
use crate::market::{self, ExtensionRef, Viewer};
use crate::store::{Tx, instances, versions};

/// Code by its SHA-256.
#[utoipa::path(get, path = "/blobs/{sha256}", tag = "versions", params(("sha256" = String, Path, description = "SHA-256 of the code, in hexadecimal")),
    responses((status = 200, description = "The bytes that the digest is over", content((Vec<u8> = "application/wasm"), (String = "text/javascript")))))]
pub async fn download(State(app): State<App>, asker: Asker, Path(text): Path<String>) -> Result<Answer, Problem> {
    let sha256: Sha256Digest = path::id("code", &text)?;
    let found = app.read(&asker, move |tx, turn| version_with(tx, turn, sha256)).await?;
    let bytes = app.store().blobs().get(sha256).await?;
    Ok(Answer::bytes(content_type(found.version.runtime), bytes, Some(&format!("{sha256}.skyext"))))
}

/// A version with this code that the caller may have.
pub(super) fn version_with(tx: &mut Tx, turn: &Turn, sha256: Sha256Digest) -> Result<market::Export, Problem> {
    let instance = instances::by_account(tx, turn.caller.account.id)?;
    for row in versions::with_code(tx, sha256)? {
        // An instance has what its servers have and may run, whatever became of the version since.
        let viewer = match &instance {
            Some(instance) if market::instance_may_have(tx, instance.id, &row)? => Viewer::Operator,
            _ => turn.act().viewer(),
        };
        let extension = ExtensionRef::Id(row.extension);
        match market::export(tx, &viewer, &extension, Some(&row.number)) {
            Ok(found) => return Ok(found),
            Err(market::Refused::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(Problem::not_found("code", &sha256.to_string()))
}
