//! `skydeck policy`: what the Policy screen shows and does, without a terminal.

mod edit;
mod text;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, subject, typed};
use crate::api::policy::{NewPlan, NewServerPolicy, Plan as Planned, PolicyApplied, PolicyRevision};
use crate::client::PageQuery;
use crate::domain::json::Json;
use crate::domain::policy::{self as domain, Document, Format, Place, TextFault};

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Print the policy as a document
    Show(Show),
    /// Print the JSON Schema of the document
    Schema,
    /// Edit the policy in $EDITOR, see what the draft would change, and apply it
    Edit(Edit),
    /// Say what a draft would change; nothing changes
    Plan(Plan),
    /// Put a draft in force: planned first and confirmed by its numbers, or a plan made before
    Apply(Apply),
    /// Go back to an earlier revision
    Revert(Revert),
    /// Say what a field is, where that comes from, and who set it
    Explain(Explain),
    /// List the revisions, or show one with what it changed
    History(History),
}

/// What to print.
#[derive(Debug, Args)]
pub struct Show {
    /// An earlier revision
    #[arg(long, value_name = "N", conflicts_with = "on")]
    revision: Option<i64>,
    /// What a chat server overrides, by its id
    #[arg(long, value_name = "ID")]
    on: Option<String>,
    /// Every field: what is not set stands in a comment with its built-in value
    #[arg(long)]
    all: bool,
}

/// Why the draft is written.
#[derive(Debug, Args)]
pub struct Edit {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Begin with the policy in force, and let go of a draft that was left
    #[arg(long)]
    fresh: bool,
}

