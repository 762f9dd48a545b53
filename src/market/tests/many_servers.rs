//! An update on three hundred servers: each of its owners is asked, and until they answer the old version stays.

use super::guild::{Guild, described, scopes};
use super::world::package;
use crate::domain::installation::{Follow, Stage};
use crate::domain::scope::Scope;
use crate::market::*;
use crate::store::installations;

const SERVERS: usize = 300;

#[test]
fn an_update_that_adds_ban_waits_for_consent_on_three_hundred_servers_while_the_old_version_stays() {
    let guild = Guild::new();
    let world = &guild.world;
    let first = guild.publish(package("Guard", "1.0.0", &["kick"], b"1"));
    let mut rows = Vec::new();
    for n in 0..SERVERS {
        guild.beat();
        let described = described(&format!("{}", 1_000 + n), "ada");
        let server = world.does(&guild.bot, |tx, act| describe_server(tx, act, &described)).unwrap();
        let input = NewInstallation {
            server: ServerRef::Id(server.id),
            follow: Follow::Automatic,
            ..guild.new_installation("guard", Some(&[Scope::Kick]))
        };
        let row = world.does(&world.ada, |tx, act| install(tx, act, &input)).unwrap();
        rows.push(guild.carry_out(row.id));
    }
    guild.publish(package("Guard", "1.1.0", &["kick", "ban"], b"2"));
    guild.to_all("guard");
    assert_eq!(guild.roll(), SERVERS);
    for row in &rows {
        let row = guild.row(row.id);
        assert_eq!(row.stands.state.now().unwrap().version, first, "the old version stays");
        let Some(Stage::PermissionValidation { asked, .. }) = row.stands.state.next().map(|next| &next.stage) else {
            panic!("{row:?}")
        };
        assert_eq!((asked.fresh(), asked.has), (scopes(&[Scope::Ban]), scopes(&[Scope::Kick])));
    }
    assert_eq!(guild.roll(), 0, "each is asked once");
    let answer = ConsentGiven {
        installation: rows[0].id,
        if_match: IfMatch::Any,
        answer: ConsentAnswer::Grant(scopes(&[Scope::Kick, Scope::Ban])),
    };
    world.does(&world.ada, |tx, act| consent(tx, act, &answer)).unwrap();
    let updated = guild.carry_out(rows[0].id);
    assert_eq!(updated.stands.state.now().unwrap().version.to_string(), "1.1.0");
    let standing = world.scratch.read(|tx| installations::standing(tx, updated.extension)).unwrap();
    let mut counts: Vec<i64> = standing.iter().map(|one| one.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, i64::try_from(SERVERS - 1).unwrap()]);
    world.verify();
}
