//! Giving an extension to another account, which has to accept it.

use serde_json::json;

use super::act::{Act, IfMatch, last_change, leave_for};
use super::record::{Subject, record, tell_extension};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::account::AccountName;
use crate::domain::permit::{AcceptTransfer, DeclineTransfer, OfferTransfer};
use crate::store::extensions::{self, ExtensionRow};
use crate::store::{Tx, accounts, reviews, threads};

/// What is offered, and to whom.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The extension.
    pub extension: ExtensionRef,
    /// The receiver; the owner's own name takes an offer back.
    pub to: AccountName,
    /// The revision that was seen.
    pub if_match: IfMatch,
}

/// Offers an extension to another account, in the place of an earlier offer.
///
/// # Errors
/// [`Refused::Invalid`] where the receiver does not exist or is suspended.
pub fn offer(tx: &mut Tx, act: &Act, input: &Offer) -> Result<ExtensionRow, Refused> {
    let mut row = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<OfferTransfer>(tx, act, &row)?;
    input.if_match.check(row.revision, |_| last_change(tx, "extension", row.id))?;
    let receiver = accounts::by_name(tx, &input.to)?.filter(|account| !account.suspended);
    let Some(receiver) = receiver else {
        let message = format!("there is no active account named {}", input.to);
        return Err(Refused::field("/to", "unknown_account", message));
    };
    row.offered_to = (receiver.id != row.owner).then_some(receiver.id);
    extensions::update(tx, &mut row, act.now)?;
    let detail = json!({ "slug": row.slug.as_str(), "to": receiver.name.as_str() });
    record(tx, &leave, &Subject::Extension(row.id), &detail, act.now);
    tell_extension(tx, "offered", &row, &leave.name());
    Ok(row)
}

/// Accepts an extension that is offered to the caller.
///
/// # Errors
/// The conflict `reviewing_it` where the caller has claimed or approved one of its versions that wait for review.
pub fn accept(tx: &mut Tx, act: &Act, extension: &ExtensionRef) -> Result<ExtensionRow, Refused> {
    let mut row = find(tx, &act.viewer(), extension)?;
    let leave = leave_for::<AcceptTransfer>(tx, act, &row)?;
    let receiver = leave.account()?;
    for review in reviews::open_of_extension(tx, row.id)? {
        let claimed = review.claim_at(act.now).is_some_and(|claim| claim.by == receiver.id);
        let approved = review.first_approval.is_some_and(|first| first.by == receiver.id);
        if claimed || approved {
            let detail = format!("you are reviewing {} {}; its review has to end first", row.slug, review.number);
            return Err(Refused::conflict("reviewing_it", detail));
        }
    }
    let from = std::mem::replace(&mut row.owner, receiver.id);
    row.owner_name = receiver.name.to_string();
    row.offered_to = None;
    extensions::update(tx, &mut row, act.now)?;
    threads::hand_over(tx, row.id, receiver.id)?;
    let detail = json!({ "slug": row.slug.as_str(), "from": from.to_string() });
    record(tx, &leave, &Subject::Extension(row.id), &detail, act.now);
    tell_extension(tx, "transferred", &row, &leave.name());
    Ok(row)
}

/// Declines an extension that is offered to the caller.
pub fn decline(tx: &mut Tx, act: &Act, extension: &ExtensionRef) -> Result<ExtensionRow, Refused> {
    let mut row = find(tx, &act.viewer(), extension)?;
    let leave = leave_for::<DeclineTransfer>(tx, act, &row)?;
    row.offered_to = None;
    extensions::update(tx, &mut row, act.now)?;
    record(tx, &leave, &Subject::Extension(row.id), &json!({ "slug": row.slug.as_str() }), act.now);
    tell_extension(tx, "declined", &row, &leave.name());
    Ok(row)
}
