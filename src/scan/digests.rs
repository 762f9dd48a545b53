//! The rule `digests`: the code is, byte for byte, the one that was named.

use super::{Findings, Seen, Subject};
use crate::domain::digest::CodeDigests;
use crate::domain::finding::Severity;

/// Digests the code again, and holds it against what the package claims and what the store has.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let (manifest, actual) = (&subject.package.manifest, CodeDigests::of(&subject.package.code.bytes));
    let (md5, sha256) = (actual.md5.to_string(), actual.sha256.to_string());
    let mut compare = |what: &str, location: &str, claimed: Option<String>, actual: &str| {
        let Some(claimed) = claimed.filter(|claimed| claimed != actual) else { return };
        findings.add(
            Severity::Critical,
            Seen {
                location: location.to_owned(),
                message: format!("{what} {claimed}, and the code has {actual}"),
                evidence: format!("{claimed} is not {actual}"),
                hint: "the code is not the one that was named: export and submit the package again, and find out where it \
                       changed"
                    .to_owned(),
                body: Some(subject.package.digests.sha256),
            },
        );
    };
    compare("the package claims MD5", "/extension/version/md5", manifest.md5.map(|md5| md5.to_string()), &md5);
    compare(
        "the package claims SHA-256",
        "/extension/version/sha256",
        manifest.sha256.map(|sha| sha.to_string()),
        &sha256,
    );
    if let Some(stored) = subject.context.stored {
        compare("the store knows it by MD5", "code", Some(stored.md5.to_string()), &md5);
        compare("the store knows it by SHA-256", "code", Some(stored.sha256.to_string()), &sha256);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;
    use crate::domain::digest::Sha256Digest;

    #[test]
    fn every_digest_that_differs_is_critical() {
        let mut sample = Sample::good();
        assert_eq!(sample.found("digests"), []);
        let right = sample.package().digests;
        sample.stored = Some(right);
        assert_eq!(sample.found("digests"), []);
        sample.stored = Some(CodeDigests { sha256: Sha256Digest::of(b"other"), ..right });
        assert_eq!(sample.found("digests"), [(Severity::Critical, "code".to_owned())]);
        sample.stored = Some(CodeDigests::of(b"other"));
        assert_eq!(sample.found("digests").len(), 2);
    }
}
