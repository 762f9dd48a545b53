//! The database at a server's start and during its life: what is refused and how it is said, and what is answered while
//! the database says no.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::Method;
use serde_json::json;
use skydeck::server::clock::Clock;
use skydeck::server::{RunningServer, ServerConfig, first_start, serve};
use skydeck::store::{Store, StoreConfig};

use crate::cli::program::{Program, Ran};
use crate::cluster::Cluster;
use crate::harness::{Answer, Server, answer, raw_client};
use crate::schema::{Schema, is_left_out};

/// How long recovering may take; reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn serve_on(url: &str) -> Ran {
    Program::on(None).with("SKYDECK_DATABASE_URL", url).run(&["serve", "--listen", "127.0.0.1:0"])
}

/// It is refused as a thing of this machine's environment, and no password is shown.
fn refused(url: &str, parts: &[&str]) {
    let ran = serve_on(url);
    ran.expect(10, parts);
    assert!(!ran.error.contains("s3cret") && !ran.out.contains("listening"), "{ran:?}");
}

#[test]
fn a_database_that_cannot_be_reached_or_entered_is_named_with_what_to_do() {
    let Some(schema) = Schema::make() else { return };
    let (user, place) = schema.base().split_once('@').unwrap();
    let name = user.rsplit_once(':').map_or(user, |(name, _)| name);
    refused(&format!("{name}:s3cret@{place}"), &["password authentication failed", "check the user and the password"]);
    refused("postgres://u:s3cret@127.0.0.1:1/x", &["postgres://127.0.0.1:1/x", "check that it runs"]);
    refused(&format!("{user}@{}/none", place.split('/').next().unwrap()), &["does not exist", "createdb"]);
    let mark = if schema.base().contains('?') { '&' } else { '?' };
    refused(&format!("{}{mark}options=-csearch_path%3Dnowhere", schema.base()), &["no schema", "CREATE SCHEMA"]);

    // A server without TLS says N when it is asked for it (PostgreSQL, "SSL Session Encryption").
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(b"N").unwrap();
        request
    });
    refused(&format!("postgres://u:s3cret@{address}/x?sslmode=require"), &["does not support TLS", "?sslmode=disable"]);
    assert_eq!(
        asked.join().unwrap()[4..],
        80_877_103_u32.to_be_bytes(),
        "TLS was asked for, and nothing else was said"
    );
}

#[test]
fn a_database_of_another_program_or_time_is_refused_and_left_as_it_is() {
    let Some(schema) = Schema::make() else { return };
    let url = schema.url();
    schema.run("CREATE TABLE songs (title TEXT)");
    refused(&url, &["1 tables of another program, such as songs", "schema of its own"]);
    schema.run("DROP TABLE songs");
    let program = Program::on(Some(schema));
    program.serve().stop();
    let schema = program.schema();
    let again = || program.run(&["serve", "--listen", "127.0.0.1:0"]);
    for (change, parts, back) in [
        (
            "ALTER TABLE notes RENAME TO noted",
            ["these tables are missing: notes", "pg_restore"],
            "ALTER TABLE noted RENAME TO notes",
        ),
        (
            "INSERT INTO migrations VALUES (900, 'later', 'x', 1)",
            ["has schema 900", "start the newer skydeck"],
            "DELETE FROM migrations WHERE number = 900",
        ),
        (
            "ALTER TABLE migrations RENAME sha256 TO sha1",
            ["\"migrations\" is another program's", "another database"],
            "ALTER TABLE migrations RENAME sha1 TO sha256",
        ),
    ] {
        schema.run(change);
        again().expect(10, &parts);
        schema.run(back);
    }
    let key = std::fs::read(program.path("data/audit.key")).unwrap();
    program.file("data/audit.key", "07".repeat(32));
    again().expect(10, &["is not the one this database was made with", "SKYDECK_AUDIT_KEY_FILE"]);
    std::fs::remove_file(program.path("data/audit.key")).unwrap();
    again().expect(10, &["audit.key is missing", "put the file back"]);
    program.file("data/audit.key", key);
    program.serve().stop();
}

/// An authority, and a certificate of its for a name, as PEM files that PostgreSQL finds by itself.
fn certify(cluster: &Cluster, name: &str) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "our authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    hand_over(&cluster.data(), "server.crt", &certificate.pem());
    hand_over(&cluster.data(), "server.key", &key.serialize_pem());
    authority.pem()
}

