//! The rule `version`: numbers only grow, by the precedence of semantic versioning.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;

/// Holds the number against the last published one.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(published) = &subject.context.published else { return };
    let number = &subject.package.manifest.number;
    if *number > published.number {
        return;
    }
    let relation = if *number == published.number { "has the same precedence as" } else { "is smaller than" };
    findings.add(
        Severity::Error,
        Seen {
            location: "/extension/version/number".to_owned(),
            message: format!("the number {number} {relation} the published {}", published.number),
            evidence: format!("{number} after {}", published.number),
            hint: format!("raise it, to {} at least; build metadata does not count", published.number.next_patch()),
            body: None,
        },
    );
}

#[cfg(test)]
mod tests {
    use super::super::PublishedFacts;
    use super::super::sample::Sample;
    use crate::domain::scope::ScopeSet;

    #[test]
    fn precedence_decides() {
        for (number, published, fine) in [
            ("1.0.1", "1.0.0", true),
            ("1.10.0", "1.9.0", true),
            ("1.0.0", "1.0.0-rc.1", true),
            ("1.0.0-rc.1", "1.0.0", false),
            ("1.0.0", "1.0.0", false),
            ("1.0.0+b", "1.0.0+a", false),
            ("0.9.9", "1.0.0", false),
        ] {
            let mut sample = Sample::good().with_number(number);
            sample.published = Some(PublishedFacts { number: published.parse().unwrap(), scopes: ScopeSet::EMPTY });
            assert_eq!(sample.found("version").is_empty(), fine, "{number} after {published}");
        }
        assert_eq!(Sample::good().found("version"), []);
    }
}
