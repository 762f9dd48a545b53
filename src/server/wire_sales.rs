//! Purchases, statements and sales as the wire has them.

use super::names::Names;
use crate::api::purchases::{DaySales, ExtensionSales, Purchase, Sales, StatementLine, Takings};
use crate::domain::id::AccountId;
use crate::domain::ledger::EntryKind;
use crate::market::{self, Viewer};
use crate::store::ledger::StatementLine as Row;
use crate::store::purchases::{PurchaseRow, Takings as Counted};
use crate::store::{StoreError, Tx};

/// A purchase as it is sent.
///
/// # Errors
/// What the store says.
pub fn purchase(tx: &mut Tx, row: &PurchaseRow) -> Result<Purchase, StoreError> {
    let mut names = Names::default();
    Ok(Purchase {
        id: row.id.to_string(),
        extension_id: row.extension.to_string(),
        slug: row.slug.clone(),
        buyer_id: row.sale.buyer.to_string(),
        buyer: names.of(tx, row.sale.buyer)?,
        author_id: row.sale.author.to_string(),
        author: names.of(tx, row.sale.author)?,
        price_points: row.sale.price_points,
        author_points: row.sale.author_points,
        share_percent: row.share_percent,
        at: row.at.to_string(),
        refundable_until: row.refundable_until.to_string(),
        refunded_at: row.refunded_at.map(|at| at.to_string()),
    })
}

/// A line of a statement as it is sent: an author does not learn who bought.
///
/// # Errors
/// What the store says.
pub fn line(tx: &mut Tx, viewer: &Viewer, row: &Row) -> Result<StatementLine, StoreError> {
    let by: Option<AccountId> = row.entry.by.parse().ok();
    let mine = by.is_some() && by == viewer.account();
    let concerned = viewer.is_administrator() || mine || row.entry.kind == EntryKind::Grant;
    let by = match by.filter(|_| concerned) {
        Some(account) => Some(Names::default().of(tx, account)?),
        None => None,
    };
    // Who earned by a purchase may not look at it; the buyer's reason to take it back is for him too.
    let bought = viewer.is_administrator() || mine;
    Ok(StatementLine {
        n: row.n,
        at: row.entry.at.to_string(),
        kind: row.entry.kind.name().to_owned(),
        points: row.points,
        balance: row.balance,
        slug: row.slug.clone(),
        purchase_id: row.entry.purchase.filter(|_| bought).map(|id| id.to_string()),
        reason: row.entry.reason.clone(),
        by,
        entry_id: row.entry.id.to_string(),
    })
}

/// Sales as they are sent.
pub fn sales(found: &market::Sales) -> Sales {
    let extensions = found.by_extension.iter().map(|one| ExtensionSales {
        extension_id: one.extension.to_string(),
        slug: one.slug.clone(),
        takings: takings(&one.takings),
    });
    let days = found.by_day.iter().map(|one| DaySales {
        day: one.day.to_string().chars().take("2026-01-31".len()).collect(),
        takings: takings(&one.takings),
    });
    Sales {
        from: found.range.from().to_string(),
        to: found.range.to().to_string(),
        sum: takings(&found.sum),
        extensions: extensions.collect(),
        days: days.collect(),
    }
}

fn takings(counted: &Counted) -> Takings {
    let author_points = counted.earned_points - counted.returned_points;
    Takings {
        sold: counted.sold,
        sold_points: counted.sold_points,
        refunded: counted.refunded,
        refunded_points: counted.refunded_points,
        author_points,
        market_points: counted.sold_points - counted.refunded_points - author_points,
    }
}
