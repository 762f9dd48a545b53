//! The life of a version: one enum with data per stage, one total function that decides every command.

use serde::{Deserialize, Serialize};

use super::account::Role;
use super::digest::Sha256Digest;
use super::extension::ReasonCode;
use super::id::AccountId;
use super::policy::{ApprovalsNeeded, Policy};
use super::time::Timestamp;

/// Where a version stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Being written.
    Draft,
    /// Complete and valid, not submitted.
    Saved,
    /// Submitted; the checks run.
    Checking,
    /// Submitted and checked; waits for a maintainer.
    Ready {
        /// Given where policy asks for two.
        first_approval: Option<FirstApproval>,
    },
    /// Claimed by a maintainer.
    Review {
        /// The claimant.
        by: AccountId,
        /// When the claim lapses.
        lease_until: Timestamp,
        /// Given where policy asks for two.
        first_approval: Option<FirstApproval>,
    },
    /// Published.
    Published {
        /// When.
        at: Timestamp,
        /// Why nobody new gets it, where that is so.
        yanked: Option<String>,
    },
    /// Rejected, by a person or by the checks.
    Rejected {
        /// When.
        at: Timestamp,
        /// Who; nobody where the checks did.
        by: Option<AccountId>,
        /// The sort of reason.
        reason: ReasonCode,
        /// What the author is told.
        feedback: String,
    },
    /// Taken back by its owner.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// The first of two approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstApproval {
    /// Who gave it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// The code it was given for.
    pub sha256: Sha256Digest,
}

/// The name of a stage, as the wire and filters have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// See [`Stage::Draft`].
    Draft,
    /// See [`Stage::Saved`].
    Saved,
    /// See [`Stage::Checking`].
    Checking,
    /// See [`Stage::Ready`].
    Ready,
    /// See [`Stage::Review`].
    Review,
    /// See [`Stage::Rejected`].
    Rejected,
    /// See [`Stage::Withdrawn`].
    Withdrawn,
    /// See [`Stage::Published`].
    Published,
}

/// What somebody wants to happen to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Complete the draft.
    Save,
    /// Go back to writing what was never submitted.
    Edit,
    /// Start a new version from this one.
    Revise,
    /// Ask for review.
    Submit,
    /// Every required check ran and passed.
    PassChecks,
    /// A check found something that the policy rejects for.
    FailChecks {
        /// The findings as text.
        feedback: String,
        /// The sort of reason.
        reason: ReasonCode,
    },
    /// Take the submission back.
    Withdraw,
    /// Take it on.
    Claim,
    /// Prolong the claim.
    Renew,
    /// Give the claim back.
    Release,
    /// Approve what was seen.
    Approve {
        /// The code the reviewer saw.
        seen: Sha256Digest,
        /// The code that is stored.
        stored: Sha256Digest,
        /// How many people the policy asks for.
        needed: ApprovalsNeeded,
    },
    /// Reject it.
    Reject {
        /// The sort of reason.
        reason: ReasonCode,
        /// What the author is told.
        feedback: String,
    },
    /// Let nobody new have it.
    Yank {
        /// Why.
        reason: String,
    },
    /// Take the yank back.
    Unyank,
}

/// Who commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An account.
    Account {
        /// Which.
        account: AccountId,
        /// Its role.
        role: Role,
        /// What it is to the extension.
        relation: Relation,
    },
    /// The marketplace itself.
    System,
    /// A command on a data folder.
    LocalOperator,
}

/// What an account is to an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Its owner.
    Owner,
    /// Anybody else.
    Stranger,
}

/// What follows from an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The version takes this stage.
    Becomes(Stage),
    /// This version stays; a new one is made in [`Stage::Draft`], linked to it.
    NewDraft,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The stage does not allow it.
    #[error("a version that is {stage} cannot be {command}; possible now: {allowed}", stage = .stage.name())]
    WrongStage {
        /// Where it stands.
        stage: StageName,
        /// What was asked, as a participle.
        command: &'static str,
        /// What is possible, as a list.
        allowed: String,
    },
    /// The actor may not.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Somebody else has a living claim.
    #[error("claimed by another maintainer until {until}")]
    ClaimedByOther {
        /// Who.
        by: AccountId,
        /// Until when.
        until: Timestamp,
    },
    /// The claim has run out.
    #[error("the claim ran out at {at}; claim it again")]
    LeaseLapsed {
        /// When.
        at: Timestamp,
    },
    /// What was reviewed is not what is stored.
    #[error("the code that was reviewed ({seen}) is not the code that is stored ({stored})")]
    OtherCode {
        /// Seen.
        seen: Sha256Digest,
        /// Stored.
        stored: Sha256Digest,
    },
    /// The second approval has to come from somebody else.
    #[error("the first approval is yours; the second has to come from another maintainer")]
    SecondPersonNeeded,
    /// The text that the author is told is missing.
    #[error("say why: the author gets this text")]
    TextMissing,
    /// The policy has closed submissions.
    #[error("submissions are closed by the marketplace's policy at the moment")]
    SubmissionsClosed,
}

