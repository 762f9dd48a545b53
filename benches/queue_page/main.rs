//! What a page of the review queue costs: a real server in a process of its own, asked over loopback.

mod fill;
mod load;
#[path = "../measure/process.rs"]
mod process;
mod serve;
#[path = "../measure/table.rs"]
mod table;

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::Result;

use load::Connection;
use process::Copy;
use table::{Table, quantile_ms};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Versions that wait, from small to large, unless others are asked for; the last is what the targets are about.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// The pages that are asked for: a name, and the query that every one of them has.
const SHAPES: [(&str, &str); 4] = [
    ("all", ""),
    ("stage:ready", "q=stage:ready&"),
    ("scope:ban", "q=scope:ban&"),
    ("kind:timer (none is), within its budget", "q=kind:timer&"),
];
/// Requests for a shape that are timed.
const REQUESTS: usize = 2_000;
/// Requests before, so that every page of the database is in memory.
const WARM_UP: usize = 200;
/// How long the rate is measured with a number of connections.
const RATE_FOR: Duration = Duration::from_secs(4);
/// How far into the queue deep pages lie at most, in pages of 100.
const DEEP_PAGES: usize = 300;
/// How long a server that has just started is left alone.
const SETTLE: Duration = Duration::from_millis(500);

/// The cost of a page: by the clock of the one who asks, and by the server's processor time.
struct Cost {
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
}

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "serve") {
        return serve::run(Path::new(&arguments.next().unwrap_or_default()));
    }
    let mut table = Table::new("Queue pages of 50 over loopback HTTP, all conventions on");
    let asked: Vec<usize> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    let mut small: Vec<Cost> = Vec::new();
    for size in sizes {
        let folder = tempfile::tempdir()?;
        eprintln!("{size} waiting versions are written");
        let token = fill::fill(folder.path(), size)?;
        let log = File::create(folder.path().join("server.log"))?;
        let mut server = Copy::start(&["serve".as_ref(), folder.path().as_os_str()], Stdio::from(log))?;
        let address = server.line()?;
        thread::sleep(SETTLE);
        if size == first {
            table.add("server idle, resident", server.resident_mib()?, "MiB", ..40.0);
        }
        let costs = costs(&mut table, size, &server, &mut Connection::open(&address, &token)?)?;
        if size == last {
            for ((name, _), (large, small)) in shapes().iter().zip(costs.iter().zip(&small)) {
                table.add(format!("{name}: {size} against {first}"), large.p50_ms / small.p50_ms, "times", ..1.5);
            }
            rates(&mut table, &server, &address, &token)?;
            table.add("server after all that, resident", server.resident_mib()?, "MiB", ..);
        }
        if size == first {
            small = costs;
        }
    }
    table.print();
    Ok(())
}

/// Measures every shape, and pages deep in the queue.
fn costs(table: &mut Table, size: usize, server: &Copy, connection: &mut Connection) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for (name, query) in SHAPES {
        let path = format!("/queue?{query}limit=50");
        let cost = cost(server, connection, &[path])?;
        tell(table, &format!("{size} waiting, {name}"), &cost);
        costs.push(cost);
    }
    let mut paths = Vec::new();
    let mut next = connection.next_page("/queue?limit=100")?;
    while let Some(cursor) = next.filter(|_| paths.len() < DEEP_PAGES) {
        paths.push(format!("/queue?limit=50&cursor={cursor}"));
        next = connection.next_page(&format!("/queue?limit=100&cursor={cursor}"))?;
    }
    let cost = cost(server, connection, &paths)?;
    tell(table, &format!("{size} waiting, up to {} deep", paths.len() * 100), &cost);
    costs.push(cost);
    Ok(costs)
}

fn tell(table: &mut Table, name: &str, cost: &Cost) {
    // What no index helps with is bounded, and has no target.
    let limit = |limit: f64| if name.contains("budget") { Bound::Unbounded } else { Bound::Included(limit) };
    table.add(format!("{name}: p50"), cost.p50_ms, "ms", (Bound::Unbounded, limit(5.0)));
    table.add(format!("{name}: p99"), cost.p99_ms, "ms", ..);
    table.add(format!("{name}: server CPU"), cost.cpu_us, "µs", (Bound::Unbounded, limit(300.0)));
}

/// Asks for these pages in turn, one after the other.
fn cost(server: &Copy, connection: &mut Connection, paths: &[String]) -> Result<Cost> {
    let requests: Vec<Vec<u8>> = paths.iter().map(|path| connection.request(path)).collect();
    for request in requests.iter().cycle().take(WARM_UP) {
        connection.answer(request)?;
    }
    let mut samples = Vec::with_capacity(REQUESTS);
    let cpu_before = cpu_us(server)?;
    for request in requests.iter().cycle().take(REQUESTS) {
        let asked = Instant::now();
        connection.answer(request)?;
        samples.push(asked.elapsed());
    }
    let cpu_us = (cpu_us(server)? - cpu_before) / count(REQUESTS);
    Ok(Cost { p50_ms: quantile_ms(&mut samples, 0.5), p99_ms: quantile_ms(&mut samples, 0.99), cpu_us })
}

/// Measures how many pages a second come through several connections at once.
fn rates(table: &mut Table, server: &Copy, address: &str, token: &str) -> Result<()> {
    for connections in [2, 4, 8] {
        let open = (0..connections).map(|_| Connection::open(address, token)).collect::<Result<Vec<_>>>()?;
        let (began, cpu_before) = (Instant::now(), cpu_us(server)?);
        let askers: Vec<_> =
            open.into_iter().map(|connection| thread::spawn(move || ask_until(connection, began))).collect();
        let mut pages = 0;
        for asker in askers {
            pages += asker.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))??;
        }
        let rate = count(pages) / began.elapsed().as_secs_f64();
        let cpu_us = (cpu_us(server)? - cpu_before) / count(pages);
        table.add(format!("{connections} connections: rate"), rate, "pages/s", 4_000.0..);
        table.add(format!("{connections} connections: server CPU a page"), cpu_us, "µs", ..=300.0);
    }
    Ok(())
}

fn ask_until(mut connection: Connection, began: Instant) -> Result<usize> {
    let request = connection.request("/queue?limit=50");
    let mut pages = 0;
    while began.elapsed() < RATE_FOR {
        connection.answer(&request)?;
        pages += 1;
    }
    Ok(pages)
}

/// The processor time a process has used, in microseconds: `utime` and `stime` of proc(5), in ticks of 10 ms.
fn cpu_us(server: &Copy) -> Result<f64> {
    let text = server.facts("stat")?;
    // The name in brackets may hold anything; the fields after it are counted from the third.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_ascii_whitespace().collect();
    let ticks = |place: usize| fields.get(place - 3).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN);
    Ok((ticks(14) + ticks(15)) * 10_000.0)
}

/// The shapes whose cost must not grow.
fn shapes() -> &'static [(&'static str, &'static str)] {
    &SHAPES[..3]
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn count(count: usize) -> f64 {
    count as f64
}
