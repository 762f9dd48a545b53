//! One review as text: what changed first, then what was found, then who and what was said.

use std::fmt::Write as _;

use super::output::{self, Form};
use super::{Failure, checks_text};
use crate::api::reviews::{Review, ScopeSets};
use crate::domain::text::visible;

/// Prints all of it.
///
/// # Errors
/// Where standard output is closed.
pub fn print(form: Form, review: &Review) -> Result<(), Failure> {
    output::text(&summary(review))?;
    if !review.description.is_empty() {
        output::text(&format!("\n{}\n", review.description))?;
    }
    output::text(&format!("checks: {}", review.checks.state))?;
    checks_text::print(form, &review.checks)?;
    output::text(&people(review))?;
    output::text(&next(review))
}

/// What a decision is about, in some ten lines.
pub fn summary(review: &Review) -> String {
    let (item, version) = (&review.item, &review.version);
    let mut text = String::new();
    let _ = writeln!(text, "{} {} ({}), by {}", item.slug, item.number, visible(&item.name), item.author);
    let _ = write!(text, "  stage {}, due {}", item.stage, output::moment(&item.due_at));
    if let (Some(by), Some(until)) = (&item.claimed_by, &item.lease_until) {
        let _ = write!(text, ", claimed by {by} until {}", output::moment(until));
    }
    if let Some(by) = &item.first_approval_by {
        let _ = write!(text, ", first approved by {by}");
    }
    let _ = writeln!(text, ", needs {} approval(s)", item.approvals_needed);
    let _ =
        writeln!(text, "  starts on {}, {}, {} bytes", output::words(&version.kinds), version.runtime, version.bytes);
    scopes(&mut text, review);
    let priority = &item.priority;
    let _ = writeln!(
        text,
        "  priority {} = due {} + risk {} + reputation {}; risk of the scopes {}",
        priority.total, priority.parts.due, priority.parts.risk, priority.parts.reputation, item.risk
    );
    let _ = writeln!(text, "  sha256 {}\n  md5 {}", version.sha256, version.md5);
    let _ = writeln!(text, "  review {}, revision {}", review.id, review.revision);
    text
}

fn scopes(text: &mut String, review: &Review) {
    let now = &review.scopes;
    let none = ScopeSets::default();
    let before = review.published_scopes.as_ref().unwrap_or(&none);
    match &review.published {
        Some(published) => {
            let _ = writeln!(text, "  against {} (published):", published.number);
        }
        None => {
            let _ = writeln!(text, "  nothing of it is published:");
        }
    }
    let sets = [
        ("declared", &now.declared, &before.declared),
        ("reachable", &now.reachable, &before.reachable),
        ("exercised", &now.exercised, &before.exercised),
    ];
    for (name, now, before) in sets {
        let mut words: Vec<String> =
            now.iter().map(|scope| if before.contains(scope) { scope.clone() } else { format!("+{scope}") }).collect();
        words.extend(before.iter().filter(|scope| !now.contains(scope)).map(|scope| format!("-{scope}")));
        let _ = writeln!(text, "    {name} {}", output::words(&words));
    }
}

fn people(review: &Review) -> String {
    let author = &review.author;
    let parts: Vec<String> =
        author.reputation_parts.iter().map(|part| format!("{} {:+}", part.what, part.points)).collect();
    let verified = if author.account.verified { "verified" } else { "not verified" };
    let mut text = format!(
        "author {} ({verified}): reputation {} ({}); {} published, {} rejected\n",
        author.account.name,
        author.account.reputation,
        parts.join(", "),
        author.published,
        author.rejected
    );
    for note in &review.notes {
        let _ = writeln!(text, "note by {}, {}: {}", note.by, output::moment(&note.at), note.text);
    }
    for entry in &review.history {
        let number = entry.number.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "history {} {} {number} by {} {}",
            output::moment(&entry.at),
            entry.action,
            entry.by,
            entry.detail
        );
    }
    text
}

fn next(review: &Review) -> String {
    let (id, revision) = (&review.id, review.revision);
    match (&review.outcome, review.item.stage.as_str()) {
        (Some(outcome), _) => format!("ended: {outcome}"),
        (None, "checking") => "the checks still run".to_owned(),
        (None, "review") => format!(
            "to decide: skydeck review approve {id} --revision {revision}\n           \
             skydeck review reject {id} --revision {revision} --reason CODE --feedback TEXT"
        ),
        (None, _) => format!("to take it on: skydeck review claim {id}"),
    }
}
