//! A marketplace as a script runs it: served, signed in to, submitted to, reviewed, exported, stopped.

use super::program::{Program, Ran, fixture};
use crate::harness::Package;
use crate::schema::{is_left_out, is_wanted_everywhere};

#[test]
fn from_first_start_to_export() {
    let program = Program::new();
    let served = program.serve();
    let token = served.token.clone().unwrap();
    assert!(token.starts_with("sky_"));
    let kept = program.path("data/administrator.token");
    assert_eq!(std::fs::read_to_string(&kept).unwrap().trim(), token);
    let embedded = ["skydeck.db", "skydeck.db-wal", "skydeck.db-shm"].into_iter().filter(|_| !is_wanted_everywhere());
    for file in ["administrator.token", "audit.key", "lock"].into_iter().chain(embedded) {
        assert_eq!(mode(&program.path("data").join(file)), 0o600, "{file}");
    }

    let program = program.with("SKYDECK_SERVER", served.url.clone());
    program.run(&["queue"]).expect(5, &["skydeck login", "SKYDECK_TOKEN"]);
    program.run_with_input(&["login"], "sky_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").expect(5, &["not known"]);
    let signed_in = program.run_with_input(&["login"], &format!("{token}\n"));
    assert!(signed_in.code == 0 && !signed_in.out.contains(&token), "{signed_in:?}");
    assert_eq!(mode(&program.path("config/credentials.toml")), 0o600);

    let package = fixture("extensions/dice/dice.skypkg");
    let rehearsed = program.json(&["submit", &package, "--dry-run"]);
    assert_eq!(rehearsed["verdict"], "pass");
    assert_eq!(program.json(&["queue"])["items"], serde_json::json!([]));
    let submitted = program.json(&["submit", &package, "--wait"]);
    assert_eq!(submitted["version"]["stage"], "ready");
    assert_eq!(submitted["checks"]["state"], "passed");

    let review = program.json(&["queue", "stage:ready"])["items"][0]["review_id"].as_str().unwrap().to_owned();
    program.run(&["queue", "scpe:ban"]).expect(8, &["column 1", "did you mean scope?"]);
    program.run(&["review", "claim", &review]).expect(5, &["own submission"]);

    program.succeed(&["admin", "account", "create", "mia", "--role", "maintainer"]);
    program.run(&["admin", "account", "create", "mia"]).expect(6, &["mia"]);
    let made = program.json(&["admin", "token", "create", "mia", "--expires-in", "1d"]);
    let nodes = program.json(&["admin", "nodes"]);
    assert_eq!((&nodes[0]["address"], &nodes[0]["answers"]), (&served.url.clone().into(), &true.into()), "{nodes}");
    let program = program.with("SKYDECK_TOKEN", made["secret"].as_str().unwrap());
    approve(&program, &review);

    let exported = program.path("out.skypkg").display().to_string();
    program.succeed(&["export", "dice", "-o", &exported]);
    program.succeed(&["check", &exported]);
    let again = program.succeed(&["export", "dice", "--number", "1.0.3"]);
    assert!(again.out.contains("\"Dice\""), "{again:?}");
    program.run(&["export", "nothing-here"]).expect(4, &["no such extension"]);
    steer(&program);
    let verified = program.json(&["audit", "verify"]);
    assert_eq!(verified["intact"], true);

    let (code, log) = served.stop();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("stopped") && !log.contains(&token), "{log}");
}

