//! Whole frames: what the screens look like at both sizes, in ASCII, and how fast one is made.

use super::desk::Desk;
use super::sandbox::{compared, ran};
use super::servers::{instances, listing, opened, with_policy};
use super::{policy, sales};
use crate::console::profile::{ColourDepth, Glyphs, TerminalProfile};

/// Compares a screen with its kept picture.
pub fn check(name: &str, desk: &Desk) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!(name, desk.screen()));
}

#[test]
fn screens_at_both_sizes() {
    for (columns, rows) in [(80, 24), (160, 45)] {
        let name = |screen: &str| format!("{screen}_{columns}x{rows}");
        check(&name("queue"), Desk::with_rows(columns, rows, 25).press("j j"));
        check(&name("queue_empty"), &Desk::with_rows(columns, rows, 0));
        check(&name("queue_loading"), &Desk::fresh(columns, rows));
        check(&name("review_changes"), &Desk::reviewing(columns, rows, 1));
        check(&name("review_findings"), Desk::reviewing(columns, rows, 1).press("l"));
        check(&name("help"), Desk::with_rows(columns, rows, 25).press("?"));
        check(&name("palette"), Desk::with_rows(columns, rows, 25).press(":").write("claim"));
        check(&name("servers"), listing(columns, rows, 9).press("j"));
        check(&name("instances"), &instances(columns, rows));
        check(&name("server_installations"), &opened(columns, rows));
        check(&name("server_consents"), opened(columns, rows).press("l"));
        check(&name("server_consent"), opened(columns, rows).press("l c"));
        check(&name("server_policy"), &with_policy(columns, rows));
        check(&name("server_instance"), opened(columns, rows).press("l l l l"));
        check(&name("sales"), &sales::opened(columns, rows, true));
        check(&name("sales_days"), sales::opened(columns, rows, false).press("l j"));
        check(&name("sales_statement"), sales::opened(columns, rows, false).press("l l"));
        check(&name("sales_refund"), sales::opened(columns, rows, false).press("h x"));
        check(&name("policy"), policy::opened(columns, rows).press("j j"));
        check(&name("policy_draft"), &policy::drafting(columns, rows));
        check(&name("policy_plan"), policy::planned(columns, rows).press("j j"));
        check(&name("policy_examples"), policy::planned(columns, rows).press("j j enter"));
        check(&name("policy_confirm"), policy::planned(columns, rows).press("a"));
        check(&name("policy_revisions"), policy::opened(columns, rows).press("h j space j"));
        check(&name("policy_compared"), &policy::compared(columns, rows));
        check(&name("reject_confirm"), Desk::reviewing(columns, rows, 1).press("x enter").write("No.").press("ctrl-s"));
    }
}

/// The time a run took differs from machine to machine; all else is the same everywhere.
fn without_times(screen: &str) -> String {
    let mask = |line: &str| match line.find(" ms on this machine") {
        Some(end) => {
            let start = line[..end].rfind("  ·  ").map_or(end, |at| at + "  ·  ".len());
            format!("{}TIME{}", &line[..start], &line[end..])
        }
        None => line.to_owned(),
    };
    screen.lines().map(mask).collect::<Vec<_>>().join("\n")
}

#[test]
fn runs_are_shown_whole() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| {
        insta::assert_snapshot!("sandbox_run_80x24", without_times(&ran(80, 24).screen()));
        insta::assert_snapshot!("review_run_160x45", without_times(&compared(160, 45).screen()));
    });
}

#[test]
fn a_terminal_of_ascii_and_no_colours_gets_nothing_else() {
    let profile = TerminalProfile { glyphs: Glyphs::Ascii, depth: ColourDepth::None, ..TerminalProfile::plain(80, 24) };
    let mut desk = Desk::on(profile);
    desk.settle(25).press("?");
    assert!(desk.screen().is_ascii());
    let colours = desk.buffer().content.iter().any(|cell| cell.fg != ratatui::style::Color::Reset);
    assert!(!colours);
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    for columns in [1, 10, 39, 40, 50, 79, 80, 139, 140, 200] {
        for rows in [1, 3, 11, 12, 15, 16, 24, 60] {
            for keys in ["", "?", ":", "/", "v", "2", "3", "3 o", "4", "4 /", "enter"] {
                let mut desk = Desk::with_rows(columns, rows, 25);
                desk.press(keys).screen();
            }
            let mut desk = Desk::reviewing(columns, rows, 1);
            for keys in ["l", "l", "l", "l", "x", "enter"] {
                desk.press(keys).screen();
            }
            desk.write("a b").press("ctrl-s").screen();
            let mut desk = opened(columns, rows);
            for keys in ["j", "l", "c", "esc", "l", "l", "l", "/", "esc", "esc", "v"] {
                desk.press(keys).screen();
            }
            let mut desk = policy::planned(columns, rows);
            for keys in ["j", "enter", "esc", "a", "esc", "e", "esc", "h", "h", "enter", "esc", "/"] {
                desk.press(keys).screen();
            }
            policy::compared(columns, rows).screen();
            policy::drafting(columns, rows).screen();
            let mut desk = sales::opened(columns, rows, true);
            for keys in ["l", "l", "l", "x", "esc", "m"] {
                desk.press(keys).screen();
            }
        }
    }
}

#[test]
fn a_queue_of_a_hundred_thousand_rows_moves_by_few_cells() {
    let mut desk = Desk::with_rows(80, 24, 1_000);
    for _ in 0..6 {
        let more = desk.model.queue.rows.clone();
        desk.model.queue.rows.extend(more);
    }
    desk.press("pagedown pagedown");
    let before = desk.buffer();
    desk.press("k");
    let after = desk.buffer();
    let cells = before.diff(&after).len();
    assert!(cells < 700, "{cells} cells");
}
