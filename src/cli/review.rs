//! `skydeck review`: what the Review screen shows and does, without a terminal.

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, queue, review_text, typed};
use crate::api::queue::QueueItem;
use crate::api::reviews::{Approve as Approval, Decided, Reject as Rejection, Review as Reviewed};
use crate::client::{Client, Seen};
use crate::domain::extension::ReasonCode;

/// What to do with a submission.
#[derive(Debug, Subcommand)]
pub enum Review {
    /// Show everything that a decision rests on
    Show(One),
    /// Take a submission on
    Claim(One),
    /// Take on the most urgent submission that fits a filter
    ClaimNext(Next),
    /// Prolong your claim
    Renew(One),
    /// Give your claim back
    Release(One),
    /// Approve what was seen
    Approve(Approve),
    /// Reject what was seen, with a text for the author
    Reject(Reject),
    /// Write a note for other reviewers
    Note(Note),
}

/// One review.
#[derive(Debug, Args)]
pub struct One {
    /// The review's id
    id: String,
}

/// Which part of the queue.
#[derive(Debug, Args)]
pub struct Next {
    /// A filter, as in `skydeck queue`
    filter: Vec<String>,
}

/// What a decision rests on, and whether it is meant.
#[derive(Debug, Args)]
struct Bound {
    /// The review's id
    id: String,
    /// The revision you saw (`skydeck review show` prints it); refused where it changed since
    #[arg(long, value_name = "N")]
    revision: Option<i64>,
    /// Decide without being asked, on the review as it stands now
    #[arg(long, conflicts_with = "revision")]
    yes: bool,
    /// Have the decision judged, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// An approval.
#[derive(Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    bound: Bound,
    /// A word to colleagues; - reads it from standard input, @FILE from a file
    #[arg(long, value_name = "TEXT|-|@FILE")]
    note: Option<String>,
}

/// A rejection.
#[derive(Debug, Args)]
pub struct Reject {
    #[command(flatten)]
    bound: Bound,
    /// The sort of reason: security, privacy, scopes_excessive, broken, quality, policy, duplicate, spam, other
    #[arg(long, value_name = "CODE")]
    reason: ReasonCode,
    /// What the author is told; - reads it from standard input, @FILE from a file
    #[arg(long, value_name = "TEXT|-|@FILE")]
    feedback: String,
}

/// A note.
#[derive(Debug, Args)]
pub struct Note {
    /// The review's id
    id: String,
    /// The text; - reads it from standard input, @FILE from a file
    #[arg(value_name = "TEXT|-|@FILE")]
    text: String,
}

/// Does it and prints what came of it.
///
/// # Errors
/// What the server refuses: 404, a stage that does not allow it, a change since it was seen.
pub fn run(global: &Global, command: Review) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    match command {
        Review::Show(one) => {
            let review = context.block_on(client.review(&one.id))?.value;
            match form {
                Form::Json => output::json(&review)?,
                form => review_text::print(form, &review)?,
            }
        }
        Review::Claim(one) => item(form, &context.block_on(client.claim(&one.id, Seen::Nothing))?.value)?,
        Review::ClaimNext(next) => return queue::claim_next(&context, form, &next.filter),
        Review::Renew(one) => item(form, &context.block_on(client.renew(&one.id))?.value)?,
        Review::Release(one) => item(form, &context.block_on(client.release(&one.id))?.value)?,
        Review::Approve(approve) => decided(form, "approved", &self::approve(&context, form, &approve)?)?,
        Review::Reject(reject) => decided(form, "rejected", &self::reject(&context, form, &reject)?)?,
        Review::Note(note) => {
            let written = context.block_on(client.note(&note.id, &typed::text(&note.text)?))?;
            match form {
                Form::Json => output::json(&written)?,
                _ => output::line(&format!("note written, {}", output::moment(&written.at)))?,
            }
        }
    }
    Ok(Exit::Done)
}

fn approve(context: &Context, form: Form, approve: &Approve) -> Result<Decided, Failure> {
    let note = approve.note.as_deref().map(typed::text).transpose()?;
    let (client, review, revision) = seen(context, form, &approve.bound, "Approve")?;
    let approval = Approval { sha256: review.version.sha256.clone(), note };
    Ok(context.block_on(client.approve(&review.id, revision, &approval))?)
}

fn reject(context: &Context, form: Form, reject: &Reject) -> Result<Decided, Failure> {
    let feedback = typed::text(&reject.feedback)?;
    let (client, review, revision) = seen(context, form, &reject.bound, "Reject")?;
    let rejection = Rejection { reason: reject.reason.name().to_owned(), feedback };
    Ok(context.block_on(client.reject(&review.id, revision, &rejection))?)
}

/// The review a decision is about and the revision that it is bound to: the one given, else the one shown now.
fn seen(context: &Context, form: Form, bound: &Bound, verb: &str) -> Result<(Client, Reviewed, i64), Failure> {
    let review = context.block_on(context.client.review(&bound.id))?.value;
    if form != Form::Json {
        output::text(&review_text::summary(&review))?;
    }
    let revision = bound.revision.unwrap_or(review.revision);
    if bound.revision.is_none() && !bound.yes && !bound.dry_run {
        let question = format!("{verb} {} {}?", review.item.slug, review.item.number);
        let instead = format!("give --revision {revision} for what you saw, or --yes for what it is now");
        typed::confirm(&question, &instead)?;
    }
    let client = if bound.dry_run { context.client.rehearsing() } else { context.client.clone() };
    Ok((client, review, revision))
}

fn item(form: Form, item: &QueueItem) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(item);
    }
    output::fields(
        form,
        &[
            ("extension", format!("{} {}", item.slug, item.number)),
            ("stage", item.stage.clone()),
            ("claimed by", item.claimed_by.clone().unwrap_or_else(|| "nobody".to_owned())),
            ("until", item.lease_until.as_deref().map_or_else(|| "-".to_owned(), output::moment)),
            ("review", item.review_id.clone()),
            ("revision", item.revision.to_string()),
        ],
    )
}

fn decided(form: Form, word: &str, decided: &Decided) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(decided);
    }
    let missing = match decided.approvals_missing {
        0 => String::new(),
        count => format!("; {count} more approval is needed"),
    };
    output::text(&format!("{word}: it is {} now{missing}", decided.stage))
}
