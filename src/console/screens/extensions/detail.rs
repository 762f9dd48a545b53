//! How one extension looks: what it is and how far it has spread, and below one of its parts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::catalogue::{freshness, listing_role, put_line_right, time};
use super::update::standing;
use super::{Detail, Facts, Part, Standing, deed, foot};
use crate::api::installations::{FlagSetting, InstalledOn};
use crate::api::instances::Notice;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::review::view::warning_of_name;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::list::{Align, Column, Focus};
use crate::console::widgets::{bar, gauge, list, paint};
use crate::domain::text::visible;

/// Rows above the open part: what it is, where it stands, how far it has spread, the newest notice, the tabs.
const HEAD_ROWS: u16 = 5;
/// Rows of the line under the cursor in full, with the line above them.
const FOOT_ROWS: u16 = 6;
/// Rows that say how a rollout stands.
pub const ROLLOUT_ROWS: u16 = 3;

const VERSIONS: &[Column] = &[
    Column { title: "VERSION", width: 10, grow: 1, priority: 0, align: Align::Left },
    Column { title: "IS", width: 10, grow: 0, priority: 0, align: Align::Left },
    Column { title: "PUBLISHED", width: 12, grow: 0, priority: 1, align: Align::Right },
    Column { title: "SERVERS", width: 7, grow: 0, priority: 1, align: Align::Right },
    Column { title: "SCOPES", width: 6, grow: 0, priority: 3, align: Align::Right },
    Column { title: "CODE", width: 8, grow: 0, priority: 2, align: Align::Right },
    Column { title: "SHA-256", width: 13, grow: 4, priority: 2, align: Align::Left },
    Column { title: "MD5", width: 32, grow: 0, priority: 5, align: Align::Left },
];
const CHANNEL: &[Column] = &[
    Column { title: "REVISION", width: 8, grow: 0, priority: 0, align: Align::Right },
    Column { title: "VERSION", width: 10, grow: 1, priority: 0, align: Align::Left },
    Column { title: "WHEN", width: 12, grow: 0, priority: 1, align: Align::Right },
    Column { title: "BY", width: 12, grow: 1, priority: 1, align: Align::Left },
    Column { title: "WHY", width: 20, grow: 6, priority: 2, align: Align::Left },
];
const SERVERS: &[Column] = &[
    Column { title: "SERVER", width: 16, grow: 3, priority: 0, align: Align::Left },
    Column { title: "TIER", width: 6, grow: 0, priority: 5, align: Align::Left },
    Column { title: "IS", width: 10, grow: 0, priority: 0, align: Align::Left },
    Column { title: "VERSION", width: 9, grow: 0, priority: 1, align: Align::Left },
    Column { title: "COMING", width: 15, grow: 2, priority: 2, align: Align::Left },
    Column { title: "RING", width: 6, grow: 0, priority: 3, align: Align::Left },
    Column { title: "FOLLOWS", width: 9, grow: 0, priority: 4, align: Align::Left },
    Column { title: "INSTANCE", width: 10, grow: 1, priority: 6, align: Align::Left },
];
const FLAGS: &[Column] = &[
    Column { title: "FLAG", width: 18, grow: 3, priority: 0, align: Align::Left },
    Column { title: "IS", width: 19, grow: 1, priority: 0, align: Align::Left },
    Column { title: "MANIFEST SAYS", width: 19, grow: 1, priority: 1, align: Align::Left },
    Column { title: "ON FOR", width: 6, grow: 0, priority: 2, align: Align::Right },
    Column { title: "OFF FOR", width: 7, grow: 0, priority: 2, align: Align::Right },
];
const NOTICES: &[Column] = &[
    Column { title: "TOLD", width: 12, grow: 0, priority: 0, align: Align::Left },
    Column { title: "WHAT", width: 12, grow: 0, priority: 0, align: Align::Left },
    Column { title: "CONFIRMED", width: 12, grow: 0, priority: 0, align: Align::Left },
    Column { title: "WHY", width: 20, grow: 1, priority: 1, align: Align::Left },
];

/// Where the parts of the view stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What is said above the list; empty in most parts.
    pub above: Rect,
    /// The headings.
    pub head: Rect,
    /// The rows.
    pub list: Rect,
    /// The row under the cursor in full; empty where there is no room.
    pub foot: Rect,
}

/// Divides the room of the view.
pub fn parts(area: Rect, part: Part) -> Parts {
    let mut left = Rect { y: area.y + (HEAD_ROWS + 1).min(area.height), ..area };
    left.height = area.bottom().saturating_sub(left.y);
    let mut take = |rows: u16| {
        let taken = Rect { height: rows.min(left.height), ..left };
        left = Rect { y: left.y + taken.height, height: left.height - taken.height, ..left };
        taken
    };
    let above = take(if part == Part::Rollout { ROLLOUT_ROWS } else { 0 });
    let head = take(1);
    let foot_rows = if left.height >= FOOT_ROWS + 3 { FOOT_ROWS } else { 0 };
    let list = Rect { height: left.height - foot_rows, ..left };
    let foot = Rect { y: list.bottom(), height: foot_rows, ..left };
    Parts { above, head, list, foot }
}

