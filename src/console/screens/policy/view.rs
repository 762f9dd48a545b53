//! How the policy looks: what is in force or what a draft would do above, the open part's list, and what it says below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::rows::{PlanRow, Row};
use super::{Opened, Part, update};
use crate::api::policy::{Effect, Measured, Plan, PolicyRevision};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::screens::sales::view::{grouped, when};
use crate::console::theme::Role;
use crate::console::widgets::list::{Align, Column, Focus};
use crate::console::widgets::{bar, list, paint};
use crate::domain::text::visible;
use crate::domain::time::Timestamp;

/// Rows above the list's headings.
const HEAD_ROWS: u16 = 3;
/// Rows below the list that say more of the row under the cursor.
const FOOT_ROWS: u16 = 3;

const fn column(title: &'static str, width: u16, grow: u16, priority: u8) -> Column {
    Column { title, width, grow, priority, align: Align::Left }
}

const fn number(title: &'static str, width: u16, priority: u8) -> Column {
    Column { title, width, grow: 0, priority, align: Align::Right }
}

const FIELDS: &[Column] = &[
    column("FIELD", 30, 1, 0),
    column("VALUE", 18, 2, 0),
    column("LAYER", 8, 0, 0),
    column("LOCK", 6, 0, 1),
    column("BUILT IN", 18, 1, 2),
    column("ON SERVERS", 34, 0, 3),
];
const PLAN: &[Column] = &[
    number("COUNT", 8, 0),
    column("WHAT", 38, 3, 0),
    number("SERVERS", 8, 0),
    number("INSTALLED", 9, 1),
    column("BY THE FIELD", 24, 1, 2),
];
const EXAMPLES: &[Column] = &[column("WHAT", 10, 0, 0), column("NAME", 26, 1, 0), column("NOTE", 30, 2, 0)];
const REVISIONS: &[Column] = &[
    column("", 1, 0, 0),
    number("N", 5, 0),
    column("WHEN", 16, 0, 0),
    column("BY", 14, 0, 1),
    number("FIELDS", 6, 0),
    column("WHY", 28, 1, 0),
];

/// Paints the screen.
pub fn draw(model: &Model, buf: &mut Buffer, area: Rect) {
    let (screen, theme) = (&model.policy, &model.theme);
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), area.height);
    paint::put_line(buf, inner.x, inner.y, inner.width, &head(model));
    let count = |part: Part| match part {
        Part::Plan => screen.plan.as_ref().map(|plan| plan.impact.effects.len()),
        Part::Document | Part::Revisions => None,
    };
    let names: Vec<(&str, Option<usize>)> = Part::ALL.iter().map(|part| (part.title(), count(*part))).collect();
    paint::put_line(buf, inner.x, inner.y + 1, inner.width, &bar::tabs(theme, &names, screen.part as usize));
    bar::draw_rule(buf, area, area.y + 2, theme, &opened_title(model), &about(model));
    let rows = rows_area(model, area);
    if screen.is_empty() {
        draw_nothing(model, buf, Rect { y: rows.y.saturating_sub(1), ..rows });
        return;
    }
    if let Some(Opened::Compared(compared)) = &screen.opened {
        super::dialog_view::draw_compared(model, buf, rows, compared);
        return;
    }
    let columns = columns(model);
    let places = list::place(columns, rows.width.saturating_sub(1));
    let head = Rect::new(rows.x, rows.y.saturating_sub(1), rows.width, 1.min(rows.height));
    list::draw_head(buf, head, theme, columns, &places);
    let (fields, plan_rows) = (screen.fields(), screen.plan_rows());
    list::draw_rows(
        buf,
        rows,
        theme,
        columns,
        &places,
        &screen.list(),
        screen.len(),
        Focus::Here,
        |row, column| match (&screen.opened, screen.part) {
            (Some(_), _) => example_cell(model, row, column),
            (None, Part::Document) => fields.get(row).map(|row| field_cell(model, row, column)).unwrap_or_default(),
            (None, Part::Plan) => plan_rows.get(row).map(|row| plan_cell(model, row, column)).unwrap_or_default(),
            (None, Part::Revisions) => revision_cell(model, row, column),
        },
    );
    draw_foot(model, buf, Rect::new(inner.x, rows.bottom(), inner.width, area.bottom().saturating_sub(rows.bottom())));
}

/// The room of the list's rows.
pub fn rows_area(model: &Model, area: Rect) -> Rect {
    let compared = matches!(model.policy.opened, Some(Opened::Compared(_)));
    let head = (HEAD_ROWS + 1).min(area.height);
    let foot = if compared { 0 } else { FOOT_ROWS.min(area.height - head) };
    Rect::new(area.x + 1, area.y + head, area.width.saturating_sub(2), area.height - head - foot)
}

