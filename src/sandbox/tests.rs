//! Whole runs of small guests: each cap just below and just above, each call, and that runs repeat byte for byte.

use super::*;
use crate::domain::kind::Kind;
use crate::domain::limits::ModuleLimits;
use crate::domain::scope::ScopeSet;

mod calls;
mod caps;
mod extensions;
mod modules;
mod wasi;

/// A guest that needs no imports: a memory of one page and the body of `on_command`.
fn plain(body: &str) -> Vec<u8> {
    guest("", body)
}

/// A guest with imports: `(import …)` lines, then the body of `on_command`.
fn guest(imports: &str, body: &str) -> Vec<u8> {
    wasm(&format!(
        "(module {imports} (memory (export \"memory\") 1) (func (export \"on_command\") (result i32) {body}))"
    ))
}

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A data segment that puts text into the memory.
fn data(at: u32, text: &str) -> String {
    format!("(data (i32.const {at}) \"{}\")", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An import of a row of the table, under its own name.
fn import(name: &str) -> String {
    let function = find(name).unwrap();
    let slots = |slots: &[Slot], word: &str| {
        slots.iter().fold(String::new(), |text, slot| {
            text + &format!("({word} {})", if *slot == Slot::I32 { "i32" } else { "i64" })
        })
    };
    format!(
        "(import \"{}\" \"{name}\" (func ${name} {} {}))",
        function.module(),
        slots(function.parameters(), "param"),
        slots(function.result(), "result")
    )
}

/// A dry run of a command, with every scope that the code reaches declared and granted.
fn dry(code: &[u8], change: impl FnOnce(&mut Settings)) -> Report {
    let mut settings = Settings::granting(inspect(code, &ModuleLimits::ceiling()).reachable);
    change(&mut settings);
    dry_run(code, &Event::template(Kind::Command, None), &settings, None)
}

fn outcome(code: &[u8], change: impl FnOnce(&mut Settings)) -> Outcome {
    dry(code, change).result.outcome
}

fn finished(code: i32) -> Outcome {
    Outcome::Finished { code }
}

fn limit(name: &str) -> Outcome {
    Outcome::LimitExceeded { limit: name.to_owned() }
}

#[track_caller]
fn refused_for(outcome: &Outcome, rule: Rule, words: &str) {
    let Outcome::Refused { why } = outcome else { panic!("not refused: {outcome:?}") };
    assert!(why.iter().any(|problem| problem.rule == rule && problem.text.contains(words)), "{why:?}");
}
