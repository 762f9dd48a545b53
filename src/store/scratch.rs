//! A database for unit tests of use cases, in memory or on PostgreSQL: single-threaded, synchronous, gone with its value.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::Connection;

use super::blobs::StoredBlob;
use super::error::StoreError;
use super::job::{Verdict, attempt};
use super::migrations::{self, MIGRATIONS, migrate};
use super::postgres::fresh::{self, FreshSchema};
use super::postgres::{self, Session};
use super::row::{FromRow, Row};
use super::tx::{Purpose, Tx};
use super::{PostgresUrl, StoreConfig, open, sqlite};
use crate::domain::audit::AuditKey;
use crate::domain::digest::CodeDigests;
use crate::domain::time::Timestamp;

/// An empty marketplace.
pub struct Scratch {
    database: Database,
    key: AuditKey,
}

enum Database {
    Memory(Connection),
    Postgres(Box<RefCell<Session>>, FreshSchema),
}

/// The key of every scratch database.
const KEY: [u8; 32] = [7; 32];

/// Every row of every table as text, in the order of that text.
pub type Dump = BTreeMap<String, Vec<String>>;

/// One row, whatever its columns are.
struct Line(String);

/// Where `SKYDECK_TEST_SCRATCH=postgres` puts every scratch database: the same tests are run there too.
const WHERE: &str = "SKYDECK_TEST_SCRATCH";

/// Makes one, in memory where nothing else is wanted.
///
/// # Panics
/// Where the schema is broken, or PostgreSQL is wanted and not named.
pub fn scratch() -> Scratch {
    if std::env::var_os(WHERE).is_some_and(|wanted| wanted == "postgres") {
        return scratch_on_postgres().unwrap();
    }
    scratch_in_memory()
}

/// Makes one in memory, with its first rows written.
///
/// # Panics
/// Where the schema is broken, which is what its tests are for.
pub fn scratch_in_memory() -> Scratch {
    let mut connection = Connection::open_in_memory().unwrap();
    sqlite::settle(&connection).unwrap();
    migrate(&mut connection, MIGRATIONS, Timestamp::from_ms(0)).unwrap();
    let key = AuditKey::from_bytes(KEY);
    open::first_rows_committed(&connection, &key, Timestamp::from_ms(0)).unwrap();
    Scratch { database: Database::Memory(connection), key }
}

/// Makes one on PostgreSQL, where a server is named.
///
/// # Panics
/// Where the schema is broken.
pub fn scratch_on_postgres() -> Option<Scratch> {
    let schema = fresh::schema()?;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
    let config = StoreConfig::in_folder(folder.path());
    postgres::open(&config, &schema.url(), Timestamp::from_ms(0)).unwrap();
    let session = Box::new(RefCell::new(postgres::connect(&schema.url()).unwrap()));
    Some(Scratch { database: Database::Postgres(session, schema), key: AuditKey::from_bytes(KEY) })
}

/// Waits for a store to answer, on a thread that may wait.
///
/// # Panics
/// Where the system has no room for a runtime.
pub fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answer)
}

impl Scratch {
    /// What is in a schema of PostgreSQL, whoever put it there.
    ///
    /// # Panics
    /// Where the server cannot be reached.
    pub fn at(schema: FreshSchema) -> Scratch {
        let session = Box::new(RefCell::new(postgres::connect(&schema.url()).unwrap()));
        Scratch { database: Database::Postgres(session, schema), key: AuditKey::from_bytes(KEY) }
    }

    /// Runs a transaction; an error or a panic undoes it.
    pub fn tx<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Write, work)
    }

    /// Runs a transaction and undoes it.
    pub fn rehearse<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Rehearse, work)
    }

    /// Runs a transaction that reads.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Read, work)
    }

    /// The proof of a blob that nobody stored.
    pub fn blob(&self, code: &[u8]) -> StoredBlob {
        self.blob_of(CodeDigests::of(code))
    }

    /// As [`blob`](Scratch::blob), with digests of the caller's choice.
    pub fn blob_of(&self, digests: CodeDigests) -> StoredBlob {
        StoredBlob::pretended(digests)
    }

    /// Where it is on PostgreSQL, for a store on the same rows.
    pub fn postgres(&self) -> Option<PostgresUrl> {
        match &self.database {
            Database::Memory(_) => None,
            Database::Postgres(_, schema) => Some(schema.url()),
        }
    }

    /// Writes one in memory into a data folder, with its key; codes are not there, for nobody stored them.
    ///
    /// # Panics
    /// Where it is on PostgreSQL, or the folder cannot be used.
    pub fn save(&self, folder: &std::path::Path) {
        let Database::Memory(connection) = &self.database else { panic!("only one in memory is saved") };
        let path = folder.join("skydeck.db");
        connection.backup("main", &path, None::<fn(rusqlite::backup::Progress)>).unwrap();
        let file = Connection::open(&path).unwrap();
        file.pragma_update(None, "application_id", open::APPLICATION_ID).unwrap();
        std::fs::write(folder.join("audit.key"), "07".repeat(32)).unwrap();
    }

    /// The tables that there should be, by name.
    pub fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = migrations::tables(i64::MAX).into_iter().map(str::to_owned).collect();
        tables.push("migrations".to_owned());
        tables.sort();
        tables
    }

    /// Everything that is in the tables that there are.
    ///
    /// # Panics
    /// Where a table cannot be read.
    pub fn dump(&self) -> Dump {
        let names = match &self.database {
            Database::Memory(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Database::Postgres(..) => {
                "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        };
        self.read(|tx| {
            let mut dump = Dump::new();
            for table in tx.query::<String>(names, &[])? {
                let lines: Vec<Line> = tx.query(&format!("SELECT * FROM {table}"), &[])?;
                let mut lines: Vec<String> = lines.into_iter().map(|line| line.0).collect();
                lines.sort();
                dump.insert(table, lines);
            }
            Ok::<_, StoreError>(dump)
        })
        .unwrap()
    }

    fn run<T, E: From<StoreError>>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.database {
            Database::Memory(connection) => {
                sqlite::step(connection, "BEGIN IMMEDIATE")?;
                let (outcome, kept) = outcome(Tx::new(connection, &self.key, purpose), work);
                sqlite::step(connection, if kept { "COMMIT" } else { "ROLLBACK" })?;
                outcome
            }
            Database::Postgres(session, _) => {
                let session = &mut *session.borrow_mut();
                session.begin(purpose);
                let (outcome, kept) = outcome(Tx::on_postgres(session, &self.key, purpose), work);
                if kept { session.commit() } else { session.roll_back() }?;
                outcome
            }
        }
    }
}

fn outcome<T, E: From<StoreError>>(mut tx: Tx, work: impl FnOnce(&mut Tx) -> Result<T, E>) -> (Result<T, E>, bool) {
    let purpose = tx.purpose();
    let (outcome, verdict) = attempt(work, &mut tx, Timestamp::from_ms(0));
    (outcome, purpose == Purpose::Write && matches!(verdict, Verdict::Keep(_)))
}

impl FromRow for Line {
    fn from_row(row: &Row) -> Result<Line, StoreError> {
        let mut cells = Vec::new();
        while let Ok(null) = row.is_null(cells.len()) {
            let i = cells.len();
            let cell = if null {
                "NULL".to_owned()
            } else {
                row.integer(i).map(|n| n.to_string()).or_else(|_| row.str(i).map(|text| format!("{text:?}")))?
            };
            cells.push(cell);
        }
        Ok(Line(cells.join(", ")))
    }
}
