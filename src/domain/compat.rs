//! Whether a version can run where it is wanted: the instance's host API and scopes, the policy's denials, its holds.

use super::installation::{Reason, ReasonCode};
use super::instance::Announcement;
use super::manifest::{Manifest, Runtime};
use super::policy::Policy;

/// Judges what a version asks of the instance that would run it.
///
/// # Errors
/// The first reason against it, as a sentence for the server's owner.
pub fn fits_instance(manifest: &Manifest, instance: &Announcement) -> Result<(), Reason> {
    if manifest.runtime != Runtime::Wasm {
        let text = "it is written in JavaScript, which no instance runs; its author has to port it to WebAssembly";
        return Err(Reason::new(ReasonCode::RuntimeNotRunnable, text));
    }
    if !manifest.requires.host.matches(instance.host_api.semver()) {
        let text = format!(
            "it needs the host API {}, and the instance that serves this server offers {}",
            manifest.requires.host, instance.host_api
        );
        return Err(Reason::new(ReasonCode::HostApi, text));
    }
    let unserved = manifest.mandatory_scopes().minus(instance.scopes);
    if !unserved.is_empty() {
        let text = format!("the instance that serves this server does not serve {}", unserved.names().join(", "));
        return Err(Reason::new(ReasonCode::ScopeNotServed, text));
    }
    Ok(())
}

/// Judges what a version asks of the policy.
///
/// # Errors
/// The scopes that it cannot do without and that are denied.
pub fn fits_policy(manifest: &Manifest, policy: &Policy) -> Result<(), Reason> {
    let denied = policy.denied(manifest.mandatory_scopes());
    if denied.is_empty() {
        return Ok(());
    }
    let text = format!("the policy for this server denies {}, which it cannot do without", denied.names().join(", "));
    Err(Reason::new(ReasonCode::ScopeDenied, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::package::Package;
    use crate::domain::policy::ScopeVerdict;
    use crate::domain::scope::{Scope, ScopeSet};

    fn manifest(members: &str) -> Manifest {
        let text = format!(
            r#"{{"package_version":"1.0","extension":{{"name":"Compat","code":"","version":
            {{"number":"1.0.0","type":"command","key":"t","runtime":"wasm"{members}}}}}}}"#
        );
        Package::manifest_of(&text, Runtime::Wasm).unwrap()
    }

    #[test]
    fn each_reason_against_a_version_has_its_code() {
        let instance = Announcement {
            host_api: "1.2.0".parse().unwrap(),
            scopes: ScopeSet::EMPTY.with(Scope::Kick),
            wasm_features: Vec::new(),
            memory_mib: 1,
        };
        let judge = |members: &str| fits_instance(&manifest(members), &instance).map_err(|reason| reason.code);
        assert_eq!(judge(r#","requires":{"host":"^1"},"scopes":["kick"]"#), Ok(()));
        assert_eq!(judge(r#","scopes":["kick","ban"],"optional_scopes":["ban"]"#), Ok(()));
        assert_eq!(judge(r#","requires":{"host":"^2"}"#), Err(ReasonCode::HostApi));
        assert_eq!(judge(r#","scopes":["ban"]"#), Err(ReasonCode::ScopeNotServed));
        let mut policy = Policy::default();
        let banning = manifest(r#","scopes":["ban"]"#);
        assert_eq!(fits_policy(&banning, &policy), Ok(()));
        policy.scopes.insert(Scope::Ban, ScopeVerdict::Deny);
        assert_eq!(fits_policy(&banning, &policy).unwrap_err().code, ReasonCode::ScopeDenied);
        let sparing = manifest(r#","scopes":["ban"],"optional_scopes":["ban"]"#);
        assert_eq!(fits_policy(&sparing, &policy), Ok(()));
    }
}
