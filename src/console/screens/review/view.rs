//! How the review looks: what it is and whose turn, the parts as tabs, and the open part.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Part, changes};
use crate::api::reviews::Review;
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::remote::Remote;
use crate::console::screens::report;
use crate::console::theme::Role;
use crate::console::widgets::{bar, diff, paint};
use crate::domain::text::{name_problems, visible};
use crate::domain::time::Timestamp;

/// Rows above the open part: title, state, tabs, line.
const HEAD_ROWS: u16 = 4;

/// Paints the review.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let screen = &model.review;
    let Some(review) = screen.review.value() else {
        draw_nothing(model, buf, area);
        return;
    };
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    paint::put_line(buf, inner.x, inner.y, inner.width, &title(model, review));
    paint::put_line(buf, inner.x, inner.y + 1, inner.width, &state(model, review));
    let names: Vec<(&str, Option<usize>)> = Part::ALL
        .iter()
        .map(|part| match part {
            Part::Findings => (part.title(), Some(review.checks.findings.len())),
            Part::History => (part.title(), Some(review.notes.len()).filter(|count| *count > 0)),
            Part::Changes | Part::Code | Part::Run => (part.title(), None),
        })
        .collect();
    paint::put_line(buf, inner.x, inner.y + 2, inner.width, &bar::tabs(theme, &names, screen.part as usize));
    let body = part_area(area);
    let (shown, all) = (usize::from(body.height), len(model, body.width));
    let top = screen.top().min(all.saturating_sub(shown));
    let place = if all > shown { format!("{}–{} of {all}", top + 1, (top + shown).min(all)) } else { String::new() };
    bar::draw_rule(buf, area, area.y + 3, theme, "", &place);
    if screen.part == Part::Code
        && let Some(pair) = screen.code.value()
        && !pair.rows.is_empty()
    {
        diff::draw(buf, body, theme, &pair.rows, top);
        return;
    }
    let lines = lines(model, body.width);
    paint::put_lines(buf, body, &lines[top.min(lines.len())..]);
}

/// The room of the open part.
pub fn part_area(area: Rect) -> Rect {
    let head = HEAD_ROWS.min(area.height);
    Rect::new(area.x + 1, area.y + head, area.width.saturating_sub(2), area.height - head)
}

/// How many lines the open part has.
pub fn len(model: &Model, columns: u16) -> usize {
    match model.review.code.value() {
        Some(pair) if model.review.part == Part::Code && !pair.rows.is_empty() => pair.rows.len(),
        _ => lines(model, columns).len(),
    }
}

/// The lines of the open part; of the code only what stands in the place of its rows.
fn lines(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let Some(review) = model.review.review.value() else { return Vec::new() };
    match model.review.part {
        Part::Changes => changes::changes(model, review, columns),
        Part::Findings => changes::findings(model, review, columns),
        Part::History => changes::history(model, review, columns),
        Part::Code => code_message(model),
        Part::Run => run(model, columns),
    }
}

fn code_message(model: &Model) -> Vec<Line<'static>> {
    let theme = &model.theme;
    match &model.review.code {
        Remote::Absent | Remote::Loading => {
            vec![Line::styled("Reading and comparing the code…".to_owned(), theme.style(Role::Muted))]
        }
        Remote::Failed { error, .. } | Remote::Stale { error, .. } => vec![
            Line::styled("The code cannot be shown".to_owned(), theme.style(Role::Danger)),
            Line::raw(visible(error).into_owned()),
        ],
        Remote::Ready { value, .. } => vec![Line::styled(
            format!("The {} is the same as in the published version.", value.language),
            theme.style(Role::Success),
        )],
    }
}

fn run(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let (screen, theme) = (&model.review, &model.theme);
    let muted = theme.style(Role::Muted);
    let kind = screen.run_kind().map_or("no event", |kind| kind.name());
    let (run_key, event_key) = (model.key(Action::DryRun), model.key(Action::DryRunEvent));
    let mut lines = vec![Line::from(vec![
        Span::styled("Event ".to_owned(), muted),
        Span::styled(kind.to_owned(), theme.style(Role::Accent)),
        Span::styled(format!("  ·  {run_key} runs both versions here, {event_key} chooses the event"), muted),
    ])];
    lines.push(Line::default());
    match &screen.run_new {
        Remote::Absent => lines.push(Line::styled("Not run in this terminal.".to_owned(), muted)),
        Remote::Loading => lines.push(Line::styled("Running…".to_owned(), muted)),
        Remote::Failed { error, .. } | Remote::Stale { error, .. } => {
            lines.push(Line::styled(visible(error).into_owned(), theme.style(Role::Danger)));
        }
        Remote::Ready { value, .. } => {
            let old = screen.run_old.value().map(AsRef::as_ref);
            lines.extend(report::compare(theme, old, value, columns));
        }
    }
    lines
}

