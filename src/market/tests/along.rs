//! Extensions that come along: offered together, consented to one by one, and none of them left behind.

use std::collections::BTreeMap;

use serde_json::json;

use super::guild::{Guild, on, scopes};
use super::world::{code, viewer};
use crate::domain::installation::{StageName, StateName};
use crate::domain::policy::InstallationPolicy;
use crate::domain::scope::Scope;
use crate::market::*;
use crate::store::installations;
use crate::store::installations::InstallationRow;

/// A player that needs a library, which needs sounds.
fn guild() -> Guild {
    let guild = Guild::new();
    guild.publish_with("Sounds", "1.0.0", json!({"scopes": ["storage"], "optional_scopes": ["storage"]}));
    guild.publish_with("Sounds", "2.0.0", json!({}));
    guild.publish_with("Library", "1.0.0", json!({"scopes": ["kick"], "requires": {"extensions": {"sounds": "^1"}}}));
    let needs = json!({"library": "^1", "sounds": "*"});
    guild.publish_with("Player", "1.0.0", json!({"scopes": ["ban"], "requires": {"extensions": needs}}));
    guild
}

fn with(slug: &str, number: &str, grant: Option<&[Scope]>) -> (crate::domain::extension::Slug, Along) {
    (slug.parse().unwrap(), Along { number: number.parse().unwrap(), grant: grant.map(scopes) })
}

impl Guild {
    fn offer(&self, slug: &str) -> Result<Vec<OfferLine>, Refused> {
        let (server, extension) = (self.server(), slug.parse().unwrap());
        let now = self.world.now();
        self.world.reads(|tx| installation_offer(tx, &viewer(&self.world.ada), (&server, &extension), None, now))
    }

    fn install_along(
        &self,
        along: impl IntoIterator<Item = (crate::domain::extension::Slug, Along)>,
    ) -> Result<InstallationRow, Refused> {
        let mut input = self.new_installation("player", Some(&[Scope::Ban]));
        input.along = along.into_iter().collect::<BTreeMap<_, _>>();
        self.world.does(&self.world.ada, |tx, act| install(tx, act, &input))
    }

    fn everything() -> [(crate::domain::extension::Slug, Along); 2] {
        [with("library", "1.0.0", Some(&[Scope::Kick])), with("sounds", "1.0.0", Some(&[]))]
    }

    fn there(&self) -> BTreeMap<String, InstallationRow> {
        let rows = self.world.scratch.read(|tx| installations::of_server(tx, self.server.id)).unwrap();
        rows.into_iter().map(|row| (row.slug.clone(), row)).collect()
    }
}

#[test]
fn an_offer_names_everything_that_comes_and_each_is_consented_to() {
    let guild = guild();
    let offer = guild.offer("player").unwrap();
    let named = |line: &OfferLine| {
        let by: Vec<&str> = line.needed_by.iter().map(crate::domain::extension::Slug::as_str).collect();
        format!(
            "{} {} for {} asks {}",
            line.extension.slug,
            line.version.number,
            by.join("+"),
            line.asked.all().names().join("+")
        )
    };
    let told: Vec<String> = offer.iter().map(named).collect();
    assert_eq!(told.len(), 3);
    assert!(told[0].starts_with("sounds 1.0.0 for library+player asks"), "{told:?}");
    assert!(told[1].starts_with("library 1.0.0 for player asks"), "{told:?}");
    assert!(told[2].starts_with("player 1.0.0 for  asks"), "{told:?}");
    assert_eq!((offer[1].asked.needed, offer[0].asked.optional), (scopes(&[Scope::Kick]), scopes(&[Scope::Storage])));

    let row = guild.install_along(Guild::everything()).unwrap();
    let there = guild.there();
    assert_eq!(there.len(), 3);
    for one in there.values() {
        assert_eq!(one.stands.state.request(), Some(row.id), "{} came with the same request", one.slug);
        guild.carry_out(one.id);
    }
    let granted = |slug: &str| guild.there()[slug].stands.state.now().unwrap().granted;
    assert_eq!(granted("library"), scopes(&[Scope::Kick]));
    assert_eq!((granted("sounds"), granted("player")), (scopes(&[]), scopes(&[Scope::Ban])));
    assert_eq!(guild.offer("library").unwrap().len(), 1, "what is there does not come again");
    let library = guild.there()["library"].clone();
    let needed = guild.world.does(&guild.world.ada, |tx, act| remove(tx, act, &on(&library), "", IfMatch::Any));
    assert_eq!(code(needed), "needed_by_others");
    guild.world.verify();
}

