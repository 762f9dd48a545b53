//! What must hold of documents, layers and the evaluator, whatever they say.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::domain::id::{AccountId, Entropy};
use crate::domain::json::Json;
use crate::domain::limits::RunLimits;
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

fn stamp(revision: i64) -> Stamp {
    let by = AccountId::mint(NOW, &mut Entropy::from_seed([7; 32]));
    Stamp { revision, by: Some(by), at: NOW.plus_ms(revision) }
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

fn toml(text: &str) -> Document {
    parse(text, Format::Toml, Place::Global).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn in_force(text: &str) -> InForce {
    InForce::new(Enacted::first(toml(text), stamp(3)))
}

fn server(text: &str) -> Enacted {
    let document = parse(text, Format::Toml, Place::Server).unwrap_or_else(|faults| panic!("{faults:#?}"));
    Enacted::first(document, stamp(9))
}

fn any_setting(path: &FieldPath) -> BoxedStrategy<Setting> {
    match path.field().sort {
        Sort::Whole { least, most } => (least..=most).prop_map(Setting::Whole).boxed(),
        Sort::Truth => any::<bool>().prop_map(Setting::Truth).boxed(),
        Sort::Word(words) => prop::sample::select(words).prop_map(|word| Setting::Word(Cow::Borrowed(word))).boxed(),
        Sort::Tier => prop::sample::select(&["free", "plus", "pro"][..])
            .prop_map(|word| Setting::Word(Cow::Borrowed(word)))
            .boxed(),
        Sort::Words(words) => words_of(words, 1),
        Sort::Hosts => words_of(&["a.example", "b.example", "c.example", "d.example"], 0),
    }
}

fn words_of(words: &'static [&'static str], least: usize) -> BoxedStrategy<Setting> {
    let some = prop::sample::subsequence(words, least..=words.len());
    some.prop_map(|some| {
        let mut some: Vec<String> = some.into_iter().map(str::to_owned).collect();
        some.sort();
        Setting::Words(some)
    })
    .boxed()
}

/// Few fields, so that layers meet.
fn any_layer() -> impl Strategy<Value = Layer> {
    let paths = [
        "scopes.ban",
        "scopes.webhooks",
        "tiers.free.fuel",
        "review.sla_ms",
        "review.reject_at",
        "review.reasons",
        "review.second_reviewer_per_mille",
        "network_allowlist",
        "switches.read_only",
        "switches.submissions_open",
        "rules.imports.enforced",
    ];
    let entries = paths.map(|text| {
        let path = path(text);
        let entry = (any_setting(&path), any::<bool>()).prop_map({
            let path = path.clone();
            move |(setting, lock)| {
                let lock = lock && path.field().can_be_locked();
                (path.clone(), if lock { Entry::locked(setting) } else { Entry::open(setting) })
            }
        });
        prop::option::of(entry)
    });
    entries.to_vec().prop_map(|entries| Layer(entries.into_iter().flatten().collect()))
}

fn any_document() -> impl Strategy<Value = Document> {
    let exception = (any::<prop::sample::Index>(), 0_i64..2_000, any::<bool>(), any::<bool>());
    (any_layer(), prop::collection::vec(exception, 0..3)).prop_map(|(layer, exceptions)| {
        let paths = every_path(&Policy::default());
        let made = exceptions.into_iter().map(|(at, until, for_server, for_extension)| {
            let field = paths[at.index(paths.len())].clone();
            let value = field.get(&Policy::default()).unwrap();
            Exception {
                field,
                value,
                server: for_server.then(|| "s1".to_owned()),
                extension: for_extension.then(|| "greeter".to_owned()),
                until: NOW.plus_ms(until - 1_000),
                reason: "a \"quoted\" reason\nof two lines \u{7f}".replace('\u{7f}', ""),
            }
        });
        Document { layer, exceptions: made.collect() }
    })
}

fn json(policy: &Policy) -> String {
    serde_json::to_string(policy).unwrap()
}

proptest! {
    #[test]
    fn merging_is_associative_and_idempotent(a in any_layer(), b in any_layer(), c in any_layer()) {
        prop_assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
        prop_assert_eq!(a.merged(&a), a.clone());
        prop_assert_eq!(a.merged(&Layer::default()), a.clone());
        prop_assert_eq!(Layer::default().merged(&a), a);
    }

    #[test]
    fn a_locked_field_is_never_loosened(global in any_layer(), above in any_layer()) {
        let merged = global.merged(&above);
        let document = Document { layer: global.clone(), ..Document::default() };
        let in_force = InForce::new(Enacted::first(document, stamp(1)));
        let server = Enacted::first(Document { layer: above, ..Document::default() }, stamp(2));
        let effective = in_force.effective(Some(&server), &Subject::default(), NOW);
        for (path, entry) in global.0.iter().filter(|(_, entry)| entry.floor.is_some()) {
            prop_assert!(path.field().is_as_strict(&merged.0[path].value, &entry.value), "{} merged", path);
            let found = path.get(&effective.policy).unwrap();
            prop_assert!(path.field().is_as_strict(&found, &entry.value), "{} in force", path);
        }
        // Servers never touch what is the marketplace's own, and never go beyond their tier.
        for path in every_path(&in_force.base) {
            let (below, found) = (path.get(&in_force.base).unwrap(), path.get(&effective.policy).unwrap());
            match path.field().reach {
                Reach::Marketplace => prop_assert_eq!(below, found),
                Reach::Tighten => prop_assert!(path.field().is_as_strict(&found, &below)),
                Reach::Server => {}
            }
        }
    }

    #[test]
    fn what_the_server_is_told_to_loosen_is_what_the_lock_takes_back(global in any_layer(), above in any_layer()) {
        let in_force = InForce::new(Enacted::first(Document { layer: global, ..Document::default() }, stamp(1)));
        let document = Document { layer: above, ..Document::default() };
        let loosened = in_force.loosened(&document);
        let server = Enacted::first(document, stamp(2));
        let effective = in_force.effective(Some(&server), &Subject::default(), NOW);
        for (path, entry) in &server.document.layer.0 {
            let kept = path.get(&effective.policy).as_ref() == Some(&entry.value);
            let is_listed = loosened.iter().any(|(found, ..)| found == path);
            let overrides = path.field().reach != Reach::Marketplace;
            prop_assert_eq!(overrides && !kept, is_listed, "{}", path);
            let from_server = effective.origin(path).layer == LayerName::Server;
            prop_assert_eq!(from_server, overrides && kept, "{}", path);
        }
    }

    #[test]
    fn going_back_to_a_revision_restores_all_of_it(old in any_document(), new in any_document(), override_ in any_layer()) {
        let first = Enacted::first(old.clone(), stamp(1));
        let second = first.succeeded(new, stamp(2));
        let back = second.succeeded(old, stamp(3));
        let server = Enacted::first(Document { layer: override_, ..Document::default() }, stamp(1));
        for subject in [Subject::default(), Subject { server: Some("s1"), extension: Some("greeter") }] {
            let effective = |global: &Enacted| {
                json(&InForce::new(global.clone()).effective(Some(&server), &subject, NOW).policy)
            };
            prop_assert_eq!(effective(&first), effective(&back));
        }
        prop_assert_eq!(&first.document, &back.document);
    }

    #[test]
    fn documents_survive_being_written(document in any_document()) {
        for format in [Format::Json, Format::Toml] {
            let text = document.to_text(format);
            prop_assert_eq!(parse(&text, format, Place::Global), Ok(document.clone()), "{}", text);
        }
        let commented = document.to_commented_toml();
        prop_assert_eq!(parse(&commented, Format::Toml, Place::Global), Ok(document.clone()), "{}", commented);
        prop_assert!(changes(&document, &document).is_empty());
    }

    #[test]
    fn no_text_is_read_with_a_panic(text in any::<String>()) {
        drop(parse(&text, Format::Json, Place::Global));
        drop(parse(&text, Format::Toml, Place::Server));
    }

    #[test]
    fn no_json_is_read_with_a_panic(json in crate::domain::json::tests::any_json()) {
        drop(Document::from_json(&json, Place::Global));
    }
}

#[track_caller]
fn faults(text: &str, format: Format, place: Place, expected: &[(&str, usize, usize, &str)]) {
    let found = parse(text, format, place).unwrap_err();
    let found: Vec<(&str, usize, usize, &str)> =
        found.iter().map(|one| (one.fault.pointer.as_str(), one.line, one.column, one.fault.code)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let text = r#"
locked = ["scopes.bam", "review.sla_ms", "scopes.kick"]
network_allowlist = ["https://a.example", "*.b.example", "10.0.0.1", "ok.example"]

[scopes]
bann = "deny"
kick = "denied"

[review]
sla_ms = -5
second_reviewer_per_mille = 1001
lease_ms = "long"

[tiers.free]
memory_mib = 100000
[tiers.Gold]
fuel = 1
[tiers.big]
fuel = 1.5
"#;
    faults(
        text,
        Format::Toml,
        Place::Global,
        &[
            ("/locked/0", 2, 11, "no_such_field"),
            ("/locked/1", 2, 25, "cannot_be_locked"),
            ("/locked/2", 2, 42, "locked_not_set"),
            ("/network_allowlist/0", 3, 22, "has_scheme"),
            ("/network_allowlist/1", 3, 43, "has_wildcard"),
            ("/network_allowlist/2", 3, 58, "is_address"),
            ("/scopes/bann", 6, 1, "unknown_field"),
            ("/scopes/kick", 7, 8, "unknown_word"),
            ("/review/sla_ms", 10, 10, "not_in_range"),
            ("/review/second_reviewer_per_mille", 11, 29, "not_in_range"),
            ("/review/lease_ms", 12, 12, "wrong_type"),
            ("/tiers/free/memory_mib", 15, 14, "not_in_range"),
            ("/tiers/Gold", 16, 8, "bad_name"),
            ("/tiers/big/fuel", 19, 8, "not_in_range"),
        ],
    );
}

#[test]
fn places_in_json_are_those_of_the_value_or_of_a_wrong_key() {
    let text = "{\"a\\\"b\": 1,\n \"review\": {\"sla_mss\": 5, \"lease_ms\": [1, {\"x\": 2}]},\n \"network_allowlist\": [\"a.example\", 7, \"a.example\"]}";
    faults(
        text,
        Format::Json,
        Place::Global,
        &[
            ("/a\"b", 1, 2, "unknown_field"),
            ("/review/sla_mss", 2, 13, "unknown_field"),
            ("/review/lease_ms", 2, 39, "wrong_type"),
            ("/network_allowlist/1", 3, 37, "wrong_type"),
            ("/network_allowlist/2", 3, 40, "listed_twice"),
        ],
    );
    faults("{\"review\":", Format::Json, Place::Global, &[("/review", 1, 11, "syntax")]);
    faults("[review\n", Format::Toml, Place::Global, &[("", 1, 8, "syntax")]);
    faults(&" ".repeat(200_000), Format::Json, Place::Global, &[("", 1, 1, "too_large")]);
    faults("[]", Format::Json, Place::Global, &[("", 1, 1, "wrong_type")]);
}

#[test]
fn a_misspelt_field_gets_a_suggestion() {
    let hint = |text: &str| parse(text, Format::Toml, Place::Global).unwrap_err()[0].fault.message.clone();
    assert!(hint("[reviews]\nsla_ms = 1").ends_with("did you mean review?"), "{}", hint("[reviews]\nsla_ms = 1"));
    assert!(hint("[review]\nslams = 1").ends_with("did you mean sla_ms?"));
    assert!(hint("[scopes]\nweb_hooks = \"deny\"").ends_with("did you mean webhooks?"));
    assert!(hint("[scopes]\nban = \"two-persons\"").ends_with("did you mean two-person?"));
    assert!(hint("[rules.import]\nenabled = true").ends_with("did you mean imports?"));
    assert!(hint("[tiers.free]\nfuell = 1").ends_with("did you mean fuel?"));
    assert!(hint("locked = [\"scopes.webhook\"]").ends_with("did you mean scopes.webhooks?"));
    let listed = hint("[switches]\nzzz = 1");
    assert!(
        listed.ends_with("the fields here are submissions_open, new_accounts_open, verified_authors_only, read_only"),
        "{listed}"
    );
}

#[test]
fn a_new_tier_is_said_whole_and_dry_runs_have_one_that_exists() {
    let partial = "[tiers.team]\nfuel = 5000\nmemory_mib = 8";
    let found = parse(partial, Format::Toml, Place::Global).unwrap_err();
    assert_eq!((found.len(), found[0].fault.pointer.as_str(), found[0].line), (1, "/tiers/team", 1));
    assert!(found[0].fault.message.contains("tiers.team.timeout_ms"), "{}", found[0]);
    let whole = "[tiers.team]\nmemory_mib = 8\nfuel = 5000\ntimeout_ms = 100\nstorage_kib = 5\nhttp_per_minute = 1\n\
                 installed_max = 3\nconcurrent_max = 1\n[runs]\ntier = \"team\"";
    let policy = InForce::new(Enacted::first(toml(whole), stamp(1))).base;
    assert_eq!(policy.dry_run_limits().fuel_max, 5_000);
    assert_eq!(policy.limits_by_tier()[0].0, "team");
    let absent = parse("[runs]\ntier = \"gone\"", Format::Toml, Place::Global).unwrap_err();
    assert_eq!((absent[0].fault.code, absent[0].line), ("unknown_tier", 2));
}

#[test]
fn a_servers_document_holds_what_servers_may_say() {
    let text = "locked = [\"scopes.ban\"]\n[review]\nsla_ms = 60000\n[scopes]\nban = \"deny\"\n[[exceptions]]\nfield = \"scopes.ban\"";
    faults(
        text,
        Format::Toml,
        Place::Server,
        &[
            ("/locked/0", 1, 11, "not_for_servers"),
            ("/review/sla_ms", 3, 10, "not_for_servers"),
            ("/exceptions", 6, 1, "not_for_servers"),
        ],
    );
}

#[test]
fn exceptions_are_read_whole() {
    let text = "[[exceptions]]\nfield = \"scopes.webhook\"\nvalue = \"allow\"\nutil = 5\n[[exceptions]]\nfield = \"scopes.ban\"\nvalue = \"alow\"\nuntil = 2026-12-01T00:00:00Z\nreason = \"x\"\nextension = \"No Slug\"";
    faults(
        text,
        Format::Toml,
        Place::Global,
        &[
            ("/exceptions/0/until", 1, 1, "missing"),
            ("/exceptions/0/reason", 1, 1, "missing"),
            ("/exceptions/0/field", 2, 9, "no_such_field"),
            ("/exceptions/0/util", 4, 1, "unknown_field"),
            ("/exceptions/1/value", 7, 9, "unknown_word"),
            ("/exceptions/1/extension", 10, 13, "bad_slug"),
        ],
    );
}

#[test]
fn an_exception_is_above_a_lock_for_whom_and_as_long_as_it_is_made() {
    let until = NOW.plus_ms(1_000);
    let in_force = in_force(&format!(
        "locked = [\"scopes.ban\"]\n[scopes]\nban = \"deny\"\n[[exceptions]]\nfield = \"scopes.ban\"\nvalue = \"allow\"\n\
         extension = \"greeter\"\nuntil = \"{until}\"\nreason = \"while it is replaced\""
    ));
    let verdict = |extension, now| {
        let subject = Subject { server: None, extension };
        in_force.effective(None, &subject, now).policy.verdict(crate::domain::scope::Scope::Ban)
    };
    assert_eq!(verdict(Some("greeter"), NOW), ScopeVerdict::Allow);
    assert_eq!(verdict(Some("greeter"), until), ScopeVerdict::Deny);
    assert_eq!(verdict(Some("other"), NOW), ScopeVerdict::Deny);
    assert_eq!(verdict(None, NOW), ScopeVerdict::Deny);
    let subject = Subject { server: None, extension: Some("greeter") };
    let explained = explain(&in_force, None, &subject, &path("scopes.ban"), NOW).unwrap();
    assert_eq!((explained.origin.layer, explained.origin.until), (LayerName::Exception, Some(until)));
    assert_eq!(explained.lock.map(|(floor, by)| (floor.to_string(), by.revision)), Some(("deny".to_owned(), 3)));
    assert_eq!(explained.said.len(), 3);
}

#[test]
fn each_field_knows_its_layer_and_who_set_it() {
    let global = in_force("[scopes]\nban = \"review\"\nkick = \"deny\"\n[tiers.free]\nfuel = 5000").global;
    let mut next = global.document.clone();
    next.put(path("scopes.kick"), Setting::Word(Cow::Borrowed("allow")));
    let in_force = InForce::new(global.succeeded(next, stamp(4)));
    let server = server("[scopes]\nban = \"two-person\"\n[tiers.free]\nfuel = 6000");
    let subject = Subject::default();
    let origin = |field: &str| {
        let explained = explain(&in_force, Some(&server), &subject, &path(field), NOW).unwrap();
        (explained.value.to_string(), explained.origin.layer, explained.origin.stamp.map(|stamp| stamp.revision))
    };
    assert_eq!(origin("scopes.ban"), ("two-person".to_owned(), LayerName::Server, Some(9)));
    assert_eq!(origin("scopes.kick"), ("allow".to_owned(), LayerName::Global, Some(4)));
    assert_eq!(origin("tiers.free.fuel"), ("5000".to_owned(), LayerName::Global, Some(3)));
    assert_eq!(origin("review.sla_ms"), ("172800000".to_owned(), LayerName::Defaults, None));
    assert_eq!(in_force.loosened(&server.document)[0].0, path("tiers.free.fuel"));
    assert!(explain(&in_force, None, &subject, &path("tiers.gone.fuel"), NOW).is_none());
}

#[test]
fn differences_are_said_field_by_field() {
    let before = toml("locked = [\"scopes.ban\"]\n[scopes]\nban = \"deny\"\nkick = \"deny\"");
    let after = toml("network_allowlist = [\"b.example\", \"a.example\"]\n[scopes]\nban = \"deny\"");
    let lines: Vec<String> = changes(&before, &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "scopes.ban: deny (locked) → deny",
            "scopes.kick: deny → not set",
            "network_allowlist: not set → a.example, b.example"
        ]
    );
    let (before, after) =
        (InForce::new(Enacted::first(before, stamp(1))), InForce::new(Enacted::first(after, stamp(2))));
    let lines: Vec<String> =
        policy_changes(&before.base, &after.base).iter().map(|(_, change)| change.to_string()).collect();
    assert_eq!(lines, ["scopes.kick: deny → review", "network_allowlist: none → a.example, b.example"]);
}

#[test]
fn the_schema_knows_every_field_and_its_bounds() {
    let schema = schema();
    for path in every_path(&Policy::default()) {
        let mut at = &schema;
        for step in path.steps() {
            let named = &at["properties"][step];
            at = if named.is_null() {
                at["patternProperties"].as_object().unwrap().values().next().unwrap()
            } else {
                named
            };
        }
        assert!(at["description"].is_string() && at["type"].is_string(), "{path}: {at}");
        if let Sort::Whole { least, most } = path.field().sort {
            assert_eq!((at["minimum"].as_i64(), at["maximum"].as_i64()), (Some(least), Some(most)), "{path}");
        }
    }
    assert!(schema["properties"]["locked"]["items"]["anyOf"][0]["enum"].as_array().unwrap().len() > 50);
}

#[test]
fn an_empty_document_is_the_defaults_and_a_whole_one_round_trips() {
    let empty = InForce::new(Enacted::first(Document::default(), stamp(1)));
    assert_eq!(*empty.base, Policy::default());
    let text = json(&Policy::default());
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), Policy::default());
    let whole = Document::from_json(&Json::parse(text.as_bytes()).unwrap(), Place::Global).unwrap();
    assert_eq!(*InForce::new(Enacted::first(whole, stamp(1))).base, Policy::default());
    assert!(serde_json::from_str::<Policy>(r#"{"scoops":{}}"#).is_err());
}

#[test]
fn two_people_for_dangerous_scopes_and_for_the_sample() {
    let policy = Policy::default();
    let ban = ScopeSet::EMPTY.with(Scope::Ban);
    let http = ScopeSet::EMPTY.with(Scope::HttpRequest);
    assert_eq!(policy.approvals_needed(ban, 999), ApprovalsNeeded::One);
    assert_eq!(policy.approvals_needed(ban, 19), ApprovalsNeeded::Two);
    assert_eq!(policy.approvals_needed(ban, 20), ApprovalsNeeded::One);
    assert_eq!(policy.approvals_needed(http, 999), ApprovalsNeeded::Two);
}

#[test]
fn tiers_scale_and_unknown_ones_are_as_dry_runs() {
    let policy = Policy::default();
    assert_eq!(policy.run_limits("free"), RunLimits::free());
    assert_eq!(policy.run_limits("nothing-like-it"), RunLimits::pro());
    assert_eq!(policy.dry_run_limits(), RunLimits::pro());
    let names: Vec<String> = policy.limits_by_tier().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["free", "plus", "pro"]);
}
