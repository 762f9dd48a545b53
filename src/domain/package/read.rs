//! Reads a package: every field is judged before the first refusal is given.

use super::code::Code;
use super::{Package, Source};
use crate::domain::digest::CodeDigests;
use crate::domain::extension::{Description, ExtensionName, PRICE_POINTS, Tag, Tier, parse_tags};
use crate::domain::fault::{Fault, Faults};
use crate::domain::json::{Fields, Json};
use crate::domain::limits::TAGS_MAX;
use crate::domain::manifest::{self, Given, Manifest, PackageVersion, Runtime};
use crate::domain::text::quoted;

const EXTENSION: &str = "/extension";
const VERSION: &str = "/extension/version";
const CODE: &str = "/extension/code";

/// Where the code is: within the document, or beside it.
enum CodeGiven {
    Within,
    Beside(Vec<u8>),
}

/// See [`Package::parse`].
pub(super) fn parse(bytes: &[u8]) -> Result<Package, Vec<Fault>> {
    judge_document(bytes, CodeGiven::Within)
}

/// See [`Package::assemble`].
pub(super) fn assemble(document_text: &str, code: Vec<u8>) -> Result<Package, Vec<Fault>> {
    judge_document(document_text.as_bytes(), CodeGiven::Beside(code))
}

/// See [`Package::manifest_of`].
pub(super) fn manifest_of(document_text: &str, runtime: Runtime) -> Result<Manifest, Vec<Fault>> {
    let mut faults = Faults::none();
    let (document, _) = Json::judge(document_text.as_bytes());
    let document = document.unwrap_or(Json::Null);
    let package_version = read_package_version(&mut Fields::of(&document, "", &mut faults), &mut faults);
    let version = document.get("extension").and_then(|extension| extension.get("version")).unwrap_or(&Json::Null);
    let given = Given { package_version, inferred: runtime };
    let manifest = manifest::read(version, VERSION, &given, &mut faults, &mut Vec::new());
    if faults.is_empty() { Ok(manifest) } else { Err(faults.into_list()) }
}

/// Puts the empty text that marks left-out code in its place.
pub(super) fn leave_code_out(document: &mut Json) {
    if let Some(extension) = document.get_mut("extension") {
        extension.set("code", Json::text(""));
    }
}

fn judge_document(bytes: &[u8], code: CodeGiven) -> Result<Package, Vec<Fault>> {
    let mut faults = Faults::none();
    let (document, json_faults) = Json::judge(bytes);
    for fault in json_faults {
        let message = fault.to_string();
        faults.add(fault.pointer, fault.code, message);
    }
    let package = document.and_then(|document| judge(document, code, &mut faults));
    match package {
        Some(package) if faults.is_empty() => Ok(package),
        _ => Err(faults.into_list()),
    }
}

/// None only where a fault was noted.
fn judge(mut document: Json, code: CodeGiven, faults: &mut Faults) -> Option<Package> {
    let mut notes = Vec::new();
    let mut fields = Fields::of(&document, "", faults);
    document.as_object()?;
    let package_version = read_package_version(&mut fields, faults);
    let source = fields.take("source").map(read_source).unwrap_or_default();
    let extension = fields.require("extension", faults)?;
    let mut fields = Fields::of(extension, EXTENSION, faults);
    extension.as_object()?;
    let name = fields.require("name", faults).and_then(|value| read_name(value, faults));
    let description = fields.parsed::<Description>("description", "bad_description", faults);
    let tags = read_tags(&mut fields, faults);
    let tier = fields.take("tier").and_then(|value| read_tier(value, faults));
    let code_text = match code {
        CodeGiven::Within => fields.require("code", faults).and_then(|value| read_code_text(value, faults)),
        CodeGiven::Beside(_) => None,
    };
    let inferred = match &code {
        CodeGiven::Within => code_text.map_or(Runtime::Wasm, Code::infer),
        CodeGiven::Beside(bytes) if bytes.starts_with(b"\0asm") => Runtime::Wasm,
        CodeGiven::Beside(_) => Runtime::Javascript,
    };
    let version = fields.require("version", faults);
    let manifest = version
        .map(|version| manifest::read(version, VERSION, &Given { package_version, inferred }, faults, &mut notes));
    let runtime = manifest.as_ref().map_or(inferred, |manifest| manifest.runtime);
    let code = match code {
        CodeGiven::Within => code_text.map(|text| Code::from_text(text, runtime)),
        CodeGiven::Beside(bytes) => Some(Code::from_bytes(bytes, Some(runtime))),
    };
    let code = code.and_then(|code| code.map_err(|(code, message)| faults.add(CODE, code, message)).ok());
    // Before anything that is missing ends the reading: a bad name must not hide a digest that does not match.
    let digests = code.as_ref().map(Code::digests);
    if let (Some(manifest), Some(digests)) = (&manifest, &digests) {
        verify_digests(manifest, digests, faults);
    }
    let (name, manifest, code, digests) = (name?, manifest?, code?, digests?);
    leave_code_out(&mut document);
    let description = description.or_else(|| "".parse().ok())?;
    Some(Package { package_version, name, description, tags, tier, manifest, code, digests, notes, source, document })
}

