//! Making accounts, and changing their role and standing.

use serde_json::json;

use super::act::{Act, By, IfMatch, last_change, leave};
use super::record::{Subject, record, tell_account};
use super::refused::Refused;
use super::reputation;
use crate::domain::account::{Account, AccountName, Role};
use crate::domain::id::AccountId;
use crate::domain::permit::{CreateAccount as CreateAccountAction, EditAccount as EditAccountAction};
use crate::domain::reputation::{AuthorRecord, EventKind};
use crate::store::{Tx, accounts};

/// What the new account is.
#[derive(Clone, Debug)]
pub struct CreateAccount {
    /// Its name.
    pub name: AccountName,
    /// Its role.
    pub role: Role,
    /// Whether somebody vouches for who it is.
    pub verified: bool,
}

/// What is changed; what is left out stays.
#[derive(Clone, Debug)]
pub struct EditAccount {
    /// The account.
    pub account: AccountId,
    /// The revision that was seen.
    pub if_match: IfMatch,
    /// A new role.
    pub role: Option<Role>,
    /// Whether somebody vouches for who it is.
    pub verified: Option<bool>,
    /// Whether it may do nothing.
    pub suspended: Option<bool>,
}

/// Makes an account.
///
/// # Errors
/// The conflicts `name_taken`, and `accounts_closed` where the policy takes no new accounts.
pub fn create_account(tx: &mut Tx, act: &Act, input: &CreateAccount) -> Result<Account, Refused> {
    let leave = leave::<CreateAccountAction>(tx, act)?;
    if !leave.policy.switches.new_accounts_open && !matches!(act.by, By::LocalOperator) {
        let detail = "the policy takes no new accounts at the moment; open them by switches.new_accounts_open";
        return Err(Refused::conflict("accounts_closed", detail));
    }
    if accounts::by_name(tx, &input.name)?.is_some() {
        return Err(Refused::conflict("name_taken", format!("there is an account named {} already", input.name)));
    }
    let record_of_none = AuthorRecord { verified: input.verified, ..AuthorRecord::default() };
    let account = Account {
        id: AccountId::mint(act.now, &mut act.entropy()),
        name: input.name.clone(),
        role: input.role,
        verified: input.verified,
        suspended: false,
        reputation: crate::domain::reputation::reputation(&leave.policy.reputation, &record_of_none).0,
        created_at: act.now,
        revision: 1,
    };
    accounts::insert(tx, &account)?;
    if account.verified {
        let happened = reputation::event(EventKind::Verified, 1, account.id, "made as verified", act.now);
        crate::store::reputation::append(tx, account.id, &happened)?;
    }
    let detail = json!({ "name": account.name.as_str(), "role": account.role.name(), "verified": account.verified });
    record(tx, &leave, &Subject::Account(account.id), &detail, act.now);
    tell_account(tx, "created", account.id, account.name.as_str());
    Ok(account)
}

/// Changes an account's role, verification or suspension.
///
/// # Errors
/// The conflict `last_administrator` where nobody could administer any more.
pub fn edit_account(tx: &mut Tx, act: &Act, input: &EditAccount) -> Result<Account, Refused> {
    let leave = leave::<EditAccountAction>(tx, act)?;
    let mut account = accounts::by_id(tx, input.account)?.ok_or(Refused::NotFound("account"))?;
    input.if_match.check(account.revision, |_| last_change(tx, "account", account.id))?;
    let administers = |account: &Account| account.role == Role::Administrator && !account.suspended;
    let (administered, was_verified) = (administers(&account), account.verified);
    account.role = input.role.unwrap_or(account.role);
    account.verified = input.verified.unwrap_or(account.verified);
    account.suspended = input.suspended.unwrap_or(account.suspended);
    if administered && !administers(&account) && !accounts::another_administrator(tx, account.id)? {
        let detail = "this is the last administrator; make another one first";
        return Err(Refused::conflict("last_administrator", detail));
    }
    let revision = account.revision;
    if accounts::update(tx, &account)?.is_none() {
        return Err(Refused::Precondition { changed: Vec::new(), revision });
    }
    if account.verified != was_verified {
        let (amount, about) = if account.verified { (1, "verified") } else { (-1, "no longer verified") };
        let happened = reputation::event(EventKind::Verified, amount, account.id, about, act.now);
        reputation::count(tx, account.id, &happened, &leave.policy)?;
    }
    let detail = json!({
        "name": account.name.as_str(),
        "role": account.role.name(),
        "verified": account.verified,
        "suspended": account.suspended,
    });
    record(tx, &leave, &Subject::Account(account.id), &detail, act.now);
    tell_account(tx, "edited", account.id, account.name.as_str());
    accounts::by_id(tx, account.id)?.ok_or(Refused::NotFound("account"))
}
