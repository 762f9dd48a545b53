//! Every cap of a run, just below and just above.

use std::time::{Duration, Instant};

use super::*;

const LOOP: &str = "(loop $again (br $again)) unreachable";
const FILL: &str = "(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65000)) (br $again)) unreachable";

#[test]
fn an_endless_loop_runs_out_of_fuel_and_uses_all_of_it() {
    let report = dry(&plain(LOOP), |settings| settings.limits.fuel_max = 3_000_000);
    assert_eq!(report.result.outcome, Outcome::OutOfFuel);
    assert!(report.result.fuel > 2_999_900 && report.result.fuel <= 3_000_000, "{}", report.result.fuel);
    assert!(report.result.reproducible && report.result.tiers.is_empty());
}

/// The engine dispatches by tail calls: where a build keeps one from being made, a loop eats the native stack and the
/// process with it. A hundred thousand rounds of each family of instructions would show it.
#[test]
fn no_instruction_uses_up_the_native_stack() {
    for round in [
        "",
        "(local.set $i (i32.add (local.get $i) (i32.const 1)))",
        "(local.set $x (f64.nearest (f64.add (local.get $x) (f64.sqrt (f64.const 2)))))",
        "(local.set $l (i64.rem_u (i64.div_s (local.get $l) (i64.const 3)) (i64.const 7)))",
        "(local.set $i (i32.trunc_sat_f64_s (local.get $x)))",
        "(local.set $i (select (local.get $i) (i32.const 3) (i32.clz (local.get $i))))",
        "(i32.store (i32.const 8) (i32.load (i32.const 4))) (i64.store8 (i32.const 8) (i64.load16_s (i32.const 4)))",
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 9)) (memory.copy (i32.const 0) (i32.const 99) (i32.const 9))",
        "(drop (memory.grow (i32.const 0))) (drop (memory.size)) (drop (table.size $t))",
        "(table.set $t (i32.const 1) (table.get $t (i32.const 0))) (drop (ref.is_null (ref.func $f)))",
        "(global.set $g (i32.add (global.get $g) (i32.const 1)))",
        "(block $b (block $c (br_table $b $c (local.get $i))))",
        "(drop (call $f (i32.const 1)))",
        "(drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0)))",
        "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
    ] {
        let code = wasm(&format!(
            "(module {} (memory (export \"memory\") 1) (table $t 4 funcref) (elem (i32.const 0) $f)
               (global $g (mut i32) (i32.const 0)) (func $f (param i32) (result i32) (local.get 0))
               (func (export \"on_command\") (result i32) (local $i i32) (local $l i64) (local $x f64)
                 (loop $again {round} (br $again)) unreachable))",
            import("log")
        ));
        assert_eq!(outcome(&code, |settings| settings.limits.fuel_max = 3_000_000), Outcome::OutOfFuel, "{round}");
    }
}

#[test]
fn an_endless_loop_with_more_fuel_than_time_is_timed_out_near_its_timeout() {
    for body in [LOOP, FILL] {
        let code = plain(body);
        let started = Instant::now();
        let report = dry(&code, |settings| {
            settings.limits.fuel_max = u64::MAX / 2;
            settings.limits.timeout_ms = 100;
        });
        assert_eq!(report.result.outcome, Outcome::TimedOut, "{body}");
        assert!(!report.result.reproducible);
        // 50 ms are what is promised; the rest is room for a busy machine.
        assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
    }
}

#[test]
fn fuel_just_enough_finishes_and_one_less_does_not() {
    let code = plain(
        "(local $i i32) (loop $again (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))) (i32.const 0)",
    );
    let used = dry(&code, |_| {}).result.fuel;
    assert_eq!(outcome(&code, |settings| settings.limits.fuel_max = used), finished(0));
    assert_eq!(outcome(&code, |settings| settings.limits.fuel_max = used - 1), Outcome::OutOfFuel);
}

