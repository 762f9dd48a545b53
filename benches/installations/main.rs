//! What installations cost: solving dependencies over a large marketplace, counting usage durably, and telling everybody
//! who listens of a rollback.

mod listening;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use skydeck::domain::account::{Account, Role};
use skydeck::domain::dependency::{Candidate, Offered, Wanted, solve};
use skydeck::domain::extension::Slug;
use skydeck::domain::id::{AccountId, Entropy, ExtensionId, InstallationId, InstanceId, ServerId, VersionId};
use skydeck::domain::instance::Instance;
use skydeck::domain::time::Timestamp;
use skydeck::domain::usage::UsageRecord;
use skydeck::domain::version::VersionNumber;
use skydeck::store::usage::{self, CountedTo};
use skydeck::store::{Store, StoreConfig, StoreError, accounts, instances};

/// Extensions of the marketplace whose dependencies are solved.
const EXTENSIONS: usize = 10_000;
/// Extensions among them that need three others each.
const NEEDY: usize = 400;
/// Versions that each of them has.
const VERSIONS: u64 = 5;
/// Times that they are solved.
const ROUNDS: usize = 20;
/// Records of one batch, as an instance sends them.
const RECORDS: u32 = 1_000;
/// Batches that are counted, each durable before the next.
const BATCHES: u32 = 100;
/// The moment that everything happens at.
const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

fn main() -> Result<()> {
    solving()?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(counting())?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(listening::measure())
}

/// The time to choose versions where one extension leads to hundreds of others.
fn solving() -> Result<()> {
    let slug = |n: usize| format!("extension-{n}").parse::<Slug>();
    let mut offered = Offered::new();
    for n in 0..EXTENSIONS {
        let mut needs = BTreeMap::new();
        for needed in (n * 3 + 1..=n * 3 + 3).filter(|needed| n < NEEDY && *needed < EXTENSIONS) {
            needs.insert(slug(needed)?, "^1".parse()?);
        }
        let candidate = |minor| Candidate { number: VersionNumber::new(1, minor, 0), needs: needs.clone() };
        offered.insert(slug(n)?, (0..VERSIONS).map(candidate).collect());
    }
    let coming = BTreeMap::from([(slug(0)?, VersionNumber::new(1, 0, 0))]);
    let wanted = Wanted { coming, there: BTreeMap::new() };
    let (mut times, mut chosen) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        chosen = solve(&wanted, &offered)?.len();
        times.push(start.elapsed().as_micros());
    }
    times.sort_unstable();
    let (best, median) = (times[0], times[ROUNDS / 2]);
    println!("solving dependencies: {EXTENSIONS} extensions, {chosen} chosen: {best} µs best, {median} µs median");
    Ok(())
}

/// Records a second that are on the disk.
async fn counting() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::in_folder(folder.path()))?;
    let mut entropy = Entropy::from_seed([1; 32]);
    let instance = instance(&store, &mut entropy).await?;
    let to = CountedTo {
        version: VersionId::mint(NOW, &mut entropy),
        extension: ExtensionId::mint(NOW, &mut entropy),
        server: ServerId::mint(NOW, &mut entropy),
    };
    let records: Vec<UsageRecord> = (0..RECORDS).map(|_| record(InstallationId::mint(NOW, &mut entropy))).collect();
    let start = Instant::now();
    for number in 1..=u64::from(BATCHES) {
        let records = records.clone();
        let counted = store.write(move |tx| {
            let mut window = usage::window(tx, instance)?;
            window.offer(number).map_err(|error| StoreError::Internal(error.to_string()))?;
            for record in &records {
                usage::add(tx, record, &to)?;
            }
            usage::set_window(tx, instance, &window, NOW)
        });
        counted.await?;
    }
    let rate = f64::from(RECORDS) * f64::from(BATCHES) / start.elapsed().as_secs_f64();
    println!("counting usage: {rate:.0} records a second, durable, {RECORDS} a batch");
    Ok(())
}

/// An instance whose batches can be counted.
async fn instance(store: &Store, entropy: &mut Entropy) -> Result<InstanceId> {
    let name: skydeck::domain::account::AccountName = "shard".parse()?;
    let account = Account {
        id: AccountId::mint(NOW, entropy),
        name: name.clone(),
        role: Role::User,
        verified: false,
        suspended: false,
        reputation: 0,
        created_at: NOW,
        revision: 1,
    };
    let instance = Instance {
        id: InstanceId::mint(NOW, entropy),
        name,
        account: account.id,
        announced: None,
        heard_at: None,
        created_at: NOW,
        revision: 1,
    };
    let id = instance.id;
    let made = store.write(move |tx| {
        accounts::insert(tx, &account)?;
        instances::insert(tx, &instance)?;
        usage::open_window(tx, instance.id, NOW)
    });
    made.await?;
    Ok(id)
}

fn record(installation: InstallationId) -> UsageRecord {
    UsageRecord {
        installation,
        at: NOW,
        calls: 3,
        errors: 0,
        fuel: 1_000,
        fuel_peak: 500,
        memory_bytes_peak: 65_536,
        run_ms: 2,
        host_calls: BTreeMap::new(),
    }
}
