//! Whether the extension is shown, and which of its versions are held back.

use semver::{Comparator, Op, VersionReq};
use serde::{Deserialize, Serialize};

use crate::domain::id::AccountId;
use crate::domain::text::quoted;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// How the extension stands in the marketplace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Listing {
    /// Shown to everyone.
    #[default]
    Listed,
    /// Found by its slug only.
    Unlisted,
    /// Held back while it is looked into: nobody new gets it, what is installed runs on.
    Quarantined(Hold),
    /// Stopped: hosts no longer run it.
    Blocked(Hold),
}

/// Why and by whom versions are held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The versions it covers; none is all of them.
    pub range: Option<VersionReq>,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
}

impl Listing {
    /// The name of the state on the wire and in filters.
    pub const fn name(&self) -> &'static str {
        match self {
            Listing::Listed => "listed",
            Listing::Unlisted => "unlisted",
            Listing::Quarantined(_) => "quarantined",
            Listing::Blocked(_) => "blocked",
        }
    }

    /// The hold, where there is one.
    pub const fn hold(&self) -> Option<&Hold> {
        match self {
            Listing::Quarantined(hold) | Listing::Blocked(hold) => Some(hold),
            Listing::Listed | Listing::Unlisted => None,
        }
    }

    /// Whether nobody new may get this version.
    pub fn withholds(&self, number: &VersionNumber) -> bool {
        self.hold().is_some_and(|hold| hold.covers(number))
    }

    /// Whether hosts must stop running this version.
    pub fn stops(&self, number: &VersionNumber) -> bool {
        matches!(self, Listing::Blocked(hold) if hold.covers(number))
    }
}

impl Hold {
    /// Whether the hold is on this version. Pre-releases count as within a range that their release is in, and below
    /// an upper bound they come before: a hold errs towards holding, unlike a dependency's range.
    pub fn covers(&self, number: &VersionNumber) -> bool {
        let Some(range) = &self.range else { return true };
        range.comparators.iter().all(|comparator| covers(comparator, number.semver()))
    }
}

/// Reads a range of versions such as `>=1.2, <2`.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_range(text: &str) -> Result<VersionReq, String> {
    if text.len() > 200 {
        return Err("a range of versions has at most 200 characters".to_owned());
    }
    VersionReq::parse(text)
        .map_err(|error| format!("{} is no range of versions such as \">=1.2, <2\": {error}", quoted(text)))
}

fn covers(comparator: &Comparator, number: &semver::Version) -> bool {
    let release = semver::Version::new(number.major, number.minor, number.patch);
    let below_the_bound = || {
        let mut bound =
            semver::Version::new(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
        bound.pre = comparator.pre.clone();
        number.cmp_precedence(&bound).is_lt()
    };
    comparator.matches(number) || comparator.matches(&release) || (comparator.op == Op::Less && below_the_bound())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;

    fn hold(range: Option<&str>) -> Hold {
        let by = AccountId::mint(Timestamp::from_ms(0), &mut Entropy::from_seed([1; 32]));
        let range = range.map(|range| parse_range(range).unwrap());
        Hold { range, reason: "leaks tokens".to_owned(), by, at: Timestamp::from_ms(0) }
    }

    #[test]
    fn a_hold_covers_its_range_and_the_pre_releases_in_it() {
        for (range, number, covered) in [
            (None, "1.0.0-rc.1", true),
            (Some("<2"), "1.9.9", true),
            (Some("<2"), "2.0.0", false),
            (Some("<2"), "2.0.0-rc.1", true),
            (Some(">=1.2, <2"), "1.1.9", false),
            (Some(">=1.2, <2"), "1.5.0-beta", true),
            (Some("=1.2.3"), "1.2.3+build", true),
            (Some("~1.2"), "1.3.0", false),
        ] {
            let number: VersionNumber = number.parse().unwrap();
            assert_eq!(hold(range).covers(&number), covered, "{number} in {range:?}");
        }
        assert!(parse_range("newest").unwrap_err().contains("newest"));
    }

    #[test]
    fn only_a_block_stops_and_both_withhold() {
        let number = VersionNumber::new(1, 0, 0);
        for (listing, withholds, stops) in [
            (Listing::Listed, false, false),
            (Listing::Unlisted, false, false),
            (Listing::Quarantined(hold(None)), true, false),
            (Listing::Blocked(hold(None)), true, true),
        ] {
            assert_eq!((listing.withholds(&number), listing.stops(&number)), (withholds, stops), "{}", listing.name());
            let text = serde_json::to_string(&listing).unwrap();
            assert!(text.contains(&format!("\"state\":\"{}\"", listing.name())), "{text}");
            assert_eq!(serde_json::from_str::<Listing>(&text).unwrap(), listing);
        }
    }
}
