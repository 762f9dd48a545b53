//! The server under measurement, on the folder's own database or on the PostgreSQL that the environment names.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use skydeck::server::{self, RateLimits, ServerConfig};
use skydeck::store::{Store, StoreConfig};
use tracing_subscriber::EnvFilter;

use crate::process::{self, Copy};

/// The file in the folder that names a PostgreSQL database to the copy; not an argument, since it has a password.
const DATABASE: &str = "database.url";
/// Requests a minute; counted and told like any other limit.
const PER_MINUTE: u32 = 100_000_000;
/// How long a server that has just started is left alone.
const SETTLE: Duration = Duration::from_millis(500);

/// A server in a process of its own, and its address.
pub struct Served {
    /// The process.
    pub copy: Copy,
    /// Where it listens.
    pub address: String,
}

/// Starts a server on a folder; its log goes into the folder.
pub fn start(folder: &Path, postgres: Option<&str>) -> Result<Served> {
    let log = File::create(folder.join("server.log"))?;
    if let Some(url) = postgres {
        fs::write(folder.join(DATABASE), url)?;
    }
    let mut copy = Copy::start(&["serve".as_ref(), folder.as_os_str()], Stdio::from(log))?;
    let address = copy.line()?;
    thread::sleep(SETTLE);
    Ok(Served { copy, address })
}

/// In the copy: serves until standard input is closed; prints the address.
pub fn run(folder: &Path) -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let postgres = fs::read_to_string(folder.join(DATABASE)).ok().map(|url| url.parse()).transpose()?;
    let store = Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(folder) })?;
    let rates = RateLimits { token_per_minute: Some(PER_MINUTE), ..RateLimits::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let running = server::serve(ServerConfig { rates, ..ServerConfig::default() }, store.clone()).await?;
        println!("{}", running.local_addr());
        tokio::task::spawn_blocking(process::wait_for_the_end).await?;
        running.shut_down().await;
        anyhow::Ok(())
    })?;
    store.close();
    Ok(())
}
