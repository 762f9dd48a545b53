//! What an operator does so that nothing is lost: backups, restores, looking whether all fits together, and the way into
//! PostgreSQL, as a script does it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use serde_json::Value;
use skydeck::store::{BlobPlace, Store, StoreConfig};

use super::program::Program;
use crate::schema::Schema;

/// How long something may take that ends sooner unless the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program with a demo's data, whose server was killed.
fn killed_demo() -> Program {
    let program = Program::on(None);
    let words = ["demo", "--no-console", "--data", "demo"];
    let mut child = program.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let listening = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).next();
    assert!(listening.is_some_and(|line| line.starts_with("listening on ")), "the demo starts");
    child.kill().unwrap();
    child.wait().unwrap();
    program
}

fn edit(database: &Path, sql: &str) {
    Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

fn in_folder(program: &Program, name: &str) -> StoreConfig {
    StoreConfig::in_folder(program.path(name))
}

/// Every code of a data folder.
fn codes(folder: &Path) -> Vec<PathBuf> {
    codes_in(&folder.join("blobs"))
}

/// Every code of a place.
fn codes_in(place: &Path) -> Vec<PathBuf> {
    let shelves = std::fs::read_dir(place.join("sha256")).unwrap();
    let files = shelves.flat_map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap());
    let mut codes: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    codes.sort();
    codes
}

