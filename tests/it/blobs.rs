//! Code in a bucket: kept and given back byte for byte through a store that fails, cuts and lies, or refused with what to do.

mod faulty_store;

use std::path::Path;
use std::time::{Duration, SystemTime};

use skydeck::domain::digest::Sha256Digest;
use skydeck::domain::limits::BLOB_ATTEMPTS_MAX;
use skydeck::domain::time::Timestamp;
use skydeck::server::clock::Clock;
use skydeck::server::{ServerConfig, first_start, serve};
use skydeck::store::{BlobOp, BlobOutcome, BlobPlace, Patience, Store, StoreConfig, StoreError};

use crate::cli::program::{Program, fixture};
use crate::harness::{answer, raw_client};
use faulty_store::{Fault, FaultyStore, Plan};

/// More attempts than faults in a row can use up, and short pauses.
fn patient() -> Patience {
    Patience { attempts_max: 24, backoff_ms: 1, ..Patience::default() }
}

/// As many attempts as a server makes, and short pauses.
fn brief() -> Patience {
    Patience { backoff_ms: 1, ..Patience::default() }
}

fn open(folder: &Path, place: BlobPlace) -> Store {
    Store::open(StoreConfig { blob_place: Some(place), ..StoreConfig::in_folder(folder) }).unwrap()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}

fn key_of(sha256: Sha256Digest) -> String {
    let name = sha256.to_string();
    format!("market/sha256/{}/{name}", &name[..2])
}

/// Codes that differ in size and content.
fn codes() -> Vec<Vec<u8>> {
    let sizes = [1_usize, 2, 100, 40_000, 300_000];
    sizes.iter().map(|size| (0..*size).map(|place| (place * 31 + size).to_le_bytes()[0]).collect()).collect()
}

#[tokio::test]
async fn codes_come_back_whole_through_a_store_that_fails_cuts_and_lies() {
    for seed in [1, 7, 0x5eed] {
        let Some(s3) = FaultyStore::start() else { return };
        eprintln!("seed {seed}");
        s3.set(Plan::Sometimes(seed));
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), s3.place(patient()));
        let mut kept = Vec::new();
        for code in codes() {
            let sha256 = store.put_blob(code.clone()).await.unwrap().sha256();
            assert_eq!(s3.direct("GET", &key_of(sha256)), (200, code.clone()), "the store has it as it was");
            for _ in 0..3 {
                assert_eq!(store.blobs().get(sha256).await.as_ref(), Ok(&code));
            }
            kept.push(sha256);
        }
        let nothing = Sha256Digest::of(b"nothing");
        assert_eq!(store.blobs().get(nothing).await, Err(StoreError::BlobMissing(nothing)));
        assert_eq!(store.blobs().exists(nothing).await, Ok(false));
        assert_eq!(store.blobs().exists(kept[0]).await, Ok(true));
        let stats = store.blobs().stats();
        assert!(stats.retries > 0 && stats.mismatches > 0, "the proxy did nothing: {stats:?}");
        assert_eq!(stats.count(BlobOp::Put, BlobOutcome::Failed), 0);
        assert_eq!(stats.bytes_written, codes().iter().map(|code| code.len() as u64).sum::<u64>());

        // Lists carry no digest, so one that came damaged may name a code wrongly; the sweep asks again for each.
        s3.set(Plan::Never);
        let mut listed: Vec<Sha256Digest> =
            store.blobs().list().await.unwrap().iter().map(|found| found.sha256).collect();
        listed.sort_by_key(ToString::to_string);
        kept.sort_by_key(ToString::to_string);
        assert_eq!(listed, kept);
        assert_eq!(store.sweep_blobs(now()).await.unwrap().blobs, 0, "all is young");
        s3.set(Plan::Sometimes(seed + 1));
        store.sweep_blobs(now().plus_ms(25 * 3_600_000)).await.unwrap();
        s3.set(Plan::Never);
        store.sweep_blobs(now().plus_ms(25 * 3_600_000)).await.unwrap();
        assert_eq!(store.blobs().list().await, Ok(Vec::new()), "a day later nothing names them");
    }
}

