//! `skydeck sales`: points, what was sold by extension and by day, statements and purchases.

use clap::{Args, Subcommand};

use super::context::{Context, gather};
use super::output::{self, Form};
use super::{Exit, Failure, Global};
use crate::api::purchases::{Purchase, Sales as Wire, StatementLine, Takings};
use crate::client::SalesQuery;

/// What to show of sales.
#[derive(Debug, Subcommand)]
pub enum Sales {
    /// Show what was sold, by extension and by day
    Show(Show),
    /// Show what each extension sold, a line each
    Extensions(Show),
    /// Show what was sold on each day, a line each
    Days(Days),
    /// Show a statement: each movement of points with the balance after it, newest first
    Statement(Listed),
    /// Show what was bought, newest first
    Purchases(Listed),
    /// Show how many points there are
    Points(Points),
}

/// Whose sales, and when.
#[derive(Debug, Args)]
pub struct Show {
    /// Whose, by name, or all (administrators); your own without it
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    #[command(flatten)]
    range: Range,
    #[command(flatten)]
    sheet: Sheet,
}

/// Whose or which sales, and when.
#[derive(Debug, Args)]
pub struct Days {
    /// Whose, by name, or all (administrators); your own without it
    #[arg(long, value_name = "NAME", conflicts_with = "extension")]
    author: Option<String>,
    /// Only those of this extension
    #[arg(long)]
    extension: Option<String>,
    #[command(flatten)]
    range: Range,
    #[command(flatten)]
    sheet: Sheet,
}

/// Which days.
#[derive(Debug, Args)]
pub struct Range {
    /// The first day, such as 2026-01-31 (UTC); thirty days before the last without it
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The day after the last; tomorrow without it
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
}

/// Whose list, and how much of it.
#[derive(Debug, Args)]
pub struct Listed {
    /// Whose, by name (administrators); for a statement also issued or market
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    sheet: Sheet,
}

/// Whose points.
#[derive(Debug, Args)]
pub struct Points {
    /// Whose, by name (administrators)
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Args)]
pub struct Sheet {
    /// Print comma-separated values (RFC 4180), for spreadsheets
    #[arg(long, conflicts_with_all = ["json", "plain"])]
    csv: bool,
}

/// Shows it.
///
/// # Errors
/// What is not yours to see; a range that ends before it starts.
pub fn run(global: &Global, command: Sales) -> Result<Exit, Failure> {
    let form = Form::of(global);
    let context = Context::open(global)?;
    match command {
        Sales::Show(show) => {
            let sales = context.block_on(context.client.sales(&query(show.author, show.range)))?;
            if show.sheet.csv {
                output::csv(EXTENSION_HEADINGS, &extension_rows(&sales))?;
            } else {
                overview(form, &sales)?;
            }
        }
        Sales::Extensions(show) => {
            let sales = context.block_on(context.client.sales(&query(show.author, show.range)))?;
            list(form, show.sheet, EXTENSION_HEADINGS, &extension_rows(&sales), &sales.extensions)?;
        }
        Sales::Days(days) => {
            let sales = match &days.extension {
                Some(slug) => {
                    let (from, to) = (days.range.from.as_deref(), days.range.to.as_deref());
                    context.block_on(context.client.sales_of(slug, from, to))?
                }
                None => context.block_on(context.client.sales(&query(days.author, days.range)))?,
            };
            list(form, days.sheet, DAY_HEADINGS, &day_rows(&sales), &sales.days)?;
        }
        Sales::Statement(listed) => {
            let lines = {
                let account = listed.account.as_deref();
                context.block_on(gather(listed.limit, async |page| context.client.statement(account, page).await))?
            };
            let headings = &["n", "at", "what", "extension", "points", "balance", "reason", "by"];
            list(form, listed.sheet, headings, &lines.iter().map(statement_row).collect::<Vec<_>>(), &lines)?;
        }
        Sales::Purchases(listed) => {
            let bought = {
                let account = listed.account.as_deref();
                context.block_on(gather(listed.limit, async |page| context.client.purchases(account, page).await))?
            };
            let headings = &["purchase", "extension", "points", "bought", "back until", "taken back"];
            list(form, listed.sheet, headings, &bought.iter().map(purchase_row).collect::<Vec<_>>(), &bought)?;
        }
        Sales::Points(points) => {
            let found = context.block_on(context.client.points(points.account.as_deref()))?;
            if form == Form::Json {
                output::json(&found)?;
            } else {
                let mut fields = vec![("account", found.account), ("points", found.balance.to_string())];
                fields.extend(found.issued.map(|issued| ("issued in all", issued.to_string())));
                fields.extend(found.market.map(|market| ("the marketplace has", market.to_string())));
                output::fields(form, &fields)?;
            }
        }
    }
    Ok(Exit::Done)
}

