//! What guests can call, what they are told, and that a run repeats byte for byte.

use super::*;

/// A guest that puts the request at 0, calls one function of the general form with it, answers at 1000, and returns the code.
fn asking(function: &str, request: &str, cap: u32) -> Vec<u8> {
    let length = request.len();
    guest(
        &(import(function) + &data(0, request)),
        &format!("(call ${function} (i32.const 0) (i32.const {length}) (i32.const 1000) (i32.const {cap}))"),
    )
}

#[track_caller]
fn answers(function: &str, data: &str, answer: serde_json::Value) -> Report {
    let report = dry(&asking(function, data, 4_000), |settings| {
        settings.config = serde_json::json!({"channel": "welcome"});
        settings.flags = [("new".to_owned(), true)].into();
    });
    assert_eq!(report.result.trace[0].answer, answer, "{function} {data}: {:?}", report.result.outcome);
    report
}

#[track_caller]
fn fails(function: &str, data: &str, code: ErrorCode) {
    assert_eq!(outcome(&asking(function, data, 4_000), |_| {}), finished(code.number()), "{function} {data}");
}

#[test]
fn what_the_run_knows_is_answered_at_once() {
    answers("event_get", "/user/name", "mara".into());
    answers("event_get", "/user/bot", false.into());
    answers("config_get", "/channel", "welcome".into());
    answers("flag", "new", true.into());
    answers("server_tier", "", "pro".into());
    fails("event_get", "/user/wings", ErrorCode::NotFound);
    fails("event_get", "no pointer", ErrorCode::NotFound);
    fails("config_get", "/channel", ErrorCode::NotFound);
    fails("flag", "new", ErrorCode::NotFound);
    fails("storage_get", "a", ErrorCode::NotFound);
    fails("storage_delete", "a", ErrorCode::NotFound);
    fails("storage_set", "not json", ErrorCode::BadArgument);
    fails("storage_set", "[]", ErrorCode::BadArgument);
    fails("storage_set", r#"{"key":"a"}"#, ErrorCode::BadArgument);
}

#[test]
fn what_the_world_knows_is_asked_and_the_guest_is_resumed_with_the_answer() {
    let rex = "910000000000000105";
    let ban = answers(
        "member_ban",
        &format!(r#"{{"user":"{rex}"}}"#),
        serde_json::json!({"user": rex, "messages_deleted": 0}),
    );
    assert_eq!(ban.result.scopes.exercised.names(), ["ban"]);
    assert_eq!(ban.result.actions.len(), 1);
    answers(
        "role_add",
        &format!(r#"{{"user":"{rex}","role":"Artist"}}"#),
        serde_json::json!({"user": rex, "role": "910000000000000304"}),
    );
    answers("bot", "", serde_json::json!({"id": "910000000000000100", "name": "Deckhand", "prefix": "!"}));
    fails("member_kick", r#"{"user":"1"}"#, ErrorCode::NotFound);
    fails("message_history", r#"{"channel":"general"}"#, ErrorCode::Denied);
    fails("reply", r#"{"content":"x","embeds":[{}]}"#, ErrorCode::Denied);
    fails("reply_text", "", ErrorCode::BadArgument);
}

#[test]
fn a_banned_member_cannot_be_kicked_in_the_same_run() {
    let code = guest(
        &(import("member_ban") + &import("member_kick") + &data(0, r#"{"user":"910000000000000105"}"#)),
        "(drop (call $member_ban (i32.const 0) (i32.const 29) (i32.const 0) (i32.const 0)))
         (call $member_kick (i32.const 0) (i32.const 29) (i32.const 0) (i32.const 0))",
    );
    let mut world = SimulatedWorld::built_in();
    let module = compile(&code, &ModuleLimits::ceiling()).unwrap();
    let settings = Settings::granting(module.inspection().reachable);
    let event = Event::template(Kind::Command, None);
    let report = run(&RunRequest { module: &module, event: &event, settings: &settings }, &mut world);
    assert_eq!(report.result.outcome, finished(-3));
    assert_eq!(world.bans.len(), 1);
    assert!(world.members.iter().all(|member| member.id != "910000000000000105"));
}

#[test]
fn a_call_through_a_table_is_parked_and_resumed_like_any_other() {
    let code = guest(
        &(import("bot") + "(type $general (func (param i32 i32 i32 i32) (result i32))) (table funcref (elem $bot))"),
        "(i32.gt_s (call_indirect (type $general) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 10))",
    );
    let report = dry(&code, |_| {});
    assert_eq!((report.result.outcome, report.result.trace.len()), (finished(1), 1));
}

#[test]
fn an_answer_that_does_not_fit_is_read_in_pieces() {
    let code = guest(
        &(import("message_history") + &import("result_read") + &import("log") + &data(0, "{}")),
        "(local $whole i32) (local $at i32)
         (local.set $whole (call $message_history (i32.const 0) (i32.const 2) (i32.const 1000) (i32.const 10)))
         (local.set $at (i32.const 10))
         (loop $again
           (local.set $at (i32.add (local.get $at)
             (call $result_read (local.get $at) (i32.add (i32.const 1000) (local.get $at)) (i32.const 64))))
           (br_if $again (i32.lt_u (local.get $at) (local.get $whole))))
         (call $log (i32.const 1) (i32.const 1000) (local.get $whole))
         (i32.sub (local.get $at) (local.get $whole))",
    );
    let report = dry(&code, |_| {});
    assert_eq!(report.result.outcome, finished(0));
    let messages: serde_json::Value = serde_json::from_str(&report.result.logs[0].text).unwrap();
    assert_eq!(messages[0]["content"], "FREE POINTS -> points.example");
}

#[test]
fn bad_pointers_answer_bad_argument_and_nothing_is_done() {
    for function in FUNCTIONS.iter().filter(|function| matches!(function.form, Form::Json | Form::Text)) {
        let name = function.name;
        for (ptr, len, out, cap) in
            [(70_000, 2, 0, 0), (-1, 2, 0, 0), (65_535, 2, 0, 0), (0, 2, 65_530, 10), (0, 2, 70_000, 1), (0, 2, -1, -1)]
        {
            let code = guest(
                &(import(name) + &data(0, "{}")),
                &format!("(call ${name} (i32.const {ptr}) (i32.const {len}) (i32.const {out}) (i32.const {cap}))"),
            );
            let report = dry(&code, |_| {});
            assert_eq!(report.result.outcome, finished(-2), "{name} {ptr} {len} {out} {cap}");
            assert!(report.result.actions.is_empty());
        }
        let long =
            guest(&import(name), &format!("(call ${name} (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0))"));
        assert_eq!(outcome(&long, |_| {}), finished(-4), "{name}");
    }
    let number =
        guest(&import("event_i64"), "(i32.wrap_i64 (call $event_i64 (i32.const -1) (i32.const 9) (i64.const 5)))");
    assert_eq!(outcome(&number, |_| {}), finished(-2));
    let rest = guest(&import("result_read"), "(call $result_read (i32.const -1) (i32.const -1) (i32.const -1))");
    assert_eq!(outcome(&rest, |_| {}), finished(-2));
    let log = guest(&import("log"), "(call $log (i32.const 1) (i32.const -1) (i32.const 5)) (i32.const 0)");
    assert_eq!(dry(&log, |_| {}).result.dropped.logs, 1);
}

#[test]
fn a_guest_without_memory_gets_bad_argument() {
    let code = wasm(&format!(
        "(module {} (func (export \"on_command\") (result i32)
           (call $reply_text (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))))",
        import("reply_text")
    ));
    assert_eq!(outcome(&code, |_| {}), finished(-2));
}

#[test]
fn abort_ends_the_run_with_its_message() {
    let code = guest(&(import("abort") + &data(0, "oops")), "(call $abort (i32.const 0) (i32.const 4)) (i32.const 0)");
    assert_eq!(outcome(&code, |_| {}), Outcome::Aborted { message: "oops".to_owned() });
}

#[test]
fn the_initialiser_runs_first_and_only_log_answers_it() {
    let code = wasm(&format!(
        "(module {} {} (memory (export \"memory\") 1) (global $seen (mut i32) (i32.const 7))
           (func (export \"_initialize\")
             (global.set $seen (call $bot (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
             (call $log (i32.const 0) (i32.const 0) (i32.const 0)))
           (func (export \"on_command\") (result i32) (global.get $seen)))",
        import("bot"),
        import("log")
    ));
    let report = dry(&code, |_| {});
    assert_eq!((report.result.outcome, report.result.logs.len()), (finished(-5), 1));
    let endless = wasm(
        "(module (func (export \"_initialize\") (loop $again (br $again)))
        (func (export \"on_command\") (result i32) (i32.const 0)))",
    );
    assert_eq!(outcome(&endless, |settings| settings.limits.fuel_max = 1_000_000), Outcome::OutOfFuel);
}

#[test]
fn a_timer_has_nobody_to_reply_to() {
    let code = wasm(&format!(
        "(module {} (memory (export \"memory\") 1) (data (i32.const 0) \"hi\") (func (export \"on_timer\") (result i32)
           (call $reply_text (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 0))))",
        import("reply_text")
    ));
    let report = dry_run(&code, &Event::template(Kind::Timer, None), &Settings::granting(ScopeSet::EMPTY), None);
    assert_eq!(report.result.outcome, finished(-5));
}

#[test]
fn the_clock_is_the_events_and_moves_with_fuel() {
    let code = guest(
        &(import("now_ms") + &import("log")),
        "(local $i i32) (local $start i64) (local.set $start (call $now_ms))
         (loop $again (call $log (i32.const 0) (i32.const 0) (i32.const 0))
           (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5000))))
         (i32.wrap_i64 (i64.sub (call $now_ms) (local.get $start)))",
    );
    assert_eq!(outcome(&code, |_| {}), finished(5));
}

#[test]
fn the_same_run_gives_the_same_bytes_and_another_seed_does_not() {
    let code = guest(
        &(import("random") + &import("reply_text") + &import("event_get")),
        "(i64.store (i32.const 0) (i64.or (i64.and (call $random) (i64.const 0x0f0f0f0f0f0f0f0f)) (i64.const 0x4040404040404040)))
         (drop (call $reply_text (i32.const 0) (i32.const 8) (i32.const 100) (i32.const 100)))
         (i32.const 0)",
    );
    let first = dry(&code, |_| {});
    let second = dry(&code, |_| {});
    assert_eq!(first.result.to_json(), second.result.to_json());
    assert_eq!(first.digest(), second.digest());
    let other = dry(&code, |settings| settings.seed = 1);
    assert_ne!(first.result.actions, other.result.actions);
    let read: Report = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(read.digest(), first.digest());
}

#[test]
fn a_module_is_compiled_once_and_runs_on_many_threads() {
    let module = compile(&asking("event_get", "/user/id", 100), &ModuleLimits::ceiling()).unwrap();
    let digests: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let module = module.clone();
                scope.spawn(move || {
                    let event = Event::template(Kind::Command, None);
                    let settings = Settings::granting(ScopeSet::EMPTY);
                    run(
                        &RunRequest { module: &module, event: &event, settings: &settings },
                        &mut SimulatedWorld::built_in(),
                    )
                    .digest()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
}
