//! The parts of one server, as rows and lines.

use ratatui::text::{Line, Span};

use super::lists::{self, flow, line, scope_set, since};
use super::{Part, Whole};
use crate::api::installations::{Attempt, ConsentAsked, Installation, InstallationStep};
use crate::api::policy::{FieldOnServer, ServerPolicy};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::queue::view::scope_spans;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::list::{Align, Column};
use crate::console::widgets::paint;
use crate::domain::text::{shorten, visible};
use crate::domain::time::Timestamp;

/// The columns of the installations.
pub const INSTALLATIONS: &[Column] = &[
    Column { title: "EXTENSION", width: 16, grow: 2, priority: 0, align: Align::Left },
    Column { title: "VERSION", width: 8, grow: 0, priority: 1, align: Align::Left },
    Column { title: "STATE", width: 19, grow: 1, priority: 0, align: Align::Left },
    Column { title: "COMING", width: 16, grow: 1, priority: 2, align: Align::Left },
    Column { title: "SCOPES", width: 6, grow: 0, priority: 4, align: Align::Right },
    Column { title: "UPDATES", width: 9, grow: 0, priority: 3, align: Align::Left },
];

/// The columns of what waits for consent.
pub const CONSENTS: &[Column] = &[
    Column { title: "EXTENSION", width: 16, grow: 2, priority: 0, align: Align::Left },
    Column { title: "ASKS", width: 8, grow: 0, priority: 0, align: Align::Left },
    Column { title: "RUNS", width: 8, grow: 0, priority: 2, align: Align::Left },
    Column { title: "NEW", width: 4, grow: 0, priority: 1, align: Align::Right },
    Column { title: "RISK", width: 4, grow: 0, priority: 1, align: Align::Right },
    Column { title: "LAPSES", width: 12, grow: 1, priority: 3, align: Align::Left },
];

/// The stages of an attempt, in order, with what each is called here.
const STAGES: [(&str, &str); 5] = [
    ("compatibility_check", "compatibility check"),
    ("permission_validation", "permission validation"),
    ("resource_allocation", "resource allocation"),
    ("sandbox_prep", "sandbox prep"),
    ("state_init", "state init"),
];

/// A cell of the installations.
pub fn installation_cell<'a>(theme: &Theme, row: &'a Installation, column: usize) -> Line<'a> {
    let muted = theme.style(Role::Muted);
    match column {
        0 => Line::raw(visible(&row.slug)),
        1 => Line::styled(row.version.as_deref().map_or("-".into(), visible), theme.style(Role::Accent)),
        2 => {
            let (text, role) = state(row);
            Line::styled(text, theme.style(role))
        }
        3 => coming(theme, row),
        4 => Line::raw(row.granted.len().to_string()),
        _ => {
            let role = if row.follow == "pinned" { Role::Info } else { Role::Muted };
            let style = if role == Role::Muted { muted } else { theme.style(role) };
            Line::styled(visible(&row.follow), style)
        }
    }
}

/// A cell of what waits for consent.
pub fn consent_cell<'a>(model: &Model, row: &'a ConsentAsked, column: usize) -> Line<'a> {
    let theme = &model.theme;
    let new = row.scopes.iter().filter(|scope| !scope.granted);
    match column {
        0 => Line::raw(visible(&row.slug)),
        1 => Line::styled(visible(&row.version), theme.style(Role::Accent)),
        2 => Line::styled(row.running.as_deref().map_or("-".into(), visible), theme.style(Role::Muted)),
        3 => Line::styled(new.count().to_string(), theme.style(Role::Warning)),
        4 => Line::raw(new.map(|scope| u32::from(scope.risk)).sum::<u32>().to_string()),
        _ => Line::styled(lapses(model, row.until.as_deref()), theme.style(Role::Muted)),
    }
}

