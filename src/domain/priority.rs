//! Review priority: pressure of the due date plus risk plus reputation, each part shown with its numbers.

use serde::{Deserialize, Serialize};

use super::policy::{Policy, ReviewPolicy};
use super::scope::ScopeSet;
use super::time::Timestamp;

/// What a submission's place in the queue is made of; fixed when it is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// When a first decision is due.
    pub due_at: Timestamp,
    /// Points for the risk of the declared scopes.
    pub risk_points: i64,
    /// Points for the author's reputation.
    pub reputation_points: i64,
    /// `due_at − points × ms_per_point`: the smaller, the sooner. Does not change as time passes.
    pub rank_ms: i64,
}

/// The parts as they stand at one moment, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priority {
    /// The sum.
    pub total: i64,
    /// Grows by one point every `ms_per_point`, 0 at submit, and past the due date goes on growing.
    pub due: i64,
    /// From the declared scopes.
    pub risk: i64,
    /// From the author.
    pub reputation: i64,
}

impl Standing {
    /// Places a submission; `recent` is how many the account submitted within the hour before.
    pub fn place(
        policy: &Policy,
        declared: ScopeSet,
        reputation: u8,
        recent: u32,
        submitted_at: Timestamp,
    ) -> Standing {
        let review = &policy.review;
        let due_at = submitted_at.plus_ms(review.sla_ms).plus_ms(review.stagger_ms.saturating_mul(i64::from(recent)));
        let risk_points = i64::from(declared.risk()).saturating_mul(review.risk_weight);
        Standing { due_at, risk_points, reputation_points: 0, rank_ms: 0 }.with_reputation(review, reputation)
    }

    /// The same place for an author whose reputation has changed.
    #[must_use]
    pub fn with_reputation(&self, review: &ReviewPolicy, reputation: u8) -> Standing {
        let reputation_points = i64::from(reputation) * review.reputation_points_max / 100;
        let points = self.risk_points.saturating_add(reputation_points);
        let rank_ms = self.due_at.as_ms().saturating_sub(points.saturating_mul(review.ms_per_point));
        Standing { reputation_points, rank_ms, ..*self }
    }

    /// The place that the submission would have had under another review policy, for an author of this reputation.
    ///
    /// What is kept of the submission's past is how often it was staggered, as the due date of the time tells it.
    #[must_use]
    pub fn under(
        &self,
        before: &ReviewPolicy,
        after: &ReviewPolicy,
        submitted_at: Timestamp,
        declared: ScopeSet,
        reputation: u8,
    ) -> Standing {
        let staggered_ms = self.due_at.since_ms(submitted_at).saturating_sub(before.sla_ms);
        let staggered = if before.stagger_ms > 0 { staggered_ms.max(0) / before.stagger_ms } else { 0 };
        let due_at = submitted_at.plus_ms(after.sla_ms).plus_ms(after.stagger_ms.saturating_mul(staggered));
        let risk_points = i64::from(declared.risk()).saturating_mul(after.risk_weight);
        Standing { due_at, risk_points, ..*self }.with_reputation(after, reputation)
    }

    /// The parts at `now`; ordering by `total` is ordering by `rank_ms`.
    pub fn at(&self, review: &ReviewPolicy, now: Timestamp) -> Priority {
        let waited = now.as_ms() - (self.due_at.as_ms() - review.sla_ms);
        let due = waited.div_euclid(review.ms_per_point.max(1));
        Priority {
            total: due + self.risk_points + self.reputation_points,
            due,
            risk: self.risk_points,
            reputation: self.reputation_points,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::Scope;

    #[test]
    fn another_policy_moves_a_submission_and_back() {
        let (before, now) = (Policy::default(), Timestamp::from_ms(1_000_000));
        let mut after = before.clone();
        after.review.sla_ms /= 2;
        after.review.stagger_ms *= 3;
        after.review.risk_weight = 5;
        let declared = ScopeSet::EMPTY.with(Scope::Ban);
        let placed = Standing::place(&before, declared, 40, 4, now);
        let moved = placed.under(&before.review, &after.review, now, declared, 40);
        assert_eq!(moved, Standing::place(&after, declared, 40, 4, now));
        assert_eq!(moved.under(&after.review, &before.review, now, declared, 40), placed);
    }

    #[test]
    fn the_order_does_not_change_as_time_passes() {
        let policy = Policy::default();
        let start = Timestamp::from_ms(1_790_000_000_000);
        let risky = Standing::place(&policy, ScopeSet::EMPTY.with(Scope::Ban), 10, 0, start.plus_ms(60_000));
        let plain = Standing::place(&policy, ScopeSet::EMPTY, 10, 0, start);
        assert!(risky.rank_ms < plain.rank_ms);
        for hours in [0, 1, 48, 500] {
            let now = start.plus_ms(hours * 3_600_000);
            assert!(risky.at(&policy.review, now).total >= plain.at(&policy.review, now).total, "{hours} h");
        }
    }

    #[test]
    fn a_mass_of_submissions_is_staggered_and_reputation_goes_first() {
        let policy = Policy::default();
        let now = Timestamp::from_ms(0);
        let first = Standing::place(&policy, ScopeSet::EMPTY, 50, 0, now);
        let tenth = Standing::place(&policy, ScopeSet::EMPTY, 50, 9, now);
        assert_eq!(tenth.due_at.since_ms(first.due_at), 9 * policy.review.stagger_ms);
        assert!(Standing::place(&policy, ScopeSet::EMPTY, 90, 0, now).rank_ms < first.rank_ms);
    }
}
