//! The simulated world of dry runs: a small chat server in which what was done before is true afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chat::{Ban, Bot, Channel, Member, Message, Role, Server};
use super::error_code::ErrorCode;
use super::functions::Operation;
use super::storage::Storage;
use super::world::{Answer, Ask, Channels, Mentions, World};
use crate::domain::digest::Sha256Digest;

/// A chat server as `world.json` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedWorld {
    /// The server itself.
    pub server: Server,
    /// The bot that runs extensions.
    pub bot: Bot,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Who is on it.
    pub members: Vec<Member>,
    /// What was written, oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Who is banned, and why.
    #[serde(default)]
    pub bans: Vec<Ban>,
    /// Points by member.
    #[serde(default)]
    pub economy: BTreeMap<String, i64>,
    /// What the extension kept.
    #[serde(default)]
    pub storage: Storage,
}

/// The text describes no world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no world: {0}")]
pub struct NotAWorld(pub String);

impl SimulatedWorld {
    /// Reads a `world.json`.
    ///
    /// # Errors
    /// [`NotAWorld`] with what is wrong, and line and column.
    pub fn from_json(text: &str) -> Result<SimulatedWorld, NotAWorld> {
        serde_json::from_str(text).map_err(|error| NotAWorld(error.to_string()))
    }

    /// The built-in world: a server of nine members, five channels and a spammer.
    pub fn built_in() -> SimulatedWorld {
        SimulatedWorld::from_json(BUILT_IN).unwrap_or_else(|_| SimulatedWorld::empty())
    }

    fn empty() -> SimulatedWorld {
        SimulatedWorld {
            server: Server { id: "1".to_owned(), name: "Empty".to_owned(), owner: "1".to_owned() },
            bot: Bot { id: "2".to_owned(), name: "Bot".to_owned(), prefix: "!".to_owned() },
            channels: Vec::new(),
            roles: Vec::new(),
            members: Vec::new(),
            messages: Vec::new(),
            bans: Vec::new(),
            economy: BTreeMap::new(),
            storage: Storage::default(),
        }
    }

    fn ban(&mut self, ask: &Ask<'_>) -> Answer {
        let user = self.removable(ask)?;
        let seconds = match ask.arguments.get("delete_message_seconds") {
            None => 0,
            Some(seconds) => {
                seconds.as_i64().filter(|seconds| (0..=WEEK_S).contains(seconds)).ok_or(ErrorCode::BadArgument)?
            }
        };
        let reason = optional_text(ask.arguments, "reason")?.map(str::to_owned);
        let kept_until = ask.now.plus_ms(-seconds * 1_000);
        let before = self.messages.len();
        self.messages.retain(|message| message.author != user || seconds == 0 || message.at < kept_until);
        self.members.retain(|member| member.id != user);
        self.bans.push(Ban { user: user.clone(), reason });
        Ok(json!({"user": user, "messages_deleted": before - self.messages.len()}))
    }

    fn kick(&mut self, ask: &Ask<'_>) -> Answer {
        let user = self.removable(ask)?;
        optional_text(ask.arguments, "reason")?;
        self.members.retain(|member| member.id != user);
        Ok(json!({"user": user}))
    }

    /// The member that is asked to be removed; the owner and the bot itself cannot be.
    fn removable(&self, ask: &Ask<'_>) -> Result<String, ErrorCode> {
        let user = text(ask.arguments, "user")?;
        let member = self.members.iter().find(|member| member.id == user).ok_or(ErrorCode::NotFound)?;
        if member.id == self.server.owner || member.id == self.bot.id {
            return Err(ErrorCode::Denied);
        }
        Ok(member.id.clone())
    }

    fn add_role(&mut self, ask: &Ask<'_>) -> Answer {
        let (user, role) = (text(ask.arguments, "user")?, text(ask.arguments, "role")?);
        let role = self.roles.iter().find(|known| known.id == role || known.name == role).ok_or(ErrorCode::NotFound)?;
        let role = role.id.clone();
        let member = self.members.iter_mut().find(|member| member.id == user).ok_or(ErrorCode::NotFound)?;
        if !member.roles.contains(&role) {
            member.roles.push(role.clone());
        }
        Ok(json!({"user": user, "role": role}))
    }

    fn send(&mut self, ask: &Ask<'_>) -> Answer {
        let channel = self.channel(ask)?;
        let content = text(ask.arguments, "content")?.to_owned();
        self.post(ask, channel, content)
    }

