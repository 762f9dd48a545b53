//! Installing, consenting, updating, going back and removing, told as stories.

use serde_json::json;

use super::guild::{Guild, described, on, scopes};
use super::world::{code, package, viewer};
use crate::domain::installation::{Follow, Stage, StageName, State, StateName};
use crate::domain::policy::{InstallationPolicy, RolloutPolicy};
use crate::domain::rollout::Ring;
use crate::domain::scope::Scope;
use crate::domain::usage::UsageRecord;
use crate::market::*;
use crate::store::{configs, installation_steps, installations, notices, usage};

fn words(guild: &Guild, id: crate::domain::id::InstallationId) -> Vec<String> {
    let mut steps = guild.world.scratch.read(|tx| installation_steps::newest(tx, id)).unwrap();
    steps.reverse();
    steps.into_iter().map(|step| step.word).collect()
}

#[test]
fn an_installation_goes_through_its_five_stages() {
    let guild = Guild::new();
    guild.publish(package("Greeter", "1.0.0", &["kick"], b"1"));
    let row = guild.install("greeter", &[Scope::Kick]).unwrap();
    assert_eq!(row.stands.state.next().unwrap().stage.name(), Some(StageName::SandboxPrep));
    let early = guild.acknowledge(row.id, StageName::StateInit, None);
    assert_eq!(code(early), "stage_conflict");
    guild.acknowledge(row.id, StageName::SandboxPrep, None).unwrap();
    guild.acknowledge(row.id, StageName::SandboxPrep, None).unwrap();
    let row = guild.acknowledge(row.id, StageName::StateInit, None).unwrap();
    assert_eq!(row.stands.state.now().unwrap().granted, scopes(&[Scope::Kick]));
    guild.acknowledge(row.id, StageName::StateInit, None).unwrap();
    let expected = [
        "compatibility_check",
        "permission_validation",
        "resource_allocation",
        "sandbox_prep",
        "state_init",
        "state_init",
        "done",
    ];
    assert_eq!(words(&guild, row.id), expected);
    assert_eq!(code(guild.install("greeter", &[])), "installed_already");
    guild.world.verify();
}

#[test]
fn a_refusal_in_the_first_stages_leaves_no_row() {
    let guild = Guild::new();
    let before = guild.world.scratch.dump();
    let install = |slug: &str| guild.install(slug, &[]);
    assert_eq!(code(install("nothing")), "not_found");
    assert_eq!(guild.world.scratch.dump(), before);
    for (name, number, members, expected) in [
        ("Newer", "1.0.0", json!({"requires": {"host": ">=2"}}), "host_api"),
        ("Lonely", "1.0.0", json!({"requires": {"extensions": {"friend": "^1"}}}), "dependencies"),
        ("Turner", "1.0.0", json!({"requires": {"extensions": {"turner": "^2"}}}), "dependencies"),
        ("Asker", "1.0.0", json!({"scopes": ["webhooks"]}), "scope_not_served"),
    ] {
        guild.publish_with(name, number, members);
        guild.announce(&[Scope::Webhooks]);
        let before = guild.world.scratch.dump();
        assert_eq!(code(install(&name.to_lowercase())), expected, "{name}");
        assert_eq!(guild.world.scratch.dump(), before, "{name}");
    }
    guild.publish(package("Greeter", "1.0.0", &[], b"1"));
    guild.world.set_policy(|policy| {
        policy.tiers.get_mut("free").unwrap().installed_max = 0;
    });
    let before = guild.world.scratch.dump();
    assert_eq!(code(install("greeter")), "quota");
    guild.world.wait_ms(InstallationPolicy::default().instance_silent_ms + 1);
    assert_eq!(code(install("greeter")), "instance_silent");
    assert_eq!(guild.world.scratch.dump(), before);
}

