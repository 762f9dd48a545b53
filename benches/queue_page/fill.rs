//! A believable queue of any length, written through the store's own nouns.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::json;
use skydeck::domain::account::{Account, Role};
use skydeck::domain::extension::{Listing, Tier};
use skydeck::domain::finding::Severity;
use skydeck::domain::id::{AccountId, Entropy, ExtensionId, ReviewId, VersionId};
use skydeck::domain::kind::Kind;
use skydeck::domain::manifest::Runtime;
use skydeck::domain::policy::{ApprovalsNeeded, Policy};
use skydeck::domain::priority::Standing;
use skydeck::domain::scope::{Scope, ScopeSet};
use skydeck::domain::stage::{Stage, StageName};
use skydeck::domain::time::Timestamp;
use skydeck::domain::version::VersionNumber;
use skydeck::server::clock::Clock;
use skydeck::server::first_start;
use skydeck::store::extensions::ExtensionRow;
use skydeck::store::reviews::{Claim, ReviewRow};
use skydeck::store::versions::VersionRow;
use skydeck::store::{Store, StoreConfig, StoreError, StoredBlob, Tx, accounts, blobs, extensions, reviews, versions};

/// Rows of one transaction.
const BATCH: usize = 2_000;
/// Accounts that submit, unless another number is asked for.
const AUTHORS: usize = 400;
/// Over how long they submitted.
const DAYS: i64 = 6;
const DAY_MS: i64 = 86_400_000;

const WORDS: [&str; 16] = [
    "role", "raid", "dice", "welcome", "star", "casino", "mail", "feed", "poll", "level", "music", "ticket", "quote",
    "ban", "clean", "giveaway",
];
const THINGS: [&str; 8] = ["menu", "shield", "card", "board", "helper-bot", "tracker", "log", "desk"];

/// What every row refers to.
struct Ground {
    now: Timestamp,
    policy: Policy,
    authors: Vec<Account>,
    maintainer: Account,
    blob: StoredBlob,
}

/// Fills a new data folder with that many waiting versions; gives an administrator's token.
pub fn fill(folder: &Path, size: usize) -> Result<String> {
    fill_by(folder, size, AUTHORS)
}

/// The same with versions of so many authors.
pub fn fill_by(folder: &Path, size: usize, authors: usize) -> Result<String> {
    let store = Store::open(StoreConfig::in_folder(folder))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let token = runtime.block_on(write_all(&store, size, authors))?;
    store.close();
    Ok(token)
}

async fn write_all(store: &Store, size: usize, authors: usize) -> Result<String> {
    let clock = Clock::System;
    let administrator = first_start(store, &clock).await.map_err(|problem| anyhow!("{problem:?}"))?;
    let token = administrator.ok_or_else(|| anyhow!("the folder was in use before"))?.secret;
    let code = std::fs::read("fixtures/extensions/welcome/main.wasm")?;
    let blob = store.blobs().put(code).await?;
    let ground = Arc::new(ground(clock.now(), blob, authors)?);
    let shared = ground.clone();
    let written = store.write(move |tx| {
        blobs::record(tx, &shared.blob, shared.now)?;
        shared.authors.iter().chain([&shared.maintainer]).try_for_each(|account| accounts::insert(tx, account))
    });
    written.await?;
    for start in (0..size).step_by(BATCH) {
        let shared = ground.clone();
        let batch = start..(start + BATCH).min(size);
        store.write(move |tx| batch.clone().try_for_each(|number| write_one(tx, &shared, number, size))).await?;
    }
    Ok(token.reveal().to_owned())
}

fn ground(now: Timestamp, blob: StoredBlob, authors: usize) -> Result<Ground> {
    let mut entropy = Entropy::from_seed([1; 32]);
    let mut account = |name: String, role: Role, reputation: usize| {
        anyhow::Ok(Account {
            id: AccountId::mint(now, &mut entropy),
            name: name.parse()?,
            role,
            verified: false,
            suspended: false,
            reputation: u8::try_from(reputation)?,
            created_at: now.plus_ms(-90 * DAY_MS),
            revision: 1,
        })
    };
    let maintainer = account("maria".to_owned(), Role::Maintainer, 80)?;
    let authors = (0..authors).map(|number| account(format!("author{number}"), Role::User, number * 37 % 101));
    let authors = authors.collect::<Result<Vec<_>>>()?;
    Ok(Ground { now, policy: Policy::default(), authors, maintainer, blob })
}