impl Stage {
    /// Its name.
    pub const fn name(&self) -> StageName {
        match self {
            Stage::Draft => StageName::Draft,
            Stage::Saved => StageName::Saved,
            Stage::Checking => StageName::Checking,
            Stage::Ready { .. } => StageName::Ready,
            Stage::Review { .. } => StageName::Review,
            Stage::Published { .. } => StageName::Published,
            Stage::Rejected { .. } => StageName::Rejected,
            Stage::Withdrawn { .. } => StageName::Withdrawn,
        }
    }

    /// The stage with a lapsed claim read as given back.
    #[must_use]
    pub fn read_at(&self, now: Timestamp) -> Stage {
        match self {
            Stage::Review { lease_until, first_approval, .. } if *lease_until <= now => {
                Stage::Ready { first_approval: *first_approval }
            }
            other => other.clone(),
        }
    }
}

impl StageName {
    /// Every stage, in the order of a version's life.
    pub const ALL: &[StageName] = &[
        StageName::Draft,
        StageName::Saved,
        StageName::Checking,
        StageName::Ready,
        StageName::Review,
        StageName::Rejected,
        StageName::Withdrawn,
        StageName::Published,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            StageName::Draft => "draft",
            StageName::Saved => "saved",
            StageName::Checking => "checking",
            StageName::Ready => "ready",
            StageName::Review => "review",
            StageName::Rejected => "rejected",
            StageName::Withdrawn => "withdrawn",
            StageName::Published => "published",
        }
    }

    /// What can be done in this stage, as the words of commands.
    pub const fn allowed(self) -> &'static str {
        match self {
            StageName::Draft => "save",
            StageName::Saved => "edit, submit",
            StageName::Checking => "withdraw",
            StageName::Ready => "claim, withdraw",
            StageName::Review => "renew, release, approve, reject by the claimant",
            StageName::Rejected => "revise",
            StageName::Withdrawn => "submit, revise",
            StageName::Published => "yank, unyank",
        }
    }
}

impl std::str::FromStr for StageName {
    type Err = String;

    fn from_str(text: &str) -> Result<StageName, String> {
        StageName::ALL.iter().copied().find(|stage| stage.name() == text).ok_or_else(|| {
            let names: Vec<&str> = StageName::ALL.iter().map(|stage| stage.name()).collect();
            format!("{:?} is no stage; the stages are {}", text.chars().take(40).collect::<String>(), names.join(", "))
        })
    }
}

impl Command {
    /// The command as a participle, for refusals.
    pub const fn participle(&self) -> &'static str {
        match self {
            Command::Save => "saved",
            Command::Edit => "edited",
            Command::Revise => "revised",
            Command::Submit => "submitted",
            Command::PassChecks | Command::FailChecks { .. } => "checked",
            Command::Withdraw => "withdrawn",
            Command::Claim => "claimed",
            Command::Renew => "renewed",
            Command::Release => "released",
            Command::Approve { .. } => "approved",
            Command::Reject { .. } => "rejected",
            Command::Yank { .. } => "yanked",
            Command::Unyank => "unyanked",
        }
    }
}

/// Decides every command in every stage; a claim that has run out is first read as given back.
///
/// # Errors
/// A [`Refusal`] that names the stage, the command and what would be allowed.
pub fn decide(
    stage: &Stage,
    command: &Command,
    actor: &Actor,
    policy: &Policy,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    may_command(command, actor)?;
    let read = stage.read_at(now);
    let next = match (&read, command) {
        (Stage::Draft, Command::Save) => Stage::Saved,
        (Stage::Saved, Command::Edit) => Stage::Draft,
        (Stage::Rejected { .. } | Stage::Withdrawn { .. }, Command::Revise) => return Ok(Outcome::NewDraft),
        (Stage::Saved | Stage::Withdrawn { .. }, Command::Submit) if !policy.switches.submissions_open => {
            return Err(Refusal::SubmissionsClosed);
        }
        (Stage::Saved | Stage::Withdrawn { .. }, Command::Submit) => Stage::Checking,
        (Stage::Checking, Command::PassChecks) => Stage::Ready { first_approval: None },
        (Stage::Checking, Command::FailChecks { feedback, reason }) => {
            Stage::Rejected { at: now, by: None, reason: *reason, feedback: feedback.clone() }
        }
        (Stage::Checking | Stage::Ready { .. }, Command::Withdraw) => Stage::Withdrawn { at: now },
        (Stage::Ready { first_approval }, Command::Claim) => claim(*first_approval, actor, policy, now)?,
        (Stage::Review { by, lease_until, .. }, Command::Claim) => {
            return Err(Refusal::ClaimedByOther { by: *by, until: *lease_until });
        }
        (Stage::Review { by, lease_until, first_approval }, command) if is_claimants(command) => {
            if !is_account(actor, *by) {
                return Err(Refusal::ClaimedByOther { by: *by, until: *lease_until });
            }
            in_review(*by, *first_approval, command, policy, now)?
        }
        (Stage::Ready { .. }, command) if is_claimants(command) => return Err(without_claim(stage, &read, command)),
        (Stage::Published { at, .. }, Command::Yank { reason }) if !reason.trim().is_empty() => {
            Stage::Published { at: *at, yanked: Some(reason.clone()) }
        }
        (Stage::Published { .. }, Command::Yank { .. }) => return Err(Refusal::TextMissing),
        (Stage::Published { at, yanked: Some(_) }, Command::Unyank) => Stage::Published { at: *at, yanked: None },
        (read, command) => return Err(wrong_stage(read, command)),
    };
    Ok(Outcome::Becomes(next))
}

