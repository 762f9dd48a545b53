//! `skydeck admin restore`: a backup becomes a data folder, looked at from end to end before.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global, blobs};
use crate::store::doctor::{Finding, GRANT_KEY_CHECK, SECRET_KEY_CHECK};
use crate::store::{BlobPlace, Restored, restore};

/// What to restore, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything is copied beside the data folder, looked at as `skydeck admin doctor` does, and put in its place in one step: \
interrupted or refused, the data folder is as it was. A backup of an older skydeck is brought up to date at the first \
start; one of a newer skydeck is refused. For PostgreSQL, use pg_restore.")]
pub struct Restore {
    /// The folder that `skydeck admin backup` wrote
    #[arg(long, value_name = "BACKUP")]
    from: PathBuf,
    /// The data folder to make; empty or not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The marketplace's audit key, with which the audit log is verified; it is in no backup
    #[arg(long, value_name = "FILE", env = "SKYDECK_AUDIT_KEY_FILE", hide_env_values = true)]
    audit_key_file: Option<PathBuf>,
}

/// Restores; the audit key stays where it is, as the printed note says.
///
/// # Errors
/// [`Exit::Unsound`] for a damaged backup or another key, [`Exit::Environment`] where a folder cannot be used.
pub fn run(global: &Global, command: Restore) -> Result<Exit, Failure> {
    let key = command.audit_key_file.filter(|path| !path.as_os_str().is_empty());
    let place = blobs::named(global)?;
    let restored = restore(&command.from, &command.data, key.as_deref(), place.as_ref())?;
    let audit = match &restored.examination.audit_head {
        Some(head) => format!("verified, head {head}"),
        None => "not verified, since no audit key was named (--audit-key-file)".to_owned(),
    };
    let note = note(&restored, key.as_ref(), place.as_ref());
    match Form::of(global) {
        Form::Json => output::json(&json!({
            "folder": restored.folder.display().to_string(), "database_bytes": restored.database_bytes,
            "schema": restored.examination.schema, "rows": restored.examination.rows,
            "blobs": restored.codes, "blob_bytes": restored.code_bytes,
            "audit_head": restored.examination.audit_head.map(|head| head.to_string()), "note": note,
        }))?,
        form => {
            output::fields(
                form,
                &[
                    ("restored", restored.folder.display().to_string()),
                    ("database", format!("{} rows, {} bytes", restored.examination.rows, restored.database_bytes)),
                    (
                        "code",
                        format!("{} files, {} bytes, each what its digest says", restored.codes, restored.code_bytes),
                    ),
                    ("audit log", audit),
                ],
            )?;
            output::text(&note)?;
        }
    }
    Ok(Exit::Done)
}

fn note(restored: &Restored, key: Option<&PathBuf>, place: Option<&BlobPlace>) -> String {
    let folder = restored.folder.display();
    let elsewhere = place.map_or_else(String::new, |place| {
        format!(
            "Code was not restored: it is to be in {place}. Where it is not there any more, copy it back (what the backup has \
             of it is in its folder blobs). Then look at it: skydeck admin doctor --data {folder}\n"
        )
    });
    let about_key = match key {
        Some(key) => format!(
            "The audit key was not copied: put {} there as {folder}/audit.key, or name it with SKYDECK_AUDIT_KEY_FILE, and \
             start skydeck serve --data {folder}",
            key.display()
        ),
        None => format!(
            "Put the marketplace's audit key there as {folder}/audit.key, or name it with SKYDECK_AUDIT_KEY_FILE; without \
             it no server starts. Then verify the audit log: skydeck admin doctor --data {folder}"
        ),
    };
    let is_missing = |finding: &Finding| finding.check == SECRET_KEY_CHECK;
    let about_secrets = if restored.examination.findings.iter().any(is_missing) {
        format!(
            "\nThe key for the secrets of installations is in no backup either: put it there as {folder}/secret.key, or name \
             it with SKYDECK_SECRET_KEY_FILE."
        )
    } else {
        String::new()
    };
    let about_grants = if restored.examination.findings.iter().any(|finding| finding.check == GRANT_KEY_CHECK) {
        format!(
            "\nThe key for grants of premium extensions is in no backup either: put it there as {folder}/grant.key, or name \
             it with SKYDECK_GRANT_KEY_FILE."
        )
    } else {
        String::new()
    };
    elsewhere + &about_key + &about_secrets + &about_grants
}
