//! Usage reports: numbered batches that count once, whatever is repeated, reordered or lost on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::Faults;
use super::id::InstallationId;
use super::limits::{
    USAGE_AHEAD_MAX, USAGE_BATCH_NUMBER_MAX, USAGE_COUNT_MAX, USAGE_FUTURE_MS, USAGE_GAPS_MAX, USAGE_HOUR_MS,
    USAGE_PAST_MS,
};
use super::scope::Scope;
use super::time::Timestamp;

/// Which batches of one instance were counted: all up to a number, and single runs beyond it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Every batch up to this number was counted; 0 before the first.
    pub all_to: u64,
    /// Runs beyond it, first and last number of each, in order and with gaps between them.
    pub beyond: Vec<(u64, u64)>,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is new, and counted now.
    Counted,
    /// It was counted before; nothing happens.
    Repeated,
}

/// Why a batch cannot be taken now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowRefusal {
    /// Batches are numbered from 1.
    #[error("batches are numbered from 1 to {USAGE_BATCH_NUMBER_MAX}, {0} is outside of that")]
    OutOfRange(u64),
    /// It is too far ahead of the first missing one.
    #[error(
        "batch {number} is too far ahead: the first that is missing is {missing}; send that first, or say that it is lost"
    )]
    TooFarAhead {
        /// The batch.
        number: u64,
        /// The first missing one.
        missing: u64,
    },
    /// There are too many gaps.
    #[error("{USAGE_GAPS_MAX} gaps are open, the first at batch {0}; send what is missing, or say that it is lost")]
    TooManyGaps(u64),
}

/// What one installation used within one hour, as one batch tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRecord {
    /// The installation.
    pub installation: InstallationId,
    /// A moment of the hour that it is counted to.
    pub at: Timestamp,
    /// Runs.
    pub calls: u64,
    /// Runs that failed.
    pub errors: u64,
    /// Fuel of all runs together.
    pub fuel: u64,
    /// Fuel of the run that used most.
    pub fuel_peak: u64,
    /// Memory of the run that used most, in bytes.
    pub memory_bytes_peak: u64,
    /// Time of all runs together, in milliseconds.
    pub run_ms: u64,
    /// Calls of host functions, by the scope that they need.
    pub host_calls: BTreeMap<Scope, u64>,
}

impl Window {
    /// Takes a batch, or finds that it was taken before.
    ///
    /// # Errors
    /// [`WindowRefusal`]; the window stays as it was.
    pub fn offer(&mut self, number: u64) -> Result<Offer, WindowRefusal> {
        if !(1..=USAGE_BATCH_NUMBER_MAX).contains(&number) {
            return Err(WindowRefusal::OutOfRange(number));
        }
        if number <= self.all_to {
            return Ok(Offer::Repeated);
        }
        let missing = self.all_to + 1;
        if number - self.all_to > USAGE_AHEAD_MAX {
            return Err(WindowRefusal::TooFarAhead { number, missing });
        }
        let place = self.beyond.partition_point(|(_, last)| *last < number);
        if self.beyond.get(place).is_some_and(|(first, _)| *first <= number) {
            return Ok(Offer::Repeated);
        }
        let joins_before = place > 0 && self.beyond[place - 1].1 + 1 == number;
        let joins_after = self.beyond.get(place).is_some_and(|(first, _)| number + 1 == *first);
        match (joins_before, joins_after) {
            (true, true) => {
                self.beyond[place - 1].1 = self.beyond[place].1;
                self.beyond.remove(place);
            }
            (true, false) => self.beyond[place - 1].1 = number,
            (false, true) => self.beyond[place].0 = number,
            (false, false) if number != missing && self.beyond.len() >= USAGE_GAPS_MAX => {
                return Err(WindowRefusal::TooManyGaps(missing));
            }
            (false, false) => self.beyond.insert(place, (number, number)),
        }
        if self.beyond.first().is_some_and(|(first, _)| *first == missing) {
            self.all_to = self.beyond.remove(0).1;
        }
        Ok(Offer::Counted)
    }

    /// Whether a batch was counted, or given up as lost.
    pub fn has(&self, number: u64) -> bool {
        number <= self.all_to || self.beyond.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    /// The number of the next new batch.
    pub fn next(&self) -> u64 {
        self.beyond.last().map_or(self.all_to, |(_, last)| *last) + 1
    }

    /// The gaps, first and last number of each, at most `limit`.
    pub fn gaps(&self, limit: usize) -> Vec<(u64, u64)> {
        let mut from = self.all_to + 1;
        let mut gaps = Vec::new();
        for (first, last) in self.beyond.iter().take(limit) {
            gaps.push((from, first - 1));
            from = last + 1;
        }
        gaps
    }
}

impl UsageRecord {
    /// The start of the hour that it is counted to.
    pub const fn hour(&self) -> Timestamp {
        Timestamp::from_ms(self.at.as_ms().div_euclid(USAGE_HOUR_MS) * USAGE_HOUR_MS)
    }

