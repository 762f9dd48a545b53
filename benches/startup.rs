//! How long the program takes from its start to its end, beside a program that does nothing.

#[path = "measure/table.rs"]
mod table;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use table::{Table, quantile_ms};

/// The program.
const SKYDECK: &str = env!("CARGO_BIN_EXE_skydeck");
/// A small extension.
const PACKAGE: &str = "fixtures/extensions/welcome/welcome.skypkg";
/// A program that only starts and ends.
const NOTHING: &str = "/bin/true";
/// Starts that are timed.
const STARTS: usize = 200;
/// Starts before, so that every file is in memory.
const WARM_UP: usize = 10;

fn main() -> Result<()> {
    let mut table = Table::new("Process start to exit");
    let mut nothing = starts(NOTHING, &[])?;
    let nothing = quantile_ms(&mut nothing, 0.5);
    table.add("/bin/true, median", nothing, "ms", ..);
    for (name, arguments, limit) in [
        ("skydeck --version", ["--version"].as_slice(), 5.0),
        ("skydeck dry-run welcome.skypkg", &["dry-run", PACKAGE], 15.0),
    ] {
        let mut samples = starts(SKYDECK, arguments)?;
        let median = quantile_ms(&mut samples, 0.5);
        table.add(format!("{name}, median"), median, "ms", ..limit);
        table.add(format!("{name}, p99"), quantile_ms(&mut samples, 0.99), "ms", ..);
        table.add(format!("{name} against /bin/true"), median / nothing, "times", ..);
    }
    table.print();
    Ok(())
}

/// Times a program from its start to its end.
fn starts(program: &str, arguments: &[&str]) -> Result<Vec<Duration>> {
    let mut samples = Vec::with_capacity(STARTS);
    for number in 0..WARM_UP + STARTS {
        let began = Instant::now();
        let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        let took = began.elapsed();
        ensure!(status.success(), "{program} {arguments:?} ended with {status}");
        if number >= WARM_UP {
            samples.push(took);
        }
    }
    Ok(samples)
}
