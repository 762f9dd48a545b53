//! The rule `scopes`: what the manifest declares against what the code's imports can reach.

use super::calls::Callers;
use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::scope::{Scope, ScopeSet};
use crate::sandbox::{FUNCTIONS, Target};

/// Scopes that widen functions of other modules, so that declaring them is of use without an import of their own.
const WIDENED: &[(Scope, &[&str])] = &[
    (Scope::EmbedLinks, &["reply", "message_send"]),
    (Scope::MessagesWrite, &["reply", "reply_text"]),
    (Scope::MessagesGlobal, &["message_history"]),
];

/// Names every scope that is reachable and not declared, and those that are declared and of no use.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_wasm() {
        return;
    }
    let (declared, reachable) = (subject.package.manifest.scopes, subject.inspection.reachable);
    for scope in reachable.minus(declared).iter() {
        add_undeclared(subject, scope, findings);
    }
    let unused: ScopeSet =
        declared.minus(reachable).iter().filter(|scope| !widens_an_import(subject, *scope)).collect();
    if !unused.is_empty() {
        add_unused(subject, unused, findings);
    }
}

fn add_undeclared(subject: &Subject<'_>, scope: Scope, findings: &mut Findings) {
    let mut functions = subject.inspection.imports.iter().filter_map(|import| match import.target {
        Target::Function(function) if function.scope == Some(scope) => Some((import, function.name)),
        _ => None,
    });
    let Some((import, first)) = functions.next() else { return };
    let names: Vec<&str> = std::iter::once(first).chain(functions.map(|(_, name)| name)).collect();
    let callers = Callers::of(subject, &import.module, &import.name);
    findings.add(
        Severity::Error,
        Seen {
            location: format!("import {}.{}", import.module, import.name),
            message: format!("the code can use the scope {scope}, which the manifest does not declare"),
            evidence: format!("{scope}: {}; {first} is {}", names.join(", "), callers.phrase()),
            hint: format!(
                "add {scope:?} to the manifest's scopes, or do not import {}",
                names.join(", "),
                scope = scope.name()
            ),
            body: Some(callers.body(subject)),
        },
    );
}

fn add_unused(subject: &Subject<'_>, unused: ScopeSet, findings: &mut Findings) {
    let names = unused.names().join(", ");
    let unserved: Vec<&str> = unused.iter().filter(|scope| !is_served(*scope)).map(Scope::name).collect();
    let why = if unserved.is_empty() {
        String::new()
    } else {
        format!("; this host has no function that needs {}", unserved.join(", "))
    };
    findings.add(
        Severity::Warning,
        Seen {
            location: "/extension/version/scopes".to_owned(),
            message: format!("the manifest declares scopes that the code cannot use: {names}{why}"),
            evidence: names.clone(),
            hint: format!("least privilege: take {names} out of the manifest's scopes"),
            body: Some(subject.package.digests.sha256),
        },
    );
}

fn widens_an_import(subject: &Subject<'_>, scope: Scope) -> bool {
    let functions = WIDENED.iter().find(|(widening, _)| *widening == scope).map_or(&[][..], |(_, names)| names);
    subject.inspection.imports.iter().any(|import| match import.target {
        Target::Function(function) => functions.contains(&function.name),
        Target::Stub(_) | Target::Nothing => false,
    })
}

fn is_served(scope: Scope) -> bool {
    let widens = WIDENED.iter().any(|(widening, _)| *widening == scope);
    widens || FUNCTIONS.iter().any(|function| function.scope == Some(scope))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    const BANS: &str = r#"(module (import "sky:ban" "member_ban" (func $ban (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "on_command") (result i32)
            (call $ban (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) drop i32.const 0))"#;
    const REPLIES: &str = r#"(module (import "sky:core" "reply" (func (param i32 i32 i32 i32) (result i32)))
        (func (export "on_command") (result i32) i32.const 0))"#;

    #[track_caller]
    fn check(module: &str, declared: &str, expected: &[(Severity, &str)]) {
        let found = Sample::wat(module).with_scopes(declared).findings("scopes");
        let found: Vec<(Severity, &str)> =
            found.iter().map(|finding| (finding.severity, finding.evidence.as_str())).collect();
        assert_eq!(found, expected, "{declared}");
    }

    #[test]
    fn reachable_is_what_has_to_be_declared() {
        check(BANS, r#"["ban"]"#, &[]);
        check(BANS, "[]", &[(Severity::Error, "ban: member_ban; member_ban is called by function 1")]);
        check(BANS, r#"["ban","kick","webhooks"]"#, &[(Severity::Warning, "kick, webhooks")]);
    }

    #[test]
    fn a_scope_that_widens_a_function_is_of_use_with_it_alone() {
        check(REPLIES, r#"["embed_links","messages_write"]"#, &[]);
        check(BANS, r#"["ban","embed_links"]"#, &[(Severity::Warning, "embed_links")]);
    }
}
