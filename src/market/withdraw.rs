//! Taking a submission back.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::case;
use super::record::{Subject, record, tell_queue};
use super::refused::Refused;
use super::sight::find;
use super::submit::CHECKS_JOB;
use super::writing::{VersionRef, version};
use crate::domain::permit::WithdrawVersion;
use crate::domain::stage::{Command, Refusal};
use crate::store::versions::VersionRow;
use crate::store::{Tx, jobs, reviews};

/// Takes a version out of the queue; it can be submitted again as it is.
///
/// # Errors
/// [`Refused::Stage`] where it is not in the queue, or claimed.
pub fn withdraw(tx: &mut Tx, act: &Act, input: &VersionRef, if_match: IfMatch) -> Result<VersionRow, Refused> {
    let extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<WithdrawVersion>(tx, act, &extension)?;
    let row = version(tx, &extension, &input.number)?;
    if_match.check(row.revision, |_| last_change(tx, "version", row.id))?;
    let Some(review) = reviews::open_of_version(tx, row.id)? else {
        let stage = row.stage.name();
        let allowed = stage.allowed().to_owned();
        return Err(Refusal::WrongStage { stage, command: Command::Withdraw.participle(), allowed }.into());
    };
    let mut case = case::complete(tx, review)?;
    let stage = case.decide(&leave, &Command::Withdraw, act.now)?;
    let name = leave.name();
    case.take(stage, &name, act.now);
    case.write(tx, "/stage", &name, act.now)?;
    jobs::forget_subject(tx, CHECKS_JOB, &case.review.id.to_string())?;
    let detail = json!({
        "slug": case.review.slug,
        "number": case.review.number.to_string(),
        "review_id": case.review.id.to_string(),
    });
    record(tx, &leave, &Subject::Version(row.id), &detail, act.now);
    tell_queue(tx, "withdrawn", &case.review, extension.owner, &name);
    Ok(case.version)
}
