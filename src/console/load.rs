//! What effects read and run: codes and their difference, files, paths, dry runs, and a verdict before submitting.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::effect::{CodeOf, RunRequest};
use super::event::{Answer, CodePair, Failure, LoadedFile};
use super::perform::failure;
use super::widgets::diff;
use crate::api::reviews::{CheckRun, Checks, Finding};
use crate::client::Client;
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::CheckRecord;
use crate::domain::kind::Kind;
use crate::domain::limits::{CODE_BYTES_MAX, ModuleLimits, PACKAGE_BYTES_MAX};
use crate::domain::manifest::Runtime;
use crate::domain::package::{Code, Package};
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::sandbox::{self, Report, Settings};
use crate::scan;

/// The largest text of a module that is compared.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// The most paths that are offered.
const PATHS_MAX: usize = 50;

/// Reads both codes, checks their digests and compares them as text.
pub async fn code_pair(client: &Client, new: &CodeOf, old: Option<&CodeOf>) -> Answer<CodePair> {
    let new_code = code(client, new).await?;
    let old_code = match old {
        Some(old) if old.sha256 == new.sha256 => Some(Arc::clone(&new_code)),
        Some(old) => Some(code(client, old).await?),
        None => None,
    };
    let is_wasm = new.runtime == Runtime::Wasm.name();
    let work = move || {
        let rows = match &old_code {
            Some(old) => diff::compare(&text(old), &text(&new_code)),
            None => diff::whole(&text(&new_code)),
        };
        CodePair { new: new_code, old: old_code, rows, language: if is_wasm { "WAT" } else { "JavaScript" } }
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| fault("the code cannot be compared".to_owned()))
}

/// Runs an extension in a simulated world; never fails, whatever happens is the report's outcome.
pub fn run(request: &RunRequest) -> Report {
    let mut settings = Settings::granting(request.scopes);
    if let Some(timeout_ms) = request.timeout_ms {
        settings.limits.timeout_ms = settings.limits.timeout_ms.min(timeout_ms);
    }
    sandbox::dry_run(&request.code, &request.event, &settings, None)
}

/// Reads a `.skypkg`, `.wasm`, `.wat` or `.skyext` file.
pub fn file(path: &str) -> Answer<LoadedFile> {
    let name = expand(path);
    let size = fs::metadata(&name).map_err(|error| fault(format!("{path}: {error}")))?.len();
    if size > PACKAGE_BYTES_MAX as u64 {
        return Err(fault(format!("{path} has {size} bytes; a package has at most {PACKAGE_BYTES_MAX}")));
    }
    let bytes = fs::read(&name).map_err(|error| fault(format!("{path}: {error}")))?;
    let ending = Path::new(path).extension().and_then(|end| end.to_str()).unwrap_or_default();
    if ending.eq_ignore_ascii_case("skypkg") || ending.eq_ignore_ascii_case("json") {
        return package_file(path, bytes);
    }
    let bytes = if ending.eq_ignore_ascii_case("wat") {
        wat::parse_bytes(&bytes).map_err(|error| fault(format!("{path}: {error}")))?.into_owned()
    } else {
        bytes
    };
    if bytes.len() > CODE_BYTES_MAX {
        return Err(fault(format!("{path} has {} bytes; code has at most {CODE_BYTES_MAX}", bytes.len())));
    }
    let code = Code::sniff(bytes).map_err(|problem| fault(format!("{path}: {problem}")))?;
    if code.runtime == Runtime::Javascript {
        return Err(fault(format!("{path} is no WebAssembly module; JavaScript cannot be run here")));
    }
    let inspection = sandbox::inspect(&code.bytes, &ModuleLimits::ceiling());
    let kinds = Kind::ALL.iter().copied().filter(|kind| inspection.export(kind.handler()).is_some()).collect();
    Ok(LoadedFile {
        path: path.to_owned(),
        code: code.bytes.into(),
        package: None,
        title: "module without a manifest: all scopes it can reach are granted".to_owned(),
        kinds,
        scopes: inspection.reachable,
        trigger: None,
        timeout_ms: None,
        faults: Vec::new(),
    })
}

/// The paths that begin with what was typed: folders, and files that can be run.
pub fn paths(typed: &str) -> Vec<String> {
    let split = typed.rfind('/').map_or(0, |at| at + 1);
    let (folder, start) = typed.split_at(split);
    let Ok(entries) = fs::read_dir(expand(if folder.is_empty() { "." } else { folder })) else { return Vec::new() };
    let mut paths: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path().is_dir())))
        .filter(|(name, _)| name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.')))
        .filter(|(name, is_folder)| *is_folder || can_run(name))
        .map(|(name, is_folder)| format!("{folder}{name}{}", if is_folder { "/" } else { "" }))
        .collect();
    paths.sort();
    paths.truncate(PATHS_MAX);
    paths
}

