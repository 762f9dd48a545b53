//! What a package promises: every fault at once, nothing lost on the way through, no panic.

use proptest::prelude::*;

use super::export::set_in;
use super::*;
use crate::domain::id::{AccountId, Entropy, ExtensionId};
use crate::domain::limits::{FAULTS_MAX, PACKAGE_BYTES_MAX};
use crate::domain::manifest::Runtime;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

const OLD: &str = r#"{
    "package_version": "1.0", "exported_at": "2021-05-05T00:00:00.000Z",
    "extension": {
        "name": "Greeter", "description": "Says hello", "zeta": [1.50, 1e+2, 123456789012345678901234567890],
        "version": {"type": "command", "key": "hi", "keywords": [], "interval": 0, "event": "", "scopes": ["messages_write"],
            "timeout": 5000, "network_capability": "none", "later": {"a": null}},
        "code": "exports.run = () => 'hi \u00e9'"
    },
    "source": {"original_id": 17, "original_owner": "abc", "host": "x"}, "more": true
}"#;
const WASM: &str = r#"{"package_version": "1.1", "extension": {"name": "Timer Bot", "tags": ["fun"],
    "tier": {"premium": {"price_points": 50}}, "code": "AGFzbQEAAAA=",
    "version": {"number": "2.0.0", "type": ["timer", "command"], "key": "t", "interval": 300000,
    "md5": "093A451BD0B8D7B1C5A6B85C46DFB16C"}}}"#;

fn exported(seed: u8, number: &VersionNumber) -> Exported {
    let (at, mut entropy) = (Timestamp::from_ms(i64::from(seed) * 1_000), Entropy::from_seed([seed; 32]));
    let original_id = ExtensionId::mint(at, &mut entropy);
    Exported { exported_at: at, number: number.clone(), original_id, original_owner: AccountId::mint(at, &mut entropy) }
}

fn wasm_package() -> String {
    let md5 = crate::domain::digest::Md5Digest::of(b"\0asm\x01\0\0\0").to_string().to_uppercase();
    WASM.replace("093A451BD0B8D7B1C5A6B85C46DFB16C", &md5)
}

