//! The two lists, servers and instances: their columns, and the row under the cursor in full.

use ratatui::text::{Line, Span};

use crate::api::instances::Instance;
use crate::api::servers::Server;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::screens::queue::view::scope_spans;
use crate::console::screens::review::view::warning_of_name;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::list::{Align, Column};
use crate::console::widgets::paint;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::text::visible;
use crate::domain::time::Timestamp;

/// The columns of the servers.
pub const SERVERS: &[Column] = &[
    Column { title: "SERVER", width: 18, grow: 3, priority: 0, align: Align::Left },
    Column { title: "OWNER", width: 10, grow: 1, priority: 3, align: Align::Left },
    Column { title: "TIER", width: 6, grow: 0, priority: 1, align: Align::Left },
    Column { title: "INSTANCE", width: 10, grow: 1, priority: 4, align: Align::Left },
    Column { title: "IS", width: 11, grow: 0, priority: 2, align: Align::Left },
    Column { title: "INSTALLED", width: 9, grow: 0, priority: 1, align: Align::Right },
    Column { title: "CONSENTS", width: 8, grow: 0, priority: 1, align: Align::Right },
];

/// The columns of the instances.
pub const INSTANCES: &[Column] = &[
    Column { title: "INSTANCE", width: 14, grow: 2, priority: 0, align: Align::Left },
    Column { title: "IS", width: 11, grow: 0, priority: 0, align: Align::Left },
    Column { title: "HEARD", width: 12, grow: 0, priority: 1, align: Align::Left },
    Column { title: "HOST API", width: 8, grow: 0, priority: 2, align: Align::Left },
    Column { title: "SCOPES", width: 6, grow: 0, priority: 3, align: Align::Right },
    Column { title: "MEMORY", width: 9, grow: 0, priority: 3, align: Align::Right },
    Column { title: "SERVERS", width: 7, grow: 0, priority: 1, align: Align::Right },
];

/// A cell of the servers.
pub fn server_cell<'a>(theme: &Theme, row: &'a Server, column: usize) -> Line<'a> {
    match column {
        0 => Line::raw(visible(&row.name)),
        1 => Line::styled(visible(&row.owner), theme.style(Role::Muted)),
        2 => Line::styled(visible(&row.tier), theme.style(Role::Accent)),
        3 => Line::styled(visible(&row.instance), theme.style(Role::Muted)),
        4 => presence(theme, &row.presence),
        5 => Line::raw(row.installations.to_string()),
        _ if row.consents == 0 => Line::styled("0", theme.style(Role::Muted)),
        _ => Line::styled(format!("! {}", row.consents), theme.style(Role::Warning)),
    }
}

/// A cell of the instances; ages are those at the time the list was read.
pub fn instance_cell<'a>(theme: &Theme, row: &'a Instance, read_at: Timestamp, column: usize) -> Line<'a> {
    let muted = theme.style(Role::Muted);
    match column {
        0 => Line::raw(visible(&row.name)),
        1 => presence(theme, &row.presence),
        2 => Line::styled(heard(read_at, row.heard_at.as_deref()), muted),
        3 => Line::styled(row.host_api.as_deref().map_or("-".into(), visible), theme.style(Role::Accent)),
        4 => Line::raw(row.scopes.len().to_string()),
        5 => Line::raw(format!("{} MiB", row.memory_mib)),
        _ => Line::raw(row.servers.to_string()),
    }
}

/// The server under the cursor in full.
pub fn server_detail(model: &Model, row: &Server) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let read_at = model.servers.servers.state.at().unwrap_or(model.now);
    let managers = if row.managers.is_empty() { "nobody else".to_owned() } else { row.managers.join(", ") };
    let waiting = match row.consents {
        0 => Span::styled("nothing waits for consent", muted),
        1 => Span::styled("1 version waits for consent", theme.style(Role::Warning)),
        more => Span::styled(format!("{more} versions wait for consent"), theme.style(Role::Warning)),
    };
    let mut instance = vec![Span::raw(format!("{}  ", visible(&row.instance)))];
    instance.extend(presence(theme, &row.presence).spans);
    instance.push(Span::styled(format!("  heard {}", heard(read_at, row.heard_at.as_deref())), muted));
    vec![
        line(theme, "Owner", vec![Span::raw(visible(&row.owner).into_owned())]),
        line(theme, "Managers", vec![Span::raw(visible(&managers).into_owned())]),
        line(theme, "Tier", vec![Span::styled(visible(&row.tier).into_owned(), theme.style(Role::Accent))]),
        line(theme, "Instance", instance),
        line(theme, "Has", vec![Span::raw(format!("{} installations  ·  ", row.installations)), waiting]),
        line(
            theme,
            "Platform",
            vec![
                Span::raw(visible(&row.guild).into_owned()),
                Span::styled(format!("  known {}", since(model, &row.created_at)), muted),
            ],
        ),
    ]
}

