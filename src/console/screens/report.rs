//! What a run did, as lines: outcome, gauges against each tier's caps, calls with scope and verdict, logs, storage.

use std::fmt::Write as _;

use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::console::theme::{Role, Theme};
use crate::console::widgets::{diff, gauge, paint};
use crate::domain::limits::RunLimits;
use crate::domain::scope::ScopeSet;
use crate::domain::text::{shorten, visible};
use crate::sandbox::{LogLevel, Outcome, Report, TraceEntry, Verdict};

/// Columns of the labels at the left.
const LABEL: usize = 9;

/// Everything about one run.
pub fn lines(theme: &Theme, report: &Report, columns: u16) -> Vec<Line<'static>> {
    let mut lines = head(theme, report, columns);
    lines.push(Line::default());
    lines.extend(calls(theme, report, columns));
    lines.extend(rest(theme, report, columns));
    lines
}

/// The outcome and the gauges.
pub fn head(theme: &Theme, report: &Report, columns: u16) -> Vec<Line<'static>> {
    let result = &report.result;
    let muted = theme.style(Role::Muted);
    let (sign, role) = outcome_sign(&result.outcome);
    let room = usize::from(columns).saturating_sub(LABEL + 4);
    let mut outcome = paint::wrap(&visible(&result.outcome.sentence()), room).into_iter();
    let mut lines = vec![label(
        theme,
        "Outcome",
        vec![Span::styled(format!("{sign} {}", outcome.next().unwrap_or_default()), theme.style(role))],
    )];
    lines.extend(outcome.map(|line| label(theme, "", vec![Span::styled(format!("  {line}"), theme.style(role))])));
    lines.push(gauges(theme, "Fuel", gauge::count(result.fuel), result.fuel, |limits| limits.fuel_max, columns));
    lines.push(gauges(
        theme,
        "Memory",
        gauge::bytes(result.memory_bytes_peak),
        result.memory_bytes_peak,
        |limits| limits.memory_bytes_max,
        columns,
    ));
    let fits = if result.tiers.is_empty() { "no tier".to_owned() } else { result.tiers.join(", ") };
    lines.push(label(
        theme,
        "Fits",
        vec![
            Span::raw(fits),
            Span::styled(
                format!(
                    "  ·  {}.{:01} ms on this machine  ·  {} {}",
                    report.measured.wall_us / 1_000,
                    report.measured.wall_us % 1_000 / 100,
                    result.engine.name,
                    result.engine.version
                ),
                muted,
            ),
        ],
    ));
    lines.push(scopes(theme, "Exercised", result.scopes.exercised));
    let idle = result.scopes.declared.minus(result.scopes.exercised);
    if !idle.is_empty() {
        lines.push(scopes(theme, "Not used", idle));
    }
    lines
}

/// The calls, in order.
pub fn calls(theme: &Theme, report: &Report, columns: u16) -> Vec<Line<'static>> {
    let result = &report.result;
    let mut lines = vec![heading(theme, &format!("Calls of host functions, {}", result.host_calls))];
    if result.trace.is_empty() {
        lines.push(Line::styled("  none", theme.style(Role::Muted)));
    }
    for entry in &result.trace {
        lines.push(call(theme, entry, columns));
    }
    lines
}

