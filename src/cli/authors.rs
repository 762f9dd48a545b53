//! `skydeck authors`: whom one can trust, and why.

use clap::{Args, Subcommand};

use super::context::{Context, gather};
use super::output::{self, Form};
use super::{Exit, Failure, Global, ratings};
use crate::api::accounts::Author;

/// The best reputation.
const REPUTATION_MAX: u64 = 100;

/// What to show of authors.
#[derive(Debug, Subcommand)]
pub enum Authors {
    /// List everybody who owns an extension, the best reputation first (maintainers)
    List(List),
    /// Show an author's reputation with its parts and what it is computed from
    Show(Show),
}

/// How many.
#[derive(Debug, Args)]
pub struct List {
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Draw each reputation as a bar
    #[arg(long, conflicts_with = "json")]
    plot: bool,
    /// Print comma-separated values (RFC 4180), for spreadsheets
    #[arg(long, conflicts_with_all = ["json", "plain", "plot"])]
    csv: bool,
}

/// Which author.
#[derive(Debug, Args)]
pub struct Show {
    /// The account's id or name
    author: String,
    /// The reputation as it stood at a moment, such as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Shows it.
///
/// # Errors
/// An author that is not there or not yours to see; a moment that is none.
pub fn run(global: &Global, command: Authors) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    match command {
        Authors::List(list) => {
            let items = context.block_on(gather(list.limit, async |page| context.client.authors(page).await))?;
            let headings = &[
                "author",
                "reputation",
                "published",
                "rejected",
                "verified",
                if list.plot { "of 100" } else { "role" },
            ];
            let rows: Vec<Vec<String>> = items.iter().map(|author| row(author, &list)).collect();
            match form {
                _ if list.csv => output::csv(headings, &rows)?,
                Form::Json => output::json(&items)?,
                form => output::rows(form, headings, &rows)?,
            }
        }
        Authors::Show(show) => {
            let author = context.block_on(context.client.author(&show.author, show.at.as_deref()))?;
            self::show(form, &author)?;
        }
    }
    Ok(Exit::Done)
}

fn row(author: &Author, list: &List) -> Vec<String> {
    let account = &author.account;
    let last =
        if list.plot { ratings::bar(u64::from(account.reputation), REPUTATION_MAX) } else { account.role.clone() };
    vec![
        account.name.clone(),
        account.reputation.to_string(),
        author.published.to_string(),
        author.rejected.to_string(),
        if account.verified { "yes" } else { "no" }.to_owned(),
        last,
    ]
}

fn show(form: Form, author: &Author) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(author);
    }
    let fields = [
        ("author", author.account.name.clone()),
        ("reputation", format!("{} of {REPUTATION_MAX}", author.account.reputation)),
        ("at", output::moment(&author.at)),
        ("published", author.published.to_string()),
        ("rejected", author.rejected.to_string()),
    ];
    output::fields(form, &fields)?;
    let parts = author.reputation_parts.iter().map(|part| vec![format!("{:+}", part.points), part.what.clone()]);
    output::rows(form, &["points", "what for"], &parts.collect::<Vec<_>>())?;
    let events = author.events.iter().map(|event| {
        let stars = if event.stars == 0 { String::new() } else { format!("{:+} stars", event.stars) };
        vec![output::moment(&event.at), event.kind.clone(), format!("{:+}", event.amount), stars, event.about.clone()]
    });
    output::rows(form, &["when", "what", "counts", "stars", "about"], &events.collect::<Vec<_>>())
}