/// What an installation is doing, and how that looks.
fn state(row: &Installation) -> (String, Role) {
    if row.blocked {
        return ("blocked".to_owned(), Role::Danger);
    }
    if let Some(attempt) = &row.attempt {
        let at = STAGES.iter().position(|(stage, _)| *stage == attempt.stage);
        return match at {
            Some(1) => ("asks for consent".to_owned(), Role::Warning),
            Some(at) => (format!("{}/{} {}", at + 1, STAGES.len(), STAGES[at].1), Role::Info),
            None => (visible(&attempt.stage).into_owned(), Role::Info),
        };
    }
    let role = match row.state.as_str() {
        "active" => Role::Success,
        "failed" => Role::Danger,
        "disabled" | "removing" => Role::Warning,
        _ => Role::Info,
    };
    (visible(&row.state).into_owned(), role)
}

fn coming<'a>(theme: &Theme, row: &'a Installation) -> Line<'a> {
    if let Some(attempt) = &row.attempt {
        return Line::styled(visible(&attempt.version), theme.style(Role::Accent));
    }
    match &row.update {
        None => Line::styled("-", theme.style(Role::Muted)),
        Some(update) => {
            let role = if update.when == "paused" { Role::Warning } else { Role::Accent };
            Line::styled(format!("{} {}", visible(&update.version), visible(&update.when)), theme.style(role))
        }
    }
}

/// The installation under the cursor in full: what it may, what comes, and how far an attempt is.
pub fn installation_detail(model: &Model, whole: &Whole, row: &Installation, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let mut lines = Vec::new();
    if let Some(reason) = &row.reason {
        let text = format!("{}: {reason}", state(row).0);
        lines.extend(wrapped(&text, columns).into_iter().map(|text| Line::styled(text, theme.style(Role::Warning))));
    }
    if let Some(freed) = &row.freed_at {
        let text = format!("Freed for good at {}", time(model, freed));
        lines.push(Line::styled(text, theme.style(Role::Warning)));
    }
    lines.push(line(theme, "Granted", vec![Span::styled(format!("{} scopes", row.granted.len()), muted)]));
    if !row.granted.is_empty() {
        lines.extend(flow(scope_spans(theme, scope_set(&row.granted)), columns));
    }
    let back = row
        .previous
        .as_deref()
        .map_or_else(String::new, |previous| format!("  ·  can go back to {}", visible(previous)));
    lines.push(line(theme, "Updates", vec![Span::raw(visible(&row.follow).into_owned()), Span::styled(back, muted)]));
    if let Some(update) = &row.update {
        let when = match update.when.as_str() {
            "now" => "it comes now".to_owned(),
            "paused" => "its updates are paused".to_owned(),
            ring => format!("it comes with the ring {}", visible(ring)),
        };
        let text = format!("{}: {when}", visible(&update.version));
        lines.push(line(theme, "Available", vec![Span::styled(text, theme.style(Role::Accent))]));
    }
    if whole.consents.iter().any(|asked| asked.installation_id == row.id) {
        let (yes, no) = (model.key(Action::ServerConsent), model.key(Action::ServerRefuse));
        let text = format!("The owner is asked: {yes} gives consent, {no} refuses");
        lines.push(Line::styled(text, theme.style(Role::Warning)));
    }
    let steps = model.servers.one.as_ref().filter(|one| one.steps.0 == row.id).map(|one| &one.steps.1);
    lines.extend(stages(model, row.attempt.as_ref(), steps, columns));
    lines
}