#[test]
fn what_is_not_exactly_the_offer_or_is_refused_leaves_no_row() {
    let guild = guild();
    let dump = guild.world.scratch.dump();
    let refused = |along: Vec<(crate::domain::extension::Slug, Along)>| {
        let refused = guild.install_along(along).unwrap_err();
        assert_eq!(guild.world.scratch.dump(), dump, "{refused}");
        (refused.code(), refused.to_string())
    };
    let (alone, text) = refused(Vec::new());
    assert_eq!(alone, "dependencies");
    assert!(text.contains("sounds 1.0.0, library 1.0.0") && text.contains("or along with it"), "{text}");
    let [library, sounds] = Guild::everything();
    let (moved, text) = refused(vec![library.clone()]);
    assert_eq!(moved, "offer_moved");
    assert!(text.contains("needs sounds 1.0.0, library 1.0.0 along") && text.contains("consents to library"), "{text}");
    assert_eq!(refused(vec![library.clone(), with("sounds", "2.0.0", Some(&[]))]).0, "offer_moved");
    let extra = with("extra", "1.0.0", None);
    assert_eq!(refused(vec![library.clone(), sounds.clone(), extra]).0, "offer_moved");
    let (never, text) = refused(vec![with("library", "1.0.0", Some(&[Scope::Webhooks])), sounds.clone()]);
    assert_eq!(never, "invalid");
    assert!(text.starts_with("/along/library/grant"), "{text}");
    guild.announce(&[Scope::Kick]);
    let dump = guild.world.scratch.dump();
    let unserved = guild.install_along([library, sounds]).unwrap_err();
    assert_eq!(unserved.code(), "scope_not_served");
    assert!(unserved.to_string().starts_with("library 1.0.0, which player needs: "), "{unserved}");
    assert_eq!(guild.world.scratch.dump(), dump);
    assert!(guild.offer("player").unwrap_err().to_string().starts_with("library 1.0.0: "));
}

#[test]
fn where_one_comes_to_nothing_all_that_came_with_it_go() {
    let guild = guild();
    let world = &guild.world;
    let states = || guild.there().values().map(|row| row.stands.state.name()).collect::<Vec<_>>();
    // The library is there already when the instance cannot prepare the player.
    let row = guild.install_along(Guild::everything()).unwrap();
    guild.carry_out(guild.there()["library"].id);
    guild.carry_out(guild.there()["sounds"].id);
    guild.acknowledge(row.id, StageName::SandboxPrep, Some("out of memory")).unwrap();
    assert_eq!(states(), [StateName::Failed; 3]);
    let told = format!("{:?}", guild.there()["library"].stands.state);
    assert!(told.contains("it came along with player, which came to nothing: out of memory"), "{told}");

    // The owner declines one of them.
    let [(slug, library), sounds] = Guild::everything();
    guild.install_along([(slug, Along { grant: None, ..library.clone() }), sounds]).unwrap();
    let asked = guild.there()["library"].clone();
    let declined = ConsentGiven {
        installation: asked.id,
        if_match: IfMatch::Any,
        answer: ConsentAnswer::Decline("it may not kick".to_owned()),
    };
    world.does(&world.ada, |tx, act| consent(tx, act, &declined)).unwrap();
    assert_eq!(states(), [StateName::Failed; 3]);

    // Nobody answers: all of them lapse at the same time, and each is given up once.
    guild.install_along(Guild::everything()).unwrap();
    guild.wait_ms(InstallationPolicy::default().order_ms);
    world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap();
    assert_eq!(states(), [StateName::Failed; 3]);
    assert_eq!(world.scratch.tx(|tx| lapse_installations(tx, world.now())).unwrap(), 0);

    // One is removed while the others are on their way.
    guild.install_along(Guild::everything()).unwrap();
    let sounds = guild.there()["sounds"].clone();
    world.does(&world.ada, |tx, act| remove(tx, act, &on(&sounds), "", IfMatch::Any)).unwrap();
    assert_eq!(states(), [StateName::Failed; 2]);
    world.verify();
}

#[test]
fn what_another_extension_needs_by_now_stays_with_all_that_it_needs_itself() {
    for (needs, library) in [("sounds", StateName::Failed), ("library", StateName::Active)] {
        let guild = guild();
        guild.publish_with("Friend", "1.0.0", json!({"requires": {"extensions": {needs: "^1"}}}));
        let row = guild.install_along(Guild::everything()).unwrap();
        guild.carry_out(guild.there()["sounds"].id);
        guild.carry_out(guild.there()["library"].id);
        guild.installed("friend", &[]);
        guild.acknowledge(row.id, StageName::SandboxPrep, Some("no")).unwrap();
        let there = guild.there();
        let state = |slug: &str| there[slug].stands.state.name();
        assert_eq!((state("player"), state("library")), (StateName::Failed, library), "{needs}");
        assert_eq!((state("sounds"), state("friend")), (StateName::Active, StateName::Active), "{needs}");
    }
}

#[test]
fn a_version_that_its_channel_went_back_from_is_not_offered() {
    let guild = guild();
    let world = &guild.world;
    guild.publish_with("Library", "1.1.0", json!({"requires": {"extensions": {"sounds": "^1"}}}));
    assert_eq!(guild.offer("player").unwrap()[1].version.number.to_string(), "1.1.0");
    let version = VersionRef { extension: "library".parse().unwrap(), number: "1.0.0".parse().unwrap() };
    let back = Rollback { version, if_match: IfMatch::Any, reason: "it crashes".to_owned() };
    world.does(&world.ben, |tx, act| rollback(tx, act, &back)).unwrap();
    assert_eq!(guild.offer("player").unwrap()[1].version.number.to_string(), "1.0.0");
    let yanked = Yank {
        version: VersionRef { extension: "sounds".parse().unwrap(), number: "1.0.0".parse().unwrap() },
        if_match: IfMatch::Any,
        reason: "broken".to_owned(),
    };
    world.does(&world.ben, |tx, act| yank(tx, act, &yanked)).unwrap();
    let gone = guild.offer("player").unwrap_err();
    assert_eq!(gone.code(), "dependencies");
    assert!(gone.to_string().contains("no published version of sounds"), "{gone}");
}
