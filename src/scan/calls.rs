//! Which functions of a module call an import: what a finding about an import points at.

use std::ops::Range;

use wasmparser::{Operator, Parser, Payload, TypeRef};

use super::Subject;
use crate::domain::digest::Sha256Digest;
use crate::sandbox::Rule as ModuleRule;

/// The functions that call one import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Callers {
    /// Their numbers, in the module's numbering.
    pub functions: Vec<u32>,
    /// Where their bodies are in the module's bytes.
    bodies: Vec<Range<usize>>,
}

/// Callers of one import that are listed; more say nothing more.
const CALLERS_MAX: usize = 20;

impl Callers {
    /// The callers of an import; none where nothing calls it by name, or where the module cannot be read.
    pub fn of(subject: &Subject<'_>, module: &str, name: &str) -> Callers {
        let unread = [ModuleRule::NotWasm, ModuleRule::Component, ModuleRule::Malformed, ModuleRule::Bound];
        if subject.problems.iter().any(|problem| unread.contains(&problem.rule)) {
            return Callers::default();
        }
        let mut callers = Callers::default();
        // What cannot be read on is the rule `module`'s to report.
        let _unread = callers.read(&subject.package.code.bytes, module, name).is_err();
        callers
    }

    /// A digest of the one body that calls it; of the module where several do, or none.
    pub fn body(&self, subject: &Subject<'_>) -> Sha256Digest {
        match self.bodies.as_slice() {
            [only] => subject.package.code.bytes.get(only.clone()).map(Sha256Digest::of),
            _ => None,
        }
        .unwrap_or(subject.package.digests.sha256)
    }

    /// The callers as a phrase.
    pub fn phrase(&self) -> String {
        let numbers: Vec<String> = self.functions.iter().map(ToString::to_string).collect();
        match numbers.as_slice() {
            [] => "called by no function directly".to_owned(),
            [only] => format!("called by function {only}"),
            several if several.len() == CALLERS_MAX => format!("called by functions {} and more", several.join(", ")),
            several => format!("called by functions {}", several.join(", ")),
        }
    }

    fn read(&mut self, code: &[u8], module: &str, name: &str) -> wasmparser::Result<()> {
        let (mut imported, mut wanted, mut bodies) = (0_u32, Vec::new(), 0_u32);
        for payload in Parser::new(0).parse_all(code) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        if matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                            if import.module == module && import.name == name {
                                wanted.push(imported);
                            }
                            imported += 1;
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let mut calls = false;
                    for operator in body.get_operators_reader()? {
                        calls |=
                            matches!(operator?, Operator::Call { function_index } if wanted.contains(&function_index));
                    }
                    if calls && self.functions.len() < CALLERS_MAX {
                        let range = body.range();
                        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                        self.functions.push(imported + bodies);
                        self.bodies.push(place(range.start)..place(range.end));
                    }
                    bodies += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn the_one_function_that_calls_an_import_is_named_by_its_body() {
        let text = r#"(module
            (import "sky:core" "now_ms" (func $now (result i64)))
            (import "sky:core" "random" (func $random (result i64)))
            (func (export "on_command") (result i32) call $now drop i32.const 0)
            (func call $random drop)
            (func call $random drop))"#;
        let sample = Sample::wat(text);
        sample.with_subject(|subject| {
            let one = Callers::of(subject, "sky:core", "now_ms");
            assert_eq!((one.functions.as_slice(), one.phrase().as_str()), ([2].as_slice(), "called by function 2"));
            assert_ne!(one.body(subject), subject.package.digests.sha256);
            let two = Callers::of(subject, "sky:core", "random");
            assert_eq!(two.phrase(), "called by functions 3, 4");
            assert_eq!(two.body(subject), subject.package.digests.sha256);
            assert_eq!(Callers::of(subject, "sky:core", "log").phrase(), "called by no function directly");
        });
    }
}
