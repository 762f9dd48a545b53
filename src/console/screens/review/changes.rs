//! The documents of a review: what changed, what was found, what happened before.

use std::collections::BTreeSet;

use ratatui::text::{Line, Span};

use crate::api::reviews::{Checks, Finding, Review, ScopeSets};
use crate::console::action::Action;
use crate::console::model::Model;
use crate::console::moment;
use crate::console::screens::queue::view::severity_role;
use crate::console::screens::report::{difference, heading, pretty};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{gauge, paint};
use crate::domain::scope::Scope;
use crate::domain::text::{shorten, visible, width};
use crate::domain::time::Timestamp;

/// Parts of a manifest that say nothing about meaning.
const NOT_SHOWN: &[&str] = &["code", "md5", "sha256"];

/// What changed against the published version: scopes, manifest, code, and who asks.
pub fn changes(model: &Model, review: &Review, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let muted = theme.style(Role::Muted);
    let mut lines = Vec::new();
    match &review.published {
        Some(old) => lines.push(Line::from(vec![
            Span::styled("Against the published ".to_owned(), muted),
            Span::styled(visible(&old.number).into_owned(), theme.style(Role::Accent)),
        ])),
        None => lines.push(Line::styled("The first version of this extension.".to_owned(), theme.style(Role::Info))),
    }
    lines.push(Line::default());
    lines.extend(scopes(theme, review, columns));
    lines.push(Line::default());
    lines.extend(code(theme, review));
    lines.push(Line::default());
    lines.push(heading(theme, "Manifest"));
    lines.extend(manifest(theme, review, columns));
    lines.push(Line::default());
    lines.push(heading(theme, "Description"));
    let room = usize::from(columns).saturating_sub(2);
    let text = visible_paragraphs(&review.description, room);
    lines.extend(text.into_iter().map(|line| Line::raw(format!("  {line}"))));
    lines.push(Line::default());
    lines.extend(author(theme, review));
    lines
}

/// What the checks did and found.
pub fn findings(model: &Model, review: &Review, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let room = usize::from(columns).saturating_sub(4);
    let mut lines = Vec::new();
    if review.checks.findings.is_empty() {
        lines.push(Line::styled("Nothing was found.".to_owned(), theme.style(Role::Success)));
    }
    for finding in &review.checks.findings {
        lines.extend(one_finding(theme, finding, room));
        lines.push(Line::default());
    }
    lines.extend(checks(theme, &review.checks));
    lines
}

/// Each rule's run.
pub fn checks(theme: &Theme, checks: &Checks) -> Vec<Line<'static>> {
    let mut lines = vec![heading(theme, &format!("Checks: {}", visible(&checks.state)))];
    for run in &checks.rules {
        let role = match run.verdict.as_str() {
            "passed" => Role::Success,
            "observed" => Role::Warning,
            _ => Role::Danger,
        };
        lines.push(Line::from(vec![
            Span::styled(format!("  {:<9} ", visible(&run.verdict)), theme.style(role)),
            Span::raw(format!("{:<18} ", visible(&run.rule))),
            Span::styled(
                format!("{:<19} {} ms", visible(&run.step).replace('_', " "), run.took_ms),
                theme.style(Role::Muted),
            ),
        ]));
    }
    lines
}

/// Notes, and what happened before, oldest first.
pub fn history(model: &Model, review: &Review, columns: u16) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let room = usize::from(columns).saturating_sub(4);
    let mut lines = vec![heading(theme, &format!("Notes, {}", review.notes.len()))];
    if review.notes.is_empty() {
        let text = format!("  none; {} writes one", model.key(Action::Note));
        lines.push(Line::styled(text, theme.style(Role::Muted)));
    }
    for note in &review.notes {
        lines.push(by_line(model, &note.by, &note.at, ""));
        lines.extend(visible_paragraphs(&note.text, room).into_iter().map(|line| Line::raw(format!("    {line}"))));
    }
    lines.push(Line::default());
    lines.push(heading(theme, "What happened"));
    for entry in &review.history {
        let number = entry.number.as_deref().unwrap_or_default();
        lines.push(by_line(model, &entry.by, &entry.at, &format!("{} {number}", entry.action.replace('_', " "))));
        if !entry.detail.is_empty() {
            let text = visible_paragraphs(&entry.detail, room);
            let style = theme.style(Role::Muted);
            lines.extend(text.into_iter().map(|line| Line::styled(format!("    {line}"), style)));
        }
    }
    lines
}

