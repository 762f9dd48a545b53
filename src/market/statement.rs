//! What was bought, sold and posted, for whom it concerns: everybody's own, and everything for administrators.

use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::id::{AccountId, PurchaseId};
use crate::domain::ledger::LedgerAccount;
use crate::domain::limits::{SALES_DAYS_MAX, SALES_EXTENSIONS_MAX};
use crate::domain::time::Timestamp;
use crate::store::extensions::ExtensionRow;
use crate::store::ledger::{self, StatementLine};
use crate::store::purchases::{self, DayTakings, ExtensionTakings, PurchaseRow, Sold, Takings};
use crate::store::{Tx, accounts};

/// Length of a day.
const DAY_MS: i64 = 86_400_000;

/// Whose sales are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seller {
    /// One account's.
    Account(AccountId),
    /// Everybody's, for administrators.
    All,
}

/// A range of time: from its first moment to before its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    from: Timestamp,
    to: Timestamp,
}

/// Why two moments are no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARange {
    /// The second is not after the first.
    #[error("the range ends before it starts: {from} to {to}")]
    Reversed {
        /// Its start.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// There is too much between them.
    #[error("a range has at most {SALES_DAYS_MAX} days; ask for a part of it")]
    TooLong,
}

/// What was sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sales {
    /// The days that are counted.
    pub range: Range,
    /// All of the range together.
    pub sum: Takings,
    /// What each extension sold in it, the best first; at most [`SALES_EXTENSIONS_MAX`].
    pub by_extension: Vec<ExtensionTakings>,
    /// What was sold on each day of it that saw any; oldest first.
    pub by_day: Vec<DayTakings>,
}

/// How many points are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// What the account has.
    pub balance: i64,
    /// For administrators, how it stands with the ledger as a whole.
    pub whole: Option<Whole>,
}

/// The ledger as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Points that were ever granted.
    pub issued: i64,
    /// What the marketplace has of its share.
    pub market: i64,
}

impl Range {
    /// The range of two moments; what is left out is the last 30 days until the end of this one.
    ///
    /// # Errors
    /// [`NotARange`].
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Range, NotARange> {
        let tomorrow = Timestamp::from_ms(now.as_ms().div_euclid(DAY_MS).saturating_add(1).saturating_mul(DAY_MS));
        let to = to.unwrap_or(tomorrow);
        let from = from.unwrap_or_else(|| to.plus_ms(-30 * DAY_MS));
        if from >= to {
            return Err(NotARange::Reversed { from, to });
        }
        if to.since_ms(from) > SALES_DAYS_MAX * DAY_MS {
            return Err(NotARange::TooLong);
        }
        Ok(Range { from, to })
    }

    /// Its first moment.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first moment after it.
    pub fn to(&self) -> Timestamp {
        self.to
    }
}

/// How many points an account has: one's own, or anybody's for administrators.
pub fn points_of(tx: &mut Tx, viewer: &Viewer, account: AccountId) -> Result<Points, Refused> {
    check_own(tx, viewer, account)?;
    let balance = ledger::standing(tx, LedgerAccount::Wallet(account))?.balance;
    let whole = if viewer.is_administrator() {
        let issued = ledger::standing(tx, LedgerAccount::Issued)?.balance.saturating_neg();
        Some(Whole { issued, market: ledger::standing(tx, LedgerAccount::Market)?.balance })
    } else {
        None
    };
    Ok(Points { balance, whole })
}

/// An account's statement before posting `before`, newest first: one's own, or any for administrators.
pub fn statement(
    tx: &mut Tx,
    viewer: &Viewer,
    account: LedgerAccount,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<StatementLine>, Refused> {
    match account {
        LedgerAccount::Wallet(account) => check_own(tx, viewer, account)?,
        LedgerAccount::Issued | LedgerAccount::Market if viewer.is_administrator() => {}
        LedgerAccount::Issued | LedgerAccount::Market => return Err(Refused::NotFound("account of the ledger")),
    }
    Ok(ledger::statement(tx, account, before, limit)?)
}

/// What an account sold: one's own, or anybody's for administrators.
pub fn sales(tx: &mut Tx, viewer: &Viewer, seller: Seller, range: Range) -> Result<Sales, Refused> {
    let sold = match seller {
        Seller::Account(account) => {
            check_own(tx, viewer, account)?;
            Sold::By(account)
        }
        Seller::All if viewer.is_administrator() => Sold::ByAll,
        Seller::All => return Err(Refused::NotFound("account")),
    };
    counted(tx, sold, range)
}

/// What an extension sold, for its owner and for administrators.
pub fn sales_of(
    tx: &mut Tx,
    viewer: &Viewer,
    extension: &ExtensionRef,
    range: Range,
) -> Result<(ExtensionRow, Sales), Refused> {
    let extension = find(tx, viewer, extension)?;
    if viewer.account() != Some(extension.owner) && !viewer.is_administrator() {
        return Err(Refused::NotFound("sales"));
    }
    let sales = counted(tx, Sold::Of(extension.id), range)?;
    Ok((extension, sales))
}

/// The purchases of an account before `before`, newest first: one's own, or anybody's for administrators.
pub fn purchases_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account: AccountId,
    before: Option<PurchaseId>,
    limit: usize,
) -> Result<Vec<PurchaseRow>, Refused> {
    check_own(tx, viewer, account)?;
    Ok(purchases::of_account(tx, account, before, limit)?)
}

/// One purchase: one's own, or any for administrators.
pub fn find_purchase(tx: &mut Tx, viewer: &Viewer, purchase: PurchaseId) -> Result<PurchaseRow, Refused> {
    let row = purchases::by_id(tx, purchase)?.ok_or(Refused::NotFound("purchase"))?;
    let seen = viewer.account() == Some(row.sale.buyer) || viewer.is_administrator();
    if seen { Ok(row) } else { Err(Refused::NotFound("purchase")) }
}

fn counted(tx: &mut Tx, sold: Sold, range: Range) -> Result<Sales, Refused> {
    let bounds = (range.from, range.to);
    let by_day = purchases::by_day(tx, sold, bounds)?;
    let by_extension = purchases::by_extension(tx, sold, bounds, SALES_EXTENSIONS_MAX)?;
    let sum = by_day.iter().fold(Takings::default(), |sum, day| sum.plus(&day.takings));
    Ok(Sales { range, sum, by_extension, by_day })
}

fn check_own(tx: &mut Tx, viewer: &Viewer, account: AccountId) -> Result<(), Refused> {
    if viewer.account() == Some(account) {
        return Ok(());
    }
    match accounts::by_id(tx, account)? {
        Some(_) if viewer.is_administrator() => Ok(()),
        _ => Err(Refused::NotFound("account")),
    }
}
