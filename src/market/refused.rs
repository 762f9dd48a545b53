//! Why a use case is refused: one typed enum, with a stable code for each reason.

use crate::domain::consent::ConsentRefusal;
use crate::domain::digest::Collision;
use crate::domain::fault::Fault;
use crate::domain::installation::{AttemptRefusal, StateRefusal};
use crate::domain::permit::Denied;
use crate::domain::policy::Moved;
use crate::domain::stage::Refusal;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such thing; the word says what.
    #[error("there is no such {0}, or it is not yours to see")]
    NotFound(&'static str),
    /// The caller may not.
    #[error("{0}")]
    Denied(#[from] Denied),
    /// The stage does not allow it.
    #[error("{refusal}{}", .who.as_ref().map(|who| format!(" ({who})")).unwrap_or_default())]
    Stage {
        /// What the stage says.
        refusal: Refusal,
        /// Who brought it to that stage, and when.
        who: Option<Who>,
    },
    /// It changed since the caller read it.
    #[error("it changed since you read it; look at it again before you decide")]
    Precondition {
        /// What changed since, oldest first; empty where that is not kept.
        changed: Vec<Changed>,
        /// The revision it has now.
        revision: i64,
    },
    /// What a plan counted is no longer so.
    #[error("what the plan counted has moved: {}", .moved.iter().map(|moved| moved.what.as_str()).collect::<Vec<_>>().join("; "))]
    Moved {
        /// Each difference.
        moved: Vec<Moved>,
        /// The revision that the policy has now.
        revision: i64,
    },
    /// The input is wrong; every fault at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// The state of things does not allow it.
    #[error("{detail}")]
    Conflict {
        /// The stable name of the reason.
        code: &'static str,
        /// The reason as a sentence that says what to do.
        detail: String,
    },
    /// Two different codes with one MD5.
    #[error("{0}")]
    Collision(#[from] Collision),
    /// The policy allows less.
    #[error("the {what} has {bytes} bytes; the policy allows {bytes_max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The most that is allowed.
        bytes_max: u64,
    },
    /// The same account did it too often.
    #[error("{what}; try again in {} minutes", .wait_ms.div_euclid(60_000) + 1)]
    TooOften {
        /// What was done how often.
        what: String,
        /// After which time it can be done again, at the latest.
        wait_ms: i64,
    },
    /// Nothing can be submitted at the moment.
    #[error("submissions are closed by the marketplace's policy at the moment; nothing was lost, try again later")]
    SubmissionsClosed,
    /// The marketplace is closed for changes.
    #[error("the marketplace is read-only by its policy at the moment; nothing was changed")]
    ReadOnly,
    /// Nothing runs this sort of code.
    #[error(
        "JavaScript extensions are kept, shown and exported, and cannot be run or submitted; port the code to \
         WebAssembly (a module that exports on_command, on_event, …) and put it into a new version"
    )]
    RuntimeNotRunnable,
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who did what stands in the way, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// What was done, such as `claimed`.
    pub did: &'static str,
    /// The account's name; `the marketplace` where it did so itself.
    pub name: String,
    /// When; for a claim, until when it lasts.
    pub at: Timestamp,
}

/// One thing that changed since it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What, as a JSON pointer.
    pub pointer: String,
    /// The name of who changed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Refused {
    /// The stable name of the reason, as the wire has it.
    pub const fn code(&self) -> &'static str {
        match self {
            Refused::NotFound(_) | Refused::Denied(Denied::Unknown) => "not_found",
            Refused::Denied(Denied::Suspended) => "account_suspended",
            Refused::Denied(Denied::RightMissing(_)) => "right_missing",
            Refused::Denied(Denied::RoleTooLow(_)) => "role_too_low",
            Refused::Denied(Denied::NotOwner) => "not_owner",
            Refused::Denied(Denied::NotReceiver) => "not_receiver",
            Refused::Denied(Denied::OwnSubmission) => "own_submission",
            Refused::Denied(Denied::NotServerOwner) => "not_server_owner",
            Refused::Denied(Denied::NotServerManager) => "not_server_manager",
            Refused::Denied(Denied::NotInstance) => "not_instance",
            Refused::Stage { refusal, .. } => match refusal {
                Refusal::WrongStage { .. } => "stage_conflict",
                Refusal::NotAllowed(_) => "not_allowed",
                Refusal::ClaimedByOther { .. } => "claimed_by_other",
                Refusal::LeaseLapsed { .. } => "lease_lapsed",
                Refusal::OtherCode { .. } => "other_code",
                Refusal::SecondPersonNeeded => "second_person_needed",
                Refusal::TextMissing => "text_missing",
                Refusal::SubmissionsClosed => "submissions_closed",
            },
            Refused::Precondition { .. } => "changed_meanwhile",
            Refused::Moved { .. } => "plan_moved",
            Refused::Invalid(_) => "invalid",
            Refused::Conflict { code, .. } => code,
            Refused::Collision(_) => "collision",
            Refused::TooLarge { .. } => "too_large",
            Refused::TooOften { .. } => "too_often",
            Refused::SubmissionsClosed => "submissions_closed",
            Refused::ReadOnly => "read_only",
            Refused::RuntimeNotRunnable => "runtime_not_runnable",
            Refused::Store(_) => "store",
        }
    }

    /// A refusal for one field of the input.
    pub fn field(pointer: &str, code: &'static str, message: impl Into<String>) -> Refused {
        Refused::Invalid(vec![Fault { pointer: pointer.to_owned(), code, message: message.into() }])
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Refused {
        Refused::Conflict { code, detail: detail.into() }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        match refusal {
            Refusal::SubmissionsClosed => Refused::SubmissionsClosed,
            refusal => Refused::Stage { refusal, who: None },
        }
    }
}

impl From<StateRefusal> for Refused {
    fn from(refusal: StateRefusal) -> Refused {
        let detail = refusal.to_string();
        let code = match refusal {
            StateRefusal::WrongState { .. } => "installation_state",
            StateRefusal::Busy { .. } => "installation_busy",
            StateRefusal::Idle => "nothing_under_way",
            StateRefusal::OtherAttempt { .. } => "other_attempt",
            StateRefusal::NoPrevious => "no_previous",
            StateRefusal::Attempt(AttemptRefusal::WrongStage { .. }) => "stage_conflict",
            StateRefusal::Attempt(AttemptRefusal::NotDue(_)) => "not_due",
            StateRefusal::Attempt(AttemptRefusal::Consent(ConsentRefusal::NeverAsked(_))) => {
                return Refused::field("/scopes", "never_asked", detail);
            }
            StateRefusal::Attempt(AttemptRefusal::Consent(ConsentRefusal::NeededLeftOut(_))) => {
                return Refused::field("/scopes", "needed_left_out", detail);
            }
        };
        Refused::conflict(code, detail)
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}, {}", self.did, self.name, self.at)
    }
}