/// What the marketplace would say to a package: the server judges whether it takes it (nothing is kept), and the
/// checks run here under the server's policy.
pub async fn verdict(client: &Client, package: Arc<[u8]>) -> Answer<Checks> {
    client.rehearsing().import(package.to_vec(), None).await.map_err(failure)?;
    let policy = client.policy().await.ok().and_then(|fetched| serde_json::from_value(fetched.value.document).ok());
    let policy: Policy = policy.unwrap_or_default();
    let author = client.me().await.ok().map(|me| scan::AuthorFacts {
        verified: me.account.verified,
        suspended: me.account.suspended,
        reputation: me.account.reputation,
    });
    let work = move || {
        let package = Package::parse(&package).map_err(|faults| fault(listed(&faults)))?;
        let now = || Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
        let context = scan::Context { author, ..scan::Context::local(&policy) };
        Ok(checks(&scan::examine(&package, &context, &now)))
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(fault("the checks failed".to_owned())))
}

async fn code(client: &Client, of: &CodeOf) -> Answer<Arc<[u8]>> {
    let bytes = client.code(&of.extension_id, &of.number).await.map_err(failure)?;
    let sha256 = Sha256Digest::of(&bytes).to_string();
    if sha256 != of.sha256 {
        return Err(fault(format!(
            "the server sent other code than the one under review: SHA-256 {sha256} instead of {}",
            of.sha256
        )));
    }
    Ok(bytes.into())
}

/// The text form: WAT of a module, else the text itself.
fn text(code: &[u8]) -> String {
    if !code.starts_with(b"\0asm") {
        return String::from_utf8_lossy(code).into_owned();
    }
    let mut text =
        wasmprinter::print_bytes(code).unwrap_or_else(|error| format!(";; this module cannot be shown: {error}"));
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.push_str("\n;; cut here: the module is too large to show whole\n");
    }
    text
}

fn package_file(path: &str, bytes: Vec<u8>) -> Answer<LoadedFile> {
    let package = Package::parse(&bytes).map_err(|faults| fault(format!("{path}:\n{}", listed(&faults))))?;
    if package.manifest.runtime == Runtime::Javascript {
        return Err(fault(format!("{path} holds JavaScript, which cannot be run here")));
    }
    let manifest = &package.manifest;
    let trigger =
        manifest.key.clone().or_else(|| manifest.keywords.first().cloned()).or_else(|| manifest.event.clone());
    Ok(LoadedFile {
        path: path.to_owned(),
        title: format!("{} {}", package.name, manifest.number),
        kinds: manifest.kinds.clone(),
        scopes: manifest.scopes,
        trigger,
        timeout_ms: Some(manifest.timeout_ms),
        faults: package.notes.clone(),
        code: package.code.bytes.into(),
        package: Some(bytes.into()),
    })
}

fn checks(examination: &scan::Examination) -> Checks {
    let finding = |record: &CheckRecord| {
        record
            .findings
            .iter()
            .map(|finding| Finding {
                id: String::new(),
                rule: finding.rule.clone(),
                severity: finding.severity.name().to_owned(),
                location: finding.location.clone(),
                message: finding.message.clone(),
                evidence: finding.evidence.clone(),
                hint: finding.hint.clone(),
                fingerprint: String::new(),
                dismissed_by: None,
                dismissed_reason: None,
            })
            .collect::<Vec<_>>()
    };
    let rules = examination.records.iter().map(|record| CheckRun {
        step: record.step.name().to_owned(),
        rule: record.rule.clone(),
        rule_revision: record.rule_revision,
        verdict: record.verdict.name().to_owned(),
        started_at: Timestamp::from_ms(record.started_ms).to_string(),
        took_ms: record.ended_ms - record.started_ms,
    });
    let mut findings: Vec<(crate::domain::finding::Severity, Finding)> = examination
        .records
        .iter()
        .flat_map(|record| record.findings.iter().map(|one| one.severity).zip(finding(record)))
        .collect();
    findings.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let state = if examination.verdict == scan::Verdict::Pass { "passed" } else { "failed" };
    Checks {
        state: state.to_owned(),
        rules: rules.collect(),
        findings: findings.into_iter().map(|(_, finding)| finding).collect(),
        runs: Vec::new(),
    }
}

fn can_run(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|end| end.to_str()).unwrap_or_default();
    ["skypkg", "wasm", "wat", "skyext"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// `~` is the home folder.
fn expand(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    }
}

fn listed(faults: &[crate::domain::fault::Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn fault(text: String) -> Failure {
    Failure { text, ..Failure::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_as_text_is_run_with_the_scopes_it_can_reach() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hello.wat");
        fs::write(
            &path,
            "(module (memory (export \"memory\") 1) (func (export \"on_command\") (result i32) (i32.const 0)))",
        )
        .unwrap();
        let loaded = file(path.to_str().unwrap()).unwrap();
        assert_eq!(loaded.kinds, [Kind::Command]);
        assert!(loaded.code.starts_with(b"\0asm"));
        let typed = format!("{}/he", folder.path().display());
        assert_eq!(paths(&typed), [path.display().to_string()]);
    }

    #[test]
    fn what_cannot_be_run_is_said_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.skypkg");
        fs::write(&path, "{}").unwrap();
        let text = file(path.to_str().unwrap()).unwrap_err().text;
        assert!(text.contains("bad.skypkg"), "{text}");
        assert!(file("/nowhere/at/all.wasm").unwrap_err().text.contains("/nowhere/at/all.wasm"));
    }
}