/// What a revision changed, as lines for people.
pub fn revision_lines(model: &Model, revision: &PolicyRevision) -> Vec<String> {
    let by = revision.by.as_deref().unwrap_or("the program itself");
    let mut lines = vec![format!("By {by}, {}.", when(model, &revision.at)), revision.reason.clone()];
    lines.extend(revision.restores.map(|number| format!("It goes back to revision {number}.")));
    lines.push(String::new());
    if revision.changes.is_empty() {
        lines.push("It changes no field.".to_owned());
    }
    lines.extend(revision.changes.iter().map(change_text));
    lines
}

fn change_text(change: &crate::api::policy::FieldChange) -> String {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not set".to_owned());
    format!("{}: {} → {}", change.field, side(&change.from), side(&change.to))
}

fn plain(model: &Model, role: Role) -> Style {
    Style { bg: None, ..model.theme.style(role) }
}

fn span(model: &Model, text: impl Into<String>, role: Role) -> Span<'static> {
    Span::styled(visible(&text.into()).into_owned(), plain(model, role))
}

fn line(model: &Model, text: impl Into<String>, role: Role) -> Line<'static> {
    Line::from(span(model, text, role))
}

/// In the first row: the revision in force, or what the plan comes to in numbers.
fn head(model: &Model) -> Line<'static> {
    let screen = &model.policy;
    if let (Part::Plan, Some(plan)) = (screen.part, &screen.plan) {
        return totals(model, plan);
    }
    let Some(in_force) = screen.in_force.value() else {
        return match screen.in_force.error() {
            Some(error) => line(model, error, Role::Danger),
            None => line(model, "Reading…", Role::Muted),
        };
    };
    let revision = &in_force.revision;
    let ago = revision.at.parse::<Timestamp>().map(|at| moment::ago(model.now, at)).unwrap_or_default();
    let by = revision.by.as_deref().unwrap_or("the program itself").to_owned();
    let mut spans = vec![
        span(model, "Revision ", Role::Muted),
        span(model, revision.number.to_string(), Role::Strong),
        span(model, format!(" by {by}, {ago}: "), Role::Muted),
        span(model, revision.reason.clone(), Role::Text),
    ];
    spans
        .extend(screen.in_force.error().map(|error| span(model, format!(" · not read again: {error}"), Role::Warning)));
    Line::from(spans)
}

fn totals(model: &Model, plan: &Plan) -> Line<'static> {
    let totals = &plan.impact.totals;
    let mut spans = vec![span(model, "It hits ", Role::Muted)];
    let figures = [
        (totals.extensions_hit, "extensions"),
        (totals.submissions_hit, "submissions"),
        (totals.servers_hit.unwrap_or(0), "servers"),
        (totals.reviews_created, "more approvals"),
        (totals.sla_missed, "overdue at once"),
    ];
    // What is not there leaves room, but for the three numbers that are typed.
    let shown = figures.into_iter().enumerate().filter(|(at, (figure, _))| *at < 3 || *figure > 0);
    for (at, (figure, of)) in shown {
        let role = if figure == 0 { Role::Muted } else { Role::Strong };
        let before = if at == 0 { "" } else { " · " };
        spans.push(span(model, before, Role::Muted));
        spans.push(span(model, grouped(figure), role));
        spans.push(span(model, format!(" {of}"), Role::Muted));
    }
    Line::from(spans)
}

fn opened_title(model: &Model) -> String {
    match &model.policy.opened {
        Some(Opened::Compared(compared)) => {
            format!("revision {} beside revision {}", compared.older.0, compared.newer.0)
        }
        Some(Opened::Examples(at)) => {
            let effect = model.policy.plan.as_ref().and_then(|plan| plan.impact.effects.get(*at));
            effect.map(|effect| format!("{} {}", effect.count, visible(&effect.what))).unwrap_or_default()
        }
        None => String::new(),
    }
}

fn about(model: &Model) -> String {
    let screen = &model.policy;
    match (&screen.opened, screen.part) {
        (Some(Opened::Examples(_)), _) => format!("{} of them", screen.len()),
        (Some(Opened::Compared(_)), _) => "Esc closes".to_owned(),
        (None, Part::Document) if screen.find.is_empty() => "defaults ← marketplace; servers may override".to_owned(),
        (None, Part::Document) => format!("found by “{}”", visible(&screen.find)),
        (None, Part::Plan) => screen.plan.as_ref().map(|plan| plan_about(model, plan)).unwrap_or_default(),
        (None, Part::Revisions) => match screen.marked {
            Some(number) => format!("{number} is marked, newest first"),
            None => "newest first".to_owned(),
        },
    }
}

