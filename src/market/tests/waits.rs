//! How long is waited for whom, and how wide the rings are: as the policy says, from the moment it does.

use super::guild::{Guild, on};
use super::world::{code, package};
use crate::domain::installation::{Stage, State};
use crate::domain::policy::RolloutPolicy;
use crate::domain::rollout::Ring;
use crate::domain::scope::Scope;
use crate::market::*;
use crate::store::rollouts;

fn lapse(guild: &Guild) -> usize {
    guild.world.scratch.tx(|tx| lapse_installations(tx, guild.world.now())).unwrap()
}

#[test]
fn installations_wait_as_long_as_the_policy_says() {
    let guild = Guild::new();
    let world = &guild.world;
    world.enact(
        "[installations]\nconsent_wait_ms = 3600000\norder_ms = 5000\nremoval_grace_ms = 20000\ninstance_silent_ms = 8000",
    );
    guild.publish(package("Greeter", "1.0.0", &["kick"], b"1"));
    guild.beat();
    let asking = guild.new_installation("greeter", None);
    let row = world.does(&world.ada, |tx, act| install(tx, act, &asking)).unwrap();
    let until = row.stands.state.next().unwrap().stage.until();
    assert_eq!(until, Some(world.now().plus_ms(3_600_000)));
    guild.wait_ms(3_600_000);
    assert_eq!(lapse(&guild), 1);

    let row = guild.install("greeter", &[Scope::Kick]).unwrap();
    guild.wait_ms(4_999);
    assert_eq!(lapse(&guild), 0);
    guild.wait_ms(1);
    assert_eq!(lapse(&guild), 1);
    assert!(matches!(guild.row(row.id).stands.state, State::Failed { .. }));

    let row = guild.installed("greeter", &[Scope::Kick]);
    let removed = world.does(&world.ada, |tx, act| remove(tx, act, &on(&row), "", IfMatch::Any)).unwrap();
    assert_eq!(removed.after, Some(world.now().plus_ms(20_000)));
    guild.wait_ms(20_000);
    assert_eq!(lapse(&guild), 1);

    // Doing something takes a second.
    world.wait_ms(7_000);
    guild.install("greeter", &[Scope::Kick]).unwrap();
    guild.publish(package("Second", "1.0.0", &[], b"2"));
    assert_eq!(code(guild.install("second", &[])), "instance_silent");
    world.verify();
}

#[test]
fn a_plan_says_which_instances_fall_silent_and_which_updates_go_further() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Ringed", "1.0.0", &[], b"1"));
    let row = guild.installed("ringed", &[]);
    guild.publish(package("Ringed", "1.1.0", &[], b"2"));
    guild.roll();
    world.wait_ms(20_000);

    let plan = world.plan("[installations]\ninstance_silent_ms = 10000\n[rollouts]\nring_ms = 60000").unwrap();
    let silent = plan.impact.effect("instances_silent", "installations.instance_silent_ms").unwrap();
    assert_eq!((silent.count, silent.examples[0].name.as_str()), (1, "shard-1"));
    assert_eq!(plan.impact.totals.servers_hit, Some(1), "its server gets nothing new");
    assert_eq!(plan.impact.effect("rollouts_reach", "rollouts"), None, "the canaries stay alone for another while");
    let wider = "[rollouts]\ncanary_per_mille = 1000\ntenth_per_mille = 1000\nring_ms = 60000";
    let plan = world.plan(wider).unwrap();
    let reach = plan.impact.effect("rollouts_reach", "rollouts").unwrap();
    assert_eq!((reach.count, reach.examples[0].name.as_str()), (1, "ringed"));
    assert!(
        reach.examples[0].note.contains("canary, 10 of 1000") && reach.examples[0].note.contains("canary, 1000 of")
    );

    let rings = RolloutPolicy::default();
    if Ring::of(row.extension, row.server, &rings) > Ring::Canary {
        assert_eq!(guild.row(row.id).stands.state.next(), None, "not its turn yet");
    }
    world.apply(&world.root, &plan, plan.base).unwrap();
    guild.beat();
    let open = world.scratch.read(rollouts::open).unwrap();
    assert!(open.iter().all(|(_, row)| row.look_at <= Some(world.now())), "looked at anew at once");
    guild.roll();
    let reached = guild.row(row.id).stands.state.next().map(|next| next.stage.clone());
    assert!(matches!(reached, Some(Stage::SandboxPrep { .. })), "{reached:?}");
}
