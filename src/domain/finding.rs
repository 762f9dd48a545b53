//! What a check found: rule, severity, place, evidence, and a fingerprint that a dismissal sticks to.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest::Sha256Digest;
use super::id::ExtensionId;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look before approving.
    Warning,
    /// Must be mended.
    Error,
    /// Dangerous.
    Critical,
}

/// Which part of publication a rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Format, limits, names.
    PackageValidation,
    /// The module and what it does.
    SecurityScan,
    /// Number, digests, surface.
    VersionVerify,
    /// The account behind it.
    AuthorAuth,
}

/// One thing a rule has to say about a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name, such as `imports`.
    pub rule: String,
    /// The rule's revision; a newer one asks again about what was dismissed.
    pub rule_revision: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Where: a JSON pointer, an import, a function, a handler.
    pub location: String,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What was seen, cut to a readable length.
    pub evidence: String,
    /// What to do about it.
    pub hint: String,
    /// Digest of the function's body the finding is about, or of the module where it is about no single function.
    pub body: Option<Sha256Digest>,
}

/// One rule's run over one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Which part of publication.
    pub step: Step,
    /// The rule's name.
    pub rule: String,
    /// The rule's revision.
    pub rule_revision: u32,
    /// When it started, milliseconds since 1970.
    pub started_ms: i64,
    /// When it ended, milliseconds since 1970.
    pub ended_ms: i64,
    /// What came of it.
    pub verdict: CheckVerdict,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// What came of one rule's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It ran and found nothing that counts against the version.
    Passed,
    /// It ran and found something that the policy rejects for.
    Failed,
    /// It found something that would be rejected for if the rule were enforced.
    Observed,
    /// It could not run; the reason is a finding.
    Broken,
}

impl Severity {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

impl Step {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Step::PackageValidation => "package_validation",
            Step::SecurityScan => "security_scan",
            Step::VersionVerify => "version_verify",
            Step::AuthorAuth => "author_auth",
        }
    }
}

impl CheckVerdict {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Failed => "failed",
            CheckVerdict::Observed => "observed",
            CheckVerdict::Broken => "broken",
        }
    }
}

impl Finding {
    /// SHA-256 over extension, rule, rule revision, evidence with white space folded, and the body's digest; other code does not inherit it.
    pub fn fingerprint(&self, extension: ExtensionId) -> Sha256Digest {
        let evidence = self.evidence.split_whitespace().collect::<Vec<_>>().join(" ");
        let body = self.body.map(|digest| digest.to_string()).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [&extension.to_string(), &self.rule, &self.rule_revision.to_string(), &evidence, &body] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Sha256Digest::from_bytes(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_fingerprint_folds_spaces_and_tells_code_and_revisions_apart() {
        let extension = ExtensionId::mint(Timestamp::from_ms(1), &mut Entropy::from_seed([1; 32]));
        let finding = Finding {
            rule: "scopes".to_owned(),
            rule_revision: 1,
            severity: Severity::Warning,
            location: "/scopes".to_owned(),
            message: "unused".to_owned(),
            evidence: "ban,  kick".to_owned(),
            hint: String::new(),
            body: Some(Sha256Digest::of(b"a")),
        };
        let same = Finding { evidence: " ban, kick".to_owned(), message: "other words".to_owned(), ..finding.clone() };
        assert_eq!(finding.fingerprint(extension), same.fingerprint(extension));
        let other_code = Finding { body: Some(Sha256Digest::of(b"b")), ..finding.clone() };
        let newer_rule = Finding { rule_revision: 2, ..finding.clone() };
        assert_ne!(finding.fingerprint(extension), other_code.fingerprint(extension));
        assert_ne!(finding.fingerprint(extension), newer_rule.fingerprint(extension));
    }
}
