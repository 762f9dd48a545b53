//! `skydeck admin doctor`: whether everything that is kept fits together, and what to do where it does not.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::blobs::CodePlace;
use crate::cli::database::Database;
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global, context};
use crate::domain::time::Timestamp;
use crate::store::StoreConfig;
use crate::store::doctor::{Examination, Grade, examine, examine_codes};

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is changed, and a server may be running meanwhile. Notes are things that mend themselves; warnings and damage end \
the command with exit code 11.")]
pub struct Doctor {
    /// The data folder; with a PostgreSQL database, where code and audit key are [env: SKYDECK_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    place: CodePlace,
    /// Where the audit key is, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_AUDIT_KEY_FILE", hide_env_values = true)]
    audit_key_file: Option<PathBuf>,
    /// Where the key is that installations' secrets are encrypted with, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_SECRET_KEY_FILE", hide_env_values = true)]
    secret_key_file: Option<PathBuf>,
    /// Where the key is kept that grants of premium extensions are signed with, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_GRANT_KEY_FILE", hide_env_values = true)]
    grant_key_file: Option<PathBuf>,
}

/// Looks at rows, code, log and work.
///
/// # Errors
/// [`Exit::Environment`] where there is nothing to look at, or it is of a newer skydeck.
pub fn run(global: &Global, command: Doctor) -> Result<Exit, Failure> {
    let folder = match command.data {
        Some(folder) => folder,
        None => context::folders(global)?.data,
    };
    let audit_key_file = command.audit_key_file.filter(|path| !path.as_os_str().is_empty());
    let secret_key_file = command.secret_key_file.filter(|path| !path.as_os_str().is_empty());
    let grant_key_file = command.grant_key_file.filter(|path| !path.as_os_str().is_empty());
    let postgres = command.database.chosen()?;
    let blob_place = command.place.chosen(global)?;
    let usual = StoreConfig::in_folder(&folder);
    let config = StoreConfig { audit_key_file, secret_key_file, grant_key_file, blob_place, postgres, ..usual };
    let now = Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
    let mut examination = examine(&config, now)?;
    let found = context::small_runtime()?.block_on(examine_codes(&config, &examination, now));
    examination.add(found);
    print(Form::of(global), &examination)?;
    Ok(if examination.worst() >= Some(Grade::Warning) { Exit::Unsound } else { Exit::Done })
}

fn print(form: Form, examination: &Examination) -> Result<(), Failure> {
    let is_sound = examination.worst() < Some(Grade::Warning);
    if form == Form::Json {
        let findings = examination.findings.iter().map(|finding| {
            json!({
                "check": finding.check, "grade": finding.grade.name(), "place": finding.place, "what": finding.what,
                "cure": finding.cure,
            })
        });
        return output::json(&json!({
            "database": examination.database, "schema": examination.schema, "rows": examination.rows,
            "codes": examination.codes.len(), "audit_head": examination.audit_head.map(|head| head.to_string()),
            "sound": is_sound, "findings": findings.collect::<Vec<_>>(),
        }));
    }
    let verified = examination.audit_head.map(|head| format!("intact, head {head}"));
    output::fields(
        form,
        &[
            ("database", format!("{}, schema {}", examination.database, examination.schema)),
            ("rows", examination.rows.to_string()),
            ("code", format!("{} read", examination.codes.len())),
            ("audit log", verified.unwrap_or_else(|| "not verified, see below".to_owned())),
            ("found", counted(examination)),
        ],
    )?;
    for finding in &examination.findings {
        let (grade, check) = (finding.grade.name(), finding.check);
        output::text(&format!("\n{grade} [{check}] {}: {}\n  → {}", finding.place, finding.what, finding.cure))?;
    }
    Ok(())
}

fn counted(examination: &Examination) -> String {
    let count = |grade| examination.findings.iter().filter(|finding| finding.grade == grade).count();
    match (count(Grade::Damage), count(Grade::Warning), count(Grade::Note)) {
        (0, 0, 0) => "nothing; all is well".to_owned(),
        (damage, warnings, notes) => format!("{damage} of damage, {warnings} warnings, {notes} notes"),
    }
}