#[tokio::test]
async fn what_stays_damaged_or_away_is_told_and_never_given_out() {
    let Some(s3) = FaultyStore::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), s3.place(brief()));
    let code = vec![5_u8; 1_000];
    let sha256 = store.put_blob(code.clone()).await.unwrap().sha256();
    for fault in [Fault::WrongByte, Fault::Shortened] {
        s3.set(Plan::Always(fault));
        let got = store.blobs().get(sha256).await;
        assert!(matches!(got, Err(StoreError::BlobCorrupt { wanted, .. }) if wanted == sha256), "{fault:?}: {got:?}");
    }
    assert_eq!(store.blobs().stats().mismatches, u64::from(2 * BLOB_ATTEMPTS_MAX));
    for fault in [Fault::Cut, Fault::HungUp, Fault::Refused(500), Fault::Refused(503)] {
        s3.set(Plan::Always(fault));
        let got = store.blobs().get(sha256).await;
        assert!(matches!(got, Err(StoreError::Blobs { .. })), "{fault:?}: {got:?}");
    }
    for fault in [Fault::Refused(503), Fault::HungUp, Fault::DoneAndRefused, Fault::ReadOnly] {
        s3.set(Plan::Always(fault));
        let put = store.put_blob(b"not acknowledged".to_vec()).await;
        let told = put.expect_err("it was refused").to_string();
        assert!(!told.contains("s3cret") && !told.contains("AKIA"), "{told}");
    }
    s3.set(Plan::Never);
    assert_eq!(store.blobs().get(sha256).await, Ok(code), "it is back by itself");

    // A store that never answers is given up after the bounds.
    let hasty = Patience { attempts_max: 2, attempt_ms: 500, ..brief() };
    let impatient = skydeck::store::Blobs::open(&s3.place(hasty)).unwrap();
    s3.set(Plan::Always(Fault::Silent));
    let told = impatient.get(sha256).await.unwrap_err().to_string();
    assert!(told.contains("did not answer within 500 ms"), "{told}");
    assert_eq!(impatient.stats().retries, 1);
}

#[test]
fn a_bucket_that_cannot_be_used_is_refused_at_the_start_with_what_to_do() {
    let Some(s3) = FaultyStore::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let refused = |place: BlobPlace| {
        let config = StoreConfig { blob_place: Some(place), ..StoreConfig::in_folder(folder.path()) };
        let told = Store::open(config).err().expect("it is refused").to_string();
        assert!(!told.contains("s3cret") && !told.contains("AKIA"), "{told}");
        told
    };
    let missing = refused(s3.place_at("s3://no-such-bucket-here", brief()));
    assert!(missing.contains("no such bucket") && missing.contains("make the bucket"), "{missing}");
    for (fault, what, cure) in [
        (Fault::Denied("SignatureDoesNotMatch"), "credentials are not accepted", "AWS_SECRET_ACCESS_KEY"),
        (Fault::Denied("AccessDenied"), "do not allow it", "get, put, list and delete"),
        (Fault::ReadOnly, "writing", "get, put, list and delete"),
        (Fault::Refused(503), "HTTP status 503", "AWS_ENDPOINT_URL"),
        (Fault::HungUp, "reading store-id", "the network"),
    ] {
        s3.set(Plan::Always(fault));
        let told = refused(s3.place(brief()));
        assert!(told.contains(what) && told.contains(cure), "{fault:?}: {told}");
    }
    s3.set(Plan::Never);
    let nowhere =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let nowhere = nowhere.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let told = refused(BlobPlace::parse(&s3.url(), nowhere).unwrap().with_patience(brief()));
    assert!(told.contains("AWS_ENDPOINT_URL"), "{told}");

    drop(open(folder.path(), s3.place(brief())));
    let other = tempfile::tempdir().unwrap();
    let config = StoreConfig { blob_place: Some(s3.place(brief())), ..StoreConfig::in_folder(other.path()) };
    let told = Store::open(config).err().expect("it is another marketplace's").to_string();
    assert!(told.contains("another marketplace"), "{told}");
}

#[tokio::test]
async fn a_server_whose_bucket_goes_away_says_so_and_recovers_by_itself() {
    let Some(s3) = FaultyStore::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), s3.place(Patience { attempts_max: 2, ..brief() }));
    let server = serve(ServerConfig::default(), store.clone()).await.unwrap();
    let secret = first_start(&store, &Clock::System).await.unwrap().unwrap().secret;
    let ask = |path: &str| raw_client().get(format!("{}{path}", server.url())).bearer_auth(secret.reveal());
    let ready_as = async |status: u16| {
        let waited = tokio::time::timeout(Duration::from_mins(1), async {
            loop {
                let told = answer(ask("/readyz")).await;
                if told.status == status {
                    return told;
                }
            }
        });
        waited.await.unwrap_or_else(|_| panic!("/readyz is never {status}"))
    };
    ready_as(200).await;
    s3.set(Plan::Always(Fault::ReadOnly));
    let told = ready_as(503).await;
    assert_eq!(told.code(), "blobs_unavailable");
    let detail = told.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("do not allow it") && detail.contains("get, put, list and delete"), "{detail}");
    assert!(!detail.contains(s3.bucket()) && !told.header("retry-after").is_empty(), "{told:?}");
    s3.set(Plan::Always(Fault::HungUp));
    assert_eq!(ready_as(503).await.code(), "blobs_unavailable");
    let counted = answer(ask("/metrics")).await.text;
    let failed = |line: &str| line.starts_with("skydeck_blob_operations_total{op=\"probe\",outcome=\"failed\"}");
    assert!(counted.lines().any(|line| failed(line) && !line.ends_with(" 0")), "{counted}");
    s3.set(Plan::Never);
    ready_as(200).await;
    server.shut_down().await;
}

