//! Points: a double-entry ledger. Each entry moves points between accounts and sums to zero, so all balances together
//! are zero at any time; points come from `issued`, which is below zero by what administrators granted.

use std::fmt;
use std::str::FromStr;

use super::id::AccountId;
use super::limits::{GRANT_POINTS_MAX, ISSUED_POINTS_MAX};
use super::text::quoted;

/// Who can have points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerAccount {
    /// Where granted points come from; never above zero.
    Issued,
    /// What the marketplace earned with its share.
    Market,
    /// What an account has; below zero only where a refund took back what its author had spent.
    Wallet(AccountId),
}

/// Why an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An administrator granted points.
    Grant,
    /// An extension was bought.
    Purchase,
    /// A purchase was taken back.
    Refund,
}

/// What one entry does to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose points.
    pub account: LedgerAccount,
    /// How many come; negative where they go. Never 0.
    pub points: i64,
}

/// One movement of points. Its postings sum to zero and name each account once, in the order of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    kind: EntryKind,
    postings: Vec<Posting>,
}

/// What was sold, by whom, to whom, for how much; kept with the purchase, so that a refund gives back just that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Who pays.
    pub buyer: AccountId,
    /// Who earns: the owner of the extension at that time, and not the buyer.
    pub author: AccountId,
    /// The price.
    pub price_points: u64,
    /// The author's part of it; the rest is the market's.
    pub author_points: u64,
}

/// Why an entry cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerRefusal {
    /// No such number of points can be granted.
    #[error("{0} points cannot be granted: 1 to {GRANT_POINTS_MAX} at once")]
    NotGrantable(u64),
    /// There would be too many points in all.
    #[error(
        "{issued} points were issued already, and at most {ISSUED_POINTS_MAX} can be, so that every sum stays exact"
    )]
    IssuedFull {
        /// Points that were issued so far.
        issued: i64,
    },
    /// The payer has too little.
    #[error("this costs {price} points and the account has {balance}; {} are missing", .price.saturating_sub(*.balance))]
    Short {
        /// What it has.
        balance: i64,
        /// What it has to pay.
        price: i64,
    },
    /// A balance would be no number any more.
    #[error("a balance would be out of range")]
    OutOfRange,
}

/// The text names no account of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no account of the ledger: issued, market, or the id of an account", quoted(.0))]
pub struct NotALedgerAccount(pub String);

impl Entry {
    /// Points from nowhere to an account.
    ///
    /// # Errors
    /// [`LedgerRefusal::NotGrantable`] for 0 and for more than [`GRANT_POINTS_MAX`].
    pub fn grant(to: AccountId, points: u64) -> Result<Entry, LedgerRefusal> {
        let fits = (1..=GRANT_POINTS_MAX).contains(&points);
        let amount = i64::try_from(points).ok().filter(|_| fits).ok_or(LedgerRefusal::NotGrantable(points))?;
        Ok(Entry::of(EntryKind::Grant, [(LedgerAccount::Issued, -amount), (LedgerAccount::Wallet(to), amount)]))
    }

    /// The price from the buyer to the author and the market.
    pub fn purchase(sale: &Sale) -> Entry {
        Entry::of(EntryKind::Purchase, sale.moves())
    }

    /// The same the other way round. Where the author spent his part, he is below zero until he earned it again: the
    /// buyer has his points back at once, and the market pays for nobody.
    pub fn refund(sale: &Sale) -> Entry {
        Entry::of(EntryKind::Refund, sale.moves().map(|(account, points)| (account, -points)))
    }

    fn of(kind: EntryKind, moves: impl IntoIterator<Item = (LedgerAccount, i64)>) -> Entry {
        let mut postings: Vec<Posting> = moves
            .into_iter()
            .filter(|(_, points)| *points != 0)
            .map(|(account, points)| Posting { account, points })
            .collect();
        // One order for all, so that no two entries wait for each other.
        postings.sort_by_key(|posting| posting.account);
        Entry { kind, postings }
    }

