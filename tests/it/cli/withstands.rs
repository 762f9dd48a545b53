//! What the console withstands in a real terminal: a killed server, sizes, faulty settings, its own panic.

use std::time::Duration;

use portable_pty::CommandBuilder;
use skydeck::console::profile::{Asked, TerminalProfile};
use skydeck::console::terminal::{self, MouseUse};

use super::desk::{Desk, marketplace};
use super::program::Program;

const BAN_HAMMER: &str = "extensions/ban-hammer/ban-hammer.skypkg";
const DICE: &str = "extensions/dice/dice.skypkg";
/// What gives the terminal its own screen back.
const OWN_SCREEN: &str = "\u{1b}[?1049l";
/// Names the folder for the log of a panic, in the process that is to panic.
const PANIC_FOLDER: &str = "SKYDECK_TEST_PANIC_FOLDER";

#[test]
fn a_rejection_typed_while_the_server_is_killed_is_sent_when_it_is_back() {
    let (home, served, maria) = marketplace(&[DICE]);
    let mut desk = Desk::open(&maria, 80, 24, &[]);
    desk.sees("1 waiting").press("C").sees("yours").press("x").sees("which reason").press("\r").sees("characters");
    desk.press("Rolls the same ").sees("Rolls the same");
    let address = served.url.trim_start_matches("http://").to_owned();
    drop(served);
    desk.sees("offline").press("number twice").sees("number twice");
    let _served = home.serve_at(&address);
    // Ctrl-S sends; what asks whether that is meant says it in numbers.
    desk.no_longer_sees("offline").sees("Rolls the same number twice").press("\u{13}").sees("27 characters");
    desk.press("\r").sees("To be sent").no_longer_sees("To be sent").sees("rejected");
    let rows = home.json(&["audit", "list", "--action", "review.reject"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    desk.press("q");
    assert_eq!(desk.end().0, 0);
}

#[test]
fn nothing_is_written_while_nothing_happens_and_a_resize_loses_nothing() {
    let (_home, _served, maria) = marketplace(&[BAN_HAMMER, DICE]);
    let mut desk = Desk::open(&maria, 80, 24, &[]);
    desk.sees("2 waiting").sees("live").press("j");
    assert_eq!(desk.written_within(Duration::from_secs(2)), 0, "{}", desk.contents());
    let before = desk.contents();
    desk.resize(10, 3).sees("needs");
    desk.resize(80, 24).sees("2 waiting");
    desk.written_within(Duration::ZERO);
    assert_eq!(desk.contents(), before);
    desk.press("q");
    assert_eq!(desk.end().0, 0);
}

#[test]
fn a_terminal_of_ten_by_three_says_what_it_needs() {
    let (_home, _served, maria) = marketplace(&[]);
    let mut desk = Desk::open(&maria, 10, 3, &[]);
    desk.sees("skydeck").sees("needs").press("q");
    let (code, raw) = desk.end();
    assert!(code == 0 && raw.contains(OWN_SCREEN), "{code} {raw}");
}

#[test]
fn settings_and_themes_with_faults_are_told_with_their_place_before_anything_is_drawn() {
    for (name, content, words, parts) in [
        ("config/config.toml", "[keys]\nclaimm = \"c\"\n", &[][..], &["config.toml", "claimm", "claim"][..]),
        ("config/config.toml", "[keys]\nclaim = \"q\"\n", &[], &["config.toml", "claim", "quit"]),
        ("config/config.toml", "ca_file = \"none.pem\"\n", &[], &["none.pem", "No such file"]),
        ("config/themes/odd.toml", "name = ", &["--theme", "odd"], &["odd.toml:1"]),
        ("config/themes/odd.toml", "[roles.txt]\n", &["--theme", "odd"], &["odd.toml"]),
    ] {
        let program = Program::new().with("SKYDECK_TOKEN", "sky_0123456789abcdef");
        program.file(name, content);
        let (code, raw) = Desk::open(&program, 80, 24, words).end();
        assert!(code == 3 && !raw.contains("\u{1b}[?1049h"), "{content}: {code} {raw}");
        for part in parts {
            assert!(raw.contains(part), "{part:?} is not in {raw:?}");
        }
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_written_down() {
    if let Some(folder) = std::env::var_os(PANIC_FOLDER) {
        let profile = TerminalProfile::read(&|name| std::env::var(name).ok(), 80, 24, &Asked::default());
        let _taken = terminal::take(&profile, MouseUse::Taken, folder.as_ref()).unwrap();
        panic!("on purpose");
    }
    let program = Program::new();
    let logs = program.path("logs");
    let program = program.with(PANIC_FOLDER, logs.display().to_string());
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    let own_name = "cli::withstands::a_panic_gives_the_terminal_back_and_is_written_down";
    command.args(["--exact", own_name, "--nocapture", "--test-threads", "1"]);
    let (code, raw) = Desk::of(command, &program, 80, 24).end();
    let log = std::fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    assert!(code != 0 && raw.contains(OWN_SCREEN), "{code} {raw}");
    let after = raw.split(OWN_SCREEN).last().unwrap();
    assert!(after.contains(&log.display().to_string()), "the path is printed on the terminal's own screen: {raw:?}");
    assert!(std::fs::read_to_string(&log).unwrap().contains("on purpose"));
}
