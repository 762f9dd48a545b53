//! Where an installation stands as a whole, and what an attempt that ended makes of it.

use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, AttemptRefusal, Command, Stage, StageName, Why, decide};
use super::{Reason, ReasonCode};
use crate::domain::id::{InstallationId, VersionId};
use crate::domain::policy::InstallationPolicy;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// A version as it runs, or ran, on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The attempt that brought it.
    pub number: u64,
    /// The version.
    pub version_id: VersionId,
    /// Its number.
    pub version: VersionNumber,
    /// What was granted to it.
    pub granted: ScopeSet,
    /// Since when.
    pub since: Timestamp,
    /// The installation that was asked for, where several came with one request: they stand or fall together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<InstallationId>,
}

/// What follows when the channel moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// Updates come by themselves, ring by ring.
    #[default]
    Automatic,
    /// Updates are offered; somebody starts them.
    Manual,
    /// It stays, even where the channel goes back.
    Pinned,
}

/// What became of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The first attempt is under way.
    Installing {
        /// It.
        next: Attempt,
    },
    /// A version runs, perhaps with an attempt at another beside it.
    Active {
        /// The version.
        now: Generation,
        /// The attempt.
        next: Option<Attempt>,
    },
    /// A version is there and does not run.
    Disabled {
        /// The version.
        now: Generation,
        /// Why.
        reason: String,
        /// Since when.
        at: Timestamp,
    },
    /// The first attempt came to nothing.
    Failed {
        /// In this stage.
        in_stage: StageName,
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// It is on its way out; until its grace ends it can be kept after all.
    Removing {
        /// The version that ran.
        was: Generation,
        /// Why.
        reason: String,
        /// When it is freed.
        until: Timestamp,
    },
}

/// The name of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateName {
    /// See [`State::Installing`].
    Installing,
    /// See [`State::Active`].
    Active,
    /// See [`State::Disabled`].
    Disabled,
    /// See [`State::Failed`].
    Failed,
    /// See [`State::Removing`].
    Removing,
}

/// Where an installation stands: its state, and what it can go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// Its state.
    pub state: State,
    /// The version that ran before the one that runs.
    pub previous: Option<Generation>,
    /// The version whose update came to nothing, so that it is not tried for ever.
    pub refused: Option<VersionId>,
}

/// Why an installation cannot be changed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateRefusal {
    /// Its state does not allow it.
    #[error("an installation that is {state} cannot be {asked}")]
    WrongState {
        /// Its state.
        state: &'static str,
        /// What was asked, as a participle.
        asked: &'static str,
    },
    /// Another attempt is under way.
    #[error("version {version} is being brought to it (stage {stage}); wait for that, or give it up")]
    Busy {
        /// The version.
        version: VersionNumber,
        /// The stage.
        stage: &'static str,
    },
    /// Nothing is under way.
    #[error("nothing is being brought to this installation; the attempt ended before")]
    Idle,
    /// The acknowledgement is for an attempt that was replaced.
    #[error("this is about attempt {given}; the one under way is {wanted}")]
    OtherAttempt {
        /// Named.
        given: u64,
        /// Under way.
        wanted: u64,
    },
    /// There is no earlier version.
    #[error("there is no earlier version of it on this server to go back to")]
    NoPrevious,
    /// The attempt does not allow it.
    #[error(transparent)]
    Attempt(#[from] AttemptRefusal),
}

impl Follow {
    /// Every way.
    pub const ALL: &[Follow] = &[Follow::Automatic, Follow::Manual, Follow::Pinned];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Follow::Automatic => "automatic",
            Follow::Manual => "manual",
            Follow::Pinned => "pinned",
        }
    }
}

impl std::str::FromStr for Follow {
    type Err = String;

