//! Feature flags of one version: a switch or a share of the servers, with exceptions for single servers.

use super::id::{ExtensionId, ServerId};
use super::manifest::{FlagDefault, Manifest};
use super::rollout::per_mille;

/// Where the value of a flag comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagSource {
    /// From the version's manifest.
    Manifest,
    /// Its owner set it for the version.
    Version,
    /// It was set for this server.
    Server,
}

impl FlagSource {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            FlagSource::Manifest => "manifest",
            FlagSource::Version => "version",
            FlagSource::Server => "server",
        }
    }
}

/// What is known of one flag of a version on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// What the manifest says.
    pub default: FlagDefault,
    /// What the owner set for the version.
    pub version: Option<FlagDefault>,
    /// What was set for this server.
    pub server: Option<bool>,
}

impl Flag {
    /// Whether it is on for a server, and why. A share is of servers, and the same ones whenever it is asked.
    pub fn resolve(&self, extension: ExtensionId, server: ServerId) -> (bool, FlagSource) {
        if let Some(on) = self.server {
            return (on, FlagSource::Server);
        }
        let source = if self.version.is_some() { FlagSource::Version } else { FlagSource::Manifest };
        let on = match self.version.unwrap_or(self.default) {
            FlagDefault::Switch(on) => on,
            FlagDefault::Percentage(share) => {
                let place = per_mille(&["flag", &self.name, &extension.to_string(), &server.to_string()]);
                place < u16::from(share) * 10
            }
        };
        (on, source)
    }
}

/// The flags of a version, with what was set for it and for one server.
pub fn flags(
    manifest: &Manifest,
    version: impl Fn(&str) -> Option<FlagDefault>,
    server: impl Fn(&str) -> Option<bool>,
) -> Vec<Flag> {
    let each = manifest.flags.iter();
    each.map(|(name, default)| Flag {
        name: name.clone(),
        default: *default,
        version: version(name),
        server: server(name),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Entropy;
    use crate::domain::time::Timestamp;

    #[test]
    fn the_nearest_setting_wins_and_shares_are_stable_and_grow() {
        let mut entropy = Entropy::from_seed([8; 32]);
        let extension = ExtensionId::mint(Timestamp::from_ms(1), &mut entropy);
        let servers: Vec<ServerId> = (0..2_000).map(|_| ServerId::mint(Timestamp::from_ms(1), &mut entropy)).collect();
        let flag =
            |version, server| Flag { name: "fast".to_owned(), default: FlagDefault::Switch(false), version, server };
        assert_eq!(flag(None, None).resolve(extension, servers[0]), (false, FlagSource::Manifest));
        let on = Some(FlagDefault::Switch(true));
        assert_eq!(flag(on, None).resolve(extension, servers[0]), (true, FlagSource::Version));
        assert_eq!(flag(on, Some(false)).resolve(extension, servers[0]), (false, FlagSource::Server));
        let with = |share| -> Vec<bool> {
            let flag = flag(Some(FlagDefault::Percentage(share)), None);
            servers.iter().map(|server| flag.resolve(extension, *server).0).collect()
        };
        let count = |list: &[bool]| list.iter().filter(|on| **on).count();
        assert_eq!((count(&with(0)), count(&with(100))), (0, servers.len()));
        let (quarter, half) = (with(25), with(50));
        assert!((400..600).contains(&count(&quarter)), "{}", count(&quarter));
        assert!(quarter.iter().zip(&half).all(|(few, more)| *more || !*few), "who has it keeps it as the share grows");
    }
}