/// A word of warning after a name that could deceive its reader; empty for an honest one.
pub fn warning_of_name(name: &str) -> String {
    name_problems(name).first().map_or_else(String::new, |problem| format!(" (! {})", problem.code().replace('_', " ")))
}

fn title<'a>(model: &Model, review: &'a Review) -> Line<'a> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let item = &review.item;
    Line::from(vec![
        Span::styled(visible(&item.slug), theme.style(Role::Strong)),
        Span::raw(" "),
        Span::styled(visible(&item.number), theme.style(Role::Accent)),
        Span::styled(format!("  {}", visible(&item.name)), theme.style(Role::Text)),
        Span::styled(warning_of_name(&item.name), theme.style(Role::Danger)),
        Span::styled(format!("  by {}", visible(&item.author)), muted),
        Span::styled(format!(" (reputation {})", review.author.account.reputation), muted),
    ])
}

fn state(model: &Model, review: &Review) -> Line<'static> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let item = &review.item;
    let mut spans = Vec::new();
    if let Some(outcome) = review.outcome.as_deref().filter(|_| !review.open) {
        let role = if outcome == "published" { Role::Success } else { Role::Warning };
        spans.push(Span::styled(format!("ended: {}", visible(outcome)), theme.style(role)));
    } else {
        let claimed = match (&item.claimed_by, model.review.lease_until()) {
            (Some(by), Some(until)) if *by == model.my_name() => {
                (format!("yours, {}", moment::left(model.now, until)), Role::Success)
            }
            (Some(by), Some(until)) => {
                (format!("claimed by {}, {}", visible(by), moment::left(model.now, until)), Role::Warning)
            }
            _ if item.stage == "checking" => ("its checks run".to_owned(), Role::Muted),
            _ => (format!("free: {} claims it", model.key(Action::Claim)), Role::Info),
        };
        spans.push(Span::styled(claimed.0, theme.style(claimed.1)));
        if let Ok(due) = item.due_at.parse::<Timestamp>() {
            let role = if due < model.now { Role::Danger } else { Role::Muted };
            spans.push(Span::styled(format!("  ·  {}", moment::due(model.now, due)), theme.style(role)));
        }
    }
    spans.push(Span::styled(format!("  ·  findings: {}", changes::severities(&review.checks.findings)), muted));
    if item.approvals_needed > 1 {
        let given = item.first_approval_by.as_deref().map_or_else(
            || format!("  ·  needs {} approvals", item.approvals_needed),
            |by| format!("  ·  1 of {} approvals, by {}", item.approvals_needed, visible(by)),
        );
        spans.push(Span::styled(given, theme.style(Role::Info)));
    }
    if let Remote::Stale { at, .. } = &model.review.review {
        let text = format!("  ·  not fresh: read {}", moment::ago(model.now, *at));
        spans.push(Span::styled(text, theme.style(Role::Warning)));
    }
    Line::from(spans)
}

fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let (title, role, lines) = match &model.review.review {
        Remote::Failed { error, .. } => (
            "The review cannot be read",
            Role::Danger,
            vec![visible(error).into_owned(), format!("{} tries again.", model.key(Action::Refresh))],
        ),
        Remote::Loading => ("Reading the review…", Role::Muted, Vec::new()),
        _ => (
            "No review is open",
            Role::Info,
            vec![
                format!(
                    "Choose a submission in the queue ({}) and press {},",
                    model.key(Action::ScreenQueue),
                    model.key(Action::Open)
                ),
                format!("or press {} there to claim the most urgent one.", model.key(Action::ClaimNext)),
            ],
        ),
    };
    let y = area.y + area.height / 3;
    let room = area.width.saturating_sub(4);
    paint::put(buf, area.x + 2, y, room, title, theme.style(role));
    let wrapped = lines.iter().flat_map(|line| paint::wrap(line, usize::from(room)));
    for (y, line) in (y + 1..area.bottom()).zip(wrapped) {
        paint::put(buf, area.x + 2, y, room, &line, theme.style(Role::Muted));
    }
}
