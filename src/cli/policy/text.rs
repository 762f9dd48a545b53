//! Plans, revisions and explanations as text.

use super::super::Failure;
use super::super::output::{self, Form};
use crate::api::policy::{Effect, Explanation, FieldChange, LayerSaid, Measured, Plan, PolicyRevision};

/// Examples printed of one effect.
const EXAMPLES_SHOWN: usize = 5;

/// One line about a revision.
pub(super) fn headline(revision: &PolicyRevision) -> String {
    let by = revision.by.as_deref().unwrap_or("the marketplace");
    let restores = revision.restores.map(|number| format!(", back to revision {number}")).unwrap_or_default();
    let at = output::moment(&revision.at);
    format!("revision {}, by {by}, {at}{restores}: {}", revision.number, revision.reason)
}

/// A plan, with everything that it says.
pub(super) fn plan(form: Form, plan: &Plan) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(plan);
    }
    let impact = &plan.impact;
    let of = plan.server_id.as_ref().map(|server| format!(" of what {server} overrides")).unwrap_or_default();
    let mut lines = vec![format!("plan {} on revision {}{of}: {}", plan.id, plan.base, plan.reason), String::new()];
    lines.push("Changes".to_owned());
    lines.extend(impact.changes.iter().map(change));
    for (when, heading) in
        [("now", "At once"), ("later", "From then on"), ("past", "In the last 90 days it would have")]
    {
        let of = impact.effects.iter().filter(|effect| effect.when == when);
        let found: Vec<String> = of.flat_map(effect).collect();
        if !found.is_empty() {
            lines.extend([String::new(), heading.to_owned()]);
            lines.extend(found);
        }
    }
    if !impact.measured.is_empty() {
        lines.extend([String::new(), "Measured in dry runs".to_owned()]);
        lines.extend(impact.measured.iter().map(measured));
    }
    let (seen, totals) = (&impact.looked_at, &impact.totals);
    let known = |number: Option<u64>| number.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
    lines.extend([
        String::new(),
        format!(
            "It hits {} extensions on {} servers and {} waiting submissions, asks for {} more reviews, and makes {} late.",
            totals.extensions_hit,
            known(totals.servers_hit),
            totals.submissions_hit,
            totals.reviews_created,
            totals.sla_missed
        ),
        format!(
            "Looked at: {} extensions, {} installations, {} submissions, {} decisions, {} accounts, {} overrides.",
            seen.extensions,
            known(seen.installations),
            seen.submissions,
            seen.decisions,
            seen.accounts,
            seen.overrides
        ),
        format!(
            "It can be applied until {}: skydeck policy apply --plan {}{}",
            output::moment(&plan.expires_at),
            plan.id,
            plan.server_id.as_ref().map(|server| format!(" --on {server}")).unwrap_or_default()
        ),
    ]);
    output::text(&lines.join("\n"))
}

/// The revisions, newest first.
pub(super) fn revisions(form: Form, revisions: &[PolicyRevision]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&revisions);
    }
    let row = |revision: &PolicyRevision| {
        let fields: Vec<&str> = revision.changes.iter().map(|change| change.field.as_str()).take(3).collect();
        let more = revision.changes.len().saturating_sub(fields.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            revision.number.to_string(),
            output::moment(&revision.at),
            revision.by.clone().unwrap_or_else(|| "the marketplace".to_owned()),
            format!("{}{more}", fields.join(", ")),
            revision.reason.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = revisions.iter().map(row).collect();
    output::rows(form, &["n", "at", "who", "changes", "reason"], &rows)
}

/// One revision with its difference.
pub(super) fn revision(form: Form, revision: &PolicyRevision) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(revision);
    }
    let mut lines = vec![headline(revision)];
    lines.extend(revision.changes.iter().map(change));
    output::text(&lines.join("\n"))
}

/// One field explained.
pub(super) fn explanation(form: Form, explained: &Explanation) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(explained);
    }
    let lock = explained.lock.as_ref().map_or_else(|| "none".to_owned(), said);
    let mut fields = vec![
        ("field", explained.field.clone()),
        ("value", explained.value.clone()),
        ("from", said(&explained.from)),
        ("lock", lock),
        ("decides", explained.about.clone()),
        ("order", explained.stricter.clone()),
    ];
    fields.extend(explained.said.iter().map(|layer| ("said", said(layer))));
    output::fields(form, &fields)
}

fn said(said: &LayerSaid) -> String {
    let who = match (said.revision, &said.by, &said.at) {
        (Some(revision), Some(by), Some(at)) => format!(", revision {revision} by {by}, {}", output::moment(at)),
        _ => String::new(),
    };
    let until = said.until.as_deref().map(|until| format!(", until {}", output::moment(until))).unwrap_or_default();
    format!("{} ({}{who}{until})", said.value, said.layer)
}

fn change(change: &FieldChange) -> String {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not set".to_owned());
    format!("  {}: {} → {}", change.field, side(&change.from), side(&change.to))
}

fn effect(effect: &Effect) -> Vec<String> {
    let servers = match (effect.installations, effect.servers) {
        (Some(installations), Some(servers)) => format!(" ({installations} installations on {servers} servers)"),
        _ => String::new(),
    };
    let mut lines = vec![format!("  {} {}{servers} [{}]", effect.count, effect.what, effect.field)];
    for example in effect.examples.iter().take(EXAMPLES_SHOWN) {
        let note = if example.note.is_empty() { String::new() } else { format!(" – {}", example.note) };
        lines.push(format!("      {} {}{note}", example.kind, example.name));
    }
    let shown = effect.examples.len().min(EXAMPLES_SHOWN) as u64;
    if effect.count > shown {
        lines.push(format!("      and {} more (--json lists up to 20)", effect.count - shown));
    }
    lines
}

fn measured(measured: &Measured) -> String {
    let before = measured.before.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    format!(
        "  {}: {before} → {} {}; of {} extensions ({} not measured) p50 {}, p95 {}, p99 {}, most {}; over the limit {} → {}",
        measured.field,
        measured.after,
        measured.unit,
        measured.extensions,
        measured.unmeasured,
        measured.p50,
        measured.p95,
        measured.p99,
        measured.most,
        measured.over_before,
        measured.over_after
    )
}