/// Two runs side by side: their figures in two columns, then the calls that differ.
pub fn compare(theme: &Theme, old: Option<&Report>, new: &Report, columns: u16) -> Vec<Line<'static>> {
    let Some(old) = old else { return lines(theme, new, columns) };
    let wide = usize::from(columns.saturating_sub(12) / 2).min(44);
    let muted = theme.style(Role::Muted);
    let mut lines = vec![Line::styled(
        format!("{:<10} {:<wide$} {:<wide$}", "", "published", "under review"),
        theme.style(Role::Title),
    )];
    let names = |set: ScopeSet| if set.is_empty() { "none".to_owned() } else { set.names().join(" ") };
    let rows = [
        ("Outcome", old.result.outcome.sentence(), new.result.outcome.sentence()),
        (
            "Fuel",
            gauge::count(old.result.fuel),
            with_change(gauge::count(new.result.fuel), old.result.fuel, new.result.fuel),
        ),
        ("Memory", gauge::bytes(old.result.memory_bytes_peak), gauge::bytes(new.result.memory_bytes_peak)),
        ("Calls", old.result.host_calls.to_string(), new.result.host_calls.to_string()),
        ("Exercised", names(old.result.scopes.exercised), names(new.result.scopes.exercised)),
        ("Fits", old.result.tiers.join(" "), new.result.tiers.join(" ")),
    ];
    for (name, left, right) in rows {
        let differs = left != right;
        let (left, right) = (visible(&left).into_owned(), visible(&right).into_owned());
        let (left, right) = (paint::wrap(&left, wide), paint::wrap(&right, wide));
        for at in 0..left.len().max(right.len()).max(1) {
            let part = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            let style = theme.style(if differs { Role::Warning } else { Role::Text });
            lines.push(Line::from(vec![
                Span::styled(format!("{:<10} ", if at == 0 { name } else { "" }), muted),
                Span::styled(format!("{:<wide$} ", part(&left)), theme.style(Role::Text)),
                Span::styled(part(&right), style),
            ]));
        }
    }
    lines.push(Line::default());
    lines.push(heading(theme, "What it did: - published, + under review"));
    lines.extend(difference(theme, &transcript(old), &transcript(new), columns));
    lines.extend(rest(theme, new, columns));
    lines
}

/// Replies and other actions, logs, what was dropped and storage.
fn rest(theme: &Theme, report: &Report, columns: u16) -> Vec<Line<'static>> {
    let result = &report.result;
    let mut lines = Vec::new();
    let room = usize::from(columns).saturating_sub(4);
    if !result.actions.is_empty() {
        lines.push(Line::default());
        lines.push(heading(theme, &format!("What it changed or sent, {}", result.actions.len())));
        for action in &result.actions {
            let text = format!("{} {}", action.function, compact(&action.arguments));
            lines.push(Line::raw(format!("  {}", shorten(&visible(&text), room))));
        }
    }
    if !result.logs.is_empty() {
        lines.push(Line::default());
        lines.push(heading(theme, &format!("Log, {} lines", result.logs.len())));
        for line in &result.logs {
            let (name, role) = match line.level {
                LogLevel::Debug => ("debug", Role::Muted),
                LogLevel::Info => ("info", Role::Info),
                LogLevel::Warning => ("warning", Role::Warning),
                LogLevel::Error => ("error", Role::Danger),
            };
            let text = shorten(&visible(&line.text), room.saturating_sub(8)).into_owned();
            lines.push(Line::from(vec![Span::styled(format!("  {name:<8}"), theme.style(role)), Span::raw(text)]));
        }
    }
    let dropped = &result.dropped;
    let all = [
        (dropped.logs, "log lines"),
        (dropped.actions, "actions"),
        (dropped.replies, "replies"),
        (dropped.storage, "writes to storage"),
        (dropped.trace, "listed calls"),
    ];
    let turned: Vec<String> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !turned.is_empty() {
        lines.push(Line::default());
        let text = format!("Turned away by caps: {}", turned.join(", "));
        lines.push(Line::styled(text, theme.style(Role::Warning)));
    }
    let keep = |storage| serde_json::to_value(storage).map(|value| pretty(&value)).unwrap_or_default();
    let (before, after) = (keep(&result.storage.before), keep(&result.storage.after));
    if before != after {
        lines.push(Line::default());
        lines.push(heading(theme, "Storage"));
        lines.extend(difference(theme, &before, &after, columns));
    }
    lines
}

/// The rows of a difference as lines, without their headings.
pub fn difference(theme: &Theme, old: &str, new: &str, columns: u16) -> Vec<Line<'static>> {
    let rows = diff::compare(old, new);
    if rows.is_empty() {
        return vec![Line::styled("  the same", theme.style(Role::Success))];
    }
    let room = usize::from(columns).saturating_sub(4);
    let line = |row: diff::Row| {
        let (sign, role) = match row.tag {
            diff::Tag::Hunk => return None,
            diff::Tag::Same => (' ', Role::Muted),
            diff::Tag::Added => ('+', Role::DiffAdd),
            diff::Tag::Removed => ('-', Role::DiffRemove),
        };
        Some(Line::styled(format!("{sign} {}", shorten(&row.text, room)), theme.style(role)))
    };
    rows.into_iter().filter_map(line).collect()
}

/// JSON on several lines.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A heading inside a document.
pub fn heading(theme: &Theme, text: &str) -> Line<'static> {
    Line::styled(text.to_owned(), theme.style(Role::Title))
}

