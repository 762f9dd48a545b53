//! SQLite beside PostgreSQL: what a page of the queue costs on both, how many decisions a second are on the disk, and how
//! long a marketplace of 100,000 extensions takes from the one to the other.
//!
//! Give the names of parts (`pages`, `decisions`, `migrate`) to measure only those. PostgreSQL is the server that
//! `SKYDECK_TEST_POSTGRES` names; every measurement has a schema of its own there.

mod decisions;
#[path = "../queue_page/fill.rs"]
mod fill;
#[path = "../queue_page/load.rs"]
mod load;
mod migrate;
mod pages;
#[path = "../measure/process.rs"]
mod process;
mod schema;
mod serve;
#[path = "../measure/table.rs"]
mod table;

use std::env;
use std::path::Path;

use anyhow::Result;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A part: its name, and what measures it.
type Part = (&'static str, fn() -> Result<()>);

/// The parts, in the order in which they are measured.
const PARTS: [Part; 3] = [("decisions", decisions::run), ("pages", pages::run), ("migrate", migrate::run)];

fn main() -> Result<()> {
    let asked: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let Some([first, folder]) = asked.get(..2)
        && first == "serve"
    {
        return serve::run(Path::new(folder));
    }
    for (name, run) in PARTS {
        if asked.is_empty() || asked.iter().any(|part| part == name) {
            run()?;
        }
    }
    Ok(())
}

/// A count for arithmetic.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn count(count: usize) -> f64 {
    count as f64
}