#[test]
fn the_quota_is_held_on_both_of_its_sides() {
    let guild = Guild::new();
    guild.world.set_policy(|policy| {
        policy.tiers.get_mut("free").unwrap().installed_max = 2;
    });
    for name in ["One", "Two", "Three"] {
        guild.publish(package(name, "1.0.0", &[], name.as_bytes()));
    }
    guild.installed("one", &[]);
    guild.install("two", &[]).unwrap();
    assert_eq!(code(guild.install("three", &[])), "quota");
    guild.world.wait_ms(InstallationPolicy::default().order_ms);
    guild.beat();
    assert_eq!(guild.world.scratch.tx(|tx| lapse_installations(tx, guild.world.now())).unwrap(), 1);
    guild.install("three", &[]).unwrap();
}

#[test]
fn dependencies_are_solved_together_and_circles_are_named() {
    let guild = Guild::new();
    guild.publish_with("Library", "1.0.0", json!({}));
    guild.publish_with("Library", "2.0.0", json!({}));
    guild.publish_with("Player", "1.0.0", json!({"requires": {"extensions": {"library": "^1"}}}));
    let missing = guild.install("player", &[]).unwrap_err().to_string();
    assert!(missing.contains("library 1.0.0") && missing.contains("install that first"), "{missing}");
    let mut older = guild.new_installation("library", Some(&[]));
    older.number = Some("1.0.0".parse().unwrap());
    older.follow = Follow::Pinned;
    let library = guild.world.does(&guild.world.ada, |tx, act| install(tx, act, &older)).unwrap();
    guild.carry_out(library.id);
    guild.installed("player", &[]);
    let newer = guild.world.does(&guild.world.ada, |tx, act| update(tx, act, &on(&library), None)).unwrap_err();
    assert_eq!(newer.code(), "dependencies");
    assert!(newer.to_string().contains("player"), "{newer}");
    let needed = guild.world.does(&guild.world.ada, |tx, act| remove(tx, act, &on(&library), "", IfMatch::Any));
    assert_eq!(needed.unwrap_err().code(), "needed_by_others");

    guild.publish_with("Aaaa", "1.0.0", json!({"requires": {"extensions": {"bbbb": "*"}}}));
    guild.publish_with("Bbbb", "1.0.0", json!({"requires": {"extensions": {"aaaa": "*"}}}));
    let circle = guild.install("aaaa", &[]).unwrap_err().to_string();
    assert!(circle.contains("aaaa → bbbb → aaaa"), "{circle}");

    let yanked = Yank {
        version: VersionRef { extension: "bbbb".parse().unwrap(), number: "1.0.0".parse().unwrap() },
        if_match: IfMatch::Any,
        reason: "broken".to_owned(),
    };
    guild.world.does(&guild.world.ben, |tx, act| yank(tx, act, &yanked)).unwrap();
    let gone = guild.install("aaaa", &[]).unwrap_err().to_string();
    assert!(gone.contains("no published version of bbbb"), "{gone}");
    assert_eq!(code(guild.install("bbbb", &[])), "not_installable");
}

