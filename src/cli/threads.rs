//! `skydeck threads`: what owners and reviewers say to one another about a review.

use clap::{Args, Subcommand};

use super::context::{Context, gather};
use super::output::{self, Form};
use super::{Exit, Failure, Global, typed};
use crate::api::threads::{NewMessage, Thread};

/// What to do with threads.
#[derive(Debug, Subcommand)]
pub enum Threads {
    /// List threads, those in which something was said last first
    List(List),
    /// Show the thread of a review, and note that you have read it
    Show(Show),
    /// Say something in the thread of a review
    Say(Say),
}

/// Which threads.
#[derive(Debug, Args)]
pub struct List {
    /// Only those in which it is this side's turn: owner, reviewers or nobody
    #[arg(long, value_name = "SIDE")]
    turn: Option<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// Which review.
#[derive(Debug, Args)]
pub struct Show {
    /// The review's id
    review: String,
    /// Leave its messages unread
    #[arg(long)]
    peek: bool,
}

/// What to say.
#[derive(Debug, Args)]
pub struct Say {
    /// The review's id
    review: String,
    /// The text, markdown; - reads it from standard input, @FILE from a file
    #[arg(value_name = "TEXT|-|@FILE")]
    text: String,
    /// Whose turn it is then: owner, reviewers or nobody; the other side's without it
    #[arg(long, value_name = "SIDE")]
    turn: Option<String>,
}

/// Does it and prints what was said.
///
/// # Errors
/// A review that is not there or not yours to see; a text that is empty or too long; too many messages within an hour.
pub fn run(global: &Global, command: Threads) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    let client = &context.client;
    match command {
        Threads::List(list) => {
            let items = {
                let turn = list.turn.as_deref();
                context.block_on(gather(list.limit, async |page| client.threads(turn, page).await))?
            };
            if form == Form::Json {
                output::json(&items)?;
            } else {
                let headings = &["review", "extension", "version", "stage", "turn", "messages", "unread", "last"];
                output::rows(form, headings, &items.iter().map(row).collect::<Vec<_>>())?;
            }
        }
        Threads::Show(show) => {
            let thread = context.block_on(client.thread(&show.review))?.value;
            self::show(form, &thread)?;
            if !show.peek && thread.unread > 0 {
                context.block_on(client.mark_read(&show.review, thread.messages_count))?;
            }
        }
        Threads::Say(say) => {
            let message = NewMessage { text: typed::text(&say.text)?, turn: say.turn };
            self::show(form, &context.block_on(client.say(&say.review, &message))?)?;
        }
    }
    Ok(Exit::Done)
}

fn row(thread: &Thread) -> Vec<String> {
    vec![
        thread.review_id.clone(),
        thread.slug.clone(),
        thread.number.clone(),
        thread.stage.clone(),
        thread.turn.clone(),
        thread.messages_count.to_string(),
        thread.unread.to_string(),
        output::moment(&thread.updated_at),
    ]
}

fn show(form: Form, thread: &Thread) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(thread);
    }
    let fields = [
        ("review", thread.review_id.clone()),
        ("about", format!("{} {}, {}", thread.slug, thread.number, thread.stage)),
        ("turn", thread.turn.clone()),
        ("unread", thread.unread.to_string()),
    ];
    output::fields(form, &fields)?;
    for message in &thread.messages {
        let by = message.by.as_deref().unwrap_or("the checks");
        let new = if message.unread { ", new" } else { "" };
        output::text(&format!("\n{} ({}) {}{new}\n{}", by, message.side, output::moment(&message.at), message.text))?;
    }
    Ok(())
}