/// The names of what a doctor found.
fn checks(examination: &Value) -> Vec<&str> {
    let findings = examination["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect()
}

#[test]
fn the_doctor_finds_nothing_in_a_killed_demo_and_names_what_is_broken() {
    let program = killed_demo();
    let look = ["admin", "doctor", "--data", "demo"];
    let sound = program.json(&look);
    assert_eq!(sound["sound"], true, "{sound:#}");
    assert!(sound["codes"].as_u64().unwrap() > 10 && sound["audit_head"].is_string(), "{sound:#}");
    let codes = codes(&program.path("demo"));
    std::fs::remove_file(&codes[0]).unwrap();
    std::fs::write(&codes[1], b"something else").unwrap();
    let unnamed = codes[2].with_file_name("ab".repeat(32));
    std::fs::write(&unnamed, b"nobody's").unwrap();
    let old = SystemTime::now() - Duration::from_hours(48);
    std::fs::File::options().write(true).open(&unnamed).unwrap().set_modified(old).unwrap();
    let named = |place: usize| codes[place].file_name().unwrap().to_str().unwrap().to_owned();

    let ran = program.run(&look);
    assert_eq!(ran.code, 11, "{ran:?}");
    for part in [&format!("code {}", named(0)), "is not stored", &named(1), "is damaged", "from a backup"] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    let words: Vec<&str> = look.iter().copied().chain(["--json"]).collect();
    let found = program.run(&words).json();
    assert_eq!(checks(&found), ["codes", "codes", "codes.unnamed"], "{found:#}");
    program.run(&["admin", "doctor", "--data", "nowhere"]).expect(10, &["no marketplace"]);
    assert!(!program.path("nowhere").exists(), "looking makes nothing");
}

#[test]
fn a_backup_is_looked_at_restored_in_one_step_and_served() {
    let program = killed_demo();
    program.succeed(&["admin", "backup", "backup", "--data", "demo"]);
    std::fs::copy(program.path("demo/audit.key"), program.path("kept.key")).unwrap();
    let restore =
        |to: &'static str| ["admin", "restore", "--from", "backup", "--data", to, "--audit-key-file", "kept.key"];
    // What a restore that was killed leaves behind.
    program.file(".second.restoring/skydeck.db", "half a database");
    program.file(".second.restoring/lock", "");

    let first = program.succeed(&["admin", "restore", "--from", "backup", "--data", "first"]);
    assert!(first.out.contains("not verified") && first.out.contains("audit.key"), "{first:?}");
    let second = program.json(&restore("second"));
    let head = program.json(&["admin", "doctor", "--data", "demo"])["audit_head"].clone();
    assert_eq!(second["audit_head"], head);
    assert!(!program.path(".second.restoring").exists());
    program.run(&restore("second")).expect(10, &["is not empty"]);
    assert_eq!(program.run(&["admin", "doctor", "--data", "second"]).code, 11, "its key is missing");
    std::fs::copy(program.path("kept.key"), program.path("second/audit.key")).unwrap();
    assert_eq!(program.json(&["admin", "doctor", "--data", "second"])["sound"], true);
    let store = Store::open(in_folder(&program, "second")).unwrap();
    // A server may be at work while the doctor looks.
    assert_eq!(program.json(&["admin", "doctor", "--data", "second"])["sound"], true);
    program.run(&["admin", "restore", "--from", "second", "--data", "third"]).expect(10, &["in use by process"]);
    store.close();
    program.succeed(&["admin", "restore", "--from", "second", "--data", "third"]);
}

#[test]
fn a_backup_that_is_not_sound_is_refused_and_nothing_is_made() {
    let program = killed_demo();
    program.succeed(&["admin", "backup", "backup", "--data", "demo"]);
    let key = program.file("kept.key", std::fs::read(program.path("demo/audit.key")).unwrap());
    let refused = |from: &str, key: &str, code: i32, parts: &[&str]| {
        program
            .run(&["admin", "restore", "--from", from, "--data", "restored", "--audit-key-file", key])
            .expect(code, parts);
        assert!(!program.path("restored").exists() && !program.path(".restored.restoring").exists(), "{parts:?}");
    };
    let copy = |name: &str| {
        let copied = Command::new("cp").args(["-r", "backup", name]).current_dir(program.path("")).status().unwrap();
        assert!(copied.success());
        program.path(name).join("skydeck.db")
    };
    refused("nothing", &key, 10, &["is no backup"]);
    refused("backup", &program.file("other.key", "07".repeat(32)), 11, &["not the one this database was made with"]);
    edit(&copy("newer"), "INSERT INTO migrations VALUES (900, 'later', 'x', 1)");
    refused("newer", &key, 10, &["has schema 900", "start the newer skydeck"]);
    edit(&copy("edited"), "UPDATE audit SET detail = 'x' WHERE n = 7");
    refused("edited", &key, 11, &["row 7"]);
    edit(&copy("orphaned"), "PRAGMA foreign_keys = OFF; DELETE FROM accounts");
    refused("orphaned", &key, 11, &["no such row in accounts"]);
    let database = copy("torn");
    let file = std::fs::File::options().write(true).open(database).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    refused("torn", &key, 11, &["not sound"]);
    copy("bitten");
    let bitten = codes(&program.path("bitten"));
    std::fs::write(&bitten[0], b"x").unwrap();
    std::fs::remove_file(&bitten[1]).unwrap();
    refused("bitten", &key, 11, &["its bytes are not those of its digest", "it is not in the backup"]);
    program.file(".restored.restoring/mine.txt", "precious");
    let ran = program.run(&["admin", "restore", "--from", "backup", "--data", "restored"]);
    ran.expect(10, &["is in the way"]);
    assert!(program.path(".restored.restoring/mine.txt").exists());
}

/// Passes bytes on to a server until so many came from the client; then nothing moves any more.
fn stalling_after(bytes: usize, server: String, stalled: Sender<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect(server).unwrap();
        let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut answers, &mut to_client));
        let (mut passed, mut chunk) = (0, [0; 1_024]);
        while passed < bytes {
            let Ok(read @ 1..) = client.read(&mut chunk) else { return };
            server.write_all(&chunk[..read]).unwrap();
            passed += read;
        }
        stalled.send(()).unwrap();
        // The client is killed meanwhile, which is heard as the end of what it sends.
        while let Ok(1..) = client.read(&mut chunk) {}
        server.shutdown(std::net::Shutdown::Both).unwrap();
    });
    port
}

/// The same URL with another port.
fn through(url: &str, port: u16) -> String {
    let (user, rest) = url.split_once('@').unwrap();
    let (_, rest) = rest.split_once('/').unwrap();
    format!("{user}@127.0.0.1:{port}/{rest}")
}

/// Where the server of a URL listens.
fn server_of(url: &str) -> String {
    url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
}

