//! A dry run's report as text for a person.

use std::fmt::Write as _;

use crate::domain::text::{shorten, visible};
use crate::sandbox::{LogLevel, Report, Verdict};

/// Columns of one line of a list.
const LINE_COLUMNS: usize = 130;
/// Lines of one list; the JSON has all.
const LINES_MAX: usize = 25;

/// The whole report, some twenty lines.
pub fn report(report: &Report) -> String {
    let result = &report.result;
    let mut text = String::new();
    let place = result.event.kind.handler();
    let _ = writeln!(text, "{place}: {}", visible(&result.outcome.sentence()));
    let fits = if result.tiers.is_empty() { "no tier".to_owned() } else { result.tiers.join(", ") };
    let _ = writeln!(
        text,
        "  fuel {} of {} · memory {} of {} MiB · host calls {} of {} · {} ms · fits {fits}",
        grouped(result.fuel),
        grouped(result.limits.fuel_max),
        mebibytes(result.memory_bytes_peak),
        result.limits.memory_bytes_max >> 20,
        result.host_calls,
        result.limits.host_calls_max,
        milliseconds(report.measured.wall_us),
    );
    let scopes = &result.scopes;
    let names =
        |set: crate::domain::scope::ScopeSet| if set.is_empty() { "none".to_owned() } else { set.names().join(" ") };
    let _ = writeln!(text, "  scopes declared: {}", names(scopes.declared));
    let _ = writeln!(text, "         granted:  {}", names(scopes.granted));
    let _ = writeln!(text, "         reachable: {}", names(scopes.reachable));
    let _ = writeln!(text, "         exercised: {}", names(scopes.exercised));
    list(
        &mut text,
        "calls",
        result.trace.iter().map(|call| {
            let verdict =
                if call.verdict == Verdict::Ok { String::new() } else { format!(" [{}]", verdict_name(call.verdict)) };
            let scope = call.scope.map(|scope| format!(" ({scope})")).unwrap_or_default();
            let answer = if call.answer.is_null() { String::new() } else { format!(" → {}", call.answer) };
            format!("{}{scope}{verdict} {}{answer}", call.function, call.arguments)
        }),
    );
    list(&mut text, "log", result.logs.iter().map(|line| format!("{} {}", level_name(line.level), line.text)));
    let dropped = &result.dropped;
    let counts = [
        ("log lines", dropped.logs),
        ("actions", dropped.actions),
        ("replies", dropped.replies),
        ("writes to storage", dropped.storage),
        ("calls not listed", dropped.trace),
    ];
    list(
        &mut text,
        "dropped",
        counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")),
    );
    if result.storage.before != result.storage.after {
        let (before, after) = (result.storage.before.bytes(), result.storage.after.bytes());
        let _ = writeln!(text, "  storage: {before} → {after} bytes of {}", result.limits.storage_bytes_max);
    }
    let engine = &result.engine;
    let reproducible = if result.reproducible { "" } else { " (not reproducible: the clock decided)" };
    let _ = writeln!(
        text,
        "  {} {}, {} · sha256 {} · result {}{reproducible}",
        engine.name,
        engine.version,
        engine.abi,
        result.module.sha256,
        report.digest()
    );
    text
}

/// What differs between two sets of runs, in lines.
pub fn changes(before: &[Report], after: &[Report]) -> String {
    let mut text = String::from("changed since the last run:");
    for (old, new) in before.iter().zip(after) {
        let (old, new) = (&old.result, &new.result);
        let name = new.event.kind.handler();
        let pairs = [
            ("outcome", old.outcome.sentence(), new.outcome.sentence()),
            ("fuel", grouped(old.fuel), grouped(new.fuel)),
            ("memory", mebibytes(old.memory_bytes_peak), mebibytes(new.memory_bytes_peak)),
            ("host calls", old.host_calls.to_string(), new.host_calls.to_string()),
            ("scopes used", old.scopes.exercised.names().join(" "), new.scopes.exercised.names().join(" ")),
        ];
        for (what, old, new) in pairs.iter().filter(|(_, old, new)| old != new) {
            let _ = write!(text, "\n  {name} {what}: {} → {}", visible(old), visible(new));
        }
    }
    text
}

/// A number with a comma every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn milliseconds(us: u64) -> String {
    format!("{}.{}", us / 1_000, us % 1_000 / 100)
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{:02}", bytes >> 20, ((bytes & ((1 << 20) - 1)) * 100) >> 20)
}

fn list(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        let _ = writeln!(text, "  {heading}:");
    }
    for line in lines.iter().take(LINES_MAX) {
        let _ = writeln!(text, "    {}", shorten(&visible(line), LINE_COLUMNS));
    }
    if lines.len() > LINES_MAX {
        let _ = writeln!(text, "    … and {} more (--json lists all)", lines.len() - LINES_MAX);
    }
}

const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Denied => "denied",
        Verdict::BadArgument => "bad argument",
        Verdict::NotFound => "not found",
        Verdict::Limit => "limit",
        Verdict::Unavailable => "unavailable",
        Verdict::RateLimited => "rate limited",
    }
}

const fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warning",
        LogLevel::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (2_000_000_000, "2,000,000,000")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(mebibytes((3 << 20) + (1 << 19)), "3.50");
    }
}
