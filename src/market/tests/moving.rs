//! A marketplace moved from a data folder into PostgreSQL: all of it, once, however often it is interrupted.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::two_databases::told;
use crate::store::doctor::{Grade, examine};
use crate::store::*;

/// A data folder in which the story happened.
fn folder() -> (TempDir, Dump) {
    let (world, dump) = told(scratch_in_memory());
    let folder = tempfile::tempdir().unwrap();
    world.scratch.save(folder.path());
    (folder, without_steps(dump))
}

/// Every table but the one in which each database records its own steps.
fn without_steps(mut dump: Dump) -> Dump {
    dump.remove("migrations");
    dump
}

fn move_quietly(folder: &Path, schema: &FreshSchema) -> Result<Moved, MoveError> {
    move_rows(&StoreConfig::in_folder(folder), &schema.url(), None, &mut |_| ())
}

/// Moves, and is cut off after so many batches of a table are there.
fn cut_off(folder: &Path, schema: &FreshSchema, table: &str, batch: u32) {
    let mut batches = 0;
    let moving = AssertUnwindSafe(|| {
        move_rows(&StoreConfig::in_folder(folder), &schema.url(), None, &mut |progress| {
            batches += u32::from(progress.step == MoveStep::Copying && progress.table == table);
            assert!(batches < batch, "cut off");
        })
    });
    assert!(catch_unwind(moving).is_err(), "it was done before batch {batch} of {table}");
}

