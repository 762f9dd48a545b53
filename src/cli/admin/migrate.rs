//! `skydeck admin migrate`: from a data folder into PostgreSQL, for several servers on one database.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::cli::database::Destination;
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global, blobs};
use crate::store::{BlobPlace, MoveProgress, MoveStep, Moved, StoreConfig, move_rows};

/// Time between two lines about how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// What to move, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Interrupted, it goes on where it stopped when it is run again; until it is done no server starts on the database. At the \
end every table is compared on both sides, and the audit log is verified in the database. The folder keeps its rows as \
they were, its code and its audit key, and from then on refuses to be served without the database.")]
pub struct Migrate {
    /// The data folder; no server may be running on it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    to: Destination,
    /// Copy the code too, into this place that all nodes will share (file:///FOLDER or s3://BUCKET/PREFIX)
    ///
    /// A bucket's endpoint, region and credentials come from the variables that begin with AWS_. Without this the code stays
    /// where it is.
    #[arg(long, value_name = "URL")]
    blobs: Option<String>,
    /// Where the audit key is, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_AUDIT_KEY_FILE", hide_env_values = true)]
    audit_key_file: Option<PathBuf>,
}

/// A line on standard error that says how far it is: rewritten on a terminal, else one for each step.
struct Meter {
    is_rewritten: bool,
    told: Option<(MoveStep, Instant)>,
}

/// Moves.
///
/// # Errors
/// [`Exit::Conflict`] where the database is not empty, [`Exit::Environment`] where folder or database cannot be used,
/// [`Exit::Unsound`] where the audit log is broken.
pub fn run(global: &Global, command: Migrate) -> Result<Exit, Failure> {
    let to = command.to.chosen()?;
    let audit_key_file = command.audit_key_file.clone().filter(|path| !path.as_os_str().is_empty());
    // Where the code is now is what the environment and the settings say; the flag says where it is to be.
    let blob_place = blobs::named(global)?;
    let config = StoreConfig { audit_key_file, blob_place, ..StoreConfig::in_folder(&command.data) };
    let codes_to = command.blobs.as_deref().map(|url| blobs::parsed(url, "--blobs")).transpose()?;
    let mut meter = Meter { is_rewritten: std::io::stderr().is_terminal(), told: None };
    let moved = move_rows(&config, &to, codes_to.as_ref(), &mut |progress| meter.tell(progress));
    meter.end();
    let moved = moved?;
    let next = next(&command, &moved, &to.to_string(), config.blob_place.as_ref());
    print(Form::of(global), &moved, &to.to_string(), &next)?;
    Ok(Exit::Done)
}

fn print(form: Form, moved: &Moved, to: &str, next: &str) -> Result<(), Failure> {
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    if form == Form::Json {
        let tables = moved
            .tables
            .iter()
            .map(|table| json!({"table": table.name, "rows": table.rows, "sha256": table.sha256.to_string()}));
        return output::json(&json!({
            "database": to, "rows": rows, "rows_before": moved.rows_before, "started_over": moved.started_over,
            "tables": tables.collect::<Vec<_>>(),
            "blobs": moved.codes.as_ref().map(|codes| json!({"place": codes.place, "codes": codes.codes, "bytes": codes.bytes})),
            "audit_head": moved.audit_head.to_string(),
            "newest_event": moved.newest_event, "key_fingerprint": moved.key_fingerprint.to_string(),
            "marker": moved.marker.display().to_string(), "next": next,
        }));
    }
    let before = match (moved.started_over, moved.rows_before) {
        (true, _) => "; the folder had changed since the first attempt, so all was brought over anew".to_owned(),
        (false, 0) => String::new(),
        (false, before) => format!("; {before} were there from before"),
    };
    let brought = format!("{rows} rows of {} tables, the same on both sides{before}", moved.tables.len());
    output::fields(
        form,
        &[
            ("moved to", to.to_owned()),
            ("rows", brought),
            (
                "code",
                moved.codes.as_ref().map_or_else(
                    || "not copied, see below".to_owned(),
                    |codes| format!("{} files, {} bytes, each read in {}", codes.codes, codes.bytes, codes.place),
                ),
            ),
            ("audit log", format!("verified there, head {}", moved.audit_head)),
            ("live events", format!("go on after number {}", moved.newest_event)),
        ],
    )?;
    output::text(next)
}

/// What the operator does now.
fn next(command: &Migrate, moved: &Moved, to: &str, place: Option<&BlobPlace>) -> String {
    let folder = command.data.display();
    let key = command.audit_key_file.as_ref().map_or_else(|| command.data.join("audit.key"), Clone::clone);
    let copied = moved.codes.as_ref().map(|codes| codes.place.clone());
    let code = match (&copied, place) {
        (Some(place), _) => {
            format!("Code was copied to {place}: name that place to every node with SKYDECK_BLOBS={place}.")
        }
        (None, Some(place)) => {
            format!("Code stays in {place}: name that place to every node with SKYDECK_BLOBS={place}.")
        }
        (None, None) => format!(
            "Code was not copied: it is in {folder}/blobs, and on this machine nothing changes. For nodes on others, mount that \
             folder there and name it with SKYDECK_BLOBS=file:///FOLDER, or copy all that is in it to s3://BUCKET."
        ),
    };
    let needed = |key: Option<&PathBuf>, what: &str, name: &str| {
        key.map_or_else(String::new, |key| {
            let variable = format!("SKYDECK_{}_KEY_FILE", name.to_uppercase());
            let key = key.display();
            format!("Every node needs a copy of {what} {key} too, as DIR/{name}.key or named with {variable}.\n")
        })
    };
    let secrets = needed(moved.secret_key.as_ref(), "the key for secrets", "secret")
        + &needed(moved.grant_key.as_ref(), "the key for grants", "grant");
    format!(
        "{code}\nEvery node needs a copy of the audit key {} (fingerprint {}), as DIR/audit.key or named with \
         SKYDECK_AUDIT_KEY_FILE.\n{secrets}\
         Now set SKYDECK_DATABASE_URL to {to} (with user and password), and start skydeck serve --data {folder}\n\
         The folder's own database stays as it was at this moment; {} keeps servers from starting on it.",
        key.display(),
        moved.key_fingerprint,
        moved.marker.display()
    )
}

impl Meter {
    fn tell(&mut self, progress: &MoveProgress) {
        let now = Instant::now();
        let is_new = self.told.is_none_or(|(step, _)| step != progress.step);
        let is_due = self.is_rewritten && self.told.is_some_and(|(_, told)| now - told >= TOLD_EVERY);
        let is_last = self.is_rewritten && progress.rows == progress.rows_total;
        if !is_new && !is_due && !is_last {
            return;
        }
        self.told = Some((progress.step, now));
        let text = match progress.step {
            MoveStep::Copying => {
                format!("copying: {} of {} rows {}", progress.rows, progress.rows_total, progress.table)
            }
            MoveStep::Comparing => {
                format!("comparing both sides: {} of {} rows {}", progress.rows, progress.rows_total, progress.table)
            }
            MoveStep::Storing => format!("copying code: {} of {} files", progress.rows, progress.rows_total),
            MoveStep::Verifying => "verifying the audit log in the database".to_owned(),
        };
        let line = if self.is_rewritten { format!("\r{text:<78}") } else { format!("{}\n", text.trim_end()) };
        // Where nobody can read it, the move goes on all the same.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn end(&self) {
        if self.is_rewritten && self.told.is_some() {
            let _ = std::io::stderr().write_all(b"\n");
        }
    }
}