    fn from_str(text: &str) -> Result<Follow, String> {
        let named = Follow::ALL.iter().copied().find(|follow| follow.name() == text);
        named.ok_or_else(|| {
            let shown = crate::domain::text::quoted(text);
            format!("{shown} is no way to follow a channel; the ways are automatic, manual, pinned")
        })
    }
}

impl StateName {
    /// Every state.
    pub const ALL: &[StateName] =
        &[StateName::Installing, StateName::Active, StateName::Disabled, StateName::Failed, StateName::Removing];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            StateName::Installing => "installing",
            StateName::Active => "active",
            StateName::Disabled => "disabled",
            StateName::Failed => "failed",
            StateName::Removing => "removing",
        }
    }
}

impl State {
    /// Nothing yet: where an installation stands before its first attempt.
    pub fn nothing(now: Timestamp) -> State {
        let reason = Reason::new(ReasonCode::Cancelled, "it was not begun");
        State::Failed { in_stage: StageName::CompatibilityCheck, reason, at: now }
    }

    /// Its name.
    pub const fn name(&self) -> StateName {
        match self {
            State::Installing { .. } => StateName::Installing,
            State::Active { .. } => StateName::Active,
            State::Disabled { .. } => StateName::Disabled,
            State::Failed { .. } => StateName::Failed,
            State::Removing { .. } => StateName::Removing,
        }
    }

    /// The version that is there.
    pub const fn now(&self) -> Option<&Generation> {
        match self {
            State::Active { now, .. } | State::Disabled { now, .. } | State::Removing { was: now, .. } => Some(now),
            State::Installing { .. } | State::Failed { .. } => None,
        }
    }

    /// The attempt under way.
    pub const fn next(&self) -> Option<&Attempt> {
        match self {
            State::Installing { next } | State::Active { next: Some(next), .. } => Some(next),
            _ => None,
        }
    }

    /// When something happens by itself.
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            State::Installing { next } | State::Active { next: Some(next), .. } => next.stage.until(),
            State::Removing { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// The installation that was asked for, where this one came with the same request.
    pub fn request(&self) -> Option<InstallationId> {
        match self.now() {
            Some(now) => now.request,
            None => self.next().and_then(|next| next.request),
        }
    }

    /// Whether it counts against the tier's quota.
    pub const fn counts(&self) -> bool {
        !matches!(self, State::Failed { .. })
    }

    fn wrong(&self, asked: &'static str) -> StateRefusal {
        StateRefusal::WrongState { state: self.name().name(), asked }
    }
}

impl Stands {
    /// A first attempt.
    pub const fn install(next: Attempt) -> Stands {
        Stands { state: State::Installing { next }, previous: None, refused: None }
    }

    /// Begins an attempt beside the version that runs; one that waits for consent gives way to it.
    ///
    /// # Errors
    /// [`StateRefusal`] where nothing runs, or the instance is at work on another attempt.
    pub fn begin(&mut self, attempt: Attempt) -> Result<(), StateRefusal> {
        match &mut self.state {
            State::Active { next: Some(next), .. } if next.stage.reached_the_instance() => {
                Err(StateRefusal::Busy { version: next.version.clone(), stage: next.stage.word() })
            }
            State::Active { next, .. } => {
                *next = Some(attempt);
                Ok(())
            }
            other => Err(other.wrong("updated")),
        }
    }

    /// Puts a command to the attempt under way (`number` names it where an instance does), and does what follows.
    /// Gives the stage that came of it.
    ///
    /// # Errors
    /// [`StateRefusal`]; nothing changed then.
    pub fn advance(
        &mut self,
        number: Option<u64>,
        command: &Command,
        waits: &InstallationPolicy,
        now: Timestamp,
    ) -> Result<Stage, StateRefusal> {
        let attempt = self.state.next().ok_or(StateRefusal::Idle)?;
        if let Some(given) = number.filter(|given| *given != attempt.number) {
            return Err(StateRefusal::OtherAttempt { given, wanted: attempt.number });
        }
        let stage = decide(&attempt.stage, command, waits, now)?;
        let attempt = Attempt { stage: stage.clone(), ..attempt.clone() };
        match &stage {
            Stage::Done { granted, at } => self.finish(&attempt, *granted, *at),
            Stage::Refused { in_stage, reason, at } => self.undo(&attempt, *in_stage, reason, *at),
            _ => match &mut self.state {
                State::Installing { next } => *next = attempt,
                State::Active { next, .. } => *next = Some(attempt),
                _ => return Err(StateRefusal::Idle),
            },
        }
        Ok(stage)
    }