/// Writes one extension with one version that waits.
fn write_one(tx: &mut Tx, ground: &Ground, number: usize, size: usize) -> Result<(), StoreError> {
    let mut seed = [2; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let mut entropy = Entropy::from_seed(seed);
    let dice = entropy.draw();
    let age_ms = DAYS * DAY_MS * i64::try_from(size - number).unwrap_or(1) / i64::try_from(size).unwrap_or(1);
    let submitted_at = ground.now.plus_ms(-age_ms);
    let author = &ground.authors[usize::from(u16::from_le_bytes([dice[0], dice[1]])) % ground.authors.len()];
    let scopes = scopes(&dice);
    let extension = extension(number, author, submitted_at, &mut entropy)?;
    let version = version(&extension, ground, scopes, submitted_at, &mut entropy);
    let review = review(&extension, &version, ground, author, &dice, &mut entropy);
    extensions::insert(tx, &extension)?;
    versions::insert(tx, &version)?;
    reviews::insert(tx, &review)
}

/// Up to six scopes; about one in five declares `ban`.
fn scopes(dice: &[u8; 32]) -> ScopeSet {
    let many = usize::from(dice[2] % 7);
    let drawn = dice[3..3 + many].iter().map(|byte| Scope::ALL[usize::from(*byte) % Scope::ALL.len()]);
    drawn.fold(ScopeSet::EMPTY, ScopeSet::with)
}

fn extension(
    number: usize,
    author: &Account,
    at: Timestamp,
    entropy: &mut Entropy,
) -> Result<ExtensionRow, StoreError> {
    let (word, thing) = (WORDS[number % WORDS.len()], THINGS[number / WORDS.len() % THINGS.len()]);
    let bad = |what: &str| StoreError::Internal(format!("extension {number} has a bad {what}"));
    Ok(ExtensionRow {
        id: ExtensionId::mint(at, entropy),
        slug: format!("{word}-{thing}-{number}").parse().map_err(|_| bad("slug"))?,
        name: format!("The {word} {thing} {number}").parse().map_err(|_| bad("name"))?,
        description: "Keeps a server in order.".parse().map_err(|_| bad("description"))?,
        tags: Vec::new(),
        owner: author.id,
        owner_name: author.name.as_str().to_owned(),
        tier: Tier::Free,
        listing: Listing::Listed,
        offered_to: None,
        head: None,
        submitted_ever: true,
        created_at: at,
        updated_at: at,
        revision: 1,
    })
}

fn version(
    extension: &ExtensionRow,
    ground: &Ground,
    scopes: ScopeSet,
    at: Timestamp,
    entropy: &mut Entropy,
) -> VersionRow {
    let number = VersionNumber::new(1, 0, 0);
    let manifest = json!({
        "number": number, "type": "command", "key": extension.slug.as_str(), "scopes": scopes.names(), "timeout": 2_000,
        "description": "What it does, in the words of its author, who says it at some length.".repeat(6),
    });
    VersionRow {
        id: VersionId::mint(at, entropy),
        extension: extension.id,
        number,
        stage: Stage::Ready { first_approval: None },
        document: json!({"extension": {"name": extension.name.as_str(), "version": manifest}}).to_string(),
        runtime: Runtime::Wasm,
        kinds: vec![Kind::Command],
        scopes,
        code: ground.blob.digests(),
        parent: None,
        source: "{}".to_owned(),
        submitted_ever: true,
        published_at: None,
        created_at: at,
        updated_at: at,
        revision: 2,
    }
}

/// One in ten is claimed.
fn review(
    extension: &ExtensionRow,
    version: &VersionRow,
    ground: &Ground,
    author: &Account,
    dice: &[u8; 32],
    entropy: &mut Entropy,
) -> ReviewRow {
    let maintainer = &ground.maintainer;
    let claim = (dice[30] < 26).then(|| Claim {
        by: maintainer.id,
        by_name: maintainer.name.as_str().to_owned(),
        lease_until: ground.now.plus_ms(DAY_MS),
    });
    let findings = i64::from(dice[31] % 4);
    ReviewRow {
        id: ReviewId::mint(version.created_at, entropy),
        version: version.id,
        extension: extension.id,
        stage: if claim.is_some() { StageName::Review } else { StageName::Ready },
        slug: extension.slug.as_str().to_owned(),
        name: extension.name.as_str().to_owned(),
        number: version.number.clone(),
        author: author.id,
        author_name: author.name.as_str().to_owned(),
        author_reputation: author.reputation,
        runtime: version.runtime,
        kinds: version.kinds.clone(),
        scopes: version.scopes,
        sha256: version.code.sha256,
        submitted_at: version.created_at,
        standing: Standing::place(&ground.policy, version.scopes, author.reputation, 0, version.created_at),
        approvals_needed: ApprovalsNeeded::One,
        claim,
        first_approval: None,
        findings_worst: (findings > 0).then_some(Severity::Warning),
        findings_count: findings,
        notes_count: 0,
        end: None,
        revision: 3,
    }
}