/// Text of several lines, each made visible and wrapped.
pub fn visible_paragraphs(text: &str, columns: usize) -> Vec<String> {
    text.lines().flat_map(|line| paint::wrap(&visible(line), columns)).collect()
}

/// The severities that were found, worst first, with their counts.
pub fn severities(findings: &[Finding]) -> String {
    let counts = ["critical", "error", "warning", "info"].iter().filter_map(|severity| {
        let count = findings.iter().filter(|finding| finding.severity == **severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    let text = counts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}

/// The scopes that this version declares and the published one does not.
pub fn gained(review: &Review) -> Vec<String> {
    let old: BTreeSet<&String> = review.published_scopes.iter().flat_map(|sets| &sets.declared).collect();
    if review.published.is_none() {
        return Vec::new();
    }
    review.scopes.declared.iter().filter(|scope| !old.contains(scope)).cloned().collect()
}

/// One row a scope: in which sets it is, and whether it is new or gone.
fn scopes(theme: &Theme, review: &Review, columns: u16) -> Vec<Line<'static>> {
    let none = ScopeSets::default();
    let (new, old) = (&review.scopes, review.published_scopes.as_ref().unwrap_or(&none));
    let mut names: Vec<&String> =
        [&new.declared, &new.reachable, &new.exercised, &old.declared].into_iter().flatten().collect();
    let risk = |name: &str| name.parse::<Scope>().map_or(0, Scope::risk);
    names.sort_by(|one, other| risk(other).cmp(&risk(one)).then(one.cmp(other)));
    names.dedup();
    let title = format!("{:<20} RISK  DECLARED  REACHABLE  EXERCISED  PUBLISHED", "Scopes");
    let mut lines = vec![heading(theme, &title)];
    if names.is_empty() {
        lines.push(Line::styled("  none: it can only read its event and reply".to_owned(), theme.style(Role::Success)));
    }
    for name in names {
        let dot = |set: &[String]| if set.contains(name) { "●" } else { "·" };
        let (declared, was) = (new.declared.contains(name), old.declared.contains(name));
        let (sign, role, word) = match (declared, was, review.published.is_some()) {
            (true, false, true) => ("+", Role::DiffAdd, "new"),
            (false, true, _) => ("-", Role::DiffRemove, "gone"),
            (false, false, _) => ("!", Role::Danger, "not declared"),
            _ if !new.reachable.contains(name) && !new.reachable.is_empty() => (" ", Role::Warning, "never used"),
            _ => (" ", Role::Text, ""),
        };
        let about = name.parse::<Scope>().map_or("", Scope::description);
        let room = usize::from(columns).saturating_sub(68 + word.len());
        let about = if room > 12 { shorten(about, room).into_owned() } else { String::new() };
        lines.push(Line::from(vec![
            Span::styled(format!("{sign} "), theme.style(role)),
            Span::styled(visible(name).into_owned(), theme.scope(risk(name))),
            Span::raw(" ".repeat(19_usize.saturating_sub(width(&visible(name))))),
            Span::styled(format!("{:>4}  ", risk(name)), theme.style(Role::Muted)),
            Span::raw(format!(
                "{:^8}  {:^9}  {:^9}  {:^9} ",
                dot(&new.declared),
                dot(&new.reachable),
                dot(&new.exercised),
                dot(&old.declared)
            )),
            Span::styled(word, theme.style(role)),
            Span::raw(" "),
            Span::styled(about, theme.style(Role::Muted)),
        ]));
    }
    lines
}

fn code(theme: &Theme, review: &Review) -> Vec<Line<'static>> {
    let (new, muted) = (&review.version, theme.style(Role::Muted));
    let row = |name: &str, value: String, style| {
        Line::from(vec![Span::styled(format!("  {name:<9} "), muted), Span::styled(value, style)])
    };
    let text = theme.style(Role::Text);
    let mut lines = vec![heading(theme, "Code")];
    let size = match &review.published {
        Some(old) if old.sha256 == new.sha256 => format!("{} bytes, the same as published", new.bytes),
        Some(old) => format!("{}, published {}", gauge::bytes(new.bytes), gauge::bytes(old.bytes)),
        None => gauge::bytes(new.bytes),
    };
    lines.push(row("Size", format!("{size}  ({})", visible(&new.runtime)), text));
    lines.push(row("SHA-256", visible(&new.sha256).into_owned(), theme.style(Role::Accent)));
    lines.push(row("MD5", visible(&new.md5).into_owned(), muted));
    lines
}

fn manifest(theme: &Theme, review: &Review, columns: u16) -> Vec<Line<'static>> {
    let strip = |manifest: &serde_json::Value| {
        let mut manifest = manifest.clone();
        if let Some(fields) = manifest.as_object_mut() {
            fields.retain(|name, _| !NOT_SHOWN.contains(&name.as_str()));
        }
        pretty(&manifest)
    };
    let new = strip(&review.version.manifest);
    match &review.published {
        Some(old) => difference(theme, &strip(&old.manifest), &new, columns),
        None => new
            .lines()
            .skip(1)
            .filter(|line| *line != "}")
            .map(|line| Line::raw(shorten(&visible(line), usize::from(columns)).into_owned()))
            .collect(),
    }
}

