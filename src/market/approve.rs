//! Approving what was seen: the first of two approvals, or publication.

use serde_json::json;

use super::act::{Act, IfMatch, Leave};
use super::case::{self, Case};
use super::record::{Subject, record, tell_extension, tell_queue};
use super::refused::Refused;
use super::reputation;
use crate::domain::digest::Sha256Digest;
use crate::domain::extension::ChannelRevision;
use crate::domain::id::ReviewId;
use crate::domain::permit::ApproveReview;
use crate::domain::reputation::EventKind;
use crate::domain::stage::{Command, StageName};
use crate::store::extensions::{self, ExtensionRow, Head};
use crate::store::reviews::ReviewRow;
use crate::store::{Tx, channels, versions};

/// What is approved, and what the reviewer has seen of it.
#[derive(Clone, Debug)]
pub struct Approve {
    /// The review.
    pub review: ReviewId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// The code that was seen.
    pub seen: Sha256Digest,
}

/// What came of an approval.
#[derive(Clone, Debug)]
pub enum Approved {
    /// It was the first of two.
    First(ReviewRow),
    /// The version is published.
    Published {
        /// The review as it ended.
        review: ReviewRow,
        /// The extension with its new head.
        extension: Box<ExtensionRow>,
    },
}

/// Approves a review that the caller has claimed.
///
/// # Errors
/// [`Refused::Precondition`] where it changed since it was seen, [`Refused::Stage`] with who and when where it is not
/// the caller's to approve, and the conflicts `number_not_greater` where a greater number was published meanwhile and
/// `scope_denied` where the policy has come to deny a scope that it declares.
pub fn approve(tx: &mut Tx, act: &Act, input: &Approve) -> Result<Approved, Refused> {
    let (mut case, leave) = case::open::<ApproveReview>(tx, act, input.review)?;
    case.check_match(tx, input.if_match)?;
    let command =
        Command::Approve { seen: input.seen, stored: case.version.code.sha256, needed: case.review.approvals_needed };
    let stage = case.decide(&leave, &command, act.now)?;
    check_scopes(&case, &leave)?;
    let name = leave.name();
    let publishes = stage.name() == StageName::Published;
    if publishes {
        check_still_greatest(tx, &case)?;
    }
    case.take(stage, &name, act.now);
    case.write(tx, if publishes { "/stage" } else { "/first_approval" }, &name, act.now)?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "sha256": input.seen.to_string(),
        "revision_seen": if let IfMatch::Revision(seen) = input.if_match { Some(seen) } else { None },
        "approval": if publishes { "last" } else { "first" },
    });
    record(tx, &leave, &Subject::Review(case.review.id), &detail, act.now);
    if publishes {
        publish(tx, act, &mut case, &leave)?;
        tell_queue(tx, "approved", &case.review, case.extension.owner, &name);
        tell_extension(tx, "published", &case.extension, &name);
        Ok(Approved::Published { review: case.review, extension: Box::new(case.extension) })
    } else {
        tell_queue(tx, "first_approved", &case.review, case.extension.owner, &name);
        Ok(Approved::First(case.review))
    }
}

/// The checks looked at the scopes when it was submitted; the policy may have become stricter since.
fn check_scopes(case: &Case, leave: &Leave<ApproveReview>) -> Result<(), Refused> {
    let denied = leave.policy.denied(case.review.scopes);
    if denied.is_empty() {
        return Ok(());
    }
    let names = denied.names().join(", ");
    Err(Refused::conflict(
        "scope_denied",
        format!("the policy denies {names} by now; reject it, or have the policy changed"),
    ))
}

fn check_still_greatest(tx: &mut Tx, case: &Case) -> Result<(), Refused> {
    match versions::last_published(tx, case.extension.id)? {
        Some(last) if last.number >= case.version.number => Err(Refused::conflict(
            "number_not_greater",
            format!(
                "{} was published meanwhile, and {} is not greater; reject it and ask for a greater number",
                last.number, case.version.number
            ),
        )),
        _ => Ok(()),
    }
}

fn publish(tx: &mut Tx, act: &Act, case: &mut Case, leave: &Leave<ApproveReview>) -> Result<(), Refused> {
    let revision = case.extension.head.as_ref().map_or(0, |head| head.revision) + 1;
    let appended = ChannelRevision {
        number: revision.unsigned_abs(),
        version: case.version.number.clone(),
        version_id: case.version.id,
        reason: "published".to_owned(),
        by: leave.account()?.id,
        at: act.now,
    };
    channels::append(tx, case.extension.id, &appended)?;
    case.extension.head = Some(Head { version: case.version.id, number: case.version.number.clone(), revision });
    extensions::update(tx, &mut case.extension, act.now)?;
    super::rollout::moved(tx, &case.extension, act.now)?;
    reputation::decided(tx, &case.review, EventKind::Published, &leave.policy, act.now)
}
