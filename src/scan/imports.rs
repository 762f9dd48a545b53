//! The rule `imports`: nothing is imported but what the function table and the WASI stubs offer.

use super::calls::Callers;
use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::sandbox::{Problem, Rule as ModuleRule};

/// Names every foreign import, and who calls it.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_wasm() {
        return;
    }
    for problem in subject.problems {
        let hint = match problem.rule {
            ModuleRule::ForbiddenImport => {
                "use the function of a sky: module instead; what has none is not given to extensions"
            }
            ModuleRule::UnknownImport => {
                "look the function up with `skydeck functions`, and import it from the module named there"
            }
            ModuleRule::ImportType => "declare the import with the parameters and results that the function has",
            _ => continue,
        };
        let callers = callers(subject, problem);
        findings.add(
            Severity::Error,
            Seen {
                location: format!("import {}", problem.subject),
                message: problem.text.clone(),
                evidence: format!("{}, {}", problem.subject, callers.phrase()),
                hint: hint.to_owned(),
                body: Some(callers.body(subject)),
            },
        );
    }
}

/// The callers of the import that a problem names as `module.name`.
fn callers(subject: &Subject<'_>, problem: &Problem) -> Callers {
    let import = subject.inspection.imports.iter().find(|import| {
        problem.subject.strip_prefix(&import.module).and_then(|rest| rest.strip_prefix('.'))
            == Some(import.name.as_str())
    });
    import.map(|import| Callers::of(subject, &import.module, &import.name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn every_foreign_import_is_named_with_its_callers() {
        assert_eq!(Sample::good().found("imports"), []);
        let sample = Sample::wat(
            r#"(module (import "env" "system" (func $system (param i32) (result i32)))
                (import "sky:core" "member_ban" (func (param i32 i32 i32 i32) (result i32)))
                (import "sky:core" "now_ms" (func (result i32)))
                (func (export "on_command") (result i32) (call $system (i32.const 0))))"#,
        );
        let findings = sample.findings("imports");
        let places: Vec<&str> = findings.iter().map(|finding| finding.location.as_str()).collect();
        assert_eq!(places, ["import env.system", "import sky:core.member_ban", "import sky:core.now_ms"]);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Error));
        assert_eq!(findings[0].evidence, "env.system, called by function 3");
        assert_ne!(findings[0].body, findings[1].body);
    }
}
