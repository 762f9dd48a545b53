//! The servers that share the database: each leaves signs of life, and those that fell silent are forgotten.

use super::dialect::Dialect;
use super::error::StoreError;
use super::open;
use super::row::{FromRow, Row};
use super::tx::Tx;
use crate::domain::digest::Sha256Digest;
use crate::domain::id::NodeId;
use crate::domain::limits::NODE_SILENCE_MAX_MS;
use crate::domain::time::Timestamp;

/// One run of a server, as it was last heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id, made at its start.
    pub id: NodeId,
    /// The name of its machine.
    pub host: String,
    /// Where it listens.
    pub address: String,
    /// Its version of skydeck.
    pub version: String,
    /// The fingerprint of its audit key.
    pub key_fingerprint: Sha256Digest,
    /// When it was started, by its own clock.
    pub started_at: Timestamp,
    /// Its own clock at its last sign of life.
    pub clock: Timestamp,
    /// The database's clock at its last sign of life.
    pub beat_at: Timestamp,
}

/// The time as the database has it: the one clock that all nodes see.
pub fn time(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    let sql = format!("SELECT {}", tx.dialect().clock_ms());
    let now = tx.query_one::<i64>(&sql, &[])?;
    now.map(Timestamp::from_ms).ok_or_else(|| StoreError::Internal("the database told no time".to_owned()))
}

/// Leaves a sign of life at `node.beat_at`, and forgets the nodes that are dead by then.
pub fn beat(tx: &mut Tx, node: &Node) -> Result<(), StoreError> {
    let sql = "INSERT INTO nodes (id, host, address, version, key_fingerprint, started_ms, clock_ms, beat_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (id) DO UPDATE SET clock_ms = excluded.clock_ms, beat_ms = excluded.beat_ms";
    let params = [
        node.id.into(),
        (&node.host).into(),
        (&node.address).into(),
        (&node.version).into(),
        node.key_fingerprint.into(),
        node.started_at.into(),
        node.clock.into(),
        node.beat_at.into(),
    ];
    tx.execute(sql, &params)?;
    // An embedded database has one node; whoever else is in it died without a word.
    let silent_since = match tx.dialect() {
        Dialect::Sqlite => i64::MAX,
        Dialect::Postgres => node.beat_at.as_ms().saturating_sub(NODE_SILENCE_MAX_MS),
    };
    tx.execute("DELETE FROM nodes WHERE beat_ms < $1 AND id <> $2", &[silent_since.into(), node.id.into()]).map(drop)
}

/// Forgets a node that ends in good order.
pub fn leave(tx: &mut Tx, id: NodeId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM nodes WHERE id = $1", &[id.into()]).map(drop)
}

/// Every node that was not forgotten yet, the oldest first.
pub fn all(tx: &mut Tx) -> Result<Vec<Node>, StoreError> {
    let sql =
        "SELECT id, host, address, version, key_fingerprint, started_ms, clock_ms, beat_ms FROM nodes ORDER BY id";
    tx.query(sql, &[])
}

/// The fingerprint of the audit key that the marketplace was made with.
pub fn kept_key_fingerprint(tx: &mut Tx) -> Result<Sha256Digest, StoreError> {
    open::kept_fingerprint(tx)?.ok_or_else(|| StoreError::Corrupt("the audit key's fingerprint is missing".to_owned()))
}

impl FromRow for Node {
    fn from_row(row: &Row) -> Result<Node, StoreError> {
        Ok(Node {
            id: row.parsed(0)?,
            host: row.text(1)?,
            address: row.text(2)?,
            version: row.text(3)?,
            key_fingerprint: row.parsed(4)?,
            started_at: row.timestamp(5)?,
            clock: row.timestamp(6)?,
            beat_at: row.timestamp(7)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::{scratch_in_memory, scratch_on_postgres};
    use super::*;
    use crate::domain::id::Entropy;

    fn node(number: u8, beat_ms: i64) -> Node {
        let at = Timestamp::from_ms(1_000 + i64::from(number));
        Node {
            id: NodeId::mint(at, &mut Entropy::from_seed([number; 32])),
            host: "here".to_owned(),
            address: format!("http://127.0.0.1:{number}"),
            version: "0.1.0".to_owned(),
            key_fingerprint: Sha256Digest::of(b"key"),
            started_at: at,
            clock: at,
            beat_at: Timestamp::from_ms(beat_ms),
        }
    }

    #[test]
    fn the_silent_are_forgotten_and_those_who_leave() {
        let Some(scratch) = scratch_on_postgres() else { return };
        let beat = |node: &Node| scratch.tx(|tx| beat(tx, node)).unwrap();
        let there = || scratch.read(all).unwrap();
        let (first, second, third) = (node(1, 50_000), node(2, 50_001), node(3, 60_000));
        for one in [&second, &first, &third] {
            beat(one);
        }
        assert_eq!(there(), [first.clone(), second.clone(), third.clone()]);
        beat(&Node { beat_at: Timestamp::from_ms(50_000 + NODE_SILENCE_MAX_MS), ..third.clone() });
        assert_eq!(there().len(), 3, "as long as it may be silent");
        let third = Node { beat_at: Timestamp::from_ms(50_001 + NODE_SILENCE_MAX_MS), ..third };
        beat(&third);
        assert_eq!(there(), [second.clone(), third.clone()], "the first fell silent");
        beat(&first);
        assert_eq!(there().len(), 3, "and may come back");
        scratch.tx(|tx| leave(tx, second.id)).unwrap();
        assert_eq!(there(), [first, third]);
    }

    #[test]
    fn an_embedded_database_has_one_node() {
        let scratch = scratch_in_memory();
        for number in 1..=3 {
            scratch.tx(|tx| beat(tx, &node(number, 50_000))).unwrap();
        }
        assert_eq!(scratch.read(all).unwrap(), [node(3, 50_000)]);
    }

    #[test]
    fn every_database_tells_the_time() {
        for scratch in [Some(scratch_in_memory()), scratch_on_postgres()].into_iter().flatten() {
            let before = super::super::clock();
            let told = scratch.read(time).unwrap();
            // Both run on this machine here, so the times differ by the way of the question at most; SQLite counts
            // milliseconds from a rounded day.
            assert!(told >= before.plus_ms(-1) && told <= super::super::clock().plus_ms(1), "{told} {before}");
        }
    }
}
