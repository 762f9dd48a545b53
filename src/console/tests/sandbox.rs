//! Runs in this terminal: of a file, and of both versions of a review.

use std::sync::Arc;

use super::desk::Desk;
use crate::console::effect::Effect;
use crate::console::event::{CodePair, LoadedFile, Reply};
use crate::console::load;
use crate::domain::kind::Kind;
use crate::domain::scope::ScopeSet;

const GREETS: &str = r#"(module
  (import "sky:core" "reply_text" (func $reply (param i32 i32 i32 i32) (result i32)))
  (import "sky:core" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "hello from wasm")
  (func (export "on_command") (result i32)
    (call $log (i32.const 1) (i32.const 0) (i32.const 5))
    (drop (call $reply (i32.const 0) (i32.const 15) (i32.const 0) (i32.const 0)))
    (i32.const 0)))"#;

/// A module that replies with a greeting.
pub fn greets(name: &str) -> Arc<[u8]> {
    wat::parse_str(GREETS.replace("hello", name)).unwrap().into()
}

/// Answers every run that was asked for, with what the sandbox really does.
pub fn run_all(desk: &mut Desk) {
    for effect in desk.asked() {
        if let Effect::Run(request) = effect {
            let answer = Ok(Arc::new(load::run(&request)));
            desk.reply(Reply::Run { slot: request.slot.clone(), answer });
        }
    }
}

/// A desk at which a file has been run.
pub fn ran(columns: u16, rows: u16) -> Desk {
    let mut desk = Desk::with_rows(columns, rows, 25);
    desk.press("3 o").write("greet.wat").press("enter");
    let file = LoadedFile {
        path: "greet.wat".to_owned(),
        code: greets("hello"),
        package: None,
        title: "greet 1.0.0".to_owned(),
        kinds: vec![Kind::Command],
        scopes: ScopeSet::EMPTY,
        trigger: Some("greet".to_owned()),
        timeout_ms: None,
        faults: Vec::new(),
    };
    let generation = desk.model.sandbox.generation;
    desk.reply(Reply::File { generation, answer: Ok(Arc::new(file)) });
    run_all(&mut desk);
    desk
}

/// A desk at which both versions of a review have been run.
pub fn compared(columns: u16, rows: u16) -> Desk {
    let mut desk = Desk::reviewing(columns, rows, 2);
    desk.press("d");
    let review_id = desk.model.review.id().unwrap().to_owned();
    let pair = CodePair { new: greets("howdy"), old: Some(greets("hello")), rows: Vec::new(), language: "WAT" };
    desk.reply(Reply::Code { review_id, answer: Ok(Arc::new(pair)) });
    run_all(&mut desk);
    desk
}

#[test]
fn a_file_is_run_at_once_and_everything_it_did_is_shown() {
    let mut desk = ran(80, 24);
    desk.sees("finished").sees("reply_text").sees("hello from wasm").sees("free").sees("Fuel");
    desk.press("enter");
    run_all(&mut desk);
    desk.press("l").sees("the same");
}

#[test]
fn both_versions_are_run_and_what_differs_is_shown() {
    let mut desk = compared(80, 24);
    desk.sees("published").sees("under review").press("pagedown").sees("howdy");
}

#[test]
fn a_watched_file_is_read_again_when_it_is_saved() {
    let mut desk = ran(80, 24);
    desk.asked();
    desk.press("w").sees("watching");
    assert!(matches!(&desk.asked()[..], [Effect::WatchFile { .. }]));
    let generation = desk.model.sandbox.generation;
    desk.reply(Reply::FileChanged { generation });
    assert!(matches!(&desk.asked()[..], [Effect::LoadFile { .. }, Effect::WatchFile { .. }]));
    desk.press("w");
    let generation = desk.model.sandbox.generation;
    desk.asked();
    desk.reply(Reply::FileChanged { generation });
    assert_eq!(desk.asked().len(), 0);
}

#[test]
fn a_bare_module_gets_no_verdict() {
    let mut desk = ran(80, 24);
    desk.press("s").sees("The marketplace judges packages");
}
