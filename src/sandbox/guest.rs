//! The guest's memory and fuel as host functions reach them: checked, never panicking.

use wasmi::{AsContextMut, Caller};

use super::error_code::ErrorCode;
use super::state::{Halt, RunState};

/// The guest's memory (empty where it exports none) and the run's state, at once.
pub(super) fn parts<'a>(caller: &'a mut Caller<'_, RunState>) -> (&'a mut [u8], &'a mut RunState) {
    match caller.data().memory {
        Some(memory) => memory.data_and_store_mut(caller.as_context_mut()),
        None => (&mut [], caller.data_mut()),
    }
}

/// The bytes at a pointer; a guest's numbers are unsigned.
pub(super) fn bytes(memory: &[u8], ptr: u32, len: u32) -> Result<&[u8], ErrorCode> {
    let end = ptr.checked_add(len).ok_or(ErrorCode::BadArgument)?;
    memory.get(ptr as usize..end as usize).ok_or(ErrorCode::BadArgument)
}

/// The bytes at a pointer, to be written.
pub(super) fn bytes_mut(memory: &mut [u8], ptr: u32, len: u32) -> Result<&mut [u8], ErrorCode> {
    let end = ptr.checked_add(len).ok_or(ErrorCode::BadArgument)?;
    memory.get_mut(ptr as usize..end as usize).ok_or(ErrorCode::BadArgument)
}

/// The text at a pointer.
pub(super) fn text(memory: &[u8], ptr: u32, len: u32) -> Result<&str, ErrorCode> {
    std::str::from_utf8(bytes(memory, ptr, len)?).map_err(|_| ErrorCode::BadArgument)
}

/// Takes a host function's cost; gives the fuel that remains of the slice.
///
/// # Errors
/// [`Halt::OutOfFuel`] where the run's fuel does not reach for it.
pub(super) fn charge(caller: &mut Caller<'_, RunState>, cost: u64) -> Result<u64, Halt> {
    let remaining = caller.get_fuel().unwrap_or(0);
    let state = caller.data_mut();
    let rest = state.fuel.charge(remaining, cost);
    let over = state.fuel.used(rest) > state.limits.fuel_max;
    if over || caller.set_fuel(rest).is_err() {
        return Err(Halt::OutOfFuel);
    }
    Ok(rest)
}

/// Counts a host call.
///
/// # Errors
/// [`Halt::HostCalls`] for the first one over the cap.
pub(super) fn count_call(state: &mut RunState) -> Result<(), Halt> {
    if state.record.host_calls >= state.limits.host_calls_max {
        return Err(Halt::HostCalls);
    }
    state.record.host_calls += 1;
    Ok(())
}

/// A number of the wasm stack as the guest means pointers and lengths.
pub(super) const fn unsigned(number: i32) -> u32 {
    u32::from_ne_bytes(number.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_outside_the_memory_are_bad_arguments() {
        let memory = [0xff_u8; 8];
        assert_eq!(bytes(&memory, 0, 8).map(<[u8]>::len), Ok(8));
        assert_eq!(bytes(&memory, 8, 0).map(<[u8]>::len), Ok(0));
        for (ptr, len) in [(0, 9), (9, 0), (u32::MAX, 1), (1, u32::MAX), (u32::MAX, u32::MAX)] {
            assert_eq!(bytes(&memory, ptr, len), Err(ErrorCode::BadArgument), "{ptr} {len}");
            assert_eq!(text(&memory, ptr, len), Err(ErrorCode::BadArgument), "{ptr} {len}");
        }
        assert_eq!(text(&memory, 0, 1), Err(ErrorCode::BadArgument));
    }
}
