//! Who acts, when, with which randomness; and the permits that are made from what stands in the same transaction.

use std::fmt::Display;
use std::sync::Arc;

use super::refused::{Changed, Refused};
use super::sight::{Viewer, sees};
use crate::domain::account::{Account, Caller, Rights, Role};
use crate::domain::id::{AccountId, Entropy};
use crate::domain::permit::{Action, Denied, Doer, Facts, Permit};
use crate::domain::policy::Policy;
use crate::domain::server::ServerRelation;
use crate::domain::stage::{Actor, Relation};
use crate::domain::time::Timestamp;
use crate::store::audit::{self, AuditFilter};
use crate::store::extensions::ExtensionRow;
use crate::store::reviews::ReviewRow;
use crate::store::{Tx, accounts, policy};

/// One request to change something. A transaction that is tried again does the same, ids included.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who.
    pub by: By,
    /// When.
    pub now: Timestamp,
    /// 32 fresh random bytes.
    pub seed: [u8; 32],
}

/// Who acts.
#[derive(Clone, Debug)]
pub enum By {
    /// An account through a token; the account is read again in the transaction.
    Caller(Caller),
    /// A command on a data folder.
    LocalOperator,
    /// The marketplace itself: checks and lapses only.
    System,
}

/// What the caller says it has read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`, or nothing was read.
    Any,
    /// This revision.
    Revision(i64),
}

/// A permit with the account that it was made for, as it stands now.
pub(super) struct Leave<A> {
    pub permit: Permit<A>,
    pub account: Option<Account>,
    pub rights: Option<Rights>,
    pub policy: Arc<Policy>,
}

impl Act {
    /// The stream of random bytes of this act, from its start.
    pub fn entropy(&self) -> Entropy {
        Entropy::from_seed(self.seed)
    }

    /// Who is looking, for what this act reads.
    pub fn viewer(&self) -> Viewer {
        match &self.by {
            By::Caller(caller) => Viewer::Account { id: caller.account.id, role: caller.account.role },
            By::LocalOperator | By::System => Viewer::Operator,
        }
    }
}

impl IfMatch {
    /// Compares with the revision that is stored; `changed` is asked for only where they differ.
    pub(super) fn check(
        self,
        revision: i64,
        changed: impl FnOnce(i64) -> Result<Vec<Changed>, Refused>,
    ) -> Result<(), Refused> {
        match self {
            IfMatch::Revision(seen) if seen != revision => {
                Err(Refused::Precondition { changed: changed(seen)?, revision })
            }
            _ => Ok(()),
        }
    }
}

impl<A: Action> Leave<A> {
    /// The name that others see beside what is done.
    pub fn name(&self) -> String {
        match (&self.account, self.permit.doer()) {
            (Some(account), _) => account.name.to_string(),
            (None, Doer::LocalOperator) => "the local operator".to_owned(),
            (None, _) => "the marketplace".to_owned(),
        }
    }

    /// The account, where the act cannot be without one.
    pub fn account(&self) -> Result<&Account, Refused> {
        self.account.as_ref().ok_or_else(|| {
            Refused::conflict(
                "account_needed",
                "this is done by an account; use a token of the account that should do it",
            )
        })
    }

    /// The actor as the stage machine knows it; `owner` counts as the owner of what is acted on.
    pub fn actor(&self, owner: AccountId) -> Actor {
        match self.permit.doer() {
            Doer::System => Actor::System,
            Doer::LocalOperator => Actor::LocalOperator,
            Doer::Account { id, role } => {
                let relation = if id == owner { Relation::Owner } else { Relation::Stranger };
                Actor::Account { account: id, role, relation }
            }
        }
    }
}

