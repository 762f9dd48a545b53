//! What is said in full: the row under the cursor, and how a rollout stands.

use ratatui::text::{Line, Span};

use super::catalogue::time;
use super::{Detail, Facts, Part, deed};
use crate::api::instances::Notice;
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::screens::queue::view::scope_spans;
use crate::console::screens::review::changes::visible_paragraphs;
use crate::console::theme::Role;
use crate::console::widgets::paint;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::text::visible;

/// The row under the cursor of the open part.
pub fn lines(model: &Model, open: &Detail, facts: &Facts, columns: u16) -> Vec<Line<'static>> {
    let at = open.list().cursor;
    match open.part {
        Part::Versions => version(model, open),
        Part::Channel => facts.channel.get(at).map_or_else(Vec::new, |row| {
            let clock = moment::clock(time(&row.at), &model.profile.zone);
            let text = format!("{} at {clock}: {}", row.by, row.reason);
            paragraphs(model, &text, columns)
        }),
        Part::Installations => server(model, open),
        Part::Flags => flag(model, open, columns),
        Part::Rollout => facts.notices.get(at).map_or_else(Vec::new, |row| paragraphs(model, &why(row), columns)),
    }
}

/// Why instances were told something.
pub fn why(notice: &Notice) -> String {
    let what = &notice.body["what"];
    let text = |name: &str| what.get(name).and_then(serde_json::Value::as_str);
    let to = text("to").map(|to| format!("{to}: ")).or_else(|| text("range").map(|range| format!("{range}: ")));
    let reason = text("reason").unwrap_or_default();
    visible(&format!("{}{}", to.unwrap_or_default(), reason.replace('\n', " "))).into_owned()
}

/// How an update is being brought to the servers; nothing outside that part, where no room is kept for it.
pub fn rollout(model: &Model, facts: &Facts) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let Some(rollout) = &facts.rollout else { return Vec::new() };
    let muted = theme.style(Role::Muted);
    let line = |label: &'static str, value: Vec<Span<'static>>| paint::labelled(label, 9, muted, value);
    let ring = match rollout.ring.as_str() {
        "canary" => "canary: the first few servers".to_owned(),
        "tenth" => "tenth: a tenth of the servers".to_owned(),
        "all" => "all servers".to_owned(),
        other => visible(other).into_owned(),
    };
    let since = moment::ago(model.now, time(&rollout.since));
    let paused = match &rollout.paused {
        Some(why) => {
            Span::styled(format!("stands still: {}", visible(&why.replace('\n', " "))), theme.style(Role::Warning))
        }
        None => Span::styled("goes on by itself", theme.style(Role::Success)),
    };
    let mut stand = Vec::new();
    for one in &rollout.standing {
        let version = one.version_id.as_ref().and_then(|id| facts.versions.iter().find(|version| version.id == *id));
        let number = version.map_or_else(String::new, |version| format!(" {}", visible(&version.number)));
        let joint = if stand.is_empty() { "" } else { "  ·  " };
        stand.push(Span::raw(format!("{joint}{} {}{number}", one.count, visible(&one.state))));
    }
    if stand.is_empty() {
        stand.push(Span::styled("no installation", muted));
    }
    vec![
        line("Ring", vec![Span::raw(ring), Span::styled(format!("  ·  {since}  ·  "), muted), paused]),
        line("Stand", stand),
    ]
}

fn paragraphs(model: &Model, text: &str, columns: u16) -> Vec<Line<'static>> {
    let look = model.theme.style(Role::Text);
    visible_paragraphs(text, usize::from(columns)).into_iter().map(|line| Line::styled(line, look)).collect()
}

fn version(model: &Model, open: &Detail) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let Some(row) = open.version() else { return Vec::new() };
    let muted = theme.style(Role::Muted);
    let line = |label: &'static str, value: Vec<Span<'static>>| paint::labelled(label, 9, muted, value);
    let scopes: ScopeSet =
        row.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).fold(ScopeSet::EMPTY, ScopeSet::with);
    let scopes = scope_spans(theme, scopes).into_iter();
    let mut lines = vec![
        line("SHA-256", vec![Span::raw(visible(&row.sha256).into_owned())]),
        line(
            "MD5",
            vec![
                Span::raw(visible(&row.md5).into_owned()),
                Span::styled(format!("  ·  {}", visible(&row.runtime)), muted),
                Span::styled(format!("  ·  {}", visible(&row.kinds.join(", "))), muted),
            ],
        ),
        line("Scopes", scopes.map(|span| Span::styled(span.content.into_owned(), span.style)).collect()),
        line("Made", vec![Span::raw(moment::clock(row.created_at, &model.profile.zone))]),
    ];
    if let Some(why) = &row.yanked {
        let text = visible(&why.replace('\n', " ")).into_owned();
        lines.push(line("Yanked", vec![Span::styled(text, theme.style(Role::Danger))]));
    }
    lines
}

fn server(model: &Model, open: &Detail) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let Some(one) = open.installed.selected() else { return Vec::new() };
    let (row, muted) = (&one.installation, theme.style(Role::Muted));
    let line = |label: &'static str, value: Vec<Span<'static>>| paint::labelled(label, 9, muted, value);
    let plain = |text: &str| vec![Span::raw(visible(text).into_owned())];
    let changed = moment::ago(model.now, time(&row.updated_at));
    let mut lines = vec![
        line("Server", plain(&format!("{}  ·  {}  ·  tier {}", row.guild, one.server, one.tier))),
        line("Granted", plain(&if row.granted.is_empty() { "nothing".to_owned() } else { row.granted.join(" ") })),
        line("Before", plain(&format!("{}  ·  changed {changed}", row.previous.as_deref().unwrap_or("nothing")))),
        line("Id", vec![Span::styled(visible(&row.id).into_owned(), muted)]),
    ];
    if let Some(reason) = &row.reason {
        let text = visible(&reason.replace('\n', " ")).into_owned();
        lines.push(line("Why", vec![Span::styled(text, theme.style(Role::Warning))]));
    }
    lines
}

fn flag(model: &Model, open: &Detail, columns: u16) -> Vec<Line<'static>> {
    let Some(flags) = open.flags.value() else { return Vec::new() };
    let number = visible(&flags.number);
    let Some(flag) = flags.items.get(open.list().cursor) else { return Vec::new() };
    let value = deed::shown(flag.set.as_ref().unwrap_or(&flag.default));
    let set = if flag.set.is_some() { "set for the version" } else { "as its manifest says" };
    let key = model.key(Action::SetFlag);
    let text = format!(
        "{} of {number} is {value}, {set}. {} servers have it on and {} off for themselves.\n{key} sets it; the version \
         under the cursor of the list of versions is the one that is shown.",
        flag.name, flag.servers_on, flag.servers_off
    );
    paragraphs(model, &text, columns)
}
