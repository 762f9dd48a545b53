//! How the sandbox looks: the file and its event, and below what the run did.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Part, Watch};
use crate::api::reviews::Checks;
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::remote::Remote;
use crate::console::screens::queue::view::scope_spans;
use crate::console::screens::report;
use crate::console::screens::review::changes::{self, one_finding, severities, visible_paragraphs};
use crate::console::theme::Role;
use crate::console::widgets::{bar, paint};
use crate::domain::text::{visible, width};

/// Rows above the open part.
const HEAD_ROWS: u16 = 4;

/// Paints the sandbox.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let (screen, theme) = (&model.sandbox, &model.theme);
    if screen.path.is_empty() {
        draw_nothing(model, buf, area);
        return;
    }
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    paint::put_line(buf, inner.x, inner.y, inner.width, &file_line(model));
    paint::put_line(buf, inner.x, inner.y + 1, inner.width, &event_line(model));
    let names: Vec<(&str, Option<usize>)> = Part::ALL.iter().map(|part| (part.title(), None)).collect();
    paint::put_line(buf, inner.x, inner.y + 2, inner.width, &bar::tabs(theme, &names, screen.part as usize));
    let body = part_area(area);
    let lines = lines(model, body.width);
    let shown = usize::from(body.height);
    let top = screen.top().min(lines.len().saturating_sub(shown));
    let all = lines.len();
    let place = if all > shown { format!("{}–{} of {all}", top + 1, (top + shown).min(all)) } else { String::new() };
    bar::draw_rule(buf, area, area.y + 3, theme, "", &place);
    paint::put_lines(buf, body, &lines[top..]);
}

/// The room of the open part.
pub fn part_area(area: Rect) -> Rect {
    let head = HEAD_ROWS.min(area.height);
    Rect::new(area.x + 1, area.y + head, area.width.saturating_sub(2), area.height - head)
}

/// The lines of the open part.
pub fn lines(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let (screen, theme) = (&model.sandbox, &model.theme);
    let muted = |text: &str| vec![Line::styled(text.to_owned(), theme.style(Role::Muted))];
    let failed = |error: &str| {
        let text = visible_paragraphs(error, usize::from(columns));
        text.into_iter().map(|line| Line::styled(line, theme.style(Role::Danger))).collect::<Vec<_>>()
    };
    if let Some(error) = screen.file.error() {
        return failed(error);
    }
    match (screen.part, &screen.report) {
        (Part::Verdict, _) => match &screen.verdict {
            Remote::Absent => muted(&format!(
                "{} asks the marketplace what it would say to this package; nothing is submitted.",
                model.key(Action::Verdict)
            )),
            Remote::Loading => muted("Asking the marketplace…"),
            Remote::Failed { error, .. } | Remote::Stale { error, .. } => failed(error),
            Remote::Ready { value, .. } => verdict(model, value, columns),
        },
        (_, Remote::Absent) => muted("Not run."),
        (_, Remote::Loading) => muted("Running…"),
        (_, Remote::Failed { error, .. }) => failed(error),
        (Part::Run, Remote::Ready { value, .. } | Remote::Stale { value, .. }) => {
            let mut lines = faults(model, columns);
            lines.extend(report::lines(theme, value, columns));
            lines
        }
        (Part::Difference, Remote::Ready { value, .. } | Remote::Stale { value, .. }) => match &screen.before {
            None => muted(&format!(
                "There was no run before this one. {} runs the file whenever it is saved.",
                model.key(Action::Watch)
            )),
            Some(before) => {
                let text = |report: &crate::sandbox::Report| {
                    serde_json::to_value(&report.result).map(|value| report::pretty(&value)).unwrap_or_default()
                };
                report::difference(theme, &text(before), &text(value), columns)
            }
        },
    }
}

