//! What the worker promises: submissions are checked, hostile ones too, and no job is lost or done twice.

use std::sync::Arc;

use base64::Engine as _;

use super::checks::{Checker, LEASE_MS};
use super::rehearse_checks;
use crate::domain::account::{Account, Caller, Rights, Role};
use crate::domain::id::{AccountId, Entropy, ReviewId, TokenId, VersionId};
use crate::domain::package::Package;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;
use crate::market::{self, Act, By, ExtensionRef, IfMatch, Import, VersionRef};
use crate::server::app::App;
use crate::server::clock::Clock;
use crate::server::config::ServerConfig;
use crate::server::membership::Membership;
use crate::server::stop::{Stop, Stopper};
use crate::store::reviews::ReviewRow;
use crate::store::{Store, StoreConfig, StoreError, accounts, findings, jobs, reviews};

const GOOD: &str = r#"(module (func (export "on_command") (result i32) i32.const 0))"#;
const TRAPS: &str = r#"(module (func (export "on_command") (result i32) unreachable))"#;

struct House {
    store: Store,
    clock: Clock,
    author: Account,
    stopper: Stopper,
    stop: Stop,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::in_folder(folder.path())).unwrap();
        let clock = Clock::standing_at(Timestamp::from_ms(1_790_000_000_000));
        let now = clock.now();
        let author = Account {
            id: AccountId::mint(now, &mut Entropy::from_seed([3; 32])),
            name: "ada".parse().unwrap(),
            role: Role::User,
            verified: true,
            suspended: false,
            reputation: 30,
            created_at: now,
            revision: 1,
        };
        let row = author.clone();
        store.write(move |tx| accounts::insert(tx, &row)).await.unwrap();
        let (stopper, stop) = Stopper::new();
        House { store, clock, author, stopper, stop, _folder: folder }
    }

    fn act(&self, seed: u8) -> Act {
        let token = TokenId::mint(self.clock.now(), &mut Entropy::from_seed([4; 32]));
        let caller = Caller { account: self.author.clone(), token, rights: Rights::of_role(Role::User) };
        Act { by: By::Caller(caller), now: self.clock.now(), seed: [seed; 32] }
    }

    /// Imports a package with this module and submits it.
    async fn submit(&self, name: &str, module: &str, seed: u8) -> (VersionId, ReviewId) {
        let code = base64::engine::general_purpose::STANDARD.encode(wat::parse_str(module).unwrap());
        let text = format!(
            r#"{{"package_version":"1.0","extension":{{"name":"{name}","description":"x","code":"{code}",
            "version":{{"number":"1.0.0","type":"command","key":"go"}}}}}}"#
        );
        let package = Package::parse(text.as_bytes()).unwrap();
        let blob = self.store.blobs().put(package.code.bytes.clone()).await.unwrap();
        let input = Arc::new(Import { package, blob, slug: None });
        let act = self.act(seed);
        let imported = self.store.write(move |tx| market::import(tx, &act, &input)).await.unwrap();
        let extension = ExtensionRef::Slug(imported.extension.slug.clone());
        let version = VersionRef { extension, number: imported.version.number.clone() };
        let act = self.act(seed + 100);
        let submitted = self.store.write(move |tx| market::submit(tx, &act, &version, IfMatch::Any)).await.unwrap();
        (submitted.version.id, submitted.review.id)
    }

    fn checker(&self) -> Checker {
        Checker::new(self.store.clone(), self.clock.clone(), 0, self.stop.clone()).unwrap()
    }

    async fn review(&self, id: ReviewId) -> ReviewRow {
        self.store.read(move |tx| reviews::by_id(tx, id)).await.unwrap().unwrap()
    }

    async fn jobs_left(&self) -> jobs::JobCounts {
        self.store.read(jobs::counts).await.unwrap()
    }
}

#[tokio::test]
async fn a_good_submission_becomes_ready_and_a_bad_one_is_rejected_with_its_findings() {
    let house = House::open().await;
    let (_, good) = house.submit("Good One", GOOD, 1).await;
    let (_, bad) = house.submit("Bad One", TRAPS, 2).await;
    let checker = house.checker();
    while let Some(job) = checker.take().await.unwrap() {
        checker.finish(&job).await;
    }
    assert_eq!(house.review(good).await.stage, StageName::Ready);
    assert_eq!(house.review(bad).await.stage, StageName::Rejected);
    assert_eq!(house.jobs_left().await, jobs::JobCounts::default());
    let (rows, reports) = house
        .store
        .read(move |tx| Ok::<_, StoreError>((findings::of_review(tx, bad)?, findings::reports(tx, bad)?)))
        .await
        .unwrap();
    assert!(rows.iter().any(|row| row.rule == "dry_run" && row.evidence.starts_with("trapped")), "{rows:?}");
    assert_eq!(reports.len(), 1);
}

