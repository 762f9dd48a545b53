//! What the policy costs: a plan over a large marketplace, and what is in force on one server.

mod fill;
#[path = "../measure/table.rs"]
mod table;

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, anyhow};
use skydeck::domain::policy::{Enacted, Format, InForce, Place, Stamp, Subject, parse};
use skydeck::domain::time::Timestamp;
use skydeck::market::{Act, By, PolicyDraft, Refused, plan_policy};
use skydeck::store::{Store, StoreConfig};

use table::{Table, quantile_ms};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The draft of a worried administrator: everything that makes a plan look at everything.
const DRAFT: &str = "locked = [\"scopes.webhooks\"]\n[scopes]\nwebhooks = \"deny\"\nkick = \"two-person\"\n\
    [tiers.free]\nmemory_mib = 16\nfuel = 250000000\n[review]\nsla_ms = 86400000\n\
    second_reviewer_per_mille = 50\n[rules.imports]\nenforced = false\n";
/// What one server overrides.
const OVERRIDE: &str = "network_allowlist = [\"api.example.org\"]\n[scopes]\nban = \"deny\"\nkick = \"deny\"\n";
/// Plans that are timed.
const PLANS: usize = 5;
/// Evaluations that are timed.
const EVALUATIONS: u32 = 20_000;

fn main() -> Result<()> {
    let mut table = Table::new("The policy");
    in_force(&mut table)?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = Store::open(StoreConfig::in_folder(folder.path()))?;
    let now = Timestamp::from_ms(1_790_000_000_000);
    eprintln!("{} extensions, their decisions and {} servers are written", fill::EXTENSIONS, fill::SERVERS);
    runtime.block_on(fill::fill(&store, now))?;
    let mut taken = Vec::new();
    for _ in 0..PLANS {
        let draft = PolicyDraft::Document(document(DRAFT, Place::Global)?.to_json());
        let act = Act { by: By::LocalOperator, now, seed: [3; 32] };
        let began = Instant::now();
        let planned = store.read(move |tx| plan_policy(tx, &act, &draft, "what if"));
        let planned = runtime.block_on(planned).map_err(|refused: Refused| anyhow!("{refused}"))?;
        taken.push(began.elapsed());
        let seen = planned.impact.looked_at;
        anyhow::ensure!(seen.extensions == 10_000 && seen.decisions == 100_000, "all of it is looked at: {seen:?}");
        anyhow::ensure!(seen.installations == Some(100_000), "all of it is looked at: {seen:?}");
    }
    let what = "plan over 10,000 extensions, 100,000 decisions, 100,000 installations";
    table.add(format!("{what}: median"), quantile_ms(&mut taken, 0.5) / 1_000.0, "s", ..2.0);
    table.add(format!("{what}: slowest"), quantile_ms(&mut taken, 1.0) / 1_000.0, "s", ..2.0);
    table.print();
    Ok(())
}

/// What is in force on one server, with an override and an exception.
fn in_force(table: &mut Table) -> Result<()> {
    let stamp = Stamp { revision: 2, by: None, at: Timestamp::from_ms(1) };
    let exception = "\n[[exceptions]]\nfield = \"scopes.webhooks\"\nvalue = \"allow\"\nserver = \"s\"\n\
        until = 2100-01-01T00:00:00Z\nreason = \"x\"\n";
    let global = document(&format!("{DRAFT}{exception}"), Place::Global)?;
    let layers = InForce::new(Enacted::first(global, stamp));
    let own = Enacted::first(document(OVERRIDE, Place::Server)?, stamp);
    let subject = Subject { server: Some("s"), extension: Some("greeter") };
    let now = Timestamp::from_ms(1_790_000_000_000);
    let began = Instant::now();
    for _ in 0..EVALUATIONS {
        black_box(layers.effective(Some(black_box(&own)), &subject, now).policy);
    }
    let each_us = began.elapsed().as_secs_f64() * 1e6 / f64::from(EVALUATIONS);
    table.add("what is in force on a server", each_us, "µs", ..50.0);
    Ok(())
}

fn document(text: &str, place: Place) -> Result<skydeck::domain::policy::Document> {
    parse(text, Format::Toml, place).map_err(|faults| anyhow!("{faults:?}"))
}
