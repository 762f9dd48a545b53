//! One attempt to bring a version to a server: five stages with their data, and one total function that decides.

use serde::{Deserialize, Serialize};

use super::{Reason, ReasonCode};
use crate::domain::consent::{Asked, ConsentRefusal};
use crate::domain::id::{InstallationId, VersionId};
use crate::domain::policy::InstallationPolicy;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// An attempt to bring one version to one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts the attempts of one installation; an instance names it when it acknowledges.
    pub number: u64,
    /// The version.
    pub version_id: VersionId,
    /// Its number.
    pub version: VersionNumber,
    /// What for.
    pub why: Why,
    /// When it began.
    pub started_at: Timestamp,
    /// The installation that was asked for, where several came with one request: they stand or fall together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<InstallationId>,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: Stage,
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The extension was not there before.
    Install,
    /// The channel moved on.
    Update,
    /// The channel was pointed back at an older version.
    Recall,
    /// This one server goes back to the version it had before.
    Rollback,
}

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Host API, scopes served, dependencies, policy: being judged.
    CompatibilityCheck {
        /// What the version asks for.
        asked: Asked,
    },
    /// The server's owner is asked.
    PermissionValidation {
        /// For what.
        asked: Asked,
        /// Until when.
        until: Timestamp,
    },
    /// The tier's quota is looked at.
    ResourceAllocation {
        /// What was granted.
        granted: ScopeSet,
    },
    /// The instance fetches, verifies, compiles and tries it.
    SandboxPrep {
        /// What was granted.
        granted: ScopeSet,
        /// Until when it has to be acknowledged.
        until: Timestamp,
    },
    /// The instance makes its storage and runs `on_install` or `on_upgrade`.
    StateInit {
        /// What was granted.
        granted: ScopeSet,
        /// Until when it has to be acknowledged.
        until: Timestamp,
    },
    /// It runs.
    Done {
        /// With these scopes.
        granted: ScopeSet,
        /// Since then.
        at: Timestamp,
    },
    /// It came to nothing, and nothing of it is left.
    Refused {
        /// In this stage.
        in_stage: StageName,
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
}

/// The five stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// See [`Stage::CompatibilityCheck`].
    CompatibilityCheck,
    /// See [`Stage::PermissionValidation`].
    PermissionValidation,
    /// See [`Stage::ResourceAllocation`].
    ResourceAllocation,
    /// See [`Stage::SandboxPrep`].
    SandboxPrep,
    /// See [`Stage::StateInit`].
    StateInit,
}

/// What happens to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Compatibility was judged.
    Judge(Result<(), Reason>),
    /// The owner grants scopes.
    Grant(ScopeSet),
    /// The owner declines.
    Decline(String),
    /// The quota was looked at.
    Allocate(Result<(), Reason>),
    /// The instance did what a stage asks of it, or could not.
    Acknowledge(StageName, Result<(), String>),
    /// Somebody gives it up, or something newer takes its place.
    GiveUp(Reason),
    /// Time passes.
    Lapse,
}

/// Why a command does nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttemptRefusal {
    /// The stage does not allow it.
    #[error("the installation is in the stage {stage}, where this is not possible")]
    WrongStage {
        /// The stage, or what came of it.
        stage: &'static str,
    },
    /// The grant is not what was asked for.
    #[error(transparent)]
    Consent(#[from] ConsentRefusal),
    /// Its time has not come.
    #[error("there is time until {0}")]
    NotDue(Timestamp),
}

impl StageName {
    /// The five stages, in their order.
    pub const ALL: &[StageName] = &[
        StageName::CompatibilityCheck,
        StageName::PermissionValidation,
        StageName::ResourceAllocation,
        StageName::SandboxPrep,
        StageName::StateInit,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            StageName::CompatibilityCheck => "compatibility_check",
            StageName::PermissionValidation => "permission_validation",
            StageName::ResourceAllocation => "resource_allocation",
            StageName::SandboxPrep => "sandbox_prep",
            StageName::StateInit => "state_init",
        }
    }
}

impl std::str::FromStr for StageName {
    type Err = String;

    fn from_str(text: &str) -> Result<StageName, String> {
        let named = StageName::ALL.iter().copied().find(|stage| stage.name() == text);
        named.ok_or_else(|| {
            let names: Vec<&str> = StageName::ALL.iter().map(|stage| stage.name()).collect();
            let shown = crate::domain::text::quoted(text);
            format!("{shown} is no stage of an installation; the stages are {}", names.join(", "))
        })
    }
}

