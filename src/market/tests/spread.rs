//! How far an extension has spread, and who is told.

use serde_json::json;

use super::guild::Guild;
use crate::domain::manifest::FlagDefault;
use crate::domain::policy::Policy;
use crate::market::*;

#[test]
fn owners_are_told_how_many_have_it_and_maintainers_where() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish_with("Keeper", "1.0.0", json!({}));
    guild.installed("keeper", &[]);
    let wanted: ExtensionRef = "keeper".parse().unwrap();
    let of = |caller| world.act(caller).viewer();
    let spread = |caller| world.reads(|tx| spread_of(tx, &of(caller), &wanted, world.now()));
    let (row, seen) = spread(&world.ben).unwrap();
    let first = (seen.versions[0].0.to_string(), seen.versions[0].1);
    assert_eq!((seen.installations, seen.active, seen.servers, first), (1, 1, 1, ("1.0.0".to_owned(), 1)));
    assert_eq!((seen.instances, seen.listening), (1, 1));
    assert_eq!(spread(&world.ada).unwrap_err().code(), "not_found", "a stranger");
    world.wait_ms(Policy::default().installations.instance_silent_ms + 1);
    assert_eq!(spread(&world.mia).unwrap().1.listening, 0, "it went silent");

    let where_is = |caller| world.reads(|tx| installed_with(tx, &of(caller), &wanted, None, 10, world.now()));
    assert_eq!(where_is(&world.mia).unwrap()[0].0.server.id, guild.server.id);
    assert_eq!(where_is(&world.ben).unwrap_err().code(), "not_found", "not even its owner");
    let counts = world.reads(|tx| installation_counts(tx, std::slice::from_ref(&row))).unwrap();
    assert_eq!(counts.get(&row.id), Some(&1));
    assert!(world.reads(|tx| installation_counts(tx, &[])).unwrap().is_empty());
    let channel = world.reads(|tx| channel_of(tx, &of(&world.ada), &wanted)).unwrap();
    assert_eq!(channel.len(), 1, "what is published has a history for all");
}

#[test]
fn flags_of_a_version_say_what_was_set_and_how_many_servers_differ() {
    let guild = Guild::new();
    let world = &guild.world;
    let number = guild.publish_with("Keeper", "1.0.0", json!({"flags": {"fast": false, "new": 10}}));
    let row = guild.installed("keeper", &[]);
    let version = VersionRef { extension: "keeper".parse().unwrap(), number };
    let settings = |caller| world.reads(|tx| flag_settings(tx, &world.act(caller).viewer(), &version));
    let set = [("fast".to_owned(), FlagDefault::Percentage(50))].into();
    world.does(&world.ben, |tx, act| set_version_flags(tx, act, &version, &set)).unwrap();
    let here = [("new".to_owned(), true)].into();
    let at = InstallationRef::Id(row.id);
    world.does(&world.ada, |tx, act| set_flags(tx, act, &at, &here)).unwrap();
    let found = settings(&world.ben).unwrap();
    assert_eq!(found[0].flag.version, Some(FlagDefault::Percentage(50)));
    assert_eq!((found[1].flag.default, found[1].flag.version), (FlagDefault::Percentage(10), None));
    assert_eq!((found[0].overrides.on, found[1].overrides.on, found[1].overrides.off), (0, 1, 0));
    assert_eq!(settings(&world.ada).unwrap_err().code(), "not_found");
}
