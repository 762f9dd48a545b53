//! The extensions of `fixtures/` do what they say: whole stories over the simulated world.

use serde_json::{Value, json};

use super::*;

const LEVELS: &[u8] = include_bytes!("../../../fixtures/extensions/levels/main.wasm");
const REMINDERS: &[u8] = include_bytes!("../../../fixtures/extensions/reminders/main.wasm");
const ROLE_PICKER: &[u8] = include_bytes!("../../../fixtures/extensions/role-picker/main.wasm");
const BAN_HAMMER: &[u8] = include_bytes!("../../../fixtures/extensions/ban-hammer/main.wasm");
const WELCOME: &[u8] = include_bytes!("../../../fixtures/extensions/welcome/main.wasm");
const FAQ: &[u8] = include_bytes!("../../../fixtures/extensions/faq/main.wasm");
const DICE: &[u8] = include_bytes!("../../../fixtures/extensions/dice/main.wasm");
const HISTORY_DIGEST: &[u8] = include_bytes!("../../../fixtures/extensions/history-digest/main.wasm");

/// A chat server on which one extension is installed.
struct Story {
    module: Compiled,
    world: SimulatedWorld,
    settings: Settings,
}

impl Story {
    fn of(code: &[u8]) -> Story {
        let module = compile(code, &ModuleLimits::ceiling()).unwrap();
        let settings = Settings::granting(module.inspection().reachable);
        Story { module, world: SimulatedWorld::built_in(), settings }
    }

    fn configured(mut self, config: Value) -> Story {
        self.settings.config = config;
        self
    }

    fn happens(&mut self, event: &Event) -> Report {
        run(&RunRequest { module: &self.module, event, settings: &self.settings }, &mut self.world)
    }

    /// What the bot said last.
    fn said(&self) -> &str {
        let last = self.world.messages.last().unwrap();
        assert_eq!(last.author, self.world.bot.id);
        &last.content
    }
}

fn command(text: &str) -> Event {
    let words: Vec<&str> = text.split(' ').collect();
    Event::template(Kind::Command, None)
        .with("/command/text", text.into())
        .with("/command/args", json!(words))
        .with("/message/mentions", json!([]))
}

#[test]
fn levels_are_gained_at_most_once_a_minute_and_told() {
    let mut story = Story::of(LEVELS);
    let mut event = Event::template(Kind::Event, Some("message_create"));
    for _ in 0..7 {
        assert_eq!(story.happens(&event).result.outcome, finished(0));
        // The same minute gives nothing more.
        assert_eq!(
            story.happens(&event).result.storage.before.get("xp:910000000000000103"),
            story.world.storage.get("xp:910000000000000103")
        );
        event.at = event.at.plus_ms(60_000);
    }
    assert_eq!(story.said(), "Congratulations, you have reached level 1!");
    let asked = Event::template(Kind::Command, Some("level")).with("/user/id", "910000000000000103".into());
    story.happens(&asked);
    assert_eq!(story.said(), "Level 1, 105 points. The next level is at 200.");
}

#[test]
fn reminders_are_sent_when_they_are_due_and_then_forgotten() {
    let mut story = Story::of(REMINDERS);
    story.happens(&command("30 feed the \"cat\""));
    assert_eq!(story.said(), "I will say so in 30 minutes.");
    story.happens(&command("90 sleep"));
    assert_eq!(story.world.storage.len(), 2);
    let mut timer = Event::template(Kind::Timer, None);
    timer.at = timer.at.plus_ms(29 * 60_000);
    assert_eq!(story.happens(&timer).result.logs[0].text, "0 reminders were due");
    timer.at = timer.at.plus_ms(2 * 60_000);
    let report = story.happens(&timer);
    assert_eq!(report.result.logs[0].text, "1 reminders were due");
    assert_eq!(story.said(), "Reminder: feed the \"cat\"");
    assert_eq!(story.world.storage.len(), 1);
    story.happens(&command("soon do it"));
    assert!(story.said().starts_with("Say: !remind MINUTES TEXT"));
}

