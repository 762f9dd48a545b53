//! What the whole room promises: a good package passes clean, a bad one ends in its own rule, and nothing panics.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::sample::Sample;
use super::*;
use crate::domain::finding::CheckVerdict;
use crate::domain::time::Timestamp;

const BUSY: &str = r#"(module
    (import "sky:core" "event_get" (func $get (param i32 i32 i32 i32) (result i32)))
    (import "sky:core" "reply_text" (func $reply (param i32 i32 i32 i32) (result i32)))
    (import "sky:ban" "member_ban" (func $ban (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1 4) (table 2 funcref) (elem (i32.const 0) $help)
    (global $count (mut i32) (i32.const 0))
    (data (i32.const 0) "/user/id") (data (i32.const 16) "{\"user\":\"910000000000000105\"}")
    (func $help (result i32) global.get $count)
    (func (export "_initialize") (global.set $count (i32.const 7)))
    (func (export "on_install") (result i32) i32.const 0)
    (func (export "on_keyword") (result i32) (call_indirect (result i32) (i32.const 0)) drop i32.const 0)
    (func (export "on_command") (result i32) (local $n i32)
        (local.set $n (call $get (i32.const 0) (i32.const 8) (i32.const 256) (i32.const 64)))
        (drop (call $ban (i32.const 16) (i32.const 29) (i32.const 512) (i32.const 64)))
        (if (i32.gt_s (local.get $n) (i32.const 0)) (then
            (drop (call $reply (i32.const 256) (local.get $n) (i32.const 512) (i32.const 64)))))
        i32.const 0))"#;

fn busy() -> Sample {
    Sample::wat(BUSY).with_kinds(r#"["command","keyword"]"#).with_scopes(r#"["ban"]"#)
}

#[test]
fn rules_are_named_once_and_explained() {
    for (place, rule) in RULES.iter().enumerate() {
        assert!(RULES.iter().skip(place + 1).all(|other| other.name != rule.name), "{}", rule.name);
        assert!(rule.description.len() > 20 && rule.hint.len() > 10 && rule.revision > 0, "{}", rule.name);
    }
}

#[test]
fn a_good_package_passes_with_nothing_to_say() {
    for sample in [Sample::good(), busy()] {
        let examination = sample.examine();
        assert_eq!(examination.verdict, Verdict::Pass);
        assert_eq!(examination.records.len(), RULES.len());
        let findings: Vec<_> = examination.records.iter().flat_map(|record| &record.findings).collect();
        assert!(findings.is_empty(), "{findings:?}");
        assert!(examination.reports.iter().all(|(_, report)| report.result.outcome.is_finished()));
    }
    let examination = busy().examine();
    assert_eq!(examination.reports.len(), 2);
    assert_eq!((examination.reachable().names(), examination.exercised().names()), (vec!["ban"], vec!["ban"]));
}

#[test]
fn each_bad_package_fails_in_the_rule_it_breaks() {
    let command = |body: &str| format!(r#"(module (func (export "on_command") (result i32) {body}))"#);
    for (mut sample, rule) in [
        (Sample::javascript("exports.run = 1"), "runtime"),
        (Sample::wat(&command("(loop $on br $on) i32.const 0")), "dry_run"),
        (Sample::wat(&command("unreachable")), "dry_run"),
        (Sample::wat("(module)"), "handlers"),
        (Sample::wat(r#"(module (import "env" "system" (func)))"#), "imports"),
        (Sample::wat("(module (func $go) (start $go))"), "module"),
        (Sample::wat("(module (memory 3000))"), "memory"),
        (busy().with_scopes("[]"), "scopes"),
        (Sample::good().with_name("mixеd"), "names"),
    ] {
        sample.policy = quick_policy();
        let examination = sample.examine();
        let failed: Vec<&str> = examination
            .records
            .iter()
            .filter(|record| record.verdict == CheckVerdict::Failed)
            .map(|record| record.rule.as_str())
            .collect();
        assert!(failed.contains(&rule), "{rule}: {failed:?}");
        assert!(matches!(examination.verdict, Verdict::Fail { .. }), "{rule}");
    }
}

#[test]
fn the_same_package_gives_the_same_records() {
    let first = busy().with_scopes(r#"["ban","kick"]"#).examine();
    let second = busy().with_scopes(r#"["ban","kick"]"#).examine();
    assert_eq!(first.records, second.records);
    assert_eq!(first.verdict, second.verdict);
}

/// The files of the fixtures with this ending, each with its name.
fn fixtures(folder: &str, ending: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no fixture in {folder}");
    found
}

#[test]
fn every_extension_of_the_fixtures_passes() {
    for (name, bytes) in fixtures("extensions", "skypkg") {
        let package = Package::parse(&bytes).unwrap();
        let policy = Policy::default();
        let examination = examine(&package, &Context::local(&policy), &|| Timestamp::from_ms(1));
        let findings: Vec<_> = examination.records.iter().flat_map(|record| &record.findings).collect();
        assert_eq!(examination.verdict, Verdict::Pass, "{name}: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.severity == Severity::Info), "{name}: {findings:#?}");
    }
}

#[test]
fn every_bad_module_of_the_fixtures_is_examined_to_the_end() {
    for (name, bytes) in fixtures("modules", "wasm") {
        if !bytes.starts_with(b"\0asm") {
            continue;
        }
        let mut sample = Sample::code(bytes);
        sample.policy = quick_policy();
        let examination = sample.examine();
        assert!(examination.records.iter().all(|record| record.verdict != CheckVerdict::Broken), "{name}");
        let finished = examination.reports.iter().all(|(_, report)| report.result.outcome.is_finished());
        assert!(finished || examination.verdict != Verdict::Pass, "{name}");
    }
}

/// Limits that let a hostile mutant end soon.
fn quick_policy() -> Policy {
    let mut policy = Policy::default();
    for tier in policy.tiers.values_mut() {
        (tier.fuel, tier.timeout_ms, tier.memory_mib) = (2_000_000, 200, 2);
    }
    policy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn mutated_modules_never_bring_it_down(
        fixture in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut modules = fixtures("extensions", "wasm");
        modules.push(("busy".to_owned(), wat::parse_str(BUSY).unwrap()));
        let (_, mut code) = modules.swap_remove(fixture.index(modules.len()));
        for (place, byte) in changes {
            // The magic bytes stay: without them it is a script, which is another test's.
            let place = 4 + place.index(code.len() - 4);
            code[place] = byte;
        }
        if let Some(cut) = cut {
            code.truncate(4 + cut.index(code.len() - 4));
        }
        let mut sample = Sample::code(code).with_kinds(r#"["command","keyword"]"#).with_scopes(r#"["ban"]"#);
        sample.policy = quick_policy();
        let examination = sample.examine();
        prop_assert_eq!(examination.records.len(), RULES.len());
        prop_assert!(examination.records.iter().all(|record| record.verdict != CheckVerdict::Broken));
    }

    #[test]
    fn mutated_packages_never_bring_it_down(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let package = busy().package();
        let mut document = package.document_text().into_bytes();
        for (place, byte) in changes {
            let place = place.index(document.len());
            document[place] = byte;
        }
        let text = String::from_utf8_lossy(&document);
        if let Ok(package) = Package::assemble(&text, package.code.bytes.clone()) {
            let policy = quick_policy();
            let examination = examine(&package, &Context::local(&policy), &|| Timestamp::from_ms(1));
            prop_assert_eq!(examination.records.len(), RULES.len());
            prop_assert!(examination.records.iter().all(|record| record.verdict != CheckVerdict::Broken));
        }
    }
}
