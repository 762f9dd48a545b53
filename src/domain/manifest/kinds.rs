//! The kinds of a manifest, and what each of them needs beside it.

use super::read::{is_slash_name, slash_name_refusal};
use super::{INTERVAL_MS, Manifest, PackageVersion};
use crate::domain::fault::Faults;
use crate::domain::json::{Fields, Json};
use crate::domain::kind::Kind;
use crate::domain::text::quoted;

/// Reads `type`: one kind as a string, or from package version 1.1 an array.
pub(super) fn read_kinds(fields: &mut Fields, package_version: PackageVersion, faults: &mut Faults) -> Vec<Kind> {
    let pointer = fields.pointer("type");
    let mut kinds = Vec::new();
    match fields.require("type", faults) {
        None => {}
        Some(Json::Array(_)) => {
            if package_version < PackageVersion::V1_1 {
                let message = "several kinds need \"package_version\": \"1.1\"; version 1.0 has one kind as a string";
                faults.add(pointer.clone(), "needs_package_version", message);
            }
            let texts = fields.strings("type", 2 * Kind::ALL.len(), faults);
            if texts.is_empty() {
                faults.add(pointer, "missing", "at least one kind is needed");
            }
            for (pointer, text) in texts {
                add_kind(&mut kinds, pointer, text, faults);
            }
        }
        Some(Json::String(text)) => add_kind(&mut kinds, pointer, text, faults),
        Some(other) => {
            let message = format!("a kind or an array of kinds is expected, {} was found", other.sort());
            faults.add(pointer, "wrong_type", message);
        }
    }
    kinds.sort_unstable();
    kinds
}

/// Notes what is missing for the kinds that were read.
pub(super) fn require_for_kinds(manifest: &mut Manifest, fields: &mut Fields, faults: &mut Faults) {
    for kind in manifest.kinds.clone() {
        match kind {
            Kind::Command => require(manifest.key.is_some(), kind, "key", fields, faults),
            Kind::Slash => {
                require(manifest.key.is_some(), kind, "key", fields, faults);
                require(manifest.slash_description.is_some(), kind, "slash_description", fields, faults);
            }
            Kind::Keyword => require(!manifest.keywords.is_empty(), kind, "keywords", fields, faults),
            Kind::Event => require(manifest.event.is_some(), kind, "event", fields, faults),
            Kind::Timer => {
                manifest.interval_ms = fields.whole("interval", INTERVAL_MS, faults);
                require(manifest.interval_ms.is_some(), kind, "interval", fields, faults);
            }
        }
    }
    // Older marketplaces wrote an interval of 0 beside every other kind: only a timer's is judged.
    fields.take("interval");
    if let Some(key) = &manifest.key {
        if manifest.handles(Kind::Slash) && !is_slash_name(key) {
            faults.add(fields.pointer("key"), "bad_slash_name", slash_name_refusal(key));
        } else if key.chars().any(char::is_whitespace) {
            faults.add(
                fields.pointer("key"),
                "bad_key",
                format!("the key {} holds a space; it is one word", quoted(key)),
            );
        }
    }
    if let Some(event) = &manifest.event
        && !event.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        let message = format!("{} is no event's name: ASCII letters, digits and _ only", quoted(event));
        faults.add(fields.pointer("event"), "bad_event", message);
    }
}

fn add_kind(kinds: &mut Vec<Kind>, pointer: String, text: &str, faults: &mut Faults) {
    match text.parse::<Kind>() {
        Ok(kind) if kinds.contains(&kind) => faults.add(pointer, "repeated", format!("the kind {kind} stands twice")),
        Ok(kind) => kinds.push(kind),
        Err(_) => {
            let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            faults.add(
                pointer,
                "unknown_kind",
                format!("{} is no kind; the kinds are {}", quoted(text), names.join(", ")),
            );
        }
    }
}

