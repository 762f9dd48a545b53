//! One review with its version and extension, read together and written together.

use super::act::{Act, IfMatch, Leave, leave_for_review};
use super::refused::{Changed, Refused, Who};
use crate::domain::id::{AccountId, ReviewId};
use crate::domain::permit::Action;
use crate::domain::stage::{Command, Outcome, Refusal, Stage, StageName, decide};
use crate::domain::time::Timestamp;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::reviews::{self, Claim, End, ReviewOutcome, ReviewRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx};

/// A review, the version it is about, and that version's extension.
pub(super) struct Case {
    pub review: ReviewRow,
    /// The review as it is stored.
    kept: ReviewRow,
    pub version: VersionRow,
    pub extension: ExtensionRow,
}

/// Reads a case and makes the permit for an action on it.
pub(super) fn open<A: Action>(tx: &mut Tx, act: &Act, id: ReviewId) -> Result<(Case, Leave<A>), Refused> {
    let review = reviews::by_id(tx, id)?.ok_or(Refused::NotFound("review"))?;
    let case = complete(tx, review)?;
    let leave = leave_for_review(tx, act, &case.extension, &case.review)?;
    Ok((case, leave))
}

/// Reads what belongs to a review.
pub(super) fn complete(tx: &mut Tx, review: ReviewRow) -> Result<Case, Refused> {
    let missing = |what: &str| StoreError::Corrupt(format!("the review {} has no {what}", review.id));
    let version = versions::by_id(tx, review.version)?.ok_or_else(|| missing("version"))?;
    let extension = extensions::by_id(tx, review.extension)?.ok_or_else(|| missing("extension"))?;
    Ok(Case { kept: review.clone(), review, version, extension })
}

impl Case {
    /// Refuses where the review is no longer what the caller has read.
    pub fn check_match(&self, tx: &mut Tx, if_match: IfMatch) -> Result<(), Refused> {
        if_match.check(self.review.revision, |seen| {
            let changes = reviews::changes_after(tx, self.review.id, seen)?;
            Ok(changes
                .into_iter()
                .map(|change| Changed { pointer: change.pointer, by: change.by, at: change.at })
                .collect())
        })
    }

    /// The stage that follows from a command on this review.
    pub fn decide<A: Action>(&self, leave: &Leave<A>, command: &Command, now: Timestamp) -> Result<Stage, Refused> {
        if !self.review.is_open() {
            let stage = self.review.stage;
            let refusal =
                Refusal::WrongStage { stage, command: command.participle(), allowed: stage.allowed().to_owned() };
            return Err(self.with_who(refusal));
        }
        let actor = leave.actor(self.extension.owner);
        match decide(&self.version.stage, command, &actor, &leave.policy, now) {
            Ok(Outcome::Becomes(stage)) => Ok(stage),
            Ok(Outcome::NewDraft) => Err(Refused::conflict("stage_conflict", "a version in review cannot be revised")),
            Err(Refusal::SubmissionsClosed) => Err(Refused::SubmissionsClosed),
            Err(refusal) => Err(self.with_who(refusal)),
        }
    }

    /// Takes a stage on, in the version and in the review; `by` is the name of who brought it there.
    pub fn take(&mut self, stage: Stage, by: &str, now: Timestamp) {
        let ended =
            |outcome, by_name: Option<&str>| Some(End { outcome, at: now, by_name: by_name.map(str::to_owned) });
        self.review.stage = stage.name();
        let claim = self.review.claim.take();
        match &stage {
            Stage::Ready { first_approval } => self.review.first_approval = *first_approval,
            Stage::Review { by: claimant, lease_until, first_approval } => {
                let kept = claim.filter(|claim| claim.by == *claimant).map(|claim| claim.by_name);
                let by_name = kept.unwrap_or_else(|| by.to_owned());
                self.review.claim = Some(Claim { by: *claimant, by_name, lease_until: *lease_until });
                self.review.first_approval = *first_approval;
            }
            Stage::Published { .. } => {
                self.review.end = ended(ReviewOutcome::Published, Some(by));
                self.version.published_at = Some(now);
            }
            Stage::Rejected { by: Some(_), .. } => self.review.end = ended(ReviewOutcome::Rejected, Some(by)),
            Stage::Rejected { by: None, .. } => self.review.end = ended(ReviewOutcome::FailedChecks, None),
            Stage::Withdrawn { .. } => self.review.end = ended(ReviewOutcome::Withdrawn, Some(by)),
            Stage::Draft | Stage::Saved | Stage::Checking => {}
        }
        self.version.stage = stage;
    }

    /// Writes version and review as their next revisions; `pointer` says what changed in the review.
    pub fn write(&mut self, tx: &mut Tx, pointer: &str, by: &str, now: Timestamp) -> Result<(), StoreError> {
        versions::write_stage(tx, &mut self.version, now)?;
        self.write_review(tx, pointer, by, now)
    }

    /// Writes the review alone as its next revision; `pointer` says what changed in it.
    pub fn write_review(&mut self, tx: &mut Tx, pointer: &str, by: &str, now: Timestamp) -> Result<(), StoreError> {
        reviews::update(tx, &self.kept, &mut self.review, pointer, by, now)?;
        self.kept.clone_from(&self.review);
        Ok(())
    }

    /// Writes a new lease. The revisions of the review stay: nothing that a decision rests on has changed.
    pub fn write_lease(&mut self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        versions::write_stage(tx, &mut self.version, now)?;
        reviews::write(tx, &self.kept, &self.review)?;
        self.kept.clone_from(&self.review);
        Ok(())
    }

    /// Whether nobody but this account may take it on, by what was already approved or submitted.
    pub fn is_barred(&self, account: AccountId) -> bool {
        let first = self.review.first_approval.is_some_and(|first| first.by == account);
        first || self.review.author == account || self.extension.owner == account
    }

    fn with_who(&self, refusal: Refusal) -> Refused {
        let claimed = || {
            let claim = self.review.claim.as_ref()?;
            Some(Who { did: "claimed until then", name: claim.by_name.clone(), at: claim.lease_until })
        };
        let ended = || {
            let end = self.review.end.as_ref()?;
            let name = end.by_name.clone().unwrap_or_else(|| "the checks".to_owned());
            Some(Who { did: end_word(self.review.stage), name, at: end.at })
        };
        let who = match &refusal {
            Refusal::ClaimedByOther { .. } => claimed(),
            Refusal::WrongStage { .. } => ended().or_else(claimed),
            _ => None,
        };
        Refused::Stage { refusal, who }
    }
}

const fn end_word(stage: StageName) -> &'static str {
    match stage {
        StageName::Published => "published",
        StageName::Rejected => "rejected",
        StageName::Withdrawn => "withdrawn",
        _ => "ended",
    }
}
