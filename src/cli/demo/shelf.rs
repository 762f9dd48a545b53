//! The rest of the demo's catalogue: what is on the shelf besides what the story is about.

/// One extension of the shelf.
pub struct Row {
    /// Its slug.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says of itself.
    pub description: &'static str,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// The folder of its code in `fixtures/extensions`.
    pub code: &'static str,
    /// Scopes it declares beside those its code needs.
    pub more_scopes: &'static [&'static str],
}

const fn row(
    (slug, name): (&'static str, &'static str),
    description: &'static str,
    tags: &'static [&'static str],
    code: &'static str,
) -> Row {
    Row { slug, name, description, tags, code, more_scopes: &[] }
}

const fn wide(row: Row, more_scopes: &'static [&'static str]) -> Row {
    Row { more_scopes, ..row }
}

/// Everything on the shelf.
pub const SHELF: &[Row] = &[
    row(
        ("anchor-watch", "Anchor Watch"),
        "Tells the moderators when somebody who left comes back.",
        &["safety", "moderation"],
        "welcome",
    ),
    row(
        ("ship-biscuits", "Ship Biscuits"),
        "Small rewards for people who help, handed out by hand.",
        &["fun", "community"],
        "role-picker",
    ),
    row(
        ("fog-horn", "Fog Horn"),
        "One loud line in a channel when something important begins.",
        &["announcements"],
        "reminders",
    ),
    row(
        ("crows-nest", "Crow's Nest"),
        "Keeps an eye on keywords, and answers them where it stands.",
        &["safety", "support"],
        "faq",
    ),
    row(
        ("bilge-pump", "Bilge Pump"),
        "Clears out old reminders and other leftovers once an hour.",
        &["maintenance"],
        "reminders",
    ),
    row(
        ("star-chart", "Star Chart"),
        "Ranks by constellation: write, and rise through the night sky.",
        &["levels", "fun"],
        "levels",
    ),
    row(("galley-menu", "Galley Menu"), "Answers what is for lunch today.", &["community"], "faq"),
    row(
        ("message-bottle", "Message in a Bottle"),
        "Sends a line to yourself, days later.",
        &["timer", "fun"],
        "reminders",
    ),
    row(
        ("dead-reckoning", "Dead Reckoning"),
        "Estimates where a long discussion went, from its last lines.",
        &["summary"],
        "history-digest",
    ),
    row(("lucky-sevens", "Lucky Sevens"), "A dice game for two with very short rules.", &["games", "fun"], "dice"),
    row(("pub-quiz", "Pub Quiz"), "Questions and answers for a Thursday evening.", &["games"], "faq"),
    row(("crew-roles", "Crew Roles"), "Take the roles that your crew agreed on.", &["roles"], "role-picker"),
    wide(
        row(
            ("first-mate", "First Mate"),
            "Greets people, and gives them a hand with their first steps.",
            &["welcome", "support"],
            "welcome",
        ),
        &["embed_links"],
    ),
    row(("night-bell", "Night Bell"), "Rings once at bedtime.", &["timer"], "reminders"),
    row(("tally-marks", "Tally Marks"), "Counts anything you like, one stroke at a time.", &["statistics"], "levels"),
    row(("plank-walk", "Plank Walk"), "Bans with ceremony and a written reason.", &["moderation"], "ban-hammer"),
    row(("quick-poll", "Quick Poll"), "Yes or no, in one command.", &["community"], "dice"),
    row(("reading-hour", "Reading Hour"), "Reminds the book club, gently.", &["timer", "community"], "reminders"),
    row(("lost-property", "Lost Property"), "Says where things were last seen, by keyword.", &["support"], "faq"),
    row(("log-reader", "Log Reader"), "Sums up a channel for the night shift.", &["summary", "work"], "history-digest"),
    row(("sea-shanty", "Sea Shanty"), "A verse for everybody who joins.", &["welcome", "fun"], "welcome"),
    row(("treasure-dice", "Treasure Dice"), "Rolls for loot, fairly.", &["games"], "dice"),
    row(
        ("badge-maker", "Badge Maker"),
        "Badges as roles, given for what people did.",
        &["roles", "community"],
        "role-picker",
    ),
    row(("deep-water", "Deep Water"), "Levels that take a year to climb.", &["levels"], "levels"),
    row(
        ("stand-up", "Stand-up"),
        "Reminds a team of its stand-up, and of nothing else.",
        &["work", "timer"],
        "reminders",
    ),
    row(("glossary", "Glossary"), "Explains the words of your trade when somebody asks.", &["support", "work"], "faq"),
    row(("mod-notes", "Mod Notes"), "A ban command that writes down who, whom and why.", &["moderation"], "ban-hammer"),
    row(("minute-glass", "Minute Glass"), "A timer for talks and turns.", &["timer"], "reminders"),
    row(("warm-socks", "Warm Socks"), "A soft welcome for a server about knitting.", &["welcome"], "welcome"),
    row(("coin-purse", "Coin Purse"), "Tosses a coin, keeps none.", &["fun"], "dice"),
    row(("tide-pool", "Tide Pool"), "What was said in the small channels today.", &["summary"], "history-digest"),
    row(("colour-wheel", "Colour Wheel"), "Twelve colours, twelve roles.", &["roles", "fun"], "role-picker"),
    row(("guest-book", "Guest Book"), "Every newcomer signs, and is greeted.", &["welcome", "community"], "welcome"),
    row(
        ("harbour-rules", "Harbour Rules"),
        "The rules of the harbour, one at a time, when asked.",
        &["support"],
        "faq",
    ),
    row(("scrimshaw", "Scrimshaw"), "Carves a rank for those who talk well.", &["levels"], "levels"),
    row(("watch-rota", "Watch Rota"), "Whose watch it is, and when it ends.", &["timer", "work"], "reminders"),
    row(("fair-wind", "Fair Wind"), "Wishes people well when they set out.", &["community"], "welcome"),
    row(("hazard", "Hazard"), "The old dice game, with its old rules.", &["games"], "dice"),
    row(("long-memory", "Long Memory"), "Finds out what a channel talked about last.", &["summary"], "history-digest"),
    wide(
        row(
            ("keel-haul", "Keel Haul"),
            "For moderators of large servers: bans fast, explains always.",
            &["moderation", "safety"],
            "ban-hammer",
        ),
        &["kick"],
    ),
    row(("team-jersey", "Team Jersey"), "Pick your side for tonight's match.", &["roles", "games"], "role-picker"),
    row(("first-aid", "First Aid"), "Answers to the ten questions a newcomer asks first.", &["support"], "faq"),
    row(("word-ladder", "Word Ladder"), "Climb by writing; one rung a day.", &["levels", "games"], "levels"),
    row(("egg-timer", "Egg Timer"), "Three minutes, four, or six.", &["timer"], "reminders"),
    row(("paper-lantern", "Paper Lantern"), "Greets in the evening, and is quiet by day.", &["welcome"], "welcome"),
    row(("oracle-bones", "Oracle Bones"), "Answers every question with a number.", &["fun"], "dice"),
    row(
        ("handover", "Handover"),
        "What the day shift has to know about the night.",
        &["summary", "work"],
        "history-digest",
    ),
    row(("open-mic", "Open Mic"), "Gives the stage role to who is next.", &["roles", "community"], "role-picker"),
    row(("parrot", "Parrot"), "Repeats the rule that was just broken.", &["moderation", "fun"], "faq"),
    row(("cabin-boy", "Cabin Boy"), "Fetches reminders.", &["timer"], "reminders"),
    row(("sounding-line", "Sounding Line"), "How deep the talk goes, in numbers.", &["statistics"], "levels"),
    wide(
        row(("broadside", "Broadside"), "Announcements for large fleets, sent once.", &["announcements"], "welcome"),
        &["webhooks"],
    ),
    row(
        ("port-authority", "Port Authority"),
        "Strict bans with an entry for each of them.",
        &["moderation"],
        "ban-hammer",
    ),
    row(
        ("yarn-spinner", "Yarn Spinner"),
        "A story for those who join in the middle of one.",
        &["welcome", "fun"],
        "welcome",
    ),
    row(("three-dice", "Three Dice"), "Three of them, always.", &["games"], "dice"),
    row(("almanac", "Almanac"), "Looks up feast days and answers with them.", &["community"], "faq"),
    row(("night-watch", "Night Watch"), "A list of what to look at before you sleep.", &["summary"], "history-digest"),
    row(("skill-tree", "Skill Tree"), "Skills as roles, for makers and menders.", &["roles"], "role-picker"),
    row(("cargo-count", "Cargo Count"), "Adds up what was brought.", &["statistics", "work"], "levels"),
    row(("dog-watch", "Dog Watch"), "Two short reminders in the early evening.", &["timer"], "reminders"),
    row(("pier-light", "Pier Light"), "Shows newcomers the way to the first channel.", &["welcome"], "welcome"),
    row(("dragon-bowl", "Dragon Bowl"), "Dice for dragons of all sizes.", &["games", "fun"], "dice"),
    row(("bug-desk", "Bug Desk"), "First answers for people who found a bug.", &["support", "work"], "faq"),
    row(
        ("old-friends", "Old Friends"),
        "Remembers how long people have been here.",
        &["levels", "community"],
        "levels",
    ),
    row(("tide-mill", "Tide Mill"), "Grinds through old entries, slowly.", &["maintenance"], "reminders"),
    row(("proof-reader", "Proof Reader"), "Reads the last lines again for you.", &["summary"], "history-digest"),
    row(("quarter-deck", "Quarter Deck"), "Roles for officers, and for officers only.", &["roles"], "role-picker"),
    row(("hard-tack", "Hard Tack"), "Plain bans, plain reasons.", &["moderation"], "ban-hammer"),
    row(("lamp-oil", "Lamp Oil"), "Keeps a quiet channel from going out.", &["community"], "reminders"),
    row(("spyglass", "Spyglass"), "Sees keywords from afar, and answers once.", &["support", "safety"], "faq"),
    row(("knot-book", "Knot Book"), "Which knot for what, by name.", &["community"], "faq"),
    row(("merit-list", "Merit List"), "A list of merit, by lines written.", &["levels"], "levels"),
    wide(
        row(("ferry-times", "Ferry Times"), "When the next ferry goes, every morning.", &["timer"], "reminders"),
        &["channels_read"],
    ),
    row(("mess-table", "Mess Table"), "Finds a seat for who comes new.", &["welcome"], "welcome"),
    row(("bone-setter", "Bone Setter"), "Rolls again where a die fell off the table.", &["games"], "dice"),
    row(("short-log", "Short Log"), "The day in five lines.", &["summary"], "history-digest"),
    row(
        ("pronoun-picker", "Pronoun Picker"),
        "Roles for pronouns, taken and dropped at will.",
        &["roles", "community"],
        "role-picker",
    ),
    row(("ballast", "Ballast"), "Keeps what has to be kept, and drops the rest.", &["maintenance"], "reminders"),
    row(("evening-class", "Evening Class"), "Answers for students who come late.", &["support"], "faq"),
    row(("sextant", "Sextant"), "Measures how active you are against yourself.", &["statistics", "levels"], "levels"),
    row(("gate-chain", "Gate Chain"), "One command, one ban, one reason.", &["moderation", "safety"], "ban-hammer"),
    row(("new-moon", "New Moon"), "A greeting a month, no more.", &["welcome"], "welcome"),
    row(("high-stakes", "High Stakes"), "Dice with a hundred sides.", &["games", "fun"], "dice"),
    row(
        ("press-room", "Press Room"),
        "Sums up a channel for people who write about it.",
        &["summary", "work"],
        "history-digest",
    ),
    row(("ranger-station", "Ranger Station"), "Roles for regions and trails.", &["roles"], "role-picker"),
    wide(
        row(
            ("weather-eye", "Weather Eye"),
            "The forecast for your harbour, at six.",
            &["timer", "announcements"],
            "reminders",
        ),
        &["channels_read"],
    ),
];