    /// Takes back what came with a request that came to nothing, whether it is under way or there already. Gives the stage
    /// that it had reached; nothing where it did not come with that request, or is on its way out.
    pub fn take_back(&mut self, request: InstallationId, reason: Reason, at: Timestamp) -> Option<StageName> {
        if self.state.request() != Some(request) {
            return None;
        }
        let in_stage = match &self.state {
            State::Installing { next } => next.stage.name()?,
            State::Active { .. } | State::Disabled { .. } => StageName::StateInit,
            State::Failed { .. } | State::Removing { .. } => return None,
        };
        self.state = State::Failed { in_stage, reason, at };
        Some(in_stage)
    }

    /// Stops what runs.
    ///
    /// # Errors
    /// [`StateRefusal::WrongState`] where nothing runs.
    pub fn disable(&mut self, reason: String, at: Timestamp) -> Result<(), StateRefusal> {
        match &self.state {
            State::Active { now, .. } => {
                self.state = State::Disabled { now: now.clone(), reason, at };
                Ok(())
            }
            other => Err(other.wrong("disabled")),
        }
    }

    /// Lets run what was stopped, or keeps what was to be removed.
    ///
    /// # Errors
    /// [`StateRefusal::WrongState`] where nothing is stopped.
    pub fn enable(&mut self) -> Result<(), StateRefusal> {
        match &self.state {
            State::Disabled { now, .. } | State::Removing { was: now, .. } => {
                self.state = State::Active { now: now.clone(), next: None };
                Ok(())
            }
            other => Err(other.wrong("enabled")),
        }
    }

    /// Begins the removal of what is there; what has nothing to keep is gone at once.
    ///
    /// # Errors
    /// [`StateRefusal::WrongState`] where it is being removed already.
    pub fn remove(
        &mut self,
        reason: String,
        waits: &InstallationPolicy,
        now: Timestamp,
    ) -> Result<Removal, StateRefusal> {
        match &self.state {
            State::Active { now: was, .. } | State::Disabled { now: was, .. } => {
                let until = now.plus_ms(waits.removal_grace_ms);
                self.state = State::Removing { was: was.clone(), reason, until };
                Ok(Removal::After(until))
            }
            State::Installing { .. } | State::Failed { .. } => Ok(Removal::AtOnce),
            removing @ State::Removing { .. } => Err(removing.wrong("removed")),
        }
    }

    /// Changes what is granted to the version that runs.
    ///
    /// # Errors
    /// [`StateRefusal::WrongState`] where none does.
    pub fn regrant(&mut self, granted: ScopeSet) -> Result<(), StateRefusal> {
        match &mut self.state {
            State::Active { now, .. } | State::Disabled { now, .. } => {
                now.granted = granted;
                Ok(())
            }
            other => Err(other.wrong("granted anything")),
        }
    }

    /// The version it can go back to.
    ///
    /// # Errors
    /// [`StateRefusal::NoPrevious`].
    pub fn to_go_back_to(&self) -> Result<&Generation, StateRefusal> {
        self.previous.as_ref().ok_or(StateRefusal::NoPrevious)
    }

