//! The driver: calls the guest in slices of fuel, looks at the wall clock between them, and answers parked calls.

use std::time::Instant;

use wasmi::{
    Extern, Store, TrapCode, TypedFunc, TypedResumableCall, TypedResumableCallHostTrap, TypedResumableCallOutOfFuel,
    Val, WasmResults,
};

use super::abi::Abi;
use super::error_code::ErrorCode;
use super::record::Record;
use super::report::Outcome;
use super::run::RunRequest;
use super::state::{FuelAccount, Halt, Phase, RunState, Space};
use super::storage::Storage;
use super::world::{Ask, Channels, Mentions, World};
use crate::domain::id::Entropy;
use crate::domain::scope::Scope;

/// The wall clock of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub started: Instant,
    pub timeout_ms: u64,
}

/// How a run ended and what is left of it.
pub(super) struct Ended {
    pub outcome: Outcome,
    pub fuel: u64,
    pub memory_bytes_peak: u64,
    pub record: Record,
    pub storage: Storage,
}

/// Instantiates the module for one event and drives it to its end.
pub(super) fn drive_run(request: &RunRequest<'_>, storage: Storage, clock: Clock, world: &mut dyn World) -> Ended {
    let mut store = Store::new(request.module.engine(), state_of(request, storage));
    store.limiter(|state| &mut state.space);
    let mut driver = Driver { abi: request.module.abi(), store, world, clock };
    let outcome = match driver.call(request) {
        Ok(code) => Outcome::Finished { code },
        Err(outcome) => outcome,
    };
    let remaining = driver.store.get_fuel().unwrap_or(0);
    let state = driver.store.into_data();
    Ended {
        outcome,
        fuel: state.fuel.used(remaining).min(state.limits.fuel_max),
        memory_bytes_peak: state.space.bytes_peak,
        record: state.record,
        storage: state.storage,
    }
}

struct Driver<'a> {
    abi: &'static dyn Abi,
    store: Store<RunState>,
    world: &'a mut dyn World,
    clock: Clock,
}

impl Driver<'_> {
    fn call(&mut self, request: &RunRequest<'_>) -> Result<i32, Outcome> {
        self.refill(0)?;
        let module = request.module;
        let instance = module.linker().instantiate_and_start(&mut self.store, module.module());
        let instance = instance.map_err(|error| self.trap(&error))?;
        let memory = instance.get_export(&self.store, "memory").and_then(Extern::into_memory);
        self.store.data_mut().memory = memory;
        if let Some(name) = module.inspection().initialiser() {
            let initialiser =
                instance.get_typed_func::<(), ()>(&self.store, name).map_err(|error| self.trap(&error))?;
            match self.drive(initialiser) {
                // A guest that leaves while it initialises has nothing to call.
                Ok(()) => {}
                Err(outcome) => return Err(outcome),
            }
        }
        self.store.data_mut().phase = Phase::Handling;
        let handler = self.abi.handler(request.event.kind);
        let handler = instance.get_typed_func::<(), i32>(&self.store, handler).map_err(|error| self.trap(&error))?;
        self.drive(handler)
    }

    fn drive<R: WasmResults>(&mut self, function: TypedFunc<(), R>) -> Result<R, Outcome> {
        let mut step = function.call_resumable(&mut self.store, ());
        loop {
            step = match step {
                Ok(TypedResumableCall::Finished(result)) => return Ok(result),
                Ok(TypedResumableCall::OutOfFuel(pause)) => self.next_slice(pause)?,
                Ok(TypedResumableCall::HostTrap(pause)) => self.host_trap(pause)?,
                Err(error) => return Err(self.trap(&error)),
            };
        }
    }

    fn next_slice<R: WasmResults>(&mut self, pause: TypedResumableCallOutOfFuel<R>) -> Result<Step<R>, Outcome> {
        self.refill(pause.required_fuel())?;
        self.clock.check()?;
        Ok(pause.resume(&mut self.store))
    }

    fn host_trap<R: WasmResults>(&mut self, pause: TypedResumableCallHostTrap<R>) -> Result<Step<R>, Outcome> {
        match pause.host_error().downcast_ref::<Halt>() {
            Some(Halt::Parked) => {
                let value = self.ask_world();
                self.clock.check()?;
                Ok(pause.resume(&mut self.store, &[value]))
            }
            Some(halt) => Err(outcome_of(halt)),
            None => Err(Outcome::Trapped { trap: pause.host_error().to_string() }),
        }
    }

    /// Asks the world what the parked call asks; gives what the call returns to the guest.
    fn ask_world(&mut self) -> Val {
        let remaining = self.store.get_fuel().unwrap_or(0);
        let state = self.store.data_mut();
        let Some(parked) = state.parked.take() else { return Val::I32(ErrorCode::Unavailable.number()) };
        let has = |scope| state.granted.contains(scope);
        let answer = self.world.answer(&Ask {
            function: parked.function,
            arguments: &parked.arguments,
            event: &state.event,
            now: state.now(remaining),
            mentions: if has(Scope::MessagesWrite) { Mentions::AsWritten } else { Mentions::Nobody },
            channels: if has(Scope::MessagesGlobal) { Channels::All } else { Channels::OfTheEvent },
            remaining_ms: self.clock.remaining_ms(),
        });
        self.abi.deliver(&mut self.store, parked, answer)
    }

    fn refill(&mut self, required: u64) -> Result<(), Outcome> {
        let remaining = self.store.get_fuel().unwrap_or(0);
        let state = self.store.data_mut();
        let (slice, fuel_max) = (state.limits.slice_fuel, state.limits.fuel_max);
        let next = state.fuel.refill(remaining, required, slice, fuel_max).ok_or(Outcome::OutOfFuel)?;
        self.store.set_fuel(next).map_err(|error| Outcome::Trapped { trap: error.to_string() })
    }

    /// What an error of the engine means.
    fn trap(&self, error: &wasmi::Error) -> Outcome {
        if let Some(halt) = error.downcast_ref::<Halt>() {
            return outcome_of(halt);
        }
        match error.as_trap_code() {
            Some(TrapCode::StackOverflow) => Outcome::LimitExceeded { limit: "call_depth".to_owned() },
            Some(TrapCode::OutOfFuel) => Outcome::OutOfFuel,
            Some(TrapCode::OutOfSystemMemory) => Outcome::OutOfMemory,
            _ if self.store.data().space.denied => Outcome::OutOfMemory,
            Some(code) => Outcome::Trapped { trap: trap_name(code).to_owned() },
            None => Outcome::Trapped { trap: error.to_string() },
        }
    }
}