/// Scopes after a label.
fn scopes(theme: &Theme, name: &str, scopes: ScopeSet) -> Line<'static> {
    let spans = super::queue::view::scope_spans(theme, scopes);
    label(theme, name, spans.into_iter().map(|span| Span::styled(span.content.into_owned(), span.style)).collect())
}

fn label(theme: &Theme, name: &str, value: Vec<Span<'static>>) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{name:<LABEL$} "), theme.style(Role::Muted))];
    spans.extend(value);
    Line::from(spans)
}

fn outcome_sign(outcome: &Outcome) -> (&'static str, Role) {
    match outcome {
        Outcome::Finished { code: 0 } => ("✓", Role::Success),
        Outcome::Finished { .. } | Outcome::Aborted { .. } => ("!", Role::Warning),
        _ => ("✗", Role::Danger),
    }
}

/// One figure against the cap of each tier.
fn gauges(
    theme: &Theme,
    name: &str,
    shown: String,
    used: u64,
    cap: impl Fn(&RunLimits) -> u64,
    columns: u16,
) -> Line<'static> {
    let tiers = [("free", RunLimits::free()), ("plus", RunLimits::plus()), ("pro", RunLimits::pro())];
    let bar = columns.saturating_sub(20 + 3 * 12).clamp(9, 60) / 3;
    let mut spans = vec![Span::styled(format!("{shown:<10}"), theme.style(Role::Strong))];
    for (tier, limits) in tiers {
        let cap = cap(&limits).max(1);
        spans.push(Span::styled(format!(" {tier:<4} "), theme.style(Role::Muted)));
        spans.extend(gauge::bar(theme, bar, used, cap).spans);
        let percent = u128::from(used) * 100 / u128::from(cap);
        let text = if percent == 0 && used > 0 { " <1 %".to_owned() } else { format!("{percent:>3} %") };
        let role = if used > cap { Role::Danger } else { Role::Muted };
        spans.push(Span::styled(text, theme.style(role)));
    }
    label(theme, name, spans)
}

fn call(theme: &Theme, entry: &TraceEntry, columns: u16) -> Line<'static> {
    let (verdict, role) = match entry.verdict {
        Verdict::Ok => ("ok", Role::Success),
        Verdict::Denied => ("denied", Role::Danger),
        Verdict::BadArgument => ("bad argument", Role::Warning),
        Verdict::NotFound => ("not found", Role::Warning),
        Verdict::Limit => ("limit", Role::Warning),
        Verdict::Unavailable => ("unavailable", Role::Warning),
        Verdict::RateLimited => ("rate limited", Role::Warning),
    };
    let scope = entry.scope.map_or("core", |scope| scope.name());
    let style = entry.scope.map_or(theme.style(Role::Muted), |scope| theme.scope(scope.risk()));
    let mut text = compact(&entry.arguments);
    if !entry.answer.is_null() {
        let _ = write!(text, " → {}", compact(&entry.answer));
    }
    let room = usize::from(columns).saturating_sub(2 + 18 + 15 + 13);
    Line::from(vec![
        Span::raw(format!("  {:<17} ", shorten(&visible(&entry.function), 17))),
        Span::styled(format!("{scope:<14} "), style),
        Span::styled(format!("{verdict:<12} "), theme.style(role)),
        Span::styled(shorten(&visible(&text), room).into_owned(), theme.style(Role::Muted)),
    ])
}

/// What a run did, one line a call and a log line: what two runs are compared by.
fn transcript(report: &Report) -> String {
    let mut text = String::new();
    for entry in &report.result.trace {
        let verdict = serde_json::to_value(entry.verdict).ok();
        let verdict = verdict.as_ref().and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            text,
            "{} {} {} -> {}",
            entry.function,
            verdict,
            compact(&entry.arguments),
            compact(&entry.answer)
        );
    }
    for line in &report.result.logs {
        let _ = writeln!(text, "log {}", line.text.replace('\n', " "));
    }
    text
}

fn with_change(shown: String, old: u64, new: u64) -> String {
    if old == new || old == 0 {
        return shown;
    }
    let percent = (i128::from(new) - i128::from(old)) * 100 / i128::from(old);
    format!("{shown} ({percent:+} %)")
}

fn compact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
