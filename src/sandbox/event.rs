//! The event that starts a run: read from JSON, or made from a template with a chat gateway's shapes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::kind::Kind;
use crate::domain::time::Timestamp;

/// What happened, when, and everything about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Which handler it is for.
    pub kind: Kind,
    /// When it happened: where the run's clock starts.
    pub at: Timestamp,
    /// Its fields: what `event_get` reads.
    pub body: Value,
}

/// The text is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no event: {0}")]
pub struct NotAnEvent(pub String);

impl Event {
    /// A believable event of a kind, of the built-in world; `name` is the command's or slash command's key, the keyword
    /// or the gateway event (as `member_join` or `guildMemberAdd`), where the template shall have that one.
    pub fn template(kind: Kind, name: Option<&str>) -> Event {
        let (key, pointer) = match kind {
            Kind::Command => ("command", "/command/name"),
            Kind::Slash => ("slash", "/slash/name"),
            Kind::Keyword => ("keyword", "/keyword/matched"),
            Kind::Timer => ("timer", ""),
            Kind::Event => (gateway_template(name.unwrap_or("member_join")), "/event/name"),
        };
        let mut body = template_body(key);
        if let Some(name) = name {
            set(&mut body, pointer, Value::from(name));
            rename_in_text(&mut body, kind, name);
        }
        Event { kind, at: TEMPLATE_TIME, body }
    }

    /// Reads an event: either a whole one `{"kind", "at", "body"}`, or a body alone, which is then of `kind` and happens
    /// at the template's time.
    ///
    /// # Errors
    /// [`NotAnEvent`] with line and column, or with the field that is wrong.
    pub fn from_json(text: &str, kind: Kind) -> Result<Event, NotAnEvent> {
        let value: Value = serde_json::from_str(text).map_err(|error| NotAnEvent(error.to_string()))?;
        let Value::Object(fields) = &value else {
            return Err(NotAnEvent("a JSON object is needed".to_owned()));
        };
        if fields.contains_key("kind") && fields.contains_key("body") {
            return serde_json::from_value(value).map_err(|error| NotAnEvent(error.to_string()));
        }
        Ok(Event { kind, at: TEMPLATE_TIME, body: value })
    }

    /// The same event with one field set, by JSON pointer; objects on the way are made where they are missing.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Event {
        set(&mut self.body, pointer, value);
        self
    }

    /// One field, by JSON pointer.
    pub fn field(&self, pointer: &str) -> Option<&Value> {
        self.body.pointer(pointer)
    }

    /// The channel it happened in, where it did in one.
    pub fn channel(&self) -> Option<&str> {
        self.body.pointer("/channel/id").and_then(Value::as_str)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind, self.at)
    }
}

/// When every template happens: no clock is read to make one.
pub const TEMPLATE_TIME: Timestamp = Timestamp::from_ms(1_790_000_000_000);

/// The bodies, by template name.
const TEMPLATES: &str = include_str!("events.json");

/// Gateway events that have a template of their own, in the spellings that manifests use, and the template.
const GATEWAY: &[(&str, &str)] = &[
    ("memberjoin", "event_member_join"),
    ("guildmemberadd", "event_member_join"),
    ("memberleave", "event_member_leave"),
    ("guildmemberremove", "event_member_leave"),
    ("messagecreate", "event_message_create"),
    ("messageedit", "event_message_edit"),
    ("messageupdate", "event_message_edit"),
    ("messagedelete", "event_message_delete"),
    ("reactionadd", "event_reaction_add"),
    ("messagereactionadd", "event_reaction_add"),
    ("voicejoin", "event_voice"),
    ("voicestateupdate", "event_voice"),
];

fn gateway_template(name: &str) -> &'static str {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    GATEWAY.iter().find(|(spelling, _)| *spelling == plain).map_or("event_other", |(_, template)| template)
}

fn template_body(key: &str) -> Value {
    let all: Value = serde_json::from_str(TEMPLATES).unwrap_or_default();
    all.get(key).cloned().unwrap_or_default()
}

/// A command's message starts with its key, a keyword's message holds the keyword: the text follows the name.
fn rename_in_text(body: &mut Value, kind: Kind, name: &str) {
    let text = match kind {
        Kind::Command => {
            let text = body.pointer("/command/text").and_then(Value::as_str).unwrap_or_default();
            format!("!{name} {text}")
        }
        Kind::Keyword => format!("Hi all, a question about {name} please"),
        _ => return,
    };
    set(body, "/message/content", Value::from(text));
}

fn set(body: &mut Value, pointer: &str, value: Value) {
    let Some(path) = pointer.strip_prefix('/') else { return };
    let mut place = body;
    for step in path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")) {
        if let (Value::Array(items), Ok(index)) = (&mut *place, step.parse::<usize>()) {
            if index >= items.len() {
                return;
            }
        } else if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        place = match place {
            Value::Array(items) => match step.parse::<usize>() {
                Ok(index) => &mut items[index],
                Err(_) => return,
            },
            other => &mut other[step.as_str()],
        };
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_template_with_a_server() {
        for kind in Kind::ALL {
            let event = Event::template(*kind, None);
            assert!(event.field("/server/id").is_some_and(Value::is_string), "{kind}");
            assert_eq!(event.channel().is_some(), !matches!(kind, Kind::Timer | Kind::Event), "{kind}");
        }
        for (spelling, template) in GATEWAY {
            assert!(template_body(template).is_object(), "{spelling}");
        }
        assert!(template_body("event_other").is_object());
    }

    #[test]
    fn a_name_is_put_where_the_guest_reads_it() {
        let event = Event::template(Kind::Command, Some("ban"));
        assert_eq!(event.field("/command/name"), Some(&Value::from("ban")));
        assert!(event.field("/message/content").unwrap().as_str().unwrap().starts_with("!ban "));
        let event = Event::template(Kind::Event, Some("guildMemberAdd"));
        assert_eq!(event.field("/event/name"), Some(&Value::from("guildMemberAdd")));
        assert!(event.field("/user/id").is_some());
    }

    #[test]
    fn a_whole_event_and_a_body_alone_are_both_read() {
        let whole = Event::template(Kind::Timer, None);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(Event::from_json(&text, Kind::Command), Ok(whole));
        let body = Event::from_json(r#"{"user":{"id":"1"}}"#, Kind::Slash).unwrap();
        assert_eq!((body.kind, body.at), (Kind::Slash, TEMPLATE_TIME));
        assert!(Event::from_json("[1]", Kind::Slash).is_err());
        assert!(Event::from_json(r#"{"kind":"party","at":"2026-01-01T00:00:00Z","body":{}}"#, Kind::Slash).is_err());
    }

    #[test]
    fn fields_are_set_by_pointer() {
        let event = Event::template(Kind::Slash, None).with("/slash/options/sides", Value::from("20"));
        assert_eq!(event.field("/slash/options/sides"), Some(&Value::from("20")));
        let event = event.with("/new/deep", Value::from(1)).with("/nowhere", Value::Null);
        assert_eq!(event.field("/new/deep"), Some(&Value::from(1)));
    }
}
