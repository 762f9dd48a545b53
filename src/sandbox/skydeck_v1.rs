//! The guest ABI `skydeck v1`: how its imports are linked, how arguments come in and how answers go out.

use serde_json::Value;
use wasmi::errors::LinkerError;
use wasmi::{AsContextMut, Caller, Error, FuncType, Linker, Store, Val, ValType};

use super::abi::Abi;
use super::error_code::ErrorCode;
use super::functions::{AnsweredBy, Effect, Form, Function, Operation, Slot};
use super::guest;
use super::host;
use super::inspection::{Import, Target};
use super::record::LogLevel;
use super::state::{Halt, Parked, Phase, RunState};
use super::storage::as_text;
use super::wasi_calls;
use super::world::Answer;
use crate::domain::kind::Kind;
use crate::domain::scope::Scope;

/// The ABI itself: it has no state.
pub(super) struct SkydeckV1;

impl Abi for SkydeckV1 {
    fn name(&self) -> &'static str {
        "skydeck v1"
    }

    fn handler(&self, kind: Kind) -> &'static str {
        kind.handler()
    }

    fn link(&self, linker: &mut Linker<RunState>, import: &Import) -> Result<(), LinkerError> {
        match import.target {
            Target::Function(function) => {
                let kind = wasm_type(function.parameters(), function.result());
                linker.func_new(&import.module, &import.name, kind, move |mut caller, inputs, outputs| {
                    answer_into(call(function, &mut caller, inputs), outputs)
                })?;
            }
            Target::Stub(stub) => {
                let kind = wasm_type(stub.parameters, stub.result());
                linker.func_new(&import.module, &import.name, kind, move |mut caller, inputs, outputs| {
                    answer_into(wasi_calls::call(stub, &mut caller, inputs), outputs)
                })?;
            }
            Target::Nothing => {}
        }
        Ok(())
    }

    fn deliver(&self, store: &mut Store<RunState>, parked: Parked, answer: Answer) -> Val {
        let memory = store.data().memory;
        let code = match memory {
            Some(memory) => {
                let (bytes, state) = memory.data_and_store_mut(store.as_context_mut());
                deliver(bytes, state, &parked, answer)
            }
            None => deliver(&mut [], store.data_mut(), &parked, answer),
        };
        Val::I32(code)
    }
}

/// One call of a row of the table, from its wasm arguments to its wasm result.
fn call(function: &'static Function, caller: &mut Caller<'_, RunState>, inputs: &[Val]) -> Result<Option<Val>, Halt> {
    let remaining = guest::charge(caller, function.fuel)?;
    let number = |place: usize| inputs.get(place).and_then(Val::i32).map_or(0, guest::unsigned);
    match function.form {
        Form::Log => {
            log(caller, inputs.first().and_then(Val::i32).unwrap_or(1), number(1), number(2));
            return Ok(None);
        }
        Form::Abort => {
            let (memory, _) = guest::parts(caller);
            let message = guest::bytes(memory, number(0), number(1).min(ABORT_BYTES_MAX));
            let message = message.map(String::from_utf8_lossy).unwrap_or_default();
            return Err(Halt::Aborted(message.into_owned()));
        }
        _ => guest::count_call(caller.data_mut())?,
    }
    let (memory, state) = guest::parts(caller);
    if state.phase == Phase::Initialising {
        let code = refuse(state, function, &Value::Null, ErrorCode::Unavailable);
        return Ok(Some(if function.result() == [Slot::I64] { Val::I64(i64::from(code)) } else { Val::I32(code) }));
    }
    let answer = match function.form {
        Form::Number => Val::I64(own_number(function, state, remaining)),
        Form::NumberAt => {
            let default = inputs.get(2).and_then(Val::i64).unwrap_or(0);
            Val::I64(number_at(function, memory, state, (number(0), number(1)), default))
        }
        Form::Rest => Val::I32(rest(function, memory, state, number(0), (number(1), number(2)))),
        _ => {
            let (request, out, cap) = ((number(0), number(1)), number(2), number(3));
            match take_request(function, memory, state, request, (out, cap)) {
                Err(code) => Val::I32(code),
                Ok(arguments) => {
                    let parked = Parked { function, arguments, out, cap };
                    if function.answered_by == AnsweredBy::World {
                        state.parked = Some(parked);
                        return Err(Halt::Parked);
                    }
                    let answer = host::answer(function, state, &parked.arguments);
                    Val::I32(deliver(memory, state, &parked, answer))
                }
            }
        }
    };
    Ok(Some(answer))
}

/// Reads and judges a request of the general form; what is refused is noted, and its code given.
fn take_request(
    function: &Function,
    memory: &mut [u8],
    state: &mut RunState,
    (ptr, len): (u32, u32),
    (out, cap): (u32, u32),
) -> Result<Value, i32> {
    let read = read_request(function, memory, state, (ptr, len));
    let denied = function.scope.is_some_and(|scope| !state.granted.contains(scope));
    let arguments = match read {
        Err(_) if denied => return Err(refuse(state, function, &Value::Null, ErrorCode::Denied)),
        Ok(arguments) if denied => return Err(refuse(state, function, &arguments, ErrorCode::Denied)),
        Err(code) => return Err(refuse(state, function, &Value::Null, code)),
        Ok(arguments) => arguments,
    };
    // Where the answer goes is looked at first: nothing is done whose answer could not be written.
    let judged = guest::bytes(memory, out, cap).map(|_| ()).and_then(|()| may(function, state, &arguments));
    match judged {
        Ok(()) => Ok(arguments),
        Err(code) => Err(refuse(state, function, &arguments, code)),
    }
}

