//! Who may do what: one table of actions, and the proof that a check was made.

use std::marker::PhantomData;

use super::account::{Caller, Right, Role};
use super::id::AccountId;
use super::server::ServerRelation;

/// Who, besides holding the right, may take an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Any account.
    AnyAccount,
    /// The owner of the extension, whatever the role.
    Owner,
    /// The account an extension is being given to.
    Receiver,
    /// The owner, or a maintainer.
    OwnerOrMaintainer,
    /// A maintainer, the owner's own extensions included (for reading).
    Maintainer,
    /// A maintainer who does not own the extension.
    MaintainerNotOwner,
    /// An administrator.
    Administrator,
    /// The owner of the server.
    ServerOwner,
    /// The owner or a manager of the server, or an administrator.
    ServerManager,
    /// The instance that serves the server, or that it is about.
    Instance,
    /// Who bought it, or an administrator.
    Buyer,
}

/// One row of the table of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The action's name, as the audit log has it.
    pub action: &'static str,
    /// The right a token needs.
    pub right: Right,
    /// Who may.
    pub who: Who,
}

/// An action that changes something.
pub trait Action {
    /// Its row.
    const RULE: Rule;
}

/// What was re-read in the transaction that the decision stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The extension's owner, where the action is about one.
    pub owner: Option<AccountId>,
    /// The account a pending transfer is addressed to.
    pub receiver: Option<AccountId>,
    /// Whether the caller may know that the extension exists.
    pub visible: bool,
    /// What the caller is to the server, where the action is about one.
    pub relation: ServerRelation,
    /// Who bought it, where the action is about a purchase.
    pub buyer: Option<AccountId>,
}

/// Who acted, as the audit row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    /// An account over the API.
    Account {
        /// Which.
        id: AccountId,
        /// The role it had.
        role: Role,
    },
    /// The marketplace itself: checks, lapses, jobs.
    System,
    /// A command on a data folder, by whoever owns the files.
    LocalOperator,
}

/// Why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The caller may not know that it exists.
    #[error("there is no such thing, or it is not yours to see")]
    Unknown,
    /// The account is suspended.
    #[error("this account is suspended; an administrator can lift that")]
    Suspended,
    /// The token lacks the right.
    #[error("this token lacks the right {0:?}; make one that has it")]
    RightMissing(Right),
    /// The role is too low.
    #[error("this needs the role {0}")]
    RoleTooLow(Role),
    /// Only the owner may.
    #[error("only the owner of the extension may do this")]
    NotOwner,
    /// Only the receiver of the transfer may.
    #[error("only the account that the extension is offered to may do this")]
    NotReceiver,
    /// Nobody reviews their own submission.
    #[error("nobody reviews their own submission; another maintainer has to")]
    OwnSubmission,
    /// Only the owner of the server may.
    #[error("only the owner of the server may do this")]
    NotServerOwner,
    /// Only those who run the server may.
    #[error("only the owner or a manager of the server may do this")]
    NotServerManager,
    /// Only the instance that serves the server may.
    #[error("only the instance that serves the server may do this, with its own token")]
    NotInstance,
}

/// Proof that the holder's caller may take the action `A`, made from facts of the same transaction.
#[derive(Debug)]
pub struct Permit<A> {
    doer: Doer,
    action: PhantomData<A>,
}

impl<A> Clone for Permit<A> {
    fn clone(&self) -> Permit<A> {
        *self
    }
}

impl<A> Copy for Permit<A> {}

impl<A: Action> Permit<A> {
    /// Checks `caller` against the action's row.
    ///
    /// # Errors
    /// [`Denied`], with [`Denied::Unknown`] before anything else that would tell that the thing exists.
    pub fn grant(caller: &Caller, facts: &Facts) -> Result<Permit<A>, Denied> {
        judge(&A::RULE, caller, facts)?;
        let doer = Doer::Account { id: caller.account.id, role: caller.account.role };
        Ok(Permit { doer, action: PhantomData })
    }

    /// The marketplace acting by itself: recording checks, lapses and jobs only.
    pub const fn system() -> Permit<A> {
        Permit { doer: Doer::System, action: PhantomData }
    }

    /// A command on a data folder.
    pub const fn local_operator() -> Permit<A> {
        Permit { doer: Doer::LocalOperator, action: PhantomData }
    }

    /// Who acts.
    pub const fn doer(self) -> Doer {
        self.doer
    }

    /// The action's name, as the audit log has it.
    pub const fn action(self) -> &'static str {
        A::RULE.action
    }
}

