//! A believable catalogue with its decisions, measured runs and installations, written through the store.

use anyhow::{Result, anyhow};
use serde_json::json;
use skydeck::domain::account::{Account, Role};
use skydeck::domain::extension::{Listing, Tier};
use skydeck::domain::id::{AccountId, Entropy, ExtensionId, InstanceId, ReviewId, ServerId, VersionId};
use skydeck::domain::kind::Kind;
use skydeck::domain::manifest::Runtime;
use skydeck::domain::policy::{ApprovalsNeeded, Policy};
use skydeck::domain::priority::Standing;
use skydeck::domain::scope::{Scope, ScopeSet};
use skydeck::domain::stage::{Stage, StageName};
use skydeck::domain::time::Timestamp;
use skydeck::domain::version::VersionNumber;
use skydeck::store::extensions::{ExtensionRow, Head};
use skydeck::store::reviews::{End, ReviewOutcome, ReviewRow};
use skydeck::store::versions::VersionRow;
use skydeck::store::{
    Store, StoreError, StoredBlob, Tx, Value, accounts, blobs, extensions, findings, reviews, versions,
};

/// Extensions with a published version.
pub const EXTENSIONS: usize = 10_000;
/// Decisions about each of them.
const DECISIONS_EACH: i64 = 10;
/// Servers.
pub const SERVERS: usize = 1_000;
/// Extensions installed on each of them.
const INSTALLED_EACH: usize = 100;
/// Extensions of one transaction.
const BATCH: usize = 500;
const DAY_MS: i64 = 86_400_000;

/// What every row refers to.
#[derive(Clone)]
struct Ground {
    now: Timestamp,
    policy: Policy,
    author: Account,
    blob: StoredBlob,
}

/// Fills a new store.
pub async fn fill(store: &Store, now: Timestamp) -> Result<()> {
    let code = std::fs::read("fixtures/extensions/welcome/main.wasm")?;
    let blob = store.blobs().put(code).await?;
    let author = Account {
        id: AccountId::mint(now, &mut Entropy::from_seed([1; 32])),
        name: "author".parse().map_err(|error| anyhow!("{error}"))?,
        role: Role::User,
        verified: true,
        suspended: false,
        reputation: 50,
        created_at: now.plus_ms(-200 * DAY_MS),
        revision: 1,
    };
    let ground = Ground { now, policy: Policy::default(), author, blob };
    let shared = ground.clone();
    store
        .write(move |tx| {
            blobs::record(tx, &shared.blob, shared.now)?;
            accounts::insert(tx, &shared.author)
        })
        .await?;
    for start in (0..EXTENSIONS).step_by(BATCH) {
        let shared = ground.clone();
        store.write(move |tx| (start..start + BATCH).try_for_each(|number| write_one(tx, &shared, number))).await?;
    }
    // Only what waits is listed by its scopes.
    store.write(|tx| tx.execute("DELETE FROM review_scopes", &[])).await?;
    let shared = ground.clone();
    store.write(move |tx| servers(tx, &shared)).await?;
    Ok(())
}

