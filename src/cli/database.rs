//! Which database: the embedded one, or the PostgreSQL that a file or the environment names, its password unseen.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure};
use crate::store::PostgresUrl;

/// The variable that names a PostgreSQL database.
const VARIABLE: &str = "SKYDECK_DATABASE_URL";

/// How the database is named.
#[derive(Clone, Debug, Args)]
pub struct Database {
    /// Keep the rows in this PostgreSQL database, not in the data folder (postgres://USER@HOST:PORT/NAME) [env: SKYDECK_DATABASE_URL]
    ///
    /// Several nodes may share one. A password does not belong on a command line, where everyone on the machine can read
    /// it: set SKYDECK_DATABASE_URL, or use --database-url-file. Connections to other machines are encrypted unless the
    /// URL says ?sslmode=disable.
    #[arg(long, value_name = "URL", conflicts_with = "database_url_file")]
    database_url: Option<String>,
    /// The same from a file that holds nothing but the URL
    #[arg(long, value_name = "FILE")]
    database_url_file: Option<PathBuf>,
}

impl Database {
    /// The PostgreSQL database that is named; nothing for the embedded one.
    ///
    /// # Errors
    /// [`Exit::Config`] for a URL that makes no sense or shows a password, [`Exit::Environment`] for an unreadable file.
    pub fn chosen(&self) -> Result<Option<PostgresUrl>, Failure> {
        let flags = Flags { url: "--database-url", file: "--database-url-file" };
        named(self.database_url.as_deref(), self.database_url_file.as_deref(), flags)
    }
}

/// How the database is named that a marketplace is moved into.
#[derive(Clone, Debug, Args)]
pub struct Destination {
    /// The PostgreSQL database to move into (postgres://USER@HOST:PORT/NAME) [env: SKYDECK_DATABASE_URL]
    ///
    /// It is empty, or holds what an interrupted migration of the same folder brought over. A password does not belong
    /// on a command line: set SKYDECK_DATABASE_URL, or use --to-url-file.
    #[arg(long, value_name = "URL", conflicts_with = "to_url_file")]
    to: Option<String>,
    /// The same from a file that holds nothing but the URL
    #[arg(long, value_name = "FILE")]
    to_url_file: Option<PathBuf>,
}

impl Destination {
    /// The database.
    ///
    /// # Errors
    /// [`Exit::Usage`] where none is named; else as [`Database::chosen`].
    pub fn chosen(&self) -> Result<PostgresUrl, Failure> {
        let flags = Flags { url: "--to", file: "--to-url-file" };
        named(self.to.as_deref(), self.to_url_file.as_deref(), flags)?.ok_or_else(|| {
            let text = format!("name the database to move into: --to URL, --to-url-file FILE, or {VARIABLE}");
            Failure::new(Exit::Usage, text)
        })
    }
}

/// The flags that a database is named with.
#[derive(Clone, Copy)]
struct Flags {
    url: &'static str,
    file: &'static str,
}

fn named(url: Option<&str>, file: Option<&Path>, flags: Flags) -> Result<Option<PostgresUrl>, Failure> {
    if let Some(text) = url {
        let url = parsed(text, flags.url)?;
        if url.has_password() {
            let text = format!(
                "{} has a password, and everyone on this machine can read command lines: \
                 put the URL into {VARIABLE}, or into a file named with {}",
                flags.url, flags.file
            );
            return Err(Failure::new(Exit::Config, text));
        }
        return Ok(Some(url));
    }
    match file {
        Some(path) => from_file(path, flags.file).map(Some),
        None => from_environment(),
    }
}

/// The PostgreSQL database that the environment names.
///
/// # Errors
/// [`Exit::Config`] for a URL that makes no sense.
pub fn from_environment() -> Result<Option<PostgresUrl>, Failure> {
    match std::env::var(VARIABLE) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => parsed(&text, VARIABLE).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::new(Exit::Config, format!("{VARIABLE} is not text; write it as a URL")))
        }
    }
}

fn from_file(path: &Path, flag: &str) -> Result<PostgresUrl, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new(Exit::Environment, format!("{flag} {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(unreadable)?;
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "others can read the database's URL; take that right away (chmod 600)");
    }
    parsed(&text, &format!("the file {}", path.display()))
}

fn parsed(text: &str, place: &str) -> Result<PostgresUrl, Failure> {
    text.parse().map_err(|error| Failure::new(Exit::Config, format!("{place}: {error}")))
}
