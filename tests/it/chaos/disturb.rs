//! Kills nodes, connections and PostgreSQL's own processes at random moments of the work.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::{Arena, NODES, Size};
use crate::cluster::Cluster;
use crate::node::{Node, NodeConfig};

/// How long a node may take until it listens again, a database that recovers included.
const RESTART_MAX: Duration = Duration::from_mins(1);

/// What was killed.
#[derive(Debug, Default)]
pub struct Deeds {
    pub nodes: usize,
    pub backends: usize,
    pub connections: usize,
}

#[derive(Clone, Copy)]
enum Deed {
    /// `kill -9` of a node, which is started again.
    Node,
    /// Some connections are ended by the database.
    Connections,
    /// `kill -9` of a process of the database, which ends all connections and recovers.
    Backend,
}

/// Goes on until the work is over; the moments are counted in decisions, so that a slow machine sees as much.
pub fn disturb(
    cluster: &Cluster,
    nodes: &mut [Node],
    config: &NodeConfig,
    arena: &Arena,
    size: Size,
    mut dice: Dice,
) -> Deeds {
    let mut deeds = Deeds::default();
    let stride = (2 * size.submissions / (size.deeds + 1)).max(1);
    let mut threshold = 0;
    for number in 0..size.deeds {
        threshold += dice.below(stride);
        while arena.decided.load(Ordering::SeqCst) < threshold {
            if arena.is_over.load(Ordering::SeqCst) {
                return deeds;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // A part of the strides is a moment in which nobody knows how much is under way.
        std::thread::sleep(Duration::from_millis(dice.below(40) as u64));
        let deed = match number {
            0 => Deed::Node,
            1 => Deed::Backend,
            2 => Deed::Connections,
            _ => {
                [Deed::Node, Deed::Node, Deed::Node, Deed::Connections, Deed::Connections, Deed::Backend][dice.below(6)]
            }
        };
        carry_out(deed, cluster, nodes, config, arena, &mut dice, &mut deeds);
    }
    deeds
}

fn carry_out(
    deed: Deed,
    cluster: &Cluster,
    nodes: &mut [Node],
    config: &NodeConfig,
    arena: &Arena,
    dice: &mut Dice,
    deeds: &mut Deeds,
) {
    match deed {
        Deed::Node => {
            let place = dice.below(NODES);
            nodes[place] = restarted(&mut nodes[place], config);
            arena.move_to(place, &nodes[place].url);
            deeds.nodes += 1;
        }
        Deed::Connections => {
            let mut client = cluster.connect();
            let Some(backends) = cluster.backends(&mut client).filter(|found| !found.is_empty()) else { return };
            for _ in 0..=dice.below(4) {
                let pid = backends[dice.below(backends.len())];
                deeds.connections += usize::from(client.execute("SELECT pg_terminate_backend($1)", &[&pid]).is_ok());
            }
        }
        Deed::Backend => {
            let mut client = cluster.connect();
            let Some(backends) = cluster.backends(&mut client).filter(|found| !found.is_empty()) else { return };
            cluster.kill_backend(backends[dice.below(backends.len())]);
            deeds.backends += 1;
        }
    }
}

/// Kills the node and starts another one in its place; one that meets a recovering database ends, and is started again.
fn restarted(node: &mut Node, config: &NodeConfig) -> Node {
    node.kill();
    let began = Instant::now();
    loop {
        if let Some(node) = Node::start(config) {
            return node;
        }
        assert!(began.elapsed() < RESTART_MAX, "no node starts any more");
        std::thread::sleep(Duration::from_millis(50));
    }
}