#[test]
fn only_the_owner_grants_and_never_what_was_not_asked() {
    let guild = Guild::new();
    let world = &guild.world;
    let members = json!({"scopes": ["ban", "kick", "storage"], "optional_scopes": ["storage"]});
    guild.publish_with("Guard", "1.0.0", members);
    let managers = ServerEdit {
        server: guild.server(),
        if_match: IfMatch::Any,
        managers: Some(vec!["ben".parse().unwrap()]),
        tier: None,
        instance: None,
    };
    assert_eq!(code(world.does(&world.ben, |tx, act| edit_server(tx, act, &managers))), "not_found");
    world.does(&world.ada, |tx, act| edit_server(tx, act, &managers)).unwrap();
    let granting = guild.new_installation("guard", Some(&[Scope::Ban, Scope::Kick]));
    assert_eq!(code(world.does(&world.ben, |tx, act| install(tx, act, &granting))), "invalid");
    let asking = guild.new_installation("guard", None);
    let row = world.does(&world.ben, |tx, act| install(tx, act, &asking)).unwrap();
    let waiting = world.reads(|tx| waiting_for_consent(tx, &viewer(&world.ada), &guild.server())).unwrap();
    let risks: Vec<&str> = waiting[0].1.by_risk().iter().map(|asked| asked.scope.name()).collect();
    assert_eq!(risks, ["ban", "kick", "storage"]);
    let answer = |granted: &[Scope]| ConsentGiven {
        installation: row.id,
        if_match: IfMatch::Any,
        answer: ConsentAnswer::Grant(scopes(granted)),
    };
    let give = |who, granted: &[Scope]| world.does(who, |tx, act| consent(tx, act, &answer(granted)));
    assert_eq!(code(give(&world.ben, &[Scope::Ban, Scope::Kick])), "not_server_owner");
    assert_eq!(code(give(&world.ada, &[Scope::Ban, Scope::Kick, Scope::Webhooks])), "invalid");
    assert_eq!(code(give(&world.ada, &[Scope::Ban])), "invalid");
    give(&world.ada, &[Scope::Ban, Scope::Kick]).unwrap();
    let row = guild.carry_out(row.id);
    assert_eq!(row.stands.state.now().unwrap().granted, scopes(&[Scope::Ban, Scope::Kick]));
    // What is optional can be granted later, and everything taken back at any time.
    give(&world.ada, &[Scope::Storage]).unwrap();
    let revoke = |list: &[Scope]| world.does(&world.ada, |tx, act| revoke_scopes(tx, act, row.id, scopes(list)));
    assert_eq!(revoke(&[Scope::Storage]).unwrap().stands.state.name(), StateName::Active);
    assert_eq!(code(revoke(&[Scope::Storage])), "invalid");
    let stopped = revoke(&[Scope::Ban]).unwrap();
    assert_eq!(stopped.stands.state.name(), StateName::Disabled);
    assert_eq!(code(world.does(&world.ada, |tx, act| enable(tx, act, &on(&row)))), "scopes_missing");
    give(&world.ada, &[Scope::Ban]).unwrap();
    world.does(&world.ada, |tx, act| enable(tx, act, &on(&row))).unwrap();
}

#[test]
fn an_update_that_asks_for_more_waits_while_the_old_version_stays() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Guard", "1.0.0", &["kick"], b"1"));
    let row = guild.installed("guard", &[Scope::Kick]);
    guild.publish(package("Guard", "1.1.0", &["kick", "ban"], b"2"));
    guild.to_all("guard");
    assert_eq!(guild.roll(), 1);
    let waiting = guild.row(row.id);
    let Some(Stage::PermissionValidation { asked, .. }) = waiting.stands.state.next().map(|next| &next.stage) else {
        panic!("{waiting:?}")
    };
    assert_eq!(asked.fresh(), scopes(&[Scope::Ban]));
    assert_eq!(waiting.stands.state.now().unwrap().version.to_string(), "1.0.0");
    assert_eq!(guild.roll(), 0, "it is asked once");
    // A version that comes meanwhile and asks for nothing new takes its place.
    guild.publish(package("Guard", "1.2.0", &["kick"], b"3"));
    guild.to_all("guard");
    assert_eq!(guild.roll(), 1);
    let row = guild.carry_out(row.id);
    assert_eq!(row.stands.state.now().unwrap().version.to_string(), "1.2.0");
    // One that nobody consents to in time is given up and not asked for again.
    guild.publish(package("Guard", "1.3.0", &["kick", "ban"], b"4"));
    guild.to_all("guard");
    assert_eq!(guild.roll(), 1);
    guild.wait_ms(InstallationPolicy::default().consent_wait_ms);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 1);
    let row = guild.row(row.id);
    assert!(matches!(&row.stands.state, State::Active { next: None, .. }) && row.stands.refused.is_some());
    assert_eq!(guild.roll(), 0);
}