fn plan_about(model: &Model, plan: &Plan) -> String {
    let what = match plan.restores {
        Some(number) => format!("back to revision {number}, from {}", plan.base),
        None => format!("a draft on revision {}", plan.base),
    };
    match update::until(plan) {
        Some(until) if until > model.now => format!("{what} · {}", moment::left(model.now, until)),
        Some(_) => format!("{what} · ended: plan it again"),
        None => what,
    }
}

fn columns(model: &Model) -> &'static [Column] {
    match (&model.policy.opened, model.policy.part) {
        (Some(_), _) => EXAMPLES,
        (None, Part::Document) => FIELDS,
        (None, Part::Plan) => PLAN,
        (None, Part::Revisions) => REVISIONS,
    }
}

fn field_cell(model: &Model, row: &Row, at: usize) -> Line<'static> {
    match (row, at) {
        (Row::Heading(title), 0) => line(model, *title, Role::Title),
        (Row::Field(field), 0) => line(model, format!("  {}", field.name), Role::Accent),
        (Row::Field(field), 1) => line(model, &*field.value, if field.is_set { Role::Strong } else { Role::Text }),
        (Row::Field(field), 2) if field.is_set => line(model, "global", Role::Info),
        (Row::Field(_), 2) => line(model, "defaults", Role::Muted),
        (Row::Field(field), 3) => line(model, if field.is_locked { "locked" } else { "" }, Role::Warning),
        (Row::Field(field), 4) => line(model, field.built_in.clone().unwrap_or_default(), Role::Muted),
        (Row::Field(field), _) => line(model, field.reach, Role::Muted),
        (Row::Exception { text, .. }, 0) => line(model, format!("  {text}"), Role::Accent),
        (Row::Exception { reason, .. }, 1) => line(model, &**reason, Role::Text),
        (Row::Exception { .. }, 2) => line(model, "except.", Role::Warning),
        (Row::Exception { until, .. }, 4) => line(model, format!("until {}", when(model, until)), Role::Muted),
        (Row::Heading(_) | Row::Exception { .. }, _) => Line::default(),
    }
}

fn plan_cell(model: &Model, row: &PlanRow, at: usize) -> Line<'static> {
    let Some(impact) = model.policy.plan.as_ref().map(|plan| &plan.impact) else { return Line::default() };
    let known = |number: Option<u64>| number.map(grouped).unwrap_or_default();
    match row {
        PlanRow::Heading(title) => Some(line(model, if at == 1 { *title } else { "" }, Role::Title)),
        PlanRow::Effect(place) => impact.effects.get(*place).map(|effect| match at {
            0 => line(model, grouped(effect.count), role_of(effect)),
            1 => line(model, &*effect.what, Role::Text),
            2 => line(model, known(effect.servers), Role::Strong),
            3 => line(model, known(effect.installations), Role::Text),
            _ => line(model, &*effect.field, Role::Muted),
        }),
        PlanRow::Measured(place) => impact.measured.get(*place).map(|measured| match at {
            0 => line(
                model,
                grouped(measured.over_after),
                if measured.over_after > 0 { Role::Danger } else { Role::Success },
            ),
            1 => line(model, measured_text(measured), Role::Text),
            4 => line(model, &*measured.field, Role::Muted),
            _ => Line::default(),
        }),
        PlanRow::Change(place) => impact.changes.get(*place).map(|change| match at {
            1 => line(model, change_text(change), Role::Text),
            _ => Line::default(),
        }),
    }
    .unwrap_or_default()
}

const fn role_of(effect: &Effect) -> Role {
    match effect.when.as_bytes() {
        b"now" => Role::Strong,
        b"past" => Role::Muted,
        _ => Role::Text,
    }
}

fn measured_text(measured: &Measured) -> String {
    let before = measured.before.map_or_else(|| "none".to_owned(), grouped);
    format!(
        "do not fit {before} → {} {}: p95 {}, p99 {}, most {}",
        grouped(measured.after),
        measured.unit,
        grouped(measured.p95),
        grouped(measured.p99),
        grouped(measured.most)
    )
}

fn example_cell(model: &Model, row: usize, at: usize) -> Line<'static> {
    let Some(Opened::Examples(effect)) = model.policy.opened else { return Line::default() };
    let effect = model.policy.plan.as_ref().and_then(|plan| plan.impact.effects.get(effect));
    let Some(example) = effect.and_then(|effect| effect.examples.get(row)) else { return Line::default() };
    match at {
        0 => line(model, &*example.kind, Role::Muted),
        1 => line(model, &*example.name, Role::Accent),
        _ => line(model, &*example.note, Role::Text),
    }
}

