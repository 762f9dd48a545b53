//! Opens a database: the server, the schema, the audit key, the first rows; two nodes that start at once take turns.

use super::address::PostgresUrl;
use super::connect::connect;
use super::receive::refuse_unfinished;
use super::session::Session;
use crate::domain::audit::AuditKey;
use crate::domain::time::Timestamp;
use crate::store::dialect::bytewise;
use crate::store::error::{OpenError, StoreError};
use crate::store::key;
use crate::store::migrations::{self, MIGRATIONS, MIGRATIONS_TABLE, Migration, MigrationError};
use crate::store::open::{self as any, StoreConfig};
use crate::store::tx::{Purpose, Tx};
use crate::store::value::Value;

/// The oldest server that is supported, as it counts itself.
const VERSION_LEAST: i64 = 120_000;
/// What nodes that start at once take turns by: "skydeck" in ASCII.
pub(super) const TURN: i64 = 0x0073_6b79_6465_636b;

/// A database, brought up to date.
pub(in crate::store) struct Opened {
    pub key: AuditKey,
    pub newest_event: i64,
    /// The schema that everything is in.
    pub schema: String,
}

/// Brings the schema up to date, or makes it where it is empty; only on a thread that runs no async code.
///
/// # Errors
/// [`OpenError`]; a database that is refused is left as it was.
pub(in crate::store) fn open(config: &StoreConfig, url: &PostgresUrl, now: Timestamp) -> Result<Opened, OpenError> {
    let mut session = connect(url).map_err(|refused| OpenError::Postgres {
        database: url.to_string(),
        what: refused.what,
        cure: refused.cure,
    })?;
    let session = &mut session;
    let schema = check_server(session, url)?;
    let failed = |source| OpenError::Database { path: url.to_string().into(), source };
    session.step(&format!("SELECT pg_advisory_lock({TURN})")).map_err(failed)?;
    let applied = check_ours(session, url)?;
    refuse_unfinished(session, url)?;
    let unkeyed = AuditKey::from_bytes([0; 32]);
    let kept = match applied {
        0 => None,
        _ => transaction(session, &unkeyed, Purpose::Read, any::kept_fingerprint).map_err(failed)?,
    };
    let key = key::obtain(&config.key(), kept)?;
    for step in MIGRATIONS.iter().filter(|step| step.number > applied) {
        apply(session, step, now).map_err(failed)?;
    }
    let newest_event = transaction(session, &key, Purpose::Write, |tx| any::first_rows(tx, now)).map_err(failed)?;
    session.step(&format!("SELECT pg_advisory_unlock({TURN})")).map_err(failed)?;
    Ok(Opened { key, newest_event, schema })
}

/// Refuses servers that could not keep what is asked of them; gives the schema that tables are made in.
pub(super) fn check_server(session: &mut Session, url: &PostgresUrl) -> Result<String, OpenError> {
    let refuse = |what: String, cure| OpenError::Postgres { database: url.to_string(), what, cure };
    let sql = "SELECT current_setting('server_version_num')::BIGINT, current_setting('server_encoding')::TEXT, \
               CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END, COALESCE(current_schema()::TEXT, '')";
    let mut found = (0, String::new(), false, String::new());
    let read = session.each(sql, &[], |row| {
        found = (row.integer(0)?, row.text(1)?, row.flag(2)?, row.text(3)?);
        Ok(())
    });
    read.map_err(|source| OpenError::Database { path: url.to_string().into(), source })?;
    let (version, encoding, standby, schema) = found;
    if version < VERSION_LEAST {
        return Err(refuse(format!("the server is version {version}"), "use PostgreSQL 12 or newer"));
    }
    if encoding != "UTF8" {
        return Err(refuse(
            format!("its encoding is {encoding}"),
            "make a database for skydeck with createdb --encoding UTF8 --template template0",
        ));
    }
    if standby {
        return Err(refuse("it is a standby, which only reads".to_owned(), "name the primary server in the URL"));
    }
    if schema.is_empty() {
        return Err(refuse(
            "no schema of its search_path exists".to_owned(),
            "make the schema (CREATE SCHEMA), or correct search_path",
        ));
    }
    Ok(schema)
}

/// Refuses a schema that something else filled, that is newer, or that has lost tables; gives the steps applied.
pub(super) fn check_ours(session: &mut Session, url: &PostgresUrl) -> Result<i64, OpenError> {
    let place = || url.to_string();
    let failed = |source| OpenError::Database { path: place().into(), source };
    let mut found = Vec::new();
    let tables =
        "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1";
    session.each(tables, &[], |row| row.text(0).map(|name| found.push(name))).map_err(failed)?;
    let not_ours = |what: String| OpenError::Postgres {
        database: place(),
        what,
        cure: "name another database in the URL, or give skydeck a schema of its own (?options=-csearch_path%3DNAME)",
    };
    if !found.iter().any(|name| name == "migrations") {
        return match found.len() {
            0 => Ok(0),
            count => Err(not_ours(format!("its schema has {count} tables of another program, such as {}", found[0]))),
        };
    }
    let mut steps = Vec::new();
    let sql = "SELECT number, sha256 FROM migrations ORDER BY number";
    let read = session.each(sql, &[], |row| {
        steps.push((row.integer(0)?, row.text(1)?));
        Ok(())
    });
    read.map_err(|error| not_ours(format!("its table \"migrations\" is another program's ({error})")))?;
    let applied = migrations::check(&steps, MIGRATIONS).map_err(|error| match error {
        MigrationError::Newer { found, known } => OpenError::NewerSchema { path: place().into(), found, known },
        MigrationError::OtherText { number } => OpenError::OtherMigration { path: place().into(), number },
        MigrationError::Store(source) => failed(source),
    })?;
    let missing: Vec<_> =
        migrations::tables(applied).into_iter().filter(|table| !found.iter().any(|name| name == table)).collect();
    if missing.is_empty() {
        return Ok(applied);
    }
    Err(OpenError::Postgres {
        database: place(),
        what: format!("these tables are missing: {}", missing.join(", ")),
        cure: "restore the database from a backup (pg_restore)",
    })
}

pub(super) fn apply(session: &mut Session, step: &Migration, now: Timestamp) -> Result<(), StoreError> {
    let unkeyed = AuditKey::from_bytes([0; 32]);
    session.begin(Purpose::Write);
    let made = session.step(&bytewise(MIGRATIONS_TABLE)).and_then(|()| session.step(&bytewise(step.text)));
    let recorded = made.and_then(|()| {
        let sql = "INSERT INTO migrations (number, name, sha256, at_ms) VALUES ($1, $2, $3, $4)";
        let params: [Value; 4] = [step.number.into(), step.name.into(), migrations::digest(step).into(), now.into()];
        Tx::on_postgres(session, &unkeyed, Purpose::Write).execute(sql, &params)
    });
    match recorded {
        Ok(_) => session.commit(),
        Err(error) => {
            session.roll_back()?;
            Err(error)
        }
    }
}

fn transaction<T>(
    session: &mut Session,
    key: &AuditKey,
    purpose: Purpose,
    work: impl FnOnce(&mut Tx) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    session.begin(purpose);
    match work(&mut Tx::on_postgres(session, key, purpose)) {
        Ok(value) => session.commit().map(|()| value),
        Err(error) => {
            session.roll_back()?;
            Err(error)
        }
    }
}
