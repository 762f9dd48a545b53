//! Whatever four people do in whatever order, what must hold holds.

use proptest::prelude::*;

use super::world::{World, finding, package};
use crate::domain::account::Caller;
use crate::domain::finding::Severity;
use crate::domain::stage::{Stage, StageName};
use crate::domain::time::Timestamp;
use crate::market::*;
use crate::store::reviews::{ReviewOutcome, ReviewRow};
use crate::store::{StoreError, Tx, catalogue, extensions, queue as queue_store, reviews, versions};

#[derive(Clone, Debug)]
enum Step {
    Import,
    Draft(u8),
    Save,
    Submit,
    Withdraw,
    Revise(u8),
    Check(bool),
    Claim,
    ClaimNext,
    Renew,
    Release,
    Lapse,
    Approve,
    Reject,
    Yank,
    Unyank,
    Rollback,
    Offer(u8),
    Accept,
    Delete,
    Wait(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    use Step::{
        Accept, Approve, Check, Claim, ClaimNext, Delete, Draft, Import, Lapse, Offer, Reject, Release, Renew, Revise,
        Rollback, Save, Submit, Unyank, Wait, Withdraw, Yank,
    };
    prop_oneof![
        3 => Just(Import), 2 => (0_u8..4).prop_map(Draft), 2 => Just(Save), 6 => Just(Submit), 1 => Just(Withdraw),
        1 => (0_u8..4).prop_map(Revise), 6 => prop::bool::weighted(0.85).prop_map(Check), 5 => Just(Claim),
        2 => Just(ClaimNext), 1 => Just(Renew), 1 => Just(Release), 1 => Just(Lapse), 6 => Just(Approve),
        1 => Just(Reject), 1 => Just(Yank), 1 => Just(Unyank), 1 => Just(Rollback), 1 => (0_u8..4).prop_map(Offer),
        1 => Just(Accept), 1 => Just(Delete), 1 => (1_u8..30).prop_map(Wait),
    ]
}

fn all_extensions(tx: &mut Tx) -> Result<Vec<extensions::ExtensionRow>, StoreError> {
    let filter = crate::domain::filter::Filter::default();
    let query = catalogue::CatalogueQuery {
        filter: &filter,
        reach: catalogue::Reach::Everything,
        after: None,
        limit: 100,
        now: super::world::START,
    };
    Ok(catalogue::page(tx, &query)?.rows)
}

fn open_reviews(world: &World) -> Vec<ReviewRow> {
    let filter = crate::domain::filter::Filter::default();
    let query = queue_store::QueueQuery { limit: 100, ..queue_store::QueueQuery::of(&filter, world.now()) };
    let page = |tx: &mut crate::store::Tx| -> Result<Vec<ReviewRow>, StoreError> {
        let rows = queue_store::page(tx, &query)?.rows;
        let each = rows.iter().map(|row| reviews::by_id(tx, row.review()?));
        Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    };
    world.scratch.read(page).unwrap()
}

/// Does one step to the things that `at` picks; refusals are fine. Without `who`, someone does it who most likely may.
fn step(world: &World, who: Option<&Caller>, step: &Step, at: usize, tail: u8) {
    let rows = world.scratch.read(all_extensions).unwrap();
    let picked = rows.get(at % rows.len().max(1));
    let versions = picked.map(|row| world.scratch.read(|tx| versions::list(tx, row.id)).unwrap()).unwrap_or_default();
    let version = versions.get(at % versions.len().max(1));
    let open = open_reviews(world);
    let wanted = picked
        .zip(version)
        .map(|(row, version)| VersionRef { extension: row.id.into(), number: version.number.clone() });
    let review = open.get(at % open.len().max(1));
    let everyone = [&world.ada, &world.ben, &world.mia, &world.max];
    let with_id = |id| everyone.into_iter().find(|caller| caller.account.id == id);
    let owner = who.or_else(|| with_id(picked?.owner)).unwrap_or(&world.ada);
    let claimant = who.or_else(|| with_id(review?.claim.as_ref()?.by)).unwrap_or(everyone[2 + at % 2]);
    let receiver = who.or_else(|| with_id(picked?.offered_to?)).unwrap_or(&world.ben);
    match (step, wanted, picked, review) {
        (Step::Import, ..) if rows.len() < 3 => drop(world.import(owner, thing(tail, 0))),
        (Step::Wait(minutes), ..) => world.wait_ms(i64::from(*minutes) * 60_000),
        (Step::Lapse, ..) => drop(world.scratch.tx(|tx| lapse(tx, world.now())).unwrap()),
        (Step::ClaimNext, ..) => {
            let filter = crate::domain::filter::Filter::default();
            let next = |tx: &mut Tx, act: &Act| claim_next(tx, act, &filter)?.ok_or(Refused::NotFound("claim"));
            drop(world.does(claimant, next));
        }
        (Step::Check(_) | Step::Claim | Step::Renew | Step::Release | Step::Approve | Step::Reject, .., review) => {
            if let Some(review) = review {
                review_step(world, claimant, step, review);
            }
        }
        (Step::Draft(_) | Step::Save | Step::Offer(_) | Step::Accept | Step::Delete, _, Some(row), _) => {
            let who = if matches!(step, Step::Accept) { receiver } else { owner };
            extension_step(world, who, step, row.id.into(), tail);
        }
        (_, Some(version), ..) => version_step(world, owner, step, version),
        _ => {}
    }
}

fn thing(tail: u8, n: u8) -> crate::domain::package::Package {
    let scopes: &[&str] = if n == 3 { &["http_request"] } else { &[] };
    package("Thing", &format!("1.{n}.0"), scopes, &[tail, n])
}

fn review_step(world: &World, who: &Caller, step: &Step, review: &ReviewRow) {
    match step {
        Step::Check(clean) => {
            let findings = if *clean { Vec::new() } else { vec![finding(Severity::Error, "x")] };
            drop(world.check(review, findings));
        }
        Step::Claim => drop(world.claim(who, review.id)),
        Step::Renew => drop(world.does(who, |tx, act| renew(tx, act, review.id))),
        Step::Release => drop(world.does(who, |tx, act| release(tx, act, review.id))),
        Step::Approve => drop(world.approve(who, review)),
        _ => drop(world.reject(who, review, "no")),
    }
}

fn extension_step(world: &World, who: &Caller, step: &Step, extension: ExtensionRef, tail: u8) {
    match step {
        Step::Draft(n) => {
            let package = thing(tail, *n);
            let blob = world.scratch.blob_of(package.digests);
            let input = Draft { extension, package, blob, if_match: IfMatch::Any };
            drop(world.does(who, |tx, act| draft(tx, act, &input)));
        }
        Step::Save => drop(world.does(who, |tx, act| save(tx, act, &extension, IfMatch::Any))),
        Step::Offer(n) => {
            let to = ["ada", "ben", "mia", "max"][usize::from(*n)].parse().unwrap();
            drop(world.does(who, |tx, act| offer(tx, act, &Offer { extension, to, if_match: IfMatch::Any })));
        }
        Step::Accept => drop(world.does(who, |tx, act| accept(tx, act, &extension))),
        _ => drop(world.does(who, |tx, act| delete(tx, act, &extension, IfMatch::Any))),
    }
}

fn version_step(world: &World, who: &Caller, step: &Step, version: VersionRef) {
    let if_match = IfMatch::Any;
    match step {
        Step::Submit => drop(world.submit(who, &version)),
        Step::Withdraw => drop(world.does(who, |tx, act| withdraw(tx, act, &version, if_match))),
        Step::Revise(n) => {
            let input = Revise { version, number: format!("1.{n}.0").parse().unwrap(), if_match };
            drop(world.does(who, |tx, act| revise(tx, act, &input)));
        }
        Step::Yank => {
            let input = Yank { version, if_match, reason: "bad".to_owned() };
            drop(world.does(who, |tx, act| yank(tx, act, &input)));
        }
        Step::Unyank => drop(world.does(who, |tx, act| unyank(tx, act, &version, if_match))),
        _ => {
            let input = Rollback { version, if_match, reason: "back".to_owned() };
            drop(world.does(who, |tx, act| rollback(tx, act, &input)));
        }
    }
}

fn holds(world: &World) -> Result<(), StoreError> {
    world.scratch.read(|tx| {
        let mut published = std::collections::BTreeMap::new();
        for row in all_extensions(tx)? {
            let versions = versions::list(tx, row.id)?;
            assert!(versions.iter().filter(|version| version.stage == Stage::Draft).count() <= 1, "two drafts");
            for version in &versions {
                let newest = reviews::newest_of_version(tx, version.id)?;
                let open = reviews::open_of_extension(tx, row.id)?;
                let open = open.iter().filter(|review| review.version == version.id).count();
                let waits = [StageName::Checking, StageName::Ready, StageName::Review].contains(&version.stage.name());
                assert_eq!(open, usize::from(waits), "open reviews of a version that is {:?}", version.stage);
                assert_eq!(version.submitted_ever, newest.is_some());
                let Some(review) = newest else { continue };
                assert_eq!((review.stage, review.sha256), (version.stage.name(), version.code.sha256));
                assert_eq!(review.claim.is_some(), version.stage.name() == StageName::Review);
                if let Some(claim) = review.claim_at(world.now()) {
                    assert!(claim.by != row.owner && claim.by != review.author, "reviews their own");
                    assert!(review.first_approval.is_none_or(|first| first.by != claim.by), "approves twice");
                }
                if review.end.as_ref().is_some_and(|end| end.outcome == ReviewOutcome::Published) {
                    *published.entry(review.author).or_insert(0_u32) += 1;
                }
            }
            if let Some(head) = &row.head {
                let version = versions.iter().find(|version| version.id == head.version).expect("the head exists");
                assert_eq!(version.stage.name(), StageName::Published, "the head is published");
                assert_eq!(version.number, head.number);
                let newest = crate::store::channels::newest(tx, row.id, 1)?;
                assert_eq!(newest[0].number, head.revision.unsigned_abs());
                assert_eq!(newest[0].version_id, head.version);
            }
        }
        for who in [&world.ada, &world.ben, &world.mia, &world.max] {
            let record = crate::store::reputation::record(tx, &who.account, Timestamp::from_ms(i64::MAX))?;
            let expected: u32 = published.get(&who.account.id).copied().unwrap_or(0);
            assert_eq!(record.published, i64::from(expected), "published versions are events");
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_anyone_does_breaks_what_must_hold(
        steps in prop::collection::vec((any_step(), 0_usize..10, any::<prop::sample::Index>(), 0_u8..3), 60..200),
    ) {
        let world = World::new();
        for (taken, who, at, tail) in &steps {
            let who = [&world.ada, &world.ben, &world.mia, &world.max].get(*who).copied();
            step(&world, who, taken, at.index(64), *tail);
            holds(&world).unwrap();
        }
        world.verify();
    }
}
