//! What needs no server: dry runs, checks, and every file that is not as it should be.

use std::os::unix::ffi::OsStrExt as _;

use super::program::{Program, Ran, fixture};
use crate::harness::Package;

#[test]
fn each_outcome_of_a_dry_run_has_its_own_exit_code() {
    let program = Program::new();
    let cases = [
        ("extensions/dice/dice.skypkg", 0, "finished"),
        ("modules/bad-pointers.wasm", 20, "code -4"),
        ("modules/endless-loop.wasm", 21, "ran out of fuel"),
        ("modules/grow-then-trap.wasm", 23, "ran out of memory"),
        ("modules/infinite-recursion.wasm", 24, "call depth"),
        ("modules/host-call-flood.wasm", 24, "host calls"),
        ("modules/divide-by-zero.wasm", 25, "divided an integer by zero"),
        ("modules/imports-env-system.wasm", 26, "env.system is forbidden"),
        ("modules/start-function.wasm", 26, "start section"),
        ("modules/huge-memory.wasm", 26, "3000 pages"),
        ("modules/gives-up.wasm", 27, "gave up"),
    ];
    for (name, code, part) in cases {
        // The smallest tier, so that the fuel ends long before the clock on a busy machine.
        let ran = program.run(&["dry-run", &fixture(name), "--tier", "free"]);
        assert_eq!(ran.code, code, "{name}: {ran:?}");
        assert!(ran.out.contains(part), "{name}: {ran:?}");
        let as_json = program.run(&["dry-run", &fixture(name), "--tier", "free", "--json"]);
        assert_eq!(as_json.code, code, "{name}");
        assert!(as_json.json()["result"].is_object(), "{name}");
    }
}

#[test]
fn a_dry_run_that_takes_too_long_has_its_own_exit_code() {
    let program = Program::new();
    let package = Package::endless("Endless").with("/extension/version/timeout", 100.into());
    let file = program.file("endless.skypkg", package.bytes());
    // The largest tier and the shortest time, so that the clock ends it long before the fuel does.
    let ran = program.run(&["dry-run", &file, "--tier", "pro", "--json"]);
    assert_eq!(ran.code, 22, "{ran:?}");
    let result = &ran.json()["result"];
    assert_eq!((&result["outcome"]["kind"], &result["reproducible"]), (&"timed_out".into(), &false.into()), "{result}");
}

#[test]
fn a_path_that_is_no_utf8_is_shown_as_far_as_it_can_be() {
    let program = Program::new();
    let path = std::ffi::OsStr::from_bytes(b"no-\xff-such\x1b[31m.skypkg");
    let ran = Ran::of(&program.command(&["check"]).arg(path).output().unwrap());
    ran.expect(10, &["no-\u{fffd}-such", "No such file"]);
    assert!(!ran.error.contains('\u{1b}'), "{ran:?}");
    let folder = std::ffi::OsStr::from_bytes(b"data-\xff");
    let ran = Ran::of(&program.command(&["admin", "account", "list", "--data"]).arg(folder).output().unwrap());
    ran.expect(10, &["data-\u{fffd}"]);
}

#[test]
fn a_dry_run_takes_an_event_from_standard_input_and_the_same_seed_gives_the_same_result() {
    let program = Program::new();
    let dice = fixture("extensions/dice/dice.skypkg");
    let once = || program.json(&["dry-run", &dice, "--seed", "7"])["result"].clone();
    assert_eq!(once(), once());
    assert_ne!(once(), program.json(&["dry-run", &dice, "--seed", "8"])["result"]);
    program.run_with_input(&["dry-run", &dice, "--event", "-"], "{").expect(8, &["--event -"]);
    program.run(&["dry-run", &dice, "--scopes", "bann"]).expect(2, &["--scopes", "ban"]);
}

