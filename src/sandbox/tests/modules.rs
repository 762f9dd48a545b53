//! What is refused before it runs, by name, and the bounds on modules.

use super::*;

#[test]
fn a_start_section_is_refused_with_the_hint() {
    let code = wasm("(module (func $f) (start $f) (func (export \"on_command\") (result i32) (i32.const 0)))");
    refused_for(&outcome(&code, |_| {}), Rule::StartSection, "asc --exportStart _initialize");
}

#[test]
fn forbidden_and_unknown_imports_are_refused_by_name_all_at_once() {
    let code = guest(
        "(import \"env\" \"system\" (func (param i32) (result i32))) (import \"sky:core\" \"fork\" (func))
         (import \"sky:core\" \"now_ms\" (func (result i32))) (import \"env\" \"memory\" (memory 1))",
        "(i32.const 0)",
    );
    let outcome = outcome(&code, |_| {});
    refused_for(&outcome, Rule::ForbiddenImport, "env.system");
    refused_for(&outcome, Rule::ForbiddenImport, "env.memory");
    refused_for(&outcome, Rule::UnknownImport, "sky:core.fork");
    refused_for(&outcome, Rule::ImportType, "() -> i64");
}

#[test]
fn an_undeclared_scope_is_refused_and_a_withdrawn_one_answers_denied() {
    let code =
        guest(&import("member_ban"), "(call $member_ban (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))");
    let undeclared = outcome(&code, |settings| settings.grant = Grant::default());
    refused_for(&undeclared, Rule::ScopeUndeclared, "needs the scope ban");
    let report = dry(&code, |settings| settings.grant.granted = ScopeSet::EMPTY);
    assert_eq!(report.result.outcome, finished(-1));
    assert_eq!(report.result.trace[0].verdict, Verdict::Denied);
    assert_eq!(report.result.scopes.declared.names(), ["ban"]);
    assert_eq!(report.result.scopes.reachable.names(), ["ban"]);
    assert!(report.result.scopes.granted.is_empty() && report.result.scopes.exercised.is_empty());
}

#[test]
fn a_handler_must_be_there_be_a_handler_and_be_its_own() {
    let check = |text: &str, rule: Rule, words: &str| refused_for(&outcome(&wasm(text), |_| {}), rule, words);
    check("(module)", Rule::HandlerMissing, "exports no on_command");
    check("(module (func (export \"on_command\")))", Rule::HandlerType, "() -> i32");
    check("(module (global (export \"on_command\") i32 (i32.const 0)))", Rule::HandlerType, "() -> i32");
    let random = "(module (import \"sky:core\" \"random\" (func (result i64))) (export \"on_command\" (func 0)))";
    check(random, Rule::HandlerImported, "handed through");
}

#[test]
fn what_is_no_module_says_so() {
    let check = |code: &[u8], rule: Rule, words: &str| refused_for(&outcome(code, |_| {}), rule, words);
    check(b"", Rule::NotWasm, "\\0asm");
    check(b"console.log('hi')", Rule::NotWasm, "\\0asm");
    check(b"\0asm\x0d\0\x01\0", Rule::Component, "component");
    let whole = plain("(i32.const 0)");
    check(&whole[..whole.len() - 5], Rule::Malformed, "malformed at byte");
    let mut odd = whole.clone();
    odd[4] = 9;
    check(&odd, Rule::Malformed, "malformed");
    check(&wasm("(module (func (export \"on_command\") (result i32) (i64.const 0)))"), Rule::Invalid, "not valid");
    check(
        &wasm("(module (func $f (export \"on_command\") (result i32) (return_call $f)))"),
        Rule::Invalid,
        "not valid",
    );
    check(&wasm("(module (memory 1) (memory 1))"), Rule::Bound, "2 memories");
    check(&wasm("(module (rec (type (func))))"), Rule::Invalid, "recursive types");
    check(&wasm("(module (memory i64 1))"), Rule::Invalid, "not valid");
}

#[test]
fn every_cut_of_a_module_is_refused_without_a_panic() {
    let whole = guest(&(import("event_get") + &import("member_ban")), "(i32.const 0)");
    // What follows the code are names, which a module can do without.
    let code_end = inspect(&whole, &ModuleLimits::ceiling()).bodies[0].end;
    for length in 0..code_end {
        let outcome = outcome(&whole[..length], |_| {});
        assert!(matches!(outcome, Outcome::Refused { .. }), "{length}: {outcome:?}");
    }
}

#[track_caller]
fn check_bound<F: Fn(&mut ModuleLimits)>(bound: &str, limits: F, below: &str, above: &str) {
    let mut bounds = ModuleLimits::ceiling();
    limits(&mut bounds);
    assert_eq!(inspect(&wasm(below), &bounds).problems, [], "{bound}");
    let problems = inspect(&wasm(above), &bounds).problems;
    assert_eq!(problems.len(), 1, "{bound}: {problems:?}");
    assert_eq!((problems[0].rule, problems[0].subject.as_str()), (Rule::Bound, bound));
}

#[test]
fn each_bound_holds_just_below_and_just_above() {
    let check = check_bound::<fn(&mut ModuleLimits)>;
    check("types", |at| at.types_max = 1, "(module (type (func)))", "(module (type (func)) (type (func)))");
    check(
        "params",
        |at| at.params_max = 1,
        "(module (type (func (param i32))))",
        "(module (type (func (param i32 i32))))",
    );
    check(
        "results",
        |at| at.results_max = 1,
        "(module (type (func (result i32))))",
        "(module (type (func (result i32 i32))))",
    );
    check("functions", |at| at.functions_max = 1, "(module (func))", "(module (func) (func))");
    let log = "(import \"sky:core\" \"log\" (func (param i32 i32 i32)))";
    check("imports", |at| at.imports_max = 1, &format!("(module {log})"), &format!("(module {log}{log})"));
    check("functions", |at| at.functions_max = 1, &format!("(module {log})"), &format!("(module {log} (func))"));
    let global = "(global i32 (i32.const 0))";
    check("globals", |at| at.globals_max = 1, &format!("(module {global})"), &format!("(module {global}{global})"));
    check(
        "exports",
        |at| at.exports_max = 1,
        "(module (func (export \"a\")))",
        "(module (func (export \"a\") (export \"b\")))",
    );
    check(
        "data_segments",
        |at| at.data_segments_max = 1,
        "(module (data \"a\"))",
        "(module (data \"a\") (data \"b\"))",
    );
    check(
        "element_segments",
        |at| at.element_segments_max = 1,
        "(module (elem func))",
        "(module (elem func) (elem func))",
    );
    check(
        "tables",
        |at| at.tables_max = 1,
        "(module (table 1 funcref))",
        "(module (table 1 funcref) (table 1 funcref))",
    );
    check(
        "table_elements",
        |at| at.table_elements_max = 9,
        "(module (table 9 funcref))",
        "(module (table 10 funcref))",
    );
    check(
        "locals",
        |at| at.locals_max = 2,
        "(module (func (param i32) (local i32)))",
        "(module (func (param i32) (local i32 i64)))",
    );
    check(
        "nesting",
        |at| at.nesting_max = 2,
        "(module (func (block (loop))))",
        "(module (func (block (loop (block)))))",
    );
    check("body_bytes", |at| at.body_bytes_max = 4, "(module (func nop nop))", "(module (func nop nop nop))");
    check("bytes", |at| at.bytes_max = 8, "(module)", "(module (memory 1))");
}

#[test]
fn fifty_thousand_locals_are_refused_before_they_are_compiled() {
    let code = wasm(&format!(
        "(module (func (export \"on_command\") (result i32) (local {}) (i32.const 0)))",
        "i32 ".repeat(50_000)
    ));
    refused_for(&outcome(&code, |_| {}), Rule::Bound, "50000 locals in one function");
}

#[test]
fn an_inspection_names_what_a_module_has() {
    let code = wasm(&format!(
        "(module {} {} (memory (export \"memory\") 2 9) (table 3 funcref) (data (i32.const 0) \"hello\")
           (func (export \"on_command\") (result i32) (i32.const 0))
           (func (export \"on_timer\") (result i32) (i32.const 0))
           (func (export \"on_install\") (result i32) (i32.const 0))
           (func (export \"_initialize\")))",
        import("member_ban"),
        import("message_history"),
    ));
    let found = inspect(&code, &ModuleLimits::ceiling());
    assert_eq!(found.problems, []);
    assert_eq!(found.handlers, [Kind::Command, Kind::Timer]);
    assert_eq!(found.hooks, ["on_install"]);
    assert_eq!(found.reachable.names(), ["ban", "messages_read"]);
    assert_eq!(found.memories, [Bounds { minimum: 2, maximum: Some(9) }]);
    assert_eq!(found.initial_bytes(), 2 * PAGE_BYTES + 3 * TABLE_ELEMENT_BYTES);
    assert_eq!(found.initialiser(), Some("_initialize"));
    assert_eq!(&code[found.data[0].clone()], b"hello");
    assert_eq!((found.counts.functions, found.bodies.len()), (6, 4));
}