/// The stages of the newest attempt.
fn stages(
    model: &Model,
    attempt: Option<&Attempt>,
    steps: Option<&Remote<Vec<InstallationStep>>>,
    columns: u16,
) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let steps = match steps {
        None | Some(Remote::Absent | Remote::Loading) => return vec![Line::styled("Reading its stages…", muted)],
        Some(Remote::Failed { error, .. }) => {
            return vec![Line::styled(visible(error).into_owned(), theme.style(Role::Danger))];
        }
        Some(Remote::Ready { value, .. } | Remote::Stale { value, .. }) => value,
    };
    let Some(newest) = steps.first() else { return Vec::new() };
    let text = format!("{} to {}, attempt {}", newest.why, newest.version, newest.attempt);
    let mut lines = vec![line(theme, "Stages", vec![Span::raw(visible(&text).into_owned())])];
    for step in steps.iter().rev().filter(|step| step.attempt == newest.attempt) {
        let runs = attempt.is_some_and(|attempt| attempt.number == step.attempt && attempt.stage == step.stage);
        let (sign, role) = match step.stage.as_str() {
            "refused" => ("✗", Role::Danger),
            _ if runs && step.at == newest.at => ("●", Role::Info),
            _ => ("✓", Role::Success),
        };
        let name = STAGES.iter().find(|(stage, _)| *stage == step.stage).map_or(step.stage.as_str(), |(_, name)| name);
        let mut spans = vec![
            Span::styled(format!("{sign} {:<22}", visible(name)), theme.style(role)),
            Span::styled(since(model, &step.at), muted),
        ];
        if let Some(order) = attempt.filter(|_| runs).and_then(|attempt| attempt.order.as_deref()) {
            spans.push(Span::styled(format!("  the instance is to {}", visible(order)), muted));
        }
        lines.push(Line::from(spans));
        if !step.detail.is_empty() {
            let detail = wrapped(&step.detail, columns.saturating_sub(2));
            lines.extend(detail.into_iter().map(|text| Line::styled(format!("  {text}"), theme.style(Role::Danger))));
        }
    }
    lines
}

/// What a version asks for, most dangerous first.
pub fn consent_detail(model: &Model, asked: &ConsentAsked, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let (yes, no) = (model.key(Action::ServerConsent), model.key(Action::ServerRefuse));
    let text = format!("{yes} chooses what is granted, {no} refuses; what runs stays meanwhile.");
    let mut lines = vec![Line::styled(text, theme.style(Role::Muted))];
    for scope in &asked.scopes {
        let mark = match (scope.granted, scope.optional) {
            (true, _) => "has it",
            (false, true) => "optional",
            (false, false) => "needed",
        };
        let room = usize::from(columns).saturating_sub(32);
        lines.push(Line::from(vec![
            Span::styled(format!("{:>2} {:<17} ", scope.risk, visible(&scope.scope)), theme.scope(scope.risk)),
            Span::styled(format!("{mark:<9} "), theme.style(if scope.granted { Role::Muted } else { Role::Warning })),
            Span::raw(shorten(&visible(&scope.description), room).into_owned()),
        ]));
    }
    lines
}

/// The lines of a part without rows.
pub fn lines(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let Some(one) = &model.servers.one else { return Vec::new() };
    let theme = &model.theme;
    match (one.part, one.whole.value()) {
        (Part::Instance, Some(whole)) => instance(model, whole, columns),
        (Part::Policy | Part::Tier, whole) => match &one.policy {
            Remote::Absent | Remote::Loading => {
                vec![Line::styled("Reading the policy…", theme.style(Role::Muted))]
            }
            Remote::Failed { error, .. } => {
                wrapped(error, columns).into_iter().map(|text| Line::styled(text, theme.style(Role::Danger))).collect()
            }
            Remote::Ready { value, .. } | Remote::Stale { value, .. } if one.part == Part::Policy => {
                policy(model, value, columns)
            }
            Remote::Ready { value, .. } | Remote::Stale { value, .. } => {
                whole.map(|whole| tier(model, whole, value, columns)).unwrap_or_default()
            }
        },
        _ => Vec::new(),
    }
}

fn instance(model: &Model, whole: &Whole, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let read_at = model.servers.one.as_ref().and_then(|one| one.whole.at()).unwrap_or(model.now);
    if let Some(row) = &whole.instance {
        let mut lines = vec![line(theme, "Instance", lists::named(theme, &row.name))];
        lines.extend(lists::instance_detail(model, row, read_at, columns));
        return lines;
    }
    let server = &whole.server;
    let mut there = lists::presence(theme, &server.presence).spans;
    let heard = lists::heard(read_at, server.heard_at.as_deref());
    there.push(Span::styled(format!("  heard {heard}"), theme.style(Role::Muted)));
    vec![
        line(theme, "Instance", lists::named(theme, &server.instance)),
        line(theme, "Is", there),
        Line::default(),
        Line::styled("What it can run is shown to maintainers.", theme.style(Role::Muted)),
    ]
}