fn edit(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("skydeck.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn on(schema: &FreshSchema, folder: &Path) -> StoreConfig {
    StoreConfig { postgres: Some(schema.url()), ..StoreConfig::in_folder(folder) }
}

#[test]
fn every_table_arrives_and_servers_start_there_and_no_longer_here() {
    let Some(schema) = fresh_schema() else { return };
    let (folder, here) = folder();
    let mut steps = BTreeMap::new();
    let moved = move_rows(&StoreConfig::in_folder(folder.path()), &schema.url(), None, &mut |progress| {
        steps.insert(format!("{:?}", progress.step), progress.rows);
    })
    .unwrap();
    let rows: u64 = here.values().map(|lines| lines.len() as u64).sum();
    assert_eq!(moved.tables.iter().map(|table| table.rows).sum::<u64>(), rows);
    assert_eq!(moved.tables.len(), here.len());
    assert_eq!((steps["Copying"], steps["Comparing"]), (rows, rows));
    assert_eq!((moved.rows_before, moved.started_over), (0, false));

    let refused = Store::open(StoreConfig::in_folder(folder.path())).err().unwrap().to_string();
    assert!(refused.contains("was moved to postgres://") && refused.contains("moved.txt"), "{refused}");
    let config = on(&schema, folder.path());
    let sound = examine(&config, moment()).unwrap();
    assert!(sound.worst() < Some(Grade::Warning), "{:#?}", sound.findings);
    assert_eq!(sound.audit_head, Some(moved.audit_head));
    let again = move_quietly(folder.path(), &schema).unwrap_err();
    assert!(matches!(again, MoveError::Open(OpenError::MovedAway { .. })), "{again}");
    let there = without_steps(Scratch::at(schema).dump());
    for (table, lines) in &here {
        assert_eq!(Some(lines), there.get(table), "the table {table}");
    }
    assert_eq!(here.len(), there.len());
}

fn moment() -> crate::domain::time::Timestamp {
    super::world::START.plus_ms(60_000)
}

#[test]
fn an_interrupted_move_keeps_servers_out_and_goes_on_where_it_stopped() {
    let Some(schema) = fresh_schema() else { return };
    let (folder, _) = folder();
    edit(
        folder.path(),
        "WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 25000) \
         INSERT INTO settings SELECT 'many' || n, 'x' FROM many",
    );
    // The settings alone take three batches; each attempt counts those that are there already as one.
    for (table, batch) in [("accounts", 1), ("settings", 1), ("settings", 2), ("versions", 1), ("reviews", 1)] {
        cut_off(folder.path(), &schema, table, batch);
        let refused = Store::open(on(&schema, folder.path())).err().unwrap().to_string();
        assert!(refused.contains("not all of it is there yet") && refused.contains("run it again"), "{refused}");
    }
    let moved = move_quietly(folder.path(), &schema).unwrap();
    assert!(moved.rows_before > 0 && !moved.started_over, "{moved:?}");
    let store = Store::open(on(&schema, folder.path())).unwrap();
    assert_eq!(wait_for(store.read(audit::head)), Ok(moved.audit_head));
    assert_eq!(wait_for(store.read(events::newest)), Ok(moved.newest_event));
}

#[test]
fn what_changed_between_the_attempts_is_brought_over_anew() {
    for (change, seen_by) in [
        ("UPDATE reviews SET notes_count = notes_count + 100", "the comparison"),
        ("UPDATE log_head SET event_n = event_n + 1", "the head of the log"),
        ("DELETE FROM notes", "the comparison of a table with fewer rows"),
    ] {
        let Some(schema) = fresh_schema() else { return };
        let (folder, _) = folder();
        cut_off(folder.path(), &schema, "run_reports", 1);
        edit(folder.path(), change);
        let moved = move_quietly(folder.path(), &schema).unwrap();
        assert!(moved.started_over, "{seen_by}: {moved:?}");
        assert_eq!(moved.rows_before, 0, "{seen_by}");
    }
}

#[test]
fn what_cannot_be_moved_is_refused_with_its_reason() {
    let Some(schema) = fresh_schema() else { return };
    let (folder, _) = folder();
    edit(folder.path(), "UPDATE notes SET text = 'a' || char(0)");
    let refused = move_quietly(folder.path(), &schema).unwrap_err().to_string();
    assert!(refused.contains("notes.text of the row") && refused.contains("zero byte"), "{refused}");
    edit(folder.path(), "UPDATE notes SET text = 'a'; UPDATE audit SET detail = 'x' WHERE n = 3");
    let refused = move_quietly(folder.path(), &schema).unwrap_err();
    assert!(matches!(&refused, MoveError::Chain(fault) if fault.to_string().contains("row 3")), "{refused}");

    let other = tempfile::tempdir().unwrap();
    drop(Store::open(StoreConfig::in_folder(other.path())).unwrap());
    let refused = move_quietly(other.path(), &schema).unwrap_err();
    assert!(matches!(&refused, MoveError::OtherMove { .. }), "{refused}");
    let running = Store::open(StoreConfig::in_folder(other.path())).unwrap();
    let refused = move_quietly(other.path(), &schema).unwrap_err();
    assert!(refused.to_string().contains("in use by process"), "{refused}");
    drop(running);
    edit(other.path(), "DELETE FROM migrations WHERE number > 1");
    let refused = move_quietly(other.path(), &schema).unwrap_err();
    assert!(matches!(&refused, MoveError::OlderSchema { found: 1, .. }), "{refused}");
    let nothing = tempfile::tempdir().unwrap();
    assert!(move_quietly(nothing.path(), &schema).unwrap_err().to_string().contains("no marketplace"));
    assert_eq!(std::fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[test]
fn a_database_with_a_marketplace_is_not_touched() {
    let Some(scratch) = scratch_on_postgres() else { return };
    let (folder, _) = folder();
    let before = scratch.dump();
    let url = scratch.postgres().unwrap();
    let refused = move_rows(&StoreConfig::in_folder(folder.path()), &url, None, &mut |_| ()).unwrap_err();
    assert!(matches!(&refused, MoveError::Occupied { .. }), "{refused}");
    assert_eq!(scratch.dump(), before);
    assert!(Store::open(StoreConfig::in_folder(folder.path())).is_ok(), "the folder is as it was");
}
