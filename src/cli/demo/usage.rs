//! How much the demo's installations run: more on large servers, more in the evening, and each code in its own way.

use super::catalogue::entry;
use super::dice::Dice;
use crate::domain::id::InstallationId;
use crate::domain::scope::Scope;
use crate::domain::time::Timestamp;
use crate::domain::usage::UsageRecord;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How one code runs.
struct Habit {
    code: &'static str,
    /// Runs in a busy hour for a thousand members.
    runs: u64,
    fuel: u64,
    memory_bytes: u64,
    run_us: u64,
    /// Runs of a thousand that fail.
    failures: u64,
    /// Calls of host functions in a thousand runs.
    calls: &'static [(Scope, u64)],
}

/// Fuel and memory are those of the dry runs.
const HABITS: &[Habit] = &[
    Habit {
        code: "ban-hammer",
        runs: 3,
        fuel: 34_696,
        memory_bytes: 65_536,
        run_us: 4_100,
        failures: 9,
        calls: &[(Scope::Ban, 940), (Scope::Config, 1_000), (Scope::MessagesWrite, 960)],
    },
    Habit { code: "dice", runs: 40, fuel: 17_065, memory_bytes: 65_536, run_us: 600, failures: 1, calls: &[] },
    Habit {
        code: "faq",
        runs: 25,
        fuel: 10_842,
        memory_bytes: 65_536,
        run_us: 500,
        failures: 2,
        calls: &[(Scope::Config, 1_000)],
    },
    Habit {
        code: "history-digest",
        runs: 5,
        fuel: 61_650,
        memory_bytes: 196_608,
        run_us: 9_500,
        failures: 6,
        calls: &[(Scope::MessagesRead, 1_000)],
    },
    Habit {
        code: "levels",
        runs: 420,
        fuel: 11_046,
        memory_bytes: 65_536,
        run_us: 1_300,
        failures: 1,
        calls: &[(Scope::Storage, 2_000)],
    },
    Habit {
        code: "reminders",
        runs: 14,
        fuel: 11_243,
        memory_bytes: 65_536,
        run_us: 1_700,
        failures: 3,
        calls: &[(Scope::Storage, 1_400), (Scope::MessagesWrite, 310)],
    },
    Habit {
        code: "role-picker",
        runs: 8,
        fuel: 22_182,
        memory_bytes: 65_536,
        run_us: 2_900,
        failures: 5,
        calls: &[(Scope::RolesManage, 990), (Scope::Config, 1_000)],
    },
    Habit {
        code: "welcome",
        runs: 6,
        fuel: 11_486,
        memory_bytes: 65_536,
        run_us: 2_200,
        failures: 2,
        calls: &[(Scope::MessagesWrite, 1_000), (Scope::Config, 1_000)],
    },
    Habit { code: "wide-map", runs: 2, fuel: 410_000, memory_bytes: 24 << 20, run_us: 21_000, failures: 4, calls: &[] },
];

/// How busy each hour of a day is (UTC), of a thousand.
const BUSY: [u64; 24] = [
    330, 210, 130, 90, 70, 80, 130, 220, 310, 380, 430, 480, 540, 560, 570, 600, 680, 780, 890, 980, 1_000, 940, 760,
    520,
];

/// One installation, as far as it decides how much runs.
pub struct Place<'a> {
    /// The installation.
    pub installation: InstallationId,
    /// The extension.
    pub slug: &'a str,
    /// The chat platform's id of the server.
    pub guild: &'a str,
    /// How many people are on the server.
    pub members: u64,
    /// Whether what runs there is a version that went bad.
    pub fails: bool,
}

/// Runs of a thousand that fail of a version that went bad.
const BAD_FAILURES: u64 = 410;