    /// Why it is made.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// What it does to whom, in the order of accounts.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// The balance of an account after its posting.
    ///
    /// # Errors
    /// [`LedgerRefusal`]: nobody pays what he does not have, and not more points are issued than there may be.
    pub fn balance_after(&self, posting: &Posting, balance: i64) -> Result<i64, LedgerRefusal> {
        let after = balance.checked_add(posting.points).ok_or(LedgerRefusal::OutOfRange)?;
        match (self.kind, posting.account) {
            (_, LedgerAccount::Issued) if after < -ISSUED_POINTS_MAX => {
                Err(LedgerRefusal::IssuedFull { issued: balance.saturating_neg() })
            }
            (EntryKind::Purchase, LedgerAccount::Wallet(_)) if posting.points < 0 && after < 0 => {
                Err(LedgerRefusal::Short { balance, price: posting.points.saturating_neg() })
            }
            _ => Ok(after),
        }
    }
}

impl Sale {
    /// A sale in which the author gets `share_percent` of the price, rounded down to whole points.
    pub fn new(buyer: AccountId, author: AccountId, price_points: u64, share_percent: u8) -> Sale {
        let share = u128::from(price_points) * u128::from(share_percent.min(100)) / 100;
        let author_points = u64::try_from(share).unwrap_or(price_points);
        Sale { buyer, author, price_points, author_points }
    }

    /// The market's part of the price.
    pub fn market_points(&self) -> u64 {
        self.price_points.saturating_sub(self.author_points)
    }

    fn moves(&self) -> [(LedgerAccount, i64); 3] {
        let [author, market] =
            [self.author_points, self.market_points()].map(|points| i64::try_from(points).unwrap_or(0));
        [
            (LedgerAccount::Wallet(self.buyer), -(author + market)),
            (LedgerAccount::Wallet(self.author), author),
            (LedgerAccount::Market, market),
        ]
    }
}

impl EntryKind {
    /// Every kind.
    pub const ALL: &[EntryKind] = &[EntryKind::Grant, EntryKind::Purchase, EntryKind::Refund];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Grant => "grant",
            EntryKind::Purchase => "purchase",
            EntryKind::Refund => "refund",
        }
    }
}

impl FromStr for EntryKind {
    type Err = String;

    fn from_str(text: &str) -> Result<EntryKind, String> {
        let known = EntryKind::ALL.iter().copied().find(|kind| kind.name() == text);
        known.ok_or_else(|| format!("{} is no kind of entry", quoted(text)))
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerAccount::Issued => f.pad("issued"),
            LedgerAccount::Market => f.pad("market"),
            LedgerAccount::Wallet(account) => account.fmt(f),
        }
    }
}

impl FromStr for LedgerAccount {
    type Err = NotALedgerAccount;

