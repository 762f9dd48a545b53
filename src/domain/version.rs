//! Version numbers: semantic versioning 2.0.0, compared by precedence alone.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version number of an extension (SemVer 2.0.0); equal and ordered by precedence, so build metadata never tells two apart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(semver::Version);

/// The text is no semantic version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no semantic version such as 1.4.0: {why}")]
pub struct NotAVersion {
    /// What was given, cut at 64 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl VersionNumber {
    /// Makes `major.minor.patch`.
    pub const fn new(major: u64, minor: u64, patch: u64) -> VersionNumber {
        VersionNumber(semver::Version::new(major, minor, patch))
    }

    /// The parsed number, for range matching.
    pub const fn semver(&self) -> &semver::Version {
        &self.0
    }

    /// The number with build metadata left out: what makes a number unique within an extension.
    pub fn precedence_key(&self) -> String {
        let mut bare = self.0.clone();
        bare.build = semver::BuildMetadata::EMPTY;
        bare.to_string()
    }

    /// The next patch number, without pre-release and build.
    #[must_use]
    pub const fn next_patch(&self) -> VersionNumber {
        VersionNumber::new(self.0.major, self.0.minor, self.0.patch.saturating_add(1))
    }
}

impl FromStr for VersionNumber {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<VersionNumber, NotAVersion> {
        let refused = |why: String| NotAVersion { text: text.chars().take(64).collect(), why };
        if text.len() > 100 {
            return Err(refused("longer than 100 characters".to_owned()));
        }
        semver::Version::parse(text).map(VersionNumber).map_err(|error| refused(error.to_string()))
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl PartialEq for VersionNumber {
    fn eq(&self, other: &VersionNumber) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for VersionNumber {}

impl PartialOrd for VersionNumber {
    fn partial_cmp(&self, other: &VersionNumber) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for VersionNumber {
    fn cmp(&self, other: &VersionNumber) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_decides_and_build_metadata_does_not() {
        let number = |text: &str| text.parse::<VersionNumber>().unwrap();
        assert_eq!(number("1.0.0+a"), number("1.0.0+b"));
        assert!(number("1.0.0-rc.1") < number("1.0.0"));
        assert!(number("1.9.0") < number("1.10.0"));
        assert_eq!(number("1.0.0-rc.1+x").precedence_key(), "1.0.0-rc.1");
        for bad in ["1.0", "v1.0.0", "01.0.0", "", &"1".repeat(101)] {
            assert!(bad.parse::<VersionNumber>().is_err(), "{bad}");
        }
    }
}
