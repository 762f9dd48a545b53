//! Reads a manifest and notes every fault; what is faulty is left at its default, so that all else is judged too.

use std::collections::BTreeMap;

use semver::VersionReq;

use super::kinds::{read_kinds, require_for_kinds};
use super::{
    CONFIG_SCHEMA_BYTES_MAX, EVENT_CHARS, FLAGS_MAX, FlagDefault, HELP_CHARS, KEY_CHARS, KEYWORD_CHARS, KEYWORDS_MAX,
    Manifest, PackageVersion, REQUIRED_EXTENSIONS_MAX, Requires, Runtime, SLASH_DESCRIPTION_CHARS, SLASH_OPTIONS_MAX,
    SlashOption, TIMEOUT_MS, TIMEOUT_MS_DEFAULT,
};
use crate::domain::extension::{Slug, parse_range};
use crate::domain::fault::Faults;
use crate::domain::json::{Fields, Json, Shape, check_text};
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::text::quoted;
use crate::domain::version::VersionNumber;

/// What is known before the manifest is read.
pub(in crate::domain) struct Given {
    /// The version of the package around it.
    pub package_version: PackageVersion,
    /// What the code looks like.
    pub inferred: Runtime,
}

/// Reads the manifest at `pointer`. Notes say what was assigned because nothing was given.
pub(in crate::domain) fn read(
    version: &Json,
    pointer: &str,
    given: &Given,
    faults: &mut Faults,
    notes: &mut Vec<String>,
) -> Manifest {
    let fields = &mut Fields::of(version, pointer, faults);
    let number = fields.parsed("number", "bad_number", faults).unwrap_or_else(|| {
        if fields.take("number").is_none_or(|given| given.as_str() == Some("")) {
            notes.push("The package has no version number; 1.0.0 was assigned.".to_owned());
        }
        VersionNumber::new(1, 0, 0)
    });
    let scopes = read_scopes(fields, "scopes", faults);
    let help = |fields: &mut Fields, key, faults: &mut Faults| {
        fields.text(key, HELP_CHARS, Shape::Lines, faults).map(str::to_owned)
    };
    let mut manifest = Manifest {
        number,
        kinds: read_kinds(fields, given.package_version, faults),
        key: fields.text("key", KEY_CHARS, Shape::Name, faults).map(str::to_owned),
        keywords: read_keywords(fields, faults),
        case_sensitive: fields.truth("case_sensitive", faults).unwrap_or(false),
        interval_ms: None,
        event: fields.text("event", EVENT_CHARS, Shape::Name, faults).map(str::to_owned),
        usage_help: help(fields, "usage_help", faults),
        extended_help: help(fields, "extended_help", faults),
        slash_description: fields
            .text("slash_description", SLASH_DESCRIPTION_CHARS, Shape::Name, faults)
            .map(str::to_owned),
        slash_options: read_slash_options(fields, faults),
        scopes,
        optional_scopes: read_optional_scopes(fields, scopes, faults),
        timeout_ms: fields.whole("timeout", TIMEOUT_MS, faults).unwrap_or(TIMEOUT_MS_DEFAULT),
        network_capability: fields.parsed("network_capability", "unknown_name", faults).unwrap_or_default(),
        runtime: fields.parsed("runtime", "unknown_name", faults).unwrap_or(given.inferred),
        entry: fields.text("entry", 1..=200, Shape::Name, faults).map(str::to_owned),
        requires: read_requires(fields, faults),
        config_schema: read_config_schema(fields, faults),
        storage_version: read_storage_version(fields, faults),
        flags: read_flags(fields, faults),
        md5: fields.parsed("md5", "bad_digest", faults),
        sha256: fields.parsed("sha256", "bad_digest", faults),
        unknown: Vec::new(),
    };
    require_for_kinds(&mut manifest, fields, faults);
    manifest.unknown = fields.rest();
    manifest
}

fn read_keywords(fields: &mut Fields, faults: &mut Faults) -> Vec<String> {
    let mut keywords: Vec<String> = Vec::new();
    for (pointer, text) in fields.strings("keywords", KEYWORDS_MAX, faults) {
        if let Err((code, message)) = check_text(text, KEYWORD_CHARS, Shape::Name) {
            faults.add(pointer, code, message);
        } else if text.trim() != text {
            faults.add(pointer, "bad_keyword", format!("the keyword {} has a space at its start or end", quoted(text)));
        } else if keywords.iter().any(|known| known == text) {
            faults.add(pointer, "repeated", format!("the keyword {} stands twice", quoted(text)));
        } else {
            keywords.push(text.to_owned());
        }
    }
    keywords
}

fn read_slash_options(fields: &mut Fields, faults: &mut Faults) -> Vec<SlashOption> {
    let mut options: Vec<SlashOption> = Vec::new();
    for (pointer, element) in fields.elements("slash_options", SLASH_OPTIONS_MAX, faults) {
        let mut option = Fields::of(element, &pointer, faults);
        let description = option.text("description", SLASH_DESCRIPTION_CHARS, Shape::Name, faults).map(str::to_owned);
        let required = option.truth("required", faults).unwrap_or(false);
        if element.as_object().is_none() || option.require("name", faults).is_none() {
            continue;
        }
        let Some(name) = option.text("name", KEY_CHARS, Shape::Name, faults) else { continue };
        if !is_slash_name(name) {
            faults.add(option.pointer("name"), "bad_slash_name", slash_name_refusal(name));
        } else if options.iter().any(|known| known.name == name) {
            faults.add(option.pointer("name"), "repeated", format!("the option {} stands twice", quoted(name)));
        } else {
            options.push(SlashOption { name: name.to_owned(), description, required, document: element.clone() });
        }
    }
    options
}

