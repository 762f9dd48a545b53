//! How long a marketplace takes from a data folder into PostgreSQL, comparison and audit chain included.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;
use skydeck::domain::audit::AuditEntry;
use skydeck::domain::time::Timestamp;
use skydeck::store::{Audience, MoveStep, NewEvent, Store, StoreConfig, StoreError, move_rows};

use crate::schema::Schema;
use crate::table::Table;
use crate::{count, fill};

/// Extensions, each with a version and its place in the queue.
const EXTENSIONS: usize = 100_000;
/// Audit rows and live events for each extension: it was made, and submitted.
const LOGGED: usize = 2;
/// Log entries of one transaction.
const BATCH: usize = 2_000;
/// Seconds that it may take.
const SECONDS_MAX: f64 = 120.0;

/// Measures.
pub fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    eprintln!("{EXTENSIONS} extensions are written");
    fill::fill(folder.path(), EXTENSIONS)?;
    log(folder.path(), EXTENSIONS * LOGGED)?;
    let schema = Schema::make()?;
    let mut table = Table::new("A marketplace moves from SQLite into PostgreSQL");
    let began = Instant::now();
    let mut steps: Vec<(MoveStep, f64)> = Vec::new();
    let moved = move_rows(&StoreConfig::in_folder(folder.path()), &schema.url().parse()?, None, &mut |progress| {
        if steps.last().is_none_or(|(step, _)| *step != progress.step) {
            steps.push((progress.step, began.elapsed().as_secs_f64()));
        }
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let rows: u64 = moved.tables.iter().map(|moved| moved.rows).sum();
    let rows = count(usize::try_from(rows)?);
    let at = |step| steps.iter().find(|(begun, _)| *begun == step).map_or(f64::NAN, |(_, at)| *at);
    let (comparing, verifying) = (at(MoveStep::Comparing), at(MoveStep::Verifying));
    table.add("rows", rows, "rows", ..);
    table.add("copied", comparing - at(MoveStep::Copying), "s", ..);
    table.add("compared on both sides", verifying - comparing, "s", ..);
    table.add("audit chain verified", seconds - verifying, "s", ..);
    table.add("rate, all of it", rows / seconds, "rows/s", ..);
    table.add(format!("{EXTENSIONS} extensions"), seconds, "s", ..SECONDS_MAX);
    table.print();
    Ok(())
}

/// Writes audit rows and live events as use cases do.
fn log(folder: &Path, entries: usize) -> Result<()> {
    let store = Store::open(StoreConfig::in_folder(folder))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for start in (0..entries).step_by(BATCH) {
        let batch = start..(start + BATCH).min(entries);
        runtime.block_on(store.write(move |tx| {
            for number in batch.clone() {
                let detail = json!({
                    "slug": format!("extension-{number}"), "number": "1.0.0", "review_id": number,
                    "sha256": "ab".repeat(32), "due_at": "2026-01-31T12:00:00.000Z",
                });
                tx.audit(AuditEntry {
                    at: Timestamp::from_ms(1_790_000_000_000),
                    actor_kind: "account".to_owned(),
                    actor_id: format!("acc_{number:026}"),
                    action: "version.submit".to_owned(),
                    subject_kind: "version".to_owned(),
                    subject_id: format!("ver_{number:026}"),
                    detail: detail.to_string(),
                });
                tx.event(NewEvent { topic: "queue", audience: Audience::maintainers_and([]), body: detail });
            }
            Ok::<_, StoreError>(())
        }))?;
    }
    store.close();
    Ok(())
}
