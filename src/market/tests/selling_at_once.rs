//! Many buy, refund and are granted points at once, on either database: no point is made or lost, nobody pays twice.

use std::thread;

use super::selling::Selling;
use super::world::{START, World, caller};
use crate::domain::account::{Caller, Role};
use crate::domain::digest::Sha256Digest;
use crate::domain::ledger::LedgerAccount;
use crate::market::*;
use crate::store::purchases::Sold;
use crate::store::{Scratch, Store, StoreConfig, ledger, purchases, scratch_in_memory, scratch_on_postgres, wait_for};

const BUYERS: usize = 8;
const ROUNDS: usize = 12;

fn act(who: &Caller, drawn: String) -> Act {
    Act {
        by: By::Caller(who.clone()),
        now: START.plus_ms(600_000),
        seed: *Sha256Digest::of(drawn.as_bytes()).as_bytes(),
    }
}

/// Buys both extensions again and again, twice with each key, and takes some of it back.
fn shop(store: &Store, me: usize, who: &Caller) {
    for round in 0..ROUNDS {
        let slug = if (me + round).is_multiple_of(2) { "gold" } else { "silver" };
        let input = Buy { extension: slug.parse().unwrap(), price_points: 9, key: Some(format!("{me} {round}")) };
        let mut bought = None;
        for attempt in 0..2 {
            let (input, act) = (input.clone(), act(who, format!("buy {me} {round} {attempt}")));
            match wait_for(store.write(move |tx| purchase(tx, &act, &input))) {
                Ok(Bought::Now(row)) => bought = Some(row),
                Ok(Bought::Before(row)) => assert_eq!(Some(row.id), bought.as_ref().map(|row| row.id)),
                Err(Refused::Conflict { code: "already_bought" | "points_missing", .. }) => {}
                Err(other) => panic!("a purchase: {other:?}"),
            }
        }
        let Some(row) = bought.filter(|_| !round.is_multiple_of(3)) else { continue };
        for attempt in 0..2 {
            let act = act(who, format!("refund {me} {round} {attempt}"));
            let id = row.id;
            match wait_for(store.write(move |tx| refund(tx, &act, id, "no"))) {
                Ok(_) => assert_eq!(attempt, 0, "taken back twice"),
                Err(Refused::Conflict { code: "refunded_already", .. }) => assert_eq!(attempt, 1),
                Err(other) => panic!("a refund: {other:?}"),
            }
        }
    }
}

fn told_at_once(scratch: Scratch) {
    let world = World::on(scratch);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
    let postgres = world.scratch.postgres();
    let open = || {
        let postgres = postgres.clone();
        Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(folder.path()) }).unwrap()
    };
    // Before there are versions, since nobody stores their codes.
    let mut nodes: Vec<Store> = if postgres.is_some() { vec![open(), open()] } else { Vec::new() };
    for name in ["Gold", "Silver"] {
        world.publish(&world.ada, name);
        world.price(&world.ada, &name.to_lowercase(), 9);
    }
    let buyers: Vec<Caller> = (0..BUYERS)
        .map(|number| {
            let act = Act { by: By::LocalOperator, now: START, seed: [u8::try_from(100 + number).unwrap(); 32] };
            let name = format!("b{number}").parse().unwrap();
            let input = CreateAccount { name, role: Role::User, verified: false };
            let buyer = caller(world.scratch.tx(|tx| create_account(tx, &act, &input)).unwrap());
            world.grant(&buyer, 25).unwrap();
            buyer
        })
        .collect();
    if nodes.is_empty() {
        world.scratch.save(folder.path());
        nodes.push(open());
    }
    thread::scope(|scope| {
        for (me, who) in buyers.iter().enumerate() {
            let node = &nodes[me % nodes.len()];
            scope.spawn(move || shop(node, me, who));
        }
    });
    let node = &nodes[0];
    let wallets: Vec<LedgerAccount> = (buyers.iter().chain([&world.ada]))
        .map(|who| LedgerAccount::Wallet(who.account.id))
        .chain([LedgerAccount::Market, LedgerAccount::Issued])
        .collect();
    let balances: Vec<i64> = wallets
        .into_iter()
        .map(|account| wait_for(node.read(move |tx| ledger::standing(tx, account))).unwrap().balance)
        .collect();
    assert_eq!(balances.iter().sum::<i64>(), 0, "{balances:?}");
    assert!(balances[..BUYERS].iter().all(|balance| (0..=25).contains(balance)), "{balances:?}");
    let sold = wait_for(node.read(|tx| purchases::in_all(tx, Sold::ByAll))).unwrap();
    assert!(sold.refunded > 0 && sold.sold > sold.refunded, "{sold:?}");
    assert_eq!(balances[BUYERS], sold.earned_points - sold.returned_points, "the author has what was sold and kept");
    for who in &buyers {
        let id = who.account.id;
        let all = wait_for(node.read(move |tx| purchases::of_account(tx, id, None, 100))).unwrap();
        let mut live: Vec<&str> =
            all.iter().filter(|row| row.refunded_at.is_none()).map(|row| row.slug.as_str()).collect();
        live.sort_unstable();
        assert!(live.windows(2).all(|pair| pair[0] != pair[1]), "one live purchase an extension: {live:?}");
    }
    let unsound = wait_for(node.read(|tx| {
        let found = crate::store::doctor::examine_within(tx, START).findings;
        Ok::<_, crate::store::StoreError>(
            found.into_iter().filter(|finding| finding.check.starts_with("ledger.")).collect::<Vec<_>>(),
        )
    }));
    assert_eq!(unsound.unwrap(), []);
    for node in nodes {
        node.close();
    }
}

#[test]
fn no_point_is_made_or_lost_when_many_buy_at_once() {
    told_at_once(scratch_in_memory());
}

#[test]
fn no_point_is_made_or_lost_on_two_nodes() {
    if let Some(scratch) = scratch_on_postgres() {
        told_at_once(scratch);
    }
}
