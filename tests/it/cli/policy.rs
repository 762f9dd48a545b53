//! The policy as a script changes it: a draft in a file, a plan by its id, an explanation, the way back.

use super::program::Program;

#[test]
fn a_draft_in_a_file_is_planned_applied_explained_and_taken_back() {
    let program = Program::new();
    let schema = program.json(&["policy", "schema"]);
    assert_eq!(schema["properties"]["scopes"]["properties"]["ban"]["enum"][3], "deny");
    let served = program.serve();
    let token = served.token.clone().unwrap();
    let program = program.with("SKYDECK_SERVER", served.url.clone()).with("SKYDECK_TOKEN", token);

    let bad = program.file("bad.toml", "[scopes]\nbann = \"deny\"\n\n[review]\nsla_ms = -1\n");
    let ran = program.run(&["policy", "plan", &bad, "--reason", "x"]);
    ran.expect(8, &["2 faults", "bad.toml:2:1: /scopes/bann", "did you mean ban?", "bad.toml:5:10: /review/sla_ms"]);

    let good = program.file("good.toml", "locked = [\"scopes.ban\"]\n[scopes]\nban = \"deny\"\n");
    program.run(&["policy", "apply", &good, "--reason", "no bans"]).expect(2, &["nobody can be asked", "--plan "]);
    let told = program.succeed(&["policy", "plan", &good, "--reason", "no bans"]).out;
    assert!(told.contains("scopes.ban: allow → deny") && told.contains("It hits 0 extensions"), "{told}");
    let plan = program.json(&["policy", "plan", &good, "--reason", "no bans"]);
    let (id, base) = (plan["id"].as_str().unwrap(), plan["base"].as_i64().unwrap());
    let applied = program.json(&["policy", "apply", "--plan", id]);
    assert_eq!(applied["revision"]["number"], base + 1);
    program.run(&["policy", "apply", "--plan", id]).expect(6, &["applied already"]);

    let shown = program.succeed(&["policy", "show"]).out;
    assert!(shown.starts_with(&format!("# revision {}, by ", base + 1)), "{shown}");
    let again = program.file("again.toml", &shown);
    program.run(&["policy", "plan", &again, "--reason", "x"]).expect(6, &["nothing would change"]);
    let package = super::program::fixture("extensions/dice/dice.skypkg");
    program.succeed(&["check", &package, "--policy", &again]);
    let all = program.succeed(&["policy", "show", "--all"]).out;
    assert!(all.contains("# sla_ms = 172800000") && all.contains("\nban = \"deny\"\n"), "{all}");

    let explained = program.succeed(&["policy", "explain", "scopes.ban"]).out;
    assert!(explained.contains("deny (global, revision") && explained.contains("a later word"), "{explained}");
    program.run(&["policy", "explain", "scopes.bam"]).expect(8, &["did you mean scopes.ban?"]);

    let back = program.json(&["policy", "revert", &base.to_string(), "--reason", "it was better", "--yes"]);
    assert_eq!(back["revision"]["restores"], base);
    let history = program.succeed(&["policy", "history"]).out;
    assert!(history.contains("no bans") && history.contains("it was better"), "{history}");
    let one = program.succeed(&["policy", "history", &(base + 1).to_string()]).out;
    assert!(one.contains("scopes.ban: not set → deny (locked)"), "{one}");
    let beside = program.json(&["policy", "history", &(base + 2).to_string(), "--against", &base.to_string()]);
    assert_eq!(beside["changes"], serde_json::json!([]));
    program.run(&["policy", "edit", "--reason", "x"]).expect(2, &["no terminal", "show --all"]);
    served.stop();
}