#[test]
fn a_check_says_what_would_be_rejected() {
    let program = Program::new();
    let passes = program.succeed(&["check", &fixture("extensions/welcome/welcome.skypkg")]);
    assert!(passes.out.contains("would go to review"), "{passes:?}");
    let fails = program.run(&["check", &fixture("packages/legacy-javascript.skypkg")]);
    assert_eq!(fails.code, 9, "{fails:?}");
    assert!(fails.out.contains("would be rejected (broken)"), "{fails:?}");
    let verdict = program.run(&["check", &fixture("packages/legacy-javascript.skypkg"), "--json"]);
    assert_eq!((verdict.code, verdict.json()["verdict"].as_str()), (9, Some("reject")));
    let strict = program.file("policy.json", r#"{"scopes":{"ban":"deny"}}"#);
    let denied = program.run(&["check", &fixture("extensions/ban-hammer/ban-hammer.skypkg"), "--policy", &strict]);
    assert_eq!(denied.code, 9, "{denied:?}");
}

#[test]
fn every_bad_package_is_refused_with_every_fault() {
    let program = Program::new();
    let mut count = 0;
    for entry in std::fs::read_dir(fixture("packages/bad")).unwrap() {
        let path = entry.unwrap().path().display().to_string();
        let ran = program.run(&["check", &path]);
        ran.expect(8, &[&path, "not a good package"]);
        assert!(ran.out.is_empty() && !ran.error.contains('\u{1b}'), "{ran:?}");
        let as_json = program.run(&["check", &path, "--json"]);
        assert_eq!((as_json.code, as_json.json()["verdict"].as_str()), (8, Some("invalid")), "{path}");
        count += 1;
    }
    assert!(count >= 20, "only {count} bad packages were found");
    let many = program.run(&["check", &fixture("packages/bad/many-faults.skypkg")]);
    assert!(many.error.lines().count() >= 5, "{many:?}");
    assert_eq!(
        many.error.lines().count(),
        program.run(&["dry-run", &fixture("packages/bad/many-faults.skypkg")]).error.lines().count()
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let program = Program::new();
    program.run(&["check", "nowhere.skypkg"]).expect(10, &["nowhere.skypkg", "No such file"]);
    program.run(&["dry-run", "."]).expect(10, &[".: "]);
    let code = program.run(&["check", &fixture("modules/endless-loop.wasm")]);
    code.expect(8, &["is code alone", "a package (.skypkg)"]);
    let huge = program.file("huge.skypkg", vec![b' '; 9 << 20]);
    program.run(&["check", &huge]).expect(8, &["a package has at most"]);
}

#[test]
fn wrong_settings_are_named_with_their_place() {
    for (content, parts) in [
        ("calm = true\nthme = \"dark\"\n", ["config.toml:2:1", "did you mean `theme`?"]),
        ("server = 3\n", ["config.toml:1:10", "string"]),
        ("server = \"market.example\"\n", ["market.example", "https://"]),
    ] {
        let program = Program::new();
        program.file("config/config.toml", content);
        program.run(&["queue"]).expect(3, &parts);
    }
    let program = Program::new().with("SKYDECK_TOKEN", "hunter2");
    let ran = program.run(&["queue"]);
    ran.expect(3, &["SKYDECK_TOKEN", "sky_"]);
    assert!(!ran.error.contains("hunter2"), "{ran:?}");
    let program = Program::new().with("SKYDECK_TOKEN", "sky_abc").with("SKYDECK_SERVER", "http://market.example");
    program.run(&["queue"]).expect(3, &["over plain http", "https://"]);
}

#[test]
fn a_wrong_command_line_and_an_absent_server_have_their_codes() {
    let program = Program::new();
    program.run(&["quue"]).expect(2, &["queue"]);
    program.run(&["submit"]).expect(2, &["<FILE>"]);
    program.run(&["review", "reject", "x", "--reason", "spamm", "--feedback", "y"]).expect(2, &["spam"]);
    program.run(&["admin", "token", "create", "ada", "--expires-in", "soon"]).expect(2, &["30d"]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = format!("http://{free}");
    program.run(&["queue", "--server", &away]).expect(7, &["cannot reach", &free.to_string()]);
    program.run_with_input(&["login", "--server", &away], "").expect(2, &["no token"]);
}
