//! The rule `memory`: what the module starts with against the subscription tiers.

use super::{Findings, Seen, Subject};
use crate::domain::finding::Severity;
use crate::domain::policy::TierLimits;
use crate::sandbox::{PAGE_BYTES, Rule as ModuleRule};

/// Looks at the declared minimum of memory and tables.
pub fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_wasm() {
        return;
    }
    let inspection = subject.inspection;
    let (bytes, body) = (inspection.initial_bytes(), Some(subject.package.digests.sha256));
    let pages = inspection.memories.iter().fold(0_u64, |sum, memory| sum.saturating_add(memory.minimum));
    let evidence = format!("{pages} pages, {bytes} bytes with tables");
    let location = "memory".to_owned();
    let hint =
        "link a small stack (wasm-ld -z stack-size=16384, Zig --stack 16384, AssemblyScript --initialMemory 1): \
                memory can grow when it is needed"
            .to_owned();
    if let Some(problem) = subject.problems.iter().find(|problem| problem.rule == ModuleRule::Memory) {
        findings.add(Severity::Error, Seen { location, message: problem.text.clone(), evidence, hint, body });
        return;
    }
    let (fits, too_small) = tiers(subject, bytes);
    // Each run pays for every page that it starts with.
    let warned_above = u64::from(subject.context.policy.checks.pages_warned_above);
    if fits.is_empty() && !too_small.is_empty() {
        let message = format!("the module starts with {bytes} bytes of memory, more than any subscription tier has");
        findings.add(Severity::Error, Seen { location, message, evidence, hint, body });
    } else if !too_small.is_empty() {
        let message = format!(
            "the module starts with {bytes} bytes of memory, too much for servers of the tier {}; it fits {}",
            too_small.join(", "),
            fits.join(", ")
        );
        findings.add(Severity::Warning, Seen { location, message, evidence, hint, body });
    } else if pages > warned_above {
        let message = format!(
            "the module starts with {pages} pages ({} KiB) of memory, which every event pays for; more than \
             {warned_above} is rarely needed",
            pages * (PAGE_BYTES >> 10)
        );
        findings.add(Severity::Warning, Seen { location, message, evidence, hint, body });
    }
}

/// The tiers that have so many bytes, and those that have not; the smallest first.
fn tiers<'a>(subject: &Subject<'a>, bytes: u64) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut tiers: Vec<(&str, &TierLimits)> =
        subject.context.policy.tiers.iter().map(|(name, limits)| (name.as_str(), limits)).collect();
    tiers.sort_by_key(|(_, limits)| limits.memory_mib);
    let (fits, too_small): (Vec<_>, Vec<_>) =
        tiers.into_iter().partition(|(_, limits)| bytes <= limits.memory_mib << 20);
    let names = |tiers: Vec<(&'a str, &TierLimits)>| tiers.into_iter().map(|(name, _)| name).collect();
    (names(fits), names(too_small))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[track_caller]
    fn check(pages: u32, expected: Option<Severity>, words: &str) {
        let module = format!(
            r#"(module (memory (export "memory") {pages}) (func (export "on_command") (result i32) i32.const 0))"#
        );
        let found = Sample::wat(&module).findings("memory");
        assert_eq!(found.first().map(|finding| finding.severity), expected, "{pages} pages");
        assert!(found.len() <= 1 && found.iter().all(|finding| finding.message.contains(words)), "{found:?}");
    }

    #[test]
    fn the_minimum_is_held_against_the_tiers() {
        check(1, None, "");
        check(16, None, "");
        check(17, Some(Severity::Warning), "17 pages");
        check(512, Some(Severity::Warning), "rarely needed");
        check(513, Some(Severity::Warning), "tier free; it fits plus, pro");
        check(1_025, Some(Severity::Warning), "tier free, plus; it fits pro");
        check(2_048, Some(Severity::Warning), "fits pro");
        check(2_049, Some(Severity::Error), "2049 pages");
        check(3_000, Some(Severity::Error), "3000 pages");
    }
}