    /// A reply goes to the channel of the event.
    fn reply(&mut self, ask: &Ask<'_>) -> Answer {
        let channel = ask.event.channel().ok_or(ErrorCode::Unavailable)?.to_owned();
        let content = match ask.arguments {
            Value::String(content) => content.clone(),
            arguments => optional_text(arguments, "content")?.unwrap_or_default().to_owned(),
        };
        self.post(ask, channel, content)
    }

    fn post(&mut self, ask: &Ask<'_>, channel: String, content: String) -> Answer {
        let embeds = match ask.arguments.get("embeds") {
            None => Vec::new(),
            Some(embeds) => {
                embeds.as_array().filter(|embeds| embeds.len() <= EMBEDS_MAX).ok_or(ErrorCode::BadArgument)?.clone()
            }
        };
        if content.chars().count() > CONTENT_CHARS_MAX || (content.trim().is_empty() && embeds.is_empty()) {
            return Err(ErrorCode::BadArgument);
        }
        let id = self.next_message_id();
        let answer = json!({"id": id, "channel": channel});
        let (author, at, silent) = (self.bot.id.clone(), ask.now, ask.mentions == Mentions::Nobody);
        self.messages.push(Message { id, channel, author, content, at, embeds, silent });
        Ok(answer)
    }

    fn history(&self, ask: &Ask<'_>) -> Answer {
        let own = ask.event.channel();
        let channel = match optional_text(ask.arguments, "channel")? {
            None => own.ok_or(ErrorCode::BadArgument)?.to_owned(),
            Some(_) => self.channel(ask)?,
        };
        if ask.channels == Channels::OfTheEvent && own != Some(channel.as_str()) {
            return Err(ErrorCode::Denied);
        }
        let limit = match ask.arguments.get("limit") {
            None => HISTORY_DEFAULT,
            Some(limit) => {
                limit.as_u64().filter(|limit| (1..=HISTORY_MAX).contains(limit)).ok_or(ErrorCode::BadArgument)?
            }
        };
        let before = optional_text(ask.arguments, "before")?;
        let messages = self.messages.iter().rev().filter(|message| message.channel == channel);
        let older: Vec<&Message> = match before {
            None => messages.take(usize::try_from(limit).unwrap_or(0)).collect(),
            Some(id) => messages
                .skip_while(|message| message.id != id)
                .skip(1)
                .take(usize::try_from(limit).unwrap_or(0))
                .collect(),
        };
        serde_json::to_value(older).map_err(|_| ErrorCode::Unavailable)
    }

    /// The channel that is asked for, by id or name; without one, the event's.
    fn channel(&self, ask: &Ask<'_>) -> Result<String, ErrorCode> {
        let wanted = match optional_text(ask.arguments, "channel")? {
            Some(wanted) => wanted,
            None => ask.event.channel().ok_or(ErrorCode::BadArgument)?,
        };
        let channel = self.channels.iter().find(|channel| channel.id == wanted || channel.name == wanted);
        let channel = channel.ok_or(ErrorCode::NotFound)?;
        if channel.sort == "text" { Ok(channel.id.clone()) } else { Err(ErrorCode::BadArgument) }
    }

    fn next_message_id(&self) -> String {
        let newest = self.messages.iter().filter_map(|message| message.id.parse::<u64>().ok()).max().unwrap_or(0);
        newest.saturating_add(1).to_string()
    }
}

impl World for SimulatedWorld {
    fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    fn storage(&self) -> Storage {
        self.storage.clone()
    }

    fn keep(&mut self, storage: &Storage) {
        self.storage = storage.clone();
    }

    fn answer(&mut self, ask: &Ask<'_>) -> Answer {
        match ask.function.operation {
            Operation::MemberBan => self.ban(ask),
            Operation::MemberKick => self.kick(ask),
            Operation::RoleAdd => self.add_role(ask),
            Operation::MessageSend => self.send(ask),
            Operation::MessageHistory => self.history(ask),
            Operation::Reply | Operation::ReplyText => self.reply(ask),
            Operation::Bot => serde_json::to_value(&self.bot).map_err(|_| ErrorCode::Unavailable),
            // The run answers these itself; a live world is never asked for them either.
            _ => Err(ErrorCode::Unavailable),
        }
    }
}