#[test]
fn rings_pins_and_pauses_decide_who_gets_an_update() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Ringed", "1.0.0", &[], b"1"));
    let row = guild.installed("ringed", &[]);
    guild.publish(package("Ringed", "1.1.0", &[], b"2"));
    let ring = Ring::of(row.extension, row.server, &RolloutPolicy::default());
    let edit = |ring: Option<Ring>, pause: Option<Pause>| {
        let extension = "ringed".parse().unwrap();
        let input = RolloutEdit { extension, if_match: IfMatch::Any, ring, pause };
        world.does(&world.ben, |tx, act| set_rollout(tx, act, &input)).unwrap();
    };
    if ring > Ring::Canary {
        assert_eq!(guild.roll(), 0, "not its turn");
    }
    edit(Some(Ring::All), Some(Pause::Pause("crashes".to_owned())));
    assert_eq!(guild.roll(), 0, "paused");
    let follow =
        |follow| world.does(&world.ada, |tx, act| set_follow(tx, act, &on(&row), follow, IfMatch::Any)).unwrap();
    follow(Follow::Pinned);
    edit(None, Some(Pause::Resume));
    assert_eq!(guild.roll(), 0, "pinned");
    follow(Follow::Automatic);
    assert_eq!(guild.roll(), 1);
}

#[test]
fn a_rollback_recalls_the_version_and_instances_confirm_it() {
    let guild = Guild::new();
    let world = &guild.world;
    let first = guild.publish(package("Shaky", "1.0.0", &[], b"1"));
    let row = guild.installed("shaky", &[]);
    guild.publish(package("Shaky", "1.1.0", &[], b"2"));
    guild.to_all("shaky");
    guild.roll();
    guild.carry_out(row.id);
    let version = VersionRef { extension: "shaky".parse().unwrap(), number: first };
    let input = Rollback { version, if_match: IfMatch::Any, reason: "it crashes".to_owned() };
    world.does(&world.ben, |tx, act| rollback(tx, act, &input)).unwrap();
    let open = guild.beat().notices;
    assert_eq!(open.len(), 1);
    let confirmed = || world.reads(|tx| Ok(notices::confirmed(tx, open[0].id)?)).unwrap();
    assert_eq!((confirmed().by, confirmed().of), (0, 1));
    for _ in 0..2 {
        world.does(&guild.bot, |tx, act| confirm(tx, act, guild.instance, open[0].id)).unwrap();
    }
    assert_eq!((confirmed().by, confirmed().of), (1, 1));
    assert!(guild.beat().notices.is_empty());
    assert_eq!(guild.roll(), 1, "rings do not hold a recall up");
    let row = guild.carry_out(row.id);
    assert_eq!(row.stands.state.now().unwrap().version.to_string(), "1.0.0");
    assert_eq!(guild.roll(), 0);
}

#[test]
fn a_server_goes_back_for_itself_and_stays_there() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Mood", "1.0.0", &[], b"1"));
    let row = guild.installed("mood", &[]);
    let back = |reason: &str| world.does(&world.ada, |tx, act| roll_back(tx, act, &on(&row), reason));
    assert_eq!(code(back("nothing to go back to")), "no_previous");
    guild.publish(package("Mood", "2.0.0", &[], b"2"));
    guild.to_all("mood");
    guild.roll();
    guild.carry_out(row.id);
    assert_eq!(code(back("  ")), "invalid");
    back("I liked it better").unwrap();
    let row = guild.carry_out(row.id);
    assert_eq!(row.stands.state.now().unwrap().version.to_string(), "1.0.0");
    guild.to_all("mood");
    assert_eq!(guild.roll(), 0, "it is not brought forward again");
    world.does(&world.ada, |tx, act| update(tx, act, &on(&row), None)).unwrap();
}

