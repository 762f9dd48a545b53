//! Guests of toolchains that link WASI: they run, and get nothing from it.

use super::*;

#[test]
fn standard_output_goes_to_the_log_and_files_do_not_exist() {
    let code = wasm(
        "(module
           (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))
           (import \"wasi_snapshot_preview1\" \"path_open\"
             (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
           (memory (export \"memory\") 1)
           (data (i32.const 0) \"\\10\\00\\00\\00\\08\\00\\00\\00\") (data (i32.const 16) \"one\\0atwo\\0a\")
           (func (export \"on_command\") (result i32)
             (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
             (i32.add (i32.mul (i32.load (i32.const 64)) (i32.const 100))
               (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
                 (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 100)))))",
    );
    let report = dry(&code, |_| {});
    assert_eq!(report.result.outcome, finished(852));
    let lines: Vec<&str> = report.result.logs.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn bad_pointers_are_a_fault_and_exit_ends_the_run() {
    let write = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))";
    let call = |arguments: &str| guest(write, &format!("(call $write {arguments})"));
    assert_eq!(outcome(&call("(i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)"), |_| {}), finished(21));
    assert_eq!(outcome(&call("(i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)"), |_| {}), finished(28));
    assert_eq!(outcome(&call("(i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0)"), |_| {}), finished(8));
    let exit = |code: i32| {
        guest(
            "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))",
            &format!("(call $exit (i32.const {code})) (i32.const 9)"),
        )
    };
    assert_eq!(outcome(&exit(0), |_| {}), finished(0));
    assert!(matches!(outcome(&exit(3), |_| {}), Outcome::Aborted { .. }));
}

#[test]
fn clock_and_random_are_the_runs_own() {
    let code = guest(
        "(import \"wasi_snapshot_preview1\" \"clock_time_get\" (func $clock (param i32 i64 i32) (result i32)))
         (import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))",
        "(drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0)))
         (drop (call $random (i32.const 16) (i32.const 4)))
         (i32.add (i32.wrap_i64 (i64.div_u (i64.load (i32.const 0)) (i64.const 1000000000000)))
           (i32.mul (i32.eqz (i32.load (i32.const 16))) (i32.const 100000000)))",
    );
    assert_eq!(outcome(&code, |_| {}), finished(1_790_000));
}
