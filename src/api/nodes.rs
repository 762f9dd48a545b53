//! The servers of a marketplace on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One server that shares the marketplace's database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its id, new at each start.
    pub id: String,
    /// The name of its machine.
    pub host: String,
    /// Where it listens.
    pub address: String,
    /// Its version of skydeck.
    pub version: String,
    /// When it was started, by its own clock.
    pub started_at: String,
    /// When it was last heard of, by the database's clock.
    pub beat_at: String,
    /// Whether it was heard of recently enough to count as alive.
    pub alive: bool,
    /// Milliseconds by which its clock is ahead of the database's; negative where it is behind.
    pub clock_off_ms: i64,
    /// Whether it is the one that answers.
    pub answers: bool,
    /// The first digits of its audit key's fingerprint; every node has to have the same.
    pub key_fingerprint: String,
}