impl Clock {
    pub(super) fn elapsed_us(self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn remaining_ms(self) -> u64 {
        self.timeout_ms.saturating_sub(self.elapsed_us() / 1_000)
    }

    fn check(self) -> Result<(), Outcome> {
        if self.elapsed_us() >= self.timeout_ms.saturating_mul(1_000) { Err(Outcome::TimedOut) } else { Ok(()) }
    }
}

impl Ended {
    /// The end of a run that never began.
    pub fn without_running(outcome: Outcome) -> Ended {
        Ended { outcome, fuel: 0, memory_bytes_peak: 0, record: Record::default(), storage: Storage::default() }
    }
}

/// What the engine gives back whenever the guest stops.
type Step<R> = Result<TypedResumableCall<R>, wasmi::Error>;

fn state_of(request: &RunRequest<'_>, storage: Storage) -> RunState {
    let settings = request.settings;
    let mut seed = [0_u8; 32];
    seed[..8].copy_from_slice(&settings.seed.to_le_bytes());
    RunState {
        limits: settings.limits.clone(),
        event: request.event.clone(),
        config: settings.config.clone(),
        flags: settings.flags.clone(),
        tier: settings.tier.clone(),
        granted: settings.grant.granted.and(settings.grant.declared),
        entropy: Entropy::from_seed(seed),
        phase: Phase::Initialising,
        memory: None,
        fuel: FuelAccount::default(),
        space: Space { bytes_max: settings.limits.memory_bytes_max, ..Space::default() },
        parked: None,
        answer: Vec::new(),
        storage,
        record: Record::default(),
    }
}

fn outcome_of(halt: &Halt) -> Outcome {
    match halt {
        // Reached only where the engine cannot resume; modules in which that can happen are refused.
        Halt::Parked => Outcome::Trapped { trap: "a call that waits for the world cannot be resumed here".to_owned() },
        Halt::OutOfFuel => Outcome::OutOfFuel,
        Halt::HostCalls => Outcome::LimitExceeded { limit: "host_calls".to_owned() },
        Halt::Aborted(message) => Outcome::Aborted { message: message.clone() },
        Halt::Exited(0) => Outcome::Finished { code: 0 },
        Halt::Exited(code) => Outcome::Aborted { message: format!("the process exited with code {code}") },
    }
}

fn trap_name(code: TrapCode) -> &'static str {
    match code {
        TrapCode::UnreachableCodeReached => "reached an unreachable instruction (a panic or a failed assertion)",
        TrapCode::MemoryOutOfBounds => "read or wrote outside its memory",
        TrapCode::TableOutOfBounds => "used a table element that does not exist",
        TrapCode::IndirectCallToNull => "called an empty table element",
        TrapCode::IntegerDivisionByZero => "divided an integer by zero",
        TrapCode::IntegerOverflow => "overflowed an integer",
        TrapCode::BadConversionToInteger => "converted a number that is no integer",
        TrapCode::BadSignature => "called a table element of another type",
        other => other.trap_message(),
    }
}
