//! The rule `scope_policy`: what the marketplace's policy says about each declared scope.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::policy::ScopeVerdict;

/// Names every declared scope that is not simply allowed, and those that the published version did not have.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let declared = subject.package.manifest.scopes;
    for (place, scope) in declared.iter().enumerate() {
        let verdict = subject.context.policy.verdict(scope);
        let (severity, message, hint) = match verdict {
            ScopeVerdict::Allow => continue,
            ScopeVerdict::Review => (
                Severity::Info,
                format!("the scope {scope} is marked for the reviewer: {}", scope.description()),
                "see that the code needs it, and what for".to_owned(),
            ),
            ScopeVerdict::TwoPerson => (
                Severity::Info,
                format!("the scope {scope} needs two approvals by different people: {}", scope.description()),
                "see that the code needs it, and what for".to_owned(),
            ),
            ScopeVerdict::Deny => (
                Severity::Error,
                format!("the scope {scope} is denied on this marketplace: {}", scope.description()),
                format!("do without {scope}: take it out of the manifest's scopes, and its functions out of the code"),
            ),
        };
        findings.add(
            severity,
            Seen {
                location: format!("/extension/version/scopes/{place}"),
                message,
                evidence: format!("{scope}: {}", verdict.name()),
                hint,
                body: None,
            },
        );
    }
    let Some(published) = &subject.context.published else { return };
    let new = declared.minus(published.scopes);
    if !new.is_empty() {
        let names = new.names().join(", ");
        findings.add(
            Severity::Info,
            Seen {
                location: "/extension/version/scopes".to_owned(),
                message: format!(
                    "scopes that {} did not declare: {names}; installed copies need new consent",
                    published.number
                ),
                evidence: format!("new since {}: {names}", published.number),
                hint: "say in the description what they are for".to_owned(),
                body: None,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::PublishedFacts;
    use super::super::sample::Sample;
    use super::*;
    use crate::domain::scope::{Scope, ScopeSet};
    use crate::domain::version::VersionNumber;

    #[test]
    fn each_verdict_has_its_severity() {
        let mut sample = Sample::good().with_scopes(r#"["ban","kick","storage"]"#);
        sample.policy.scopes =
            [(Scope::Ban, ScopeVerdict::Deny), (Scope::Kick, ScopeVerdict::TwoPerson)].into_iter().collect();
        let evidence: Vec<(Severity, String)> =
            sample.findings("scope_policy").into_iter().map(|finding| (finding.severity, finding.evidence)).collect();
        assert_eq!(
            evidence,
            [(Severity::Error, "ban: deny".to_owned()), (Severity::Info, "kick: two-person".to_owned())]
        );
    }

    #[test]
    fn scopes_that_are_new_are_named() {
        let mut sample = Sample::good().with_scopes(r#"["storage","config"]"#);
        let scopes = ScopeSet::EMPTY.with(Scope::Storage);
        sample.published = Some(PublishedFacts { number: VersionNumber::new(0, 9, 0), scopes });
        assert_eq!(sample.findings("scope_policy")[0].evidence, "new since 0.9.0: config");
    }
}