fn read_package_version(fields: &mut Fields, faults: &mut Faults) -> PackageVersion {
    match fields.require("package_version", faults) {
        None => {}
        Some(Json::String(text)) => {
            if let Ok(version) = text.parse() {
                return version;
            }
            let message = format!("package version {} is unknown; 1.0 and 1.1 are read", quoted(text));
            faults.add("/package_version", "unsupported_package_version", message);
        }
        Some(other) => {
            let message = format!("a string such as \"1.0\" is expected, {} was found", other.sort());
            faults.add("/package_version", "wrong_type", message);
        }
    }
    // The later version, so that nothing else is refused for the sake of this fault.
    PackageVersion::V1_1
}

fn read_name(value: &Json, faults: &mut Faults) -> Option<ExtensionName> {
    let pointer = format!("{EXTENSION}/name");
    let Some(text) = value.as_str() else {
        faults.add(pointer, "wrong_type", format!("a string is expected, {} was found", value.sort()));
        return None;
    };
    text.parse().map_err(|refusal: crate::domain::extension::NotAName| faults.add(pointer, "bad_name", refusal.0)).ok()
}

fn read_tags(fields: &mut Fields, faults: &mut Faults) -> Vec<Tag> {
    let texts = fields.strings("tags", TAGS_MAX, faults);
    parse_tags(texts.iter().map(|(_, text)| *text)).unwrap_or_else(|refusals| {
        for (index, refusal) in refusals {
            faults.add(texts[index].0.clone(), "bad_tag", refusal.0);
        }
        Vec::new()
    })
}

fn read_tier(value: &Json, faults: &mut Faults) -> Option<Tier> {
    let price = value.get("premium").and_then(|premium| premium.get("price_points")).and_then(Json::as_u64);
    match (value.as_str(), price) {
        (Some("free"), _) => Some(Tier::Free),
        (_, Some(price_points)) if PRICE_POINTS.contains(&price_points) => Some(Tier::Premium { price_points }),
        _ => {
            let message = format!(
                "a tier is \"free\" or {{\"premium\": {{\"price_points\": N}}}} with N from {} to {}",
                PRICE_POINTS.start(),
                PRICE_POINTS.end()
            );
            faults.add(format!("{EXTENSION}/tier"), "bad_tier", message);
            None
        }
    }
}

fn read_code_text<'a>(value: &'a Json, faults: &mut Faults) -> Option<&'a str> {
    let text = value.as_str();
    if text.is_none() {
        let message = format!("the code is a string (base64 of a module, or a script), {} was found", value.sort());
        faults.add(CODE, "wrong_type", message);
    }
    text
}

/// Ids of older marketplaces are texts or numbers of any form; they are shown, never followed.
fn read_source(value: &Json) -> Source {
    let id = |key| match value.get(key) {
        Some(Json::String(text) | Json::Number(text)) => Some(text.chars().take(200).collect()),
        _ => None,
    };
    Source { original_id: id("original_id"), original_owner: id("original_owner") }
}

fn verify_digests(manifest: &Manifest, digests: &CodeDigests, faults: &mut Faults) {
    if let Some(md5) = manifest.md5.filter(|md5| *md5 != digests.md5) {
        let message = format!("the package claims MD5 {md5}, its code has MD5 {}", digests.md5);
        faults.add(format!("{VERSION}/md5"), "md5_mismatch", message);
    }
    if let Some(sha256) = manifest.sha256.filter(|sha256| *sha256 != digests.sha256) {
        let message = format!("the package claims SHA-256 {sha256}, its code has SHA-256 {}", digests.sha256);
        faults.add(format!("{VERSION}/sha256"), "sha256_mismatch", message);
    }
}
