//! The demo's catalogue: who is there, what they made, and what became of each version.

use crate::domain::account::Role;
use crate::domain::extension::ReasonCode;

/// One account of the demo.
pub struct Person {
    /// Its name.
    pub name: &'static str,
    /// Its role.
    pub role: Role,
    /// Whether it is vouched for.
    pub verified: bool,
    /// How long ago it was made.
    pub days: i64,
}

/// One extension of the demo.
pub struct Entry {
    /// Its slug.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says of itself.
    pub description: &'static str,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// Its owner's name.
    pub owner: &'static str,
    /// The folder of its code in `fixtures/extensions` or the file in `fixtures/demo`.
    pub code: &'static str,
    /// Its versions, oldest first.
    pub versions: &'static [Release],
}

/// One version of an extension.
pub struct Release {
    /// Its number.
    pub number: &'static str,
    /// How long ago it was submitted, or saved where it never was.
    pub hours: i64,
    /// Scopes it declares beside those its code needs.
    pub more_scopes: &'static [&'static str],
    /// The code, where it is another than the extension's.
    pub code: Option<&'static str>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a version.
#[derive(Clone, Copy)]
pub enum Fate {
    /// Approved after some hours.
    Published,
    /// Approved, and yanked later for this reason.
    Yanked(&'static str),
    /// Rejected by a maintainer.
    Rejected(ReasonCode, &'static str),
    /// Submitted; the checks decide and nobody has looked since.
    Waiting,
    /// Waiting, with a note of a maintainer.
    Noted(&'static str, &'static str),
    /// Claimed by a maintainer just now.
    Claimed(&'static str),
    /// Approved by a first maintainer where two are needed.
    HalfApproved(&'static str),
    /// Taken back.
    Withdrawn,
    /// Saved and not submitted.
    Saved,
    /// Being written.
    Draft,
}

/// Everybody, the console's own account first.
pub const PEOPLE: &[Person] = &[
    person("captain", Role::Administrator, true, 400),
    person("ines", Role::Maintainer, true, 390),
    person("rahul", Role::Maintainer, true, 310),
    person("noor", Role::Maintainer, true, 120),
    person("harbor-labs", Role::User, true, 380),
    person("mira", Role::User, true, 350),
    person("quillworks", Role::User, true, 300),
    person("tobias-k", Role::User, false, 260),
    person("nightowl", Role::User, true, 220),
    person("pixel-orchard", Role::User, true, 200),
    person("sable", Role::User, false, 150),
    person("juniper-dev", Role::User, false, 90),
    person("old-salt", Role::User, true, 370),
    person("kestrel", Role::User, false, 60),
    person("fresh-paint", Role::User, false, 6),
    person("gift-central", Role::User, false, 2),
];

const fn person(name: &'static str, role: Role, verified: bool, days: i64) -> Person {
    Person { name, role, verified, days }
}

const fn release(number: &'static str, hours: i64, fate: Fate) -> Release {
    Release { number, hours, more_scopes: &[], code: None, fate }
}

const fn wider(number: &'static str, hours: i64, more_scopes: &'static [&'static str], fate: Fate) -> Release {
    Release { number, hours, more_scopes, code: None, fate }
}

const fn other(number: &'static str, hours: i64, code: &'static str, fate: Fate) -> Release {
    Release { number, hours, more_scopes: &[], code: Some(code), fate }
}

/// Every extension.
pub const ENTRIES: &[Entry] = &[
    Entry {
        slug: "warm-welcome",
        name: "Warm Welcome",
        description: "Greets new members by name in a channel you choose, and says where to go first.",
        tags: &["welcome", "community"],
        owner: "harbor-labs",
        code: "welcome",
        versions: &[
            release("1.0.0", 24 * 300, Fate::Published),
            release("1.1.0", 24 * 90, Fate::Published),
            release("1.2.0", 30, Fate::Waiting),
        ],
    },
    Entry {
        slug: "lantern",
        name: "Lantern",
        description: "A quiet greeter for small servers: one line, no mentions, nothing else.",
        tags: &["welcome"],
        owner: "mira",
        code: "welcome",
        versions: &[release("0.9.0", 24 * 80, Fate::Published), release("1.0.0", 52, Fate::Waiting)],
    },
    Entry {
        slug: "porch-light",
        name: "Porch Light",
        description: "Welcomes people back after they have been away for a while.",
        tags: &["welcome", "community"],
        owner: "juniper-dev",
        code: "welcome",
        versions: &[wider("1.0.0", 9, &["members_manage"], Fate::Waiting)],
    },
    Entry {
        slug: "ban-hammer",
        name: "Ban Hammer",
        description: "Bans with a reason, from one command, and says in the channel what was done and why.",
        tags: &["moderation"],
        owner: "harbor-labs",
        code: "ban-hammer",
        versions: &[
            release("2.0.0", 24 * 210, Fate::Published),
            release("2.1.0", 24 * 45, Fate::Published),
            release("2.2.0", 41, Fate::Claimed("ines")),
        ],
    },
    Entry {
        slug: "gatekeeper",
        name: "Gatekeeper",
        description: "A ban command for moderators who want every ban to carry a reason.",
        tags: &["moderation", "safety"],
        owner: "old-salt",
        code: "ban-hammer",
        versions: &[
            release("1.4.0", 24 * 180, Fate::Published),
            wider("1.5.0", 47, &["guild_manage"], Fate::HalfApproved("rahul")),
        ],
    },
    Entry {
        slug: "iron-broom",
        name: "Iron Broom",
        description: "Sweeps out spammers. Use with care.",
        tags: &["moderation"],
        owner: "sable",
        code: "ban-hammer",
        versions: &[
            Release {
                number: "0.1.0",
                hours: 24 * 20,
                more_scopes: &["kick", "messages_manage", "guild_manage"],
                code: None,
                fate: Fate::Rejected(
                    ReasonCode::ScopesExcessive,
                    "It asks for kick, messages_manage and guild_manage, and calls none of them. Ask for ban alone and submit again.",
                ),
            },
            wider("0.2.0", 26, &["kick"], Fate::Waiting),
        ],
    },
    Entry {
        slug: "dice-tower",
        name: "Dice Tower",
        description: "Rolls dice for tabletop evenings, with a slash command.",
        tags: &["games", "fun"],
        owner: "quillworks",
        code: "dice",
        versions: &[
            release("1.0.0", 24 * 270, Fate::Published),
            release("1.0.1", 24 * 200, Fate::Yanked("rolled 0 on some dice")),
            release("1.1.0", 24 * 190, Fate::Published),
            release("1.2.0", 20, Fate::Waiting),
        ],
    },
    Entry {
        slug: "lucky-coin",
        name: "Lucky Coin",
        description: "Heads or tails, settled once and for all.",
        tags: &["fun"],
        owner: "fresh-paint",
        code: "dice",
        versions: &[wider("1.0.0", 3, &["ban", "storage"], Fate::Waiting)],
    },
    Entry {
        slug: "tavern-dice",
        name: "Tavern Dice",
        description: "Dice with house rules, for the long campaign.",
        tags: &["games"],
        owner: "kestrel",
        code: "dice",
        versions: &[
            release("0.2.0", 24 * 55, Fate::Published),
            release("0.3.0", 24 * 40, Fate::Published),
            release(
                "0.4.0",
                33,
                Fate::Noted(
                    "noor",
                    "Same code shape as Dice Tower; the author confirmed it is a fork with permission.",
                ),
            ),
        ],
    },
    Entry {
        slug: "faq",
        name: "Frequently Asked",
        description: "Answers the questions that come up every day, when it sees their keywords.",
        tags: &["support"],
        owner: "mira",
        code: "faq",
        versions: &[
            release("1.0.0", 24 * 240, Fate::Published),
            release("1.1.0", 24 * 100, Fate::Published),
            release("2.0.0", 55, Fate::Waiting),
        ],
    },
    Entry {
        slug: "house-rules",
        name: "House Rules",
        description: "Quotes the rule when somebody asks for it.",
        tags: &["support", "community"],
        owner: "pixel-orchard",
        code: "faq",
        versions: &[
            release("0.9.0", 24 * 75, Fate::Published),
            release("1.0.0", 24 * 30, Fate::Published),
            release("1.0.1", 14, Fate::Waiting),
        ],
    },
    Entry {
        slug: "helpdesk-lite",
        name: "Helpdesk Lite",
        description: "First answers for a support channel, by keyword.",
        tags: &["support"],
        owner: "tobias-k",
        code: "faq",
        versions: &[
            release(
                "1.0.0",
                24 * 12,
                Fate::Rejected(
                    ReasonCode::Quality,
                    "The answers still hold sample text. Fill them in, and say in the description which keywords it listens to.",
                ),
            ),
            release("1.0.1", 24, Fate::Waiting),
        ],
    },
    Entry {
        slug: "levels",
        name: "Levels",
        description: "Counts what people write, and tells them when they rise a level.",
        tags: &["levels", "community"],
        owner: "quillworks",
        code: "levels",
        versions: &[
            release("3.0.0", 24 * 160, Fate::Published),
            release("3.1.0", 24 * 20, Fate::Published),
            wider("3.2.0", 6, &["messages_global"], Fate::Waiting),
        ],
    },
    Entry {
        slug: "sea-ranks",
        name: "Sea Ranks",
        description: "From deckhand to admiral: ranks for people who talk a lot.",
        tags: &["levels", "fun"],
        owner: "old-salt",
        code: "levels",
        versions: &[
            release("0.9.0", 24 * 130, Fate::Published),
            release("1.0.0", 24 * 60, Fate::Published),
            release("1.1.0", 18, Fate::Waiting),
        ],
    },
    Entry {
        slug: "chatter-count",
        name: "Chatter Count",
        description: "Who said how much this week.",
        tags: &["statistics"],
        owner: "nightowl",
        code: "levels",
        versions: &[release("0.5.0", 44, Fate::Waiting)],
    },
    Entry {
        slug: "slow-cleaner",
        name: "Slow Cleaner",
        description: "Tidies up what it kept, a little every hour, so that nothing grows for ever.",
        tags: &["maintenance"],
        owner: "nightowl",
        code: "reminders",
        versions: &[release("1.0.0", 24 * 110, Fate::Published), release("1.1.0", 12, Fate::Waiting)],
    },
    Entry {
        slug: "tide-clock",
        name: "Tide Clock",
        description: "Posts the time of high water, on time.",
        tags: &["timer"],
        owner: "old-salt",
        code: "reminders",
        versions: &[release("0.1.0", 28, Fate::Withdrawn), release("0.1.1", 27, Fate::Waiting)],
    },
    Entry {
        slug: "role-picker",
        name: "Role Picker",
        description: "Lets members take the roles you allow, from a slash command.",
        tags: &["roles"],
        owner: "pixel-orchard",
        code: "role-picker",
        versions: &[
            release("1.0.0", 24 * 140, Fate::Published),
            release("1.1.0", 24 * 70, Fate::Published),
            release("1.2.0", 36, Fate::Claimed("noor")),
        ],
    },
    Entry {
        slug: "colour-me",
        name: "Colour Me",
        description: "Roles as colours; pick yours.",
        tags: &["roles", "fun"],
        owner: "juniper-dev",
        code: "role-picker",
        versions: &[
            release(
                "1.0.0",
                24 * 15,
                Fate::Rejected(
                    ReasonCode::Security,
                    "Anybody could take any role, the administrators' among them. Check the role against the configured list first.",
                ),
            ),
            release("1.1.0", 22, Fate::Waiting),
        ],
    },
    Entry {
        slug: "digest",
        name: "Daily Digest",
        description: "Sums up what was said while you were away.",
        tags: &["summary"],
        owner: "mira",
        code: "history-digest",
        versions: &[release("1.0.0", 24 * 50, Fate::Published), release("1.1.0", 49, Fate::Waiting)],
    },
    Entry {
        slug: "minutes",
        name: "Minutes",
        description: "Keeps minutes of a meeting held in a channel.",
        tags: &["summary", "work"],
        owner: "tobias-k",
        code: "history-digest",
        versions: &[wider("0.2.0", 38, &["messages_global", "http_request"], Fate::Waiting)],
    },
    Entry {
        slug: "free-gifts",
        name: "Free Gifts",
        description: "Gives a gift to everybody who asks!",
        tags: &["fun", "gifts"],
        owner: "gift-central",
        code: "gift-drop",
        versions: &[release("1.0.0", 2, Fate::Waiting)],
    },
    Entry {
        slug: "gift-wrapped",
        name: "Gift Wrapped",
        description: "More gifts. Please approve quickly.",
        tags: &["gifts"],
        owner: "gift-central",
        code: "endless-loop",
        versions: &[release("1.0.0", 2, Fate::Waiting), other("1.0.1", 1, "welcome", Fate::Waiting)],
    },
    Entry {
        slug: "word-count",
        name: "Word Count",
        description: "Counts the words of a message.",
        tags: &["statistics"],
        owner: "fresh-paint",
        code: "undeclared-scope",
        versions: &[release("0.1.0", 5, Fate::Waiting)],
    },
    Entry {
        slug: "chart-room",
        name: "Chart Room",
        description: "Draws charts of activity, out of a large buffer.",
        tags: &["statistics"],
        owner: "kestrel",
        code: "big-buffer",
        versions: &[release("0.1.0", 16, Fate::Waiting)],
    },
    Entry {
        slug: "deck-log",
        name: "Deck Log",
        description: "Writes down everything that happens, line by line.",
        tags: &["logging"],
        owner: "sable",
        code: "chatty-log",
        versions: &[release("0.1.0", 11, Fate::Waiting)],
    },
    Entry {
        slug: "quiet-hours",
        name: "Quiet Hours",
        description: "Reminds people of the hour.",
        tags: &["timer"],
        owner: "nightowl",
        code: "reminders",
        versions: &[release("0.1.0", 30, Fate::Saved)],
    },
    Entry {
        slug: "bookshelf",
        name: "Bookshelf",
        description: "What the book club reads next.",
        tags: &["community"],
        owner: "quillworks",
        code: "faq",
        versions: &[release("1.0.0", 24 * 35, Fate::Published), release("1.1.0", 7, Fate::Draft)],
    },
    Entry {
        slug: "harbour-bell",
        name: "Harbour Bell",
        description: "Rings when a ship comes in.",
        tags: &["timer", "fun"],
        owner: "harbor-labs",
        code: "reminders",
        versions: &[release("0.1.0", 60, Fate::Withdrawn), release("0.2.0", 50, Fate::Saved)],
    },
    Entry {
        slug: "paint-box",
        name: "Paint Box",
        description: "Colours for everybody, soon.",
        tags: &["roles"],
        owner: "fresh-paint",
        code: "role-picker",
        versions: &[release("0.1.0", 8, Fate::Draft)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_as_large_as_it_says() {
        let versions = || ENTRIES.iter().flat_map(|entry| entry.versions);
        let waits = |release: &&Release| {
            matches!(release.fate, Fate::Waiting | Fate::Noted(..) | Fate::Claimed(_) | Fate::HalfApproved(_))
        };
        assert_eq!(ENTRIES.len(), 30);
        assert!(versions().count() >= 60, "{}", versions().count());
        assert!(versions().filter(waits).count() >= 27, "{}", versions().filter(waits).count());
        let authors: std::collections::BTreeSet<_> = ENTRIES.iter().map(|entry| entry.owner).collect();
        assert_eq!(authors.len(), 12);
        for owner in authors {
            assert!(PEOPLE.iter().any(|person| person.name == owner), "{owner}");
        }
    }
}