#[tokio::test]
async fn the_running_worker_wakes_up_for_a_submission_and_ends_when_told() {
    let house = House::open().await;
    let worker = tokio::spawn(super::run(house.store.clone(), house.clock.clone(), 2, house.stop.clone()));
    let mut news = house.store.subscribe_events();
    let (_, review) = house.submit("Good One", GOOD, 1).await;
    while house.review(review).await.stage == StageName::Checking {
        news.changed().await.unwrap();
    }
    assert_eq!(house.review(review).await.stage, StageName::Ready);
    house.stopper.request();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_package_that_brings_the_worker_down_is_rejected_in_the_end() {
    let house = House::open().await;
    let (_, review) = house.submit("Crasher", GOOD, 1).await;
    for attempt in 1..=i64::from(crate::domain::policy::ChecksPolicy::default().crashes_max) {
        let crashed = house.checker().take().await.unwrap().unwrap();
        assert_eq!(crashed.attempts, attempt);
        assert_eq!(house.checker().take().await.unwrap(), None, "the lease still holds");
        house.clock.advance_ms(LEASE_MS);
    }
    let checker = house.checker();
    let job = checker.take().await.unwrap().unwrap();
    checker.finish(&job).await;
    assert_eq!(house.review(review).await.stage, StageName::Rejected);
    let rows = house.store.read(move |tx| findings::of_review(tx, review)).await.unwrap();
    assert_eq!((rows.len(), rows[0].rule.as_str()), (1, "checks"));
    assert!(rows[0].message.contains("3 attempts"), "{rows:?}");
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_records_nothing() {
    let house = House::open().await;
    let (_, review) = house.submit("Good One", GOOD, 1).await;
    let (slow, quick) = (house.checker(), house.checker());
    let slow_job = slow.take().await.unwrap().unwrap();
    house.clock.advance_ms(LEASE_MS);
    let quick_job = quick.take().await.unwrap().unwrap();
    slow.finish(&slow_job).await;
    assert_eq!(house.review(review).await.stage, StageName::Checking);
    quick.finish(&quick_job).await;
    assert_eq!(house.review(review).await.stage, StageName::Ready);
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_gives_its_job_back_untried() {
    let house = House::open().await;
    let (_, review) = house.submit("Good One", GOOD, 1).await;
    let checker = house.checker();
    let job = checker.take().await.unwrap().unwrap();
    house.stopper.request();
    checker.finish(&job).await;
    assert_eq!(house.jobs_left().await, jobs::JobCounts { waiting: 1, ..jobs::JobCounts::default() });
    assert_eq!(house.review(review).await.stage, StageName::Checking);
    assert_eq!(house.checker().take().await.unwrap().map(|job| job.attempts), Some(1));
}

#[tokio::test]
async fn checks_of_what_was_withdrawn_are_dropped() {
    let house = House::open().await;
    let (_, review) = house.submit("Good One", GOOD, 1).await;
    let checker = house.checker();
    let job = checker.take().await.unwrap().unwrap();
    let slug = house.review(review).await.slug.parse().unwrap();
    let version = VersionRef { extension: ExtensionRef::Slug(slug), number: "1.0.0".parse().unwrap() };
    let act = house.act(9);
    let withdrawn = house.store.write(move |tx| market::withdraw(tx, &act, &version, IfMatch::Any));
    withdrawn.await.unwrap();
    checker.finish(&job).await;
    assert_eq!(house.review(review).await.stage, StageName::Withdrawn);
    assert_eq!(house.jobs_left().await, jobs::JobCounts::default());
}

#[tokio::test]
async fn a_rehearsal_finds_the_same_and_keeps_nothing() {
    let house = House::open().await;
    let (version, review) = house.submit("Bad One", TRAPS, 1).await;
    let config = ServerConfig { clock: house.clock.clone(), ..ServerConfig::default() };
    let membership = Membership::new(&house.store, &config, "").unwrap();
    let app = App::new(house.store.clone(), config, membership, house.stop.clone());
    let rehearsed = rehearse_checks(&app, version).await.unwrap();
    assert_eq!(rehearsed.state, "failed");
    assert!(rehearsed.findings.iter().any(|finding| finding.rule == "dry_run" && finding.id.is_empty()));
    assert_eq!(rehearsed.runs.len(), 1);
    let kept = house.store.read(move |tx| findings::of_review(tx, review)).await.unwrap();
    assert!(kept.is_empty());
}