fn faults(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let faults = model.sandbox.file.value().map(|file| file.faults.clone()).unwrap_or_default();
    let mut lines: Vec<Line<'static>> = faults
        .iter()
        .flat_map(|fault| visible_paragraphs(fault, usize::from(columns).saturating_sub(2)))
        .map(|line| Line::styled(format!("! {line}"), theme.style(Role::Warning)))
        .collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

fn verdict(model: &Model, checks: &Checks, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let (text, role) = match checks.state.as_str() {
        "passed" => ("✓ It would pass and wait for a maintainer.", Role::Success),
        "failed" => ("✗ It would be rejected by the checks.", Role::Danger),
        other => (other, Role::Info),
    };
    let mut lines = vec![Line::styled(visible(text).into_owned(), theme.style(role))];
    lines.push(Line::styled(format!("Findings: {}", severities(&checks.findings)), theme.style(Role::Muted)));
    lines.push(Line::default());
    let room = usize::from(columns).saturating_sub(4);
    for finding in &checks.findings {
        lines.extend(one_finding(theme, finding, room));
        lines.push(Line::default());
    }
    lines.extend(changes::checks(theme, checks));
    lines
}

fn file_line(model: &Model) -> Line<'static> {
    let (screen, theme) = (&model.sandbox, &model.theme);
    let muted = theme.style(Role::Muted);
    let room = usize::from(model.profile.columns) / 2;
    let mut spans = vec![Span::styled(ending(&visible(&screen.path), room), theme.style(Role::Strong))];
    if let Some(file) = screen.file.value() {
        spans.push(Span::styled(format!("  {}", visible(&file.title)), theme.style(Role::Accent)));
        spans.push(Span::styled(format!("  {}", crate::console::widgets::gauge::bytes(file.code.len() as u64)), muted));
    }
    match screen.watch {
        Watch::On => spans.push(Span::styled("  ● watching".to_owned(), theme.style(Role::Success))),
        Watch::Off => {}
    }
    Line::from(spans)
}

/// The end of a path, which tells more than its beginning.
fn ending(path: &str, columns: usize) -> String {
    if width(path) <= columns {
        return path.to_owned();
    }
    let tail = path.char_indices().map(|(at, _)| &path[at..]).find(|tail| width(tail) < columns);
    format!("…{}", tail.unwrap_or_default())
}

fn event_line(model: &Model) -> Line<'static> {
    let (screen, theme) = (&model.sandbox, &model.theme);
    let muted = theme.style(Role::Muted);
    let kind = screen.run_kind().map_or("none", |kind| kind.name());
    let mut spans =
        vec![Span::styled("Event ".to_owned(), muted), Span::styled(kind.to_owned(), theme.style(Role::Accent))];
    if let Some(file) = screen.file.value() {
        if let Some(trigger) = &file.trigger {
            spans.push(Span::styled(format!(" ({})", visible(trigger)), muted));
        }
        spans.push(Span::styled("  ·  scopes ".to_owned(), muted));
        let scopes = scope_spans(theme, file.scopes);
        spans.extend(scopes.into_iter().map(|span| Span::styled(span.content.into_owned(), span.style)));
    }
    Line::from(spans)
}

fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let key = model.key(Action::File);
    let lines = [
        ("Run an extension here", Role::Title),
        ("", Role::Text),
        ("Nothing leaves this machine: a simulated server answers, the caps are real.", Role::Text),
        ("Each call is shown with its scope and verdict, fuel and memory against the", Role::Text),
        ("caps of each tier, the log, and what was stored.", Role::Text),
        ("", Role::Text),
    ];
    let top = area.y + area.height / 4;
    let room = area.width.saturating_sub(4);
    for (y, (text, role)) in (top..area.bottom()).zip(lines) {
        paint::put(buf, area.x + 2, y, room, text, theme.style(role));
    }
    let text = format!("{key} chooses a .skypkg, .wasm, .wat or .skyext file.");
    paint::put(buf, area.x + 2, top + 6, room, &text, theme.style(Role::Info));
}