/// What an installation did from the hour of `at` on, in so many thousandths of an hour; nothing where it did not run.
/// The same time and place give the same.
pub fn record(place: &Place<'_>, at: Timestamp, per_mille_of_hour: u64) -> Option<UsageRecord> {
    let code = entry(place.slug).map_or("faq", |entry| entry.code);
    let habit = HABITS.iter().find(|habit| habit.code == code)?;
    let mut dice = Dice::of(&format!("{} {} {}", place.slug, place.guild, at.as_ms() / 60_000));
    let wanted = habit.runs * place.members * busy(at, per_mille_of_hour) * (700 + dice.below(600));
    // What is left of the division is a chance, so that small servers run something too.
    let calls = (wanted / 1_000_000_000 + dice.below(1_000)) / 1_000;
    if calls == 0 {
        return None;
    }
    let failures = if place.fails { BAD_FAILURES } else { habit.failures };
    let errors = (calls * failures + dice.below(1_000)) / 1_000;
    let fuel_peak = habit.fuel + habit.fuel * dice.below(40) / 100;
    let host_calls = habit.calls.iter().map(|(scope, rate)| (*scope, (calls * rate).div_ceil(1_000))).collect();
    Some(UsageRecord {
        installation: place.installation,
        at,
        calls,
        errors: errors.min(calls),
        fuel: habit.fuel * (calls - 1) + fuel_peak,
        fuel_peak,
        memory_bytes_peak: habit.memory_bytes,
        run_ms: (habit.run_us * calls).div_ceil(1_000),
        host_calls,
    })
}

/// How many hours one record of the day up to `day` tells of: the longer ago, the more.
pub fn told_hours(day: Timestamp, now: Timestamp) -> usize {
    match now.since_ms(day) / DAY_MS {
        0 => 1,
        1..=6 => 6,
        7..=20 => 12,
        _ => 24,
    }
}

/// How busy the hours from that of `at` on are together, in thousandths of a busy hour times thousandths of an hour;
/// weekends are busier.
fn busy(at: Timestamp, per_mille_of_hour: u64) -> u64 {
    let hour = usize::try_from(at.as_ms().rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0);
    let whole = usize::try_from(per_mille_of_hour / 1_000).unwrap_or(1).max(1);
    let sum: u64 = (hour..hour + whole).map(|hour| BUSY[hour % BUSY.len()]).sum();
    // 1970 began on a Thursday.
    let weekend = (at.as_ms().div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5;
    let mean = sum / whole as u64;
    mean * per_mille_of_hour * if weekend { 130 } else { 100 } / 100
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::catalogue;
    use super::*;
    use crate::domain::fault::Faults;
    use crate::domain::id::Entropy;

    #[test]
    fn every_record_is_one_that_the_marketplace_counts() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        let installation = InstallationId::mint(now, &mut Entropy::from_seed([1; 32]));
        let (mut faults, mut small) = (Faults::none(), 0);
        for entry in catalogue() {
            for hour in 0..24 {
                let at = now.plus_ms(-hour * HOUR_MS);
                for (members, fails) in [(40, false), (30_000, true)] {
                    let place = Place { installation, slug: entry.slug, guild: "1", members, fails };
                    let Some(record) = record(&place, at, 12_000) else { continue };
                    record.judge("", now, &mut faults);
                    small += u64::from(members == 40);
                    assert!(!fails || record.calls < 100 || record.errors * 3 > record.calls, "{record:?}");
                    assert_eq!(Some(record), super::record(&place, at, 12_000));
                }
            }
        }
        assert!(faults.is_empty() && small > 50, "{small} {:?}", faults.into_list());
    }

    #[test]
    fn a_day_told_in_few_records_is_as_busy_as_one_told_in_many() {
        let day = Timestamp::from_ms(1_790_000_000_000 / DAY_MS * DAY_MS);
        let sum = |hours: usize| -> u64 {
            (0..24).step_by(hours).map(|hour| busy(day.plus_ms(hour * HOUR_MS), 1_000 * hours as u64)).sum()
        };
        for few in [6, 12, 24] {
            let (many, few) = (sum(1), sum(few));
            assert!(many.abs_diff(few) * 1_000 < many * 5, "{many} {few}");
        }
    }
}