/// Paints the open extension.
pub fn draw(model: &Model, open: &Detail, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    let Some(facts) = open.facts.value() else {
        let (text, role) = match open.facts.error() {
            Some(error) => (visible(error).into_owned(), Role::Danger),
            None => ("Reading the extension…".to_owned(), Role::Muted),
        };
        for (y, line) in (inner.y + 1..inner.bottom()).zip(paint::wrap(&text, usize::from(inner.width))) {
            paint::put(buf, inner.x, y, inner.width, &line, theme.style(role));
        }
        return;
    };
    let head = Rect { height: HEAD_ROWS.min(area.height), ..inner };
    paint::put_lines(buf, head, &[title(theme, facts), stands(theme, facts), spread(theme, facts), told(model, facts)]);
    let fresh = freshness(theme, &open.facts, model.now);
    put_line_right(buf, inner.x + inner.width / 2, Rect { width: inner.width + 1, ..inner }, &fresh);
    let names: Vec<(&str, Option<usize>)> = Part::ALL.iter().map(|part| (part.title(), count(facts, *part))).collect();
    paint::put_line(buf, inner.x, inner.y + 4, inner.width, &bar::tabs(theme, &names, open.part as usize));
    let parts = parts(area, open.part);
    let rule = Rect { height: (HEAD_ROWS + 1).min(area.height), ..area };
    bar::draw_rule(buf, rule, area.y + HEAD_ROWS, theme, "", &place(model, open));
    draw_part(model, open, facts, buf, &parts);
    if parts.foot.height > 0 {
        bar::draw_rule(buf, parts.foot, parts.foot.y, theme, "", "");
        let (x, y) = (parts.foot.x + 1, parts.foot.y + 1);
        let room = Rect::new(x, y, parts.foot.width.saturating_sub(2), parts.foot.height - 1);
        paint::put_lines(buf, room, &foot::lines(model, open, facts, room.width));
    }
}

/// How many rows a part has, where that is known without opening it.
fn count(facts: &Facts, part: Part) -> Option<usize> {
    match part {
        Part::Versions => Some(facts.versions.len()),
        Part::Channel => Some(facts.channel.len()),
        Part::Installations => {
            facts.spread.as_ref().map(|spread| usize::try_from(spread.installations).unwrap_or(usize::MAX))
        }
        Part::Flags | Part::Rollout => None,
    }
}

fn place(model: &Model, open: &Detail) -> String {
    let len = super::view::len(model);
    let more = if open.part == Part::Installations && open.installed.next.is_some() { "+" } else { "" };
    if len == 0 { String::new() } else { format!("{} of {len}{more}", open.list().cursor.min(len - 1) + 1) }
}

fn title(theme: &Theme, facts: &Facts) -> Line<'static> {
    let extension = &facts.extension;
    Line::from(vec![
        Span::styled(visible(&extension.slug).into_owned(), theme.style(Role::Strong)),
        Span::styled(format!("  {}", visible(&extension.name)), theme.style(Role::Muted)),
        Span::styled(warning_of_name(&extension.name), theme.style(Role::Danger)),
        Span::styled(format!("  by {}", visible(&extension.owner)), theme.style(Role::Muted)),
    ])
}

fn stands(theme: &Theme, facts: &Facts) -> Line<'static> {
    let (extension, muted) = (&facts.extension, theme.style(Role::Muted));
    let listing = visible(&extension.listing).into_owned();
    let mut spans = match &extension.head {
        Some(head) => vec![
            Span::styled(visible(head).into_owned(), theme.style(Role::Accent)),
            Span::styled(format!(" is revision {} of the channel  ·  ", extension.head_revision), muted),
        ],
        None => vec![Span::styled("never published  ·  ", muted)],
    };
    spans.push(Span::styled(listing, theme.style(listing_role(&extension.listing))));
    if let Some(reason) = &extension.listing_reason {
        spans.push(Span::styled(format!(": {}", visible(&reason.replace('\n', " "))), muted));
    }
    Line::from(spans)
}

fn spread(theme: &Theme, facts: &Facts) -> Line<'static> {
    let muted = theme.style(Role::Muted);
    let Some(spread) = &facts.spread else {
        return Line::styled("Only its owner and maintainers are told how many servers have it.", muted);
    };
    let listening = if spread.listening < spread.instances { Role::Warning } else { Role::Text };
    Line::from(vec![
        Span::styled(spread.installations.to_string(), theme.style(Role::Strong)),
        Span::styled(format!(" installations, {} of them running  ·  ", spread.active), muted),
        Span::styled(spread.instances.to_string(), theme.style(Role::Strong)),
        Span::styled(" instances serve them, ", muted),
        Span::styled(format!("{} listening", spread.listening), theme.style(listening)),
    ])
}

