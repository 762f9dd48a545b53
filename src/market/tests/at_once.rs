//! Sixteen maintainers on two nodes grab at the same submissions: each is reviewed once, and the log has no gap.

use std::thread;

use super::world::{START, World, caller};
use crate::domain::account::{Caller, Role};
use crate::domain::digest::Sha256Digest;
use crate::domain::filter::Filter;
use crate::domain::id::ReviewId;
use crate::domain::stage::StageName;
use crate::market::*;
use crate::store::{Store, StoreConfig, audit, events, scratch_on_postgres, wait_for};

const MAINTAINERS: usize = 16;
const SUBMISSIONS: usize = 12;

fn act(who: &Caller, drawn: String) -> Act {
    Act {
        by: By::Caller(who.clone()),
        now: START.plus_ms(600_000),
        seed: *Sha256Digest::of(drawn.as_bytes()).as_bytes(),
    }
}

/// Claims what it can and approves what it has; gives the reviews it was told it decided.
fn review_all(store: &Store, who: &Caller, me: usize, all: &[ReviewId]) -> Vec<ReviewId> {
    let mut decided = Vec::new();
    for (turn, wanted) in all.iter().copied().enumerate() {
        let claiming = act(who, format!("claim {me} {turn}"));
        let claimed = store.write(move |tx| {
            if me.is_multiple_of(4) {
                return claim_next(tx, &claiming, &Filter::default());
            }
            claim(tx, &claiming, wanted, IfMatch::Any).map(Some)
        });
        let row = match wait_for(claimed) {
            Ok(Some(row)) => row,
            Ok(None) | Err(Refused::Stage { .. }) => continue,
            Err(other) => panic!("a claim: {other:?}"),
        };
        let approving = act(who, format!("approve {me} {turn}"));
        let input = Approve { review: row.id, if_match: IfMatch::Revision(row.revision), seen: row.sha256 };
        wait_for(store.write(move |tx| approve(tx, &approving, &input))).unwrap();
        decided.push(row.id);
    }
    decided
}

#[test]
fn of_sixteen_who_grab_one_gets_it_on_either_node() {
    let Some(scratch) = scratch_on_postgres() else { return };
    let world = World::on(scratch);
    // Before there are versions, since nobody stores their codes.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
    let nodes = [(); 2].map(|()| {
        let postgres = world.scratch.postgres();
        Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(folder.path()) }).unwrap()
    });
    let reviews: Vec<ReviewId> =
        (0..SUBMISSIONS).map(|number| world.ready(&world.ada, &format!("Bot {number}"), "1.0.0", &[]).id).collect();
    let maintainers: Vec<Caller> = (0..MAINTAINERS)
        .map(|number| {
            let act = Act { by: By::LocalOperator, now: START, seed: [u8::try_from(100 + number).unwrap(); 32] };
            let name = format!("m{number}").parse().unwrap();
            let input = CreateAccount { name, role: Role::Maintainer, verified: false };
            caller(world.scratch.tx(|tx| create_account(tx, &act, &input)).unwrap())
        })
        .collect();
    let before = world.head().number;
    let mut decided = thread::scope(|scope| {
        let reviewing: Vec<_> = (maintainers.iter().enumerate())
            .map(|(me, who)| (me, who, &nodes[me % 2], &reviews))
            .map(|(me, who, node, all)| scope.spawn(move || review_all(node, who, me, all)))
            .collect();
        reviewing.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    decided.sort();
    let mut expected = reviews;
    expected.sort();
    assert_eq!(decided, expected, "each was decided once");
    for id in expected {
        assert_eq!(world.review(id).stage, StageName::Published, "{id}");
    }
    for node in &nodes {
        let head = wait_for(node.read(|tx| audit::verify(tx, None))).unwrap().unwrap();
        assert_eq!(head.number - before, 2 * i64::try_from(SUBMISSIONS).unwrap(), "a claim and an approval each");
        let all = wait_for(node.read(|tx| events::after(tx, 0, 10_000))).unwrap();
        let events::EventsAfter::Following(all) = all else { panic!("a gap") };
        assert!(all.iter().zip(1..).all(|(event, number)| event.number == number), "events are numbered gapless");
        node.close();
    }
}