#[test]
fn a_folder_moves_into_postgresql_even_when_it_is_killed_on_the_way() {
    let Some(schema) = Schema::make() else { return };
    let program = killed_demo();
    let migrate = ["admin", "migrate", "--data", "demo"];
    program.run(&migrate).expect(2, &["--to URL", "--to-url-file", "SKYDECK_DATABASE_URL"]);
    let with_password: Vec<&str> = migrate.iter().copied().chain(["--to", "postgres://u:s3cret@127.0.0.1/x"]).collect();
    let ran = program.run(&with_password);
    ran.expect(3, &["--to has a password", "--to-url-file"]);
    assert!(!ran.error.contains("s3cret"), "{ran:?}");

    let (stalled, has_stalled) = channel();
    let port = stalling_after(60_000, server_of(&schema.url()), stalled);
    let mut child = program
        .command(&migrate)
        .env("SKYDECK_DATABASE_URL", through(&schema.url(), port))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    has_stalled.recv_timeout(PATIENCE).expect("it sends more than that");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("copying: 0 of ") && !told.contains("comparing"), "{told}");

    let url = program.file("url", schema.url());
    let serve = ["serve", "--data", "demo", "--database-url-file", &url, "--listen", "127.0.0.1:0"];
    program.run(&serve).expect(10, &["not all of it is there yet", "run it again to finish"]);
    let place = |name: &str| {
        std::fs::create_dir_all(program.path(name)).unwrap();
        format!("file://{}", program.path(name).display())
    };
    let (shared, foreign) = (place("shared"), place("foreign"));
    let other =
        StoreConfig { blob_place: Some(BlobPlace::folder(program.path("foreign"))), ..in_folder(&program, "other") };
    Store::open(other).unwrap().close();
    let with = |blobs: &str| {
        let words = [migrate.as_slice(), &["--to-url-file", &url, "--blobs", blobs, "--json"]].concat();
        program.run(&words)
    };
    let began = Instant::now();
    let moved = loop {
        // The server notices with its next look at the connection that the first one was killed.
        let ran = with(&foreign);
        if !ran.error.contains("another migration into it is running") {
            ran.expect(10, &["another marketplace keeps its codes there"]);
            program.run(&serve).expect(10, &["not all of it is there yet"]);
            let ran = with(&shared);
            assert_eq!(ran.code, 0, "{ran:?}");
            break ran.json();
        }
        assert!(began.elapsed() < PATIENCE, "{ran:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(moved["rows_before"].as_u64().unwrap() > 0, "{moved:#}");
    assert!(moved["next"].as_str().unwrap().contains("SKYDECK_DATABASE_URL"), "{moved:#}");
    let copied = usize::try_from(moved["blobs"]["codes"].as_u64().unwrap()).unwrap();
    assert!(copied > 10 && codes_in(&program.path("shared")).len() == copied, "{moved:#}");
    program.run(&["admin", "account", "list", "--data", "demo"]).expect(10, &["was moved to postgres://", "moved.txt"]);
    let program = program.with("SKYDECK_DATABASE_URL", schema.url()).with("SKYDECK_BLOBS", shared);
    std::fs::remove_dir_all(program.path("demo/blobs")).unwrap();
    let sound = program.json(&["admin", "doctor", "--data", "demo"]);
    assert_eq!((&sound["sound"], &sound["audit_head"]), (&Value::Bool(true), &moved["audit_head"]), "{sound:#}");
    assert!(!program.json(&["admin", "account", "list", "--data", "demo"]).as_array().unwrap().is_empty());
    a_dump_is_restored(&program, &schema, &sound);
}

/// `pg_dump` and `pg_restore` as documented, into another database.
fn a_dump_is_restored(program: &Program, schema: &Schema, sound: &Value) {
    if Command::new("pg_dump").arg("--version").output().is_err() {
        eprintln!("left out: there is no pg_dump on this machine");
        return;
    }
    let done = |command: &mut Command| {
        let output = command.current_dir(program.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    done(Command::new("pg_dump").args([
        "--format=custom",
        "--file=skydeck.dump",
        "--schema",
        schema.name(),
        schema.base(),
    ]));
    let name = format!("{}_restored", schema.name());
    let mut server = postgres::Client::connect(schema.base(), postgres::NoTls).unwrap();
    server.batch_execute(&format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")).unwrap();
    let beside = |url: &str| {
        let (server, rest) = url.rsplit_once('/').unwrap();
        let parameters = rest.split_once('?').map(|(_, parameters)| format!("?{parameters}")).unwrap_or_default();
        format!("{server}/{name}{parameters}")
    };
    done(Command::new("pg_restore").args([
        "--exit-on-error",
        "--no-owner",
        "--dbname",
        &beside(schema.base()),
        "skydeck.dump",
    ]));
    let url = program.file("restored-url", beside(&schema.url()));
    let restored = program.json(&["admin", "doctor", "--data", "demo", "--database-url-file", &url]);
    for field in ["sound", "rows", "audit_head", "findings"] {
        assert_eq!(restored[field], sound[field], "{restored:#}");
    }
    server.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
}
