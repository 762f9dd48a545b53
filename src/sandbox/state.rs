//! What one run keeps beside its instance: fuel, memory, storage, the parked call and the record of what it did.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use wasmi::errors::{HostError, MemoryError, TableError};
use wasmi::{Memory, ResourceLimiter};
use wasmi_core::LimiterError;

use super::event::Event;
use super::functions::Function;
use super::inspection::TABLE_ELEMENT_BYTES;
use super::record::Record;
use super::storage::Storage;
use crate::domain::id::Entropy;
use crate::domain::limits::RunLimits;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;

/// The data of a run's store.
pub(super) struct RunState {
    pub limits: RunLimits,
    pub event: Event,
    pub config: Value,
    pub flags: BTreeMap<String, bool>,
    pub tier: String,
    pub granted: ScopeSet,
    pub entropy: Entropy,
    pub phase: Phase,
    /// The guest's memory, once it is instantiated and exports one.
    pub memory: Option<Memory>,
    pub fuel: FuelAccount,
    pub space: Space,
    pub parked: Option<Parked>,
    /// The last answer, where it did not fit: what `result_read` reads.
    pub answer: Vec<u8>,
    pub storage: Storage,
    pub record: Record,
}

/// Where in its life the instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// `_initialize` runs: only `log` and `abort` answer.
    Initialising,
    /// The handler runs.
    Handling,
}

/// A call that waits for the world.
#[derive(Debug)]
pub(super) struct Parked {
    pub function: &'static Function,
    pub arguments: Value,
    pub out: u32,
    pub cap: u32,
}

/// What was granted to the engine, and what host functions cost beyond the rest of a slice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FuelAccount {
    pub granted: u64,
    pub debt: u64,
}

/// Bytes of memories and tables together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Space {
    pub bytes_max: u64,
    pub bytes: u64,
    pub bytes_peak: u64,
    /// The last growth that was allowed, in case the system then cannot give it.
    pub last_growth: u64,
    pub denied: bool,
}

/// Why a host function stops the guest instead of returning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The call waits in [`RunState::parked`].
    Parked,
    /// All fuel is used, host functions' included.
    OutOfFuel,
    /// More host calls than allowed.
    HostCalls,
    /// The guest gave up, and said why.
    Aborted(String),
    /// The guest ended its process.
    Exited(i32),
}

impl FuelAccount {
    /// Fuel used so far, whatever the slices were: granted − remaining + debt.
    pub const fn used(self, remaining: u64) -> u64 {
        self.granted.saturating_sub(remaining).saturating_add(self.debt)
    }

    /// Takes `cost` from `remaining`; what is left is the new remaining, what it lacks becomes debt.
    pub const fn charge(&mut self, remaining: u64, cost: u64) -> u64 {
        self.debt = self.debt.saturating_add(cost.saturating_sub(remaining));
        remaining.saturating_sub(cost)
    }

    /// The next slice: the new remaining, or nothing where `fuel_max` does not reach for `required`.
    pub fn refill(&mut self, remaining: u64, required: u64, slice: u64, fuel_max: u64) -> Option<u64> {
        let used = self.used(remaining);
        let left = fuel_max.saturating_sub(used);
        if required > left || left == 0 {
            return None;
        }
        let next = remaining.saturating_add(slice.max(required)).min(left);
        self.granted = used + next;
        self.debt = 0;
        Some(next)
    }
}

impl Space {
    fn grow(&mut self, current: u64, desired: u64) -> bool {
        let growth = desired.saturating_sub(current);
        let bytes = self.bytes.saturating_add(growth);
        if bytes > self.bytes_max {
            self.denied = true;
            return false;
        }
        self.bytes = bytes;
        self.bytes_peak = self.bytes_peak.max(bytes);
        self.last_growth = growth;
        true
    }

    fn give_back(&mut self) {
        self.bytes = self.bytes.saturating_sub(self.last_growth);
        self.last_growth = 0;
        self.denied = true;
    }
}

impl ResourceLimiter for Space {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        // Beyond the module's own maximum the growth fails by the guest's own declaration: no cap is hit.
        let allowed = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(allowed && self.grow(current as u64, desired as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        let allowed = maximum.is_none_or(|maximum| desired <= maximum);
        let bytes = |elements: usize| (elements as u64).saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(allowed && self.grow(bytes(current), bytes(desired)))
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), LimiterError> {
        self.give_back();
        Ok(())
    }

    fn table_grow_failed(&mut self, _error: &TableError) -> Result<(), LimiterError> {
        self.give_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

impl RunState {
    /// The virtual clock: the event's time and one millisecond for each million of fuel.
    pub fn now(&self, remaining: u64) -> Timestamp {
        let ms = self.fuel.used(remaining) / FUEL_PER_MS;
        self.event.at.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Parked => f.write_str("waits for the world"),
            Halt::OutOfFuel => f.write_str("out of fuel"),
            Halt::HostCalls => f.write_str("too many host calls"),
            Halt::Aborted(message) => write!(f, "aborted: {message}"),
            Halt::Exited(code) => write!(f, "exited with {code}"),
        }
    }
}

impl std::error::Error for Halt {}
impl HostError for Halt {}

/// Fuel that counts as one millisecond of the virtual clock.
const FUEL_PER_MS: u64 = 1_000_000;
/// Tables of one instance; modules are held to fewer before they are compiled.
const TABLES_MAX: usize = 16;
/// Memories of one instance; modules are held to fewer before they are compiled.
const MEMORIES_MAX: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_does_not_depend_on_the_slices() {
        for slice in [1, 7, 1_000, 1_000_000] {
            let mut account = FuelAccount::default();
            let mut remaining = account.refill(0, 1, slice, 10_000).unwrap();
            for cost in [5, 1, 300, 2_000, 1] {
                remaining = account.charge(remaining, cost);
                if remaining == 0 {
                    remaining = account.refill(remaining, 1, slice, 10_000).unwrap();
                }
            }
            assert_eq!(account.used(remaining), 2_307, "slice {slice}");
        }
    }

    #[test]
    fn a_refill_never_passes_the_cap_and_always_reaches_what_is_required() {
        let mut account = FuelAccount::default();
        assert_eq!(account.refill(0, 500, 10, 1_000), Some(500));
        assert_eq!(account.refill(0, 501, 10, 1_000), None);
        assert_eq!(account.refill(0, 500, 10, 1_000), Some(500));
        assert_eq!(account.refill(0, 1, 10, 1_000), None);
    }

    #[test]
    fn memories_and_tables_are_counted_together() {
        let mut space = Space { bytes_max: 100_000, ..Space::default() };
        assert!(space.memory_growing(0, 65_536, None).unwrap());
        assert!(!space.table_growing(0, 5_000, None).unwrap());
        assert!(space.denied);
        assert!(space.table_growing(0, 4_000, None).unwrap());
        assert_eq!(space.bytes_peak, 97_536);
    }
}
