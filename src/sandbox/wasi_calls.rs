//! What the inert WASI functions do: standard output to the log, clock and random from the run, the rest nothing.

use wasmi::{Caller, Val};

use super::error_code::ErrorCode;
use super::functions::{self, Function};
use super::guest;
use super::host;
use super::record::LogLevel;
use super::state::{Halt, RunState};
use super::wasi::{
    BAD_FILE, BAD_POINTER, INVALID, NOT_SUPPORTED, RANDOM_BYTES_MAX, STUB_FUEL, SUCCESS, Stub, StubDoes,
};

/// One call of a stub, from its wasm arguments to its `errno`.
pub(super) fn call(stub: &Stub, caller: &mut Caller<'_, RunState>, inputs: &[Val]) -> Result<Option<Val>, Halt> {
    let number = |place: usize| inputs.get(place).and_then(Val::i32).map_or(0, guest::unsigned);
    let cost = if stub.does == StubDoes::Writes {
        functions::find("log").map_or(STUB_FUEL, |log: &Function| log.fuel)
    } else {
        STUB_FUEL
    };
    let remaining = guest::charge(caller, cost)?;
    if stub.does != StubDoes::Writes {
        guest::count_call(caller.data_mut())?;
    }
    let (memory, state) = guest::parts(caller);
    let done = match stub.does {
        StubDoes::Exits => return Err(Halt::Exited(inputs.first().and_then(Val::i32).unwrap_or(0))),
        StubDoes::Writes => write(memory, state, number(0), (number(1), number(2)), number(3)),
        StubDoes::CountsNone => {
            put(memory, number(0), &[0; 4]).and_then(|()| put(memory, number(1), &[0; 4])).map(|()| SUCCESS)
        }
        StubDoes::Nothing => Ok(SUCCESS),
        StubDoes::Clock => {
            let ns = state.now(remaining).as_ms().saturating_mul(1_000_000);
            put(memory, number(2), &ns.to_le_bytes()).map(|()| SUCCESS)
        }
        StubDoes::Random => random(memory, state, number(0), number(1)),
        StubDoes::NoFile => Ok(BAD_FILE),
        StubDoes::Unsupported => Ok(NOT_SUPPORTED),
    };
    Ok(Some(Val::I32(done.unwrap_or(BAD_POINTER))))
}

/// `fd_write`: standard output and error become log lines; there are no other files.
fn write(
    memory: &mut [u8],
    state: &mut RunState,
    fd: u32,
    (vectors, count): (u32, u32),
    written: u32,
) -> Result<i32, ErrorCode> {
    let level = match fd {
        1 => LogLevel::Info,
        2 => LogLevel::Warning,
        _ => return Ok(BAD_FILE),
    };
    if count > VECTORS_MAX {
        return Ok(INVALID);
    }
    let mut text = Vec::new();
    let mut total: u32 = 0;
    for vector in guest::bytes(memory, vectors, count * 8)?.chunks_exact(8) {
        let word = |at: usize| vector[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
        let part = guest::bytes(memory, word(0), word(4))?;
        total = total.saturating_add(word(4));
        let room = WRITE_BYTES_MAX.saturating_sub(text.len());
        text.extend_from_slice(&part[..part.len().min(room)]);
    }
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        state.record.log(level, line, &state.limits);
    }
    put(memory, written, &total.to_le_bytes())?;
    Ok(SUCCESS)
}

fn random(memory: &mut [u8], state: &mut RunState, ptr: u32, len: u32) -> Result<i32, ErrorCode> {
    if len as usize > RANDOM_BYTES_MAX {
        return Ok(INVALID);
    }
    for chunk in guest::bytes_mut(memory, ptr, len)?.chunks_mut(8) {
        let bits = host::random(state).to_le_bytes();
        chunk.copy_from_slice(&bits[..chunk.len()]);
    }
    Ok(SUCCESS)
}

fn put(memory: &mut [u8], ptr: u32, bytes: &[u8]) -> Result<(), ErrorCode> {
    let len = u32::try_from(bytes.len()).map_err(|_| ErrorCode::BadArgument)?;
    guest::bytes_mut(memory, ptr, len)?.copy_from_slice(bytes);
    Ok(())
}

/// Buffers of one `fd_write`.
const VECTORS_MAX: u32 = 64;
/// Bytes of one `fd_write` that are looked at.
const WRITE_BYTES_MAX: usize = 16 << 10;