#[test]
fn an_instance_that_cannot_or_does_not_answer_leaves_nothing_behind() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Fragile", "1.0.0", &[], b"1"));
    let row = guild.install("fragile", &[]).unwrap();
    let row = guild.acknowledge(row.id, StageName::SandboxPrep, Some("out of memory")).unwrap();
    let State::Failed { in_stage, reason, .. } = &row.stands.state else { panic!("{row:?}") };
    assert_eq!((*in_stage, reason.code.name()), (StageName::SandboxPrep, "instance_refused"));
    assert_eq!(code(guild.acknowledge(row.id, StageName::SandboxPrep, None)), "nothing_under_way");
    let again = guild.install("fragile", &[]).unwrap();
    assert_ne!(again.id, row.id);
    let act = world.act(&world.ada);
    let config = json!({});
    world.scratch.tx(|tx| configure(tx, &act, &on(&again), &config, IfMatch::Any)).unwrap();
    guild.wait_ms(InstallationPolicy::default().order_ms - 2_000);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 0);
    guild.wait_ms(2_000);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 1);
    let failed = guild.row(again.id);
    assert_eq!(failed.stands.state.name(), StateName::Failed);
    assert_eq!(world.reads(|tx| Ok(configs::current(tx, again.id)?)).unwrap(), None);
}

#[test]
fn configurations_are_judged_by_the_schema_and_hold_updates_up() {
    let guild = Guild::new();
    let world = &guild.world;
    let schema = |required: &str| json!({"config_schema": {"type": "object", "required": [required]}});
    guild.publish_with("Config", "1.0.0", schema("channel"));
    let row = guild.installed("config", &[]);
    let set = |document: serde_json::Value, if_match| {
        world.does(&world.ada, |tx, act| configure(tx, act, &on(&row), &document, if_match))
    };
    assert_eq!(code(set(json!({"other": 1}), IfMatch::Any)), "invalid");
    assert_eq!(set(json!({"channel": 1}), IfMatch::Revision(0)).unwrap().revision, 1);
    assert_eq!(code(set(json!({"channel": 2}), IfMatch::Revision(0))), "changed_meanwhile");
    guild.publish_with("Config", "1.1.0", schema("room"));
    guild.to_all("config");
    assert_eq!(guild.roll(), 1);
    assert_eq!(guild.row(row.id).stands.state.next(), None, "refused for its configuration");
    assert_eq!(guild.roll(), 0);
    set(json!({"channel": 1, "room": 2}), IfMatch::Revision(1)).unwrap();
    assert_eq!(guild.roll(), 1);
    assert_eq!(guild.row(row.id).stands.state.next().unwrap().stage.name(), Some(StageName::SandboxPrep));
}

#[test]
fn what_is_removed_can_be_kept_until_its_grace_ends_and_says_what_it_freed() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish_with("Leaving", "1.0.0", json!({"flags": {"a": true}}));
    let row = guild.installed("leaving", &[]);
    let flags = [("a".to_owned(), false)].into();
    world.does(&world.ada, |tx, act| set_flags(tx, act, &on(&row), &flags)).unwrap();
    let unknown = [("b".to_owned(), false)].into();
    assert_eq!(
        world.does(&world.ada, |tx, act| set_flags(tx, act, &on(&row), &unknown)).unwrap_err().code(),
        "invalid"
    );
    let away = || world.does(&world.ada, |tx, act| remove(tx, act, &on(&row), "bored", IfMatch::Any)).unwrap();
    let removed = away();
    assert_eq!((removed.freed.flags, removed.after.is_some()), (1, true));
    world.does(&world.ada, |tx, act| enable(tx, act, &on(&row))).unwrap();
    away();
    guild.wait_ms(InstallationPolicy::default().removal_grace_ms - 1);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 0);
    guild.wait_ms(1);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 1);
    assert_eq!(world.reads(|tx| Ok(installations::by_id(tx, row.id)?)).unwrap(), None);
    world.verify();
}

