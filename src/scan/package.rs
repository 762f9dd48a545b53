//! The rule `package`: sizes against the policy, which may have become stricter since the package came in.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;

/// Looks at the sizes of package and code, and at what the package left unsaid.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let (package, bounds) = (subject.package, &subject.context.policy.packages);
    let code_bytes = package.digests.bytes;
    if code_bytes > bounds.code_bytes_max {
        findings.add(
            Severity::Error,
            Seen {
                location: "/extension/code".to_owned(),
                message: format!("the code has {code_bytes} bytes; this marketplace takes {}", bounds.code_bytes_max),
                evidence: format!("{code_bytes} bytes"),
                hint: "strip debug and name sections, and optimise for size".to_owned(),
                body: Some(package.digests.sha256),
            },
        );
    }
    let package_bytes = document_bytes(subject);
    if package_bytes > bounds.package_bytes_max {
        findings.add(
            Severity::Error,
            Seen {
                message: format!(
                    "the package has {package_bytes} bytes; this marketplace takes {}",
                    bounds.package_bytes_max
                ),
                evidence: format!("{package_bytes} bytes"),
                hint: "make the code smaller, and shorten the texts".to_owned(),
                ..Seen::default()
            },
        );
    }
    for note in &package.notes {
        findings.add(
            Severity::Info,
            Seen {
                location: "/extension/version".to_owned(),
                message: note.clone(),
                evidence: note.clone(),
                hint: "write the field to choose it yourself".to_owned(),
                body: None,
            },
        );
    }
    if package.description.as_str().trim().is_empty() {
        findings.add(
            Severity::Info,
            Seen {
                location: "/extension/description".to_owned(),
                message: "the package does not say what the extension does".to_owned(),
                evidence: "no description".to_owned(),
                hint: "write a description: it is what people decide by".to_owned(),
                body: None,
            },
        );
    }
}

/// Bytes of the package without white space: the document, and the code as base64.
fn document_bytes(subject: &Subject<'_>) -> u64 {
    let document = subject.package.document_text().len() as u64;
    document.saturating_add(subject.package.digests.bytes.div_ceil(3).saturating_mul(4))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn a_stricter_policy_refuses_what_was_taken_before() {
        let mut sample = Sample::good();
        assert_eq!(sample.found("package"), []);
        sample.policy.packages.code_bytes_max = 10;
        assert_eq!(sample.found("package"), [(Severity::Error, "/extension/code".to_owned())]);
        sample.policy.packages.package_bytes_max = 10;
        assert_eq!(sample.found("package").len(), 2);
    }

    #[test]
    fn what_was_assigned_or_left_out_is_said() {
        let sample = Sample::good().without_number().with_description("");
        let found = sample.found("package");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(severity, _)| *severity == Severity::Info));
    }
}