/// The instance under the cursor in full.
pub fn instance_detail(model: &Model, row: &Instance, read_at: Timestamp, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let mut there = presence(theme, &row.presence).spans;
    there.push(Span::styled(format!("  heard {}", heard(read_at, row.heard_at.as_deref())), muted));
    let api = row.host_api.as_deref().map_or_else(|| "nothing announced".to_owned(), |api| visible(api).into_owned());
    let features = if row.wasm_features.is_empty() {
        "none beyond the first version".to_owned()
    } else {
        row.wasm_features.join(", ")
    };
    let mut lines = vec![
        line(theme, "Is", there),
        line(theme, "Host API", vec![Span::styled(api, theme.style(Role::Accent))]),
        line(theme, "Memory", vec![Span::raw(format!("{} MiB for extensions", row.memory_mib))]),
        line(theme, "Serves", vec![Span::raw(format!("{} servers", row.servers))]),
        line(theme, "Wasm", vec![Span::raw(visible(&features).into_owned())]),
    ];
    let scopes = scope_set(&row.scopes);
    let missing: Vec<&str> = Scope::ALL
        .iter()
        .filter(|scope| !row.scopes.iter().any(|name| name == scope.name()))
        .map(|scope| scope.name())
        .collect();
    lines.push(line(
        theme,
        "Scopes",
        vec![Span::styled(format!("{} of {} served", row.scopes.len(), Scope::ALL.len()), muted)],
    ));
    lines.extend(flow(scope_spans(theme, scopes), columns));
    if !missing.is_empty() && row.host_api.is_some() {
        let text = format!("Not served: {}", missing.join(", "));
        let wrapped = paint::wrap(&text, usize::from(columns));
        lines.extend(wrapped.into_iter().map(|text| Line::styled(text, theme.style(Role::Warning))));
    }
    lines
}

/// Whether an instance is there, with a sign that needs no colour.
pub fn presence(theme: &Theme, presence: &str) -> Line<'static> {
    let (sign, role) = match presence {
        "live" => ("●", Role::Success),
        "silent" => ("○", Role::Danger),
        _ => ("·", Role::Muted),
    };
    Line::styled(format!("{sign} {}", visible(presence)), theme.style(role))
}

/// When an instance was heard, seen from the time it was read.
pub fn heard(read_at: Timestamp, heard_at: Option<&str>) -> String {
    match heard_at.and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(at) => moment::ago(read_at, at),
        None => "never".to_owned(),
    }
}

/// How long ago something was, seen from now.
pub fn since(model: &Model, at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| visible(at).into_owned(), |at| moment::ago(model.now, at))
}

/// A name, with a word of warning where it could deceive its reader.
pub fn named(theme: &Theme, name: &str) -> Vec<Span<'static>> {
    vec![
        Span::styled(visible(name).into_owned(), theme.style(Role::Strong)),
        Span::styled(warning_of_name(name), theme.style(Role::Danger)),
    ]
}

/// A label and a value.
pub fn line(theme: &Theme, label: &'static str, value: Vec<Span<'static>>) -> Line<'static> {
    paint::labelled(label, 9, theme.style(Role::Muted), value)
}

/// The scopes of these names; those that this console does not know are left out.
pub fn scope_set(names: &[String]) -> ScopeSet {
    names.iter().filter_map(|name| name.parse::<Scope>().ok()).fold(ScopeSet::EMPTY, ScopeSet::with)
}

/// Spans in as many lines as they need.
pub fn flow(spans: Vec<Span<'static>>, columns: u16) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    for span in spans {
        let last = lines.len() - 1;
        if lines[last].width() + span.width() > usize::from(columns) && lines[last].width() > 0 {
            lines.push(Line::default());
        }
        let last = lines.len() - 1;
        if !(span.content.trim().is_empty() && lines[last].width() == 0) {
            lines[last].push_span(span);
        }
    }
    lines
}