/// What is known of the newest change of something that keeps no list of its changes.
pub(super) fn last_change(tx: &mut Tx, kind: &str, id: impl Display) -> Result<Vec<Changed>, Refused> {
    let filter = AuditFilter { subject: Some((kind.to_owned(), id.to_string())), ..AuditFilter::default() };
    let Some(row) = audit::page(tx, &filter, None, 1)?.into_iter().next() else { return Ok(Vec::new()) };
    let account = match row.entry.actor_id.parse() {
        Ok(id) => accounts::by_id(tx, id)?.map(|account| account.name.to_string()),
        Err(_) => None,
    };
    let by = account.unwrap_or_else(|| "the marketplace".to_owned());
    Ok(vec![Changed { pointer: String::new(), by, at: row.entry.at }])
}

/// Makes the permit for an action on no extension in particular.
pub(super) fn leave<A: Action>(tx: &mut Tx, act: &Act) -> Result<Leave<A>, Refused> {
    let policy = policy::in_force(tx, act.now)?;
    grant(tx, act, policy, |_| Facts::default())
}

/// Makes the permit for an action on an extension.
pub(super) fn leave_for<A: Action>(tx: &mut Tx, act: &Act, extension: &ExtensionRow) -> Result<Leave<A>, Refused> {
    let policy = policy::for_extension(tx, extension.slug.as_str(), act.now)?;
    grant(tx, act, policy, |viewer| Facts {
        owner: Some(extension.owner),
        receiver: extension.offered_to,
        visible: sees(viewer, extension),
        ..Facts::default()
    })
}

/// Makes the permit for an action on a review: who submitted counts as its owner even after giving the extension away.
pub(super) fn leave_for_review<A: Action>(
    tx: &mut Tx,
    act: &Act,
    extension: &ExtensionRow,
    review: &ReviewRow,
) -> Result<Leave<A>, Refused> {
    let policy = policy::for_extension(tx, extension.slug.as_str(), act.now)?;
    grant(tx, act, policy, |viewer| {
        let submitted = matches!(viewer, Viewer::Account { id, .. } if *id == review.author);
        Facts {
            owner: Some(if submitted { review.author } else { extension.owner }),
            visible: sees(viewer, extension),
            ..Facts::default()
        }
    })
}

/// Makes the permit for an action on a server, or on an instance itself, by what the caller is to it.
pub(super) fn leave_as<A: Action>(tx: &mut Tx, act: &Act, relation: ServerRelation) -> Result<Leave<A>, Refused> {
    let policy = policy::in_force(tx, act.now)?;
    grant(tx, act, policy, |_| Facts { relation, ..Facts::default() })
}

/// Makes the permit for an action on a purchase.
pub(super) fn leave_to_buyer<A: Action>(tx: &mut Tx, act: &Act, buyer: AccountId) -> Result<Leave<A>, Refused> {
    let policy = policy::in_force(tx, act.now)?;
    grant(tx, act, policy, |_| Facts { buyer: Some(buyer), ..Facts::default() })
}

fn grant<A: Action>(
    tx: &mut Tx,
    act: &Act,
    policy: Arc<Policy>,
    facts: impl FnOnce(&Viewer) -> Facts,
) -> Result<Leave<A>, Refused> {
    let caller = match &act.by {
        By::LocalOperator => {
            return Ok(Leave { permit: Permit::local_operator(), account: None, rights: None, policy });
        }
        By::System => return Ok(Leave { permit: Permit::system(), account: None, rights: None, policy }),
        By::Caller(caller) => caller,
    };
    let account = accounts::by_id(tx, caller.account.id)?.ok_or(Denied::Suspended)?;
    let role = account.role;
    let rights = Rights::new(caller.rights.iter().filter(|right| right.least_role() <= role));
    let fresh = Caller { account, token: caller.token, rights };
    let permit = Permit::grant(&fresh, &facts(&Viewer::Account { id: fresh.account.id, role }))?;
    let about_sign_in = ["token.", "account.", "instance."].iter().any(|prefix| A::RULE.action.starts_with(prefix));
    if policy.switches.read_only && !about_sign_in && role < Role::Administrator {
        return Err(Refused::ReadOnly);
    }
    Ok(Leave { permit, account: Some(fresh.account), rights: Some(fresh.rights), policy })
}
