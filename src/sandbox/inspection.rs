//! What a module's bytes say about it before anything is compiled or run.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::functions::{Function, Slot};
use super::wasi::Stub;
use crate::domain::kind::Kind;
use crate::domain::scope::ScopeSet;

/// All that the pre-pass found, problems included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Every import, in the module's order.
    pub imports: Vec<Import>,
    /// Every export, in the module's order.
    pub exports: Vec<Export>,
    /// The kinds whose handler is exported, and can be called.
    pub handlers: Vec<Kind>,
    /// The lifecycle hooks that are exported, such as `on_install`.
    pub hooks: Vec<String>,
    /// The scopes that the imports can reach.
    pub reachable: ScopeSet,
    /// Memories, imported and defined.
    pub memories: Vec<Bounds>,
    /// Tables, imported and defined.
    pub tables: Vec<Bounds>,
    /// How much there is of everything.
    pub counts: Counts,
    /// Whether there is a start section.
    pub has_start: bool,
    /// Names of the custom sections.
    pub custom_sections: Vec<String>,
    /// Where the data segments are in the module's bytes.
    #[serde(skip)]
    pub data: Vec<Range<usize>>,
    /// Where the bodies of the defined functions are in the module's bytes, in order.
    #[serde(skip)]
    pub bodies: Vec<Range<usize>>,
    /// Every problem that does not depend on the manifest, by name.
    pub problems: Vec<Problem>,
}

/// One import and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Where it is imported from: the scope it needs.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What answers to it.
    #[serde(skip)]
    pub target: Target,
}

/// What an import leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A row of the function table.
    Function(&'static Function),
    /// An inert function that toolchains cannot link without.
    Stub(&'static Stub),
    /// Nothing: a problem says why.
    Nothing,
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub sort: Sort,
    /// Whether it hands an import through.
    pub reexported: bool,
}

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// A function `() -> i32`, as handlers are.
    Handler,
    /// A function `() -> ()`, as initialisers are.
    Initialiser,
    /// A function of another type.
    Function,
    /// A memory.
    Memory,
    /// A table.
    Table,
    /// A global.
    Global,
    /// A tag.
    Tag,
}

/// Declared size of a memory (pages of 64 KiB) or a table (elements).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// At the start.
    pub minimum: u64,
    /// At most, where declared.
    pub maximum: Option<u64>,
}

/// How much of everything a module has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Bytes of the module.
    pub bytes: u64,
    /// Types.
    pub types: u64,
    /// Functions, imported and defined.
    pub functions: u64,
    /// Globals, imported and defined.
    pub globals: u64,
    /// Data segments.
    pub data_segments: u64,
    /// Element segments.
    pub element_segments: u64,
    /// Locals of the function that has most, parameters included.
    pub locals_most: u64,
    /// Deepest nesting of blocks.
    pub nesting_most: u64,
    /// Bytes of the largest body.
    pub body_bytes_most: u64,
}

/// One reason not to run a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Problem {
    /// Which rule it breaks.
    pub rule: Rule,
    /// What breaks it: an import, an export, a bound, a scope. May be empty.
    pub subject: String,
    /// A sentence: what, where, and what to do.
    pub text: String,
}

/// The rules that a module can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The bytes do not start as a wasm module does.
    NotWasm,
    /// A wasm component, not a module.
    Component,
    /// The bytes break off or are not wasm.
    Malformed,
    /// The bytes are wasm, and break its rules of validation.
    Invalid,
    /// More of something than is allowed; the subject is the bound.
    Bound,
    /// There is a start section.
    StartSection,
    /// An import from a module that is not on the list.
    ForbiddenImport,
    /// An import that no function of the table has.
    UnknownImport,
    /// An import with a type that is not the function's.
    ImportType,
    /// The memory or the tables are larger than allowed.
    Memory,
    /// A handler that is missing.
    HandlerMissing,
    /// A handler that is no function `() -> i32`.
    HandlerType,
    /// A handler that hands an import through.
    HandlerImported,
    /// An import of a scope that the manifest does not declare.
    ScopeUndeclared,
}

/// A module that cannot run, with every reason at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>().join("\n"))]
pub struct Refused {
    /// Every reason, at least one.
    pub problems: Vec<Problem>,
}

impl Inspection {
    /// Bytes of memories and tables at the start.
    pub fn initial_bytes(&self) -> u64 {
        let pages: u64 = self.memories.iter().fold(0, |sum, memory| sum.saturating_add(memory.minimum));
        let elements: u64 = self.tables.iter().fold(0, |sum, table| sum.saturating_add(table.minimum));
        pages.saturating_mul(PAGE_BYTES).saturating_add(elements.saturating_mul(TABLE_ELEMENT_BYTES))
    }

    /// The export of a name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.name == name)
    }

    /// The function that runs once before a handler, where there is one.
    pub fn initialiser(&self) -> Option<&'static str> {
        INITIALISERS
            .iter()
            .copied()
            .find(|name| self.export(name).is_some_and(|export| export.sort == Sort::Initialiser && !export.reexported))
    }
}

impl Problem {
    pub(super) fn new(rule: Rule, subject: impl Into<String>, text: impl Into<String>) -> Problem {
        Problem { rule, subject: subject.into(), text: text.into() }
    }
}

impl Refused {
    /// Refuses for one reason.
    pub(super) fn because(problem: Problem) -> Refused {
        Refused { problems: vec![problem] }
    }
}

impl Slot {
    pub(super) const fn is(self, given: wasmparser::ValType) -> bool {
        matches!((self, given), (Slot::I32, wasmparser::ValType::I32) | (Slot::I64, wasmparser::ValType::I64))
    }
}

/// Bytes of a wasm page.
pub const PAGE_BYTES: u64 = 64 << 10;
/// Bytes that one table element is counted as.
pub const TABLE_ELEMENT_BYTES: u64 = 8;
/// Exports that initialise an instance; the first one found runs.
const INITIALISERS: &[&str] = &["_initialize", "__wasm_call_ctors"];
/// Exports that the life of an installation calls.
pub const HOOKS: &[&str] = &["on_install", "on_enable", "on_disable", "on_upgrade", "on_uninstall"];
