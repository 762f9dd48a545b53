//! The demo's instances while it runs: they are heard, do what they are ordered, take note, and report what runs.

use std::time::Duration;

use super::life_of_servers::BAD;
use super::servers::{BOTS, Server as Known};
use super::usage;
use crate::domain::account::{Caller, Right, Rights};
use crate::domain::id::{Entropy, InstanceId, NoticeId, TokenId};
use crate::domain::installation::{Stage, StageName};
use crate::domain::limits::USAGE_RECORDS_MAX;
use crate::domain::time::Timestamp;
use crate::market::{self, Acknowledgement, Act, By, Refused};
use crate::server::clock::Clock;
use crate::store::installations::InstallationRow;
use crate::store::{Store, StoreError, Tx, accounts, installations, instances, notices, policy, servers};

/// What an instance is ordered for an installation, in this order.
pub const ORDERED: &[StageName] = &[StageName::SandboxPrep, StageName::StateInit];

/// Time between two looks for orders.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks between two heartbeats.
const BEAT: u32 = 20;
/// Looks between two reports of usage.
const REPORT: u32 = 60;
/// Orders that one instance does between two looks.
const ORDERS_MAX: usize = 8;
/// Orders and notices seen in one look.
const SEEN_MAX: usize = 200;

/// One instance, and whom it speaks as.
struct Player {
    instance: InstanceId,
    caller: Caller,
}

/// One thing that an instance has to do.
enum Duty {
    Order(Acknowledgement),
    Notice(NoticeId),
}

/// Plays the instances until it is dropped. What the marketplace refuses is only logged: somebody may have removed in the
/// meantime what an order was for.
pub async fn play(store: Store, clock: Clock) {
    let players = match store.read(players).await {
        Ok(players) => players,
        Err(error) => return tracing::warn!(%error, "the demo's instances could not be found"),
    };
    let players = std::sync::Arc::new(players);
    for round in 0_u32.. {
        let (now, playing) = (clock.now(), players.clone());
        let done = match store.read(move |tx| duties(tx, &playing, now)).await {
            Ok(duties) => act(&store, &players, duties, round, now).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the demo's instances were refused");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The instances that are there; the silent one is not.
fn players(tx: &mut Tx) -> Result<Vec<Player>, StoreError> {
    let mut players = Vec::new();
    for bot in BOTS.iter().filter(|bot| bot.silent_for_hours.is_none()) {
        let Ok(name) = bot.name.parse() else { continue };
        let Some(instance) = instances::by_name(tx, &name)? else { continue };
        let Some(account) = accounts::by_id(tx, instance.account)? else { continue };
        let mut entropy = Entropy::from_seed([0; 32]);
        let token = TokenId::mint(account.created_at, &mut entropy);
        let caller = Caller { account, token, rights: Rights::new([Right::Read, Right::Instance]) };
        players.push(Player { instance: instance.id, caller });
    }
    Ok(players)
}

/// What each instance has to do now, by its place.
fn duties(tx: &mut Tx, players: &[Player], now: Timestamp) -> Result<Vec<(usize, Duty)>, StoreError> {
    let mut duties = Vec::new();
    let mut ordered = vec![0_usize; players.len()];
    let order_ms = policy::in_force(tx, now)?.installations.order_ms;
    for row in installations::due(tx, now.plus_ms(order_ms), SEEN_MAX)? {
        let Some(next) = row.stands.state.next() else { continue };
        let stage = match next.stage {
            Stage::SandboxPrep { .. } => StageName::SandboxPrep,
            Stage::StateInit { .. } => StageName::StateInit,
            _ => continue,
        };
        let serving = servers::by_id(tx, row.server)?.map(|server| server.instance);
        let Some(place) = players.iter().position(|player| Some(player.instance) == serving) else { continue };
        ordered[place] += 1;
        if ordered[place] <= ORDERS_MAX {
            let order = Acknowledgement { installation: row.id, attempt: next.number, stage, failure: None };
            duties.push((place, Duty::Order(order)));
        }
    }
    for (place, player) in players.iter().enumerate() {
        let open = notices::open_for(tx, player.instance, SEEN_MAX)?;
        duties.extend(open.into_iter().map(|notice| (place, Duty::Notice(notice.id))));
    }
    Ok(duties)
}

/// Does what is to be done, each in a transaction of its own, so that one that is refused keeps no other back.
async fn act(
    store: &Store,
    players: &std::sync::Arc<Vec<Player>>,
    duties: Vec<(usize, Duty)>,
    round: u32,
    now: Timestamp,
) -> Result<(), Refused> {
    for (place, duty) in duties {
        let (seed, playing) = (seed()?, players.clone());
        let done = store.write(move |tx| {
            let player = &playing[place];
            let act = player.act(now, seed);
            match &duty {
                Duty::Order(order) => market::acknowledge(tx, &act, order).map(drop),
                Duty::Notice(notice) => market::confirm(tx, &act, player.instance, *notice),
            }
        });
        if let Err(error) = done.await {
            tracing::debug!(%error, "an instance of the demo was refused");
        }
    }
    if !round.is_multiple_of(BEAT) {
        return Ok(());
    }
    let (seed, playing) = (seed()?, players.clone());
    let reports = round > 0 && round.is_multiple_of(REPORT);
    let beaten = store.write(move |tx| {
        for player in playing.iter() {
            let act = player.act(now, seed);
            let heard = market::heartbeat(tx, &act, player.instance)?;
            if reports {
                player.report(tx, &act, heard.window.next())?;
            }
        }
        Ok(())
    });
    beaten.await
}

impl Player {
    fn act(&self, now: Timestamp, seed: [u8; 32]) -> Act {
        Act { by: By::Caller(self.caller.clone()), now, seed }
    }

    /// Reports what ran since the last report.
    fn report(&self, tx: &mut Tx, act: &Act, number: u64) -> Result<(), Refused> {
        let share = 1_000 * u64::from(REPORT) * LOOK_EVERY.as_secs() / 3_600;
        let mut records = Vec::new();
        for row in installations::of_instance(tx, self.instance, None, USAGE_RECORDS_MAX)? {
            if row.stands.state.now().is_none() || !row.stands.state.counts() {
                continue;
            }
            let Some(server) = servers::by_id(tx, row.server)? else { continue };
            let members = Known::of(server.guild.as_str()).map_or(100, |known| known.members);
            let place = usage::Place {
                installation: row.id,
                slug: &row.slug,
                guild: server.guild.as_str(),
                members,
                fails: runs_bad(&row),
            };
            records.extend(usage::record(&place, act.now, share));
        }
        let batches = vec![market::Batch { number, records }];
        market::count_usage(tx, act, &market::UsageReport { instance: self.instance, batches, lost: Vec::new() })?;
        Ok(())
    }
}

/// Whether the version that went bad is what runs: somebody may have brought it back.
pub fn runs_bad(row: &InstallationRow) -> bool {
    let running = row.stands.state.now().map(|running| running.version.to_string());
    row.slug == BAD.slug && running.as_deref() == Some(BAD.number)
}

fn seed() -> Result<[u8; 32], Refused> {
    let mut seed = [0_u8; 32];
    let failed = |error| StoreError::Internal(format!("the system gives no random bytes: {error}"));
    getrandom::fill(&mut seed).map_err(failed)?;
    Ok(seed)
}