    fn from_str(text: &str) -> Result<LedgerAccount, NotALedgerAccount> {
        match text {
            "issued" => Ok(LedgerAccount::Issued),
            "market" => Ok(LedgerAccount::Market),
            _ => {
                text.parse().map(LedgerAccount::Wallet).map_err(|_| NotALedgerAccount(text.chars().take(64).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::extension::PRICE_POINTS;
    use crate::domain::id::Entropy;
    use crate::domain::time::Timestamp;

    fn people(count: u8) -> Vec<AccountId> {
        (0..count).map(|n| AccountId::mint(Timestamp::from_ms(1), &mut Entropy::from_seed([n; 32]))).collect()
    }

    fn post(book: &mut BTreeMap<LedgerAccount, i64>, entry: &Entry) -> Result<(), LedgerRefusal> {
        let mut after = Vec::new();
        for posting in entry.postings() {
            let balance = book.get(&posting.account).copied().unwrap_or(0);
            after.push((posting.account, entry.balance_after(posting, balance)?));
        }
        book.extend(after);
        Ok(())
    }

    #[test]
    fn the_authors_share_is_rounded_down_and_the_market_has_the_rest() {
        let people = people(2);
        for (price, percent, author) in [
            (1, 70, 0),
            (10, 70, 7),
            (99, 70, 69),
            (101, 33, 33),
            (50, 0, 0),
            (50, 100, 50),
            (50, 200, 50),
            (*PRICE_POINTS.end(), 70, 700_000_000),
            (u64::MAX, 100, u64::MAX),
        ] {
            let sale = Sale::new(people[0], people[1], price, percent);
            assert_eq!((sale.author_points, sale.market_points()), (author, price - author), "{price} at {percent} %");
        }
        let whole = Entry::purchase(&Sale::new(people[0], people[1], 50, 100));
        assert_eq!(whole.postings().len(), 2, "nothing is posted where nothing moves: {whole:?}");
    }

    #[test]
    fn nobody_pays_what_he_does_not_have_and_a_refund_is_never_in_the_way() {
        let people = people(2);
        let sale = Sale::new(people[0], people[1], 100, 70);
        let mut book = BTreeMap::new();
        post(&mut book, &Entry::grant(people[0], 99).unwrap()).unwrap();
        let short = post(&mut book, &Entry::purchase(&sale)).unwrap_err();
        assert_eq!(short, LedgerRefusal::Short { balance: 99, price: 100 });
        assert!(short.to_string().contains("1 are missing"), "{short}");
        post(&mut book, &Entry::grant(people[0], 1).unwrap()).unwrap();
        post(&mut book, &Entry::purchase(&sale)).unwrap();
        let spent = Sale::new(people[1], people[0], 70, 0);
        post(&mut book, &Entry::purchase(&spent)).unwrap();
        post(&mut book, &Entry::refund(&sale)).unwrap();
        assert_eq!(book[&LedgerAccount::Wallet(people[1])], -70, "the author owes what he spent");
        assert_eq!(book[&LedgerAccount::Wallet(people[0])], 100, "the buyer has all of it back");
        assert_eq!(book.values().sum::<i64>(), 0);
    }

    #[test]
    fn grants_are_bounded_on_both_sides_one_by_one_and_in_all() {
        let to = people(1)[0];
        for points in [1, GRANT_POINTS_MAX] {
            assert!(Entry::grant(to, points).is_ok(), "{points}");
        }
        for points in [0, GRANT_POINTS_MAX + 1, u64::MAX] {
            assert_eq!(Entry::grant(to, points), Err(LedgerRefusal::NotGrantable(points)));
        }
        let entry = Entry::grant(to, GRANT_POINTS_MAX).unwrap();
        let most = i64::try_from(GRANT_POINTS_MAX).unwrap();
        let issued = &entry.postings()[0];
        assert_eq!(issued.account, LedgerAccount::Issued);
        assert_eq!(entry.balance_after(issued, most - ISSUED_POINTS_MAX), Ok(-ISSUED_POINTS_MAX));
        let full = entry.balance_after(issued, most - 1 - ISSUED_POINTS_MAX);
        assert!(matches!(full, Err(LedgerRefusal::IssuedFull { .. })), "{full:?}");
        let wallet = &entry.postings()[1];
        assert_eq!(entry.balance_after(wallet, i64::MAX), Err(LedgerRefusal::OutOfRange));
    }

    #[test]
    fn accounts_of_the_ledger_are_read_back() {
        for account in [LedgerAccount::Issued, LedgerAccount::Market, LedgerAccount::Wallet(people(1)[0])] {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
        assert!("issue".parse::<LedgerAccount>().is_err());
        for kind in EntryKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
    }

    proptest! {
        /// Whatever is granted, bought and taken back in whatever order: all balances together are zero, each entry too,
        /// and nobody is below zero who had no refund taken from him.
        #[test]
        fn all_balances_together_are_zero_after_anything(
            steps in prop::collection::vec((0_u8..3, 0_usize..4, 0_usize..4, 1_u64..2_000, 0_u8..=100), 1..120),
        ) {
            let people = people(4);
            let mut book = BTreeMap::new();
            let mut sales: Vec<Sale> = Vec::new();
            let mut refunded_from = Vec::new();
            for (what, a, b, points, percent) in steps {
                let entry = match what {
                    0 => Entry::grant(people[a], points).unwrap(),
                    1 if a != b => Entry::purchase(&Sale::new(people[a], people[b], points, percent)),
                    2 if !sales.is_empty() => {
                        let sale = sales.remove(a % sales.len());
                        refunded_from.push(sale.author);
                        Entry::refund(&sale)
                    }
                    _ => continue,
                };
                prop_assert_eq!(entry.postings().iter().map(|posting| posting.points).sum::<i64>(), 0);
                prop_assert!(entry.postings().windows(2).all(|pair| pair[0].account < pair[1].account));
                let before = book.clone();
                match post(&mut book, &entry) {
                    Ok(()) if what == 1 => sales.push(Sale::new(people[a], people[b], points, percent)),
                    Ok(()) => {}
                    Err(_) => prop_assert_eq!(&book, &before),
                }
                prop_assert_eq!(book.values().sum::<i64>(), 0);
                for (account, balance) in &book {
                    if let LedgerAccount::Wallet(id) = account {
                        prop_assert!(*balance >= 0 || refunded_from.contains(id), "{id} has {balance}");
                    }
                }
            }
        }
    }
}