/// Judges one row for one caller.
///
/// # Errors
/// The first reason that applies; existence is hidden first.
pub fn judge(rule: &Rule, caller: &Caller, facts: &Facts) -> Result<(), Denied> {
    let me = caller.account.id;
    let role = caller.account.role;
    if caller.account.suspended {
        return Err(Denied::Suspended);
    }
    if !facts.visible && facts.owner.is_some() && facts.owner != Some(me) && facts.receiver != Some(me) {
        return Err(Denied::Unknown);
    }
    if !caller.rights.contains(rule.right) {
        return Err(Denied::RightMissing(rule.right));
    }
    let at_least = |least: Role| if role >= least { Ok(()) } else { Err(Denied::RoleTooLow(least)) };
    match rule.who {
        Who::AnyAccount => Ok(()),
        Who::Owner | Who::OwnerOrMaintainer if facts.owner == Some(me) => Ok(()),
        Who::Owner => Err(Denied::NotOwner),
        Who::Receiver if facts.receiver == Some(me) => Ok(()),
        Who::Receiver => Err(Denied::NotReceiver),
        Who::OwnerOrMaintainer | Who::Maintainer => at_least(Role::Maintainer),
        Who::MaintainerNotOwner => {
            at_least(Role::Maintainer)?;
            if facts.owner == Some(me) { Err(Denied::OwnSubmission) } else { Ok(()) }
        }
        Who::ServerOwner if facts.relation == ServerRelation::Owner => Ok(()),
        Who::ServerOwner => Err(Denied::NotServerOwner),
        Who::ServerManager => match facts.relation {
            ServerRelation::Owner | ServerRelation::Manager => Ok(()),
            _ if role >= Role::Administrator => Ok(()),
            _ => Err(Denied::NotServerManager),
        },
        Who::Instance if facts.relation == ServerRelation::Instance => Ok(()),
        Who::Instance => Err(Denied::NotInstance),
        Who::Buyer if facts.buyer == Some(me) => Ok(()),
        Who::Administrator | Who::Buyer => at_least(Role::Administrator),
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $action:literal, $right:ident, $who:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Action for $name {
                const RULE: Rule = Rule { action: $action, right: Right::$right, who: Who::$who };
            }
        )*

        /// Every action there is.
        pub const ACTIONS: &[Rule] = &[$($name::RULE,)*];
    };
}