/// Claims and approves, and is refused where it has to be.
/// What a maintainer looks at and does once an extension is published.
fn steer(program: &Program) {
    let listed = program.json(&["extension", "list", "author:administrator"]);
    assert_eq!((&listed["items"][0]["slug"], &listed["items"][0]["installations"]), (&"dice".into(), &0.into()));
    program.run(&["extension", "list", "listing:blokked"]).expect(8, &["column 9", "did you mean"]);
    let shown = program.json(&["extension", "show", "dice"]);
    assert_eq!((&shown["extension"]["head"], &shown["spread"]["servers"]), (&"1.0.3".into(), &0.into()));
    assert_eq!(program.json(&["extension", "channel", "dice"])["items"][0]["by"], "mia");
    assert_eq!(program.json(&["extension", "installations", "dice"])["items"], serde_json::json!([]));
    assert_eq!(program.json(&["extension", "flags", "dice", "1.0.3"])["items"], serde_json::json!([]));
    program.run(&["extension", "rollback", "dice", "1.0.3", "--reason", "x"]).expect(6, &["not older"]);
    let yanked = program.json(&["extension", "yank", "dice", "1.0.3", "--reason", "it cheats"]);
    assert_eq!(yanked["yanked"], "it cheats");
    let versions = program.succeed(&["extension", "versions", "dice"]);
    assert!(versions.out.contains("it cheats") && versions.out.contains("SHA256"), "{versions:?}");
    assert!(program.json(&["extension", "unyank", "dice", "1.0.3"])["yanked"].is_null());
    let held = program.json(&["extension", "quarantine", "dice", "--reason", "looked into", "--range", "<2"]);
    assert_eq!(held["listing"], "quarantined");
    program.run(&["extension", "block", "dice", "--reason", "x"]).expect(5, &["administrator"]);
    assert_eq!(program.json(&["extension", "release", "dice", "--reason", "it is fine"])["listing"], "listed");
}

fn approve(program: &Program, review: &str) {
    let claimed = program.json(&["review", "claim-next"]);
    assert_eq!(claimed["review_id"], review);
    let shown = program.succeed(&["review", "show", review]);
    assert!(shown.out.contains("to decide: skydeck review approve"), "{shown:?}");
    let revision = program.json(&["review", "show", review])["revision"].as_i64().unwrap();
    program.run(&["review", "approve", review]).expect(2, &["--revision", "--yes"]);
    program.run(&["review", "approve", review, "--revision", "1"]).expect(6, &["changed"]);
    let rehearsed = program.json(&["review", "approve", review, "--dry-run"]);
    assert_eq!(rehearsed["stage"], "published");
    let approved = program.json(&["review", "approve", review, "--revision", &revision.to_string()]);
    assert_eq!(approved["stage"], "published");
    program.run(&["review", "approve", review, "--yes"]).expect(6, &["published"]);
}

#[test]
fn a_new_version_goes_through_the_draft_and_a_rejection_tells_why() {
    let program = Program::new();
    let served = program.serve();
    let program = program.with("SKYDECK_SERVER", served.url.clone());
    let program = program.with("SKYDECK_TOKEN", served.token.clone().unwrap());
    let package = std::fs::read_to_string(fixture("extensions/dice/dice.skypkg")).unwrap();
    program.succeed(&["import", &fixture("extensions/dice/dice.skypkg")]);
    // The imported version was never submitted, so the same number is still to be written.
    program.succeed(&["submit", &fixture("extensions/dice/dice.skypkg"), "--extension", "dice", "--wait"]);
    let next = program.file("next.skypkg", package.replace("\"1.0.3\"", "\"1.1.0\""));
    let steps = program.succeed(&["submit", &next, "--extension", "dice", "--wait"]).out;
    for step in ["✓ wrote the draft 1.1.0 of dice", "✓ saved 1.1.0", "✓ submitted dice 1.1.0", "✓ checked"] {
        assert!(steps.contains(step), "{step}: {steps}");
    }
    program.run(&["submit", &next, "--extension", "dice"]).expect(6, &["1.1.0"]);
    let endless = Package::endless("Endless").with("/extension/version/timeout", 200.into());
    let endless = program.file("endless.skypkg", endless.bytes());
    let rejected = program.run(&["submit", &endless, "--wait"]);
    assert_eq!(rejected.code, 9, "{rejected:?}");
    assert!(rejected.out.contains("rejected (") && rejected.out.contains("timed out"), "{rejected:?}");
    let script = program.run(&["submit", &fixture("packages/legacy-javascript.skypkg")]);
    script.expect(8, &["nothing is lost", "--extension hello"]);
}