/// What to plan.
#[derive(Debug, Args)]
pub struct Plan {
    /// The draft, in TOML or (*.json) JSON
    #[arg(required_unless_present = "revision", conflicts_with = "revision")]
    file: Option<PathBuf>,
    /// Plan to go back to this revision
    #[arg(long, value_name = "N")]
    revision: Option<i64>,
    /// The draft is for what a chat server overrides, by its id
    #[arg(long, value_name = "ID", conflicts_with = "revision")]
    on: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What to apply.
#[derive(Debug, Args)]
pub struct Apply {
    /// The draft, in TOML or (*.json) JSON: it is planned, shown, and confirmed by its numbers
    #[arg(required_unless_present = "plan", conflicts_with = "plan", requires = "reason")]
    file: Option<PathBuf>,
    /// A plan that you have seen, by its id: it is applied without a question
    #[arg(long, value_name = "ID", conflicts_with = "reason")]
    plan: Option<String>,
    /// It is for what a chat server overrides, by its id
    #[arg(long, value_name = "ID")]
    on: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Where to go back to.
#[derive(Debug, Args)]
pub struct Revert {
    /// The revision
    #[arg(value_name = "N")]
    revision: i64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Go back without being asked
    #[arg(long)]
    yes: bool,
}

/// Which field, for whom.
#[derive(Debug, Args)]
pub struct Explain {
    /// The field, such as tiers.free.fuel
    field: String,
    /// On a chat server, by its id
    #[arg(long, value_name = "ID")]
    on: Option<String>,
    /// For an extension, by its slug
    #[arg(long, value_name = "SLUG")]
    extension: Option<String>,
}

/// Which revisions.
#[derive(Debug, Args)]
pub struct History {
    /// One revision, with what it changed
    #[arg(value_name = "N")]
    revision: Option<i64>,
    /// Compare it with this revision instead of the one before it
    #[arg(long, value_name = "M", requires = "revision")]
    against: Option<i64>,
    /// Revisions at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
}

/// Does it and prints what came of it.
///
/// # Errors
/// A faulty draft with every fault and its place; what the server refuses.
pub fn run(global: &Global, command: Policy) -> Result<Exit, Failure> {
    let form = Form::of(global);
    if let Policy::Schema = command {
        output::json(&domain::schema())?;
        return Ok(Exit::Done);
    }
    let context = Context::open(global)?;
    match command {
        Policy::Show(show) => self::show(&context, form, &show)?,
        Policy::Schema => {}
        Policy::Edit(edit) => return edit::run(global, &context, form, &edit),
        Policy::Plan(plan) => {
            let made = match (&plan.on, plan.file.as_deref()) {
                (Some(server), Some(file)) => self::plan_on(&context, server, file, &plan.reason)?,
                (_, file) => {
                    let new = new_plan(file, plan.revision, &plan.reason)?;
                    context.block_on(context.client.plan_policy(&new))?
                }
            };
            text::plan(form, &made)?;
        }
        Policy::Apply(apply) => self::apply(&context, form, &apply)?,
        Policy::Revert(revert) => self::revert(&context, form, &revert)?,
        Policy::Explain(explain) => {
            let (server, extension) = (explain.on.as_deref(), explain.extension.as_deref());
            text::explanation(
                form,
                &context.block_on(context.client.explain_policy(&explain.field, server, extension))?,
            )?;
        }
        Policy::History(history) => self::history(&context, form, &history)?,
    }
    Ok(Exit::Done)
}

fn show(context: &Context, form: Form, show: &Show) -> Result<(), Failure> {
    let client = &context.client;
    if let Some(server) = &show.on {
        let own = context.block_on(client.server_policy(server))?.value;
        if form == Form::Json {
            return output::json(&own);
        }
        let by = own.by.as_deref().unwrap_or("nobody");
        output::line(&format!("# what the server {} overrides: revision {}, by {by}", own.server_id, own.number))?;
        let document = read_layer(&own.layer, Place::Server)?;
        return output::raw(document.to_text(Format::Toml).as_bytes());
    }
    let revision = match show.revision {
        Some(number) => context.block_on(client.policy_revision(number))?.value,
        None => context.block_on(client.policy())?.value,
    };
    if form == Form::Json {
        return output::json(&revision);
    }
    let document = read_layer(&revision.layer, Place::Global)?;
    output::line(&format!("# {}", text::headline(&revision)))?;
    let toml = if show.all { document.to_commented_toml() } else { document.to_text(Format::Toml) };
    output::raw(toml.as_bytes())
}

/// Plans what a server is to override, by a file.
fn plan_on(context: &Context, server: &str, file: &Path, reason: &str) -> Result<Planned, Failure> {
    let document = as_value(&read_file(file, Place::Server)?)?;
    let new = NewServerPolicy { document, reason: reason.to_owned() };
    Ok(context.block_on(context.client.plan_server_policy(server, &new))?)
}

fn apply_on(context: &Context, form: Form, server: &str, apply: &Apply) -> Result<(), Failure> {
    let client = &context.client;
    let plan = match (&apply.plan, apply.file.as_deref()) {
        (None, Some(file)) => {
            let plan = plan_on(context, server, file, apply.reason.as_deref().unwrap_or_default())?;
            confirm(form, &plan)?;
            plan
        }
        (id, _) => context.block_on(client.server_policy_plan(server, id.as_deref().unwrap_or_default()))?,
    };
    let done = context.block_on(client.apply_server_policy(server, &plan.id, plan.base))?;
    if form == Form::Json {
        return output::json(&done);
    }
    let (own, by) = (&done.policy, done.policy.by.as_deref().unwrap_or("nobody"));
    output::text(&format!("in force on {}: revision {} of what it overrides, by {by}", own.server_id, own.number))
}

fn apply(context: &Context, form: Form, apply: &Apply) -> Result<(), Failure> {
    if let Some(server) = &apply.on {
        return apply_on(context, form, server, apply);
    }
    let client = &context.client;
    let plan = if let Some(id) = &apply.plan {
        context.block_on(client.policy_plan(id))?
    } else {
        let new = new_plan(apply.file.as_deref(), None, apply.reason.as_deref().unwrap_or_default())?;
        let plan = context.block_on(client.plan_policy(&new))?;
        confirm(form, &plan)?;
        plan
    };
    applied(form, &context.block_on(client.apply_policy(&plan.id, plan.base))?)
}

fn revert(context: &Context, form: Form, revert: &Revert) -> Result<(), Failure> {
    let client = &context.client;
    if revert.yes {
        let current = context.block_on(client.policy())?.value.number;
        let done = context.block_on(client.revert_policy(revert.revision, &revert.reason, current))?;
        return applied(form, &done);
    }
    let new = new_plan(None, Some(revert.revision), &revert.reason)?;
    let plan = context.block_on(client.plan_policy(&new))?;
    confirm(form, &plan)?;
    applied(form, &context.block_on(client.apply_policy(&plan.id, plan.base))?)
}

fn history(context: &Context, form: Form, history: &History) -> Result<(), Failure> {
    let client = &context.client;
    let Some(number) = history.revision else {
        let window = PageQuery { limit: Some(usize::from(history.limit)), ..PageQuery::default() };
        let page = context.block_on(client.policy_revisions(&window))?;
        return text::revisions(form, &page.items);
    };
    let mut revision = context.block_on(client.policy_revision(number))?.value;
    if let Some(other) = history.against {
        let other = context.block_on(client.policy_revision(other))?.value;
        let (before, after) = (read_layer(&other.layer, Place::Global)?, read_layer(&revision.layer, Place::Global)?);
        let changes = domain::changes(&before, &after).into_iter();
        revision.changes = changes
            .map(|change| crate::api::policy::FieldChange { field: change.field, from: change.from, to: change.to })
            .collect();
    }
    text::revision(form, &revision)
}

/// Shows a plan and has its numbers typed.
fn confirm(form: Form, plan: &Planned) -> Result<(), Failure> {
    // A program that reads JSON cannot answer; it makes a plan first, and applies it by its id.
    if form != Form::Json {
        text::plan(form, plan)?;
    }
    let totals = &plan.impact.totals;
    let numbers = [totals.extensions_hit, totals.submissions_hit, totals.servers_hit.unwrap_or(0)];
    let numbers = numbers.map(|number| number.to_string()).join(" ");
    let question = "Type the numbers of extensions, submissions and servers it hits to go on";
    let on = plan.server_id.as_ref().map(|server| format!(" --on {server}")).unwrap_or_default();
    typed::confirm_by(question, &numbers, &format!("apply what you have seen with --plan {}{on}", plan.id))
}

fn applied(form: Form, done: &PolicyApplied) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(done);
    }
    output::text(&format!("in force: {}", text::headline(&done.revision)))
}

