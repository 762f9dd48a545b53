//! Taking a purchase back: within the time that was promised when it was made, once, and with all of its price.

use serde_json::json;

use super::act::{Act, leave_to_buyer};
use super::input::{Length, text};
use super::points::{About, post};
use super::purchase::told;
use super::record::{Subject, record, tell_purchase};
use super::refused::Refused;
use super::statement::find_purchase;
use crate::domain::id::PurchaseId;
use crate::domain::ledger::Entry;
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::RefundPurchase;
use crate::store::Tx;
use crate::store::purchases::{self, PurchaseRow};

/// Takes a purchase back: the buyer gets the whole price, out of what the author and the marketplace got of it, and is
/// not entitled any more.
///
/// # Errors
/// The conflicts `refunded_already` and `refund_too_late`.
pub fn refund(tx: &mut Tx, act: &Act, purchase: PurchaseId, reason: &str) -> Result<PurchaseRow, Refused> {
    let mut row = find_purchase(tx, &act.viewer(), purchase)?;
    let leave = leave_to_buyer::<RefundPurchase>(tx, act, row.sale.buyer)?;
    let reason = text("/reason", reason, Length::needed(REASON_CHARS_MAX))?;
    if let Some(at) = row.refunded_at {
        return Err(Refused::conflict("refunded_already", format!("this was taken back at {at}")));
    }
    if act.now > row.refundable_until {
        let detail = format!("this could be taken back until {}", row.refundable_until);
        return Err(Refused::conflict("refund_too_late", detail));
    }
    let by = leave.account.as_ref().map_or_else(String::new, |account| account.id.to_string());
    // Whoever reads of it is found before the accounts of the ledger are held.
    let instances = purchases::instances_of(tx, row.sale.buyer, row.extension)?;
    if !purchases::refunded(tx, row.id, act.now)? {
        return Err(Refused::conflict("refunded_already", "this was taken back just now"));
    }
    row.refunded_at = Some(act.now);
    let about = About { purchase: Some(row.id), reason: reason.clone(), by, at: act.now };
    post(tx, &Entry::refund(&row.sale), about, &mut act.entropy())?;
    let detail = json!({ "purchase": told(&row), "reason": reason });
    record(tx, &leave, &Subject::Purchase(row.id), &detail, act.now);
    tell_purchase(tx, "refunded", &row, [row.sale.buyer, row.sale.author].into_iter().chain(instances));
    Ok(row)
}
