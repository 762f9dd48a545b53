//! How the server is set up: where it listens, who may talk to it how, and how much of everything.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::clock::Clock;
use crate::domain::limits::{
    BODY_TIMEOUT_MS, EVENT_STREAMS_MAX, HEADER_TIMEOUT_MS, NODE_BEAT_MS, NODE_CLOCK_OFF_MAX_MS, REQUESTS_IN_FLIGHT_MAX,
    SHUTDOWN_GRACE_MS,
};

/// Connections open at once.
pub const CONNECTIONS_MAX: usize = 4_096;

/// Everything a server is started with.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// How the wire is protected.
    pub transport: Transport,
    /// How often one caller may ask.
    pub rates: RateLimits,
    /// Requests in flight at once; more are told to come back.
    pub requests_in_flight_max: usize,
    /// Event streams at once; more are told to come back.
    pub event_streams_max: usize,
    /// Connections open at once; more wait.
    pub connections_max: usize,
    /// Time for a request's headers.
    pub header_timeout_ms: u64,
    /// Time for a request's body.
    pub body_timeout_ms: u64,
    /// Time in which running requests may end once the server is told to stop.
    pub shutdown_grace_ms: u64,
    /// Time between two heartbeats of an event stream.
    pub heartbeat_ms: u64,
    /// Time between two looks at whether an event stream's reader still may read.
    pub recheck_ms: u64,
    /// Submissions checked at once.
    pub checks_at_once: usize,
    /// What time it is.
    pub clock: Clock,
    /// Time between two signs of life for the other servers on the same database.
    pub node_beat_ms: u64,
    /// How far the clock may be from that of a database that others share.
    pub clock_off_max_ms: i64,
}

/// How the wire is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Not at all: on loopback only.
    Loopback,
    /// TLS with this certificate chain and key (PEM files).
    Tls {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// By a proxy in front, which alone is let in and whose forwarded headers are read.
    BehindProxy(Vec<Cidr>),
}

/// How often one caller may ask; nothing switches a limit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests a minute with one token, all of which may come at once.
    pub token_per_minute: Option<u32>,
    /// Requests a minute from one address without a usable token.
    pub address_per_minute: Option<u32>,
}

/// A range of addresses such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    bits: u8,
}

/// The text is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no range of addresses; write it as 10.0.0.0/8 or fd00::/8, with no bits set beyond the length")]
pub struct NotACidr(pub String);

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            transport: Transport::Loopback,
            rates: RateLimits::default(),
            requests_in_flight_max: REQUESTS_IN_FLIGHT_MAX,
            event_streams_max: EVENT_STREAMS_MAX,
            connections_max: CONNECTIONS_MAX,
            header_timeout_ms: HEADER_TIMEOUT_MS,
            body_timeout_ms: BODY_TIMEOUT_MS,
            shutdown_grace_ms: SHUTDOWN_GRACE_MS,
            heartbeat_ms: 15_000,
            recheck_ms: 30_000,
            checks_at_once: 1,
            clock: Clock::System,
            node_beat_ms: NODE_BEAT_MS,
            clock_off_max_ms: NODE_CLOCK_OFF_MAX_MS,
        }
    }
}

impl Default for RateLimits {
    fn default() -> RateLimits {
        RateLimits { token_per_minute: Some(6_000), address_per_minute: Some(1_200) }
    }
}

impl ServerConfig {
    /// Time for a request's body.
    pub fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// Whether a peer's forwarded headers are read.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        matches!(&self.transport, Transport::BehindProxy(ranges) if ranges.iter().any(|range| range.contains(peer)))
    }
}

impl Cidr {
    /// Whether an address lies in the range; an IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                masked(u128::from(network.to_bits()) << 96, self.bits)
                    == masked(u128::from(address.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                masked(network.to_bits(), self.bits) == masked(address.to_bits(), self.bits)
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = NotACidr;

    fn from_str(text: &str) -> Result<Cidr, NotACidr> {
        let refused = || NotACidr(text.chars().take(64).collect());
        let (network, bits) = text.split_once('/').unwrap_or((text, ""));
        let network: IpAddr = network.parse().map_err(|_| refused())?;
        let (all, value) = match network {
            IpAddr::V4(address) => (32, u128::from(address.to_bits()) << 96),
            IpAddr::V6(address) => (128, address.to_bits()),
        };
        let bits = if text.contains('/') { bits.parse().map_err(|_| refused())? } else { all };
        if bits > all || masked(value, bits) != value {
            return Err(refused());
        }
        Ok(Cidr { network, bits })
    }
}

/// The first `bits` bits of an address that is written to the left.
fn masked(address: u128, bits: u8) -> u128 {
    if bits == 0 { 0 } else { address & (u128::MAX << (128 - u32::from(bits))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_addresses() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.168.1.7", "192.168.1.7", "192.168.1.8"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("127.0.0.0/8", "::ffff:127.0.0.1", "::1"),
            ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
        ] {
            let range: Cidr = range.parse().unwrap();
            assert!(range.contains(inside.parse().unwrap()), "{range:?} {inside}");
            assert!(!range.contains(outside.parse().unwrap()), "{range:?} {outside}");
        }
        for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "x/8", "10.0.0.0/", "10.0.0.0/a"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
