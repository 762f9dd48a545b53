//! The fields that can be asked for, one table for each list: help and completion are printed from it.

use crate::domain::manifest::Runtime;

/// The fields of one list.
#[derive(Debug)]
pub struct FieldSet {
    /// What is listed, in the plural.
    pub of: &'static str,
    /// The fields, in the order they are shown.
    pub fields: &'static [Field],
    /// The keys it can be sorted by.
    pub sorts: &'static [&'static str],
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name before the colon.
    pub name: &'static str,
    /// What its values are.
    pub kind: FieldKind,
    /// One line for whoever asks what it is.
    pub help: &'static str,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text: [`Value::Text`](super::Value::Text).
    Text,
    /// One of these: [`Value::Choice`](super::Value::Choice).
    Choice(&'static [&'static str]),
    /// [`Value::Scope`](super::Value::Scope).
    Scope,
    /// [`Value::Kind`](super::Value::Kind).
    Kind,
    /// A whole number, with `<` `<=` `>` `>=` before it: [`Value::Number`](super::Value::Number).
    Number,
    /// An age such as `30m` `2h` `2d` `1w`: [`Value::AgeMs`](super::Value::AgeMs).
    Age,
    /// `yes` or `no`: [`Value::Truth`](super::Value::Truth).
    Truth,
    /// `me`, `none` or an account's name: [`Value::Claim`](super::Value::Claim).
    Claim,
    /// A date, a time, or an age before now: [`Value::Moment`](super::Value::Moment) or an age.
    Since,
}

const RUNTIMES: &[&str] = &[Runtime::Wasm.name(), Runtime::Javascript.name()];

/// The names of the stages of a version, on the wire and in filters.
const STAGES: &[&str] = &["draft", "saved", "checking", "ready", "review", "rejected", "withdrawn", "published"];

/// The review queue.
pub const QUEUE: FieldSet = FieldSet {
    of: "submissions",
    fields: &[
        Field { name: "stage", kind: FieldKind::Choice(STAGES), help: "The stage of the version" },
        Field { name: "scope", kind: FieldKind::Scope, help: "A scope that it declares" },
        Field { name: "kind", kind: FieldKind::Kind, help: "A kind that it handles" },
        Field { name: "risk", kind: FieldKind::Number, help: "Risk points, such as risk:>50" },
        Field { name: "author", kind: FieldKind::Text, help: "The owner's name" },
        Field { name: "slug", kind: FieldKind::Text, help: "The extension's slug" },
        Field { name: "number", kind: FieldKind::Text, help: "The version number" },
        Field { name: "older", kind: FieldKind::Age, help: "Submitted longer ago than, such as older:2d" },
        Field { name: "younger", kind: FieldKind::Age, help: "Submitted less long ago than, such as younger:2h" },
        Field { name: "claimed", kind: FieldKind::Claim, help: "Who reviews it: me, none, or a name" },
        Field { name: "runtime", kind: FieldKind::Choice(RUNTIMES), help: "What its code is" },
        Field { name: "overdue", kind: FieldKind::Truth, help: "Whether its due date has passed" },
    ],
    sorts: &["priority", "due", "submitted", "risk", "slug"],
};

/// The catalogue.
pub const EXTENSIONS: FieldSet = FieldSet {
    of: "extensions",
    fields: &[
        Field { name: "author", kind: FieldKind::Text, help: "The owner's name" },
        Field { name: "slug", kind: FieldKind::Text, help: "The extension's slug" },
        Field {
            name: "listing",
            kind: FieldKind::Choice(&["listed", "unlisted", "quarantined", "blocked"]),
            help: "How it stands in the marketplace",
        },
        Field { name: "tier", kind: FieldKind::Choice(&["free", "premium"]), help: "What it costs" },
        Field { name: "scope", kind: FieldKind::Scope, help: "A scope that its published version declares" },
        Field { name: "kind", kind: FieldKind::Kind, help: "A kind that its published version handles" },
        Field { name: "tag", kind: FieldKind::Text, help: "One of its tags" },
        Field { name: "stage", kind: FieldKind::Choice(STAGES), help: "The stage of its newest version" },
        Field { name: "older", kind: FieldKind::Age, help: "Made longer ago than, such as older:4w" },
        Field { name: "younger", kind: FieldKind::Age, help: "Made less long ago than, such as younger:7d" },
    ],
    sorts: &["name", "slug", "created", "updated"],
};

/// Chat servers.
pub const SERVERS: FieldSet = FieldSet {
    of: "servers",
    fields: &[
        Field { name: "tier", kind: FieldKind::Text, help: "Its subscription tier" },
        Field { name: "owner", kind: FieldKind::Text, help: "The owner's name" },
        Field { name: "instance", kind: FieldKind::Text, help: "The name of the instance that serves it" },
        Field {
            name: "presence",
            kind: FieldKind::Choice(&["live", "silent", "unannounced"]),
            help: "Whether that instance is heard",
        },
        Field { name: "consent", kind: FieldKind::Truth, help: "Whether something waits for its owner's consent" },
        Field { name: "installed", kind: FieldKind::Number, help: "Installations, such as installed:>5" },
        Field { name: "older", kind: FieldKind::Age, help: "Known for longer than, such as older:4w" },
        Field { name: "younger", kind: FieldKind::Age, help: "Known for less than, such as younger:2d" },
    ],
    sorts: &["created"],
};

/// The audit.
pub const AUDIT: FieldSet = FieldSet {
    of: "audit rows",
    fields: &[
        Field { name: "actor", kind: FieldKind::Text, help: "The name of who did it" },
        Field { name: "action", kind: FieldKind::Text, help: "What was done, such as approved" },
        Field { name: "subject", kind: FieldKind::Text, help: "The id or slug it was done to" },
        Field { name: "number", kind: FieldKind::Number, help: "The number of the row, such as number:>100" },
        Field { name: "since", kind: FieldKind::Since, help: "From then on: a date, a time, or an age such as 2d" },
    ],
    sorts: &["number"],
};

impl FieldSet {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Every name that can stand before a colon.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.name).chain(["sort"])
    }
}

impl FieldKind {
    /// The values that can be offered for completion; empty where they are open.
    pub fn values(self) -> Vec<&'static str> {
        match self {
            FieldKind::Choice(names) => names.to_vec(),
            FieldKind::Scope => crate::domain::scope::Scope::ALL.iter().map(|scope| scope.name()).collect(),
            FieldKind::Kind => crate::domain::kind::Kind::ALL.iter().map(|kind| kind.name()).collect(),
            FieldKind::Truth => vec!["yes", "no"],
            FieldKind::Claim => vec!["me", "none"],
            FieldKind::Text | FieldKind::Number | FieldKind::Age | FieldKind::Since => Vec::new(),
        }
    }
}