fn author(theme: &Theme, review: &Review) -> Vec<Line<'static>> {
    let (author, muted) = (&review.author, theme.style(Role::Muted));
    let name = visible(&author.account.name);
    let mut lines = vec![heading(theme, &format!("Author {name}, reputation {}", author.account.reputation))];
    let standing = if author.account.verified { "verified" } else { "not verified" };
    lines.push(Line::styled(
        format!("  {standing}  ·  {} published  ·  {} rejected", author.published, author.rejected),
        muted,
    ));
    for part in &author.reputation_parts {
        let role = if part.points < 0 { Role::Danger } else { Role::Text };
        lines.push(Line::from(vec![
            Span::styled(format!("  {:>+4} ", part.points), theme.style(role)),
            Span::styled(visible(&part.what).into_owned(), muted),
        ]));
    }
    lines
}

/// One finding: what is wrong, what was seen, what to do, and whether it still counts.
pub fn one_finding(theme: &Theme, finding: &Finding, room: usize) -> Vec<Line<'static>> {
    let muted = theme.style(Role::Muted);
    let role = if finding.dismissed_by.is_some() { Role::Muted } else { severity_role(&finding.severity) };
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{:<9}", visible(&finding.severity)), theme.style(role)),
        Span::styled(format!("{} ", visible(&finding.rule)), theme.style(Role::Strong)),
        Span::styled(format!("at {}", visible(&finding.location)), muted),
    ])];
    let text = visible_paragraphs(&finding.message, room);
    lines.extend(text.into_iter().map(|line| Line::raw(format!("  {line}"))));
    for (name, text) in [("seen: ", &finding.evidence), ("do: ", &finding.hint)] {
        if text.is_empty() {
            continue;
        }
        for (at, line) in visible_paragraphs(text, room.saturating_sub(name.len())).into_iter().enumerate() {
            let name = if at == 0 { name.to_owned() } else { " ".repeat(name.len()) };
            lines.push(Line::from(vec![Span::styled(format!("  {name}"), muted), Span::raw(line)]));
        }
    }
    if let Some(by) = &finding.dismissed_by {
        let why = finding.dismissed_reason.as_deref().unwrap_or_default();
        let text = format!("  not a problem, says {}: {}", visible(by), visible(why));
        lines.push(Line::styled(text, theme.style(Role::Info)));
    }
    lines
}

fn by_line(model: &Model, by: &str, at: &str, what: &str) -> Line<'static> {
    let theme = &model.theme;
    let time = at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| moment::clock(at, &model.profile.zone));
    Line::from(vec![
        Span::styled(format!("  {time}  "), theme.style(Role::Muted)),
        Span::styled(format!("{:<12} ", visible(by)), theme.style(Role::Accent)),
        Span::raw(visible(what).into_owned()),
    ])
}
