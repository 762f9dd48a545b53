//! What happened on the demo's servers, dated: which came when, what they installed, what waits and what was stopped.

use super::catalogue::{Entry, Release, catalogue, entry};
use super::dice::Dice;
use super::entries::ENTRIES;
use super::guilds::GuildDeed;
use super::policy::{DRAFT, REVISIONS};
use super::sales;
use super::servers::{BOTS, Bot, OVERRIDES, SERVERS, Server};
use super::story::{DAY_MS, Deed, HOUR_MS, MINUTE_MS, Step};
use crate::domain::installation::Follow;
use crate::domain::time::Timestamp;

/// Days of which the hours' usage is told.
pub const USAGE_DAYS: i64 = 90;
/// The version that failed on many servers, and how many hours ago it was taken back.
pub const BAD: Bad = Bad { slug: "role-picker", number: "1.1.1", back_to: "1.1.0", hours: 24 * 11 + 20 };

/// A version that went bad.
pub struct Bad {
    /// The extension.
    pub slug: &'static str,
    /// Its number.
    pub number: &'static str,
    /// What the channel went back to.
    pub back_to: &'static str,
    /// When, in hours before the story is told.
    pub hours: i64,
}

/// The extensions that are asked for more often than others, with how much more often.
const WANTED: &[(&str, u64)] = &[
    ("warm-welcome", 34),
    ("ban-hammer", 22),
    ("gatekeeper", 38),
    ("dice-tower", 26),
    ("faq", 28),
    ("levels", 64),
    ("role-picker", 38),
    ("town-crier", 16),
    ("signal-flags", 9),
    ("sea-chart", 22),
    ("digest", 16),
    ("bookshelf", 15),
];

/// Every step that has to do with servers and the policy.
pub fn steps(now: Timestamp) -> Vec<Step> {
    let ago = |ms: i64, deed: GuildDeed| Step { at: now.plus_ms(-ms), deed: Deed::Guild(deed) };
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(REVISIONS.iter().map(|revision| ago(revision.days * DAY_MS, GuildDeed::Policy(revision))));
    steps.extend(BOTS.iter().map(|bot| ago(bot.days * DAY_MS, GuildDeed::Start(bot))));
    for server in SERVERS {
        steps.push(ago(server.days * DAY_MS, GuildDeed::Describe(server)));
        for (hours, slug, follow) in installed(server) {
            steps.push(ago(hours * HOUR_MS + 20 * MINUTE_MS, GuildDeed::Install(server, slug, follow)));
        }
    }
    steps.extend(OVERRIDES.iter().map(|made| ago(made.days * DAY_MS, GuildDeed::Override(made))));
    let first = BOTS.iter().map(|bot| bot.days).max().unwrap_or(0);
    steps.extend((1..=first).map(|days| ago(days * DAY_MS, GuildDeed::Day)));
    steps.extend(incidents().into_iter().map(|(ms, deed)| ago(ms, deed)));
    steps.extend(sales::steps().map(|(ms, deed)| ago(ms, deed)));
    steps.push(ago(0, GuildDeed::Day));
    steps.push(ago(0, GuildDeed::Plan(&DRAFT)));
    steps
}

/// What somebody did by hand, each with how long ago it was.
fn incidents() -> Vec<(i64, GuildDeed)> {
    let levels = entry("levels").and_then(Entry::published_hours).unwrap_or(0);
    vec![
        (BAD.hours * HOUR_MS, GuildDeed::RollBack(&BAD)),
        (
            (levels - 27) * HOUR_MS,
            GuildDeed::Pause("levels", "Two servers say that ranks start again from nothing; looking into it."),
        ),
        (70 * HOUR_MS, GuildDeed::Answer { slug: "gatekeeper", grants: 3, declines: 1 }),
        (58 * HOUR_MS, GuildDeed::Disable { nth: 40, reason: "It answers twice." }),
        (50 * HOUR_MS, GuildDeed::Remove { nth: 77, reason: "We did not use it." }),
        (26 * HOUR_MS, GuildDeed::Remove { nth: 205, reason: "The other one does it better." }),
    ]
}

/// What a server installs: how many hours ago, what, and how it follows the channel.
fn installed(server: &'static Server) -> Vec<(i64, &'static str, Follow)> {
    let mut dice = Dice::of(server.guild);
    let until = Bot::of(server.bot).and_then(|bot| bot.silent_for_hours).unwrap_or(0) + 30;
    let (begun, count) = (server.days * 24 - 1, server.installations());
    let mut found: Vec<(i64, &'static str, Follow)> = Vec::new();
    for place in 0..count {
        // Most of it soon after the server came, the rest little by little.
        let part = place * place * 1_000 / (count * count);
        let hours = begun - (begun - until) * i64::try_from(part).unwrap_or(0) / 1_000;
        let weight = |entry: &&'static Entry| {
            let there = entry.versions.iter().filter_map(Release::published_hours).max();
            let is_new = found.iter().all(|(_, slug, _)| *slug != entry.slug);
            if is_new && there.is_some_and(|there| there > hours) { wanted(entry.slug) } else { 0 }
        };
        let weights: Vec<u64> = catalogue().iter().map(weight).collect();
        let Some(chosen) = dice.weighted(&weights) else { continue };
        let follow = match dice.below(20) {
            0 => Follow::Pinned,
            1 | 2 => Follow::Manual,
            _ => Follow::Automatic,
        };
        found.push((hours, catalogue()[chosen].slug, follow));
    }
    found
}

fn wanted(slug: &str) -> u64 {
    let known = WANTED.iter().find(|(wanted, _)| *wanted == slug).map(|(_, weight)| *weight);
    known.unwrap_or(if ENTRIES.iter().any(|entry| entry.slug == slug) { 8 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_finds_as_much_as_it_wants_and_most_of_the_catalogue_is_used() {
        let mut used = std::collections::BTreeMap::new();
        for server in SERVERS {
            let found = installed(server);
            assert_eq!(found.len() as u64, server.installations(), "{}", server.name);
            for (hours, slug, _) in found {
                assert!(hours < server.days * 24 && hours > 24, "{} {slug} {hours}", server.name);
                *used.entry(slug).or_insert(0_u32) += 1;
            }
        }
        assert!(used.len() >= 40, "{used:?}");
        for (slug, least) in
            [("gatekeeper", 8), ("levels", 12), ("role-picker", 8), ("town-crier", 4), ("sea-chart", 3)]
        {
            assert!(used[slug] >= least, "{used:?}");
        }
    }
}
