//! The rule `module`: the bytes are a valid module within the bounds, without a start section.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::sandbox::{Problem, Rule as ModuleRule};

/// Looks at what reading and compiling the module found.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_wasm() {
        return;
    }
    for problem in subject.problems {
        let Some(hint) = hint(problem) else { continue };
        let location = match problem.rule {
            ModuleRule::Bound => format!("module: {}", problem.subject.replace('_', " ")),
            ModuleRule::StartSection => "module: start section".to_owned(),
            _ => "module".to_owned(),
        };
        findings.add(
            Severity::Error,
            Seen {
                location,
                message: problem.text.clone(),
                evidence: evidence(problem),
                hint: hint.to_owned(),
                body: Some(subject.package.digests.sha256),
            },
        );
    }
}

/// What to do; none where the problem is another rule's to report.
const fn hint(problem: &Problem) -> Option<&'static str> {
    match problem.rule {
        ModuleRule::NotWasm => Some("submit the .wasm that your toolchain writes"),
        ModuleRule::Component => Some("build a core module: target wasm32-unknown-unknown, no component tooling"),
        ModuleRule::Malformed => Some("build it again: the file is damaged or cut short"),
        ModuleRule::Invalid => Some("validate it with your toolchain; build without threads, memory64 and tail calls"),
        ModuleRule::Bound => Some("split large functions and tables, strip what is unused, optimise for size"),
        ModuleRule::StartSection => {
            Some("export the initialiser as _initialize (AssemblyScript: asc --exportStart _initialize)")
        }
        ModuleRule::ForbiddenImport
        | ModuleRule::UnknownImport
        | ModuleRule::ImportType
        | ModuleRule::Memory
        | ModuleRule::HandlerMissing
        | ModuleRule::HandlerType
        | ModuleRule::HandlerImported
        | ModuleRule::ScopeUndeclared => None,
    }
}

fn evidence(problem: &Problem) -> String {
    if problem.subject.is_empty() { problem.text.clone() } else { format!("{}: {}", problem.subject, problem.text) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn what_is_no_module_is_named() {
        assert_eq!(Sample::good().found("module"), []);
        for (code, location) in [
            (b"\0asm\x01\0\0\0\x01\xff".to_vec(), "module"),
            (b"\0asm\x0d\0\x01\0".to_vec(), "module"),
            (wat::parse_str("(module (func $go) (start $go))").unwrap(), "module: start section"),
        ] {
            assert_eq!(Sample::code(code).found("module"), [(Severity::Error, location.to_owned())]);
        }
    }

    #[test]
    fn a_body_of_the_wrong_type_is_found_by_compiling() {
        // () -> i32 with a body that leaves nothing on the stack: well formed, and not valid.
        let mut code = wat::parse_str(r#"(module (func (export "on_command") (result i32) i32.const 0))"#).unwrap();
        let at = code.windows(3).rposition(|bytes| bytes == [0x41, 0x00, 0x0b]).unwrap();
        code[at..at + 2].copy_from_slice(&[0x01, 0x01]);
        assert_eq!(Sample::code(code).found("module"), [(Severity::Error, "module".to_owned())]);
    }

    #[test]
    fn bounds_are_named() {
        let many: String = (0..70).map(|_| " i32").collect();
        let sample = Sample::wat(&format!("(module (func (param{many})))"));
        assert_eq!(sample.found("module"), [(Severity::Error, "module: params".to_owned())]);
    }
}