fn may_command(command: &Command, actor: &Actor) -> Result<(), Refusal> {
    let (owner, maintainer) = match actor {
        Actor::System => {
            return match command {
                Command::PassChecks | Command::FailChecks { .. } | Command::Release => Ok(()),
                _ => Err(Refusal::NotAllowed("the marketplace itself only records checks and lapses")),
            };
        }
        Actor::LocalOperator => (true, true),
        Actor::Account { role, relation, .. } => (*relation == Relation::Owner, *role >= Role::Maintainer),
    };
    match command {
        Command::Save | Command::Edit | Command::Revise | Command::Submit | Command::Withdraw if !owner => {
            Err(Refusal::NotAllowed("only the owner of the extension may do this"))
        }
        Command::PassChecks | Command::FailChecks { .. } => {
            Err(Refusal::NotAllowed("only the marketplace itself records checks"))
        }
        Command::Yank { .. } | Command::Unyank if !owner && !maintainer => {
            Err(Refusal::NotAllowed("only the owner or a maintainer may do this"))
        }
        command if *command == Command::Claim || is_claimants(command) => match actor {
            Actor::Account { relation: Relation::Owner, .. } => {
                Err(Refusal::NotAllowed("nobody reviews their own submission; another maintainer has to"))
            }
            Actor::Account { .. } if maintainer => Ok(()),
            _ => Err(Refusal::NotAllowed("only a maintainer reviews")),
        },
        _ => Ok(()),
    }
}

const fn is_claimants(command: &Command) -> bool {
    matches!(command, Command::Renew | Command::Release | Command::Approve { .. } | Command::Reject { .. })
}

fn is_account(actor: &Actor, account: AccountId) -> bool {
    matches!(actor, Actor::Account { account: acting, .. } if *acting == account)
}

fn claim(
    first_approval: Option<FirstApproval>,
    actor: &Actor,
    policy: &Policy,
    now: Timestamp,
) -> Result<Stage, Refusal> {
    let Actor::Account { account, .. } = actor else {
        return Err(Refusal::NotAllowed("only a maintainer reviews"));
    };
    if first_approval.is_some_and(|first| first.by == *account) {
        return Err(Refusal::SecondPersonNeeded);
    }
    Ok(Stage::Review { by: *account, lease_until: now.plus_ms(policy.review.lease_ms), first_approval })
}

fn in_review(
    by: AccountId,
    first_approval: Option<FirstApproval>,
    command: &Command,
    policy: &Policy,
    now: Timestamp,
) -> Result<Stage, Refusal> {
    match command {
        Command::Renew => Ok(Stage::Review { by, lease_until: now.plus_ms(policy.review.lease_ms), first_approval }),
        Command::Release => Ok(Stage::Ready { first_approval }),
        Command::Approve { seen, stored, .. } if seen != stored => {
            Err(Refusal::OtherCode { seen: *seen, stored: *stored })
        }
        Command::Approve { seen, needed, .. } => match (first_approval, needed) {
            (None, ApprovalsNeeded::Two) => {
                Ok(Stage::Ready { first_approval: Some(FirstApproval { by, at: now, sha256: *seen }) })
            }
            (Some(first), _) if first.by == by => Err(Refusal::SecondPersonNeeded),
            (Some(first), _) if first.sha256 != *seen => Err(Refusal::OtherCode { seen: first.sha256, stored: *seen }),
            _ => Ok(Stage::Published { at: now, yanked: None }),
        },
        Command::Reject { feedback, .. } if feedback.trim().is_empty() => Err(Refusal::TextMissing),
        Command::Reject { feedback, reason } => {
            Ok(Stage::Rejected { at: now, by: Some(by), reason: *reason, feedback: feedback.clone() })
        }
        other => Err(wrong_stage(&Stage::Review { by, lease_until: now, first_approval }, other)),
    }
}

fn without_claim(stage: &Stage, read: &Stage, command: &Command) -> Refusal {
    match stage {
        Stage::Review { lease_until, .. } => Refusal::LeaseLapsed { at: *lease_until },
        _ => wrong_stage(read, command),
    }
}

fn wrong_stage(stage: &Stage, command: &Command) -> Refusal {
    let name = stage.name();
    Refusal::WrongStage { stage: name, command: command.participle(), allowed: name.allowed().to_owned() }
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
