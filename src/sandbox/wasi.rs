//! Inert functions of `wasi_snapshot_preview1`, for toolchains that cannot link without them.

use super::functions::Slot;

/// One inert function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub parameters: &'static [Slot],
    /// What it does.
    pub does: StubDoes,
}

/// What an inert function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StubDoes {
    /// Standard output and standard error go to the run's log.
    Writes,
    /// There is none of it: two zeroes are written at the two pointers.
    CountsNone,
    /// There is none of it: nothing is written, and that is right.
    Nothing,
    /// The run's own clock, in nanoseconds.
    Clock,
    /// The run's own random bits.
    Random,
    /// Ends the run with its code.
    Exits,
    /// There is no such file.
    NoFile,
    /// Answers "not supported".
    Unsupported,
}

/// The module they are imported from.
pub const WASI_MODULE: &str = "wasi_snapshot_preview1";

/// WASI's `errno` of success.
pub const SUCCESS: i32 = 0;
/// WASI's `errno` `badf`: no such file descriptor.
pub const BAD_FILE: i32 = 8;
/// WASI's `errno` `fault`: a pointer outside the memory.
pub const BAD_POINTER: i32 = 21;
/// WASI's `errno` `inval`.
pub const INVALID: i32 = 28;
/// WASI's `errno` `nosys`.
pub const NOT_SUPPORTED: i32 = 52;
/// Fuel that one call costs; writing costs what a log line costs.
pub const STUB_FUEL: u64 = 200;
/// Bytes that one `random_get` gives at most.
pub const RANDOM_BYTES_MAX: usize = 4 << 10;

const I32: Slot = Slot::I32;
const I64: Slot = Slot::I64;

/// All of them.
pub const STUBS: &[Stub] = &[
    stub("fd_write", &[I32, I32, I32, I32], StubDoes::Writes),
    stub("environ_sizes_get", &[I32, I32], StubDoes::CountsNone),
    stub("args_sizes_get", &[I32, I32], StubDoes::CountsNone),
    stub("environ_get", &[I32, I32], StubDoes::Nothing),
    stub("args_get", &[I32, I32], StubDoes::Nothing),
    stub("sched_yield", &[], StubDoes::Nothing),
    stub("clock_time_get", &[I32, I64, I32], StubDoes::Clock),
    stub("random_get", &[I32, I32], StubDoes::Random),
    stub("proc_exit", &[I32], StubDoes::Exits),
    stub("fd_close", &[I32], StubDoes::NoFile),
    stub("fd_prestat_get", &[I32, I32], StubDoes::NoFile),
    stub("fd_prestat_dir_name", &[I32, I32, I32], StubDoes::NoFile),
    stub("fd_read", &[I32, I32, I32, I32], StubDoes::Unsupported),
    stub("fd_seek", &[I32, I64, I32, I32], StubDoes::Unsupported),
    stub("fd_fdstat_get", &[I32, I32], StubDoes::Unsupported),
    stub("fd_fdstat_set_flags", &[I32, I32], StubDoes::Unsupported),
    stub("clock_res_get", &[I32, I32], StubDoes::Unsupported),
    stub("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32], StubDoes::Unsupported),
    stub("poll_oneoff", &[I32, I32, I32, I32], StubDoes::Unsupported),
];

/// The stub of a name.
pub fn find(name: &str) -> Option<&'static Stub> {
    STUBS.iter().find(|stub| stub.name == name)
}

impl Stub {
    /// What it returns: an `errno`, or nothing.
    pub const fn result(&self) -> &'static [Slot] {
        if matches!(self.does, StubDoes::Exits) { &[] } else { &[I32] }
    }
}

const fn stub(name: &'static str, parameters: &'static [Slot], does: StubDoes) -> Stub {
    Stub { name, parameters, does }
}
