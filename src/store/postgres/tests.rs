//! PostgreSQL only: what breaks is made anew, many write at once, and what cannot be used is refused with its cure.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::PostgresUrl;
use super::fresh::{self, FreshSchema};
use crate::domain::audit::AuditEntry;
use crate::domain::id::{Entropy, JobId};
use crate::domain::time::Timestamp;
use crate::store::{Audience, NewEvent, OpenError, Store, StoreConfig, StoreError, Tx, audit, jobs, policy, settings};

/// A node of the marketplace in a schema.
pub(super) fn node(schema: &FreshSchema) -> Store {
    node_at(schema, &schema.full_url())
}

/// The same by another way to the server.
pub(super) fn node_at(schema: &FreshSchema, url: &str) -> Store {
    let postgres = Some(url.parse().unwrap());
    Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(schema.folder()) }).unwrap()
}

/// A setting, an audit row and an event.
pub(super) fn logged(tx: &mut Tx, detail: &str) -> Result<(), StoreError> {
    settings::set(tx, detail, "written")?;
    let text = str::to_owned;
    tx.audit(AuditEntry {
        at: Timestamp::from_ms(5),
        actor_kind: text("system"),
        actor_id: String::new(),
        action: text("review.checks"),
        subject_kind: text("version"),
        subject_id: text("v"),
        detail: text(detail),
    });
    let body = serde_json::json!({ "detail": detail });
    tx.event(NewEvent { topic: "queue", audience: Audience::all(), body });
    Ok(())
}

async fn heard(node: &Store, number: i64) {
    let mut newest = node.subscribe_events();
    let heard = tokio::time::timeout(Duration::from_secs(20), newest.wait_for(|known| *known >= number)).await;
    assert_eq!(*heard.expect("the event is heard").unwrap(), number);
}

#[tokio::test]
async fn two_nodes_hear_each_others_events_and_again_after_their_connections_broke() {
    let Some(schema) = fresh::schema() else { return };
    let (first, second) = (node(&schema), node(&schema));
    first.write(|tx| logged(tx, "a")).await.unwrap();
    heard(&second, 1).await;
    second.write(|tx| logged(tx, "b")).await.unwrap();
    heard(&first, 2).await;

    end_all(&schema);
    first.write(|tx| logged(tx, "c")).await.unwrap();
    heard(&second, 3).await;
    let head = second.read(|tx| audit::verify(tx, None)).await.unwrap().unwrap();
    assert_eq!(head.number, 3);
}

/// Ends every connection of the schema's nodes, as a restart of the server does.
fn end_all(schema: &FreshSchema) {
    let name = schema.name();
    schema.run(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}' AND pid <> pg_backend_pid()"
    ));
}

#[tokio::test]
async fn transactions_in_each_others_way_are_run_again_until_all_are_done() {
    let Some(schema) = fresh::schema() else { return };
    let node = node(&schema);
    let add = |tx: &mut Tx, key: &str| {
        let now: i64 = settings::get(tx, key)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        settings::set(tx, key, &(now + 1).to_string())
    };
    node.write(|tx| settings::set(tx, "a", "0").and_then(|()| settings::set(tx, "b", "0"))).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..24 {
        let store = node.clone();
        tasks.spawn(async move {
            let work = move |tx: &mut Tx| {
                let (one, other) = if number % 2 == 0 { ("a", "b") } else { ("b", "a") };
                // Each locks one and then the other, so that two of them lock each other out now and then.
                for key in [one, other] {
                    let lock = tx.row_lock();
                    let sql = format!("SELECT value FROM settings WHERE key = $1{lock}");
                    tx.query_one::<String>(&sql, &[key.into()])?;
                    add(tx, key)?;
                }
                Ok::<_, StoreError>(())
            };
            store.write(work).await
        });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }
    for key in ["a", "b"] {
        assert_eq!(node.read(move |tx| settings::get(tx, key)).await, Ok(Some("24".to_owned())));
    }
}

