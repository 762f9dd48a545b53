//! The pre-pass: reads a module's sections without compiling, counts everything and refuses what is too much.

use wasmparser::{
    CompositeInnerType, DataKind, ExternalKind, FuncType, FunctionBody, Operator, Parser, Payload, TableType, TypeRef,
};

use super::abi;
use super::functions::Function;
use super::inspection::{
    Bounds, Export, HOOKS, Import, Inspection, PAGE_BYTES, Problem, Rule, Sort, TABLE_ELEMENT_BYTES, Target,
};
use crate::domain::kind::Kind;
use crate::domain::limits::{FAULTS_MAX, ModuleLimits, RunLimits};

/// Reads a module and lists everything about it, with every problem; never compiles, never panics.
pub fn inspect(code: &[u8], limits: &ModuleLimits) -> Inspection {
    let mut pass = PrePass::new(code, limits);
    pass.found.counts.bytes = code.len() as u64;
    if !code.starts_with(b"\0asm") {
        pass.problem(Rule::NotWasm, "", "the code does not start with \\0asm: it is no wasm module");
        return pass.found;
    }
    if !pass.within("bytes", code.len() as u64, limits.bytes_max) {
        return pass.found;
    }
    for payload in Parser::new(0).parse_all(code) {
        let read = payload.map_err(Stop::from).and_then(|payload| pass.section(&payload));
        match read {
            Ok(()) => {}
            Err(Stop::Reported) => return pass.found,
            Err(Stop::Unreadable(error)) => {
                let text = format!("the module is malformed at byte {}: {}", error.offset(), error.message());
                pass.problem(Rule::Malformed, "", text);
                return pass.found;
            }
        }
    }
    pass.conclude();
    pass.found
}

/// Why reading ends before the end.
enum Stop {
    /// The bytes cannot be read on.
    Unreadable(wasmparser::Error),
    /// A bound is passed by so much that reading on would be the work we refuse.
    Reported,
}

impl From<wasmparser::Error> for Stop {
    fn from(error: wasmparser::Error) -> Stop {
        Stop::Unreadable(error)
    }
}

struct PrePass<'a> {
    code: &'a [u8],
    limits: &'a ModuleLimits,
    found: Inspection,
    types: Vec<Option<FuncType>>,
    functions: Vec<u32>,
    imported_functions: usize,
    bodies: usize,
}

