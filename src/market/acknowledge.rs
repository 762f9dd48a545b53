//! What an instance says to the orders it got for an installation.

use serde_json::json;

use super::act::Act;
use super::place::{InstallationRef, open_site};
use super::progress::{drive, settle};
use super::refused::Refused;
use crate::domain::id::InstallationId;
use crate::domain::installation::{Command, StageName};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::Acknowledge;
use crate::store::Tx;
use crate::store::installations::InstallationRow;

/// What an instance did, or could not do.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// The installation.
    pub installation: InstallationId,
    /// The attempt that the order was for.
    pub attempt: u64,
    /// The stage that it did.
    pub stage: StageName,
    /// Why it could not, where that is so.
    pub failure: Option<String>,
}

/// Moves an attempt on by what its instance did. One that comes twice changes nothing, but is taken.
///
/// # Errors
/// The conflicts `other_attempt`, `nothing_under_way` and `stage_conflict` where the order is no longer meant.
pub fn acknowledge(tx: &mut Tx, act: &Act, input: &Acknowledgement) -> Result<InstallationRow, Refused> {
    let (mut site, leave) = open_site::<Acknowledge>(tx, act, &InstallationRef::Id(input.installation))?;
    let outcome = match &input.failure {
        None => Ok(()),
        Some(why) => {
            let why = why.trim();
            let why = if why.is_empty() { "the instance gave no reason" } else { why };
            Err(why.chars().take(REASON_CHARS_MAX).collect())
        }
    };
    let done_before = site.row.stands.state.now().is_some_and(|now| now.number == input.attempt)
        && site.row.stands.state.next().is_none();
    let command = Command::Acknowledge(input.stage, outcome);
    let word = if done_before && input.failure.is_none() {
        "done"
    } else {
        drive(tx, &mut site, Some(input.attempt), &command, act.now)?.word()
    };
    let detail = json!({
        "attempt": input.attempt,
        "stage": input.stage.name(),
        "came_of_it": word,
        "failure": input.failure,
    });
    settle(tx, &leave, &mut site, word, &detail, act.now)?;
    Ok(site.row)
}