fn entropy(number: usize) -> Entropy {
    let mut seed = [2; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    Entropy::from_seed(seed)
}

fn id_of(number: usize, ground: &Ground) -> ExtensionId {
    ExtensionId::mint(ground.now.plus_ms(-100 * DAY_MS), &mut entropy(number))
}

/// Writes one published extension with the decisions about it and what its dry run used.
fn write_one(tx: &mut Tx, ground: &Ground, number: usize) -> Result<(), StoreError> {
    let mut entropy = entropy(number + EXTENSIONS);
    let dice = entropy.draw();
    let many = usize::from(dice[2] % 7);
    let drawn = dice[3..3 + many].iter().map(|byte| Scope::ALL[usize::from(*byte) % Scope::ALL.len()]);
    let scopes = drawn.fold(ScopeSet::EMPTY, ScopeSet::with);
    let at = ground.now.plus_ms(-DAY_MS * i64::from(dice[10] % 80 + 1));
    let bad = |what: &str| StoreError::Internal(format!("extension {number} has a bad {what}"));
    let (version_id, first) = (VersionId::mint(at, &mut entropy), VersionNumber::new(1, 0, 0));
    let extension = ExtensionRow {
        id: id_of(number, ground),
        slug: format!("thing-{number}").parse().map_err(|_| bad("slug"))?,
        name: format!("The thing {number}").parse().map_err(|_| bad("name"))?,
        description: "Keeps a server in order.".parse().map_err(|_| bad("description"))?,
        tags: Vec::new(),
        owner: ground.author.id,
        owner_name: ground.author.name.as_str().to_owned(),
        tier: Tier::Free,
        listing: Listing::Listed,
        offered_to: None,
        head: Some(Head { version: version_id, number: first.clone(), revision: 1 }),
        submitted_ever: true,
        created_at: at,
        updated_at: at,
        revision: 1,
    };
    let version = VersionRow {
        id: version_id,
        extension: extension.id,
        number: first,
        stage: Stage::Published { at, yanked: None },
        document: json!({"extension": {"name": extension.name.as_str(), "about": "At some length. ".repeat(40)}})
            .to_string(),
        runtime: Runtime::Wasm,
        kinds: vec![Kind::Command],
        scopes,
        code: ground.blob.digests(),
        parent: None,
        source: "{}".to_owned(),
        submitted_ever: true,
        published_at: Some(at),
        created_at: at,
        updated_at: at,
        revision: 2,
    };
    extensions::insert(tx, &extension)?;
    versions::insert(tx, &version)?;
    for decision in 0..DECISIONS_EACH {
        let row = review(&extension, &version, ground, at.plus_ms(-3_600_000 * decision), &mut entropy);
        reviews::insert(tx, &row)?;
        if decision == 0 {
            let fuel = u64::from(dice[11]) * 3_000_000;
            let report = json!({ "result": { "outcome": { "kind": "finished" }, "fuel": fuel,
                "memory_bytes_peak": u64::from(dice[12]) << 18, "trace": vec!["a call of a host function"; 40] } });
            findings::insert_report(tx, row.id, "command", &report.to_string())?;
        }
    }
    Ok(())
}

fn review(
    extension: &ExtensionRow,
    version: &VersionRow,
    ground: &Ground,
    at: Timestamp,
    entropy: &mut Entropy,
) -> ReviewRow {
    let author = &ground.author;
    ReviewRow {
        id: ReviewId::mint(at, entropy),
        version: version.id,
        extension: extension.id,
        stage: StageName::Published,
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
        submitted_at: at,
        standing: Standing::place(&ground.policy, version.scopes, author.reputation, 0, at),
        approvals_needed: ApprovalsNeeded::One,
        claim: None,
        first_approval: None,
        findings_worst: None,
        findings_count: 0,
        notes_count: 0,
        end: Some(End { outcome: ReviewOutcome::Published, at: at.plus_ms(40 * 3_600_000), by_name: None }),
        revision: 3,
    }
}

/// Writes the servers and what is installed on them, with no more in it than counting needs.
fn servers(tx: &mut Tx, ground: &Ground) -> Result<(), StoreError> {
    let mut entropy = Entropy::from_seed([9; 32]);
    let (now, owner) = (ground.now, ground.author.id);
    let instance = InstanceId::mint(now, &mut entropy).to_string();
    let text = |text: &str| Value::from(text);
    tx.execute(
        "INSERT INTO instances (id, name, account_id, created_ms, revision) VALUES ($1, 'shard', $2, $3, 1)",
        &[text(&instance), owner.into(), now.into()],
    )?;
    for server in 0..SERVERS {
        let id = ServerId::mint(now, &mut entropy).to_string();
        let (guild, tier) = (format!("guild-{server}"), ["free", "plus", "pro"][server % 3]);
        tx.execute(
            "INSERT INTO servers (id, guild, name, owner_id, managers, tier, instance_id, created_ms, revision) \
             VALUES ($1, $2, $2, $3, '', $4, $5, $6, 1)",
            &[text(&id), text(&guild), owner.into(), text(tier), text(&instance), now.into()],
        )?;
        for place in 0..INSTALLED_EACH {
            let number = (server * 37 + place * 97) % EXTENSIONS;
            tx.execute(
                "INSERT INTO installations (id, server_id, extension_id, slug, state, data, follow, stage, attempts, \
                 created_ms, updated_ms, revision) VALUES ($1, $2, $3, 'thing', 'active', '{}', '{}', '', 0, $4, $4, 1)",
                &[text(&format!("{id}-{place}")), text(&id), id_of(number, ground).into(), now.into()],
            )?;
        }
    }
    Ok(())
}
