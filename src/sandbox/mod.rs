//! Runs one extension under caps and says exactly what it did; knows nothing but the domain.
//!
//! [`inspect`] reads a module without compiling it, [`compile()`] makes it ready once, [`run()`] gives it one event and a
//! [`World`] to act on, and a [`Report`] comes back, whatever happens. An instance lives for one event: nothing but
//! [`Storage`] outlives it. What a guest can call is the table [`FUNCTIONS`], and nothing else exists for it: no file, no
//! socket, no clock, no environment.

mod abi;
mod admit;
mod bounds;
mod chat;
mod compile;
mod driver;
mod error_code;
mod event;
mod functions;
mod guest;
mod host;
mod inspection;
mod record;
mod report;
mod run;
mod simulated;
mod skydeck_v1;
mod state;
mod storage;
mod wasi;
mod wasi_calls;
mod world;

pub use bounds::inspect;
pub use chat::{Ban, Bot, Channel, Member, Message, Role, Server};
pub use compile::{Compiled, compile, compile_for_depth};
pub use error_code::ErrorCode;
pub use event::{Event, NotAnEvent, TEMPLATE_TIME};
pub use functions::{AnsweredBy, CORE_MODULE, Effect, FUNCTIONS, Form, Function, Operation, Slot, find};
pub use inspection::{
    Bounds, Counts, Export, HOOKS, Import, Inspection, PAGE_BYTES, Problem, Refused, Rule, Sort, TABLE_ELEMENT_BYTES,
    Target,
};
pub use record::{Action, Dropped, LogLevel, LogLine, TraceEntry, Verdict};
pub use report::{EngineName, Measured, Outcome, Report, RunResult, ScopesSeen, StorageChange};
pub use run::{ENGINE_NAME, ENGINE_VERSION, Grant, RunRequest, Settings, dry_run, run};
pub use simulated::{NotAWorld, SimulatedWorld};
pub use storage::{KEY_BYTES_MAX, Storage};
pub use wasi::{STUBS, Stub, StubDoes, WASI_MODULE};
pub use world::{Answer, Ask, Channels, Mentions, World};

#[cfg(test)]
mod tests;