#[test]
fn fuel_does_not_depend_on_the_slice() {
    let code = guest(
        &(import("log") + &import("now_ms")),
        "(local $i i32)
         (loop $again
           (call $log (i32.const 1) (i32.const 0) (i32.const 4))
           (drop (call $now_ms))
           (memory.fill (i32.const 0) (i32.const 65) (i32.const 40000))
           (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
         (i32.const 0)",
    );
    let whole = dry(&code, |_| {});
    assert_eq!(whole.result.outcome, finished(0));
    for slice_fuel in [1, 333, 1_000, 10_000] {
        let sliced = dry(&code, |settings| settings.limits.slice_fuel = slice_fuel);
        assert_eq!(sliced.result.fuel, whole.result.fuel, "slice {slice_fuel}");
        assert_eq!(sliced.result.trace, whole.result.trace, "slice {slice_fuel}");
    }
}

#[test]
fn call_depth_is_bounded() {
    let recursion = |depth: u32| {
        wasm(&format!(
            "(module (func $down (param i32) (result i32)
               (if (result i32) (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
             (func (export \"on_command\") (result i32) (call $down (i32.const {depth}))))"
        ))
    };
    assert_eq!(outcome(&recursion(900), |_| {}), finished(0));
    assert_eq!(outcome(&recursion(1_000), |_| {}), limit("call_depth"));
    assert_eq!(outcome(&recursion(90), |settings| settings.limits.call_depth_max = 100), finished(0));
    let report = dry(&recursion(100), |settings| settings.limits.call_depth_max = 100);
    assert_eq!(report.result.outcome, limit("call_depth"));
    assert_eq!(report.result.limits.call_depth_max, 100);
    let endless = wasm("(module (func $f (export \"on_command\") (result i32) (call $f)))");
    assert_eq!(outcome(&endless, |_| {}), limit("call_depth"));
}

#[test]
fn frames_with_many_locals_hit_the_same_cap() {
    let locals = "i64 ".repeat(1_500);
    let code = wasm(&format!("(module (func $f (export \"on_command\") (result i32) (local {locals}) (call $f)))"));
    assert_eq!(outcome(&code, |_| {}), limit("call_depth"));
}

#[test]
fn a_memory_over_the_cap_is_refused_and_at_the_cap_it_is_not() {
    let pages = |pages: u32| {
        wasm(&format!(
            "(module (memory (export \"memory\") {pages}) (func (export \"on_command\") (result i32) (i32.const 0)))"
        ))
    };
    refused_for(&outcome(&pages(3_000), |_| {}), Rule::Memory, "3000 pages");
    assert_eq!(outcome(&pages(16), |settings| settings.limits.memory_bytes_max = 16 << 16), finished(0));
    let over = dry(&pages(17), |settings| settings.limits.memory_bytes_max = 16 << 16);
    refused_for(&over.result.outcome, Rule::Memory, "1114112 bytes");
    assert_eq!(over.result.fuel, 0);
}

#[test]
fn a_table_over_the_cap_is_refused_and_memory_and_tables_count_together() {
    let table = |elements: u32| {
        wasm(&format!(
            "(module (memory 1) (table {elements} funcref) (func (export \"on_command\") (result i32) (i32.const 0)))"
        ))
    };
    refused_for(&outcome(&table(100_001), |_| {}), Rule::Bound, "100001 elements in one table");
    let cap = (1 << 16) + 1_000 * TABLE_ELEMENT_BYTES;
    assert_eq!(outcome(&table(1_000), |settings| settings.limits.memory_bytes_max = cap), finished(0));
    refused_for(&outcome(&table(1_001), |settings| settings.limits.memory_bytes_max = cap), Rule::Memory, "at most");
}

#[test]
fn growth_is_denied_at_the_cap_and_a_trap_after_it_is_out_of_memory() {
    let three_pages = |settings: &mut Settings| settings.limits.memory_bytes_max = 3 << 16;
    let grow =
        |pages: u32, rest: &str| plain(&format!("(i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) {rest}"));
    let report = dry(&grow(2, ""), three_pages);
    assert_eq!((report.result.outcome, report.result.memory_bytes_peak), (finished(0), 3 << 16));
    let report = dry(&grow(3, ""), three_pages);
    assert_eq!((report.result.outcome, report.result.memory_bytes_peak), (finished(1), 1 << 16));
    assert_eq!(outcome(&grow(3, "drop unreachable"), three_pages), Outcome::OutOfMemory);
    assert!(matches!(outcome(&grow(2, "drop unreachable"), three_pages), Outcome::Trapped { .. }));
    let table = "(module (memory 1) (table $t 0 funcref) (func (export \"on_command\") (result i32)
        (i32.eq (table.grow $t (ref.null func) (i32.const 20000)) (i32.const -1))))";
    assert_eq!(outcome(&wasm(table), three_pages), finished(1));
    assert_eq!(outcome(&wasm(table), |settings| settings.limits.memory_bytes_max = 4 << 16), finished(0));
}

#[test]
fn a_growth_beyond_the_modules_own_maximum_is_no_cap() {
    let code = wasm(
        "(module (memory (export \"memory\") 1 2) (func (export \"on_command\") (result i32)
        (drop (memory.grow (i32.const 5))) unreachable))",
    );
    assert!(matches!(outcome(&code, |_| {}), Outcome::Trapped { .. }));
}

#[test]
fn host_calls_are_bounded() {
    let calls = |count: u32| {
        let body = format!(
            "(local $i i32) (loop $again (drop (call $random))
             (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count})))) (i32.const 0)"
        );
        guest(&import("random"), &body)
    };
    let report = dry(&calls(1_000), |_| {});
    assert_eq!((report.result.outcome, report.result.host_calls), (finished(0), 1_000));
    assert_eq!((report.result.trace.len(), report.result.dropped.trace), (500, 500));
    assert_eq!(outcome(&calls(1_001), |_| {}), limit("host_calls"));
    let flood = dry(&calls(1_000_000), |_| {});
    assert_eq!((flood.result.outcome, flood.result.host_calls), (limit("host_calls"), 1_000));
}