impl Stage {
    /// The stage it is in; nothing once it ended.
    pub const fn name(&self) -> Option<StageName> {
        match self {
            Stage::CompatibilityCheck { .. } => Some(StageName::CompatibilityCheck),
            Stage::PermissionValidation { .. } => Some(StageName::PermissionValidation),
            Stage::ResourceAllocation { .. } => Some(StageName::ResourceAllocation),
            Stage::SandboxPrep { .. } => Some(StageName::SandboxPrep),
            Stage::StateInit { .. } => Some(StageName::StateInit),
            Stage::Done { .. } | Stage::Refused { .. } => None,
        }
    }

    /// The word for it, how it ended included.
    pub const fn word(&self) -> &'static str {
        match (self, self.name()) {
            (_, Some(stage)) => stage.name(),
            (Stage::Done { .. }, None) => "done",
            (_, None) => "refused",
        }
    }

    /// When it lapses unless something happens.
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Stage::PermissionValidation { until, .. }
            | Stage::SandboxPrep { until, .. }
            | Stage::StateInit { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether an instance has, or may have, something of it that has to go where it comes to nothing.
    pub const fn reached_the_instance(&self) -> bool {
        matches!(self, Stage::SandboxPrep { .. } | Stage::StateInit { .. })
    }
}

/// Decides every command in every stage. An acknowledgement that comes twice changes nothing.
///
/// # Errors
/// [`AttemptRefusal`]; the attempt stays as it was.
pub fn decide(
    stage: &Stage,
    command: &Command,
    waits: &InstallationPolicy,
    now: Timestamp,
) -> Result<Stage, AttemptRefusal> {
    let Some(name) = stage.name() else { return Err(AttemptRefusal::WrongStage { stage: stage.word() }) };
    let refused = |reason: Reason| Stage::Refused { in_stage: name, reason, at: now };
    Ok(match (stage, command) {
        (_, Command::GiveUp(reason))
        | (Stage::CompatibilityCheck { .. }, Command::Judge(Err(reason)))
        | (Stage::ResourceAllocation { .. }, Command::Allocate(Err(reason))) => refused(reason.clone()),
        (Stage::CompatibilityCheck { asked }, Command::Judge(Ok(()))) => match asked.covered() {
            Some(granted) => Stage::ResourceAllocation { granted },
            None => Stage::PermissionValidation { asked: *asked, until: now.plus_ms(waits.consent_wait_ms) },
        },
        (Stage::PermissionValidation { asked, .. }, Command::Grant(granted)) => {
            Stage::ResourceAllocation { granted: asked.settle(*granted)? }
        }
        (Stage::PermissionValidation { .. }, Command::Decline(why)) => {
            refused(Reason::new(ReasonCode::ConsentDeclined, why.clone()))
        }
        (Stage::ResourceAllocation { granted }, Command::Allocate(Ok(()))) => {
            Stage::SandboxPrep { granted: *granted, until: now.plus_ms(waits.order_ms) }
        }
        (Stage::SandboxPrep { granted, .. }, Command::Acknowledge(StageName::SandboxPrep, Ok(()))) => {
            Stage::StateInit { granted: *granted, until: now.plus_ms(waits.order_ms) }
        }
        (Stage::StateInit { granted, .. }, Command::Acknowledge(StageName::StateInit, Ok(()))) => {
            Stage::Done { granted: *granted, at: now }
        }
        (Stage::StateInit { .. }, Command::Acknowledge(StageName::SandboxPrep, Ok(()))) => stage.clone(),
        (Stage::SandboxPrep { .. } | Stage::StateInit { .. }, Command::Acknowledge(acknowledged, Err(why)))
            if *acknowledged == name =>
        {
            refused(Reason::new(ReasonCode::InstanceRefused, why.clone()))
        }
        (_, Command::Lapse) => match stage.until() {
            Some(until) if until > now => return Err(AttemptRefusal::NotDue(until)),
            _ => refused(lapsed(name)),
        },
        _ => return Err(AttemptRefusal::WrongStage { stage: stage.word() }),
    })
}