/// A file that belongs to whom the folder belongs to, and nobody else reads.
fn hand_over(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let owner = std::fs::metadata(folder).unwrap();
    chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

#[test]
fn an_encrypted_database_is_used_where_its_certificate_is_trusted_and_only_there() {
    let Some(cluster) = Cluster::start() else { return };
    let authority = certify(&cluster, "127.0.0.1");
    cluster.run("CREATE ROLE far LOGIN PASSWORD 's3cret'");
    cluster.run("GRANT ALL ON SCHEMA public TO far");
    let rules = "hostssl all far 127.0.0.1/32 scram-sha-256\nhost all skydeck 127.0.0.1/32 trust\n";
    hand_over(&cluster.data(), "pg_hba.conf", rules);
    let turn_on = || {
        cluster.run("ALTER SYSTEM SET ssl = on");
        cluster.run("SELECT pg_reload_conf()");
    };
    turn_on();
    let place = cluster.url().split_once('@').unwrap().1.to_owned();
    let url = format!("postgres://far:s3cret@{place}?sslmode=require");
    let program = Program::on(None).with("SKYDECK_DATABASE_URL", url.clone());
    let trusted = program.file("ours.pem", &authority);
    // The server reads its settings anew a moment after it was told to.
    let begun = Instant::now();
    while serve_on(&url).error.contains("does not support TLS") {
        assert!(begun.elapsed() < PATIENCE, "TLS was not turned on");
    }
    refused(&url, &["certificate", "SSL_CERT_FILE"]);
    refused(&format!("postgres://far:s3cret@{place}"), &["no pg_hba.conf entry", "pg_hba.conf of the server"]);
    let program = program.with("SSL_CERT_FILE", trusted.clone());
    let served = program.launch("127.0.0.1:0");
    assert!(served.url.starts_with("http://127.0.0.1:"), "{}", served.url);
    let (code, log) = served.stop();
    assert_eq!(code, 0, "{log}");

    // The right authority, and another name.
    let other = certify(&cluster, "db.example.org");
    std::fs::write(&trusted, format!("{authority}{other}")).unwrap();
    cluster.run("SELECT pg_reload_conf()");
    let begun = Instant::now();
    loop {
        let ran = program.run(&["admin", "account", "list", "--data", "data"]);
        if ran.code == 10 && ran.error.contains("not valid for name") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "another name was accepted: {ran:?}");
    }
}

/// A server on a database, and its first token.
async fn on(url: &str, folder: &Path) -> (RunningServer, Store, String) {
    let postgres = Some(url.parse().unwrap());
    let store = Store::open(StoreConfig { postgres, ..StoreConfig::in_folder(folder) }).unwrap();
    let first = first_start(&store, &Clock::System).await.unwrap().unwrap();
    let config = ServerConfig { node_beat_ms: 200, ..ServerConfig::default() };
    let running = serve(config, store.clone()).await.unwrap();
    (running, store, first.secret.reveal().to_owned())
}

async fn write(server: &RunningServer, token: &str, name: &str) -> Answer {
    let request = raw_client().request(Method::POST, format!("{}/accounts", server.url()));
    answer(request.bearer_auth(token).json(&json!({ "name": name }))).await
}

async fn ready(server: &RunningServer) -> Answer {
    answer(raw_client().get(format!("{}/readyz", server.url()))).await
}

/// Writes until that is refused as expected, with a time to come back; gives how many were written.
async fn until_refused(server: &RunningServer, token: &str, name: &str, code: &str) {
    let begun = Instant::now();
    for number in 0.. {
        let told = write(server, token, &format!("{name}-{number}")).await;
        if told.status == 503 && told.code() == code {
            assert!(!told.header("retry-after").is_empty() && told.json()["retryable"] == true, "{told:?}");
            let about = ready(server).await;
            assert!(about.status == 503 && !about.header("retry-after").is_empty(), "{about:?}");
            return;
        }
        assert!(told.status == 201 || told.status == 503, "{told:?}");
        assert!(begun.elapsed() < PATIENCE, "{name}: {told:?}");
    }
}

