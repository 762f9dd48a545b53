//! This server as one of those that share a database: its signs of life, how many live beside it, and whether it fits.
//!
//! On an embedded database there is one server and nothing to agree on: it notes itself down once and then is silent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::app::{App, fresh_seed};
use super::clock::Clock;
use super::config::ServerConfig;
use super::listen::ListenError;
use super::problem::Problem;
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{Entropy, NodeId};
use crate::domain::node::{Unfit, clock_off_ms, is_alive, judge_clock, judge_key};
use crate::domain::time::Timestamp;
use crate::store::nodes::{self, Node};
use crate::store::{Store, StoreError, Tx};

/// Where Linux keeps the machine's name.
const HOST_FILE: &str = "/proc/sys/kernel/hostname";

/// Who this server is, and how it stands among the others.
#[derive(Debug)]
pub struct Membership {
    own: Own,
    standing: Mutex<Standing>,
}

/// What a sign of life says, but for its time.
#[derive(Clone, Debug)]
struct Own {
    id: NodeId,
    host: String,
    address: String,
    key_fingerprint: Sha256Digest,
    started_at: Timestamp,
    clock: Clock,
    clock_off_max_ms: i64,
}

/// How this server stands among the others, as of its last sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    alive: u32,
    unfit: Option<Unfit>,
}

impl Membership {
    /// A server that was not seen by any other yet.
    ///
    /// # Errors
    /// 500 where the system has no random bytes.
    pub fn new(store: &Store, config: &ServerConfig, address: &str) -> Result<Membership, Problem> {
        let started_at = config.clock.now();
        let own = Own {
            id: NodeId::mint(started_at, &mut Entropy::from_seed(fresh_seed()?)),
            host: std::fs::read_to_string(HOST_FILE).unwrap_or_default().trim().to_owned(),
            address: address.to_owned(),
            key_fingerprint: store.audit_key().fingerprint(),
            started_at,
            clock: config.clock.clone(),
            clock_off_max_ms: config.clock_off_max_ms,
        };
        Ok(Membership { own, standing: Mutex::new(Standing { alive: 1, unfit: None }) })
    }

    /// Leaves the first sign of life on a database that others may share.
    ///
    /// # Errors
    /// [`ListenError::Unfit`] where this server's clock or audit key does not fit, [`ListenError::NotJoined`] where the
    /// database says no.
    pub async fn join(&self, store: &Store) -> Result<(), ListenError> {
        if !store.is_shared() {
            return Ok(());
        }
        let own = self.own.clone();
        let judged = store.write(move |tx| Ok::<_, StoreError>(judge(tx, &own)?.err())).await;
        if let Some(unfit) = judged.map_err(ListenError::NotJoined)? {
            return Err(ListenError::Unfit(unfit));
        }
        self.beat(store).await.map_err(ListenError::NotJoined)
    }

    /// The id of this run of the server.
    pub fn id(&self) -> NodeId {
        self.own.id
    }

    /// How many servers live, this one among them.
    pub fn alive(&self) -> u32 {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).alive
    }

    /// Why this server should not be used, where there is a reason.
    pub fn unfit(&self) -> Option<Unfit> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).unfit.clone()
    }

    async fn beat(&self, store: &Store) -> Result<(), StoreError> {
        let own = self.own.clone();
        let standing = store.write(move |tx| stand(tx, &own)).await?;
        if let Some(unfit) = &standing.unfit {
            tracing::error!(reason = %unfit, "this node is not ready");
        }
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        Ok(())
    }

    async fn leave(&self, store: &Store) {
        let id = self.own.id;
        if let Err(error) = store.write(move |tx| nodes::leave(tx, id)).await {
            tracing::debug!(%error, "the other nodes will notice by the silence that this one is gone");
        }
    }
}

/// Leaves signs of life until the server is told to stop.
pub async fn run(app: App) {
    let (own, store) = (app.membership(), app.store());
    loop {
        match own.beat(store).await {
            Ok(()) => app.rates().share_among(own.alive()),
            Err(error) => tracing::warn!(%error, "no sign of life could be left for the other nodes"),
        }
        let next = tokio::time::sleep(Duration::from_millis(app.config().node_beat_ms));
        tokio::select! {
            () = app.stop().requested() => break,
            () = next, if store.is_shared() => {}
        }
    }
    own.leave(store).await;
}

/// Leaves a sign of life and looks around.
fn stand(tx: &mut Tx, own: &Own) -> Result<Standing, StoreError> {
    let judged = judge(tx, own)?;
    let beat_at = nodes::time(tx)?;
    let node = Node {
        id: own.id,
        host: own.host.clone(),
        address: own.address.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        key_fingerprint: own.key_fingerprint,
        started_at: own.started_at,
        clock: own.clock.now(),
        beat_at,
    };
    nodes::beat(tx, &node)?;
    let alive = nodes::all(tx)?.iter().filter(|node| is_alive(node.beat_at, beat_at)).count();
    Ok(Standing { alive: u32::try_from(alive).unwrap_or(u32::MAX).max(1), unfit: judged.err() })
}

/// Judges this server's key against the marketplace's and the living nodes', and its clock against the database's.
fn judge(tx: &mut Tx, own: &Own) -> Result<Result<(), Unfit>, StoreError> {
    let asked = own.clock.now();
    let database = nodes::time(tx)?;
    let answered = own.clock.now();
    let kept = nodes::kept_key_fingerprint(tx)?;
    let others = nodes::all(tx)?;
    let keys =
        others.iter().filter(|node| node.id != own.id && is_alive(node.beat_at, database)).try_fold((), |(), node| {
            judge_key(own.key_fingerprint, node.key_fingerprint, &format!("the node {} on {}", node.address, node.host))
        });
    let off = clock_off_ms(asked, database, answered);
    let clock = || judge_clock(off, own.clock_off_max_ms, answered, database);
    Ok(judge_key(own.key_fingerprint, kept, "the marketplace").and(keys).and_then(|()| clock()))
}
