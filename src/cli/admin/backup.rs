//! `skydeck admin backup`: a copy of a data folder that a server can be started on.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::local::Place;
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global};

/// What to copy, and where to.
#[derive(Debug, Args)]
pub struct Backup {
    /// An empty or a new folder
    to: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Copies database and code; the audit key stays where it is, as the printed note says.
///
/// # Errors
/// [`Exit::Environment`] where a folder cannot be used.
pub fn run(global: &Global, command: Backup) -> Result<Exit, Failure> {
    let Some(local) = command.place.local(global)? else {
        let text = "a backup is made of a data folder: give --data DIR (and stop its server first)";
        return Err(Failure::new(Exit::Usage, text));
    };
    let failed = |error: crate::store::StoreError| Failure::new(Exit::Environment, error.to_string());
    let report = local.block_on(local.store.backup(&command.to)).map_err(failed)?;
    match Form::of(global) {
        Form::Json => output::json(&json!({
            "folder": report.folder.display().to_string(), "database_bytes": report.database_bytes,
            "blobs": report.blobs, "blob_bytes": report.blob_bytes, "note": report.note,
        }))?,
        form => {
            output::fields(
                form,
                &[
                    ("backup", report.folder.display().to_string()),
                    ("database", format!("{} bytes", report.database_bytes)),
                    ("code", format!("{} files, {} bytes", report.blobs, report.blob_bytes)),
                ],
            )?;
            output::text(&report.note)?;
        }
    }
    Ok(Exit::Done)
}
