//! The rule `author`: the account behind the package.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;

/// Looks at the author's standing; a package that is only a file has no author.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(author) = subject.context.author else { return };
    if author.suspended {
        findings.add(
            Severity::Error,
            Seen {
                location: "author".to_owned(),
                message: "the author's account is suspended".to_owned(),
                evidence: "suspended".to_owned(),
                hint: "ask an administrator to lift the suspension, then submit again".to_owned(),
                body: None,
            },
        );
    }
    if !author.verified {
        let required = subject.context.policy.switches.verified_authors_only;
        let (severity, message) = if required {
            (Severity::Error, "the author's account is not verified, and this marketplace takes verified authors only")
        } else {
            (Severity::Info, "no administrator vouches for who the author is")
        };
        findings.add(
            severity,
            Seen {
                location: "author".to_owned(),
                message: message.to_owned(),
                evidence: format!("not verified, reputation {}", author.reputation),
                hint: "ask an administrator to verify the account".to_owned(),
                body: None,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::AuthorFacts;
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn standing_decides() {
        for (verified, suspended, verified_only, expected) in [
            (true, false, true, vec![]),
            (false, false, false, vec![Severity::Info]),
            (false, false, true, vec![Severity::Error]),
            (true, true, false, vec![Severity::Error]),
        ] {
            let mut sample = Sample::good();
            sample.author = Some(AuthorFacts { verified, suspended, reputation: 30 });
            sample.policy.switches.verified_authors_only = verified_only;
            let found: Vec<Severity> = sample.found("author").into_iter().map(|(severity, _)| severity).collect();
            assert_eq!(found, expected);
        }
    }
}
