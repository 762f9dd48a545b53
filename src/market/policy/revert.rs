//! Going back to an earlier revision of the policy, as a new one that says the same.

use super::apply::Applied;
use super::carry_out::{Change, carry_out, changed_since};
use super::impact::reckon;
use super::plan::{earlier, sides};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::RevertPolicy;
use crate::market::act::{Act, IfMatch, leave};
use crate::market::input::{Length, text};
use crate::market::refused::Refused;
use crate::store::{Tx, policy};

/// Which revision is restored, and why.
#[derive(Clone, Debug)]
pub struct Revert {
    /// The revision to go back to.
    pub to: i64,
    /// Why.
    pub reason: String,
    /// The revision of the policy that was seen.
    pub if_match: IfMatch,
}

/// Makes a new revision that says what an earlier one said.
///
/// # Errors
/// [`Refused::Precondition`] where the policy changed since it was seen, the conflict `nothing_changes`.
pub fn revert_policy(tx: &mut Tx, act: &Act, input: &Revert) -> Result<Applied, Refused> {
    let leave = leave::<RevertPolicy>(tx, act)?;
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let current = policy::current(tx)?;
    input.if_match.check(current.number(), |seen| changed_since(tx, seen))?;
    let document = earlier(tx, input.to)?;
    if document == *current.document() {
        let detail = format!("revision {} says what revision {} says already", current.number(), input.to);
        return Err(Refused::conflict("nothing_changes", detail));
    }
    let sides = sides(&current, document, act.now);
    let reckoned = reckon(tx, &sides)?;
    let change = Change {
        sides: &sides,
        reckoned: &reckoned,
        reason: &reason,
        restores: Some(input.to),
        plan: None,
        action: "reverted",
    };
    let revision = carry_out(tx, act, &leave, &current, &change)?;
    Ok(Applied { revision, impact: reckoned.impact })
}
