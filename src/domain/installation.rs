//! The life of an installation: one attempt goes through five stages, each of which may refuse; an update is a second
//! attempt beside the version that runs.

mod attempt;
mod state;

pub use attempt::{Attempt, AttemptRefusal, Command, Stage, StageName, Why, decide};
pub use state::{Follow, Generation, Removal, Stands, State, StateName, StateRefusal};

use serde::{Deserialize, Serialize};

/// Why an attempt came to nothing: a stable word for programs and a sentence for the server's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The word.
    pub code: ReasonCode,
    /// The sentence.
    pub text: String,
}

/// The sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The instance offers another host API.
    HostApi,
    /// Nothing runs this sort of code.
    RuntimeNotRunnable,
    /// The instance cannot serve a scope.
    ScopeNotServed,
    /// The policy denies a scope.
    ScopeDenied,
    /// Other extensions that it needs are missing, or do not fit together.
    Dependencies,
    /// The configuration does not fit the version.
    Config,
    /// The version is not published, is yanked, or is held back.
    NotInstallable,
    /// The instance that serves the server is not there.
    InstanceSilent,
    /// The server's owner declined.
    ConsentDeclined,
    /// Nobody consented in time.
    ConsentTimedOut,
    /// The tier allows no more.
    Quota,
    /// The instance could not.
    InstanceRefused,
    /// The instance did not answer in time.
    InstanceTimedOut,
    /// Somebody gave it up.
    Cancelled,
    /// A newer order took its place.
    Superseded,
}

impl Reason {
    /// Puts word and sentence together.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Reason {
        Reason { code, text: text.into() }
    }
}

impl ReasonCode {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            ReasonCode::HostApi => "host_api",
            ReasonCode::RuntimeNotRunnable => "runtime_not_runnable",
            ReasonCode::ScopeNotServed => "scope_not_served",
            ReasonCode::ScopeDenied => "scope_denied",
            ReasonCode::Dependencies => "dependencies",
            ReasonCode::Config => "config",
            ReasonCode::NotInstallable => "not_installable",
            ReasonCode::InstanceSilent => "instance_silent",
            ReasonCode::ConsentDeclined => "consent_declined",
            ReasonCode::ConsentTimedOut => "consent_timed_out",
            ReasonCode::Quota => "quota",
            ReasonCode::InstanceRefused => "instance_refused",
            ReasonCode::InstanceTimedOut => "instance_timed_out",
            ReasonCode::Cancelled => "cancelled",
            ReasonCode::Superseded => "superseded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_named_on_the_wire_as_they_are_stored() {
        for code in [ReasonCode::HostApi, ReasonCode::ConsentTimedOut, ReasonCode::Superseded] {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.name()));
        }
    }
}
