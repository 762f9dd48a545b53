//! Buying a premium extension: the price goes to its author and the marketplace, and the buyer is entitled to it.

use serde_json::json;

use super::act::{Act, leave_for};
use super::points::{About, post};
use super::record::{Subject, record, tell_purchase};
use super::refused::Refused;
use super::sight::{ExtensionRef, find};
use crate::domain::account::Account;
use crate::domain::extension::{PRICE_POINTS, Tier};
use crate::domain::id::PurchaseId;
use crate::domain::ledger::{Entry, Sale};
use crate::domain::permit::BuyExtension;
use crate::domain::stage::Stage;
use crate::store::extensions::ExtensionRow;
use crate::store::purchases::{self, PurchaseRow};
use crate::store::{Tx, versions};

/// What is to be bought.
#[derive(Clone, Debug)]
pub struct Buy {
    /// The extension.
    pub extension: ExtensionRef,
    /// The price that the buyer was shown.
    pub price_points: u64,
    /// The buyer's own key for this purchase: the same key buys once, however often and late it comes.
    pub key: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bought {
    /// It was bought now.
    Now(PurchaseRow),
    /// It had been bought with this key before; nothing was done.
    Before(PurchaseRow),
}

/// Buys an extension.
///
/// # Errors
/// The conflicts `own_extension`, `free`, `not_published`, `held`, `yanked`, `price_changed`, `already_bought`,
/// `points_missing`, and `purchase_key_reused` where the key was used for another extension or price.
pub fn purchase(tx: &mut Tx, act: &Act, input: &Buy) -> Result<Bought, Refused> {
    let extension = find(tx, &act.viewer(), &input.extension)?;
    let leave = leave_for::<BuyExtension>(tx, act, &extension)?;
    let buyer = leave.account()?;
    if let Some(key) = &input.key
        && let Some(before) = purchases::by_key(tx, buyer.id, key)?
    {
        return repeated(before, &extension, input.price_points);
    }
    let price_points = priced(&extension, buyer, input.price_points)?;
    check_for_sale(tx, &extension)?;
    if purchases::live(tx, buyer.id, extension.id)?.is_some() {
        let detail = format!("this account has {} already; it is bought once", extension.slug);
        return Err(Refused::conflict("already_bought", detail));
    }
    let mut entropy = act.entropy();
    let id = PurchaseId::mint(act.now, &mut entropy);
    let premium = &leave.policy.premium;
    let row = PurchaseRow {
        id,
        extension: extension.id,
        slug: extension.slug.to_string(),
        sale: Sale::new(buyer.id, extension.owner, price_points, premium.share_percent),
        share_percent: premium.share_percent,
        key: input.key.clone().unwrap_or_else(|| id.to_string()),
        refundable_until: act.now.plus_ms(premium.refund_ms),
        at: act.now,
        refunded_at: None,
    };
    purchases::insert(tx, &row)?;
    let about = About { purchase: Some(id), reason: String::new(), by: buyer.id.to_string(), at: act.now };
    post(tx, &Entry::purchase(&row.sale), about, &mut entropy)?;
    record(tx, &leave, &Subject::Purchase(id), &told(&row), act.now);
    tell_purchase(tx, "bought", &row, [row.sale.buyer, row.sale.author]);
    Ok(Bought::Now(row))
}

/// What the audit log keeps of a purchase.
pub(super) fn told(row: &PurchaseRow) -> serde_json::Value {
    json!({
        "slug": row.slug,
        "buyer": row.sale.buyer.to_string(),
        "author": row.sale.author.to_string(),
        "price_points": row.sale.price_points,
        "author_points": row.sale.author_points,
        "refundable_until": row.refundable_until.to_string(),
    })
}

fn repeated(before: PurchaseRow, extension: &ExtensionRow, price_points: u64) -> Result<Bought, Refused> {
    if before.extension == extension.id && before.sale.price_points == price_points {
        return Ok(Bought::Before(before));
    }
    let detail = format!(
        "this key bought {} for {} points at {}; take a new key for another purchase",
        before.slug, before.sale.price_points, before.at
    );
    Err(Refused::conflict("purchase_key_reused", detail))
}

/// The price, where the buyer may buy and was shown that very price.
fn priced(extension: &ExtensionRow, buyer: &Account, shown: u64) -> Result<u64, Refused> {
    if !PRICE_POINTS.contains(&shown) {
        let message = format!("a price is {} to {} points", PRICE_POINTS.start(), PRICE_POINTS.end());
        return Err(Refused::field("/price_points", "out_of_range", message));
    }
    if extension.owner == buyer.id {
        return Err(Refused::conflict("own_extension", format!("{} is your own", extension.slug)));
    }
    match extension.tier {
        Tier::Free => Err(Refused::conflict("free", format!("{} costs nothing; install it", extension.slug))),
        Tier::Premium { price_points } if price_points != shown => {
            let detail = format!(
                "{} costs {price_points} points now, and not {shown}; nothing was bought, look at it again",
                extension.slug
            );
            Err(Refused::conflict("price_changed", detail))
        }
        Tier::Premium { price_points } => Ok(price_points),
    }
}

/// Whether there is anything that the buyer could install.
fn check_for_sale(tx: &mut Tx, extension: &ExtensionRow) -> Result<(), Refused> {
    let slug = &extension.slug;
    let Some(head) = &extension.head else {
        return Err(Refused::conflict("not_published", format!("nothing of {slug} is published")));
    };
    if extension.listing.withholds(&head.number) {
        return Err(Refused::conflict("held", format!("{slug} {} is held back by a maintainer", head.number)));
    }
    let version = versions::by_id(tx, head.version)?.ok_or(Refused::NotFound("version"))?;
    match &version.stage {
        Stage::Published { yanked: None, .. } => Ok(()),
        _ => Err(Refused::conflict("yanked", format!("{slug} {} was yanked, and nobody new gets it", head.number))),
    }
}