/// A plan of a file, or of going back.
fn new_plan(file: Option<&Path>, revision: Option<i64>, reason: &str) -> Result<NewPlan, Failure> {
    let document = match file {
        Some(file) => Some(as_value(&read_file(file, Place::Global)?)?),
        None => None,
    };
    Ok(NewPlan { document, revision, reason: reason.to_owned() })
}

/// Reads a document from a file.
///
/// # Errors
/// [`Exit::Invalid`] with every fault and its place.
pub(super) fn read_file(path: &Path, place: Place) -> Result<Document, Failure> {
    let bytes = subject::read_bytes(path)?;
    let name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Invalid, format!("{name}: not UTF-8 text")))?;
    domain::parse(&text, Format::of_name(&name), place).map_err(|faults| faulty(&name, &faults))
}

fn faulty(name: &str, faults: &[TextFault]) -> Failure {
    let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    let lines: Vec<String> =
        faults.iter().map(|one| format!("\n  {name}:{}:{}: {}", one.line, one.column, one.fault)).collect();
    Failure::new(Exit::Invalid, format!("{name}: not a good policy, {count}:{}", lines.concat()))
}

fn as_value(document: &Document) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(document.to_json()).map_err(|error| Failure { exit: Exit::Failed, error: error.into() })
}

fn read_layer(layer: &serde_json::Value, place: Place) -> Result<Document, Failure> {
    let newer = |what: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("the server's policy is not understood; is the server newer? {what}"))
    };
    let json = Json::parse(layer.to_string().as_bytes()).map_err(|fault| newer(&fault))?;
    Document::from_json(&json, place).map_err(|faults| match faults.first() {
        Some(fault) => newer(fault),
        None => newer(&""),
    })
}

/// The revision in force with its document.
fn current(context: &Context) -> Result<(PolicyRevision, Document), Failure> {
    let revision = context.block_on(context.client.policy())?.value;
    let document = read_layer(&revision.layer, Place::Global)?;
    Ok((revision, document))
}