/// Writes until that succeeds, by itself.
async fn until_accepted(server: &RunningServer, token: &str, name: &str) {
    let begun = Instant::now();
    loop {
        let told = write(server, token, name).await;
        if told.status == 201 {
            break;
        }
        assert!(told.status == 503, "{told:?}");
        assert!(begun.elapsed() < PATIENCE, "{name}: {told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while ready(server).await.status != 200 {
        assert!(begun.elapsed() < PATIENCE, "{name}: not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_database_that_says_no_is_503_and_recovers_by_itself() {
    let Some(mut cluster) = Cluster::start() else { return };
    cluster.run("CREATE ROLE few LOGIN");
    cluster.run("GRANT ALL ON SCHEMA public TO few");
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'few'";
    let folder = tempfile::tempdir().unwrap();
    let url = cluster.url().replacen("skydeck@", "few@", 1);
    let (server, store, token) = on(&url, folder.path()).await;
    assert_eq!(ready(&server).await.status, 200);

    cluster.run("ALTER ROLE few CONNECTION LIMIT 0");
    cluster.run(end_all);
    until_refused(&server, &token, "crowded", "unavailable").await;
    let counted = answer(raw_client().get(format!("{}/metrics", server.url()))).await;
    assert!(counted.status == 200 && counted.text.contains("skydeck_store_up 0"), "{}", counted.text);
    cluster.run("ALTER ROLE few CONNECTION LIMIT 100");
    until_accepted(&server, &token, "after-the-crowd").await;

    cluster.run("ALTER ROLE few SET default_transaction_read_only = on");
    cluster.run(end_all);
    until_refused(&server, &token, "reading-only", "read_only").await;
    let reading = raw_client().get(format!("{}/accounts/after-the-crowd", server.url())).bearer_auth(&token);
    assert_eq!(answer(reading).await.status, 200, "what is there can be read");
    cluster.run("ALTER ROLE few RESET default_transaction_read_only");
    until_accepted(&server, &token, "written-again").await;

    cluster.halt();
    until_refused(&server, &token, "away", "unavailable").await;
    cluster.go_on();
    until_accepted(&server, &token, "back").await;
    let counted = answer(raw_client().get(format!("{}/metrics", server.url()))).await.text;
    for line in
        ["skydeck_store_up 1", "skydeck_store_connections_max 16", "skydeck_store_wal_bytes 0", "skydeck_nodes_alive 1"]
    {
        assert!(counted.contains(line), "{line}: {counted}");
    }
    let head = store.read(|tx| skydeck::store::audit::verify(tx, None)).await.unwrap();
    assert!(head.is_ok(), "{head:?}");
    server.shut_down().await;
    store.close();
}

#[tokio::test]
async fn an_embedded_database_tells_of_its_log_and_connections_and_of_one_node() {
    if is_left_out("it has no file there") {
        return;
    }
    let server = Server::start().await;
    server.account("ada").await;
    let counted = answer(raw_client().get(format!("{}/metrics", server.url()))).await.text;
    let number = |name: &str| -> u64 {
        let found = counted.lines().find_map(|line| line.strip_prefix(&format!("skydeck_{name} ")));
        found.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name}: {counted}"))
    };
    assert!(number("store_wal_bytes") > 0, "accounts were made since the log was last written back");
    assert_eq!(number("store_connections"), number("store_connections_max"));
    assert!((3..=9).contains(&number("store_connections_max")), "one writes, two to eight read");
    assert!(number("store_connections_busy") <= number("store_connections"));
    assert_eq!((number("store_up"), number("nodes_alive")), (1, 1));
    let nodes = server.administrator().client.nodes().await.unwrap().items;
    let told: Vec<_> = nodes.iter().map(|node| (node.address.clone(), node.alive, node.answers)).collect();
    assert_eq!(told, [(server.url(), true, true)]);
}

#[tokio::test]
async fn the_character_that_no_text_may_hold_is_refused_before_the_database_sees_it() {
    for schema in [None, Schema::make()] {
        let server = Server::start_in(schema, |_| {}).await;
        let boss = server.administrator();
        for (method, path, body) in [
            (Method::GET, "/extensions/a%00b", None),
            (Method::GET, "/audit?action=a%00b", None),
            (Method::GET, "/authors/a%00b", None),
            (Method::POST, "/tokens", Some(json!({"name": "a\u{0}b"}))),
        ] {
            let request = boss.request(method, path);
            let told = answer(if let Some(body) = &body { request.json(body) } else { request }).await;
            assert!(matches!(told.status, 400 | 404 | 422), "{path}: {told:?}");
        }
        let told = boss.get("/audit?action=a%00b").await;
        assert_eq!((told.status, told.code()), (400, "bad_text".into()), "{told:?}");
    }
}