#[tokio::test]
async fn each_job_is_taken_once_however_many_ask() {
    let Some(schema) = fresh::schema() else { return };
    let nodes = [node(&schema), node(&schema)];
    let now = Timestamp::from_ms(1_000);
    let enqueue = move |tx: &mut Tx| {
        let mut entropy = Entropy::from_seed([1; 32]);
        for _ in 0..40 {
            jobs::enqueue(tx, JobId::mint(now, &mut entropy), "check", "x", now)?;
        }
        Ok::<_, StoreError>(())
    };
    nodes[0].write(enqueue).await.unwrap();
    let mut tasks = JoinSet::new();
    for worker in 0..8 {
        let store = nodes[worker % 2].clone();
        tasks.spawn(async move {
            let mut taken = Vec::new();
            let name = Arc::new(format!("w{worker}"));
            loop {
                let name = name.clone();
                match store.write(move |tx| jobs::take(tx, &name, now, 60_000)).await.unwrap() {
                    Some(job) => taken.push(job.id.to_string()),
                    None => return taken,
                }
            }
        });
    }
    let mut taken = tasks.join_all().await.concat();
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 40);
}

#[tokio::test]
async fn a_statement_that_failed_undoes_its_transaction_even_where_nobody_minded() {
    let Some(schema) = fresh::schema() else { return };
    let node = node(&schema);
    let minded_not = |tx: &mut Tx| {
        settings::set(tx, "x", "y")?;
        let refused = tx.execute("INSERT INTO settings (key, value) VALUES ('x', NULL)", &[]);
        assert!(matches!(&refused, Err(StoreError::Constraint(text)) if text.contains("settings.")), "{refused:?}");
        Ok::<_, StoreError>(())
    };
    let answer = node.write(minded_not).await;
    assert!(matches!(answer, Err(StoreError::Constraint(_))), "{answer:?}");
    assert_eq!(node.read(|tx| settings::get(tx, "x")).await, Ok(None));
    let panicked = node.write(|_| -> Result<(), StoreError> { panic!("on purpose") }).await;
    assert!(matches!(panicked, Err(StoreError::Internal(text)) if text.ends_with("on purpose")));
    assert!(node.read(policy::current).await.is_ok());
}

#[test]
fn what_cannot_be_used_is_refused_with_its_reason_and_cure() {
    let Some(schema) = fresh::schema() else { return };
    let refusal = |url: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("audit.key"), "07".repeat(32)).unwrap();
        let url: PostgresUrl = url.parse().unwrap();
        let config = StoreConfig { postgres: Some(url), ..StoreConfig::in_folder(folder.path()) };
        Store::open(config).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let refused = |url: &str, what: &str, cure: &str| {
        let text = refusal(url);
        assert!(text.contains(what) && text.contains(cure) && !text.contains("s3cret"), "{what}: {text}");
    };
    let base = schema.base();
    let (user, place) = base.split_once('@').unwrap();
    let user = user.rsplit_once(':').map_or(user, |(user, _)| user);
    refused(&format!("{user}:s3cret@{place}"), "password authentication failed", "check the user and the password");
    refused(&format!("{}/no_such_database", base.rsplit_once('/').unwrap().0), "does not exist", "createdb");
    refused("postgres://u:s3cret@127.0.0.1:1/x", "postgres://127.0.0.1:1/x", "check that it runs");
    refused(&format!("{base}?sslmode=require"), "does not support TLS", "?sslmode=disable");
    refused(&format!("{base}?options=-csearch_path%3Dnowhere"), "no schema", "CREATE SCHEMA");

    let url = schema.full_url();
    schema.run("CREATE TABLE songs (title TEXT)");
    refused(&url, "1 tables of another program, such as songs", "schema of its own");
    schema.run("CREATE TABLE migrations (done TEXT)");
    refused(&url, "\"migrations\" is another program's", "another database");
    schema.run("DROP TABLE songs; DROP TABLE migrations");
    drop(node(&schema));
    schema.run("ALTER TABLE notes RENAME TO noted");
    refused(&url, "these tables are missing: notes", "pg_restore");
    schema.run("ALTER TABLE noted RENAME TO notes; UPDATE migrations SET sha256 = 'x' WHERE number = 1");
    refused(&url, "schema step 1", "start the skydeck that wrote it");
    schema.run("INSERT INTO migrations VALUES (900, 'later', 'x', 1)");
    refused(&url, "has schema 900", "start the newer skydeck");
}

#[test]
fn two_nodes_that_start_at_once_make_one_marketplace() {
    let Some(schema) = fresh::schema() else { return };
    let opened: Vec<Store> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| node(&schema))).collect();
        starting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(opened.len(), 3);
    let stranger = tempfile::tempdir().unwrap();
    let config = StoreConfig { postgres: Some(schema.url()), ..StoreConfig::in_folder(stranger.path()) };
    assert!(matches!(Store::open(config), Err(OpenError::KeyMissing { .. })), "a node needs the marketplace's key");
}
