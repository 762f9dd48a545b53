//! Changing the policy: what a plan says is what applying does, and nothing is loosened that is locked.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{World, code, package, version_of};
use crate::domain::account::Caller;
use crate::domain::extension::ReasonCode;
use crate::domain::id::{Entropy, ReviewId, ServerId};
use crate::domain::json::Json;
use crate::domain::policy::{ApprovalsNeeded, Effect, FieldPath, Format, Place, Subject, When, parse};
use crate::domain::server::ServerRelation;
use crate::market::*;
use crate::store::plans::PlanRow;
use crate::store::policy as policies;
use crate::store::reviews::ReviewRow;
use crate::store::{Dump, reviews};

impl World {
    fn plans(&self, who: &Caller, draft: &PolicyDraft) -> Result<PlanRow, Refused> {
        let act = self.act(who);
        let planned = self.scratch.read(|tx| plan_policy(tx, &act, draft, "a reason"))?;
        self.does(who, |tx, act| policy_plan(tx, act, &planned))
    }

    /// Plans a document given as TOML.
    pub fn plan(&self, text: &str) -> Result<PlanRow, Refused> {
        self.plans(&self.root, &document(text))
    }

    pub fn apply(&self, who: &Caller, plan: &PlanRow, seen: i64) -> Result<Applied, Refused> {
        let input = ApplyPlan { plan: plan.id, if_match: IfMatch::Revision(seen) };
        self.does(who, |tx, act| apply_policy(tx, act, &input))
    }

    /// Plans and applies.
    pub fn enact(&self, text: &str) -> Applied {
        let plan = self.plan(text).unwrap();
        self.apply(&self.root, &plan, plan.base).unwrap()
    }

    fn reverts(&self, to: i64) -> Result<Applied, Refused> {
        let current = self.scratch.read(policies::current).unwrap().number();
        let input = Revert { to, reason: "it was better".to_owned(), if_match: IfMatch::Revision(current) };
        self.does(&self.root, |tx, act| revert_policy(tx, act, &input))
    }

    fn open_rows(&self) -> BTreeMap<ReviewId, ReviewRow> {
        let rows = self.scratch.read(reviews::open).unwrap();
        rows.into_iter().map(|row| (row.id, row)).collect()
    }

    fn effective(&self) -> String {
        let subject = Subject { server: None, extension: Some("one-of-them") };
        let layers = self.scratch.read(policies::layers).unwrap();
        serde_json::to_string(&*layers.policy(&subject, self.now())).unwrap()
    }

    pub fn overrides(
        &self,
        relation: ServerRelation,
        text: &str,
        seen: i64,
    ) -> Result<policies::PolicyRevision, Refused> {
        let document = parse(text, Format::Toml, Place::Server).unwrap().to_json();
        self.overrides_with(relation, document, seen)
    }

    fn overrides_with(
        &self,
        relation: ServerRelation,
        document: Json,
        seen: i64,
    ) -> Result<policies::PolicyRevision, Refused> {
        let if_match = IfMatch::Revision(seen);
        let input = Override { server: server(), document, reason: "quieter".to_owned(), if_match };
        self.does(&self.root, |tx, act| override_policy(tx, act, relation, &input))
    }
}

fn document(text: &str) -> PolicyDraft {
    PolicyDraft::Document(parse(text, Format::Toml, Place::Global).unwrap().to_json())
}

fn server() -> ServerId {
    ServerId::mint(super::world::START, &mut Entropy::from_seed([77; 32]))
}