    /// Notes what makes no sense in it.
    pub fn judge(&self, pointer: &str, now: Timestamp, faults: &mut Faults) {
        if self.at > now.plus_ms(USAGE_FUTURE_MS) {
            let message = format!("{} is in the future here, where it is {now}; set the instance's clock", self.at);
            faults.add(format!("{pointer}/at"), "in_the_future", message);
        }
        if self.at < now.plus_ms(-USAGE_PAST_MS) {
            let message =
                format!("{} is too long ago; usage is counted for {} days", self.at, USAGE_PAST_MS / 86_400_000);
            faults.add(format!("{pointer}/at"), "too_long_ago", message);
        }
        let counts = [
            ("calls", self.calls),
            ("errors", self.errors),
            ("fuel", self.fuel),
            ("fuel_peak", self.fuel_peak),
            ("memory_bytes_peak", self.memory_bytes_peak),
            ("run_ms", self.run_ms),
        ];
        let host_calls = self.host_calls.iter().map(|(scope, count)| (scope.name(), *count));
        for (field, count) in counts.into_iter().chain(host_calls) {
            if count > USAGE_COUNT_MAX {
                let message = format!("{field} is {count}; one record counts to {USAGE_COUNT_MAX} at most");
                faults.add(format!("{pointer}/{field}"), "overflow", message);
            }
        }
        for (field, part, whole, of) in
            [("errors", self.errors, self.calls, "calls"), ("fuel_peak", self.fuel_peak, self.fuel, "fuel")]
        {
            if part > whole {
                let message = format!("{field} ({part}) cannot be more than {of} ({whole})");
                faults.add(format!("{pointer}/{field}"), "contradiction", message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::id::Entropy;

    #[test]
    fn repeats_gaps_and_their_filling() {
        let mut window = Window::default();
        for (number, offer, all_to) in [
            (1, Offer::Counted, 1),
            (1, Offer::Repeated, 1),
            (3, Offer::Counted, 1),
            (5, Offer::Counted, 1),
            (3, Offer::Repeated, 1),
            (4, Offer::Counted, 1),
            (2, Offer::Counted, 5),
            (4, Offer::Repeated, 5),
        ] {
            assert_eq!((window.offer(number), window.all_to), (Ok(offer), all_to), "{number}");
        }
        assert_eq!((window.beyond.len(), window.next()), (0, 6));
        window.offer(9).unwrap();
        assert_eq!((window.gaps(10), window.next()), (vec![(6, 8)], 10));
    }

    #[test]
    fn the_window_is_bounded_on_all_sides() {
        assert!(Window::default().offer(0).is_err());
        assert!(Window::default().offer(USAGE_AHEAD_MAX).is_ok());
        let far = Window::default().offer(USAGE_AHEAD_MAX + 1).unwrap_err();
        assert_eq!(far, WindowRefusal::TooFarAhead { number: USAGE_AHEAD_MAX + 1, missing: 1 });
        let mut window = Window { all_to: USAGE_BATCH_NUMBER_MAX - 1, beyond: Vec::new() };
        assert_eq!(window.offer(USAGE_BATCH_NUMBER_MAX), Ok(Offer::Counted));
        assert!(window.offer(USAGE_BATCH_NUMBER_MAX + 1).is_err());
        let mut holes = Window::default();
        for gap in 1..=USAGE_GAPS_MAX as u64 {
            assert_eq!(holes.offer(gap * 2), Ok(Offer::Counted));
        }
        let one_more = (USAGE_GAPS_MAX as u64 + 1) * 2;
        assert_eq!(holes.clone().offer(one_more), Err(WindowRefusal::TooManyGaps(1)));
        assert_eq!(holes.offer(1), Ok(Offer::Counted), "what fills a gap is always taken");
        assert_eq!(holes.offer(one_more), Ok(Offer::Counted));
    }

    #[test]
    fn records_from_the_future_from_long_ago_and_overflowing_ones_are_refused() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        let good = UsageRecord {
            installation: InstallationId::mint(now, &mut Entropy::from_seed([1; 32])),
            at: now,
            calls: USAGE_COUNT_MAX,
            errors: 1,
            fuel: 9,
            fuel_peak: 9,
            memory_bytes_peak: 1,
            run_ms: 1,
            host_calls: BTreeMap::from([(Scope::Ban, 1)]),
        };
        let codes = |record: &UsageRecord| {
            let mut faults = Faults::none();
            record.judge("/r", now, &mut faults);
            faults.into_list().into_iter().map(|fault| fault.code).collect::<Vec<_>>()
        };
        for at in [now.plus_ms(USAGE_FUTURE_MS), now.plus_ms(-USAGE_PAST_MS)] {
            assert!(codes(&UsageRecord { at, ..good.clone() }).is_empty());
        }
        assert_eq!(codes(&UsageRecord { at: now.plus_ms(USAGE_FUTURE_MS + 1), ..good.clone() }), ["in_the_future"]);
        assert_eq!(codes(&UsageRecord { at: now.plus_ms(-USAGE_PAST_MS - 1), ..good.clone() }), ["too_long_ago"]);
        assert_eq!(codes(&UsageRecord { calls: USAGE_COUNT_MAX + 1, ..good.clone() }), ["overflow"]);
        assert_eq!(codes(&UsageRecord { host_calls: [(Scope::Ban, u64::MAX)].into(), ..good.clone() }), ["overflow"]);
        assert_eq!(codes(&UsageRecord { calls: 0, ..good.clone() }), ["contradiction"]);
        assert_eq!(good.hour().as_ms() % USAGE_HOUR_MS, 0);
    }

    proptest! {
        #[test]
        fn every_number_is_counted_exactly_once(numbers in prop::collection::vec(1_u64..200, 1..400)) {
            let (mut window, mut counted) = (Window::default(), BTreeSet::new());
            for number in numbers {
                let offer = window.offer(number).unwrap();
                prop_assert_eq!(offer == Offer::Counted, counted.insert(number));
                prop_assert!(window.has(number));
            }
            for number in 1..200 {
                prop_assert_eq!(window.has(number), counted.contains(&number));
            }
            let mut last = window.all_to;
            for (from, to) in &window.beyond {
                prop_assert!(*from > last + 1 && to >= from);
                last = *to;
            }
        }
    }
}
