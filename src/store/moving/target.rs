//! The database that a marketplace is moved into: claimed with a mark, filled, and opened by taking the mark away.

use super::source::Source;
use super::{MoveError, OpenError};
use crate::domain::audit::{AuditHead, AuditKey, ChainFault};
use crate::domain::time::Timestamp;
use crate::store::audit;
use crate::store::error::StoreError;
use crate::store::postgres::{self, PostgresUrl, Session, UNFINISHED};
use crate::store::row::Row;
use crate::store::schema::{Schema, Sort, Table};
use crate::store::tx::{Purpose, Tx};
use crate::store::value::Value;

/// A database that only this process writes into.
pub(super) struct Target {
    session: Session,
    database: String,
}

/// How the database was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Without any row.
    Vacant,
    /// With a part of the same marketplace.
    Resumed,
    /// With a part of the same marketplace as it was before it changed; it was removed.
    Changed,
}

/// Whose part is in the database, and when it was taken: the log's head tells most changes from then to now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    fingerprint: String,
    audit_head: String,
    newest_event: i64,
}

impl Target {
    /// Claims a database that is vacant, or that holds a part of the same marketplace.
    pub(super) fn open(
        url: &PostgresUrl,
        now: Timestamp,
        schema: &Schema,
        source: &Source,
    ) -> Result<(Target, Claim), MoveError> {
        let (session, claim) = postgres::receive(url, now, |session| claim(session, url, schema, source))?;
        Ok((Target { session, database: url.to_string() }, claim))
    }

    /// Where it is, without the password.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    /// The key of the last row that is there.
    pub(super) fn greatest_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let backwards: Vec<String> = table.key.iter().map(|column| format!("{column} DESC")).collect();
        let (key, name, backwards) = (table.key(), &table.name, backwards.join(", "));
        let sort = |name: &String| table.columns.iter().find(|column| column.name == *name).map(|column| column.sort);
        let sorts: Vec<Option<Sort>> = table.key.iter().map(sort).collect();
        let mut found = None;
        let sql = format!("SELECT {key} FROM {name} ORDER BY {backwards} LIMIT 1");
        self.session.each(&sql, &[], |row: &Row| {
            let value = |(i, sort): (usize, &Option<Sort>)| match sort {
                Some(Sort::Integer) => row.integer(i).map(Value::Integer),
                _ => row.text(i).map(Value::Text),
            };
            found = Some(sorts.iter().enumerate().map(value).collect::<Result<Vec<_>, _>>()?);
            Ok(())
        })?;
        Ok(found)
    }

    /// How many rows of a table are there.
    pub(super) fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        number(&mut self.session, &format!("SELECT count(*) FROM {}", table.name)).map(i64::unsigned_abs)
    }

    /// How many rows are there.
    pub(super) fn rows(&mut self, schema: &Schema) -> Result<u64, StoreError> {
        schema.tables.iter().try_fold(0, |rows, table| Ok(rows + self.count(table)?))
    }

    /// Adds rows, all of them or none.
    pub(super) fn put(&mut self, table: &Table, rows: Vec<u8>) -> Result<(), StoreError> {
        let sql = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.columns());
        self.session.copy_in(&sql, rows).map(drop)
    }

    /// Removes every row.
    pub(super) fn empty(&mut self, schema: &Schema) -> Result<(), StoreError> {
        empty(&mut self.session, schema)
    }

    /// Looks at the rows in a transaction.
    pub(super) fn read<T>(
        &mut self,
        key: &AuditKey,
        work: impl FnOnce(&mut Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.session.begin(Purpose::Read);
        let done = work(&mut Tx::on_postgres(&mut self.session, key, Purpose::Read));
        self.session.roll_back()?;
        done
    }

    /// Follows the audit chain from its first row to the log's head.
    pub(super) fn verify(&mut self, key: &AuditKey) -> Result<Result<AuditHead, ChainFault>, StoreError> {
        self.read(key, |tx| audit::verify(tx, None))
    }

    /// Opens the database to servers, with everything on its disk.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.session.step("ANALYZE")?;
        self.session.step("SET synchronous_commit = on")?;
        self.session.step(&format!("DROP TABLE {UNFINISHED}"))
    }
}

fn claim(session: &mut Session, url: &PostgresUrl, schema: &Schema, source: &Source) -> Result<Claim, MoveError> {
    let database = url.to_string();
    let mark = Mark {
        fingerprint: source.key().fingerprint().to_string(),
        audit_head: source.audit_head()?.to_string(),
        newest_event: source.newest_event()?,
    };
    let Some(found) = found_mark(session)? else {
        if let Some(to) = source.moved_to() {
            let (path, file) = (source.path().to_owned(), source.marker().to_owned());
            return Err(OpenError::MovedAway { path, to, file }.into());
        }
        if let Some(table) = occupied(session, schema)? {
            return Err(MoveError::Occupied { database, table });
        }
        set_mark(session, &mark)?;
        return Ok(Claim::Vacant);
    };
    if found == mark {
        return Ok(Claim::Resumed);
    }
    if found.fingerprint != mark.fingerprint {
        return Err(MoveError::OtherMove { database, fingerprint: found.fingerprint });
    }
    empty(session, schema)?;
    set_mark(session, &mark)?;
    Ok(Claim::Changed)
}

fn found_mark(session: &mut Session) -> Result<Option<Mark>, StoreError> {
    let mut found = None;
    if postgres::is_unfinished(session)? {
        session.each(&format!("SELECT fingerprint, audit_head, newest_event FROM {UNFINISHED}"), &[], |row| {
            found = Some(Mark { fingerprint: row.text(0)?, audit_head: row.text(1)?, newest_event: row.integer(2)? });
            Ok(())
        })?;
    }
    Ok(found)
}

fn set_mark(session: &mut Session, mark: &Mark) -> Result<(), StoreError> {
    session.begin(Purpose::Write);
    session.step(&format!(
        "DROP TABLE IF EXISTS {UNFINISHED}; \
         CREATE TABLE {UNFINISHED} (fingerprint TEXT NOT NULL, audit_head TEXT NOT NULL, newest_event BIGINT NOT NULL)"
    ))?;
    let sql = format!("INSERT INTO {UNFINISHED} (fingerprint, audit_head, newest_event) VALUES ($1, $2, $3)");
    let params = [(&mark.fingerprint).into(), (&mark.audit_head).into(), mark.newest_event.into()];
    session.execute(&sql, &params)?;
    session.commit()
}

/// A table with a row in it.
fn occupied(session: &mut Session, schema: &Schema) -> Result<Option<String>, StoreError> {
    for table in &schema.tables {
        if number(session, &format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS first", table.name))? > 0 {
            return Ok(Some(table.name.clone()));
        }
    }
    Ok(None)
}

fn empty(session: &mut Session, schema: &Schema) -> Result<(), StoreError> {
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    session.step(&format!("TRUNCATE TABLE {}", names.join(", ")))
}

fn number(session: &mut Session, sql: &str) -> Result<i64, StoreError> {
    let mut found = 0;
    session.each(sql, &[], |row| {
        found = row.integer(0)?;
        Ok(())
    })?;
    Ok(found)
}