fn text<'a>(arguments: &'a Value, field: &str) -> Result<&'a str, ErrorCode> {
    optional_text(arguments, field)?.ok_or(ErrorCode::BadArgument)
}

fn optional_text<'a>(arguments: &'a Value, field: &str) -> Result<Option<&'a str>, ErrorCode> {
    match arguments.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ErrorCode::BadArgument),
    }
}

const BUILT_IN: &str = include_str!("world.json");
/// Characters of a message, as chat platforms have it.
const CONTENT_CHARS_MAX: usize = 2_000;
/// Embeds of a message.
const EMBEDS_MAX: usize = 10;
/// Messages of one answer of `message_history`.
const HISTORY_MAX: u64 = 100;
/// Messages where the request names no limit.
const HISTORY_DEFAULT: u64 = 50;
/// The longest time back that a ban may delete messages.
const WEEK_S: i64 = 7 * 24 * 3_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kind::Kind;
    use crate::sandbox::event::Event;
    use crate::sandbox::functions;

    const REX: &str = "910000000000000105";

    fn ask(world: &mut SimulatedWorld, function: &str, arguments: Value) -> Answer {
        let event = Event::template(Kind::Command, None);
        world.answer(&Ask {
            function: functions::find(function).unwrap(),
            arguments: &arguments,
            event: &event,
            now: event.at,
            mentions: Mentions::Nobody,
            channels: Channels::OfTheEvent,
            remaining_ms: 1_000,
        })
    }

    #[test]
    fn the_built_in_world_is_whole() {
        let world = SimulatedWorld::built_in();
        assert_eq!(world.members.len(), 9);
        assert!(world.members.iter().any(|member| member.id == world.bot.id));
        for message in &world.messages {
            assert!(world.channels.iter().any(|channel| channel.id == message.channel), "{}", message.id);
        }
    }

    #[test]
    fn a_banned_member_is_gone_with_the_messages() {
        let mut world = SimulatedWorld::built_in();
        let before = world.digest();
        let banned = ask(&mut world, "member_ban", json!({"user": REX, "delete_message_seconds": 3600}));
        assert_eq!(banned, Ok(json!({"user": REX, "messages_deleted": 2})));
        assert_ne!(world.digest(), before);
        assert_eq!(ask(&mut world, "member_kick", json!({"user": REX})), Err(ErrorCode::NotFound));
        let history = ask(&mut world, "message_history", json!({"limit": 100})).unwrap();
        assert!(history.as_array().unwrap().iter().all(|message| message["author"] != REX));
    }

    #[test]
    fn bad_requests_get_the_code_that_fits() {
        let mut world = SimulatedWorld::built_in();
        let mut check = |function: &str, arguments: Value, code| {
            assert_eq!(ask(&mut world, function, arguments.clone()), Err(code), "{function} {arguments}");
        };
        check("member_ban", json!({"user": "910000000000000101"}), ErrorCode::Denied);
        check("member_ban", json!({}), ErrorCode::BadArgument);
        check("member_ban", json!({"user": REX, "delete_message_seconds": -1}), ErrorCode::BadArgument);
        check("role_add", json!({"user": REX, "role": "Admiral"}), ErrorCode::NotFound);
        check("message_send", json!({"channel": "nowhere", "content": "x"}), ErrorCode::NotFound);
        check("message_send", json!({"channel": "general", "content": " "}), ErrorCode::BadArgument);
        check("message_send", json!({"channel": "general", "content": "x".repeat(2_001)}), ErrorCode::BadArgument);
        check("message_history", json!({"channel": "general"}), ErrorCode::Denied);
        check("message_history", json!({"limit": 0}), ErrorCode::BadArgument);
        check("event_get", json!("/user/id"), ErrorCode::Unavailable);
    }

    #[test]
    fn what_is_sent_can_be_read_back() {
        let mut world = SimulatedWorld::built_in();
        let sent = ask(&mut world, "reply_text", json!("Aye")).unwrap();
        let newest = ask(&mut world, "message_history", json!({"limit": 1})).unwrap();
        assert_eq!(newest[0]["id"], sent["id"]);
        assert_eq!(newest[0]["silent"], true);
        let older = ask(&mut world, "message_history", json!({"limit": 1, "before": sent["id"]})).unwrap();
        assert_ne!(older[0]["id"], sent["id"]);
    }

    #[test]
    fn a_bad_world_says_where() {
        let error = SimulatedWorld::from_json("{\"server\": 1}").unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