fn revision_cell(model: &Model, row: usize, at: usize) -> Line<'static> {
    let screen = &model.policy;
    let Some(revision) = screen.revisions.value().and_then(|pages| pages.items.get(row)) else {
        return Line::default();
    };
    match at {
        0 => line(model, if screen.marked == Some(revision.number) { "*" } else { "" }, Role::Warning),
        1 => line(model, revision.number.to_string(), Role::Strong),
        2 => line(model, when(model, &revision.at), Role::Text),
        3 => line(model, revision.by.clone().unwrap_or_else(|| "-".to_owned()), Role::Accent),
        4 => line(model, revision.changes.len().to_string(), Role::Text),
        _ => line(model, &*revision.reason, Role::Text),
    }
}

fn draw_nothing(model: &Model, buf: &mut Buffer, area: Rect) {
    let screen = &model.policy;
    let edit = model.key(Action::PolicyEdit);
    let (text, role) = match (screen.part, &screen.refused) {
        (Part::Plan, _) if screen.planning => ("The server reckons what it would do…".to_owned(), Role::Muted),
        (Part::Plan, Some(refused)) => (refused.clone(), Role::Danger),
        (Part::Plan, None) => {
            let text = format!(
                "There is no plan. {edit} writes a draft, and its plan says what it would do to extensions, to what \
                 waits for review, to servers and to what runs there, before anything changes."
            );
            (text, Role::Muted)
        }
        (Part::Document, _) => match (screen.in_force.error(), screen.in_force.value()) {
            (_, Some(_)) => ("No field is found; Esc shows all of them.".to_owned(), Role::Muted),
            (Some(error), None) => (error.to_owned(), Role::Danger),
            (None, None) => ("Reading…".to_owned(), Role::Muted),
        },
        (Part::Revisions, _) => match screen.revisions.error() {
            Some(error) => (error.to_owned(), Role::Danger),
            None => ("Reading…".to_owned(), Role::Muted),
        },
    };
    let lines = text.lines().flat_map(|line| paint::wrap(&visible(line), usize::from(area.width)));
    for (y, line) in (area.top()..area.bottom()).zip(lines.collect::<Vec<_>>()) {
        paint::put(buf, area.x, y, area.width, &line, model.theme.style(role));
    }
}

/// Below the list: more of the row under the cursor.
fn draw_foot(model: &Model, buf: &mut Buffer, area: Rect) {
    if area.height < 2 {
        return;
    }
    bar::draw_rule(buf, Rect { x: area.x - 1, width: area.width + 2, ..area }, area.y, &model.theme, "", "");
    let mut texts = Vec::new();
    let screen = &model.policy;
    if let (Part::Plan, Some(refused)) = (screen.part, &screen.refused) {
        texts.push((refused.lines().next().unwrap_or_default().to_owned(), Role::Danger));
    }
    texts.extend(said_below(model).into_iter().map(|text| (text, Role::Muted)));
    let wrapped = texts.iter().flat_map(|(text, role)| {
        paint::wrap(&visible(text), usize::from(area.width)).into_iter().map(move |line| (line, *role))
    });
    for (y, (line, role)) in (area.y + 1..area.bottom()).zip(wrapped.collect::<Vec<_>>()) {
        paint::put(buf, area.x, y, area.width, &line, model.theme.style(role));
    }
}

fn said_below(model: &Model) -> Option<String> {
    let screen = &model.policy;
    let cursor = screen.list().cursor;
    match (&screen.opened, screen.part) {
        (Some(_), _) => None,
        (None, Part::Document) => match screen.fields().get(cursor)? {
            Row::Field(field) => {
                let about = field.about.trim_end_matches('.');
                Some(format!("{about}; {}; {}.", field.reach, field.stricter))
            }
            Row::Exception { until, .. } => Some(format!("An exception until {}.", when(model, until))),
            Row::Heading(_) => None,
        },
        (None, Part::Plan) => {
            let plan = screen.plan.as_ref()?;
            Some(match screen.plan_rows().get(cursor)? {
                PlanRow::Effect(at) => {
                    let effect = plan.impact.effects.get(*at)?;
                    let open = model.key(Action::PolicyOpen);
                    format!(
                        "{} {}, by {}. {open} shows {} of them.",
                        effect.count,
                        effect.what,
                        effect.field,
                        effect.examples.len()
                    )
                }
                PlanRow::Measured(at) => {
                    let measured = plan.impact.measured.get(*at)?;
                    format!("{} of {} extensions {}", measured.over_after, measured.extensions, measured_text(measured))
                }
                PlanRow::Change(at) => change_text(plan.impact.changes.get(*at)?),
                PlanRow::Heading(_) => format!("Why: {}", plan.reason),
            })
        }
        (None, Part::Revisions) => {
            let revision = screen.revision()?;
            let changes: Vec<String> = revision.changes.iter().map(change_text).collect();
            Some(if changes.is_empty() { "It changes no field.".to_owned() } else { changes.join(" · ") })
        }
    }
}
