//! What every handler shares: the store, the configuration, the clock, the limits and the counters.

use std::sync::Arc;

use super::caller::Asker;
use super::clock::Clock;
use super::config::ServerConfig;
use super::idempotency::InFlightKeys;
use super::membership::Membership;
use super::metrics::Metrics;
use super::problem::Problem;
use super::rate::Rates;
use super::stop::Stop;
use crate::domain::account::Caller;
use crate::domain::id::Entropy;
use crate::domain::time::Timestamp;
use crate::market::{Act, By};
use crate::store::{Store, Tx};

/// The server's state; cheap to copy.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    store: Store,
    config: ServerConfig,
    metrics: Metrics,
    rates: Rates,
    keys: InFlightKeys,
    membership: Membership,
    stop: Stop,
}

/// One caller's turn in a transaction.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who asks, as the rows of this transaction have it.
    pub caller: Caller,
    /// When the request came.
    pub now: Timestamp,
    /// 32 fresh random bytes.
    pub seed: [u8; 32],
}

impl App {
    /// Puts the state together.
    pub fn new(store: Store, config: ServerConfig, membership: Membership, stop: Stop) -> App {
        let rates = Rates::new(&config.rates);
        let metrics = Metrics::new();
        App(Arc::new(Shared { store, config, metrics, rates, keys: InFlightKeys::default(), membership, stop }))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The configuration.
    pub fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.config.clock
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.config.clock.now()
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The limits on how often.
    pub fn rates(&self) -> &Rates {
        &self.0.rates
    }

    /// The idempotency keys of requests being carried out.
    pub fn in_flight_keys(&self) -> &InFlightKeys {
        &self.0.keys
    }

    /// This server among those that share its database.
    pub fn membership(&self) -> &Membership {
        &self.0.membership
    }

    /// The signal that the server is to end.
    pub fn stop(&self) -> &Stop {
        &self.0.stop
    }

    /// Reads in one transaction, as the caller that its rows prove.
    ///
    /// # Errors
    /// 401 or 403 where the token is not good for the route, else what `read` says.
    pub async fn read<T: Send + 'static>(
        &self,
        asker: &Asker,
        read: impl Fn(&mut Tx, &Turn) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (asker, now, seed) = (*asker, self.now(), fresh_seed()?);
        self.store()
            .read(move |tx| {
                let caller = asker.prove(tx, now)?;
                read(tx, &Turn { caller, now, seed })
            })
            .await
    }
}

impl Turn {
    /// The turn as a use case takes it.
    pub fn act(&self) -> Act {
        Act { by: By::Caller(self.caller.clone()), now: self.now, seed: self.seed }
    }

    /// The stream of random bytes of this turn, from its start.
    pub fn entropy(&self) -> Entropy {
        Entropy::from_seed(self.seed)
    }
}

/// 32 random bytes from the system.
///
/// # Errors
/// 500 where the system has none.
pub fn fresh_seed() -> Result<[u8; 32], Problem> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| Problem::internal(format!("no random bytes: {error}")))?;
    Ok(seed)
}
