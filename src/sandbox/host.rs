//! The functions that the run answers itself: event, configuration, flags, storage, tier.

use serde_json::Value;

use super::error_code::ErrorCode;
use super::functions::{Function, Operation};
use super::state::RunState;
use super::world::Answer;

/// Answers a call from what the run has.
pub(super) fn answer(function: &Function, state: &mut RunState, arguments: &Value) -> Answer {
    let text = arguments.as_str().unwrap_or_default();
    match function.operation {
        Operation::EventGet => field(&state.event.body, text),
        Operation::ConfigGet => field(&state.config, text),
        Operation::Flag => state.flags.get(text).map(|on| Value::Bool(*on)).ok_or(ErrorCode::NotFound),
        Operation::ServerTier => Ok(Value::from(state.tier.as_str())),
        Operation::StorageGet => state.storage.get(text).cloned().ok_or(ErrorCode::NotFound),
        Operation::StorageSet => keep(state, arguments),
        Operation::StorageDelete if state.storage.delete(text) => Ok(nothing()),
        Operation::StorageDelete => Err(ErrorCode::NotFound),
        Operation::StorageList => Ok(state.storage.keys(text).collect()),
        // The others have a form of their own, or the world answers them.
        _ => Err(ErrorCode::Unavailable),
    }
}

/// A field of the event as a number: numbers, text that is one, and `true` and `false` as 1 and 0.
pub(super) fn number(state: &RunState, pointer: &str) -> Option<i64> {
    match state.event.body.pointer(pointer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

/// 64 bits of the run's random stream.
pub(super) fn random(state: &mut RunState) -> i64 {
    let drawn = state.entropy.draw();
    let mut first = [0_u8; 8];
    first.copy_from_slice(&drawn[..8]);
    i64::from_le_bytes(first)
}

/// The answer of a function that has nothing to say.
fn nothing() -> Value {
    Value::from("")
}

fn field(value: &Value, pointer: &str) -> Answer {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Err(ErrorCode::NotFound),
        Some(found) => Ok(found.clone()),
    }
}

fn keep(state: &mut RunState, arguments: &Value) -> Answer {
    let key = arguments.get("key").and_then(Value::as_str).ok_or(ErrorCode::BadArgument)?;
    let value = arguments.get("value").ok_or(ErrorCode::BadArgument)?;
    state.storage.set(key, value.clone(), state.limits.storage_bytes_max)?;
    Ok(nothing())
}
