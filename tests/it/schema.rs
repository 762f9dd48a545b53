//! A PostgreSQL schema of its own for a test, on the server that `SKYDECK_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};

/// Names the server.
const SERVER: &str = "SKYDECK_TEST_POSTGRES";
/// `postgres` has every marketplace of these tests kept on that server.
const WHERE: &str = "SKYDECK_TEST_SCRATCH";

/// An empty schema, dropped with this value.
pub struct Schema {
    base: String,
    name: String,
}

/// Whether every marketplace is to be kept on PostgreSQL.
pub fn is_wanted_everywhere() -> bool {
    std::env::var_os(WHERE).is_some_and(|wanted| wanted == "postgres")
}

/// Whether a test that is about the embedded database's files has to be left out here; says so.
pub fn is_left_out(why: &str) -> bool {
    if is_wanted_everywhere() {
        eprintln!("{}: left out on PostgreSQL: {why}", test());
    }
    is_wanted_everywhere()
}

impl Schema {
    /// One where every marketplace is to be kept on PostgreSQL.
    pub fn where_wanted() -> Option<Schema> {
        is_wanted_everywhere().then(|| Schema::make().expect("a server named with SKYDECK_TEST_POSTGRES"))
    }

    /// One for a test that needs it; nothing, and a line that says what is left out, where no server is named.
    pub fn make() -> Option<Schema> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(base) = std::env::var(SERVER).ok().filter(|url| !url.is_empty()) else {
            eprintln!("{}: left out; set {SERVER}=postgres://… to run it", test());
            return None;
        };
        let random = getrandom::u32().unwrap();
        let name = format!("i{}_{}_{random:08x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let schema = Schema { base, name };
        schema.at_server(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    /// The URL of the schema, with its password; the schema's name is also that of what connects.
    pub fn url(&self) -> String {
        self.url_on(&self.base)
    }

    /// The same by another way to the server.
    pub fn url_on(&self, base: &str) -> String {
        let mark = if base.contains('?') { '&' } else { '?' };
        let name = &self.name;
        format!("{base}{mark}options=-csearch_path%3D{name}&application_name={name}")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of the server, as it was given.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Runs statements in the schema, past the program.
    pub fn run(&self, sql: &str) {
        self.at_server(&format!("SET search_path = {}; {sql}", self.name));
    }

    /// On a thread of its own, since most tests are async.
    fn at_server(&self, sql: &str) {
        let run = || Client::connect(&self.base, NoTls).and_then(|mut client| client.batch_execute(sql));
        std::thread::scope(|scope| scope.spawn(run).join().unwrap().unwrap());
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.at_server(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

fn test() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}
