//! `skydeck queue`: what waits for review, in the order of its urgency.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::queue::QueueItem;
use crate::client::PageQuery;

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// Which part of the queue.
#[derive(Debug, Args)]
pub struct Queue {
    /// A filter, such as: stage:ready scope:ban 'risk:>50' author:acme sort:-priority
    filter: Vec<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Show all of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Claim the most urgent one that fits the filter and that you may review
    #[arg(long, conflicts_with_all = ["limit", "all"])]
    claim_next: bool,
}

/// Prints the queue, or claims the next.
///
/// # Errors
/// A wrong filter, with the column; not a maintainer.
pub fn run(global: &Global, command: Queue) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    if command.claim_next {
        return claim_next(&context, form, &command.filter);
    }
    let limit = if command.all { usize::MAX } else { command.limit };
    let (items, next) = context.block_on(collect(&context, filter(&command.filter), limit))?;
    if form == Form::Json {
        output::json(&json!({"items": items, "next": next}))?;
        return Ok(Exit::Done);
    }
    print(form, &items)?;
    if items.is_empty() {
        output::line("nothing waits")?;
    } else if next.is_some() {
        output::line("there are more: --limit N or --all shows them")?;
    }
    Ok(Exit::Done)
}

/// Claims the most urgent submission and prints it.
///
/// # Errors
/// A wrong filter; not a maintainer.
pub fn claim_next(context: &Context, form: Form, words: &[String]) -> Result<Exit, Failure> {
    let claimed = context.block_on(context.client.claim_next(filter(words).as_deref()))?;
    match (form, &claimed) {
        (Form::Json, claimed) => output::json(claimed)?,
        (_, None) => output::line("nothing waits that you may review")?,
        (form, Some(item)) => print(form, std::slice::from_ref(item))?,
    }
    Ok(if claimed.is_some() { Exit::Done } else { Exit::NotFound })
}

/// Prints items as a table or lines.
///
/// # Errors
/// Where standard output is closed.
pub fn print(form: Form, items: &[QueueItem]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = [
        "extension",
        "number",
        "stage",
        "author",
        "priority",
        "risk",
        "scopes",
        "found",
        "due",
        "claimed by",
        "review",
    ];
    output::rows(form, &headings, &rows)
}

/// A filter from the words of a command line; none where there are none.
pub fn filter(words: &[String]) -> Option<String> {
    let text = words.join(" ");
    (!text.trim().is_empty()).then_some(text)
}

fn row(item: &QueueItem) -> Vec<String> {
    let found = match item.findings_count {
        0 => "-".to_owned(),
        count => format!("{count} {}", item.findings_worst),
    };
    vec![
        item.slug.clone(),
        item.number.clone(),
        item.stage.clone(),
        item.author.clone(),
        item.priority.total.to_string(),
        item.risk.to_string(),
        output::words(&item.scopes),
        found,
        output::moment(&item.due_at),
        item.claimed_by.clone().unwrap_or_else(|| "-".to_owned()),
        item.review_id.clone(),
    ]
}

async fn collect(
    context: &Context,
    filter: Option<String>,
    limit: usize,
) -> Result<(Vec<QueueItem>, Option<String>), Failure> {
    let mut items = Vec::new();
    let mut query = PageQuery { q: filter, ..PageQuery::default() };
    while items.len() < limit {
        query.limit = Some((limit - items.len()).min(PAGE_ITEMS));
        let page = context.client.queue(&query).await?;
        items.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok((items, query.cursor))
}
