//! The demo's bot processes and the chat servers that they serve.

use crate::domain::scope::Scope;

/// One instance: a bot process that serves some of the servers.
pub struct Bot {
    /// Its name, and its account's.
    pub name: &'static str,
    /// MiB that it has for extensions.
    pub memory_mib: u64,
    /// How long ago it was started.
    pub days: i64,
    /// How long ago it was heard last; nothing where it is still there.
    pub silent_for_hours: Option<i64>,
    /// Scopes that it does not serve.
    pub without: &'static [Scope],
}

/// One chat server.
pub struct Server {
    /// The chat platform's id of it.
    pub guild: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its owner's account.
    pub owner: &'static str,
    /// Its tier.
    pub tier: &'static str,
    /// The instance that serves it.
    pub bot: &'static str,
    /// How many people are on it: they make an extension run.
    pub members: u64,
    /// How long ago it came.
    pub days: i64,
}

/// What one server overrides of the policy.
pub struct Override {
    /// The server.
    pub guild: &'static str,
    /// How long ago it was set.
    pub days: i64,
    /// What it overrides, as JSON.
    pub document: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Every instance.
pub const BOTS: &[Bot] = &[
    Bot { name: "shard-north", memory_mib: 2_048, days: 96, silent_for_hours: None, without: &[] },
    Bot { name: "shard-south", memory_mib: 2_048, days: 95, silent_for_hours: None, without: &[] },
    Bot {
        name: "shard-west",
        memory_mib: 1_024,
        days: 94,
        silent_for_hours: None,
        without: &[Scope::EconomyRead, Scope::EconomyManage],
    },
    Bot { name: "shard-attic", memory_mib: 256, days: 93, silent_for_hours: Some(76), without: &[] },
];

/// What servers override of the policy.
pub const OVERRIDES: &[Override] = &[
    Override {
        guild: "910000000000020004",
        days: 52,
        document: r#"{"scopes":{"economy_read":"deny","economy_manage":"deny"}}"#,
        reason: "No games for points at school.",
    },
    Override {
        guild: "910000000000030002",
        days: 44,
        document: r#"{"scopes":{"http_request":"deny"},"tiers":{"pro":{"http_per_minute":10}}}"#,
        reason: "What patients write stays here.",
    },
    Override {
        guild: "910000000000020007",
        days: 31,
        document: r#"{"scopes":{"ban":"two-person","kick":"two-person"}}"#,
        reason: "Two of us look at anything that can remove a member.",
    },
    Override {
        guild: "910000000000030005",
        days: 25,
        document: r#"{"tiers":{"pro":{"memory_mib":64,"concurrent_max":2}}}"#,
        reason: "The stream comes first on this machine.",
    },
    Override {
        guild: "910000000000010011",
        days: 9,
        document: r#"{"tiers":{"free":{"installed_max":6}}}"#,
        reason: "Six is enough for us.",
    },
];

const fn server(
    (guild, name): (&'static str, &'static str),
    owner: &'static str,
    (tier, bot): (&'static str, &'static str),
    (members, days): (u64, i64),
) -> Server {
    Server { guild, name, owner, tier, bot, members, days }
}

const NORTH: &str = "shard-north";
const SOUTH: &str = "shard-south";
const WEST: &str = "shard-west";
const ATTIC: &str = "shard-attic";

/// Every server.
pub const SERVERS: &[Server] = &[
    server(("910000000000010001", "Tuesday Tabletop"), "bram", ("free", NORTH), (64, 91)),
    server(("910000000000010002", "Knit and Natter"), "dagny", ("free", NORTH), (212, 88)),
    server(("910000000000010003", "Allotment 14"), "agnes", ("free", SOUTH), (38, 87)),
    server(("910000000000010004", "Night Shift Nurses"), "fatou", ("free", SOUTH), (430, 83)),
    server(("910000000000010005", "Synth Cellar"), "gus", ("free", WEST), (157, 80)),
    server(("910000000000010006", "The Slow Readers"), "hana", ("free", NORTH), (91, 77)),
    server(("910000000000010007", "Moss and Lichen"), "agnes", ("free", WEST), (73, 71)),
    server(("910000000000010008", "Harbour Swimmers"), "old-salt", ("free", SOUTH), (118, 66)),
    server(("910000000000010009", "Chess at Noon"), "emre", ("free", NORTH), (260, 62)),
    server(("910000000000010010", "Repair Saturday"), "bram", ("free", WEST), (84, 58)),
    server(("910000000000010011", "Second-hand Bikes"), "dagny", ("free", SOUTH), (345, 51)),
    server(("910000000000010012", "Sourdough Anonymous"), "cleo", ("free", NORTH), (502, 47)),
    server(("910000000000010013", "Basement Cinema"), "gus", ("free", WEST), (66, 41)),
    server(("910000000000010014", "Language Café"), "hana", ("free", SOUTH), (288, 36)),
    server(("910000000000010015", "Five-a-side"), "emre", ("free", NORTH), (44, 29)),
    server(("910000000000010016", "Parents of Twins"), "fatou", ("free", SOUTH), (131, 24)),
    server(("910000000000010017", "Birdsong Log"), "agnes", ("free", WEST), (59, 19)),
    server(("910000000000010018", "Street Piano"), "cleo", ("free", ATTIC), (27, 64)),
    server(("910000000000010019", "Old Maps"), "tobias-k", ("free", ATTIC), (95, 49)),
    server(("910000000000010020", "Film Photography"), "pixel-orchard", ("free", ATTIC), (176, 37)),
    server(("910000000000020001", "Pixel Orchard"), "pixel-orchard", ("plus", NORTH), (1_240, 90)),
    server(("910000000000020002", "Quillworks Workshop"), "quillworks", ("plus", SOUTH), (980, 86)),
    server(("910000000000020003", "Tabletop League"), "bram", ("plus", NORTH), (2_310, 82)),
    server(("910000000000020004", "Northgate School"), "hana", ("plus", WEST), (640, 79)),
    server(("910000000000020005", "City Choir"), "dagny", ("plus", SOUTH), (410, 70)),
    server(("910000000000020006", "Open Lab"), "mira", ("plus", NORTH), (1_720, 60)),
    server(("910000000000020007", "Tenants of Dock Street"), "fatou", ("plus", SOUTH), (890, 54)),
    server(("910000000000020008", "Speedrun Harbour"), "nightowl", ("plus", WEST), (3_050, 45)),
    server(("910000000000020009", "Indie Game Night"), "kestrel", ("plus", NORTH), (1_480, 34)),
    server(("910000000000020010", "Volunteer Fire Brigade"), "emre", ("plus", SOUTH), (320, 27)),
    server(("910000000000020011", "Radio Amateurs"), "old-salt", ("plus", WEST), (760, 22)),
    server(("910000000000020012", "Archive of Noise"), "sable", ("plus", ATTIC), (530, 57)),
    server(("910000000000030001", "Lighthouse"), "mira", ("pro", NORTH), (18_400, 91)),
    server(("910000000000030002", "Clinic Support"), "cleo", ("pro", SOUTH), (7_200, 89)),
    server(("910000000000030003", "The Long Campaign"), "quillworks", ("pro", NORTH), (12_900, 84)),
    server(("910000000000030004", "Drydock"), "harbor-labs", ("pro", WEST), (9_600, 74)),
    server(("910000000000030005", "Late Stream"), "nightowl", ("pro", SOUTH), (31_000, 68)),
    server(("910000000000030006", "Open Source Harbour"), "harbor-labs", ("pro", NORTH), (22_700, 56)),
    server(("910000000000030007", "Student Union"), "hana", ("pro", WEST), (15_300, 39)),
    server(("910000000000030008", "Marathon 42"), "emre", ("pro", SOUTH), (5_800, 30)),
];

impl Server {
    /// How many extensions are installed on it.
    pub fn installations(&self) -> u64 {
        match self.tier {
            "free" => 5,
            "plus" => 8,
            _ => 13,
        }
    }

    /// The server with this id of the chat platform.
    pub fn of(guild: &str) -> Option<&'static Server> {
        SERVERS.iter().find(|server| server.guild == guild)
    }
}

impl Bot {
    /// The instance with this name.
    pub fn of(name: &str) -> Option<&'static Bot> {
        BOTS.iter().find(|bot| bot.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::catalogue::PEOPLE;
    use super::*;

    #[test]
    fn forty_servers_in_three_tiers_have_three_hundred_installations() {
        let tiers: BTreeSet<&str> = SERVERS.iter().map(|server| server.tier).collect();
        let guilds: BTreeSet<&str> = SERVERS.iter().map(|server| server.guild).collect();
        assert_eq!((SERVERS.len(), guilds.len(), tiers.len(), BOTS.len()), (40, 40, 3, 4));
        assert_eq!(SERVERS.iter().map(Server::installations).sum::<u64>(), 300);
        for server in SERVERS {
            let bot = Bot::of(server.bot).unwrap();
            assert!(bot.days > server.days, "{} came before its instance", server.name);
            assert!(PEOPLE.iter().any(|person| person.name == server.owner && person.days > server.days));
        }
        assert!(OVERRIDES.iter().all(|made| Server::of(made.guild).unwrap().days > made.days));
    }
}