/// What every instance was told last, and how many have confirmed it.
fn told(model: &Model, facts: &Facts) -> Line<'static> {
    let theme = &model.theme;
    let Some(notice) = facts.notices.first() else { return Line::default() };
    let muted = theme.style(Role::Muted);
    let (of, by) = counts(notice);
    let role = if by < of { Role::Warning } else { Role::Success };
    let mut spans =
        vec![Span::styled(format!("{} {}: ", kind(&notice.kind), moment::ago(model.now, time(&notice.at))), muted)];
    spans.extend(
        gauge::bar(theme, 10, by, of).spans.into_iter().map(|span| Span::styled(span.content, theme.style(role))),
    );
    spans.push(Span::styled(format!(" {by} of {of} instances have confirmed"), theme.style(role)));
    Line::from(spans)
}

fn counts(notice: &Notice) -> (u64, u64) {
    let count = |count: Option<i64>| count.unwrap_or(0).unsigned_abs();
    (count(notice.instances), count(notice.confirmed))
}

/// What instances were told, for people.
pub fn kind(kind: &str) -> String {
    visible(&kind.replace('_', " ")).into_owned()
}

fn draw_part(model: &Model, open: &Detail, facts: &Facts, buf: &mut Buffer, parts: &Parts) {
    let theme = &model.theme;
    if let Some((text, role)) = nothing(model, open, facts) {
        let room = parts.list.width.saturating_sub(2);
        for (y, line) in (parts.list.top()..parts.list.bottom()).zip(paint::wrap(&text, usize::from(room))) {
            paint::put(buf, parts.list.x + 1, y, room, &line, theme.style(role));
        }
    }
    let columns = match open.part {
        Part::Versions => VERSIONS,
        Part::Channel => CHANNEL,
        Part::Installations => SERVERS,
        Part::Flags => FLAGS,
        Part::Rollout => NOTICES,
    };
    let inner = Rect::new(parts.above.x + 1, parts.above.y, parts.above.width.saturating_sub(2), parts.above.height);
    paint::put_lines(buf, inner, &foot::rollout(model, facts));
    let len = super::view::len(model);
    if len == 0 {
        return;
    }
    let (mut head, mut list) = (parts.head, parts.list);
    for area in [&mut head, &mut list] {
        area.x += 1;
        area.width = area.width.saturating_sub(1);
    }
    let places = list::place(columns, list.width.saturating_sub(1));
    list::draw_head(buf, head, theme, columns, &places);
    list::draw_rows(buf, list, theme, columns, &places, open.list(), len, Focus::Here, |row, column| match open.part {
        Part::Versions => version_cell(model, facts, row, column),
        Part::Channel => channel_cell(model, facts, row, column),
        Part::Installations => server_cell(theme, &open.installed.rows[row], column),
        Part::Flags => {
            open.flags.value().map_or_else(Line::default, |flags| flag_cell(theme, &flags.items[row], column))
        }
        Part::Rollout => notice_cell(model, &facts.notices[row], column),
    });
}

/// What stands in the place of rows.
fn nothing(model: &Model, open: &Detail, facts: &Facts) -> Option<(String, Role)> {
    let error = |error: &str| Some((visible(error).into_owned(), Role::Danger));
    let said = |text: &str| Some((text.to_owned(), Role::Muted));
    let may_know = facts.spread.is_some();
    match open.part {
        Part::Versions if facts.versions.is_empty() => said("There is no version."),
        Part::Channel if facts.channel.is_empty() => said("Nothing has been published yet."),
        Part::Installations if standing(model) < Standing::Maintains => {
            said("Which servers have it is shown to maintainers; its owner is told how many.")
        }
        Part::Installations => match &open.installed.state {
            Remote::Failed { error: why, .. } => error(why),
            Remote::Ready { .. } | Remote::Stale { .. } if open.installed.rows.is_empty() => said("No server has it."),
            Remote::Absent | Remote::Loading => said("Reading the servers…"),
            Remote::Ready { .. } | Remote::Stale { .. } => None,
        },
        Part::Flags if !may_know => said("The flags are shown to its owner and maintainers."),
        Part::Flags => match &open.flags {
            Remote::Failed { error: why, .. } => error(why),
            Remote::Ready { value, .. } | Remote::Stale { value, .. } if value.items.is_empty() => {
                said(&format!("{} has no feature flags.", visible(&value.number)))
            }
            Remote::Loading => said("Reading the flags…"),
            Remote::Absent => said("Nothing is published yet."),
            Remote::Ready { .. } | Remote::Stale { .. } => None,
        },
        Part::Rollout if !may_know => said("The rollout is shown to its owner and maintainers."),
        Part::Rollout if facts.notices.is_empty() => said("Instances have not been told of anything."),
        _ => None,
    }
}