const EXTENSION_HEADINGS: &[&str] =
    &["extension", "sold", "points", "refunded", "points back", "author", "marketplace"];
const DAY_HEADINGS: &[&str] = &["day", "sold", "points", "refunded", "points back", "author", "marketplace"];

fn query(author: Option<String>, range: Range) -> SalesQuery {
    SalesQuery { author, from: range.from, to: range.to }
}

fn overview(form: Form, sales: &Wire) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(sales);
    }
    let sum = &sales.sum;
    output::fields(
        form,
        &[
            ("from", output::moment(&sales.from)),
            ("to", output::moment(&sales.to)),
            ("sold", format!("{} for {} points", sum.sold, sum.sold_points)),
            ("taken back", format!("{} for {} points", sum.refunded, sum.refunded_points)),
            ("author", format!("{} points", sum.author_points)),
            ("marketplace", format!("{} points", sum.market_points)),
        ],
    )?;
    if sum.sold + sum.refunded == 0 {
        return Ok(());
    }
    output::line("")?;
    output::rows(form, EXTENSION_HEADINGS, &extension_rows(sales))?;
    output::line("")?;
    output::rows(form, DAY_HEADINGS, &day_rows(sales))
}

fn list<T: serde::Serialize>(
    form: Form,
    sheet: Sheet,
    headings: &[&str],
    rows: &[Vec<String>],
    items: &[T],
) -> Result<(), Failure> {
    match form {
        _ if sheet.csv => output::csv(headings, rows),
        Form::Json => output::json(&items),
        form => output::rows(form, headings, rows),
    }
}

fn extension_rows(sales: &Wire) -> Vec<Vec<String>> {
    sales.extensions.iter().map(|one| takings_row(&one.slug, &one.takings)).collect()
}

fn day_rows(sales: &Wire) -> Vec<Vec<String>> {
    sales.days.iter().map(|one| takings_row(&one.day, &one.takings)).collect()
}

fn takings_row(name: &str, takings: &Takings) -> Vec<String> {
    let numbers = [
        takings.sold,
        takings.sold_points,
        takings.refunded,
        takings.refunded_points,
        takings.author_points,
        takings.market_points,
    ];
    std::iter::once(name.to_owned()).chain(numbers.iter().map(ToString::to_string)).collect()
}

fn statement_row(line: &StatementLine) -> Vec<String> {
    vec![
        line.n.to_string(),
        output::moment(&line.at),
        line.kind.clone(),
        line.slug.clone().unwrap_or_else(|| "-".to_owned()),
        format!("{:+}", line.points),
        line.balance.to_string(),
        line.reason.clone(),
        line.by.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn purchase_row(purchase: &Purchase) -> Vec<String> {
    vec![
        purchase.id.clone(),
        purchase.slug.clone(),
        purchase.price_points.to_string(),
        output::moment(&purchase.at),
        output::moment(&purchase.refundable_until),
        purchase.refunded_at.as_deref().map_or_else(|| "no".to_owned(), output::moment),
    ]
}
