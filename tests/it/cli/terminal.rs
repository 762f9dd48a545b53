//! What the program says about terminals: none, one that cannot draw, and settings of the console that are wrong.

use std::io::{Read as _, Write as _};

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
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let (code, text) = in_terminal("xterm", &["demo", "--theme", "darkk", "--data", data.to_str().unwrap()]);
    assert!(!data.exists(), "the marketplace is not filled before the theme is known to be good");
    assert!(
        code == 3
            && text.contains("no theme is named \"darkk\" (did you mean dark?)")
            && !text.contains("\u{1b}[?1049h"),
        "{code} {text}"
    );
}

#[test]
fn a_token_that_is_typed_is_not_shown() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let words = ["login", "--server", &format!("http://{free}")];
    let (code, text) = in_terminal_typing("xterm", &words, "(it is not shown): ", "sky_hunterr\u{7f}2\r");
    assert!(code == 7 && text.contains("cannot reach") && !text.contains("hunter"), "{code} {text}");
    let (code, text) = in_terminal_typing("xterm", &words, "(it is not shown): ", "sky_hunter\u{3}");
    assert!(code == 2 && text.contains("nothing was changed"), "{code} {text}");
}

/// Runs the program in a terminal of 80 columns; gives its exit code and all that it showed.
fn in_terminal(term: &str, words: &[&str]) -> (u32, String) {
    in_terminal_typing(term, words, "", "")
}

/// The same, typing `keys` when the program has shown `prompt`.
fn in_terminal_typing(term: &str, words: &[&str], prompt: &str, keys: &str) -> (u32, String) {
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
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut shown = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&shown).ends_with(prompt) && reader.read(&mut byte).unwrap() > 0 {
        shown.push(byte[0]);
    }
    pair.master.take_writer().unwrap().write_all(keys.as_bytes()).unwrap();
    // The other end is gone when the program is; Linux tells that as an error.
    let _ = reader.read_to_end(&mut shown);
    (child.wait().unwrap().exit_code(), String::from_utf8_lossy(&shown).into_owned())
}
