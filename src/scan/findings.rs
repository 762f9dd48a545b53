//! The list that a rule writes into: bounded, made visible, and never silent about what it left out.

use super::Rule;
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::{Finding, Severity};
use crate::domain::text::{shorten, visible};

/// Findings of one rule that are listed one by one; all rules together stay within the bound on a version's findings.
pub const FINDINGS_PER_RULE_MAX: usize = 30;
/// Columns of a location.
const LOCATION_COLUMNS_MAX: usize = 200;
/// Columns of a message or a hint.
const SENTENCE_COLUMNS_MAX: usize = 600;
/// Columns of evidence.
const EVIDENCE_COLUMNS_MAX: usize = 400;

/// What one rule found so far.
#[derive(Debug)]
pub struct Findings {
    rule: &'static str,
    revision: u32,
    listed: Vec<Finding>,
    unlisted: usize,
    worst_unlisted: Severity,
}

/// One thing that a rule saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where: a JSON pointer, an import, an export, a handler.
    pub location: String,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub hint: String,
    /// Digest of the function's body it is about, or of the module; none where no code is meant.
    pub body: Option<Sha256Digest>,
}

impl Findings {
    /// An empty list for `rule`.
    pub fn of(rule: &Rule) -> Findings {
        Findings {
            rule: rule.name,
            revision: rule.revision,
            listed: Vec::new(),
            unlisted: 0,
            worst_unlisted: Severity::Info,
        }
    }

    /// Adds a finding. What came from a package is made visible and cut; beyond the bound findings are only counted.
    pub fn add(&mut self, severity: Severity, seen: Seen) {
        if self.listed.len() >= FINDINGS_PER_RULE_MAX {
            self.unlisted += 1;
            self.worst_unlisted = self.worst_unlisted.max(severity);
            return;
        }
        self.listed.push(Finding {
            rule: self.rule.to_owned(),
            rule_revision: self.revision,
            severity,
            location: cut(&seen.location, LOCATION_COLUMNS_MAX),
            message: cut(&seen.message, SENTENCE_COLUMNS_MAX),
            evidence: cut(&seen.evidence, EVIDENCE_COLUMNS_MAX),
            hint: cut(&seen.hint, SENTENCE_COLUMNS_MAX),
            body: seen.body,
        });
    }

    /// The list; where it was cut, the last entry says how much more there is and is as bad as the worst of it.
    pub fn into_list(mut self) -> Vec<Finding> {
        if self.unlisted > 0 {
            self.listed.push(Finding {
                rule: self.rule.to_owned(),
                rule_revision: self.revision,
                severity: self.worst_unlisted,
                location: String::new(),
                message: format!("and {} more of the same rule", self.unlisted),
                evidence: format!("{} not listed", self.unlisted),
                hint: "mend those that are listed first, then check again".to_owned(),
                body: None,
            });
        }
        self.listed
    }
}

fn cut(text: &str, columns: usize) -> String {
    // Each column needs a character at least, so that hostile lengths are cut before they are measured.
    let start: String = text.chars().take(columns * 2).collect();
    shorten(&visible(&start), columns).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::RULES;
    use super::*;
    use crate::domain::limits::FINDINGS_MAX;

    #[test]
    fn what_is_not_listed_is_counted_with_its_severity() {
        let mut findings = Findings::of(&RULES[0]);
        for number in 0..FINDINGS_PER_RULE_MAX + 3 {
            let severity = if number == FINDINGS_PER_RULE_MAX + 1 { Severity::Error } else { Severity::Info };
            findings.add(severity, Seen { evidence: "\u{1b}[2J".repeat(300), ..Seen::default() });
        }
        let list = findings.into_list();
        assert_eq!(list.len(), FINDINGS_PER_RULE_MAX + 1);
        assert_eq!(list[FINDINGS_PER_RULE_MAX].severity, Severity::Error);
        assert_eq!(list[FINDINGS_PER_RULE_MAX].message, "and 3 more of the same rule");
        assert!(list[0].evidence.starts_with("␛[2J") && list[0].evidence.ends_with('…'));
    }

    #[test]
    fn all_rules_together_stay_within_the_bound_of_a_version() {
        assert!(RULES.len() * (FINDINGS_PER_RULE_MAX + 1) <= FINDINGS_MAX);
    }
}
