//! A whole server in this process: started with one call, told to stop, waited for.

use std::net::SocketAddr;
use std::thread;

use tokio::task::JoinHandle;

use super::app::App;
use super::config::ServerConfig;
use super::listen::{ListenError, Listening};
use super::membership::Membership;
use super::stop::{Stop, Stopper};
use super::{housekeeping, membership, router, worker};
use crate::store::Store;

/// A server that runs; dropping it tells it to stop without waiting.
#[derive(Debug)]
pub struct RunningServer {
    local_addr: SocketAddr,
    scheme: &'static str,
    stopper: Stopper,
    stop: Stop,
    tasks: Vec<JoinHandle<()>>,
}

impl RunningServer {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Its address as a URL, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.local_addr)
    }

    /// The signal that it is to stop, for whoever should end with it.
    pub fn stop_signal(&self) -> &Stop {
        &self.stop
    }

    /// Tells it to stop, and waits until running requests ended and jobs were given back.
    pub async fn shut_down(mut self) {
        self.stopper.request();
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the server ended badly");
            }
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stopper.request();
    }
}

/// How many threads the runtime under a server does best with: one for two processors, since two thirds of an answer are
/// made by the store's own threads, and every idle thread of the runtime is woken now and then to find nothing.
pub fn runtime_threads() -> usize {
    thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2))
}

/// Starts a server on a store; it answers when this returns.
///
/// # Errors
/// [`ListenError`] where it cannot listen, or may not serve beside the others on its database.
pub async fn serve(config: ServerConfig, store: Store) -> Result<RunningServer, ListenError> {
    let listening = Listening::bind(&config).await?;
    let (local_addr, scheme) = (listening.local_addr(), if listening.is_tls() { "https" } else { "http" });
    let (stopper, stop) = Stopper::new();
    let membership = Membership::new(&store, &config, &format!("{scheme}://{local_addr}"));
    let membership = membership.map_err(|problem| ListenError::NoRandomness(problem.to_string()))?;
    membership.join(&store).await?;
    let app = App::new(store, config, membership, stop.clone());
    let checks = worker::run(app.store().clone(), app.clock().clone(), app.config().checks_at_once, stop.clone());
    let service = router::service(app.clone());
    let tasks = vec![
        tokio::spawn(listening.run(app.config().clone(), service, stop.clone())),
        tokio::spawn(checks),
        tokio::spawn(membership::run(app.clone())),
        tokio::spawn(housekeeping::run(app)),
    ];
    Ok(RunningServer { local_addr, scheme, stopper, stop, tasks })
}