#[test]
fn usage_is_counted_once_and_nonsense_counts_nothing() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Counted", "1.0.0", &[], b"1"));
    let row = guild.installed("counted", &[]);
    let record = UsageRecord {
        installation: row.id,
        at: world.now(),
        calls: 1,
        errors: 0,
        fuel: 10,
        fuel_peak: 10,
        memory_bytes_peak: 1,
        run_ms: 1,
        host_calls: [(Scope::Ban, 3)].into(),
    };
    let batch = |number, record: &UsageRecord| Batch { number, records: vec![record.clone()] };
    let report = |batches: Vec<Batch>, lost: Vec<(u64, u64)>| {
        let act = world.act(&guild.bot);
        let input = UsageReport { instance: guild.instance, batches, lost };
        world.scratch.tx(|tx| count_usage(tx, &act, &input))
    };
    for numbers in [vec![1], vec![1, 3], vec![3, 3, 2], vec![7, 5], vec![1, 2, 3, 5, 7]] {
        report(numbers.into_iter().map(|number| batch(number, &record)).collect(), Vec::new()).unwrap();
    }
    let closed = report(Vec::new(), vec![(4, 4), (6, 6)]).unwrap();
    assert_eq!((closed.window.all_to, closed.window.next()), (7, 8));
    let used = || world.reads(|tx| Ok(usage::since(tx, row.id, super::world::START.plus_ms(-3_600_000))?)).unwrap();
    assert_eq!((used().calls, used().fuel, used().host_calls[&Scope::Ban]), (5, 50, 15));
    let future = UsageRecord { at: world.now().plus_ms(1 << 40), ..record.clone() };
    let overflowing = UsageRecord { calls: u64::MAX, ..record.clone() };
    let strangers = UsageRecord {
        installation: crate::domain::id::InstallationId::mint(
            world.now(),
            &mut crate::domain::id::Entropy::from_seed([77; 32]),
        ),
        ..record.clone()
    };
    for bad in [&future, &overflowing, &strangers] {
        assert_eq!(code(report(vec![batch(8, &record), batch(9, bad)], Vec::new())), "invalid");
    }
    assert_eq!(used().calls, 5, "nothing of a refused report is counted");
    report(vec![batch(8, &record)], Vec::new()).unwrap();
    assert_eq!(used().calls, 6);
    let act = world.act(&world.ada);
    let input = UsageReport { instance: guild.instance, batches: Vec::new(), lost: Vec::new() };
    assert_eq!(code(world.scratch.tx(|tx| count_usage(tx, &act, &input))), "not_found");
}

#[test]
fn a_server_belongs_to_the_first_instance_that_describes_it() {
    let guild = Guild::new();
    let world = &guild.world;
    let name = "shard-2".parse().unwrap();
    let other = world.does(&world.root, |tx, act| create_instance(tx, act, &name, "sky_two")).unwrap();
    let account = world.reads(|tx| Ok(crate::store::accounts::by_id(tx, other.account)?)).unwrap().unwrap();
    let bot = crate::domain::account::Caller { rights: guild.bot.rights.clone(), ..super::world::caller(account) };
    let taking = described("100", "ben");
    assert_eq!(code(world.does(&bot, |tx, act| describe_server(tx, act, &taking))), "served_by_another");
    let edit = |tier: Option<&str>, instance| ServerEdit {
        server: guild.server(),
        if_match: IfMatch::Any,
        managers: None,
        tier: tier.map(|tier| tier.parse().unwrap()),
        instance,
    };
    let moving = edit(None, Some(other.id));
    assert_eq!(code(world.does(&world.ada, |tx, act| edit_server(tx, act, &moving))), "right_missing");
    world.does(&world.root, |tx, act| edit_server(tx, act, &moving)).unwrap();
    world.does(&bot, |tx, act| describe_server(tx, act, &taking)).unwrap();
    let tier = |who, tier| world.does(who, |tx, act| edit_server(tx, act, &edit(Some(tier), None)));
    assert_eq!(code(tier(&world.root, "platinum")), "invalid");
    tier(&world.root, "plus").unwrap();
    assert_eq!(code(tier(&world.ben, "pro")), "right_missing", "its owner may not raise the tier");
}
