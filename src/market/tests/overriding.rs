//! What a server overrides: planned with whom it touches there, applied as planned, refused where the ground moved.

use serde_json::json;

use super::guild::Guild;
use super::world::{code, package};
use crate::domain::account::Caller;
use crate::domain::policy::{FieldPath, Format, Place, Subject, parse};
use crate::domain::scope::Scope;
use crate::market::*;
use crate::store::plans::PlanRow;

impl Guild {
    fn plans_override(&self, who: &Caller, text: &str) -> Result<PlanRow, Refused> {
        let act = self.world.act(who);
        let document = parse(text, Format::Toml, Place::Server).unwrap().to_json();
        let server = self.server();
        let planned = self.world.scratch.read(|tx| plan_override(tx, &act, &server, &document, "quieter"))?;
        self.world.does(who, |tx, act| override_plan(tx, act, &planned))
    }

    fn applies_override(&self, who: &Caller, plan: &PlanRow, seen: i64) -> Result<AppliedOverride, Refused> {
        let input = ApplyOverride { server: self.server(), plan: plan.id, if_match: IfMatch::Revision(seen) };
        self.world.does(who, |tx, act| apply_override(tx, act, &input))
    }
}

#[test]
fn a_server_sees_beforehand_what_its_override_does_there_and_it_does_that() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Guard", "1.0.0", &["ban", "kick"], b"1"));
    guild.publish(package("Other", "1.0.0", &["ban"], b"2"));
    guild.installed("guard", &[Scope::Ban, Scope::Kick]);
    guild.publish(package("Plain", "1.0.0", &[], b"3"));
    guild.installed("plain", &[]);
    let draft = "[scopes]\nban = \"deny\"\n[tiers.free]\ninstalled_max = 1\nmemory_mib = 1";
    let plan = guild.plans_override(&world.ada, draft).unwrap();
    let effect = |code: &str, field: &str| {
        let found = plan.impact.effect(code, field).unwrap_or_else(|| panic!("{code}: {:#?}", plan.impact));
        let mut names: Vec<&str> = found.examples.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        (found.count, names)
    };
    assert_eq!(effect("server_denied", "scopes.ban"), (1, vec!["guard 1.0.0"]));
    assert_eq!(effect("catalogue_denied", "scopes.ban"), (2, vec!["guard 1.0.0", "other 1.0.0"]));
    assert_eq!(effect("server_full", "tiers.free.installed_max").0, 1);
    assert_eq!(plan.impact.measured[0].unmeasured, 2, "{:?}", plan.impact.measured);
    let totals = plan.impact.totals;
    assert_eq!((totals.extensions_hit, totals.servers_hit, plan.base), (1, Some(1), 0));
    assert_eq!(plan.impact.server, Some(guild.server.id));
    assert!(world.reads(|tx| policy_of_server(tx, guild.server.id)).unwrap().is_none(), "a plan changes nothing");

    let applied = guild.applies_override(&world.ada, &plan, 0).unwrap();
    assert_eq!((applied.revision.number(), &applied.impact), (1, &plan.impact));
    assert_eq!(code(guild.install("other", &[Scope::Ban])), "scope_denied");
    assert_eq!(code(guild.applies_override(&world.ada, &plan, 1)), "plan_used");
    assert_eq!(code(guild.plans_override(&world.ada, draft)), "nothing_changes");
    let id = guild.server.id.to_string();
    let subject = Subject { server: Some(&id), extension: None };
    let field: FieldPath = "scopes.ban".parse().unwrap();
    let explained = world.reads(|tx| explain_policy(tx, &field, &subject, world.now())).unwrap();
    assert_eq!((explained.value.to_string().as_str(), explained.from.by.as_deref()), ("deny", Some("ada")));
    world.verify();
}

#[test]
fn an_override_is_refused_where_what_its_plan_counted_has_moved() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Guard", "1.0.0", &["ban"], b"1"));
    let draft = "[scopes]\nban = \"deny\"";
    let plan = guild.plans_override(&world.ada, draft).unwrap();
    guild.installed("guard", &[Scope::Ban]);
    let Err(Refused::Moved { moved, revision }) = guild.applies_override(&world.ada, &plan, 0) else {
        panic!("something was installed meanwhile")
    };
    assert_eq!((moved.len(), revision, moved[0].pointer.as_str()), (1, 0, "/impact/effects/server_denied"));
    assert!(moved[0].what.ends_with("none before, 1 now, such as guard 1.0.0"), "{}", moved[0].what);

    let (first, second) = (
        guild.plans_override(&world.ada, draft).unwrap(),
        guild.plans_override(&world.ada, "[scopes]\nkick = \"deny\"").unwrap(),
    );
    guild.applies_override(&world.root, &first, 0).unwrap();
    let Err(Refused::Precondition { changed, revision }) = guild.applies_override(&world.ada, &second, 1) else {
        panic!("an administrator was faster")
    };
    assert_eq!((revision, changed[0].by.as_str()), (1, "root"));

    // A lock that comes after the plan is heeded when it is applied.
    let looser = guild.plans_override(&world.ada, "[scopes]\nhttp_request = \"allow\"").unwrap();
    world.enact("locked = [\"scopes.http_request\"]\n[scopes]\nhttp_request = \"deny\"");
    let told = guild.applies_override(&world.ada, &looser, 1).unwrap_err();
    assert!(told.to_string().contains("scopes.http_request is set to deny for every server by root"), "{told}");
    world.verify();
}

#[test]
fn plans_of_servers_and_of_the_marketplace_are_not_mixed_up() {
    let guild = Guild::new();
    let world = &guild.world;
    let own = guild.plans_override(&world.ada, "[scopes]\nban = \"deny\"").unwrap();
    assert_eq!(code(guild.plans_override(&world.ben, "[scopes]\nban = \"deny\"")), "not_found");
    assert_eq!(code(world.apply(&world.root, &own, 1)), "plan_for_server");
    let global = world.plan("[scopes]\nkick = \"deny\"").unwrap();
    assert_eq!(code(guild.applies_override(&world.ada, &global, 0)), "not_found");
    let late = guild.plans_override(&world.ada, "[scopes]\nban = \"deny\"").unwrap();
    world.wait_ms(PLAN_LIVES_MS);
    assert_eq!(code(guild.applies_override(&world.ada, &late, 0)), "plan_expired");
    let bad = crate::domain::json::Json::parse(json!({"scopes": {"bann": "deny"}}).to_string().as_bytes()).unwrap();
    let act = world.act(&world.ada);
    let told = world.scratch.read(|tx| plan_override(tx, &act, &guild.server(), &bad, "x")).unwrap_err();
    assert!(told.to_string().contains("did you mean ban?"), "{told}");
}