fn faults(outcome: Result<impl std::fmt::Debug, Refused>) -> Vec<String> {
    match outcome {
        Err(Refused::Invalid(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn count(effects: &[Effect], code: &str) -> u64 {
    effects.iter().filter(|effect| effect.code == code).map(|effect| effect.count).sum()
}

#[test]
fn a_draft_that_denies_a_scope_shows_whom_it_touches_and_does_that() {
    let world = World::new();
    let published = world.ready(&world.ada, "Caller", "1.0.0", &["webhooks"]);
    let claimed = world.claim(&world.mia, published.id).unwrap();
    world.approve(&world.mia, &claimed).unwrap();
    let waiting = world.ready(&world.ben, "Waiter", "1.0.0", &["webhooks", "kick"]);
    world.ready(&world.ben, "Other", "1.0.0", &["kick"]);

    let plan = world.plan("[scopes]\nwebhooks = \"deny\"\nkick = \"two-person\"\n[review]\nsla_ms = 60000").unwrap();
    let effect = |code: &str, field: &str| {
        let effect = plan.impact.effect(code, field).unwrap_or_else(|| panic!("{code} of {field}: {:#?}", plan.impact));
        (effect.count, effect.examples.iter().map(|example| example.name.as_str()).collect::<Vec<_>>())
    };
    assert_eq!(effect("catalogue_denied", "scopes.webhooks"), (1, vec!["caller 1.0.0"]));
    assert_eq!(effect("queue_denied", "scopes.webhooks"), (1, vec!["waiter 1.0.0"]));
    assert_eq!(effect("queue_second_approval", "scopes.kick"), (2, vec!["waiter 1.0.0", "other 1.0.0"]));
    assert_eq!(effect("past_denied", "scopes.webhooks"), (1, vec!["caller 1.0.0"]));
    let totals = plan.impact.totals;
    assert_eq!((totals.extensions_hit, totals.submissions_hit, totals.reviews_created), (1, 1, 2));
    assert_eq!((plan.impact.looked_at.extensions, plan.impact.looked_at.decisions), (1, 1));
    assert_eq!(world.review(waiting.id).approvals_needed, ApprovalsNeeded::One, "a plan changes nothing");

    let applied = world.apply(&world.root, &plan, plan.base).unwrap();
    assert_eq!(applied.impact, plan.impact);
    assert_eq!(world.review(waiting.id).approvals_needed, ApprovalsNeeded::Two);
    let claimed = world.claim(&world.mia, waiting.id).unwrap();
    assert_eq!(code(world.approve(&world.mia, &claimed)), "scope_denied");
    world.verify();

    world.reverts(plan.base).unwrap();
    let claimed = world.review(waiting.id);
    assert_eq!(claimed.approvals_needed, ApprovalsNeeded::One);
    world.approve(&world.mia, &claimed).unwrap();
}

#[test]
fn a_plan_is_applied_once_within_its_hour_and_only_to_what_it_counted() {
    let world = World::new();
    let draft = "[scopes]\nwebhooks = \"deny\"";
    let plan = world.plan(draft).unwrap();
    world.ready(&world.ada, "Newcomer", "1.0.0", &["webhooks"]);
    let Err(Refused::Moved { moved, revision }) = world.apply(&world.root, &plan, plan.base) else {
        panic!("the queue has moved")
    };
    assert_eq!((moved.len(), revision), (1, plan.base));
    assert_eq!(moved[0].pointer, "/impact/effects/queue_denied");
    assert!(moved[0].what.ends_with("none before, 1 now, such as newcomer 1.0.0"), "{}", moved[0].what);

    let (first, second) = (world.plan(draft).unwrap(), world.plan("[review]\nlease_ms = 60000").unwrap());
    assert_eq!(code(world.apply(&world.mia, &first, first.base)), "right_missing");
    world.apply(&world.root, &first, first.base).unwrap();
    assert_eq!(code(world.apply(&world.root, &first, first.base)), "plan_used");
    let Err(Refused::Precondition { changed, revision }) = world.apply(&world.root, &second, second.base) else {
        panic!("another administrator was faster")
    };
    assert_eq!(revision, first.base + 1);
    assert!(changed.iter().any(|one| one.pointer == "/document/scopes/webhooks" && one.by == "root"), "{changed:?}");
    let late = world.plan("[review]\nlease_ms = 60000").unwrap();
    world.wait_ms(PLAN_LIVES_MS);
    assert_eq!(code(world.apply(&world.root, &late, late.base)), "plan_expired");
    assert_eq!(code(world.plan(draft)), "nothing_changes");
    let unseen = world.plan("[review]\nlease_ms = 60000").unwrap();
    assert_eq!(code(world.apply(&world.root, &unseen, unseen.base - 1)), "changed_meanwhile");
}

#[test]
fn a_draft_is_judged_whole() {
    let world = World::new();
    let text = r#"{"scopes":{"bann":"deny"},"review":{"sla_ms":-1},"exceptions":[]}"#;
    let draft = PolicyDraft::Document(Json::parse(text.as_bytes()).unwrap());
    let told = faults(world.plans(&world.root, &draft));
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("/document/scopes/bann: ") && told[0].ends_with("did you mean ban?"), "{told:?}");
    assert!(told[1].starts_with("/document/review/sla_ms: "), "{told:?}");
    let over = format!(
        "[[exceptions]]\nfield = \"scopes.ban\"\nvalue = \"allow\"\nuntil = \"{}\"\nreason = \"x\"",
        world.now()
    );
    assert!(faults(world.plan(&over))[0].contains("/document/exceptions/0/until"));
    assert_eq!(code(world.plans(&world.mia, &draft)), "right_missing");
    assert_eq!(code(world.plans(&world.root, &PolicyDraft::Revision(99))), "not_found");
}

#[test]
fn an_override_that_loosens_a_lock_names_it_its_revision_and_its_author() {
    let world = World::new();
    let number =
        world.enact("locked = [\"scopes.ban\"]\n[scopes]\nban = \"review\"\nkick = \"deny\"").revision.number();
    let told =
        faults(world.overrides(ServerRelation::Owner, "[scopes]\nban = \"allow\"\n[tiers.free]\nfuel = 600000000", 0));
    assert_eq!(told.len(), 2, "{told:?}");
    let lock = format!("scopes.ban is set to review for every server by root in revision {number} of the policy");
    assert!(told[0].contains(&lock), "{told:?}");
    assert!(told[1].contains("tiers.free.fuel is 500000000 for this tier"), "{told:?}");
    let text = "[scopes]\nban = \"deny\"\nkick = \"allow\"\n[tiers.free]\nfuel = 5000";
    let made = world.overrides(ServerRelation::Owner, text, 0).unwrap();
    assert_eq!(made.number(), 1);
    assert_eq!(code(world.overrides(ServerRelation::Owner, "", 0)), "changed_meanwhile");

    let id = server().to_string();
    let subject = Subject { server: Some(&id), extension: None };
    let explained = |field: &str| {
        let path: FieldPath = field.parse().unwrap();
        let explained = world.reads(|tx| explain_policy(tx, &path, &subject, world.now())).unwrap();
        (explained.value.to_string(), format!("{:?}", explained.from.layer), explained.from.revision, explained.from.by)
    };
    let root = || Some("root".to_owned());
    assert_eq!(explained("scopes.ban"), ("deny".to_owned(), "Server".to_owned(), Some(1), root()));
    assert_eq!(explained("review.lease_ms").1, "Defaults");
    // A lock that comes later takes back what was overridden before.
    let plan = world.plan("locked = [\"scopes.kick\"]\n[scopes]\nkick = \"deny\"").unwrap();
    assert_eq!(plan.impact.effect("override_tightened", "scopes.kick").map(|effect| effect.count), Some(1));
    let number = world.apply(&world.root, &plan, plan.base).unwrap().revision.number();
    assert_eq!(explained("scopes.kick"), ("deny".to_owned(), "Global".to_owned(), Some(number), root()));
    let policy = world.scratch.read(|tx| policies::on_server(tx, &id, None, world.now())).unwrap();
    assert_eq!(policy.tiers["free"].fuel, 5_000);
}

#[test]
fn what_held_a_constant_reads_the_policy() {
    let world = World::new();
    world.enact("[review]\nlease_ms = 120000\nreasons = [\"broken\", \"spam\"]\n[switches]\nnew_accounts_open = false");
    let review = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, review.id).unwrap();
    assert_eq!(claimed.claim.as_ref().unwrap().lease_until, world.now().plus_ms(120_000));
    let told = faults(world.reject(&world.mia, &claimed, "no"));
    assert!(told[0].contains("the reasons are broken, spam"), "{told:?}");
    let input = Reject {
        review: review.id,
        if_match: IfMatch::Revision(claimed.revision),
        reason: ReasonCode::Spam,
        feedback: "no".to_owned(),
    };
    world.does(&world.mia, |tx, act| reject(tx, act, &input)).unwrap();
    let newcomer =
        CreateAccount { name: "newcomer".parse().unwrap(), role: crate::domain::account::Role::User, verified: false };
    assert_eq!(code(world.does(&world.root, |tx, act| create_account(tx, act, &newcomer))), "accounts_closed");
}

#[test]
fn an_exception_lets_one_extension_through_until_it_ends() {
    let world = World::new();
    let until = world.now().plus_ms(1_000_000);
    world.enact(&format!(
        "[scopes]\nwebhooks = \"deny\"\n[[exceptions]]\nfield = \"scopes.webhooks\"\nvalue = \"allow\"\n\
         extension = \"greeter\"\nuntil = \"{until}\"\nreason = \"until it is rewritten\""
    ));
    let greeter = world.ready(&world.ada, "Greeter", "1.0.0", &["webhooks"]);
    let other = world.ready(&world.ada, "Other", "1.0.0", &["webhooks"]);
    let greeter = world.claim(&world.mia, greeter.id).unwrap();
    let other = world.claim(&world.mia, other.id).unwrap();
    assert_eq!(code(world.approve(&world.mia, &other)), "scope_denied");
    world.approve(&world.mia, &greeter).unwrap();
}

/// One thing that a catalogue begins with.
#[derive(Clone, Debug)]
struct Thing {
    scopes: Vec<&'static str>,
    by_ada: bool,
    stands: u8,
    waits_ms: i64,
}

fn any_thing() -> impl Strategy<Value = Thing> {
    let scopes = prop::sample::subsequence(vec!["ban", "kick", "webhooks", "http_request", "storage"], 0..=5);
    (scopes, any::<bool>(), 0_u8..4, 0_i64..7_200_000).prop_map(|(scopes, by_ada, stands, waits_ms)| Thing {
        scopes,
        by_ada,
        stands,
        waits_ms,
    })
}

fn any_draft() -> impl Strategy<Value = String> {
    let verdict = || prop::sample::select(&["allow", "review", "two-person", "deny"][..]);
    let line = prop_oneof![
        (prop::sample::select(&["ban", "kick", "webhooks", "http_request", "storage"][..]), verdict())
            .prop_map(|(scope, verdict)| ("scopes", scope.to_owned(), format!("\"{verdict}\""))),
        (60_000_i64..400_000_000).prop_map(|ms| ("review", "sla_ms".to_owned(), ms.to_string())),
        (1_i64..10_000_000).prop_map(|ms| ("review", "stagger_ms".to_owned(), ms.to_string())),
        (0_i64..=1_000).prop_map(|n| ("review", "second_reviewer_per_mille".to_owned(), n.to_string())),
        (0_i64..=100).prop_map(|n| ("review", "risk_weight".to_owned(), n.to_string())),
        (0_i64..4).prop_map(|n| ("review", "open_submissions_max".to_owned(), n.to_string())),
        (0_i64..=100).prop_map(|n| ("reputation", "base".to_owned(), n.to_string())),
        (0_i64..=100).prop_map(|n| ("reputation", "published".to_owned(), n.to_string())),
        any::<bool>().prop_map(|open| ("switches", "submissions_open".to_owned(), open.to_string())),
        (1_i64..=128).prop_map(|n| ("tiers", "free.memory_mib".to_owned(), n.to_string())),
    ];
    prop::collection::vec(line, 1..6).prop_map(|lines| {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for (section, field, value) in lines {
            fields.insert(format!("{section}.{field}"), value);
        }
        let lines: Vec<String> = fields.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        lines.join("\n")
    })
}

fn set_up(world: &World, things: &[Thing]) {
    for (n, thing) in things.iter().enumerate() {
        world.wait_ms(thing.waits_ms);
        let (who, name) = (if thing.by_ada { &world.ada } else { &world.ben }, format!("Thing {n}"));
        if thing.stands == 0 {
            let imported = world.import(who, package(&name, "1.0.0", &thing.scopes, name.as_bytes())).unwrap();
            world.submit(who, &version_of(&imported)).unwrap();
            continue;
        }
        let mut review = world.ready(who, &name, "1.0.0", &thing.scopes);
        for reviewer in [&world.mia, &world.max].into_iter().take(usize::from(thing.stands) - 1) {
            if world.review(review.id).is_open() {
                review = world.claim(reviewer, review.id).unwrap();
                world.approve(reviewer, &review).unwrap();
            }
        }
    }
}

/// The tables that a change of policy has no business with.
fn untouched(dump: &Dump) -> Dump {
    let moved = ["policy_revisions", "policy_plans", "audit", "events", "log_head", "reviews", "review_scopes"];
    let moved: BTreeSet<&str> = moved.into_iter().chain(["review_changes", "accounts"]).collect();
    dump.iter().filter(|(table, _)| !moved.contains(table.as_str())).map(|(a, b)| (a.clone(), b.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn applying_changes_what_the_plan_said_and_reverting_puts_it_back(
        things in prop::collection::vec(any_thing(), 0..7),
        draft in any_draft(),
    ) {
        let world = World::new();
        set_up(&world, &things);
        while world.scratch.tx(|tx| move_due(tx, world.now())).unwrap() > 0 {}
        let accounts = |world: &World| -> BTreeMap<String, u8> {
            let rows = world.scratch.read(crate::store::impact::accounts).unwrap();
            rows.into_iter().map(|row| (row.id, row.reputation)).collect()
        };
        let (rows, standing, dump, policy) =
            (world.open_rows(), accounts(&world), world.scratch.dump(), world.effective());
        let plan = match world.plan(&draft) {
            Err(Refused::Conflict { code: "nothing_changes", .. }) => return Ok(()),
            plan => plan.unwrap(),
        };
        let applied = world.apply(&world.root, &plan, plan.base).unwrap();
        prop_assert_eq!(&applied.impact, &plan.impact);

        let (after, effects) = (world.open_rows(), &plan.impact.effects);
        let moved = |differs: &dyn Fn(&ReviewRow, &ReviewRow) -> bool| {
            rows.iter().filter(|(id, row)| differs(row, &after[*id])).count() as u64
        };
        prop_assert_eq!(rows.len(), after.len());
        prop_assert_eq!(count(effects, "queue_due_moved"), moved(&|a, b| a.standing.due_at != b.standing.due_at));
        prop_assert_eq!(count(effects, "queue_reordered"), moved(&|a, b| a.standing.rank_ms != b.standing.rank_ms));
        let second = |a: &ReviewRow, b: &ReviewRow| {
            a.approvals_needed == ApprovalsNeeded::One && b.approvals_needed == ApprovalsNeeded::Two
        };
        prop_assert_eq!(count(effects, "queue_second_approval"), moved(&second));
        prop_assert_eq!(plan.impact.totals.reviews_created, moved(&second));
        prop_assert_eq!(count(effects, "queue_second_dropped"), moved(&|a, b| second(b, a)));
        let now = accounts(&world);
        let regarded = standing.iter().filter(|(id, reputation)| now[*id] != **reputation).count() as u64;
        prop_assert_eq!(count(effects, "reputation_changed"), regarded);
        let denied = rows.values().filter(|row| {
            let policy = |number| {
                let found = world.scratch.read(|tx| policies::by_number(tx, number)).unwrap().unwrap();
                crate::domain::policy::InForce::new(found.enacted).base.denied(row.scopes)
            };
            !policy(plan.base + 1).minus(policy(plan.base)).is_empty()
        });
        prop_assert_eq!(plan.impact.totals.submissions_hit, denied.count() as u64);
        prop_assert_eq!(untouched(&world.scratch.dump()), untouched(&dump));
        for (id, row) in &rows {
            let mut expected = after[id].clone();
            expected.standing = row.standing;
            expected.approvals_needed = row.approvals_needed;
            expected.author_reputation = row.author_reputation;
            expected.revision = row.revision;
            prop_assert_eq!(row, &expected, "nothing else of a review moves");
        }

        world.reverts(plan.base).unwrap();
        prop_assert_eq!(world.effective(), policy);
        prop_assert_eq!(accounts(&world), standing);
        for (id, row) in world.open_rows() {
            prop_assert_eq!(row.standing, rows[&id].standing);
            prop_assert_eq!(row.approvals_needed, rows[&id].approvals_needed);
        }
        world.verify();
    }
}

#[test]
fn an_impact_says_what_is_measured_of_tiers() {
    let world = World::new();
    for (name, fuel) in [("Light", 1_000_u64), ("Heavy", 400_000_000)] {
        let imported = world.import(&world.ada, package(name, "1.0.0", &[], name.as_bytes())).unwrap();
        let submitted = world.submit(&world.ada, &version_of(&imported)).unwrap();
        let report = serde_json::json!({ "result": {
            "outcome": { "kind": "finished", "code": 0 }, "fuel": fuel, "memory_bytes_peak": 65_536,
        }});
        let input = RecordChecks {
            review: submitted.review.id,
            sha256: submitted.review.sha256,
            records: Vec::new(),
            reports: vec![(crate::domain::kind::Kind::Command, report.to_string())],
            now: world.now(),
            seed: [1; 32],
        };
        world.scratch.tx(|tx| record_checks(tx, &input)).unwrap();
        let claimed = world.claim(&world.mia, submitted.review.id).unwrap();
        world.approve(&world.mia, &claimed).unwrap();
    }
    world.publish(&world.ben, "Unmeasured");
    let plan = world.plan("[tiers.free]\nfuel = 250000000").unwrap();
    let measured = &plan.impact.measured[0];
    assert_eq!((measured.field.as_str(), measured.unmeasured), ("tiers.free.fuel", 1));
    assert_eq!((measured.p50, measured.p99, measured.most), (1_000, 400_000_000, 400_000_000));
    assert_eq!((measured.over_before, measured.over_after), (0, 1));
    let effect = plan.impact.effect("tier_breaks", "tiers.free.fuel").unwrap();
    assert_eq!((effect.count, effect.when, effect.examples[0].name.as_str()), (1, When::Now, "heavy 1.0.0"));
    assert_eq!(effect.servers, Some(0), "nothing is installed anywhere");
}