#[test]
fn from_submission_to_export_through_a_store_that_fails_cuts_and_lies() {
    let Some(s3) = FaultyStore::start() else { return };
    let seed = 0xc0de;
    eprintln!("seed {seed}");
    let program =
        s3.variables().into_iter().fold(Program::on(None), |program, (name, value)| program.with(name, value));
    let program = program.with("SKYDECK_BLOBS", s3.url());
    s3.set(Plan::Sometimes(seed));
    let served = program.serve();
    let program = program.with("SKYDECK_SERVER", served.url.clone());
    let author = program.with("SKYDECK_TOKEN", served.token.clone().unwrap());
    let package = fixture("extensions/dice/dice.skypkg");
    let submitted = author.json(&["submit", &package, "--wait"]);
    assert_eq!(submitted["version"]["stage"], "ready", "{submitted}");
    let review = author.json(&["queue", "stage:ready"])["items"][0]["review_id"].as_str().unwrap().to_owned();
    author.succeed(&["admin", "account", "create", "mia", "--role", "maintainer"]);
    let made = author.json(&["admin", "token", "create", "mia"]);
    let reviewer = author.with("SKYDECK_TOKEN", made["secret"].as_str().unwrap());
    reviewer.json(&["review", "claim-next"]);
    reviewer.succeed(&["review", "approve", &review, "--yes"]);

    let code_of = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["extension"]["code"].clone();
    let before = code_of(&std::fs::read_to_string(&package).unwrap());
    let first = reviewer.succeed(&["export", "dice", "--number", "1.0.3"]).out;
    assert_eq!(code_of(&first), before, "the code is what was submitted, byte for byte");
    for _ in 0..3 {
        let again = reviewer.succeed(&["export", "dice", "--number", "1.0.3"]).out;
        assert_eq!(code_of(&again), before);
    }
    let (code, log) = served.stop();
    assert!(code == 0 && !log.contains("s3cret"), "{log}");
    assert!(!reviewer.path("data/blobs/sha256").exists(), "no code is in the data folder");

    // Administration on the data folder finds the code where the environment says it is, and a copy says where it is.
    s3.set(Plan::Never);
    let data = reviewer.path("data").display().to_string();
    let copied = reviewer.succeed(&["admin", "backup", "copy", "--data", &data]);
    assert!(copied.out.contains("The code is NOT in this backup") && copied.out.contains(&s3.url()), "{copied:?}");
    reviewer.succeed(&["admin", "doctor", "--data", &data]);
    let restored = reviewer.succeed(&["admin", "restore", "--from", "copy", "--data", "again"]);
    assert!(restored.out.contains("Code was not restored") && restored.out.contains(&s3.url()), "{restored:?}");
}

#[test]
fn a_place_that_makes_no_sense_or_shows_a_secret_is_refused_wherever_it_is_named() {
    let url = "s3://me:s3cret@codes/x";
    let refused = |ran: crate::cli::program::Ran, place: &str| {
        ran.expect(3, &[place, "AWS_SECRET_ACCESS_KEY"]);
        assert!(!ran.error.contains("s3cret"), "{ran:?}");
    };
    refused(Program::on(None).run(&["serve", "--blobs", url]), "--blobs");
    refused(Program::on(None).with("SKYDECK_BLOBS", url).run(&["serve"]), "SKYDECK_BLOBS");
    let program = Program::on(None);
    program.file("config/config.toml", format!("blobs = \"{url}\"\n"));
    refused(program.run(&["serve"]), "config.toml");
    let plain = Program::on(None).with("AWS_ENDPOINT_URL", "http://s3.example.org").with("SKYDECK_BLOBS", "s3://codes");
    plain.run(&["serve"]).expect(3, &["in the open", "AWS_ALLOW_HTTP"]);
    Program::on(None).run(&["serve", "--blobs", "file:///nowhere/at/all"]).expect(10, &["file:///nowhere", "mount"]);
}

#[test]
fn a_named_folder_holds_the_code_of_every_command() {
    let program = Program::on(None);
    std::fs::create_dir_all(program.path("shared")).unwrap();
    let url = format!("file://{}", program.path("shared").display());
    program.file("config/config.toml", format!("blobs = \"{url}\"\n"));
    let served = program.serve();
    let program = program.with("SKYDECK_SERVER", served.url.clone());
    let program = program.with("SKYDECK_TOKEN", served.token.clone().unwrap());
    program.succeed(&["submit", &fixture("extensions/dice/dice.skypkg"), "--wait"]);
    served.stop();
    assert!(program.path("shared/sha256").exists() && program.path("shared/store-id").exists());
    let data = program.path("data").display().to_string();
    program.succeed(&["admin", "doctor", "--data", &data]);
    let copied = program.json(&["admin", "backup", "copy", "--data", &data]);
    assert_eq!(copied["blobs"], 1);

    // The settings are gone, and with them the place: nothing is served from an empty folder.
    std::fs::remove_file(program.path("config/config.toml")).unwrap();
    let lost = program.run(&["serve", "--listen", "127.0.0.1:0"]);
    lost.expect(10, &["are not in it", "SKYDECK_BLOBS"]);
}