fn read_request(
    function: &Function,
    memory: &[u8],
    state: &RunState,
    (ptr, len): (u32, u32),
) -> Result<Value, ErrorCode> {
    if len > state.limits.request_bytes_max {
        return Err(ErrorCode::Limit);
    }
    let text = guest::text(memory, ptr, len);
    if function.form == Form::Text {
        return text.map(Value::from);
    }
    let arguments: Value = serde_json::from_str(text?).map_err(|_| ErrorCode::BadArgument)?;
    if arguments.is_object() { Ok(arguments) } else { Err(ErrorCode::BadArgument) }
}

/// Whether the call may be made: what it sends, its caps, and where a reply can go.
fn may(function: &Function, state: &RunState, arguments: &Value) -> Result<(), ErrorCode> {
    if arguments.get("embeds").is_some() && !state.granted.contains(Scope::EmbedLinks) {
        return Err(ErrorCode::Denied);
    }
    if !matches!(function.effect, Effect::Acts | Effect::Replies) {
        return Ok(());
    }
    if function.effect == Effect::Replies {
        if state.event.kind == Kind::Timer || state.event.channel().is_none() {
            return Err(ErrorCode::Unavailable);
        }
        if state.record.replies >= state.limits.replies_max {
            return Err(ErrorCode::Limit);
        }
    }
    if state.record.actions.len() >= state.limits.actions_max as usize {
        return Err(ErrorCode::Limit);
    }
    Ok(())
}

/// Notes a refused call and gives its code.
fn refuse(state: &mut RunState, function: &Function, arguments: &Value, code: ErrorCode) -> i32 {
    if code == ErrorCode::Limit {
        state.record.turned_away(function.effect);
    }
    state.record.call(function, arguments, Err(code));
    code.number()
}

/// Writes an answer: as much as fits, the rest kept for `result_read`; gives its whole length, or the code.
fn deliver(memory: &mut [u8], state: &mut RunState, parked: &Parked, answer: Answer) -> i32 {
    let function = parked.function;
    let value = match answer {
        Ok(value) => value,
        Err(code) => return refuse(state, function, &parked.arguments, code),
    };
    // What was done stays noted, even where its answer cannot be handed over.
    match function.effect {
        Effect::Acts => state.record.acted(function, &parked.arguments, &value),
        Effect::Replies => {
            state.record.replies += 1;
            state.record.acted(function, &parked.arguments, &value);
        }
        Effect::Reads | Effect::Keeps => {}
    }
    let text = as_text(&value).into_bytes();
    let whole = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if whole > state.limits.answer_bytes_max {
        return refuse(state, function, &parked.arguments, ErrorCode::Limit);
    }
    let fits = whole.min(parked.cap);
    let Ok(target) = guest::bytes_mut(memory, parked.out, fits) else {
        return refuse(state, function, &parked.arguments, ErrorCode::BadArgument);
    };
    target.copy_from_slice(&text[..fits as usize]);
    state.record.call(function, &parked.arguments, Ok(&value));
    state.answer = if whole > parked.cap { text } else { Vec::new() };
    i32::try_from(whole).unwrap_or(i32::MAX)
}

fn own_number(function: &Function, state: &mut RunState, remaining: u64) -> i64 {
    let number = match function.operation {
        Operation::NowMs => state.now(remaining).as_ms(),
        _ => host::random(state),
    };
    state.record.call(function, &Value::Null, Ok(&Value::from(number)));
    number
}

fn number_at(function: &Function, memory: &[u8], state: &mut RunState, (ptr, len): (u32, u32), default: i64) -> i64 {
    let Ok(pointer) = guest::text(memory, ptr, len) else {
        return i64::from(refuse(state, function, &Value::Null, ErrorCode::BadArgument));
    };
    let number = host::number(state, pointer).unwrap_or(default);
    state.record.call(function, &Value::from(pointer), Ok(&Value::from(number)));
    number
}

fn rest(function: &Function, memory: &mut [u8], state: &mut RunState, offset: u32, (ptr, cap): (u32, u32)) -> i32 {
    let from = state.answer.get(offset as usize..).unwrap_or_default();
    let length = u32::try_from(from.len()).unwrap_or(u32::MAX).min(cap);
    let read = guest::bytes_mut(memory, ptr, length).map(|target| target.copy_from_slice(&from[..length as usize]));
    match read {
        Ok(()) => {
            state.record.call(function, &Value::from(offset), Ok(&Value::from(length)));
            i32::try_from(length).unwrap_or(i32::MAX)
        }
        Err(code) => refuse(state, function, &Value::from(offset), code),
    }
}

/// A line outside the memory is counted as dropped: `log` answers nothing.
fn log(caller: &mut Caller<'_, RunState>, level: i32, ptr: u32, len: u32) {
    let (memory, state) = guest::parts(caller);
    match guest::bytes(memory, ptr, len) {
        Ok(line) => state.record.log(LogLevel::from_number(level), line, &state.limits),
        Err(_) => state.record.dropped.logs += 1,
    }
}

fn answer_into(answered: Result<Option<Val>, Halt>, outputs: &mut [Val]) -> Result<(), Error> {
    let value = answered.map_err(Error::host)?;
    if let (Some(value), Some(output)) = (value, outputs.first_mut()) {
        *output = value;
    }
    Ok(())
}

fn wasm_type(parameters: &[Slot], result: &[Slot]) -> FuncType {
    let of = |slot: &Slot| match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
    };
    FuncType::new(parameters.iter().map(of), result.iter().map(of))
}

/// Bytes kept of the message that a guest gives up with.
const ABORT_BYTES_MAX: u32 = 1_024;
