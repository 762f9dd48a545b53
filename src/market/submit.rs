//! Asking for review.

use serde_json::json;

use super::act::{Act, IfMatch, Leave, last_change, leave_for};
use super::likeness::check_likeness;
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use super::sight::find;
use super::thread;
use super::writing::{VersionRef, check_unspent, version};
use crate::domain::account::Account;
use crate::domain::id::{JobId, ReviewId};
use crate::domain::manifest::Runtime;
use crate::domain::permit::SubmitVersion;
use crate::domain::policy::Policy;
use crate::domain::priority::Standing;
use crate::domain::stage::{Command, Outcome, StageName, decide};
use crate::domain::time::Timestamp;
use crate::store::extensions::{self, ExtensionRow};
use crate::store::reviews::{self, ReviewRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{Tx, accounts, jobs};

/// The kind of job that runs the checks of a review; its subject is the review's id.
pub const CHECKS_JOB: &str = "checks";

/// What was made by submitting.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The review that was opened.
    pub review: ReviewRow,
    /// The version in its new stage.
    pub version: VersionRow,
}

/// Submits a saved or withdrawn version: opens a review, spends the number, and asks for the checks.
///
/// # Errors
/// [`Refused::SubmissionsClosed`], [`Refused::RuntimeNotRunnable`], and the conflicts `author_not_verified`,
/// `too_many_open`, `number_spent` and `name_confusable`.
pub fn submit(tx: &mut Tx, act: &Act, input: &VersionRef, if_match: IfMatch) -> Result<Submitted, Refused> {
    let mut extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<SubmitVersion>(tx, act, &extension)?;
    let mut row = version(tx, &extension, &input.number)?;
    if_match.check(row.revision, |_| last_change(tx, "version", row.id))?;
    let actor = leave.actor(extension.owner);
    let Outcome::Becomes(stage) = decide(&row.stage, &Command::Submit, &actor, &leave.policy, act.now)? else {
        return Err(Refused::conflict("stage_conflict", "this version cannot be submitted"));
    };
    if row.runtime == Runtime::Javascript {
        return Err(Refused::RuntimeNotRunnable);
    }
    let author = accounts::by_id(tx, extension.owner)?.ok_or(Refused::NotFound("account"))?;
    check_author(tx, &author, &leave.policy)?;
    check_unspent(tx, &extension.slug, &row.number, Some(row.id))?;
    check_likeness(tx, &extension)?;

    row.stage = stage;
    row.submitted_ever = true;
    versions::update(tx, &mut row, act.now)?;
    versions::spend(tx, &extension.slug, &row, act.now)?;
    if !extension.submitted_ever {
        extension.submitted_ever = true;
        extensions::update(tx, &mut extension, act.now)?;
    }
    let review = open_review(tx, act, &extension, &row, &author, &leave)?;
    thread::settle(tx, extension.id)?;
    let detail = json!({
        "slug": extension.slug.as_str(),
        "number": row.number.to_string(),
        "sha256": row.code.sha256.to_string(),
        "review_id": review.id.to_string(),
        "due_at": review.standing.due_at.to_string(),
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_queue(tx, "submitted", &review, extension.owner, &leave.name());
    Ok(Submitted { review, version: row })
}

fn check_author(tx: &mut Tx, author: &Account, policy: &Policy) -> Result<(), Refused> {
    if policy.switches.verified_authors_only && !author.verified {
        let detail = "the policy takes submissions of verified accounts only; ask an administrator to verify yours";
        return Err(Refused::conflict("author_not_verified", detail));
    }
    let open = reviews::count_open(tx, author.id)?;
    let open_max = i64::from(policy.review.open_submissions_max);
    if open >= open_max {
        let detail = format!("{open} of your submissions wait for review, and {open_max} may; wait or withdraw one");
        return Err(Refused::conflict("too_many_open", detail));
    }
    Ok(())
}

fn open_review(
    tx: &mut Tx,
    act: &Act,
    extension: &ExtensionRow,
    row: &VersionRow,
    author: &Account,
    leave: &Leave<SubmitVersion>,
) -> Result<ReviewRow, Refused> {
    let mut entropy = act.entropy();
    let id = ReviewId::mint(act.now, &mut entropy);
    let policy = &leave.policy;
    let since = Timestamp::from_ms(act.now.as_ms().saturating_sub(policy.review.stagger_window_ms));
    let recent = u32::try_from(reviews::count_since(tx, author.id, since)?).unwrap_or(u32::MAX);
    let sample = tx.audit_key().sample_per_mille(&id.to_string());
    let review = ReviewRow {
        id,
        version: row.id,
        extension: extension.id,
        stage: StageName::Checking,
        slug: extension.slug.to_string(),
        name: extension.name.to_string(),
        number: row.number.clone(),
        author: author.id,
        author_name: author.name.to_string(),
        author_reputation: author.reputation,
        runtime: row.runtime,
        kinds: row.kinds.clone(),
        scopes: row.scopes,
        sha256: row.code.sha256,
        submitted_at: act.now,
        standing: Standing::place(policy, row.scopes, author.reputation, recent, act.now),
        approvals_needed: policy.approvals_needed(row.scopes, sample),
        claim: None,
        first_approval: None,
        findings_worst: None,
        findings_count: 0,
        notes_count: 0,
        end: None,
        revision: 1,
    };
    reviews::insert(tx, &review)?;
    jobs::enqueue(tx, JobId::mint(act.now, &mut entropy), CHECKS_JOB, &id.to_string(), act.now)?;
    Ok(review)
}
