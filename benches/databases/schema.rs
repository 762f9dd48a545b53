//! A schema of its own on the PostgreSQL server of the environment; dropped with the value.

use std::env;

use anyhow::{Context as _, Result};
use postgres::{Client, NoTls};

/// The variable that names the server.
const VARIABLE: &str = "SKYDECK_TEST_POSTGRES";

/// An empty schema.
pub struct Schema {
    base: String,
    name: String,
}

impl Schema {
    /// Makes one.
    pub fn make() -> Result<Schema> {
        let base = env::var(VARIABLE).with_context(|| format!("name a PostgreSQL server with {VARIABLE}"))?;
        let schema = Schema { base, name: format!("bench{:08x}", getrandom::u32()?) };
        schema.at_server(&format!("CREATE SCHEMA {}", schema.name))?;
        Ok(schema)
    }

    /// Its URL, with the password.
    pub fn url(&self) -> String {
        let mark = if self.base.contains('?') { '&' } else { '?' };
        format!("{}{mark}options=-csearch_path%3D{}", self.base, self.name)
    }

    fn at_server(&self, sql: &str) -> Result<()> {
        Ok(Client::connect(&self.base, NoTls)?.batch_execute(sql)?)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if let Err(error) = self.at_server(&format!("DROP SCHEMA {} CASCADE", self.name)) {
            eprintln!("the schema {} stays: {error}", self.name);
        }
    }
}
