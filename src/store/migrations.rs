//! The schema's steps: forward only, each applied once and recorded with the digest of its text.

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use crate::domain::digest::Sha256Digest;
use crate::domain::time::Timestamp;

/// One step of the schema.
pub(super) struct Migration {
    /// Its place, counted from 1 without gaps.
    pub number: i64,
    /// What it is about.
    pub name: &'static str,
    /// Its statements.
    pub text: &'static str,
}

/// Every step, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "marketplace", text: include_str!("migrations/0001_marketplace.sql") },
    Migration { number: 2, name: "nodes", text: include_str!("migrations/0002_nodes.sql") },
    Migration { number: 3, name: "policy", text: include_str!("migrations/0003_policy.sql") },
    Migration { number: 4, name: "installations", text: include_str!("migrations/0004_installations.sql") },
    Migration { number: 5, name: "open reviews", text: include_str!("migrations/0005_open_reviews.sql") },
    Migration { number: 6, name: "premium", text: include_str!("migrations/0006_premium.sql") },
    Migration { number: 7, name: "ratings", text: include_str!("migrations/0007_ratings.sql") },
    Migration { number: 8, name: "moves", text: include_str!("migrations/0008_moves.sql") },
];

/// Where applied steps are recorded.
pub(super) const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations \
     (number BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, at_ms BIGINT NOT NULL)";

/// Why the schema cannot be brought to what this program knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MigrationError {
    /// The database knows more steps than this program.
    Newer { found: i64, known: i64 },
    /// An applied step had another text.
    OtherText { number: i64 },
    /// A statement was refused.
    Store(StoreError),
}

/// The tables that the first `count` steps make, in that order.
pub(super) fn tables(count: i64) -> Vec<&'static str> {
    let steps = MIGRATIONS.iter().filter(|migration| migration.number <= count);
    let made = steps.flat_map(|migration| migration.text.lines()).filter_map(|line| line.strip_prefix("CREATE TABLE "));
    made.filter_map(|rest| rest.split([' ', '(']).next()).collect()
}

/// How many steps were applied to the database so far; 0 for an empty one.
///
/// # Errors
/// [`MigrationError`] where the steps are not those of `known`.
pub(super) fn applied(connection: &Connection, known: &[Migration]) -> Result<i64, MigrationError> {
    let has_table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'";
    if connection.query_row(has_table, (), |row| row.get::<_, i64>(0)).map_err(refused)? == 0 {
        return Ok(0);
    }
    let sql = "SELECT number, sha256 FROM migrations ORDER BY number";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).map_err(refused)?;
    let steps = rows.collect::<Result<Vec<(i64, String)>, _>>().map_err(refused)?;
    check(&steps, known)
}

/// Compares the steps that were applied, with the digests of their texts, with those known here; gives their number.
///
/// # Errors
/// [`MigrationError`] where they are not the first ones of `known`.
pub(super) fn check(steps: &[(i64, String)], known: &[Migration]) -> Result<i64, MigrationError> {
    let newest = steps.last().map_or(0, |(number, _)| *number);
    let newest_known = known.last().map_or(0, |migration| migration.number);
    if newest > newest_known {
        return Err(MigrationError::Newer { found: newest, known: newest_known });
    }
    for ((number, sha256), migration) in steps.iter().zip(known) {
        if *number != migration.number || *sha256 != digest(migration) {
            return Err(MigrationError::OtherText { number: *number });
        }
    }
    Ok(newest)
}

/// Applies the steps that are missing, each in a transaction of its own.
///
/// # Errors
/// [`MigrationError`]; a step that fails leaves nothing of itself.
pub(super) fn migrate(connection: &mut Connection, known: &[Migration], now: Timestamp) -> Result<(), MigrationError> {
    let applied = applied(connection, known)?;
    for migration in known.iter().filter(|migration| migration.number > applied) {
        apply(connection, migration, now)
            .map_err(|error| StoreError::of_sqlite(&error, &format!("schema step {}", migration.number)))?;
    }
    Ok(())
}

fn apply(connection: &mut Connection, migration: &Migration, now: Timestamp) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(MIGRATIONS_TABLE)?;
    transaction.execute_batch(migration.text)?;
    transaction.execute(
        "INSERT INTO migrations (number, name, sha256, at_ms) VALUES (?1, ?2, ?3, ?4)",
        (migration.number, migration.name, digest(migration), now.as_ms()),
    )?;
    transaction.commit()
}

/// What is recorded of a step's text.
pub(super) fn digest(migration: &Migration) -> String {
    Sha256Digest::of(migration.text.as_bytes()).to_string()
}

fn refused(error: rusqlite::Error) -> MigrationError {
    MigrationError::Store(StoreError::of_sqlite(&error, "reading the schema's steps"))
}

impl From<StoreError> for MigrationError {
    fn from(error: StoreError) -> MigrationError {
        MigrationError::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Migration =
        Migration { number: 2, name: "wider", text: "ALTER TABLE settings ADD COLUMN note TEXT;" };
    const BROKEN: Migration =
        Migration { number: 2, name: "broken", text: "CREATE TABLE half (a TEXT); SELECT nothing;" };

    fn first() -> Migration {
        Migration { number: 1, name: MIGRATIONS[0].name, text: MIGRATIONS[0].text }
    }

    fn filled() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[first()], Timestamp::from_ms(1)).unwrap();
        connection.execute("INSERT INTO settings (key, value) VALUES ('a', 'b')", ()).unwrap();
        connection
    }

    #[test]
    fn a_filled_database_takes_the_next_step_once() {
        let mut connection = filled();
        let steps = [first(), SECOND];
        migrate(&mut connection, &steps, Timestamp::from_ms(2)).unwrap();
        migrate(&mut connection, &steps, Timestamp::from_ms(3)).unwrap();
        let kept = connection.query_row("SELECT value, note FROM settings WHERE key = 'a'", (), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
        });
        assert_eq!(kept, Ok(("b".to_owned(), None)));
        assert_eq!(applied(&connection, &steps), Ok(2));
        assert_eq!(applied(&connection, &[first()]), Err(MigrationError::Newer { found: 2, known: 1 }));
    }

    #[test]
    fn a_step_with_another_text_is_refused() {
        let other = Migration { text: "CREATE TABLE settings (key TEXT);", ..first() };
        assert_eq!(applied(&filled(), &[other]), Err(MigrationError::OtherText { number: 1 }));
    }

    #[test]
    fn a_broken_step_leaves_nothing() {
        let mut connection = filled();
        assert!(migrate(&mut connection, &[first(), BROKEN], Timestamp::from_ms(2)).is_err());
        let half = "SELECT count(*) FROM sqlite_master WHERE name = 'half'";
        assert_eq!(connection.query_row(half, (), |row| row.get::<_, i64>(0)), Ok(0));
        assert_eq!(applied(&connection, &[first()]), Ok(1));
    }
}