actions! {
    /// Makes an extension.
    CreateExtension: "extension.create", Author, AnyAccount;
    /// Imports a package as a new extension.
    ImportExtension: "extension.import", Author, AnyAccount;
    /// Changes name, description, tags, tier or listing.
    EditExtension: "extension.edit", Author, Owner;
    /// Deletes what was never published.
    DeleteExtension: "extension.delete", Author, Owner;
    /// Offers an extension to another account.
    OfferTransfer: "transfer.offer", Author, Owner;
    /// Accepts an offered extension.
    AcceptTransfer: "transfer.accept", Author, Receiver;
    /// Declines an offered extension.
    DeclineTransfer: "transfer.decline", Author, Receiver;
    /// Writes the draft.
    WriteDraft: "version.draft", Author, Owner;
    /// Saves the draft as a version.
    SaveVersion: "version.save", Author, Owner;
    /// Starts a new version from a rejected or withdrawn one.
    ReviseVersion: "version.revise", Author, Owner;
    /// Submits a version for review.
    SubmitVersion: "version.submit", Author, Owner;
    /// Takes a submission back.
    WithdrawVersion: "version.withdraw", Author, Owner;
    /// Marks a published version as not to be installed any more, or takes that back.
    YankVersion: "version.yank", Author, OwnerOrMaintainer;
    /// Records what the checks found.
    RecordChecks: "review.checks", Review, Maintainer;
    /// Claims a submission.
    ClaimReview: "review.claim", Review, MaintainerNotOwner;
    /// Prolongs a claim.
    RenewReview: "review.renew", Review, MaintainerNotOwner;
    /// Gives a claim back.
    ReleaseReview: "review.release", Review, MaintainerNotOwner;
    /// Approves a submission.
    ApproveReview: "review.approve", Review, MaintainerNotOwner;
    /// Rejects a submission.
    RejectReview: "review.reject", Review, MaintainerNotOwner;
    /// Writes a note on a review.
    NoteReview: "review.note", Review, MaintainerNotOwner;
    /// Dismisses a finding as not a problem.
    DismissFinding: "finding.dismiss", Review, MaintainerNotOwner;
    /// Makes an account.
    CreateAccount: "account.create", Administer, Administrator;
    /// Changes role, verification or suspension.
    EditAccount: "account.edit", Administer, Administrator;
    /// Makes a token for another account.
    CreateAccountToken: "token.create_for", Administer, Administrator;
    /// Makes a token for the caller's own account.
    CreateToken: "token.create", Read, AnyAccount;
    /// Revokes one of the caller's own tokens.
    RevokeToken: "token.revoke", Read, AnyAccount;
    /// Reckons what a draft of the policy would change, and keeps it.
    PlanPolicy: "policy.plan", Administer, Administrator;
    /// Puts a planned policy in force.
    ApplyPolicy: "policy.apply", Administer, Administrator;
    /// Puts an earlier policy in force again.
    RevertPolicy: "policy.revert", Administer, Administrator;
    /// Reckons what a draft of a server's override would change, and keeps it.
    PlanOverride: "policy.plan_override", Author, ServerManager;
    /// Sets what a server overrides of the policy.
    OverridePolicy: "policy.override", Author, ServerManager;
    /// Quarantines an extension's versions.
    Quarantine: "extension.quarantine", Review, Maintainer;
    /// Lifts a quarantine or a block.
    Release: "extension.release", Review, Maintainer;
    /// Blocks an extension's versions.
    Block: "extension.block", Administer, Administrator;
    /// Points the channel back at an older version.
    RollBack: "channel.rollback", Author, OwnerOrMaintainer;
    /// Says how far an update goes, or holds it up.
    SetRollout: "channel.rollout", Author, OwnerOrMaintainer;
    /// Sets the feature flags of a version.
    SetVersionFlags: "version.flags", Author, OwnerOrMaintainer;
    /// Makes an instance with an account and a token of its own.
    CreateInstance: "instance.create", Administer, Administrator;
    /// Says what an instance can run and which servers it serves.
    AnnounceInstance: "instance.announce", Instance, Instance;
    /// Says that an instance is there.
    HearInstance: "instance.heartbeat", Instance, Instance;
    /// Takes note of a rollback, a quarantine or a block.
    ConfirmNotice: "instance.confirm", Instance, Instance;
    /// Reports what installations used.
    CountUsage: "instance.usage", Instance, Instance;
    /// Does what a stage of an installation asks of an instance, or says why not.
    Acknowledge: "instance.acknowledge", Instance, Instance;
    /// Takes out a secret to run an extension with it.
    TakeSecret: "instance.secret", Instance, Instance;
    /// Makes a server known, or says how it is called now.
    DescribeServer: "server.describe", Instance, Instance;
    /// Changes who manages a server.
    EditServer: "server.edit", Author, ServerOwner;
    /// Sets a server's tier.
    SetTier: "server.tier", Administer, Administrator;
    /// Gives a server to another instance.
    MoveServer: "server.move", Administer, Administrator;
    /// Installs an extension on a server.
    Install: "installation.install", Author, ServerManager;
    /// Grants a version what it asks for, or declines.
    Consent: "installation.consent", Author, ServerOwner;
    /// Takes grants back.
    RevokeScopes: "installation.revoke", Author, ServerManager;
    /// Brings another version to a server.
    UpdateInstallation: "installation.update", Author, ServerManager;
    /// Brings the version back that a server had before.
    RollBackInstallation: "installation.rollback", Author, ServerManager;
    /// Says whether updates come by themselves.
    SetFollow: "installation.follow", Author, ServerManager;
    /// Lets run what was stopped, or keeps what was to be removed.
    EnableInstallation: "installation.enable", Author, ServerManager;
    /// Stops an installation.
    DisableInstallation: "installation.disable", Author, ServerManager;
    /// Removes an installation.
    RemoveInstallation: "installation.remove", Author, ServerManager;
    /// Configures an installation.
    Configure: "installation.configure", Author, ServerManager;
    /// Sets or removes a secret of an installation.
    SetSecret: "installation.secret", Author, ServerManager;
    /// Sets feature flags for one server.
    SetFlags: "installation.flags", Author, ServerManager;
    /// Rates an extension, or changes that.
    RateExtension: "rating.rate", Author, AnyAccount;
    /// Takes a rating of one's own back.
    DeleteRating: "rating.delete", Author, AnyAccount;
    /// Answers a rating, or takes the answer back.
    ReplyToRating: "rating.reply", Author, Owner;
    /// Reports a rating to maintainers.
    ReportRating: "rating.report", Author, AnyAccount;
    /// Upholds or dismisses reports of a rating.
    DecideReport: "rating.decide", Review, MaintainerNotOwner;
    /// Says something to reviewers.
    AnswerThread: "thread.answer", Author, Owner;
    /// Says something to an owner.
    WriteThread: "thread.write", Review, MaintainerNotOwner;
    /// Notes what the caller has read.
    ReadThread: "thread.read", Read, AnyAccount;
    /// Writes the template of feedback for a reason.
    SetTemplate: "template.set", Administer, Administrator;
    /// Moves an installation on where time passed or the channel moved.
    AdvanceInstallation: "installation.advance", Administer, Administrator;
    /// Grants points to an account.
    GrantPoints: "points.grant", Administer, Administrator;
    /// Buys an extension.
    BuyExtension: "purchase.buy", Author, AnyAccount;
    /// Takes a purchase back.
    RefundPurchase: "purchase.refund", Author, Buyer;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Account, Rights};
    use crate::domain::id::{Entropy, TokenId};
    use crate::domain::time::Timestamp;

    fn caller(role: Role, rights: Rights) -> Caller {
        let mut entropy = Entropy::from_seed([role as u8; 32]);
        let now = Timestamp::from_ms(1);
        let account = Account {
            id: AccountId::mint(now, &mut entropy),
            name: "someone".parse().unwrap(),
            role,
            verified: true,
            suspended: false,
            reputation: 50,
            created_at: now,
            revision: 1,
        };
        Caller { account, token: TokenId::mint(now, &mut entropy), rights }
    }

    #[test]
    fn every_cell_of_who_against_role_and_ownership() {
        let cells = [
            // who, user stranger, user owner, maintainer stranger, maintainer owner, administrator stranger
            (Who::AnyAccount, [true, true, true, true, true]),
            (Who::Owner, [false, true, false, true, false]),
            (Who::OwnerOrMaintainer, [false, true, true, true, true]),
            (Who::Maintainer, [false, false, true, true, true]),
            (Who::MaintainerNotOwner, [false, false, true, false, true]),
            (Who::Administrator, [false, false, false, false, true]),
            (Who::Receiver, [false, false, false, false, false]),
        ];
        let askers = [
            (Role::User, false),
            (Role::User, true),
            (Role::Maintainer, false),
            (Role::Maintainer, true),
            (Role::Administrator, false),
        ];
        let other = AccountId::mint(Timestamp::from_ms(9), &mut Entropy::from_seed([99; 32]));
        for (who, expected) in cells {
            for ((role, owns), expected) in askers.into_iter().zip(expected) {
                let caller = caller(role, Rights::of_role(Role::Administrator));
                let owner = if owns { caller.account.id } else { other };
                let facts = Facts { owner: Some(owner), visible: true, ..Facts::default() };
                let rule = Rule { action: "x", right: Right::Read, who };
                assert_eq!(judge(&rule, &caller, &facts).is_ok(), expected, "{who:?} {role} owns={owns}");
            }
        }
    }

    #[test]
    fn every_cell_of_who_against_what_one_is_to_a_server() {
        use ServerRelation::{Instance, Manager, Owner, Stranger};
        for (who, of_users, of_administrators) in [
            (Who::ServerOwner, [false, false, true, false], [false, false, true, false]),
            (Who::ServerManager, [false, true, true, false], [true, true, true, true]),
            (Who::Instance, [false, false, false, true], [false, false, false, true]),
        ] {
            for (role, expected) in [(Role::User, of_users), (Role::Administrator, of_administrators)] {
                for (relation, expected) in [Stranger, Manager, Owner, Instance].into_iter().zip(expected) {
                    let caller = caller(role, Rights::of_role(role));
                    let rule = Rule { action: "x", right: Right::Read, who };
                    let facts = Facts { relation, ..Facts::default() };
                    assert_eq!(judge(&rule, &caller, &facts).is_ok(), expected, "{who:?} {role} {relation:?}");
                }
            }
        }
    }

    #[test]
    fn a_purchase_is_taken_back_by_its_buyer_or_an_administrator() {
        for (role, bought, expected) in [
            (Role::User, true, true),
            (Role::User, false, false),
            (Role::Maintainer, false, false),
            (Role::Administrator, false, true),
        ] {
            let caller = caller(role, Rights::of_role(role));
            let buyer = bought.then_some(caller.account.id);
            let facts = Facts { buyer, ..Facts::default() };
            assert_eq!(judge(&RefundPurchase::RULE, &caller, &facts).is_ok(), expected, "{role} bought={bought}");
        }
    }

    #[test]
    fn existence_is_hidden_before_rights_are_looked_at() {
        let stranger = caller(Role::User, Rights::default());
        let other = AccountId::mint(Timestamp::from_ms(9), &mut Entropy::from_seed([98; 32]));
        let hidden = Facts { owner: Some(other), ..Facts::default() };
        assert_eq!(judge(&EditExtension::RULE, &stranger, &hidden), Err(Denied::Unknown));
        let seen = Facts { visible: true, ..hidden };
        assert_eq!(judge(&EditExtension::RULE, &stranger, &seen), Err(Denied::RightMissing(Right::Author)));
    }

    #[test]
    fn the_suspended_may_do_nothing() {
        let mut suspended = caller(Role::Administrator, Rights::of_role(Role::Administrator));
        suspended.account.suspended = true;
        for rule in ACTIONS {
            assert_eq!(judge(rule, &suspended, &Facts::default()), Err(Denied::Suspended), "{}", rule.action);
        }
    }
}
