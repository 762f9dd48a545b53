//! The console in a real terminal, against a real server: two people, a lost server, kept drafts, and the way out.

use super::desk::{Desk, marketplace};

#[test]
fn a_submission_is_claimed_read_and_run_and_the_other_console_follows() {
    let packages = ["extensions/ban-hammer/ban-hammer.skypkg", "extensions/dice/dice.skypkg"];
    let (administrator, _served, maria) = marketplace(&packages);
    let mut other = Desk::open(&administrator, 160, 45, &[]);
    other.sees("2 waiting").sees("live");
    let mut desk = Desk::open(&maria, 80, 24, &[]);
    desk.sees("2 waiting").sees("live").press("/scope:ban\r").sees("1 waiting").press("c").sees("is yours");
    other.sees("maria");
    desk.press("\r").sees("REACHABLE").press("d").sees("member_ban").sees("Fuel");
    desk.press("hh").sees("Checks: passed").press("q");
    let (code, raw) = desk.end();
    assert_eq!(code, 0, "{raw}");
    assert!(raw.contains("\u{1b}[?1049l"), "the terminal is not given back: {raw:?}");
    other.press("q");
    assert_eq!(other.end().0, 0);
}

#[test]
fn what_is_typed_outlives_the_server_and_the_console() {
    let (_administrator, served, maria) = marketplace(&["extensions/dice/dice.skypkg"]);
    let mut desk = Desk::open(&maria, 80, 24, &[]);
    desk.sees("1 waiting").press("C").sees("yours").press("x").sees("which reason").press("\r");
    desk.sees("characters").press("Say what you keep").sees("Say what you keep");
    drop(served);
    desk.sees("offline").sees("Say what you keep").press("\u{13}").sees("no connection");
    desk.signal(rustix::process::Signal::TERM);
    let (code, raw) = desk.end();
    assert_eq!(code, 0, "{raw}");
    assert!(raw.contains("\u{1b}[?1049l"));
    let mut again = Desk::open(&maria, 80, 24, &[]);
    again.sees("Kept from last time").sees("reject dice").press("n").sees("The queue cannot be read").press("q");
    assert_eq!(again.end().0, 0);
}