#[test]
fn a_million_log_lines_are_counted_and_two_hundred_kept() {
    let code = guest(
        &import("log"),
        "(local $i i32) (loop $again (call $log (i32.const 1) (i32.const 0) (i32.const 2000))
         (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))) (i32.const 0)",
    );
    let report = dry(&code, |settings| settings.limits.timeout_ms = 60_000);
    assert_eq!(report.result.outcome, finished(0));
    assert_eq!((report.result.logs.len(), report.result.dropped.logs), (200, 999_800));
    assert_eq!(report.result.logs[0].text.len(), 1_024);
    assert!(report.result.fuel > 1_000_000_000, "{}", report.result.fuel);
    assert_eq!(report.result.host_calls, 0);
    assert_eq!(report.result.tiers, ["pro"]);
    assert_eq!(outcome(&code, |settings| settings.limits.fuel_max = 10_000_000), Outcome::OutOfFuel);
}

#[test]
fn actions_and_replies_are_soft_caps() {
    let message = r#"{"channel":"general","content":"Hi"}"#;
    let send = format!("(call $message_send (i32.const 0) (i32.const {}) (i32.const 0) (i32.const 0))", message.len());
    let code = guest(
        &(import("message_send") + &import("reply_text") + &data(0, message) + &data(200, "A")),
        &format!(
            "(local $i i32)
             (loop $again
               (drop {send})
               (drop (call $reply_text (i32.const 200) (i32.const 1) (i32.const 0) (i32.const 0)))
               (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
             {send}"
        ),
    );
    let report = dry(&code, |settings| settings.limits.actions_max = 12);
    assert_eq!(report.result.outcome, finished(-4));
    assert_eq!(report.result.actions.len(), 12);
    assert_eq!((report.result.dropped.actions, report.result.dropped.replies), (4, 5));
    let report = dry(&code, |_| {});
    assert_eq!(report.result.actions.len(), 16);
    assert_eq!((report.result.dropped.actions, report.result.dropped.replies), (0, 5));
}

#[test]
fn storage_is_a_soft_cap_and_a_run_that_fails_keeps_nothing() {
    let (first, second) = (r#"{"key":"a","value":"1234"}"#, r#"{"key":"b","value":1234}"#);
    let set = |after: &str| {
        guest(
            &(import("storage_set") + &data(0, first) + &data(32, second)),
            &format!(
                "(drop (call $storage_set (i32.const 0) (i32.const {}) (i32.const 0) (i32.const 0)))
                 (call $storage_set (i32.const 32) (i32.const {}) (i32.const 0) (i32.const 0)) {after}",
                first.len(),
                second.len()
            ),
        )
    };
    let report = dry(&set(""), |settings| settings.limits.storage_bytes_max = 10);
    assert_eq!((report.result.outcome, report.result.storage.after.len()), (finished(0), 2));
    let report = dry(&set(""), |settings| settings.limits.storage_bytes_max = 9);
    assert_eq!((report.result.outcome, report.result.dropped.storage), (finished(-4), 1));
    let report = dry(&set("unreachable"), |_| {});
    assert!(matches!(report.result.outcome, Outcome::Trapped { .. }));
    assert!(report.result.storage.after.is_empty());
}
