//! From bytes to a module that can be instantiated for every event: inspected, compiled once, shared.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wasmi::{CompilationMode, Config, Engine, Linker, Module};

use super::abi::{self, Abi};
use super::bounds::inspect;
use super::inspection::{Inspection, Problem, Refused, Rule};
use super::state::RunState;
use crate::domain::digest::CodeDigests;
use crate::domain::limits::{ModuleLimits, RunLimits};

/// A compiled module; cloning shares it. Its engine is its own, so dropping the last clone frees all of it.
#[derive(Clone)]
pub struct Compiled {
    inner: Arc<Inner>,
}

struct Inner {
    module: Module,
    engine: Engine,
    linker: Linker<RunState>,
    abi: &'static dyn Abi,
    inspection: Inspection,
    digests: CodeDigests,
    call_depth_max: u32,
}

/// Inspects and compiles a module, with the call depth of every tier.
///
/// # Errors
/// [`Refused`] with every problem of the pre-pass, or with the one that validation found.
pub fn compile(code: &[u8], limits: &ModuleLimits) -> Result<Compiled, Refused> {
    compile_for_depth(code, limits, RunLimits::pro().call_depth_max)
}

/// Inspects and compiles a module; nested calls are bound when it is compiled.
///
/// # Errors
/// As [`compile`].
pub fn compile_for_depth(code: &[u8], limits: &ModuleLimits, call_depth_max: u32) -> Result<Compiled, Refused> {
    let inspection = inspect(code, limits);
    if !inspection.problems.is_empty() {
        return Err(Refused { problems: inspection.problems });
    }
    let made = catch_unwind(AssertUnwindSafe(|| build(code, inspection, call_depth_max)));
    made.unwrap_or_else(|_| {
        let text = "the engine failed on this module; it is refused, please report it";
        Err(Refused::because(Problem::new(Rule::Invalid, "", text)))
    })
}

impl Compiled {
    /// What the pre-pass found.
    pub fn inspection(&self) -> &Inspection {
        &self.inner.inspection
    }

    /// MD5, SHA-256 and length of the code.
    pub fn digests(&self) -> CodeDigests {
        self.inner.digests
    }

    pub(super) fn module(&self) -> &Module {
        &self.inner.module
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(super) fn linker(&self) -> &Linker<RunState> {
        &self.inner.linker
    }

    pub(super) fn abi(&self) -> &'static dyn Abi {
        self.inner.abi
    }

    pub(super) fn call_depth_max(&self) -> u32 {
        self.inner.call_depth_max
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("digests", &self.inner.digests).finish_non_exhaustive()
    }
}

fn build(code: &[u8], inspection: Inspection, call_depth_max: u32) -> Result<Compiled, Refused> {
    let engine = Engine::new(&config(call_depth_max));
    let module = Module::new(&engine, code).map_err(|error| {
        Refused::because(Problem::new(Rule::Invalid, "", format!("the module is not valid: {error}")))
    })?;
    let abi = abi::choose(&inspection);
    let mut linker = Linker::new(&engine);
    // A function imported twice is one function: the second definition is the same as the first.
    linker.allow_shadowing(true);
    for import in &inspection.imports {
        abi.link(&mut linker, import).map_err(|error| {
            let name = format!("{}.{}", import.module, import.name);
            Refused::because(Problem::new(Rule::UnknownImport, name, format!("an import cannot be linked: {error}")))
        })?;
    }
    let digests = CodeDigests::of(code);
    Ok(Compiled { inner: Arc::new(Inner { module, engine, linker, abi, inspection, digests, call_depth_max }) })
}

/// Eager compilation (lazy modes charge fuel for translation, so fuel would depend on what ran before), and nothing that
/// could not be metered, bounded or resumed.
fn config(call_depth_max: u32) -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(CompilationMode::Eager)
        .allow_start_fn(false)
        .ignore_custom_sections(true)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .set_max_recursion_depth(call_depth_max as usize);
    config
}
