//! What a policy would have done to the decisions of the last 90 days: evidence of what is to be expected.

use super::sides::{Sides, Tallies};
use crate::domain::audit::AuditKey;
use crate::domain::finding::{CheckVerdict, Severity};
use crate::domain::policy::{ApprovalsNeeded, EXAMPLES_MAX, Effect, Example, RULES, RuleBits, Tally, When};
use crate::domain::time::Timestamp;
use crate::store::impact::{DecisionRow, decisions, rule_runs};
use crate::store::reviews::ReviewOutcome;
use crate::store::{StoreError, Tx};

/// How far back decisions are looked at.
pub(super) const PAST_MS: i64 = 90 * 24 * 3_600_000;

/// Counts what would have been decided otherwise; gives how many decisions there were, where they were read for it.
pub(super) fn count(tx: &mut Tx, sides: &Sides, tallies: &mut Tallies) -> Result<Option<u64>, StoreError> {
    let times = sides.differ(|policy| (policy.review.sla_ms, policy.review.stagger_ms));
    let people = sides.differ(|policy| (policy.scopes.clone(), policy.review.second_reviewer_per_mille));
    let severity = sides.differ(|policy| policy.review.reject_at);
    if !times && !people && !severity {
        return Ok(None);
    }
    let key = tx.audit_key().clone();
    let since = since(sides.now);
    let mut seen = 0;
    decisions(tx, since, |row| {
        seen += 1;
        if people {
            scopes_and_people(sides, &key, &row, tallies);
        }
        if times {
            time(sides, &row, tallies);
        }
        if severity {
            severities(sides, &row, tallies);
        }
    })?;
    Ok(Some(seen))
}

/// The moment after which decisions count.
pub(super) fn since(now: Timestamp) -> Timestamp {
    now.plus_ms(-PAST_MS)
}

fn scopes_and_people(sides: &Sides, key: &AuditKey, row: &DecisionRow, tallies: &mut Tallies) {
    let (before, after) = (sides.before.of(&row.slug), sides.after.of(&row.slug));
    let published = row.outcome == ReviewOutcome::Published.name();
    let newly = after.denied(row.scopes).minus(before.denied(row.scopes));
    if published {
        for scope in newly.iter() {
            let what = || format!("versions that were published declare {scope}, and would have been rejected");
            let field = format!("scopes.{scope}");
            tallies.add(("past_denied", &field, When::Past), what, &row.review, || example(row, String::new()));
        }
    }
    let decided = published || row.outcome == ReviewOutcome::Rejected.name();
    if !decided || !newly.is_empty() {
        return;
    }
    let sample = key.sample_per_mille(&row.review);
    let (was, is) = (before.approvals_needed(row.scopes, sample), after.approvals_needed(row.scopes, sample));
    let (code, what) = match (was, is) {
        (ApprovalsNeeded::One, ApprovalsNeeded::Two) => {
            ("past_second_approval", "decisions of the last 90 days would have needed a second approval")
        }
        (ApprovalsNeeded::Two, ApprovalsNeeded::One) => {
            ("past_second_dropped", "decisions of the last 90 days would have needed no second approval")
        }
        _ => return,
    };
    tallies.add((code, "approvals", When::Past), || what.to_owned(), &row.review, || example(row, String::new()));
}

fn time(sides: &Sides, row: &DecisionRow, tallies: &mut Tallies) {
    let (before, after) = (&sides.before.plain.review, &sides.after.plain.review);
    let staggered_ms = row.due_at.since_ms(row.submitted_at).saturating_sub(before.sla_ms).max(0);
    let staggered = if before.stagger_ms > 0 { staggered_ms / before.stagger_ms } else { 0 };
    let due_at = row.submitted_at.plus_ms(after.sla_ms).plus_ms(after.stagger_ms.saturating_mul(staggered));
    let (code, what) = match (row.ended_at > row.due_at, row.ended_at > due_at) {
        (false, true) => ("past_late", "decisions that were in time would have been late"),
        (true, false) => ("past_in_time", "decisions that were late would have been in time"),
        _ => return,
    };
    let note = || format!("decided {}, due {} → {}", row.ended_at, row.due_at, due_at);
    tallies.add((code, "review.sla_ms", When::Past), || what.to_owned(), &row.review, || example(row, note()));
}

fn severities(sides: &Sides, row: &DecisionRow, tallies: &mut Tallies) {
    let all = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
    let Some(worst) = all.into_iter().find(|severity| severity.name() == row.worst) else { return };
    let (before, after) = (sides.before.plain.review.reject_at, sides.after.plain.review.reject_at);
    let published = row.outcome == ReviewOutcome::Published.name();
    let failed = row.outcome == ReviewOutcome::FailedChecks.name();
    let (code, what) = if published && worst >= after && worst < before {
        ("past_rejected", "versions that were published had findings that would have rejected them")
    } else if failed && worst >= before && worst < after {
        ("past_passed", "versions that the checks rejected had no finding that would reject them now")
    } else {
        return;
    };
    let note = || format!("worst finding: {}", worst.name());
    tallies.add((code, "review.reject_at", When::Past), || what.to_owned(), &row.review, || example(row, note()));
}

/// What rules with other bits did in the last 90 days.
pub(super) fn rules(tx: &mut Tx, sides: &Sides) -> Result<Vec<Effect>, StoreError> {
    let mut effects = Vec::new();
    for rule in RULES {
        let (was, is) = (sides.before.plain.bits(rule), sides.after.plain.bits(rule));
        for (code, bit, verdict, what) in asked(was, is) {
            let runs = rule_runs(tx, rule, verdict.name(), since(sides.now), EXAMPLES_MAX)?;
            let mut tally = Tally::default();
            for (review, slug, number) in &runs.newest {
                tally.add(review, || Example::new("review", review.as_str(), format!("{slug} {number}"), ""));
            }
            let field = format!("rules.{rule}.{bit}");
            let effect = tally.effect(code, &field, When::Past, format!("submissions of the last 90 days: {what}"));
            effects.extend(effect.map(|effect| Effect { count: runs.count, ..effect }));
        }
    }
    Ok(effects)
}

type Question = (&'static str, &'static str, CheckVerdict, &'static str);

/// What to ask of the past where bits of a rule change.
fn asked(was: RuleBits, is: RuleBits) -> Vec<Question> {
    let counts = |bits: RuleBits| bits.enabled && bits.enforced;
    let bit = if was.enabled == is.enabled { "enforced" } else { "enabled" };
    let mut questions = Vec::new();
    if counts(was) && !counts(is) {
        questions.push(("past_unenforced", bit, CheckVerdict::Failed, "the rule rejected them, and would not have"));
    }
    if !counts(was) && counts(is) {
        questions.push((
            "past_enforced",
            bit,
            CheckVerdict::Observed,
            "the rule only observed them, and would have rejected",
        ));
    }
    if !was.required && is.required && is.enabled {
        questions.push((
            "past_required",
            "required",
            CheckVerdict::Broken,
            "the rule could not run, and would have been waited for",
        ));
    }
    questions
}

fn example(row: &DecisionRow, note: String) -> Example {
    Example::new("review", row.review.as_str(), format!("{} {}", row.slug, row.number), note)
}