/// A field that is there but faulty has its fault already.
fn require(is_given: bool, kind: Kind, key: &'static str, fields: &mut Fields, faults: &mut Faults) {
    let is_empty = fields
        .take(key)
        .is_none_or(|value| value.as_str() == Some("") || value.as_array().is_some_and(<[Json]>::is_empty));
    if !is_given && is_empty {
        faults.add(fields.pointer(key), "missing", format!("the kind {kind} needs {key:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::{Given, read};
    use super::super::{FlagDefault, NetworkCapability, Runtime};
    use super::*;
    use crate::domain::version::VersionNumber;

    fn judge(text: &str) -> (Manifest, Vec<(String, &'static str)>, Vec<String>) {
        let (mut faults, mut notes) = (Faults::none(), Vec::new());
        let given = Given { package_version: PackageVersion::V1_1, inferred: Runtime::Wasm };
        let manifest = read(&Json::parse(text.as_bytes()).unwrap(), "/v", &given, &mut faults, &mut notes);
        (manifest, faults.into_list().into_iter().map(|fault| (fault.pointer, fault.code)).collect(), notes)
    }

    #[test]
    fn a_full_manifest_is_read() {
        let (manifest, faults, notes) = judge(
            r#"{"number":"1.4.0","type":["timer","command"],"key":"play","interval":300000,"keywords":["hi"],
            "scopes":["kick","ban"],"optional_scopes":["ban"],"timeout":100,"network_capability":"allowlist_only",
            "requires":{"host":">=1","extensions":{"other-one":"^2"}},"flags":{"a":true,"b":25},"storage_version":3,
            "config_schema":{"type":"object"},"slash_options":[{"name":"who","required":true,"x":1}],"later":1.50}"#,
        );
        assert_eq!(faults, []);
        assert!(notes.is_empty());
        assert_eq!(manifest.number, VersionNumber::new(1, 4, 0));
        assert_eq!(manifest.kinds, [Kind::Command, Kind::Timer]);
        assert_eq!((manifest.interval_ms, manifest.timeout_ms, manifest.storage_version), (Some(300_000), 100, 3));
        assert_eq!(manifest.mandatory_scopes().names(), ["kick"]);
        assert_eq!(manifest.network_capability, NetworkCapability::AllowlistOnly);
        assert_eq!(manifest.flags["b"], FlagDefault::Percentage(25));
        assert_eq!(manifest.unknown, [("later".to_owned(), Json::Number("1.50".to_owned()))]);
        assert!(serde_json::to_string(&manifest).unwrap().contains("\"slash_options\":[{\"name\":\"who\""));
    }

    #[test]
    fn each_kind_needs_its_fields() {
        for (kind, missing) in [
            ("command", vec!["/v/key"]),
            ("slash", vec!["/v/key", "/v/slash_description"]),
            ("keyword", vec!["/v/keywords"]),
            ("event", vec!["/v/event"]),
            ("timer", vec!["/v/interval"]),
        ] {
            let (_, faults, notes) = judge(&format!(r#"{{"type":"{kind}"}}"#));
            assert_eq!(faults.iter().map(|(pointer, _)| pointer.as_str()).collect::<Vec<_>>(), missing, "{kind}");
            assert!(faults.iter().all(|(_, code)| *code == "missing"));
            assert!(notes[0].contains("1.0.0 was assigned"));
        }
    }

    #[test]
    fn every_fault_is_named_once() {
        for (fields, pointer, code) in [
            (r#""number":"1.0""#, "/v/number", "bad_number"),
            (r#""key":"a b""#, "/v/key", "bad_key"),
            (r#""key":"a\u202eb""#, "/v/key", "bidi_character"),
            (r#""scopes":["kik"]"#, "/v/scopes/0", "unknown_scope"),
            (r#""scopes":["ban","ban"]"#, "/v/scopes/1", "repeated"),
            (r#""optional_scopes":["ban"]"#, "/v/optional_scopes", "optional_scope_undeclared"),
            (r#""timeout":99"#, "/v/timeout", "not_in_range"),
            (r#""timeout":100.0"#, "/v/timeout", "not_in_range"),
            (r#""timeout":10001"#, "/v/timeout", "not_in_range"),
            (r#""network_capability":"all""#, "/v/network_capability", "unknown_name"),
            (r#""runtime":"python""#, "/v/runtime", "unknown_name"),
            (r#""requires":{"host":"new"}"#, "/v/requires/host", "bad_range"),
            (r#""requires":{"extensions":{"A":"1"}}"#, "/v/requires/extensions/A", "bad_slug"),
            (r#""requires":{"extensions":{"aa":1}}"#, "/v/requires/extensions/aa", "bad_range"),
            (r#""flags":{"a":101}"#, "/v/flags/a", "bad_flag"),
            (r#""flags":{"A":true}"#, "/v/flags/A", "bad_flag_name"),
            (r#""config_schema":true"#, "/v/config_schema", "wrong_type"),
            (r#""md5":"xyz""#, "/v/md5", "bad_digest"),
            (r#""slash_options":[{"name":"Up"}]"#, "/v/slash_options/0/name", "bad_slash_name"),
            (r#""slash_options":[{}]"#, "/v/slash_options/0/name", "missing"),
            (r#""slash_options":[5]"#, "/v/slash_options/0", "wrong_type"),
            (r#""case_sensitive":"yes""#, "/v/case_sensitive", "wrong_type"),
        ] {
            let key = if fields.contains("\"key\"") { "" } else { r#","key":"k""# };
            let (_, faults, _) = judge(&format!(r#"{{"type":"command"{key},{fields}}}"#));
            assert_eq!(faults, [(pointer.to_owned(), code)], "{fields}");
        }
        let (_, faults, _) = judge(r#"{"type":"timer","interval":299999}"#);
        assert_eq!(faults, [("/v/interval".to_owned(), "not_in_range")]);
        let (_, faults, _) = judge(r#"{"type":"slash","key":"Up","slash_description":"x","interval":0}"#);
        assert_eq!(faults, [("/v/key".to_owned(), "bad_slash_name")]);
    }

    #[test]
    fn kinds_are_one_or_an_array_of_different_ones() {
        for (kinds, pointer, code) in [
            ("5", "/v/type", "wrong_type"),
            ("[]", "/v/type", "missing"),
            (r#""cron""#, "/v/type", "unknown_kind"),
            (r#"["command","command"]"#, "/v/type/1", "repeated"),
            (r#"["command",5]"#, "/v/type/1", "wrong_type"),
        ] {
            let (_, faults, _) = judge(&format!(r#"{{"key":"k","type":{kinds}}}"#));
            assert_eq!(faults, [(pointer.to_owned(), code)], "{kinds}");
        }
    }
}
