//! A schema of its own for each test, on the server that `SKYDECK_TEST_POSTGRES` names.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::address::PostgresUrl;
use super::connect::connect;

/// The variable that names the server.
const VARIABLE: &str = "SKYDECK_TEST_POSTGRES";

/// An empty schema, dropped with this value, and a folder for those that share it.
pub struct FreshSchema {
    base: String,
    name: String,
    folder: TempDir,
}

/// Makes one; nothing, and a line that says what is left out, where no server is named.
///
/// # Panics
/// Where the server is named and cannot be used.
pub fn schema() -> Option<FreshSchema> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Some(base) = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty()) else {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        eprintln!("{test}: left out on PostgreSQL; set {VARIABLE}=postgres://… to run it there too");
        return None;
    };
    let random = getrandom::u32().unwrap();
    let name = format!("t{}_{}_{random:08x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
    let schema = FreshSchema { base, name, folder };
    schema.at_server(&format!("CREATE SCHEMA {}", schema.name));
    Some(schema)
}

impl FreshSchema {
    /// The URL of the schema; the schema's name is also that of what connects.
    ///
    /// # Panics
    /// Where `SKYDECK_TEST_POSTGRES` is no URL.
    pub fn url(&self) -> PostgresUrl {
        self.full_url().parse().unwrap()
    }

    /// The same as text, with its password.
    pub fn full_url(&self) -> String {
        let mark = if self.base.contains('?') { '&' } else { '?' };
        let name = &self.name;
        format!("{}{mark}options=-csearch_path%3D{name}&application_name={name}", self.base)
    }

    /// The folder of the schema's nodes, with their audit key.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of the server, as it was given.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Runs statements in the schema, past the store.
    pub fn run(&self, sql: &str) {
        self.at_server(&format!("SET search_path = {}; {sql}", self.name));
    }

    /// On a thread of its own, since tests of the store are async.
    fn at_server(&self, sql: &str) {
        let url: PostgresUrl = self.base.parse().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| connect(&url).unwrap().step(sql).unwrap()).join().unwrap();
        });
    }
}

impl Drop for FreshSchema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.at_server(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
