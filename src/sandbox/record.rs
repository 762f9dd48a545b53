//! The record that a run keeps while it goes: calls, actions, log lines and what was dropped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error_code::ErrorCode;
use super::functions::{Effect, Function};
use crate::domain::limits::RunLimits;
use crate::domain::scope::{Scope, ScopeSet};

/// One call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    /// The function's name.
    pub function: String,
    /// The scope it needs.
    pub scope: Option<Scope>,
    /// What the guest asked, cut where it is long.
    pub arguments: Value,
    /// What it was told, cut where it is long; nothing where it was refused.
    pub answer: Value,
    /// Fuel the call cost.
    pub cost: u64,
    /// How it ended.
    pub verdict: Verdict,
}

/// How a call ended: done, or one of the error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was answered.
    Ok,
    /// The scope is not granted, or the server's rules forbid it.
    Denied,
    /// The request was no good.
    BadArgument,
    /// What it names is not there.
    NotFound,
    /// A cap is used up.
    Limit,
    /// Nobody can answer here.
    Unavailable,
    /// Too many in too short a time.
    RateLimited,
}

/// One change to the chat server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The function that did it.
    pub function: String,
    /// What was asked.
    pub arguments: Value,
    /// What came of it.
    pub answer: Value,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text, cut at the cap.
    pub text: String,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author alone.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is odd.
    Warning,
    /// Something failed.
    Error,
}

/// What the soft caps turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Log lines.
    pub logs: u64,
    /// Actions.
    pub actions: u64,
    /// Replies.
    pub replies: u64,
    /// Writes to storage.
    pub storage: u64,
    /// Entries of the trace (they happened and are not listed).
    pub trace: u64,
}

/// Everything that is noted while a run goes.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub host_calls: u32,
    pub replies: u32,
    pub exercised: ScopeSet,
    pub trace: Vec<TraceEntry>,
    pub actions: Vec<Action>,
    pub logs: Vec<LogLine>,
    pub dropped: Dropped,
}

impl Record {
    /// Notes the end of a call.
    pub fn call(&mut self, function: &Function, arguments: &Value, answer: Result<&Value, ErrorCode>) {
        if let (Some(scope), Ok(_)) = (function.scope, answer) {
            self.exercised = self.exercised.with(scope);
        }
        if self.trace.len() >= TRACE_ENTRIES_MAX {
            self.dropped.trace += 1;
            return;
        }
        self.trace.push(TraceEntry {
            function: function.name.to_owned(),
            scope: function.scope,
            arguments: bounded(arguments, TRACE_TEXT_BYTES_MAX),
            answer: answer.map_or(Value::Null, |answer| bounded(answer, TRACE_TEXT_BYTES_MAX)),
            cost: function.fuel,
            verdict: answer.map_or_else(Verdict::from, |_| Verdict::Ok),
        });
    }

    /// Notes what a soft cap turned away.
    pub fn turned_away(&mut self, effect: Effect) {
        match effect {
            Effect::Acts => self.dropped.actions += 1,
            Effect::Replies => self.dropped.replies += 1,
            Effect::Keeps => self.dropped.storage += 1,
            Effect::Reads => {}
        }
    }

    /// Notes a change to the world.
    pub fn acted(&mut self, function: &Function, arguments: &Value, answer: &Value) {
        self.actions.push(Action {
            function: function.name.to_owned(),
            arguments: bounded(arguments, ACTION_TEXT_BYTES_MAX),
            answer: bounded(answer, ACTION_TEXT_BYTES_MAX),
        });
    }

    /// Keeps a log line, or counts it as dropped.
    pub fn log(&mut self, level: LogLevel, bytes: &[u8], limits: &RunLimits) {
        if self.logs.len() >= limits.log_lines_max as usize {
            self.dropped.logs += 1;
            return;
        }
        let kept = &bytes[..bytes.len().min(limits.log_line_bytes_max as usize)];
        let mut text = String::from_utf8_lossy(kept).into_owned();
        if kept.len() < bytes.len() {
            // A cut in the middle of a character is the cap's doing, not the guest's.
            while text.ends_with('\u{fffd}') {
                text.pop();
            }
        }
        self.logs.push(LogLine { level, text });
    }
}

impl LogLevel {
    /// The level of a number that the guest gave; unknown ones are errors.
    pub(super) const fn from_number(number: i32) -> LogLevel {
        match number {
            0 => LogLevel::Debug,
            1 => LogLevel::Info,
            2 => LogLevel::Warning,
            _ => LogLevel::Error,
        }
    }
}

impl From<ErrorCode> for Verdict {
    fn from(code: ErrorCode) -> Verdict {
        match code {
            ErrorCode::Denied => Verdict::Denied,
            ErrorCode::BadArgument => Verdict::BadArgument,
            ErrorCode::NotFound => Verdict::NotFound,
            ErrorCode::Limit => Verdict::Limit,
            ErrorCode::Unavailable => Verdict::Unavailable,
            ErrorCode::RateLimited => Verdict::RateLimited,
        }
    }
}

/// The value itself where its text is short, else the beginning of its text.
fn bounded(value: &Value, bytes_max: usize) -> Value {
    let text = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => return value.clone(),
        Value::String(text) => text.as_str().into(),
        other => std::borrow::Cow::from(other.to_string()),
    };
    if text.len() <= bytes_max {
        return value.clone();
    }
    Value::String(format!("{}…", &text[..text.floor_char_boundary(bytes_max)]))
}

/// Calls that are listed one by one.
const TRACE_ENTRIES_MAX: usize = 500;
/// Bytes of arguments or answer that are listed with a call.
const TRACE_TEXT_BYTES_MAX: usize = 1_024;
/// Bytes of arguments or answer that are kept of an action.
const ACTION_TEXT_BYTES_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_a_character() {
        let mut record = Record::default();
        let limits = RunLimits { log_lines_max: 1, log_line_bytes_max: 4, ..RunLimits::pro() };
        record.log(LogLevel::Info, "aéé".as_bytes(), &limits);
        record.log(LogLevel::Info, b"b", &limits);
        assert_eq!(record.logs, [LogLine { level: LogLevel::Info, text: "aé".to_owned() }]);
        assert_eq!(record.dropped.logs, 1);
    }

    #[test]
    fn long_values_are_cut_and_short_ones_kept() {
        assert_eq!(bounded(&serde_json::json!({"a": 1}), 7), serde_json::json!({"a": 1}));
        assert_eq!(bounded(&serde_json::json!({"a": 1}), 6), Value::from("{\"a\":1…"));
    }
}
