//! The server under measurement, as `skydeck serve` runs it, but for a rate limit that the load does not reach.

use std::path::Path;

use anyhow::Result;
use skydeck::server::{self, RateLimits, ServerConfig};
use skydeck::store::{Store, StoreConfig};
use tracing_subscriber::EnvFilter;

use crate::process;

/// Requests a minute; counted and told like any other limit.
const PER_MINUTE: u32 = 100_000_000;

/// Serves a data folder until standard input is closed; prints its address.
pub fn run(folder: &Path) -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let store = Store::open(StoreConfig::in_folder(folder))?;
    let rates = RateLimits { token_per_minute: Some(PER_MINUTE), ..RateLimits::default() };
    let threads = server::runtime_threads();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
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
