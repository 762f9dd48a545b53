//! The rule `runtime`: JavaScript of older marketplaces is kept and shown, and cannot be run.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::manifest::Runtime;

/// The stable code of the refusal.
pub const NOT_RUNNABLE: &str = "runtime_not_runnable";

/// Looks at what the code is.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.package.manifest.runtime == Runtime::Javascript {
        findings.add(
            Severity::Error,
            Seen {
                location: "/extension/version/runtime".to_owned(),
                message: "the code is JavaScript, which cannot be run here; only WebAssembly modules are".to_owned(),
                evidence: NOT_RUNNABLE.to_owned(),
                hint: "port it: write the handlers in a language that compiles to WebAssembly, read the event with \
                       event_get, and import each function from the sky: module of its scope (`skydeck functions`)"
                    .to_owned(),
                body: Some(subject.package.digests.sha256),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn javascript_is_refused_once_and_by_no_rule_about_modules() {
        assert_eq!(Sample::good().found("runtime"), []);
        let sample = Sample::javascript("exports.run = () => 'hi'");
        assert_eq!(sample.found("runtime"), [(Severity::Error, "/extension/version/runtime".to_owned())]);
        for rule in ["module", "imports", "scopes", "memory", "handlers", "dry_run"] {
            assert_eq!(sample.found(rule), [], "{rule}");
        }
    }
}
