//! Consent: what a version asks of a server, what its owner grants, and what taking a grant back means.

use serde::{Deserialize, Serialize};

use super::scope::{Scope, ScopeSet};

/// What a version asks for on one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What it cannot do without.
    pub needed: ScopeSet,
    /// What it can do without.
    pub optional: ScopeSet,
    /// What was granted to the version that runs now.
    pub has: ScopeSet,
    /// Whether nothing was installed before, so that the owner is asked about what may be left out too.
    #[serde(default)]
    pub is_first: bool,
}

/// One scope as the person who grants it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedScope {
    /// Which.
    pub scope: Scope,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it was granted before.
    pub granted: bool,
}

/// Why a grant is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRefusal {
    /// It names scopes that the version does not ask for.
    #[error("this version does not ask for {}; nothing was granted", .0.names().join(", "))]
    NeverAsked(ScopeSet),
    /// It leaves out what the version cannot do without.
    #[error("this version cannot do without {}; grant that too, or decline the version", .0.names().join(", "))]
    NeededLeftOut(ScopeSet),
}

/// What follows from taking scopes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The version runs on with what is left.
    RunsOn(ScopeSet),
    /// The version cannot do without one of them: it stops.
    Stops(ScopeSet),
}

impl Asked {
    /// What a version with these scopes asks for where `has` was granted before.
    pub const fn of(declared: ScopeSet, optional: ScopeSet, has: ScopeSet) -> Asked {
        let optional = declared.and(optional);
        Asked { needed: declared.minus(optional), optional, has: has.and(declared), is_first: false }
    }

    /// The same where nothing was installed before.
    #[must_use]
    pub const fn for_the_first_time(self) -> Asked {
        Asked { is_first: true, ..self }
    }

    /// Everything it asks for.
    pub const fn all(self) -> ScopeSet {
        self.needed.or(self.optional)
    }

    /// What it asks for and was not granted before.
    pub const fn fresh(self) -> ScopeSet {
        self.all().minus(self.has)
    }

    /// What an earlier grant already allows, where that is enough to go on without asking.
    pub const fn covered(self) -> Option<ScopeSet> {
        let must_ask = self.is_first && !self.all().is_empty();
        if self.needed.is_subset(self.has) && !must_ask { Some(self.has) } else { None }
    }

    /// Judges a grant.
    ///
    /// # Errors
    /// [`ConsentRefusal`]; nothing is granted then.
    pub fn settle(self, granted: ScopeSet) -> Result<ScopeSet, ConsentRefusal> {
        let never_asked = granted.minus(self.all());
        if !never_asked.is_empty() {
            return Err(ConsentRefusal::NeverAsked(never_asked));
        }
        let left_out = self.needed.minus(granted);
        if !left_out.is_empty() {
            return Err(ConsentRefusal::NeededLeftOut(left_out));
        }
        Ok(granted)
    }

    /// What is asked for, most dangerous first.
    pub fn by_risk(self) -> Vec<AskedScope> {
        let mut list: Vec<AskedScope> = self
            .all()
            .iter()
            .map(|scope| AskedScope {
                scope,
                optional: self.optional.contains(scope),
                granted: self.has.contains(scope),
            })
            .collect();
        list.sort_by_key(|asked| (std::cmp::Reverse(asked.scope.risk()), asked.scope));
        list
    }
}

/// Takes scopes back from a version that has `granted` and cannot do without `needed`; scopes that it does not have
/// change nothing.
pub const fn revoke(granted: ScopeSet, needed: ScopeSet, revoked: ScopeSet) -> Revoked {
    let left = granted.minus(revoked);
    if needed.is_subset(left) { Revoked::RunsOn(left) } else { Revoked::Stops(left) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(scopes: &[Scope]) -> ScopeSet {
        scopes.iter().copied().collect()
    }

    #[test]
    fn a_grant_is_what_was_asked_and_at_least_what_is_needed() {
        let asked = Asked::of(set(&[Scope::Ban, Scope::Kick, Scope::Storage]), set(&[Scope::Storage]), ScopeSet::EMPTY);
        assert_eq!(asked.settle(set(&[Scope::Ban, Scope::Kick])), Ok(set(&[Scope::Ban, Scope::Kick])));
        assert_eq!(asked.settle(set(&[Scope::Ban])), Err(ConsentRefusal::NeededLeftOut(set(&[Scope::Kick]))));
        let beyond = asked.settle(set(&[Scope::Ban, Scope::Kick, Scope::Webhooks])).unwrap_err();
        assert_eq!(beyond, ConsentRefusal::NeverAsked(set(&[Scope::Webhooks])));
        assert!(beyond.to_string().contains("webhooks"));
        let risks: Vec<u8> = asked.by_risk().iter().map(|asked| asked.scope.risk()).collect();
        assert_eq!(risks, [10, 8, 2]);
    }

    #[test]
    fn an_update_waits_only_where_it_needs_more() {
        let had = set(&[Scope::Kick, Scope::Storage]);
        assert_eq!(Asked::of(set(&[Scope::Kick]), ScopeSet::EMPTY, had).covered(), Some(set(&[Scope::Kick])));
        let more = Asked::of(set(&[Scope::Kick, Scope::Ban]), ScopeSet::EMPTY, had);
        assert_eq!((more.covered(), more.fresh()), (None, set(&[Scope::Ban])));
        let offered = Asked::of(set(&[Scope::Kick, Scope::Ban]), set(&[Scope::Ban]), had);
        assert_eq!(offered.covered(), Some(set(&[Scope::Kick])));
        assert_eq!(offered.for_the_first_time().covered(), None);
        let nothing = Asked::of(ScopeSet::EMPTY, ScopeSet::EMPTY, ScopeSet::EMPTY).for_the_first_time();
        assert_eq!(nothing.covered(), Some(ScopeSet::EMPTY));
    }

    #[test]
    fn taking_back_what_is_needed_stops_the_version() {
        let (granted, needed) = (set(&[Scope::Ban, Scope::Storage]), set(&[Scope::Ban]));
        assert_eq!(revoke(granted, needed, set(&[Scope::Storage])), Revoked::RunsOn(needed));
        assert_eq!(revoke(granted, needed, needed), Revoked::Stops(set(&[Scope::Storage])));
    }

    proptest! {
        #[test]
        fn nothing_is_ever_granted_that_was_not_asked(declared in 0_u32..1 << 25, optional in 0_u32..1 << 25, granted in 0_u32..1 << 25) {
            let of = |bits: u32| Scope::ALL.iter().copied().filter(|scope| bits & (1 << *scope as u32) != 0).collect::<ScopeSet>();
            let asked = Asked::of(of(declared), of(optional), ScopeSet::EMPTY);
            if let Ok(settled) = asked.settle(of(granted)) {
                prop_assert!(settled.is_subset(of(declared)) && asked.needed.is_subset(settled));
            }
        }
    }
}
