//! The rule `handlers`: the kinds of the manifest and the handlers that the module exports are the same.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::kind::Kind;
use crate::sandbox::{HOOKS, Inspection, Rule as ModuleRule, Sort, Target};

/// Looks at every handler that is declared or exported, at the hooks, and at the memory that answers are written to.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let unread = [ModuleRule::NotWasm, ModuleRule::Component, ModuleRule::Malformed, ModuleRule::Bound];
    if !subject.is_wasm() || subject.problems.iter().any(|problem| unread.contains(&problem.rule)) {
        return;
    }
    for kind in Kind::ALL {
        check_kind(subject, *kind, findings);
    }
    for hook in HOOKS {
        check_hook(subject, hook, findings);
    }
    if writes_answers(subject.inspection)
        && subject.inspection.export("memory").is_none_or(|export| export.sort != Sort::Memory)
    {
        findings.add(
            Severity::Warning,
            Seen {
                location: "memory".to_owned(),
                message: "the module exports no memory, so that every host function that reads or writes one fails"
                    .to_owned(),
                evidence: "no export memory".to_owned(),
                hint: "export the memory under the name memory".to_owned(),
                body: Some(subject.package.digests.sha256),
            },
        );
    }
}

fn check_kind(subject: &Subject<'_>, kind: Kind, findings: &mut Findings) {
    let (name, export) = (kind.handler(), subject.inspection.export(kind.handler()));
    let declared = subject.package.manifest.handles(kind);
    let (message, evidence, hint) = match (declared, export) {
        (true, None) => (
            format!("the manifest names the kind {kind}, and the module exports no {name}"),
            format!("{kind} without {name}"),
            format!("export a function {name}() -> i32, or take {kind} out of the manifest's type"),
        ),
        (false, Some(_)) => (
            format!("the module exports {name}, and the manifest does not name the kind {kind}"),
            format!("{name} without {kind}"),
            format!("add {kind} to the manifest's type, or do not export {name}"),
        ),
        (true, Some(export)) if export.reexported => (
            format!("{name} is an import handed through, which cannot be resumed"),
            format!("{name} is an import"),
            "define a function of the module's own that calls it".to_owned(),
        ),
        (true, Some(export)) if export.sort != Sort::Handler => (
            format!("{name} is no function of the type () -> i32"),
            format!("{name} has another type"),
            format!(
                "export {name} as a function without parameters that returns an i32: 0 done, positive its own error"
            ),
        ),
        (true, Some(_)) | (false, None) => return,
    };
    let body = Some(subject.package.digests.sha256);
    findings.add(Severity::Error, Seen { location: name.to_owned(), message, evidence, hint, body });
}

fn check_hook(subject: &Subject<'_>, hook: &str, findings: &mut Findings) {
    let Some(export) = subject.inspection.export(hook) else { return };
    if export.sort == Sort::Handler && !export.reexported {
        return;
    }
    findings.add(
        Severity::Warning,
        Seen {
            location: hook.to_owned(),
            message: format!("{hook} is no function () -> i32 of the module's own, and is never called"),
            evidence: format!("{hook} has another type"),
            hint: format!("export {hook} as a function without parameters that returns an i32"),
            body: Some(subject.package.digests.sha256),
        },
    );
}

/// Whether a host function that takes pointers is imported.
fn writes_answers(inspection: &Inspection) -> bool {
    inspection.imports.iter().any(|import| match import.target {
        Target::Function(function) => !function.parameters().is_empty(),
        Target::Stub(_) | Target::Nothing => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[track_caller]
    fn check(kinds: &str, module: &str, expected: &[(Severity, &str)]) {
        let found = Sample::wat(module).with_kinds(kinds).found("handlers");
        let found: Vec<(Severity, &str)> = found.iter().map(|(severity, place)| (*severity, place.as_str())).collect();
        assert_eq!(found, expected, "{module}");
    }

    #[test]
    fn kinds_and_exports_are_the_same_set() {
        let command = r#"(func (export "on_command") (result i32) i32.const 0)"#;
        let timer = r#"(func (export "on_timer") (result i32) i32.const 0)"#;
        check(r#"["command"]"#, &format!("(module {command})"), &[]);
        check(r#"["command","timer"]"#, &format!("(module {command} {timer})"), &[]);
        check(r#"["command","timer"]"#, &format!("(module {command})"), &[(Severity::Error, "on_timer")]);
        check(r#"["command"]"#, &format!("(module {command} {timer})"), &[(Severity::Error, "on_timer")]);
        check(r#"["command"]"#, r#"(module (func (export "on_command")))"#, &[(Severity::Error, "on_command")]);
        let handed_through =
            r#"(module (import "sky:core" "now_ms" (func $f (result i64))) (export "on_command" (func $f)))"#;
        check(r#"["command"]"#, handed_through, &[(Severity::Error, "on_command")]);
    }

    #[test]
    fn hooks_and_memory_are_looked_at() {
        let hook = r#"(module (func (export "on_command") (result i32) i32.const 0) (func (export "on_install")))"#;
        check(r#"["command"]"#, hook, &[(Severity::Warning, "on_install")]);
        let hidden = r#"(module (import "sky:core" "log" (func (param i32 i32 i32))) (memory 1)
            (func (export "on_command") (result i32) i32.const 0))"#;
        check(r#"["command"]"#, hidden, &[(Severity::Warning, "memory")]);
    }
}