#[test]
fn only_allowed_roles_can_be_taken() {
    let ask = |role: &str| Event::template(Kind::Slash, Some("role")).with("/slash/options/role", role.into());
    let mut story = Story::of(ROLE_PICKER);
    story.happens(&ask("Night Owl"));
    assert_eq!(story.said(), "You now have the role Night Owl.");
    story.happens(&ask("Moderator"));
    assert_eq!(story.said(), "That role is not for the taking.");
    let mut story =
        Story::of(ROLE_PICKER).configured(json!({"allowed": {"Crew": true, "Moderator": false, "Ghost": true}}));
    for (role, answer) in [
        ("Crew", "You now have the role Crew."),
        ("Moderator", "That role is not for the taking."),
        ("Artist", "That role is not for the taking."),
        ("../allowed", "That role is not for the taking."),
        ("Ghost", "This server has no such role."),
    ] {
        story.happens(&ask(role));
        assert_eq!(story.said(), answer, "{role}");
    }
    story.settings.grant.granted = ScopeSet::EMPTY;
    let report = story.happens(&ask("Artist"));
    assert_eq!(report.result.outcome, finished(4));
    assert_eq!(story.said(), "I may not give roles here.");
}

#[test]
fn a_ban_needs_a_member_a_reason_and_the_role_where_one_is_asked_for() {
    let mut story = Story::of(BAN_HAMMER).configured(json!({"moderator_role": "910000000000000302"}));
    for (text, answer) in [
        ("910000000000000105 a \"quoted\" reason", "Banned, and noted in the moderation log."),
        ("910000000000000105 again", "There is no such member."),
        ("910000000000000101 mutiny", "I may not ban that member."),
        ("910000000000000106", "Why? Say: !ban MEMBER REASON"),
    ] {
        story.happens(&command(text));
        assert_eq!(story.said(), answer, "{text}");
    }
    assert_eq!(story.world.bans[0].reason.as_deref(), Some("a \"quoted\" reason"));
    story.happens(&command("910000000000000106 x").with("/member/roles", json!(["910000000000000301"])));
    assert_eq!(story.said(), "Only moderators may ban.");
    assert_eq!(story.world.bans.len(), 1);
}

#[test]
fn newcomers_are_welcomed_where_the_server_wants_and_bots_are_not() {
    let join = Event::template(Kind::Event, Some("member_join"));
    let mut story = Story::of(WELCOME).configured(json!({"channel": "general"}));
    story.happens(&join.clone().with("/user/display_name", "Kit \"the\" \\ Cat\n".into()));
    assert_eq!(story.said(), "Welcome aboard, Kit \"the\" \\ Cat ! You are member number 9.");
    assert_eq!(story.world.messages.last().unwrap().channel, "910000000000000201");
    let report = story.happens(&join.with("/user/bot", true.into()));
    assert!(report.result.actions.is_empty());
}

#[test]
fn questions_are_answered_from_the_configuration_first() {
    let mut story = Story::of(FAQ).configured(json!({"answers": {"rules": "Be kind.", "hours": "Nine to five."}}));
    for (keyword, answer) in [
        ("rules", "Be kind."),
        ("hours", "Nine to five."),
        ("invite", "Ask a moderator for an invitation; each is good for one person and one day."),
    ] {
        story.happens(&Event::template(Kind::Keyword, Some(keyword)));
        assert_eq!(story.said(), answer);
    }
    let report = story.happens(&Event::template(Kind::Keyword, Some("parrots")));
    assert_eq!((report.result.actions.len(), report.result.logs.len()), (0, 1));
}

#[test]
fn dice_stay_within_their_sides_and_add_up() {
    let throw = |count: i64, sides: i64| {
        Event::template(Kind::Slash, Some("roll"))
            .with("/slash/options/count", count.into())
            .with("/slash/options/sides", sides.into())
    };
    let mut story = Story::of(DICE);
    story.happens(&throw(3, 1));
    assert_eq!(story.said(), "Ana rolled 1, 1 and 1: 3");
    story.happens(&throw(99, 1));
    assert!(story.said().ends_with(" and 1: 10"), "{}", story.said());
    for seed in 0..20 {
        story.settings.seed = seed;
        story.happens(&throw(1, 6));
        let thrown: u32 = story.said().strip_prefix("Ana rolled ").unwrap().parse().unwrap();
        assert!((1..=6).contains(&thrown));
    }
}

#[test]
fn a_digest_counts_what_is_there_even_where_it_does_not_fit_at_once() {
    let general = |event: Event| event.with("/channel/id", "910000000000000201".into());
    let mut story = Story::of(HISTORY_DIGEST);
    story.happens(&general(Event::template(Kind::Command, Some("digest"))));
    assert_eq!(story.said(), "Of the newest 8 messages here, 2 are by <@910000000000000104>.");
    for place in 0..99 {
        let mut message = story.world.messages[0].clone();
        message.id = (920_000_000_000_000_000_u64 + place).to_string();
        message.content = "x".repeat(800);
        story.world.messages.push(message);
    }
    story.happens(&general(Event::template(Kind::Command, Some("digest"))));
    assert_eq!(story.said(), "Of the newest 100 messages here, 99 are by <@910000000000000101>.");
}