impl<'a> PrePass<'a> {
    fn new(code: &'a [u8], limits: &'a ModuleLimits) -> PrePass<'a> {
        PrePass {
            code,
            limits,
            found: Inspection::default(),
            types: Vec::new(),
            functions: Vec::new(),
            imported_functions: 0,
            bodies: 0,
        }
    }

    fn problem(&mut self, rule: Rule, subject: impl Into<String>, text: impl Into<String>) {
        if self.found.problems.len() < FAULTS_MAX {
            self.found.problems.push(Problem::new(rule, subject, text));
        }
    }

    /// Notes a problem where `given` is more than `allowed`; each bound is reported once.
    fn within(&mut self, bound: &str, given: u64, allowed: impl Into<u64>) -> bool {
        let allowed = allowed.into();
        let known = self.found.problems.iter().any(|problem| problem.rule == Rule::Bound && problem.subject == bound);
        if given > allowed && !known {
            let text = format!("the module has {given} {}; at most {allowed} are allowed", words_of(bound));
            self.problem(Rule::Bound, bound, text);
        }
        given <= allowed
    }

    /// A bound on how many items a section has; reading the section on would be the work that is refused.
    fn count(&mut self, bound: &str, given: u64, allowed: u32) -> Result<u64, Stop> {
        if self.within(bound, given, allowed) { Ok(given) } else { Err(Stop::Reported) }
    }

    fn section(&mut self, payload: &Payload<'_>) -> Result<(), Stop> {
        let limits = self.limits;
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
                let text = "the code is a wasm component; build a core module (target wasm32-unknown-unknown)";
                self.problem(Rule::Component, "", text);
                return Err(Stop::Reported);
            }
            Payload::TypeSection(types) => self.types(types)?,
            Payload::ImportSection(imports) => self.imports(imports)?,
            Payload::FunctionSection(functions) => {
                let total = self.functions.len() as u64 + u64::from(functions.count());
                self.found.counts.functions = self.count("functions", total, limits.functions_max)?;
                for function in functions.clone() {
                    self.functions.push(function?);
                }
            }
            Payload::TableSection(tables) => {
                self.count("tables", u64::from(tables.count()), limits.tables_max)?;
                for table in tables.clone() {
                    self.table(&table?.ty);
                }
            }
            Payload::MemorySection(memories) => {
                self.count("memories", u64::from(memories.count()), limits.memories_max)?;
                for memory in memories.clone() {
                    let memory = memory?;
                    self.found.memories.push(Bounds { minimum: memory.initial, maximum: memory.maximum });
                }
            }
            Payload::GlobalSection(globals) => {
                let total = self.found.counts.globals + u64::from(globals.count());
                self.found.counts.globals = self.count("globals", total, limits.globals_max)?;
            }
            Payload::ExportSection(exports) => self.exports(exports)?,
            Payload::StartSection { .. } => self.start(),
            Payload::ElementSection(elements) => {
                let count = u64::from(elements.count());
                self.found.counts.element_segments =
                    self.count("element_segments", count, limits.element_segments_max)?;
            }
            Payload::DataSection(data) => self.data(data)?,
            Payload::CodeSectionEntry(body) => self.body(body)?,
            Payload::CustomSection(custom) if self.found.custom_sections.len() < NAMES_MAX => {
                self.found.custom_sections.push(cut(custom.name()));
            }
            _ => {}
        }
        Ok(())
    }

    fn types(&mut self, types: &wasmparser::TypeSectionReader<'_>) -> Result<(), Stop> {
        self.count("types", u64::from(types.count()), self.limits.types_max)?;
        let mut groups = types.clone().into_iter();
        loop {
            let at = usize::try_from(groups.original_position()).unwrap_or(usize::MAX);
            if self.code.get(at) == Some(&RECURSION_GROUP) {
                // One group may claim a million types: it is refused before the parser makes room for them.
                self.problem(Rule::Invalid, "types", "the module has recursive types, which are not supported");
                return Err(Stop::Reported);
            }
            let Some(group) = groups.next() else { break };
            for kind in group?.types() {
                let CompositeInnerType::Func(function) = &kind.composite_type.inner else {
                    self.types.push(None);
                    continue;
                };
                self.within("params", function.params().len() as u64, self.limits.params_max);
                self.within("results", function.results().len() as u64, self.limits.results_max);
                self.types.push(Some(function.clone()));
            }
        }
        self.found.counts.types = self.types.len() as u64;
        Ok(())
    }

    fn imports(&mut self, imports: &wasmparser::ImportSectionReader<'_>) -> Result<(), Stop> {
        self.count("imports", u64::from(imports.count()), self.limits.imports_max)?;
        for import in imports.clone().into_imports() {
            let import = import?;
            self.count("imports", self.found.imports.len() as u64 + 1, self.limits.imports_max)?;
            let given = match import.ty {
                TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                    self.functions.push(index);
                    self.imported_functions += 1;
                    self.types.get(index as usize).and_then(Option::as_ref)
                }
                TypeRef::Table(table) => {
                    self.found.tables.push(Bounds { minimum: table.initial, maximum: table.maximum });
                    None
                }
                TypeRef::Memory(memory) => {
                    self.found.memories.push(Bounds { minimum: memory.initial, maximum: memory.maximum });
                    None
                }
                TypeRef::Global(_) => {
                    self.found.counts.globals += 1;
                    None
                }
                TypeRef::Tag(_) => None,
            };
            let (target, problem) = abi::resolve(import.module, import.name, given);
            if let Some(problem) = problem {
                self.problem(problem.rule, problem.subject, problem.text);
            }
            if let Target::Function(Function { scope: Some(scope), .. }) = target {
                self.found.reachable = self.found.reachable.with(*scope);
            }
            self.found.imports.push(Import { module: cut(import.module), name: cut(import.name), target });
        }
        self.found.counts.functions = self.functions.len() as u64;
        Ok(())
    }

    fn table(&mut self, table: &TableType) {
        self.within("table_elements", table.initial, self.limits.table_elements_max);
        self.found.tables.push(Bounds { minimum: table.initial, maximum: table.maximum });
    }

    fn exports(&mut self, exports: &wasmparser::ExportSectionReader<'_>) -> Result<(), Stop> {
        self.count("exports", u64::from(exports.count()), self.limits.exports_max)?;
        for export in exports.clone() {
            let export = export?;
            let sort = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => self.sort_of(export.index),
                ExternalKind::Table => Sort::Table,
                ExternalKind::Memory => Sort::Memory,
                ExternalKind::Global => Sort::Global,
                ExternalKind::Tag => Sort::Tag,
            };
            let reexported = matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact)
                && (export.index as usize) < self.imported_functions;
            self.found.exports.push(Export { name: cut(export.name), sort, reexported });
        }
        Ok(())
    }

    fn sort_of(&self, function: u32) -> Sort {
        let kind = self.functions.get(function as usize).and_then(|index| self.types.get(*index as usize));
        match kind {
            Some(Some(kind)) if kind.params().is_empty() && kind.results() == [wasmparser::ValType::I32] => {
                Sort::Handler
            }
            Some(Some(kind)) if kind.params().is_empty() && kind.results().is_empty() => Sort::Initialiser,
            _ => Sort::Function,
        }
    }

    fn start(&mut self) {
        self.found.has_start = true;
        let text = "the module has a start section, which cannot be interrupted: export _initialize instead \
                    (AssemblyScript: asc --exportStart _initialize)";
        self.problem(Rule::StartSection, "start", text);
    }

    fn data(&mut self, data: &wasmparser::DataSectionReader<'_>) -> Result<(), Stop> {
        let count = u64::from(data.count());
        self.found.counts.data_segments = self.count("data_segments", count, self.limits.data_segments_max)?;
        for segment in data.clone() {
            let segment = segment?;
            if let DataKind::Active { memory_index, .. } = segment.kind
                && memory_index as usize >= self.found.memories.len()
            {
                self.problem(Rule::Invalid, "data", "a data segment fills a memory that the module does not have");
            }
            let end = usize::try_from(segment.range.end).unwrap_or(usize::MAX);
            self.found.data.push(end.saturating_sub(segment.data.len())..end);
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), Stop> {
        let function = self.imported_functions + self.bodies;
        self.bodies += 1;
        let range = body.range();
        let bytes = range.end - range.start;
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.found.bodies.push(place(range.start)..place(range.end));
        self.found.counts.body_bytes_most = self.found.counts.body_bytes_most.max(bytes);
        if !self.within("body_bytes", bytes, self.limits.body_bytes_max) {
            return Ok(());
        }
        let params = self.functions.get(function).and_then(|index| self.types.get(*index as usize));
        let params = params.and_then(Option::as_ref).map_or(0, |kind| kind.params().len() as u64);
        let mut locals = params;
        for group in body.get_locals_reader()? {
            locals = locals.saturating_add(u64::from(group?.0));
        }
        self.found.counts.locals_most = self.found.counts.locals_most.max(locals);
        if !self.within("locals", locals, self.limits.locals_max) {
            return Ok(());
        }
        self.nesting(body)
    }

    fn nesting(&mut self, body: &FunctionBody<'_>) -> Result<(), Stop> {
        let mut depth: u64 = 0;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    depth += 1;
                    self.found.counts.nesting_most = self.found.counts.nesting_most.max(depth);
                    if !self.within("nesting", depth, self.limits.nesting_max) {
                        return Ok(());
                    }
                }
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    /// What only the whole module tells: handlers, hooks and the memory it starts with.
    fn conclude(&mut self) {
        for kind in Kind::ALL {
            if self
                .found
                .export(kind.handler())
                .is_some_and(|export| export.sort == Sort::Handler && !export.reexported)
            {
                self.found.handlers.push(*kind);
            }
        }
        for hook in HOOKS {
            if self.found.export(hook).is_some_and(|export| export.sort == Sort::Handler && !export.reexported) {
                self.found.hooks.push((*hook).to_owned());
            }
        }
        let (given, allowed) = (self.found.initial_bytes(), RunLimits::pro().memory_bytes_max);
        if given > allowed {
            let pages: u64 = self.found.memories.iter().map(|memory| memory.minimum).sum();
            let text = format!(
                "the module starts with {pages} pages of memory and its tables, {given} bytes; at most {allowed} bytes \
                 ({} pages, {} for each table element) are allowed",
                allowed / PAGE_BYTES,
                TABLE_ELEMENT_BYTES,
            );
            self.problem(Rule::Memory, "memory", text);
        }
    }
}

/// The byte that opens a group of recursive types.
const RECURSION_GROUP: u8 = 0x4e;
/// Names longer than this are cut, and no more custom sections than this are listed.
const NAMES_MAX: usize = 100;

/// What a bound counts, as a person says it.
fn words_of(bound: &str) -> String {
    match bound {
        "params" => "parameters in one type".to_owned(),
        "results" => "results in one type".to_owned(),
        "locals" => "locals in one function".to_owned(),
        "nesting" => "blocks nested in each other".to_owned(),
        "body_bytes" => "bytes in one function".to_owned(),
        "table_elements" => "elements in one table".to_owned(),
        other => other.replace('_', " "),
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAMES_MAX {
        name.to_owned()
    } else {
        name.chars().take(NAMES_MAX).collect::<String>() + "…"
    }
}
