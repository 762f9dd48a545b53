//! The marketplace before anything is killed: maintainers with tokens, and submissions that wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use skydeck::domain::account::{Account, Caller, Rights, Role};
use skydeck::domain::id::TokenId;
use skydeck::domain::package::Package as Parsed;
use skydeck::domain::time::Timestamp;
use skydeck::market::{
    self, Act, By, CreateAccount, CreateToken, IfMatch, Import, RecordChecks, Recorded, Refused, VersionRef,
};
use skydeck::store::{Store, StoreError, StoredBlob, Tx, events};
use tokio::task::JoinSet;

use super::Size;
use crate::harness::{Package, one_reviewer_is_enough};

/// Submissions of one author: each decision moves all that the author has in the queue.
const OF_ONE_AUTHOR: usize = 5;
/// Submissions written in one transaction.
const AT_ONCE: usize = 25;
/// Transactions under way at once.
const LANES: usize = 4;

pub struct Ground {
    pub maintainers: Vec<Member>,
    /// Every review, with the revision from which it waits for a maintainer.
    pub reviews: BTreeMap<String, i64>,
    pub newest_event: i64,
}

pub struct Member {
    pub id: String,
    pub name: String,
    pub secret: String,
}

/// What submissions are made of.
struct Clay {
    now: Timestamp,
    blob: StoredBlob,
    size: Size,
}

pub async fn fill(store: &Store, size: Size) -> Ground {
    one_reviewer_is_enough(store).await;
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = Timestamp::from_ms(i64::try_from(since.as_millis()).expect("a time"));
    let maintainers = store.write(move |tx| (0..size.maintainers).map(|number| member(tx, now, number)).collect());
    let maintainers: Vec<Member> =
        maintainers.await.map_err(|refused: Refused| format!("{refused:?}")).expect("maintainers");
    let blob = store.blobs().put(Package::greeter("x").code()).await.expect("a blob");
    let clay = Arc::new(Clay { now, blob, size });
    let mut reviews = BTreeMap::new();
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let (store, clay) = (store.clone(), clay.clone());
        lanes.spawn(async move {
            let mut made = Vec::new();
            for first in (lane * AT_ONCE..clay.size.submissions).step_by(LANES * AT_ONCE) {
                let clay = clay.clone();
                let written = store.write(move |tx| batch(tx, &clay, first)).await;
                made.extend(written.map_err(|refused| format!("{refused:?}")).expect("submissions"));
            }
            made
        });
    }
    for lane in lanes.join_all().await {
        reviews.extend(lane);
    }
    assert_eq!(reviews.len(), size.submissions);
    let newest_event = store.read(events::newest).await.map_err(|error: StoreError| error.to_string());
    Ground { maintainers, reviews, newest_event: newest_event.expect("a number") }
}

/// One seed for each thing that is made.
fn act(by: By, now: Timestamp, what: u8, number: usize) -> Act {
    let mut seed = [what; 32];
    seed[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Act { by, now, seed }
}

fn member(tx: &mut Tx, now: Timestamp, number: usize) -> Result<Member, Refused> {
    let name = format!("maintainer-{number}");
    let account = account(tx, now, &name, Role::Maintainer, number)?;
    let secret = format!("sky_{number:0>43}");
    let token = CreateToken { name: "chaos".to_owned(), rights: None, expires_at: None };
    market::create_token_for(tx, &act(By::LocalOperator, now, 2, number), account.id, &token, &secret)?;
    Ok(Member { id: account.id.to_string(), name, secret })
}

fn account(tx: &mut Tx, now: Timestamp, name: &str, role: Role, number: usize) -> Result<Account, Refused> {
    let what = if role == Role::User { 3 } else { 1 };
    let input = CreateAccount { name: name.parse().expect("a name"), role, verified: true };
    market::create_account(tx, &act(By::LocalOperator, now, what, number), &input)
}

fn batch(tx: &mut Tx, clay: &Clay, first: usize) -> Result<Vec<(String, i64)>, Refused> {
    let mut made = Vec::new();
    for start in (first..clay.size.submissions.min(first + AT_ONCE)).step_by(OF_ONE_AUTHOR) {
        let author = account(tx, clay.now, &format!("author-{start}"), Role::User, start)?;
        for number in start..clay.size.submissions.min(start + OF_ONE_AUTHOR) {
            made.push(submission(tx, clay, &author, number)?);
        }
    }
    Ok(made)
}

fn submission(tx: &mut Tx, clay: &Clay, author: &Account, number: usize) -> Result<(String, i64), Refused> {
    let first = act(By::System, clay.now, 4, number);
    let token = TokenId::mint(clay.now, &mut first.entropy());
    let by = || By::Caller(Caller { account: author.clone(), token, rights: Rights::of_role(Role::User) });
    let package = Parsed::parse(&Package::greeter(&format!("Extension {number}")).bytes()).expect("a package");
    let version = package.manifest.number.clone();
    let import =
        Import { package, blob: clay.blob.clone(), slug: Some(format!("extension-{number}").parse().expect("a slug")) };
    let imported = market::import(tx, &act(by(), clay.now, 5, number), &import)?;
    let wanted =
        VersionRef { extension: imported.extension.slug.to_string().parse().expect("a slug"), number: version };
    let submitted = market::submit(tx, &act(by(), clay.now, 6, number), &wanted, IfMatch::Any)?;
    let review = submitted.review;
    // The checks change a review once, whoever runs them.
    let waiting = (review.id.to_string(), review.revision + 1);
    if clay.size.checked_by_nodes.is_some_and(|share| number.is_multiple_of(share)) {
        return Ok(waiting);
    }
    let seed = act(By::System, clay.now, 7, number).seed;
    let checks = RecordChecks {
        review: review.id,
        sha256: review.sha256,
        records: vec![],
        reports: vec![],
        now: clay.now,
        seed,
    };
    match market::record_checks(tx, &checks)? {
        Recorded::Ready(row) => assert_eq!(row.revision, waiting.1),
        other => panic!("{other:?}"),
    }
    Ok(waiting)
}
