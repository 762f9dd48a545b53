//! THE table of host functions: linking, scope checks, fuel, the simulated world and the reference all come from it.

use serde::Serialize;

use crate::domain::scope::Scope;

/// What happens behind a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is described by its row in the table below")]
pub enum Operation {
    EventGet,
    EventI64,
    ResultRead,
    Reply,
    ReplyText,
    Log,
    Flag,
    NowMs,
    Random,
    Bot,
    ServerTier,
    Abort,
    ConfigGet,
    StorageGet,
    StorageSet,
    StorageDelete,
    StorageList,
    MemberBan,
    MemberKick,
    RoleAdd,
    MessageSend,
    MessageHistory,
}

/// The wasm type of a function, and with it how arguments travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `(ptr, len, out, cap) -> i32`, the request being JSON.
    Json,
    /// `(ptr, len, out, cap) -> i32`, the request being plain text.
    Text,
    /// `(offset, ptr, cap) -> i32`: more of the last answer.
    Rest,
    /// `() -> i64`.
    Number,
    /// `(ptr, len, default: i64) -> i64`.
    NumberAt,
    /// `(level, ptr, len)`.
    Log,
    /// `(ptr, len)`, and never returns.
    Abort,
}

/// Who knows the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The run itself: the function returns at once.
    Run,
    /// The world: the call is parked, the driver asks, the guest is resumed with the answer.
    World,
}

/// Whether a call leaves the world as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It only looks.
    Reads,
    /// It keeps something in the extension's own storage.
    Keeps,
    /// It changes the chat server: counted as an action.
    Acts,
    /// It answers the trigger: counted as an action and as a reply.
    Replies,
}

/// A type of the wasm stack that a form uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// 32 bits: a pointer, a length, a code.
    I32,
    /// 64 bits: a number.
    I64,
}

/// One row: a host function and all there is to know about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name, unique over the table.
    pub name: &'static str,
    /// The scope it needs, which is also the module it is imported from; none: `sky:core`.
    pub scope: Option<Scope>,
    /// What happens.
    pub operation: Operation,
    /// Its wasm type.
    pub form: Form,
    /// Who answers.
    pub answered_by: AnsweredBy,
    /// What it does to the world.
    pub effect: Effect,
    /// Fuel one call costs, beside the guest's own instructions.
    pub fuel: u64,
    /// One line for an author.
    pub description: &'static str,
    /// An example of the request.
    pub request: &'static str,
    /// An example of the answer.
    pub answer: &'static str,
}

/// The module of functions that need no scope.
pub const CORE_MODULE: &str = "sky:core";