fn read_scopes(fields: &mut Fields, key: &'static str, faults: &mut Faults) -> ScopeSet {
    let mut scopes = ScopeSet::EMPTY;
    // More than there are scopes, so that repeated and misspelt ones are named too.
    for (pointer, text) in fields.strings(key, 2 * Scope::ALL.len(), faults) {
        match text.parse::<Scope>() {
            Ok(scope) if scopes.contains(scope) => {
                faults.add(pointer, "repeated", format!("the scope {scope} stands twice"));
            }
            Ok(scope) => scopes = scopes.with(scope),
            Err(refusal) => faults.add(pointer, "unknown_scope", refusal.to_string()),
        }
    }
    scopes
}

fn read_optional_scopes(fields: &mut Fields, scopes: ScopeSet, faults: &mut Faults) -> ScopeSet {
    let optional = read_scopes(fields, "optional_scopes", faults);
    let undeclared = optional.minus(scopes);
    if !undeclared.is_empty() {
        let message = format!("optional scopes must stand in \"scopes\" too: {}", undeclared.names().join(", "));
        faults.add(fields.pointer("optional_scopes"), "optional_scope_undeclared", message);
    }
    optional.and(scopes)
}

fn read_requires(fields: &mut Fields, faults: &mut Faults) -> Requires {
    let Some(json) = fields.take("requires") else { return Requires::default() };
    let mut inner = Fields::of(json, &fields.pointer("requires"), faults);
    let host = inner.text("host", 1..=200, Shape::Name, faults).and_then(|text| {
        parse_range(text).map_err(|refusal| faults.add(inner.pointer("host"), "bad_range", refusal)).ok()
    });
    let mut extensions = BTreeMap::new();
    for (pointer, name, value) in inner.members("extensions", REQUIRED_EXTENSIONS_MAX, faults) {
        let slug = name.parse::<Slug>().map_err(|refusal| refusal.to_string());
        let range = value.as_str().ok_or_else(|| format!("a range is expected, {} was found", value.sort()));
        match (slug, range.and_then(parse_range)) {
            (Ok(slug), Ok(range)) => {
                extensions.insert(slug, range);
            }
            (slug, range) => {
                let _: Option<Slug> = slug.map_err(|refusal| faults.add(pointer.clone(), "bad_slug", refusal)).ok();
                let _: Option<VersionReq> = range.map_err(|refusal| faults.add(pointer, "bad_range", refusal)).ok();
            }
        }
    }
    Requires { host: host.unwrap_or_default(), extensions }
}

fn read_config_schema(fields: &mut Fields, faults: &mut Faults) -> Option<Json> {
    let schema = fields.take("config_schema")?;
    let pointer = fields.pointer("config_schema");
    if schema.as_object().is_none() {
        faults.add(pointer, "wrong_type", format!("a JSON Schema is an object, {} was found", schema.sort()));
        return None;
    }
    let bytes = schema.to_compact().len();
    if bytes > CONFIG_SCHEMA_BYTES_MAX {
        let message = format!("the schema has {bytes} bytes; at most {CONFIG_SCHEMA_BYTES_MAX} are allowed");
        faults.add(pointer, "too_large", message);
    }
    Some(schema.clone())
}

fn read_storage_version(fields: &mut Fields, faults: &mut Faults) -> u32 {
    let version = fields.whole("storage_version", 0..=u64::from(u32::MAX), faults);
    version.and_then(|version| u32::try_from(version).ok()).unwrap_or(1)
}

fn read_flags(fields: &mut Fields, faults: &mut Faults) -> BTreeMap<String, FlagDefault> {
    let mut flags = BTreeMap::new();
    for (pointer, name, value) in fields.members("flags", FLAGS_MAX, faults) {
        let is_name = (1..=40).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name {
            let message = format!("{} is no flag's name: lower-case letters, digits and _, at most 40", quoted(name));
            faults.add(pointer.clone(), "bad_flag_name", message);
        }
        let percentage = value.as_u64().and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= 100);
        match (value.as_bool(), percentage) {
            (Some(on), _) => flags.insert(name.to_owned(), FlagDefault::Switch(on)),
            (None, Some(percentage)) => flags.insert(name.to_owned(), FlagDefault::Percentage(percentage)),
            (None, None) => {
                faults.add(pointer, "bad_flag", "a flag's default is true, false, or a percentage from 0 to 100");
                None
            }
        };
    }
    flags
}

/// Whether the chat platform takes it as a name of a slash command or an option.
pub(super) fn is_slash_name(name: &str) -> bool {
    KEY_CHARS.contains(&name.chars().count())
        && name.chars().all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_'))
}

/// Why [`is_slash_name`] says no.
pub(super) fn slash_name_refusal(name: &str) -> String {
    format!(
        "{} cannot name a slash command or option: lower-case letters, digits, - and _ only, at most 32",
        quoted(name)
    )
}
