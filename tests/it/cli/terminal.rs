//! What the program says about terminals: none, one that cannot draw, and settings of the console that are wrong.

use std::io::Read as _;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::program::Program;

#[test]
fn without_a_terminal_the_twins_are_named() {
    Program::new().run(&["console"]).expect(10, &["needs a terminal", "skydeck queue"]);
    Program::new().run(&["demo"]).expect(10, &["needs a terminal"]);
}

#[test]
fn a_terminal_that_cannot_draw_and_wrong_looks_are_told_before_anything_is_drawn() {
    let (code, text) = in_terminal("dumb", &["console"]);
    assert!(code == 10 && text.contains("TERM"), "{code} {text}");
    let (code, text) = in_terminal("xterm", &["console"]);
    assert!(code == 5 && text.contains("skydeck login"), "{code} {text}");
    let (code, text) = in_terminal("xterm", &["demo", "--theme", "drak"]);
    assert!(code == 3 && text.contains("did you mean dark?") && !text.contains("\u{1b}[?1049h"), "{code} {text}");
}

/// Runs the program in a terminal of 80 columns; gives its exit code and all that it showed.
fn in_terminal(term: &str, words: &[&str]) -> (u32, String) {
    let program = Program::new();
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_skydeck"));
    command.args(words);
    command.env_clear();
    command.env("TERM", term);
    for (name, value) in program.environment() {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut shown = Vec::new();
    // The other end is gone when the program is; Linux tells that as an error.
    let _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut shown);
    (child.wait().unwrap().exit_code(), String::from_utf8_lossy(&shown).into_owned())
}