#[test]
fn a_data_folder_belongs_to_one_process_and_is_administered_without_a_server() {
    if is_left_out("several processes share a database there") {
        return;
    }
    let program = Program::new();
    let data = program.path("data").display().to_string();
    program.run(&["admin", "account", "list", "--data", &data]).expect(10, &["there is no data folder"]);
    let served = program.serve();
    program.run(&["serve", "--listen", "127.0.0.1:0"]).expect(10, &["is in use by process", "SKYDECK_SERVER"]);
    program.run(&["admin", "account", "list", "--data", &data]).expect(10, &["is in use by process"]);
    let port = served.url.trim_start_matches("http://").to_owned();
    let elsewhere = program.path("other").display().to_string();
    let taken = program.run(&["serve", "--listen", &port, "--data", &elsewhere]);
    taken.expect(10, &["cannot listen on", &port, "--listen"]);
    served.stop();

    program.succeed(&["admin", "account", "create", "ada", "--role", "maintainer", "--data", &data]);
    let made = program.json(&["admin", "token", "create", "ada", "--rights", "read", "--data", &data]);
    let rights = made["token"]["rights"].clone();
    assert_eq!(rights, serde_json::json!(["read"]));
    let too_much = program.run(&["admin", "token", "create", "ada", "--rights", "administer", "--data", &data]);
    too_much.expect(8, &["maintainer"]);
    let head = program.json(&["audit", "head", "--data", &data])["head"].as_str().unwrap().to_owned();
    program.succeed(&["audit", "verify", "--head", &head, "--data", &data]);
    program.succeed(&["admin", "backup", "copy", "--data", &data]);
    assert_eq!(mode(&program.path("copy/skydeck.db")), 0o600);
    assert!(!program.path("copy/audit.key").exists());

    let served = program.serve();
    assert_eq!(served.token, None);
    let program = program.with("SKYDECK_SERVER", served.url.clone());
    let program = program.with("SKYDECK_TOKEN", made["secret"].as_str().unwrap());
    program.succeed(&["queue"]);
    program.run(&["review", "claim-next"]).expect(5, &["review"]);
}

#[test]
fn a_folder_that_does_not_fit_is_refused_and_left_as_it_is() {
    if is_left_out("it changes the embedded database's file") {
        return;
    }
    let program = Program::new();
    program.serve().stop();
    let database = program.path("data/skydeck.db");
    let change = |sql: &str| rusqlite::Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    change("INSERT INTO migrations (number, name, sha256, at_ms) VALUES (99, 'later', 'x', 0)");
    serve(&program).expect(10, &["has schema 99", "start the newer skydeck"]);
    change("DELETE FROM migrations WHERE number = 99");
    let key = std::fs::read(program.path("data/audit.key")).unwrap();
    program.file("data/audit.key", "07".repeat(32));
    serve(&program).expect(10, &["is not the one this database was made with", "SKYDECK_AUDIT_KEY_FILE"]);
    program.file("data/audit.key", key);
    program.serve().stop();

    let elsewhere = Program::new().with("SKYDECK_DATABASE_URL", "mysql://u:s3cret@h/d").run(&["serve"]);
    elsewhere.expect(3, &["SKYDECK_DATABASE_URL", "does not begin with postgres://"]);
    let unreachable = Program::new().with("SKYDECK_DATABASE_URL", "postgres://u:s3cret@127.0.0.1:1/d").run(&["serve"]);
    unreachable.expect(10, &["postgres://127.0.0.1:1/d", "check that it runs"]);
    let told = Program::new().run(&["serve", "--database-url", "postgres://u:s3cret@127.0.0.1:1/d"]);
    told.expect(3, &["--database-url-file", "command lines"]);
    Program::new().with("SKYDECK_LOG", "a=b=c").run(&["serve"]).expect(3, &["SKYDECK_LOG"]);
    let open = Program::new().run(&["serve", "--listen", "0.0.0.0:0"]);
    open.expect(2, &["--tls-cert", "--behind-proxy"]);
}

fn serve(program: &Program) -> Ran {
    program.run(&["serve", "--listen", "127.0.0.1:0"])
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
