//! How much the demo's installations run: more on large servers, more in the evening, and each code in its own way.

use super::dice::Dice;
use super::entries::ENTRIES;
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

/// What an installation did in `share_per_mille` thousandths of the hour of `at`, on a server of so many members; nothing
/// where it did not run. The same time and installation give the same.
pub fn record(
    installation: InstallationId,
    (slug, guild): (&str, &str),
    members: u64,
    at: Timestamp,
    share_per_mille: u64,
) -> Option<UsageRecord> {
    let code = ENTRIES.iter().find(|entry| entry.slug == slug).map_or("faq", |entry| entry.code);
    let habit = HABITS.iter().find(|habit| habit.code == code)?;
    let mut dice = Dice::of(&format!("{slug} {guild} {}", at.as_ms() / 60_000));
    let calls = (habit.runs * members * busy(at) * share_per_mille * (700 + dice.below(600))) / 1_000_000_000;
    // What is left of the division is a chance, so that small servers run something too.
    let calls = (calls + dice.below(1_000)) / 1_000;
    if calls == 0 {
        return None;
    }
    let errors = (calls * habit.failures + dice.below(1_000)) / 1_000;
    let fuel_peak = habit.fuel + habit.fuel * dice.below(40) / 100;
    let host_calls = habit.calls.iter().map(|(scope, rate)| (*scope, (calls * rate).div_ceil(1_000))).collect();
    Some(UsageRecord {
        installation,
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

/// The hours of the day up to `day` that are told: all of the last two, a few of those before.
pub fn told_hours(day: Timestamp, now: Timestamp) -> impl Iterator<Item = i64> {
    let every = if now.since_ms(day) < 2 * DAY_MS { 1 } else { 6 };
    (0..24).filter(move |hour| hour % every == 0)
}

/// How busy the hour of `at` is, of a thousand; weekends are busier.
fn busy(at: Timestamp) -> u64 {
    let hour = usize::try_from(at.as_ms().rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0);
    // 1970 began on a Thursday.
    let weekend = (at.as_ms().div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5;
    BUSY[hour % 24] * if weekend { 130 } else { 100 } / 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::Faults;
    use crate::domain::id::Entropy;

    #[test]
    fn every_record_is_one_that_the_marketplace_counts() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        let id = InstallationId::mint(now, &mut Entropy::from_seed([1; 32]));
        let (mut faults, mut small) = (Faults::none(), 0);
        for entry in ENTRIES {
            assert!(HABITS.iter().any(|habit| habit.code == entry.code) || entry.owner != "harbor-labs");
            for hour in 0..24 {
                let at = now.plus_ms(-hour * HOUR_MS);
                for members in [40, 30_000] {
                    let Some(record) = record(id, (entry.slug, "1"), members, at, 1_000) else { continue };
                    record.judge("", now, &mut faults);
                    small += u64::from(members == 40);
                    assert_eq!(Some(record), super::record(id, (entry.slug, "1"), members, at, 1_000));
                }
            }
        }
        assert!(faults.is_empty() && small > 50, "{small} {:?}", faults.into_list());
    }
}