    fn finish(&mut self, attempt: &Attempt, granted: ScopeSet, at: Timestamp) {
        let generation = Generation {
            number: attempt.number,
            version_id: attempt.version_id,
            version: attempt.version.clone(),
            granted,
            since: at,
            request: attempt.request,
        };
        if let State::Active { now, .. } = &self.state {
            self.previous = Some(now.clone());
        }
        // Whoever goes back does not want the version again that they left.
        self.refused = match (attempt.why, &self.previous) {
            (Why::Rollback, Some(left)) => Some(left.version_id),
            _ => None,
        };
        self.state = State::Active { now: generation, next: None };
    }

    fn undo(&mut self, attempt: &Attempt, in_stage: StageName, reason: &Reason, at: Timestamp) {
        match &mut self.state {
            State::Active { next, .. } => {
                *next = None;
                if reason.code != ReasonCode::Superseded && reason.code != ReasonCode::InstanceTimedOut {
                    self.refused = Some(attempt.version_id);
                }
            }
            _ => self.state = State::Failed { in_stage, reason: reason.clone(), at },
        }
    }
}

/// When an installation is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Now: there was nothing to keep.
    AtOnce,
    /// Then.
    After(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::Asked;
    use crate::domain::id::Entropy;
    use crate::domain::scope::Scope;

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    fn attempt(number: u64, why: Why) -> Attempt {
        let seed = u8::try_from(number).unwrap();
        Attempt {
            number,
            version_id: VersionId::mint(NOW, &mut Entropy::from_seed([seed; 32])),
            version: VersionNumber::new(number, 0, 0),
            why,
            started_at: NOW,
            request: None,
            stage: Stage::CompatibilityCheck { asked: Asked::of(ScopeSet::EMPTY, ScopeSet::EMPTY, ScopeSet::EMPTY) },
        }
    }

    fn through(stands: &mut Stands) {
        for command in [
            Command::Judge(Ok(())),
            Command::Allocate(Ok(())),
            Command::Acknowledge(StageName::SandboxPrep, Ok(())),
            Command::Acknowledge(StageName::StateInit, Ok(())),
        ] {
            stands.advance(None, &command, &InstallationPolicy::default(), NOW).unwrap();
        }
    }

    fn installed() -> Stands {
        let mut stands = Stands::install(attempt(1, Why::Install));
        through(&mut stands);
        stands
    }

    #[test]
    fn an_update_runs_beside_the_old_version_until_it_is_done() {
        let mut stands = installed();
        stands.begin(attempt(2, Why::Update)).unwrap();
        stands.advance(None, &Command::Judge(Ok(())), &InstallationPolicy::default(), NOW).unwrap();
        assert_eq!(stands.state.now().unwrap().number, 1, "the old one stays");
        stands.advance(None, &Command::Allocate(Ok(())), &InstallationPolicy::default(), NOW).unwrap();
        assert!(matches!(stands.begin(attempt(3, Why::Update)), Err(StateRefusal::Busy { .. })));
        let stale = stands.advance(
            Some(1),
            &Command::Acknowledge(StageName::SandboxPrep, Ok(())),
            &InstallationPolicy::default(),
            NOW,
        );
        assert_eq!(stale, Err(StateRefusal::OtherAttempt { given: 1, wanted: 2 }));
        stands
            .advance(
                Some(2),
                &Command::Acknowledge(StageName::SandboxPrep, Ok(())),
                &InstallationPolicy::default(),
                NOW,
            )
            .unwrap();
        stands
            .advance(Some(2), &Command::Acknowledge(StageName::StateInit, Ok(())), &InstallationPolicy::default(), NOW)
            .unwrap();
        assert_eq!((stands.state.now().unwrap().number, stands.to_go_back_to().unwrap().number), (2, 1));
        assert_eq!(stands.advance(None, &Command::Lapse, &InstallationPolicy::default(), NOW), Err(StateRefusal::Idle));
    }

    #[test]
    fn what_is_refused_leaves_the_old_version_or_nothing() {
        let mut first = Stands::install(attempt(1, Why::Install));
        let no = Reason::new(ReasonCode::HostApi, "no");
        first.advance(None, &Command::Judge(Err(no.clone())), &InstallationPolicy::default(), NOW).unwrap();
        assert_eq!((first.state.name(), first.state.counts(), first.state.now()), (StateName::Failed, false, None));
        let mut stands = installed();
        let update = attempt(2, Why::Update);
        stands.begin(update.clone()).unwrap();
        stands.advance(None, &Command::Judge(Err(no)), &InstallationPolicy::default(), NOW).unwrap();
        assert_eq!((stands.state.now().unwrap().number, stands.refused), (1, Some(update.version_id)));
        assert_eq!(stands.state.next(), None);
    }

    #[test]
    fn stopping_removing_and_keeping_after_all() {
        let mut stands = installed();
        stands.disable("too loud".to_owned(), NOW).unwrap();
        assert!(stands.begin(attempt(2, Why::Update)).unwrap_err().to_string().contains("disabled"));
        stands.enable().unwrap();
        assert!(stands.enable().is_err());
        let waits = InstallationPolicy { removal_grace_ms: 9, ..InstallationPolicy::default() };
        let until = NOW.plus_ms(waits.removal_grace_ms);
        assert_eq!(stands.remove("not used".to_owned(), &waits, NOW), Ok(Removal::After(until)));
        assert_eq!(stands.state.due(), Some(until));
        assert!(stands.remove("again".to_owned(), &waits, NOW).is_err() && stands.disable(String::new(), NOW).is_err());
        stands.enable().unwrap();
        stands.regrant(ScopeSet::EMPTY.with(Scope::Ban)).unwrap();
        assert_eq!(stands.state.now().unwrap().granted.names(), ["ban"]);
        assert_eq!(Stands::install(attempt(1, Why::Install)).remove(String::new(), &waits, NOW), Ok(Removal::AtOnce));
    }

    #[test]
    fn who_goes_back_is_not_brought_forward_again() {
        let mut stands = installed();
        stands.begin(attempt(2, Why::Update)).unwrap();
        through(&mut stands);
        let left = stands.state.now().unwrap().version_id;
        let mut back = attempt(3, Why::Rollback);
        back.version_id = stands.to_go_back_to().unwrap().version_id;
        stands.begin(back).unwrap();
        through(&mut stands);
        assert_eq!(stands.refused, Some(left));
    }

    #[test]
    fn what_came_with_a_request_is_taken_back_with_it_and_nothing_else_is() {
        let id = |seed| InstallationId::mint(NOW, &mut Entropy::from_seed([seed; 32]));
        let reason = || Reason::new(ReasonCode::Cancelled, "the other one came to nothing");
        let with = |request| Stands::install(Attempt { request, ..attempt(1, Why::Install) });
        let mut under_way = with(Some(id(50)));
        assert_eq!(under_way.take_back(id(51), reason(), NOW), None);
        assert_eq!(under_way.take_back(id(50), reason(), NOW), Some(StageName::CompatibilityCheck));
        assert_eq!(under_way.take_back(id(50), reason(), NOW), None, "once");
        let mut there = with(Some(id(50)));
        through(&mut there);
        assert_eq!(there.state.request(), Some(id(50)));
        there.begin(attempt(2, Why::Update)).unwrap();
        assert_eq!(there.take_back(id(50), reason(), NOW), Some(StageName::StateInit));
        assert_eq!((there.state.name(), there.state.now()), (StateName::Failed, None));
        let mut alone = with(None);
        assert_eq!(alone.take_back(id(50), reason(), NOW), None);
    }

    #[test]
    fn states_are_stored_and_read_again() {
        let mut stands = installed();
        stands.begin(attempt(2, Why::Update)).unwrap();
        let text = serde_json::to_string(&stands.state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), stands.state, "{text}");
        for follow in Follow::ALL {
            assert_eq!(follow.name().parse(), Ok(*follow));
        }
    }
}
