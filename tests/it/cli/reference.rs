//! The whole command line in one snapshot: what changes in it is seen in review.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use skydeck::cli::Arguments;

use super::program::Program;

#[test]
fn the_command_line_is_as_documented() {
    let mut commands = Vec::new();
    list(&Arguments::command(), &[], &mut commands);
    let program = Program::new();
    let mut text = String::new();
    for words in commands {
        let mut all: Vec<&str> = words.iter().map(String::as_str).collect();
        all.push("--help");
        let help = program.succeed(&all).out;
        let heading = format!("## skydeck {}", words.join(" "));
        writeln!(text, "{}\n\n{}\n", heading.trim_end(), help.trim_end()).unwrap();
    }
    insta::assert_snapshot!("cli_reference", text);
}

#[test]
fn every_command_has_a_manual_page() {
    let program = Program::new();
    program.succeed(&["completions", "--man", "pages"]);
    let pages = std::fs::read_dir(program.path("pages")).unwrap().count();
    let mut commands = Vec::new();
    list(&Arguments::command(), &[], &mut commands);
    assert!(pages >= commands.len(), "{pages} pages for {} commands", commands.len());
    for shell in ["bash", "zsh", "fish"] {
        assert!(program.succeed(&["completions", shell]).out.contains("skydeck"));
    }
}

/// Every command and its subcommands, in the order of the help.
fn list(command: &clap::Command, above: &[String], all: &mut Vec<Vec<String>>) {
    all.push(above.to_vec());
    for below in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let mut words = above.to_vec();
        words.push(below.get_name().to_owned());
        list(below, &words, all);
    }
}