fn version_cell(model: &Model, facts: &Facts, row: usize, column: usize) -> Line<'static> {
    let (theme, row) = (&model.theme, &facts.versions[row]);
    let is_head = facts.extension.head.as_deref() == Some(row.number.as_str());
    let muted = theme.style(Role::Muted);
    match column {
        0 => Line::styled(visible(&row.number).into_owned(), theme.style(Role::Accent)),
        1 => match (&row.yanked, is_head) {
            (Some(_), _) => Line::styled("yanked", theme.style(Role::Danger)),
            (None, true) => Line::styled("head", theme.style(Role::Success)),
            (None, false) => Line::styled(visible(&row.stage).into_owned(), muted),
        },
        2 => Line::styled(row.published_at.map_or_else(String::new, |at| moment::ago(model.now, at)), muted),
        3 => Line::styled(
            facts.installations_of(&row.number).map_or_else(String::new, |count| count.to_string()),
            theme.style(Role::Strong),
        ),
        4 => Line::styled(row.scopes.len().to_string(), muted),
        5 => Line::styled(gauge::bytes(row.bytes), muted),
        6 => Line::raw(visible(&row.sha256).into_owned()),
        _ => Line::styled(visible(&row.md5).into_owned(), muted),
    }
}

fn channel_cell(model: &Model, facts: &Facts, row: usize, column: usize) -> Line<'static> {
    let (theme, row) = (&model.theme, &facts.channel[row]);
    match column {
        0 => Line::styled(row.revision.to_string(), theme.style(Role::Strong)),
        1 => Line::styled(visible(&row.number).into_owned(), theme.style(Role::Accent)),
        2 => Line::styled(moment::ago(model.now, time(&row.at)), theme.style(Role::Muted)),
        3 => Line::styled(visible(&row.by).into_owned(), theme.style(Role::Muted)),
        _ => Line::raw(visible(&row.reason.replace('\n', " ")).into_owned()),
    }
}

fn server_cell(theme: &Theme, one: &InstalledOn, column: usize) -> Line<'static> {
    let (row, muted) = (&one.installation, theme.style(Role::Muted));
    let coming = || match (&row.attempt, &row.update) {
        (Some(next), _) => format!("{} ({})", next.version, next.stage.replace('_', " ")),
        (None, Some(update)) => format!("{} ({})", update.version, update.when),
        (None, None) => String::new(),
    };
    match column {
        0 => Line::raw(visible(&one.server).into_owned()),
        1 => Line::styled(visible(&one.tier).into_owned(), muted),
        2 if row.blocked => Line::styled("blocked", theme.style(Role::Danger)),
        2 => {
            let role = match row.state.as_str() {
                "active" => Role::Success,
                "failed" => Role::Danger,
                "installing" => Role::Info,
                _ => Role::Muted,
            };
            Line::styled(visible(&row.state).into_owned(), theme.style(role))
        }
        3 => Line::styled(visible(row.version.as_deref().unwrap_or("none")).into_owned(), theme.style(Role::Accent)),
        4 => Line::raw(visible(&coming()).into_owned()),
        5 => Line::styled(visible(&one.ring).into_owned(), muted),
        6 => Line::styled(visible(&row.follow).into_owned(), muted),
        _ => Line::styled(visible(&one.instance).into_owned(), muted),
    }
}

fn flag_cell(theme: &Theme, flag: &FlagSetting, column: usize) -> Line<'static> {
    let muted = theme.style(Role::Muted);
    match column {
        0 => Line::raw(visible(&flag.name).into_owned()),
        1 => {
            let look = theme.style(if flag.set.is_some() { Role::Accent } else { Role::Text });
            Line::styled(deed::shown(flag.set.as_ref().unwrap_or(&flag.default)), look)
        }
        2 => Line::styled(deed::shown(&flag.default), muted),
        3 => Line::styled(flag.servers_on.to_string(), muted),
        _ => Line::styled(flag.servers_off.to_string(), muted),
    }
}

fn notice_cell(model: &Model, notice: &Notice, column: usize) -> Line<'static> {
    let theme = &model.theme;
    let (of, by) = counts(notice);
    match column {
        0 => Line::styled(moment::ago(model.now, time(&notice.at)), theme.style(Role::Muted)),
        1 => Line::raw(kind(&notice.kind)),
        2 => Line::styled(format!("{by} of {of}"), theme.style(if by < of { Role::Warning } else { Role::Success })),
        _ => Line::styled(foot::why(notice), theme.style(Role::Muted)),
    }
}
