//! The doctor looks at a marketplace in which things happened, whole and then broken in every way it knows of.

use std::path::Path;

use rusqlite::Connection;

use super::two_databases::told;
use super::world::{START, World};
use crate::domain::time::Timestamp;
use crate::store::doctor::{Examination, Grade, examine, examine_within};
use crate::store::*;

/// Each way to break it, and the look that has to name it.
const BROKEN: &[(&str, &str)] = &[
    ("DROP INDEX reviews_open_due", "database.indexes"),
    ("DROP TABLE dismissals", "database.tables"),
    ("DELETE FROM accounts WHERE name = 'ada'", "database.references"),
    ("DELETE FROM settings WHERE key = 'audit_key_fingerprint'", "settings.key"),
    ("INSERT INTO log_head VALUES (2, 0, 0, 'x')", "log.head"),
    ("UPDATE accounts SET suspended = 1 WHERE role = 'administrator'", "accounts.administrator"),
    ("UPDATE audit SET detail = '{}' WHERE n = 2", "audit.chain"),
    ("DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)", "audit.numbers"),
    ("DELETE FROM events WHERE n = 3", "events.numbers"),
    ("UPDATE log_head SET event_n = event_n + 1", "events.numbers"),
    ("UPDATE policy_revisions SET document = '{' WHERE number = 1", "policy.document"),
    ("DELETE FROM policy_revisions WHERE number = 1", "policy.revisions"),
    ("UPDATE versions SET stage = 'saved' WHERE stage = 'published'", "version.stage"),
    ("UPDATE versions SET published_ms = NULL", "version.published"),
    ("UPDATE versions SET bytes = bytes + 1", "version.code"),
    ("DELETE FROM spent_numbers", "version.spent"),
    ("UPDATE extensions SET head_number = '9.9.9' WHERE head_number IS NOT NULL", "extension.head"),
    ("UPDATE extensions SET head_version_id = NULL", "extension.headless"),
    ("UPDATE extensions SET head_revision = head_revision + 1", "channel.head"),
    ("UPDATE channel_revisions SET number = number + 100", "channel.numbers"),
    ("UPDATE reviews SET stage = 'ready' WHERE stage = 'checking'", "review.stage"),
    ("UPDATE reviews SET sha256 = 'x' WHERE open = 1", "review.stage"),
    (
        "UPDATE reviews SET open = 0, stage = 'withdrawn', outcome = 'withdrawn', ended_ms = 1 WHERE open = 1",
        "review.missing",
    ),
    (
        "UPDATE reviews SET open = 1, stage = 'ready', outcome = NULL, ended_ms = NULL, version_id = \
         (SELECT version_id FROM reviews WHERE open = 1 LIMIT 1)",
        "review.twice",
    ),
    ("UPDATE reviews SET outcome = NULL WHERE open = 0", "review.end"),
    ("UPDATE reviews SET ended_ms = 5 WHERE open = 1", "review.end"),
    ("UPDATE reviews SET claimed_by = NULL WHERE stage = 'review'", "review.claim"),
    ("UPDATE reviews SET lease_until_ms = 5 WHERE stage <> 'review'", "review.claim"),
    ("DELETE FROM review_scopes", "review.scopes"),
    ("UPDATE review_scopes SET rank_ms = rank_ms + 1", "review.rank"),
    ("UPDATE review_scopes SET scope = 'member.role' WHERE scope = 'ban'", "review.rank"),
    ("UPDATE reviews SET notes_count = notes_count + 1", "review.counts"),
    ("UPDATE reviews SET findings_count = findings_count + 1", "review.counts"),
    ("UPDATE jobs SET state = 'asleep'", "jobs.state"),
    ("UPDATE jobs SET state = 'running'", "jobs.state"),
    ("UPDATE jobs SET state = 'failed', last_error = 'no room'", "jobs.failed"),
    ("DELETE FROM jobs", "jobs.missing"),
    ("UPDATE ledger_postings SET points = points + 1 WHERE account = 'market'", "ledger.entries"),
    ("DELETE FROM ledger_postings WHERE account = 'issued'", "ledger.entries"),
    ("UPDATE ledger_postings SET balance = balance + 1 WHERE n = 1", "ledger.balances"),
    ("UPDATE purchases SET refunded_ms = 5 WHERE refunded_ms IS NULL", "ledger.purchases"),
];

/// What mends itself, and is told all the same.
const OVERDUE: &[(&str, &str)] = &[
    ("UPDATE jobs SET state = 'running', worker = 'w', lease_until_ms = 5", "jobs.lapsed"),
    ("UPDATE jobs SET run_after_ms = 5", "jobs.overdue"),
    ("UPDATE jobs SET subject_id = 'gone'", "jobs.moot"),
    ("UPDATE reviews SET lease_until_ms = 5 WHERE stage = 'review'", "leases.lapsed"),
];