/// Every field that is in force here, what this server sets first.
fn policy(model: &Model, policy: &ServerPolicy, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let key = model.key(Action::ServerEdit);
    let head = match policy.number {
        0 => format!("This server never overrode anything. {key} writes an override."),
        number => format!(
            "Override {number} by {}, {}: {}. {key} writes another.",
            policy.by.as_deref().unwrap_or("the operator"),
            policy.at.as_deref().map_or_else(String::new, |at| since(model, at)),
            policy.reason.as_deref().unwrap_or_default()
        ),
    };
    let mut lines: Vec<Line<'static>> =
        wrapped(&head, columns).into_iter().map(|text| Line::styled(text, muted)).collect();
    for (layer, title) in [
        ("server", "Set by this server"),
        ("exception", "Excepted for a time by administrators"),
        ("global", "Set for the whole marketplace"),
        ("defaults", "Built in"),
    ] {
        let fields: Vec<&FieldOnServer> = policy.fields.iter().filter(|field| field.layer == layer).collect();
        if fields.is_empty() {
            continue;
        }
        lines.push(Line::default());
        lines.push(Line::styled(format!("{title}: {}", fields.len()), theme.style(Role::Title)));
        lines.extend(fields.into_iter().map(|field| field_line(model, field, columns)));
    }
    lines
}

fn field_line(model: &Model, field: &FieldOnServer, columns: u16) -> Line<'static> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let wide = usize::from(columns);
    let (name_room, value_room) = (wide * 2 / 5, wide * 3 / 10);
    let cell = |text: &str, room: usize| {
        let text = visible(text);
        let text = shorten(&text, room);
        let blanks = room.saturating_sub(crate::domain::text::width(&text));
        format!("{text}{} ", " ".repeat(blanks))
    };
    let may = match (field.locked, field.reach.as_str()) {
        (true, _) | (_, "tighten") => "only stricter",
        (_, "marketplace") => "not here",
        _ => "",
    };
    let from = match (field.revision, &field.by, &field.until) {
        (_, _, Some(until)) => format!("until {}", time(model, until)),
        (Some(revision), Some(by), _) => format!("revision {revision} by {}", visible(by)),
        (Some(revision), None, _) => format!("revision {revision}"),
        _ => String::new(),
    };
    let lock = if field.locked { "locked, " } else { "" };
    let role = if field.locked { Role::Warning } else { Role::Muted };
    let note = if may.is_empty() { from } else { format!("{lock}{may}  {from}") };
    Line::from(vec![
        Span::styled(
            cell(&field.field, name_room),
            if field.layer == "server" { theme.style(Role::Accent) } else { muted },
        ),
        Span::raw(cell(&field.value, value_room)),
        Span::styled(note, theme.style(role)),
    ])
}

fn tier(model: &Model, whole: &Whole, policy: &ServerPolicy, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let key = model.key(Action::ServerTier);
    let prefix = format!("tiers.{}.", whole.server.tier);
    let mut lines = vec![
        line(theme, "Tier", vec![Span::styled(visible(&whole.server.tier).into_owned(), theme.style(Role::Accent))]),
        Line::styled(
            format!("Set by administrators and by the instance, never by the owner. {key} sets it."),
            theme.style(Role::Muted),
        ),
        Line::default(),
        Line::styled("Its limits here", theme.style(Role::Title)),
    ];
    let limits = policy.fields.iter().filter(|field| field.field.starts_with(&prefix));
    lines.extend(limits.map(|field| field_line(model, field, columns)));
    lines
}

fn lapses(model: &Model, until: Option<&str>) -> String {
    match until.and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(until) => moment::left(model.now, until),
        None => "-".to_owned(),
    }
}

fn time(model: &Model, text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| visible(text).into_owned(), |at| moment::clock(at, &model.profile.zone))
}

fn wrapped(text: &str, columns: u16) -> Vec<String> {
    text.lines().flat_map(|line| paint::wrap(&visible(line), usize::from(columns))).collect()
}
