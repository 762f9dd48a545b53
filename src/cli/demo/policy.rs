//! How the demo's policy came to be what it is, and the draft that its administrator is about to apply.

use crate::cli::{Exit, Failure};
use crate::domain::json::Json;
use crate::domain::policy::{Document, Place, Policy};
use crate::domain::time::Timestamp;

/// One revision of the policy, or the draft of one.
pub struct Revision {
    /// How long ago it was applied.
    pub days: i64,
    /// The document, as JSON.
    pub document: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// What was applied, oldest first.
pub const REVISIONS: &[Revision] = &[
    Revision {
        days: 160,
        document: r#"{"locked":["scopes.webhooks"],"scopes":{"webhooks":"review"}}"#,
        reason: "Webhooks carry what is said on a server out of it: somebody looks at each of them.",
    },
    Revision {
        days: 37,
        document: r#"{"locked":["scopes.webhooks"],"scopes":{"webhooks":"review"},
            "network_allowlist":["tides.example.org"],"tiers":{"free":{"installed_max":8}}}"#,
        reason: "Tide tables may be fetched; free servers had more installed than they used.",
    },
];

/// What is planned when the demo starts.
pub const DRAFT: Revision = Revision {
    days: 0,
    document: r#"{"locked":["scopes.webhooks"],"scopes":{"webhooks":"deny"},
        "network_allowlist":["tides.example.org"],"tiers":{"free":{"installed_max":8,"memory_mib":16}}}"#,
    reason: "Nobody needed webhooks since the channels can follow each other, and few extensions need 16 MiB.",
};

/// The policies that were in force, each with its start; the built-in one is before all of them.
///
/// # Errors
/// Where a document is broken, which a test would have found.
pub fn in_force(now: Timestamp) -> Result<Vec<(Timestamp, Policy)>, Failure> {
    let read = |revision: &Revision| {
        let since = now.plus_ms(-revision.days * 86_400_000);
        let json = revision.json()?;
        let document = Document::from_json(&json, Place::Global)
            .map_err(|faults| broken(&faults.first().map(ToString::to_string).unwrap_or_default()))?;
        Ok((since, Policy::of_document(&document)))
    };
    REVISIONS.iter().map(read).collect()
}

impl Revision {
    /// The document.
    ///
    /// # Errors
    /// Where it is no JSON, which a test would have found.
    pub fn json(&self) -> Result<Json, Failure> {
        Json::parse(self.document.as_bytes()).map_err(|fault| broken(&fault.to_string()))
    }
}

fn broken(what: &str) -> Failure {
    Failure::new(Exit::Failed, format!("the demo's policy: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::ScopeVerdict;
    use crate::domain::scope::Scope;

    #[test]
    fn the_draft_denies_webhooks_and_halves_the_memory_of_the_free_tier() {
        let policies = in_force(Timestamp::from_ms(1_790_000_000_000)).map_err(|failure| failure.to_string()).unwrap();
        let (_, last) = policies.last().unwrap();
        let json = DRAFT.json().map_err(|failure| failure.to_string()).unwrap();
        let draft = Policy::of_document(&Document::from_json(&json, Place::Global).unwrap());
        assert_eq!(last.verdict(Scope::Webhooks), ScopeVerdict::Review);
        assert_eq!(draft.verdict(Scope::Webhooks), ScopeVerdict::Deny);
        assert_eq!(draft.tiers["free"].memory_mib * 2, last.tiers["free"].memory_mib);
        assert_eq!(draft.network_allowlist, last.network_allowlist);
    }
}