/// Stages without a time-out end within the transaction that they begin in: one that is found later was cut off.
fn lapsed(stage: StageName) -> Reason {
    match stage {
        StageName::PermissionValidation => Reason::new(
            ReasonCode::ConsentTimedOut,
            "the server's owner was asked for consent and did not answer in time",
        ),
        StageName::SandboxPrep | StageName::StateInit => {
            Reason::new(ReasonCode::InstanceTimedOut, "the instance that serves this server did not answer in time")
        }
        StageName::CompatibilityCheck | StageName::ResourceAllocation => {
            Reason::new(ReasonCode::Cancelled, "it was cut off before it was decided; install it again")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::Scope;

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    fn waits() -> InstallationPolicy {
        InstallationPolicy { consent_wait_ms: 70, order_ms: 30, ..InstallationPolicy::default() }
    }

    #[test]
    fn a_stage_waits_as_long_as_the_policy_says() {
        let until = |stage: &Stage, command: Command| decide(stage, &command, &waits(), NOW).unwrap().until();
        let [check, _, room, prepared, ..] = &*stages() else { panic!("the stages are told in their order") };
        assert_eq!(until(check, Command::Judge(Ok(()))), Some(NOW.plus_ms(70)));
        assert_eq!(until(room, Command::Allocate(Ok(()))), Some(NOW.plus_ms(30)));
        let done = Command::Acknowledge(StageName::SandboxPrep, Ok(()));
        assert_eq!(until(prepared, done), Some(NOW.plus_ms(30)));
    }

    fn asked() -> Asked {
        Asked::of(ScopeSet::EMPTY.with(Scope::Ban), ScopeSet::EMPTY, ScopeSet::EMPTY)
    }

    fn stages() -> Vec<Stage> {
        let (granted, until) = (ScopeSet::EMPTY.with(Scope::Ban), NOW.plus_ms(5));
        vec![
            Stage::CompatibilityCheck { asked: asked() },
            Stage::PermissionValidation { asked: asked(), until },
            Stage::ResourceAllocation { granted },
            Stage::SandboxPrep { granted, until },
            Stage::StateInit { granted, until },
            Stage::Done { granted, at: NOW },
            Stage::Refused { in_stage: StageName::StateInit, reason: Reason::new(ReasonCode::Quota, "x"), at: NOW },
        ]
    }

    #[test]
    fn every_command_in_every_stage() {
        let no = || Err(Reason::new(ReasonCode::Quota, "no"));
        let ban = ScopeSet::EMPTY.with(Scope::Ban);
        let commands = [
            Command::Judge(Ok(())),
            Command::Judge(no()),
            Command::Grant(ban),
            Command::Grant(ScopeSet::EMPTY),
            Command::Decline("no".to_owned()),
            Command::Allocate(Ok(())),
            Command::Allocate(no()),
            Command::Acknowledge(StageName::SandboxPrep, Ok(())),
            Command::Acknowledge(StageName::SandboxPrep, Err("no".to_owned())),
            Command::Acknowledge(StageName::StateInit, Ok(())),
            Command::Acknowledge(StageName::StateInit, Err("no".to_owned())),
            Command::GiveUp(Reason::new(ReasonCode::Cancelled, "x")),
            Command::Lapse,
        ];
        // What follows, by stage (rows) and command (columns); - is a refusal of the command.
        let table = [
            "permission_validation refused - - - - - - - - - refused refused",
            "- - resource_allocation - refused - - - - - - refused -",
            "- - - - - sandbox_prep refused - - - - refused refused",
            "- - - - - - - state_init refused - - refused -",
            "- - - - - - - state_init - done refused refused -",
            "- - - - - - - - - - - - -",
            "- - - - - - - - - - - - -",
        ];
        for (stage, row) in stages().iter().zip(table) {
            for (command, expected) in commands.iter().zip(row.split(' ')) {
                let found = decide(stage, command, &waits(), NOW);
                let word = found.as_ref().map_or("-", Stage::word);
                assert_eq!(word, expected, "{} {command:?}", stage.word());
            }
        }
    }

    #[test]
    fn each_wait_ends_on_its_own_side_of_its_bound() {
        for stage in stages() {
            let Some(until) = stage.until() else { continue };
            assert_eq!(
                decide(&stage, &Command::Lapse, &waits(), until.plus_ms(-1)),
                Err(AttemptRefusal::NotDue(until))
            );
            let Ok(Stage::Refused { in_stage, .. }) = decide(&stage, &Command::Lapse, &waits(), until) else {
                panic!("{stage:?} did not lapse")
            };
            assert_eq!(Some(in_stage), stage.name());
        }
    }

    #[test]
    fn a_version_that_asks_for_nothing_new_is_not_asked_about() {
        let covered = Asked { has: asked().needed, ..asked() };
        let next =
            decide(&Stage::CompatibilityCheck { asked: covered }, &Command::Judge(Ok(())), &waits(), NOW).unwrap();
        assert_eq!(next, Stage::ResourceAllocation { granted: covered.needed });
    }

    #[test]
    fn an_attempt_is_stored_and_read_again() {
        for stage in stages() {
            let text = serde_json::to_string(&stage).unwrap();
            assert_eq!(serde_json::from_str::<Stage>(&text).unwrap(), stage, "{text}");
        }
        for name in StageName::ALL {
            assert_eq!(name.name().parse(), Ok(*name));
        }
    }
}
