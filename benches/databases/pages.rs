//! Pages of the queue on both databases in one run, and what a page costs as the queue grows.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use skydeck::store::{StoreConfig, move_rows};

use crate::load::Connection;
use crate::schema::Schema;
use crate::serve::{self, Served};
use crate::table::{Table, quantile_ms};
use crate::{count, fill};

/// Versions that wait: few, and many.
const SIZES: [usize; 2] = [1_000, 100_000];
/// The page that is asked for, and the one after it.
const PAGE: &str = "/queue?limit=50";
/// Requests of one turn that are timed one after the other.
const REQUESTS: usize = 400;
/// Connections that ask at once for the rate.
const CONNECTIONS: usize = 4;
/// Turns that the servers take, and how long one lasts where rates are measured.
const TURNS: usize = 6;
const TURN: Duration = Duration::from_secs(2);
/// The least share of SQLite's rate.
const SHARE_MIN: f64 = 0.5;
/// How much more a page may cost with a hundred times the queue.
const GROWTH_MAX: f64 = 1.5;

/// The same queue on both databases, each served.
struct Pair {
    sqlite: Served,
    postgres: Served,
    token: String,
    _schema: Schema,
    _folders: [tempfile::TempDir; 2],
}

/// Measures.
pub fn run() -> Result<()> {
    let mut table = Table::new("Queue pages of 50 on SQLite and on PostgreSQL");
    let pairs = SIZES.map(Pair::fill);
    let [small, large] = pairs;
    let pairs = [small?, large?];
    let medians = medians_ms(&pairs)?;
    for ((pair, size), costs) in pairs.iter().zip(SIZES).zip(medians) {
        for ((name, _), cost) in pair.both().into_iter().zip(costs) {
            table.add(format!("{size} waiting, {name}: p50"), cost, "ms", ..);
        }
        let rates = pair.rates()?;
        for (rate, (name, served)) in rates.into_iter().zip(pair.both()) {
            table.add(format!("{size} waiting, {name}: rate of {CONNECTIONS} connections"), rate, "pages/s", ..);
            table.add(format!("{size} waiting, {name}: server, resident"), served.copy.resident_mib()?, "MiB", ..);
        }
        let share = rates[1] / rates[0];
        table.add(format!("{size} waiting: PostgreSQL's rate against SQLite's"), share, "times", SHARE_MIN..);
    }
    let [small, large] = medians;
    for (place, name) in ["SQLite", "PostgreSQL"].into_iter().enumerate() {
        let growth = large[place] / small[place];
        table.add(format!("{name}: p50 of {} against {}", SIZES[1], SIZES[0]), growth, "times", ..GROWTH_MAX);
    }
    table.print();
    Ok(())
}

/// The medians of all servers, asked in turns so that what else the machine does hits all alike.
fn medians_ms(pairs: &[Pair; 2]) -> Result<[[f64; 2]; 2]> {
    let mut samples: [[Vec<Duration>; 2]; 2] = Default::default();
    for turn in 0..=TURNS {
        for (pair, samples) in pairs.iter().zip(&mut samples) {
            for ((_, served), samples) in pair.both().into_iter().zip(samples) {
                let asked = ask_one_by_one(served, &pair.token)?;
                // The first turn brings the pages of the database into memory.
                if turn > 0 {
                    samples.extend(asked);
                }
            }
        }
    }
    Ok(samples.map(|pair| pair.map(|mut samples| quantile_ms(&mut samples, 0.5))))
}

impl Pair {
    fn fill(size: usize) -> Result<Pair> {
        let (near, beyond, schema) = (tempfile::tempdir()?, tempfile::tempdir()?, Schema::make()?);
        eprintln!("{size} waiting versions are written, and moved into PostgreSQL");
        let token = fill::fill(near.path(), size)?;
        let moved = move_rows(&StoreConfig::in_folder(near.path()), &schema.url().parse()?, None, &mut |_| ())?;
        // Both are served here, which nobody else should do.
        std::fs::remove_file(&moved.marker)?;
        share(near.path(), beyond.path())?;
        let sqlite = serve::start(near.path(), None)?;
        let postgres = serve::start(beyond.path(), Some(&schema.url()))?;
        Ok(Pair { sqlite, postgres, token, _schema: schema, _folders: [near, beyond] })
    }

    fn both(&self) -> [(&'static str, &Served); 2] {
        [("SQLite", &self.sqlite), ("PostgreSQL", &self.postgres)]
    }

    /// The rates of both, measured in turns so that what else the machine does hits both.
    fn rates(&self) -> Result<[f64; 2]> {
        let mut pages = [0; 2];
        let mut times = [Duration::ZERO; 2];
        for _ in 0..TURNS {
            for (place, (_, served)) in self.both().into_iter().enumerate() {
                let began = Instant::now();
                pages[place] += ask_for(served, &self.token)?;
                times[place] += began.elapsed();
            }
        }
        Ok([0, 1].map(|place| count(pages[place]) / times[place].as_secs_f64()))
    }
}

/// Gives a second folder what every node needs: the audit key and the code.
fn share(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from.join("audit.key"), to.join("audit.key"))?;
    std::os::unix::fs::symlink(from.join("blobs"), to.join("blobs"))?;
    Ok(())
}

fn ask_one_by_one(served: &Served, token: &str) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(&served.address, token)?;
    let next = connection.next_page(PAGE)?.ok_or_else(|| anyhow!("there is only one page"))?;
    let requests = [connection.request(PAGE), connection.request(&format!("{PAGE}&cursor={next}"))];
    let mut samples = Vec::with_capacity(REQUESTS);
    for request in requests.iter().cycle().take(REQUESTS) {
        let asked = Instant::now();
        connection.answer(request)?;
        samples.push(asked.elapsed());
    }
    Ok(samples)
}

fn ask_for(served: &Served, token: &str) -> Result<usize> {
    let began = Instant::now();
    let mut askers = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(&served.address, token)?;
        askers.push(thread::spawn(move || {
            let request = connection.request(PAGE);
            let mut pages = 0;
            while began.elapsed() < TURN {
                connection.answer(&request)?;
                pages += 1;
            }
            anyhow::Ok(pages)
        }));
    }
    let mut pages = 0;
    for asker in askers {
        pages += asker.join().map_err(|_| anyhow!("a connection's thread panicked"))??;
    }
    Ok(pages)
}