fn moment() -> Timestamp {
    START.plus_ms(60_000)
}

/// The story, with the jobs gone that a worker would have ended with its checks.
fn lived_in(scratch: Scratch) -> World {
    let (world, _) = told(scratch);
    let ended = "DELETE FROM jobs WHERE subject_id NOT IN (SELECT id FROM reviews WHERE stage = 'checking')";
    world.scratch.tx(|tx| tx.execute(ended, &[])).unwrap();
    world
}

fn look(folder: &Path) -> Examination {
    examine(&StoreConfig::in_folder(folder), moment()).unwrap()
}

fn checks(examination: &Examination) -> Vec<(&'static str, Grade)> {
    examination.findings.iter().map(|finding| (finding.check, finding.grade)).collect()
}

/// A copy of the folder, with something changed past the store.
fn changed(folder: &Path, sql: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in ["skydeck.db", "audit.key"] {
        std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    let connection = Connection::open(copy.path().join("skydeck.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    copy
}

#[test]
fn each_way_to_break_it_is_named_with_its_place_and_cure() {
    let world = lived_in(scratch_in_memory());
    let folder = tempfile::tempdir().unwrap();
    world.scratch.save(folder.path());
    let whole = look(folder.path());
    assert_eq!(whole.findings, [], "a marketplace in which nothing is wrong");
    assert_eq!(whole.audit_head, Some(world.head()));
    assert!(whole.codes.len() >= 3 && whole.rows > 50, "{whole:?}");
    for (sql, check) in BROKEN {
        let examination = look(changed(folder.path(), sql).path());
        let found = examination.findings.iter().find(|finding| finding.check == *check);
        let found = found.unwrap_or_else(|| panic!("{sql}: {check} is not among {:?}", checks(&examination)));
        assert!(found.grade >= Grade::Warning && !found.place.is_empty() && !found.cure.is_empty(), "{found:?}");
    }
    for (sql, check) in OVERDUE {
        let examination = look(changed(folder.path(), sql).path());
        assert!(checks(&examination).contains(&(check, Grade::Note)), "{sql}: {:?}", checks(&examination));
    }
}

#[test]
fn a_damaged_file_a_wrong_key_and_a_missing_one_are_named() {
    let world = lived_in(scratch_in_memory());
    let folder = tempfile::tempdir().unwrap();
    world.scratch.save(folder.path());
    let key = folder.path().join("audit.key");
    std::fs::write(&key, "08".repeat(32)).unwrap();
    let wrong = look(folder.path());
    assert_eq!(checks(&wrong), [("audit.key", Grade::Warning)]);
    assert_eq!(wrong.audit_head, None);
    std::fs::remove_file(&key).unwrap();
    assert_eq!(checks(&look(folder.path())), [("audit.key", Grade::Warning)]);
    assert!(!key.exists(), "looking makes no key");

    let database = folder.path().join("skydeck.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xff);
    std::fs::write(&database, bytes).unwrap();
    let damaged = look(folder.path());
    assert!(checks(&damaged).contains(&("database.integrity", Grade::Damage)), "{:?}", checks(&damaged));
    std::fs::write(&database, "no database at all, but long enough to be looked at".repeat(100)).unwrap();
    let refused = examine(&StoreConfig::in_folder(folder.path()), moment());
    assert!(matches!(refused, Err(OpenError::NotOurs { .. })), "{refused:?}");
    let nothing = tempfile::tempdir().unwrap();
    assert!(examine(&StoreConfig::in_folder(nothing.path()), moment()).is_err());
    assert_eq!(std::fs::read_dir(nothing.path()).unwrap().count(), 0, "looking makes nothing");
}

#[test]
fn the_same_questions_are_answered_by_postgresql() {
    let Some(scratch) = scratch_on_postgres() else { return };
    let world = lived_in(scratch);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
    let postgres = world.scratch.postgres();
    let config = StoreConfig { postgres, ..StoreConfig::in_folder(folder.path()) };
    let whole = examine(&config, moment()).unwrap();
    assert_eq!(whole.findings, [], "a marketplace in which nothing is wrong");
    assert_eq!(whole.audit_head, Some(world.head()));
    // Rows that others refer to, and tables, are kept by the server's own rules.
    let kept_by_rules = ["database.references", "database.tables", "log.head"];
    for (sql, check) in BROKEN.iter().chain(OVERDUE).filter(|(_, check)| !kept_by_rules.contains(check)) {
        let examination = world.scratch.rehearse(|tx| {
            tx.execute(sql, &[])?;
            Ok::<_, StoreError>(examine_within(tx, moment()))
        });
        let found = checks(&examination.unwrap());
        assert!(found.iter().any(|(named, _)| named == check), "{sql}: {check} is not among {found:?}");
    }
}
