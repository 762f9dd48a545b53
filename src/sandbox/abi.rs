//! What a guest ABI is, which modules may be imported from, and what an import leads to.

use wasmi::errors::LinkerError;
use wasmi::{Linker, Store, Val};
use wasmparser::{FuncType, ValType};

use super::functions::{self, FUNCTIONS, Slot};
use super::inspection::{Import, Inspection, Problem, Rule, Target};
use super::skydeck_v1::SkydeckV1;
use super::state::{Parked, RunState};
use super::wasi::{self, WASI_MODULE};
use super::world::Answer;
use crate::domain::kind::Kind;
use crate::domain::text::nearest;

/// How one family of guests is linked, entered and answered. A second family is a second file like `skydeck_v1.rs`.
pub(super) trait Abi: Sync {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// The export that handles a kind.
    fn handler(&self, kind: Kind) -> &'static str;

    /// Puts a host function behind an import.
    fn link(&self, linker: &mut Linker<RunState>, import: &Import) -> Result<(), LinkerError>;

    /// Hands the world's answer to the guest: what the parked call returns.
    fn deliver(&self, store: &mut Store<RunState>, parked: Parked, answer: Answer) -> Val;
}

/// The ABI that a module is written for, seen by its imports.
pub(super) fn choose(_module: &Inspection) -> &'static dyn Abi {
    &SkydeckV1
}

/// What an import leads to, and what is wrong with it; `given` is its type, none where it is no function.
pub(super) fn resolve(module: &str, name: &str, given: Option<&FuncType>) -> (Target, Option<Problem>) {
    let import = format!("{}.{}", short(module), short(name));
    let target = match target_of(module, name) {
        Ok(target) => target,
        Err((rule, text)) => return (Target::Nothing, Some(Problem::new(rule, import, text))),
    };
    let (parameters, result) = match target {
        Target::Function(function) => (function.parameters(), function.result()),
        Target::Stub(stub) => (stub.parameters, stub.result()),
        Target::Nothing => return (target, None),
    };
    let fits = given.is_some_and(|given| same(parameters, given.params()) && same(result, given.results()));
    if fits {
        return (target, None);
    }
    let expected = match target {
        Target::Function(function) => function.signature().to_owned(),
        _ => format!("({} parameters) with {} results", parameters.len(), result.len()),
    };
    let text = format!("the import {import} has another type than the function: declare it as {expected}");
    (Target::Nothing, Some(Problem::new(Rule::ImportType, import, text)))
}

fn target_of(module: &str, name: &str) -> Result<Target, (Rule, String)> {
    if module == WASI_MODULE {
        return wasi::find(name).map(Target::Stub).ok_or_else(|| {
            let text =
                format!("the import {}.{} is not among the WASI functions that are given", short(module), short(name));
            (Rule::UnknownImport, text)
        });
    }
    if EXTISM_MODULES.contains(&module) {
        let text = format!(
            "the import {}.{} is for the Extism target, which this build does not run; build for skydeck v1",
            module,
            short(name)
        );
        return Err((Rule::UnknownImport, text));
    }
    if !module.starts_with("sky:") {
        let text = format!(
            "the import {}.{} is forbidden: {:?} is no module of this host; allowed are sky:core, sky:<scope> and {WASI_MODULE}",
            short(module),
            short(name),
            short(module),
        );
        return Err((Rule::ForbiddenImport, text));
    }
    match functions::find(name) {
        Some(function) if function.is_in(module) => Ok(Target::Function(function)),
        Some(function) => {
            let text =
                format!("the import {}.{name} does not exist: {name} is in {}", short(module), function.module());
            Err((Rule::UnknownImport, text))
        }
        None => {
            let near = nearest(name, FUNCTIONS.iter().map(|function| function.name))
                .and_then(functions::find)
                .map(|function| format!("; did you mean {}.{}?", function.module(), function.name));
            let text = format!(
                "the import {}.{} does not exist{}",
                short(module),
                short(name),
                near.unwrap_or_else(|| "; `skydeck functions` lists what there is".to_owned()),
            );
            Err((Rule::UnknownImport, text))
        }
    }
}

/// Names come from the module: cut, and without anything that a terminal would obey.
fn short(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

fn same(slots: &[Slot], given: &[ValType]) -> bool {
    slots.len() == given.len() && slots.iter().zip(given).all(|(slot, given)| slot.is(*given))
}

/// Modules of plug-ins made with the Extism PDKs: known by name, so that the refusal can say what they are.
const EXTISM_MODULES: &[&str] = &["extism:host/env", "extism:host/user"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(module: &str, name: &str, rule: Rule, words: &str) {
        let (_, problem) = resolve(module, name, None);
        let problem = problem.unwrap();
        assert_eq!(problem.rule, rule, "{problem:?}");
        assert!(problem.text.contains(words), "{problem:?}");
    }

    #[test]
    fn what_is_not_on_the_list_is_refused_by_name() {
        check("env", "system", Rule::ForbiddenImport, "env.system");
        check("sky:core", "systen", Rule::UnknownImport, "sky:core.systen");
        check("sky:ban", "member_bann", Rule::UnknownImport, "did you mean sky:ban.member_ban?");
        check("sky:core", "member_ban", Rule::UnknownImport, "member_ban is in sky:ban");
        check("extism:host/env", "alloc", Rule::UnknownImport, "Extism");
        check("wasi_snapshot_preview1", "sock_open", Rule::UnknownImport, "sock_open");
        check("sky:core", "event_get", Rule::ImportType, "(ptr: i32");
    }

    #[test]
    fn a_right_import_leads_to_its_row() {
        let given = FuncType::new([ValType::I32; 4], [ValType::I32]);
        let (target, problem) = resolve("sky:ban", "member_ban", Some(&given));
        assert_eq!(problem, None);
        assert!(matches!(target, Target::Function(function) if function.name == "member_ban"));
    }
}