fn codes(text: &str) -> Vec<(String, &'static str)> {
    let faults = Package::parse(text.as_bytes()).unwrap_err();
    faults.into_iter().map(|fault: Fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn a_package_of_an_older_marketplace_is_read_and_kept_whole() {
    let package = Package::parse(OLD.as_bytes()).unwrap();
    assert_eq!((package.name.as_str(), package.code.runtime), ("Greeter", Runtime::Javascript));
    assert_eq!(package.code.bytes, "exports.run = () => 'hi é'".as_bytes());
    assert_eq!(package.notes.len(), 1);
    assert_eq!(package.source.original_id.as_deref(), Some("17"));
    let text = String::from_utf8(package.export(&exported(1, &package.manifest.number))).unwrap();
    for kept in ["1.50,", "1e+2,", "123456789012345678901234567890", "\"a\": null", "\"host\": \"x\"", "\"more\": true"]
    {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(text.contains("\"number\": \"1.0.0\"") && text.contains(&package.digests.md5.to_string()));
}

#[test]
fn one_kind_is_a_string_and_several_are_an_array() {
    let several = Package::parse(wasm_package().as_bytes()).unwrap();
    let text = String::from_utf8(several.export(&exported(1, &several.manifest.number))).unwrap();
    assert!(text.starts_with("{\n  \"package_version\": \"1.1\"") && text.contains("\"type\": [\n"));
    let one = wasm_package().replace(r#"["timer", "command"]"#, r#"["timer"]"#);
    let one = Package::parse(one.as_bytes()).unwrap();
    let text = String::from_utf8(one.export(&exported(1, &one.manifest.number))).unwrap();
    assert!(text.starts_with("{\n  \"package_version\": \"1.0\"") && text.contains("\"type\": \"timer\""));
    assert_eq!(one.tier, Some(Tier::Premium { price_points: 50 }));
}

#[test]
fn document_and_code_come_together_again() {
    for text in [OLD.to_owned(), wasm_package()] {
        let package = Package::parse(text.as_bytes()).unwrap();
        let document = package.document_text();
        assert!(document.contains("\"code\":\"\""), "{document}");
        assert_eq!(Package::assemble(&document, package.code.bytes.clone()), Ok(package.clone()));
        let faults = Package::assemble(&document, vec![0xff]).unwrap_err();
        assert_eq!(faults[0].pointer, "/extension/code");
        let raised = package.with_number(&VersionNumber::new(3, 0, 0));
        let again = Package::assemble(&raised.document_text(), package.code.bytes.clone()).unwrap();
        assert_eq!(again.manifest.number, VersionNumber::new(3, 0, 0));
    }
}

#[test]
fn details_replace_what_the_package_says() {
    let package = Package::parse(OLD.as_bytes()).unwrap();
    let tags = ["fun".parse().unwrap()];
    let changed =
        package.with_details(&"New".parse().unwrap(), &"".parse().unwrap(), &tags, Tier::Premium { price_points: 9 });
    let again = Package::assemble(&changed.document_text(), package.code.bytes.clone()).unwrap();
    assert_eq!((again.name.as_str(), again.tags.len(), again.tier), ("New", 1, changed.tier));
}

#[test]
fn all_faults_are_given_at_once() {
    let text = r#"{"package_version": "9", "extension": {"name": "a\u202eb", "tags": ["A"], "tier": "gold", "code": "AGFzbQEAAA",
        "version": {"number": "x", "type": "cron", "timeout": 1, "scopes": ["baan"], "scopes": []}}}"#;
    let found = codes(text);
    for expected in [
        ("/extension/version/scopes", "duplicate_key"),
        ("/package_version", "unsupported_package_version"),
        ("/extension/name", "bad_name"),
        ("/extension/tags/0", "bad_tag"),
        ("/extension/tier", "bad_tier"),
        ("/extension/version/number", "bad_number"),
        ("/extension/version/type", "unknown_kind"),
        ("/extension/version/timeout", "not_in_range"),
        ("/extension/version/scopes/0", "unknown_scope"),
        ("/extension/code", "bad_base64"),
    ] {
        assert!(found.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {found:?}");
    }
    assert_eq!(found.len(), 10, "{found:?}");
    let options = vec!["{\"name\":\"A\",\"description\":5,\"required\":5}"; 25].join(",");
    let keywords = vec!["\"\""; 50].join(",");
    let version = format!("{{\"type\":\"command\",\"keywords\":[{keywords}],\"slash_options\":[{options}]}}");
    let faults = Package::parse(format!("{{\"extension\":{{\"version\":{version}}}}}").as_bytes()).unwrap_err();
    assert_eq!(faults.len(), FAULTS_MAX + 1);
    assert_eq!(faults[FAULTS_MAX].code, "more_faults");
}

#[test]
fn bad_packages_are_refused_with_their_place() {
    for (text, pointer, code) in [
        ("[]".to_owned(), "", "wrong_type"),
        ("{\"package_version\":\"1.0\"}".to_owned(), "/extension", "missing"),
        ("{\"package_version\":\"1.0\",\"extension\":5}".to_owned(), "/extension", "wrong_type"),
        (wasm_package().replace("\"1.1\"", "\"1.0\""), "/extension/version/type", "needs_package_version"),
        (WASM.to_owned(), "/extension/version/md5", "md5_mismatch"),
        (wasm_package().replace("\"AGFzbQEAAAA=\"", "5"), "/extension/code", "wrong_type"),
        (OLD.replace("\"key\"", "\"runtime\":\"wasm\",\"key\""), "/extension/code", "bad_base64"),
        (" ".repeat(PACKAGE_BYTES_MAX + 1), "", "too_large"),
    ] {
        assert_eq!(codes(&text), [(pointer.to_owned(), code)]);
    }
    let faults = Package::parse(WASM.as_bytes()).unwrap_err();
    let real = crate::domain::digest::Md5Digest::of(b"\0asm\x01\0\0\0").to_string();
    assert!(faults[0].message.contains(&real) && faults[0].message.contains("093a451b"), "{}", faults[0]);
}

fn any_package() -> impl Strategy<Value = String> {
    let extra = crate::domain::json::tests::any_json();
    let code = prop_oneof![
        any::<String>().prop_filter("code", |code| !code.is_empty() && !code.starts_with("AGFzb")),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|tail| {
            let bytes = [b"\0asm".as_slice(), &tail].concat();
            Code { runtime: Runtime::Wasm, bytes }.to_text()
        }),
    ];
    let kinds = prop::sample::subsequence(vec!["command", "keyword", "event", "timer"], 1..=4).prop_shuffle();
    let parts = ("[A-Za-zé]{2,30}", any::<String>(), kinds, code, extra.clone(), extra, any::<bool>());
    parts.prop_map(|(name, help, kinds, code, extra, later, has_number)| {
        let object = |members: Vec<(&str, Json)>| {
            Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        };
        let help: String = help.chars().filter(|c| !c.is_control()).collect();
        let mut version = object(vec![
            ("unknown", extra.clone()),
            ("type", Json::Array(kinds.iter().map(|kind| Json::text(*kind)).collect())),
            ("key", Json::text("k")),
            ("keywords", Json::Array(vec![Json::text("hello")])),
            ("event", Json::text("member_join")),
            ("interval", Json::Number("300000".to_owned())),
            ("usage_help", Json::text(help)),
        ]);
        if has_number {
            version.set("number", Json::text("2.3.4-rc.1+b"));
        }
        let extension = object(vec![
            ("later", later),
            ("code", Json::text(code)),
            ("version", version),
            ("name", Json::text(name)),
        ]);
        object(vec![("package_version", Json::text("1.1")), ("x", extra), ("extension", extension)]).to_compact()
    })
}

proptest! {
    #[test]
    fn export_import_export_gives_the_same_bytes(text in any_package()) {
        let package = Package::parse(text.as_bytes()).unwrap();
        let (first, second) = (exported(1, &package.manifest.number), exported(2, &package.manifest.number));
        let imported = Package::parse(&package.export(&first)).unwrap();
        prop_assert_eq!(imported.export(&second), package.export(&second));
        prop_assert_eq!(&imported.code, &package.code);
        prop_assert_eq!(imported.manifest.unknown, package.manifest.unknown.clone());
        let stored = Package::assemble(&package.document_text(), package.code.bytes.clone());
        prop_assert_eq!(stored, Ok(package));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Package::parse(&bytes).is_err());
    }

    #[test]
    fn no_mutation_makes_the_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..4), 1..12),
        is_old in any::<bool>(),
    ) {
        let mut bytes = if is_old { OLD.as_bytes().to_vec() } else { wasm_package().into_bytes() };
        for (place, byte, removed) in edits {
            let start = place.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, [byte]);
        }
        if let Ok(package) = Package::parse(&bytes) {
            let exported = exported(1, &package.manifest.number);
            prop_assert!(Package::parse(&package.export(&exported)).is_ok());
        }
    }

    #[test]
    fn no_other_value_makes_the_reader_panic(value in crate::domain::json::tests::any_json(), place in 0_usize..14) {
        let mut document = Json::parse(wasm_package().as_bytes()).unwrap();
        let keys = [
            "number", "type", "key", "keywords", "interval", "event", "slash_options", "scopes", "optional_scopes",
            "requires", "flags", "config_schema", "storage_version", "runtime",
        ];
        set_in(&mut document, "extension", |e| set_in(e, "version", |v| v.set(keys[place], value)));
        match Package::parse(document.to_compact().as_bytes()) {
            Ok(package) => prop_assert_eq!(package.document().get("source"), None),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }
}
