//! Instances: bot processes that run extensions for many servers, what they announce, and whether they are heard.

use serde::{Deserialize, Serialize};

use super::account::AccountName;
use super::fault::Faults;
use super::id::{AccountId, InstanceId};
use super::limits::{INSTANCE_MEMORY_MIB_MAX, INSTANCE_WORDS_MAX};
use super::policy::InstallationPolicy;
use super::scope::ScopeSet;
use super::text::quoted;
use super::time::Timestamp;
use super::version::VersionNumber;

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its name: that of the account it speaks as.
    pub name: AccountName,
    /// The account it speaks as; nobody signs in with it.
    pub account: AccountId,
    /// What it said about itself last; nothing before its first announcement.
    pub announced: Option<Announcement>,
    /// When it was heard last.
    pub heard_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the announcements; its `ETag`.
    pub revision: i64,
}

/// What an instance can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The version of the host API it offers.
    pub host_api: VersionNumber,
    /// The scopes it can serve.
    pub scopes: ScopeSet,
    /// Features of WebAssembly beyond the first version of the language that its engine has; sorted.
    pub wasm_features: Vec<String>,
    /// MiB that it gives to extensions altogether.
    pub memory_mib: u64,
}

/// Whether an instance is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It has not announced anything yet.
    Unannounced,
    /// It was heard within `instance_silent_ms` of the policy.
    Live,
    /// It was heard before that only.
    Silent,
}

impl Presence {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Presence::Unannounced => "unannounced",
            Presence::Live => "live",
            Presence::Silent => "silent",
        }
    }
}

impl Instance {
    /// Whether it is there at `now`.
    pub fn presence(&self, policy: &InstallationPolicy, now: Timestamp) -> Presence {
        match (&self.announced, self.heard_at) {
            (None, _) | (_, None) => Presence::Unannounced,
            (Some(_), Some(heard)) if now.since_ms(heard) <= policy.instance_silent_ms => Presence::Live,
            (Some(_), Some(_)) => Presence::Silent,
        }
    }
}

/// What an announcement looks like before it is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The version of the host API.
    pub host_api: String,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// Names of features.
    pub wasm_features: Vec<String>,
    /// MiB for extensions.
    pub memory_mib: u64,
}

impl Claimed {
    /// Judges an announcement whole.
    ///
    /// # Errors
    /// Every fault with its pointer.
    pub fn judge(&self) -> Result<Announcement, Vec<super::fault::Fault>> {
        let mut faults = Faults::none();
        let host_api = self.host_api.parse().map_err(|error: super::version::NotAVersion| {
            faults.add("/host_api", "bad_version", error.to_string());
        });
        let mut scopes = ScopeSet::EMPTY;
        for (place, text) in self.scopes.iter().enumerate() {
            match text.parse() {
                Ok(scope) => scopes = scopes.with(scope),
                Err(refusal) => {
                    let refusal: super::scope::NotAScope = refusal;
                    faults.add(format!("/scopes/{place}"), "unknown_scope", refusal.to_string());
                }
            }
        }
        if self.wasm_features.len() > INSTANCE_WORDS_MAX {
            let message = format!("at most {INSTANCE_WORDS_MAX} features can be announced");
            faults.add("/wasm_features", "too_many", message);
        }
        for (place, word) in self.wasm_features.iter().enumerate().take(INSTANCE_WORDS_MAX) {
            let shaped = (1..=40).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
            if !shaped {
                let message = format!("{} is no feature's name: lower-case letters, digits, - and _", quoted(word));
                faults.add(format!("/wasm_features/{place}"), "bad_feature", message);
            }
        }
        if !(1..=INSTANCE_MEMORY_MIB_MAX).contains(&self.memory_mib) {
            let message =
                format!("memory for extensions is 1 to {INSTANCE_MEMORY_MIB_MAX} MiB, not {}", self.memory_mib);
            faults.add("/memory_mib", "out_of_range", message);
        }
        let mut wasm_features = self.wasm_features.clone();
        wasm_features.sort_unstable();
        wasm_features.dedup();
        match host_api {
            Ok(host_api) if faults.is_empty() => {
                Ok(Announcement { host_api, scopes, wasm_features, memory_mib: self.memory_mib })
            }
            _ => Err(faults.into_list()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed() -> Claimed {
        Claimed {
            host_api: "1.2.0".to_owned(),
            scopes: vec!["ban".to_owned(), "ban".to_owned()],
            wasm_features: vec!["simd".to_owned()],
            memory_mib: 512,
        }
    }

    #[test]
    fn nonsense_is_refused_whole_with_its_places() {
        assert_eq!(claimed().judge().unwrap().scopes.names(), ["ban"]);
        for memory_mib in [1, INSTANCE_MEMORY_MIB_MAX] {
            assert!(Claimed { memory_mib, ..claimed() }.judge().is_ok());
        }
        let nonsense = Claimed {
            host_api: "one".to_owned(),
            scopes: vec!["ban".to_owned(), "bann".to_owned()],
            wasm_features: vec!["SIMD!".to_owned()],
            memory_mib: 0,
        };
        let pointers: Vec<String> = nonsense.judge().unwrap_err().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/host_api", "/scopes/1", "/wasm_features/0", "/memory_mib"]);
        assert!(Claimed { memory_mib: INSTANCE_MEMORY_MIB_MAX + 1, ..claimed() }.judge().is_err());
        let words = |count| (0..count).map(|n| format!("f{n}")).collect();
        assert!(Claimed { wasm_features: words(INSTANCE_WORDS_MAX), ..claimed() }.judge().is_ok());
        assert!(Claimed { wasm_features: words(INSTANCE_WORDS_MAX + 1), ..claimed() }.judge().is_err());
    }

    #[test]
    fn an_instance_is_silent_after_its_time() {
        let at = Timestamp::from_ms;
        let instance = |announced, heard_at| Instance {
            id: InstanceId::mint(at(1), &mut super::super::id::Entropy::from_seed([1; 32])),
            name: "shard-1".parse().unwrap(),
            account: AccountId::mint(at(1), &mut super::super::id::Entropy::from_seed([2; 32])),
            announced,
            heard_at,
            created_at: at(1),
            revision: 1,
        };
        let said = claimed().judge().unwrap();
        let policy = InstallationPolicy { instance_silent_ms: 7_000, ..InstallationPolicy::default() };
        assert_eq!(instance(None, Some(at(5))).presence(&policy, at(6)), Presence::Unannounced);
        let heard = instance(Some(said), Some(at(5)));
        assert_eq!(heard.presence(&policy, at(5 + 7_000)), Presence::Live);
        assert_eq!(heard.presence(&policy, at(6 + 7_000)), Presence::Silent);
    }
}
