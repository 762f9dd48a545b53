//! The demo's packages: real modules from `fixtures`, each version with a build of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::catalogue::{Entry, Release};
use crate::cli::{Exit, Failure};
use crate::domain::package::Package;

/// Where a module comes from.
enum Source {
    /// WebAssembly text.
    Text(&'static str),
    /// A module that a compiler made.
    Module(&'static [u8]),
}

struct Origin {
    name: &'static str,
    source: Source,
    /// The `extension` of its package as JSON; only `version` is used.
    manifest: &'static str,
}

macro_rules! text {
    ($name:literal) => {
        Origin {
            name: $name,
            source: Source::Text(include_str!(concat!("../../../fixtures/extensions/", $name, "/main.wat"))),
            manifest: include_str!(concat!("../../../fixtures/extensions/", $name, "/manifest.json")),
        }
    };
}

macro_rules! demo_text {
    ($name:literal, $manifest:literal) => {
        Origin {
            name: $name,
            source: Source::Text(include_str!(concat!("../../../fixtures/demo/", $name, ".wat"))),
            manifest: $manifest,
        }
    };
}

const ORIGINS: &[Origin] = &[
    text!("ban-hammer"),
    text!("faq"),
    text!("history-digest"),
    text!("levels"),
    text!("reminders"),
    text!("role-picker"),
    text!("welcome"),
    Origin {
        name: "dice",
        source: Source::Module(include_bytes!("../../../fixtures/extensions/dice/main.wasm")),
        manifest: include_str!("../../../fixtures/extensions/dice/manifest.json"),
    },
    demo_text!(
        "gift-drop",
        r#"{"version":{"type":"command","key":"gift","scopes":["roles_manage","messages_write"]}}"#
    ),
    demo_text!("big-buffer", r#"{"version":{"type":"command","key":"chart","scopes":[]}}"#),
    demo_text!("chatty-log", r#"{"version":{"type":"command","key":"log","scopes":[]}}"#),
    demo_text!("endless-loop", r#"{"version":{"type":"command","key":"present","scopes":[],"timeout":200}}"#),
    demo_text!("undeclared-scope", r#"{"version":{"type":"command","key":"words","scopes":[]}}"#),
    demo_text!("wide-map", r#"{"version":{"type":"command","key":"map","scopes":[]}}"#),
];

/// Makes the package of one release.
///
/// # Errors
/// Where a fixture is broken, which a test would have found.
pub fn package(entry: &Entry, release: &Release) -> Result<Package, Failure> {
    let name = release.code.unwrap_or(entry.code);
    let broken =
        |what: String| Failure::new(Exit::Failed, format!("the demo's {} {}: {what}", entry.slug, release.number));
    let origin =
        ORIGINS.iter().find(|origin| origin.name == name).ok_or_else(|| broken(format!("no code is called {name}")))?;
    let code = build(origin, entry, release).map_err(broken)?;
    let document = document(origin, entry, release, &code).map_err(|error| broken(error.to_string()))?;
    Package::parse(document.to_string().as_bytes())
        .map_err(|faults| broken(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

fn document(origin: &Origin, entry: &Entry, release: &Release, code: &[u8]) -> serde_json::Result<Value> {
    let manifest: Value = serde_json::from_str(origin.manifest)?;
    let mut version = manifest["version"].clone();
    version["number"] = json!(release.number);
    if let Some(scopes) = version["scopes"].as_array_mut() {
        let more = release.more_scopes.iter().filter(|scope| !scopes.iter().any(|held| held == *scope));
        let more: Vec<Value> = more.map(|scope| json!(scope)).collect();
        scopes.extend(more);
    }
    let several = version["type"].is_array();
    Ok(json!({
        "package_version": if several { "1.1" } else { "1.0" },
        "exported_at": "2026-01-01T00:00:00.000Z",
        "extension": {
            "name": entry.name,
            "description": entry.description,
            "tags": entry.tags,
            "version": version,
            "code": STANDARD.encode(code),
        },
        "source": {},
    }))
}

/// Builds a module that differs from every other version's: a number in a global for text, a section of its own for a
/// module that a compiler made.
fn build(origin: &Origin, entry: &Entry, release: &Release) -> Result<Vec<u8>, String> {
    let position = entry.versions.iter().position(|other| other.number == release.number).unwrap_or(0);
    match origin.source {
        Source::Text(text) => {
            let end = text.trim_end().strip_suffix(')').ok_or("its text does not end with a bracket")?;
            let own = format!(
                "{end}\n  (global $build i32 (i32.const {}))\n  (@custom \"{}\" \"{}\"))\n",
                position + 1,
                entry.slug,
                release.number
            );
            wat::parse_str(own).map_err(|error| error.to_string())
        }
        Source::Module(bytes) => {
            let note = format!("{} {}", entry.slug, release.number);
            let mut module = bytes.to_vec();
            let name = b"build";
            let length = 1 + name.len() + note.len();
            // Both lengths are below 128, so that each is one byte of LEB128.
            module.extend([0, u8::try_from(length).unwrap_or(0), u8::try_from(name.len()).unwrap_or(0)]);
            module.extend(name);
            module.extend(note.as_bytes());
            Ok(module)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::catalogue::catalogue;

    #[test]
    fn every_version_is_a_good_package_with_code_of_its_own() {
        let mut codes = std::collections::BTreeSet::new();
        for entry in catalogue() {
            for release in entry.versions {
                let package = package(entry, release).map_err(|failure| failure.to_string()).unwrap();
                assert!(codes.insert(package.digests.sha256), "{} {}", entry.slug, release.number);
            }
        }
    }
}