/// Every host function of the ABI `skydeck v1`.
pub const FUNCTIONS: &[Function] = &[
    core("event_get", Operation::EventGet, Form::Text, 300)
        .reads("Copies one field of the event, by JSON pointer; text as it is, everything else as JSON", "/user/id", "910000000000000103"),
    core("event_i64", Operation::EventI64, Form::NumberAt, 300)
        .reads("Reads one field of the event as a number, or gives the default", "/timer/run", "42"),
    core("result_read", Operation::ResultRead, Form::Rest, 200)
        .reads("Copies more of the last answer, from an offset; gives the bytes copied", "", ""),
    core("reply", Operation::Reply, Form::Json, 10_000)
        .replies("Answers in the channel that triggered the run; embeds need embed_links", r#"{"content":"Done."}"#, r#"{"id":"910000000000009001"}"#),
    core("reply_text", Operation::ReplyText, Form::Text, 10_000)
        .replies("Answers with plain text in the channel that triggered the run", "Done.", r#"{"id":"910000000000009001"}"#),
    core("log", Operation::Log, Form::Log, 1_000)
        .reads("Writes one line to the run's log; level 0 debug, 1 info, 2 warning, 3 error", "counted 3 members", ""),
    core("flag", Operation::Flag, Form::Text, 200)
        .reads("Tells whether a feature flag of the extension is on", "new-layout", "true"),
    core("now_ms", Operation::NowMs, Form::Number, 100)
        .reads("The time in milliseconds since 1970: the event's time plus the fuel used", "", "1790000000000"),
    core("random", Operation::Random, Form::Number, 200)
        .reads("64 random bits from the run's seed", "", "-6234187001839217408"),
    core("bot", Operation::Bot, Form::Text, 1_000)
        .asks("Tells who the bot is", "", r#"{"id":"910000000000000100","name":"Deckhand","prefix":"!"}"#),
    core("server_tier", Operation::ServerTier, Form::Text, 200)
        .reads("The server's subscription tier", "", "pro"),
    core("abort", Operation::Abort, Form::Abort, 100)
        .reads("Ends the run with a message", "the configuration has no channel", ""),
    scoped("config_get", Scope::Config, Operation::ConfigGet, Form::Text, 300)
        .reads("Copies one field of the configuration, by JSON pointer; nothing: all of it", "/welcome_channel", "910000000000000203"),
    scoped("storage_get", Scope::Storage, Operation::StorageGet, Form::Text, 500)
        .reads("Copies the value kept under a key; text as it is, everything else as JSON", "xp:910000000000000103", "120"),
    scoped("storage_set", Scope::Storage, Operation::StorageSet, Form::Json, 2_000)
        .keeps("Keeps a JSON value under a key", r#"{"key":"xp:910000000000000103","value":130}"#, ""),
    scoped("storage_delete", Scope::Storage, Operation::StorageDelete, Form::Text, 1_000)
        .keeps("Forgets a key", "xp:910000000000000103", ""),
    scoped("storage_list", Scope::Storage, Operation::StorageList, Form::Text, 2_000)
        .reads("Lists the keys that start with a prefix, sorted", "xp:", r#"["xp:910000000000000103"]"#),
    scoped("member_ban", Scope::Ban, Operation::MemberBan, Form::Json, 10_000).acts(
        "Bans a member and deletes the messages of the last seconds, where asked",
        r#"{"user":"910000000000000105","reason":"spam","delete_message_seconds":3600}"#,
        r#"{"user":"910000000000000105","messages_deleted":1}"#,
    ),
    scoped("member_kick", Scope::Kick, Operation::MemberKick, Form::Json, 10_000)
        .acts("Removes a member, who may come back", r#"{"user":"910000000000000105","reason":"spam"}"#, r#"{"user":"910000000000000105"}"#),
    scoped("role_add", Scope::RolesManage, Operation::RoleAdd, Form::Json, 10_000).acts(
        "Gives a member a role, named by id or by name",
        r#"{"user":"910000000000000103","role":"Artist"}"#,
        r#"{"user":"910000000000000103","role":"910000000000000304"}"#,
    ),
    scoped("message_send", Scope::MessagesWrite, Operation::MessageSend, Form::Json, 10_000).acts(
        "Sends a message to a channel, named by id or by name; without one, to the channel of the event",
        r#"{"channel":"general","content":"Welcome aboard!"}"#,
        r#"{"id":"910000000000009001","channel":"910000000000000201"}"#,
    ),
    scoped("message_history", Scope::MessagesRead, Operation::MessageHistory, Form::Json, 5_000).asks(
        "The newest messages of the channel of the event, newest first; another channel needs messages_global",
        r#"{"limit":10}"#,
        r#"[{"id":"910000000000000412","channel":"910000000000000201","author":"910000000000000104","content":"Good night!","at":"2026-09-21T14:02:00.000Z"}]"#,
    ),
];

/// The row of a name, whatever module it is imported from.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

impl Function {
    /// The module it is imported from: `sky:core`, or `sky:` and the scope it needs.
    pub fn module(&self) -> String {
        self.scope.map_or_else(|| CORE_MODULE.to_owned(), |scope| format!("sky:{scope}"))
    }

    /// Whether `module` is where it is imported from.
    pub fn is_in(&self, module: &str) -> bool {
        module.strip_prefix("sky:") == Some(self.scope.map_or("core", Scope::name))
    }

    /// What it returns to the guest: an `i32`, an `i64` or nothing.
    pub const fn result(&self) -> &'static [Slot] {
        match self.form {
            Form::Json | Form::Text | Form::Rest => &[Slot::I32],
            Form::Number | Form::NumberAt => &[Slot::I64],
            Form::Log | Form::Abort => &[],
        }
    }

    /// What it takes from the guest.
    pub const fn parameters(&self) -> &'static [Slot] {
        match self.form {
            Form::Json | Form::Text => &[Slot::I32; 4],
            Form::Rest | Form::Log => &[Slot::I32; 3],
            Form::Number => &[],
            Form::NumberAt => &[Slot::I32, Slot::I32, Slot::I64],
            Form::Abort => &[Slot::I32; 2],
        }
    }

    /// The wasm type as an author reads it.
    pub const fn signature(&self) -> &'static str {
        match self.form {
            Form::Json | Form::Text => "(ptr: i32, len: i32, out: i32, cap: i32) -> i32",
            Form::Rest => "(offset: i32, ptr: i32, cap: i32) -> i32",
            Form::Number => "() -> i64",
            Form::NumberAt => "(ptr: i32, len: i32, default: i64) -> i64",
            Form::Log => "(level: i32, ptr: i32, len: i32)",
            Form::Abort => "(ptr: i32, len: i32)",
        }
    }

    const fn reads(self, description: &'static str, request: &'static str, answer: &'static str) -> Function {
        Function { description, request, answer, ..self }
    }

    const fn keeps(self, description: &'static str, request: &'static str, answer: &'static str) -> Function {
        Function { effect: Effect::Keeps, description, request, answer, ..self }
    }

    const fn asks(self, description: &'static str, request: &'static str, answer: &'static str) -> Function {
        Function { answered_by: AnsweredBy::World, description, request, answer, ..self }
    }

    const fn acts(self, description: &'static str, request: &'static str, answer: &'static str) -> Function {
        Function { answered_by: AnsweredBy::World, effect: Effect::Acts, description, request, answer, ..self }
    }

    const fn replies(self, description: &'static str, request: &'static str, answer: &'static str) -> Function {
        Function { answered_by: AnsweredBy::World, effect: Effect::Replies, description, request, answer, ..self }
    }
}

const fn core(name: &'static str, operation: Operation, form: Form, fuel: u64) -> Function {
    Function {
        name,
        scope: None,
        operation,
        form,
        answered_by: AnsweredBy::Run,
        effect: Effect::Reads,
        fuel,
        description: "",
        request: "",
        answer: "",
    }
}

const fn scoped(name: &'static str, scope: Scope, operation: Operation, form: Form, fuel: u64) -> Function {
    Function { scope: Some(scope), ..core(name, operation, form, fuel) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_every_name_is_unique() {
        for (place, function) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS.iter().skip(place + 1).all(|other| other.name != function.name), "{}", function.name);
            assert!(!function.description.is_empty(), "{}", function.name);
            assert!(function.fuel > 0, "{}", function.name);
            assert!(function.is_in(&function.module()), "{}", function.name);
            if function.form == Form::Json {
                assert!(serde_json::from_str::<serde_json::Value>(function.request).is_ok(), "{}", function.name);
            }
        }
    }

    #[test]
    fn a_function_is_in_one_module_only() {
        let ban = find("member_ban").unwrap();
        assert!(ban.is_in("sky:ban") && !ban.is_in("sky:core") && !ban.is_in("ban"));
        assert!(find("event_get").unwrap().is_in(CORE_MODULE));
        assert_eq!(find("system"), None);
    }
}
