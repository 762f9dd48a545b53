//! Granting points, and the one place where an entry of the ledger is written.

use serde_json::json;

use super::act::{Act, leave};
use super::input::{Length, text};
use super::record::{Subject, record, tell_points};
use super::refused::Refused;
use crate::domain::account::Account;
use crate::domain::id::{AccountId, Entropy, EntryId, PurchaseId};
use crate::domain::ledger::{Entry, LedgerAccount, LedgerRefusal};
use crate::domain::limits::REASON_CHARS_MAX;
use crate::domain::permit::{Doer, GrantPoints as GrantPointsAction};
use crate::domain::time::Timestamp;
use crate::store::ledger::{self, EntryRow, NewPosting};
use crate::store::{Tx, accounts};

/// Points for an account.
#[derive(Clone, Debug)]
pub struct GrantPoints {
    /// Who gets them.
    pub to: AccountId,
    /// How many.
    pub points: u64,
    /// What for.
    pub reason: String,
}

/// An account after it was granted points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The account.
    pub account: Account,
    /// The entry of the ledger.
    pub entry: EntryId,
    /// What it has now.
    pub balance: i64,
}

/// What an entry is about.
pub(super) struct About {
    pub purchase: Option<PurchaseId>,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// Grants points to an account; they come from the ledger's account `issued`.
///
/// # Errors
/// A number out of range; the conflict `issued_full`.
pub fn grant_points(tx: &mut Tx, act: &Act, input: &GrantPoints) -> Result<Granted, Refused> {
    let leave = leave::<GrantPointsAction>(tx, act)?;
    let account = accounts::by_id(tx, input.to)?.ok_or(Refused::NotFound("account"))?;
    let reason = text("/reason", &input.reason, Length::needed(REASON_CHARS_MAX))?;
    let entry = Entry::grant(account.id, input.points)?;
    let by = match leave.permit.doer() {
        Doer::Account { id, .. } => id.to_string(),
        Doer::System | Doer::LocalOperator => String::new(),
    };
    let about = About { purchase: None, reason: reason.clone(), by, at: act.now };
    let (entry, posted) = post(tx, &entry, about, &mut act.entropy())?;
    let wallet = LedgerAccount::Wallet(account.id);
    let balance = posted.iter().find(|posting| posting.account == wallet).map_or(0, |posting| posting.balance);
    let detail = json!({ "name": account.name.as_str(), "points": input.points, "reason": reason, "balance": balance });
    record(tx, &leave, &Subject::Account(account.id), &detail, act.now);
    tell_points(tx, account.id, balance);
    Ok(Granted { account, entry, balance })
}

/// Writes an entry: all of its postings, or nothing. From then on its accounts are held until the transaction ends.
///
/// # Errors
/// What [`Entry::balance_after`] refuses.
pub(super) fn post(
    tx: &mut Tx,
    entry: &Entry,
    about: About,
    entropy: &mut Entropy,
) -> Result<(EntryId, Vec<NewPosting>), Refused> {
    let mut postings = Vec::with_capacity(entry.postings().len());
    for posting in entry.postings() {
        let stands = ledger::standing(tx, posting.account)?;
        let balance = entry.balance_after(posting, stands.balance)?;
        postings.push(NewPosting { account: posting.account, n: stands.postings + 1, points: posting.points, balance });
    }
    let id = EntryId::mint(about.at, entropy);
    let About { purchase, reason, by, at } = about;
    ledger::append(tx, &EntryRow { id, kind: entry.kind(), purchase, reason, by, at }, &postings)?;
    Ok((id, postings))
}

impl From<LedgerRefusal> for Refused {
    fn from(refusal: LedgerRefusal) -> Refused {
        let detail = refusal.to_string();
        match refusal {
            LedgerRefusal::NotGrantable(_) => Refused::field("/points", "out_of_range", detail),
            LedgerRefusal::IssuedFull { .. } | LedgerRefusal::OutOfRange => Refused::conflict("issued_full", detail),
            LedgerRefusal::Short { .. } => Refused::conflict("points_missing", detail),
        }
    }
}
